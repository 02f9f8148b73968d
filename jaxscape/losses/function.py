"""A loss of parameters as a function of a flat vector, over all data at once or in chunks."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.errors import UnexpectedTracerError
from jaxtyping import Array, Float

from jaxscape._compilation import is_traced
from jaxscape.losses import labels
from jaxscape.losses.layout import Layout, lay_out

# What Flax's linen modules say of dropout and batch normalisation that are still training.
_HINTS = {
    "InvalidRngError": "a landscape needs a loss that depends on the parameters alone, so switch "
    "dropout off (deterministic=True), or give apply one fixed key in rngs; ",
    "ModifyScopeVariableError": "a landscape needs a loss that depends on the parameters alone, "
    "so hold batch statistics (use_running_average=True); ",
}


class LossFunction(eqx.Module):
    """`x -> loss(params, *args) + l2 |x|^2` for a model's parameters.

    `start` `[dim]` are the parameters given, `rest` the leaves of the model that are no
    coordinates. With `chunk`, the loss is summed up over that many samples at a time.
    """

    loss: Callable
    start: Float[Array, " dim"]
    rest: tuple
    args: tuple
    l2: Float[Array, ""]
    layout: Layout = eqx.field(static=True)
    chunk: int | None = eqx.field(static=True)
    additive: bool = eqx.field(static=True)

    def __init__(self, loss, params, args=(), l2=0.0, frozen=(), chunk=None):
        if not callable(loss):
            raise ValueError(f"loss is a {type(loss).__name__}; pass loss(params, *args) -> scalar")
        self.loss = loss
        self.layout, self.rest = lay_out(params, frozen)
        self.args = jax.tree.map(
            lambda leaf: jnp.asarray(leaf) if isinstance(leaf, np.ndarray | np.generic) else leaf,
            args,
        )
        self.start = self._start(self.layout.ravel(params))
        self.l2 = jnp.asarray(_checked_l2(l2), self.start.dtype)
        self.chunk, self.additive = None, False
        if chunk is not None:
            if not isinstance(chunk, int | np.integer) or chunk < 1:
                raise ValueError(f"chunk is {chunk!r}; pass how many samples to take at once")
            chunk = min(int(chunk), self.samples())
            self.additive = self._adds_up(chunk)
            self.chunk = chunk

    def unravel(self, x) -> Any:
        """The model whose flat form is `x`."""
        return self.layout.unravel(x, self.rest)

    def positions(self) -> dict[str, np.ndarray]:
        """For each parameter by name, which coordinates its entries are."""
        return self.layout.positions()

    def __call__(self, x):
        params = self.unravel(x)
        if self.chunk is None:
            value = self.loss(params, *self.args)
        else:
            value = self._in_chunks(x)
        return value + self.l2.astype(x.dtype) * jnp.sum(x * x)

    def check(self) -> None:
        """Raise `ValueError` unless the loss is finite at `start`, and the same when asked again.

        Inside another compiled function nothing can be said, and nothing is.
        """
        if is_traced(self):
            return
        name = getattr(self.loss, "__name__", type(self.loss).__name__)
        # At the start itself all weights may be zero, and then all minibatches are alike.
        beside = self.start + 0.1 * jax.random.normal(
            jax.random.key(0), self.start.shape, self.start.dtype
        )
        try:
            # Not compiled: random numbers drawn with NumPy would become constants.
            first, moved, again = (float(self(x)) for x in (self.start, beside, beside))
        except UnexpectedTracerError as error:
            raise ValueError(
                f"loss {name!r} keeps something of one call for the next, such as a key that it "
                "splits: pass one key among args, and store nothing"
            ) from error
        if not np.isfinite(first):
            labels.check_indices(self, name)
            raise ValueError(
                f"loss {name!r} is {first} at params: start from parameters where it is finite, "
                "and look for labels out of range, logarithms of zero, and NaN in the data"
            )
        if np.isfinite(moved) and not abs(moved - again) <= 1e-6 * abs(moved):
            raise ValueError(
                f"loss {name!r} is {moved:.8g} and then {again:.8g} at the same params: it draws "
                "random numbers; fix the minibatch, or pass one key among args"
            )
        labels.check_indices(self, name)
        labels.check_negative(self, name, beside)
        labels.check_unknown(self, name, beside)
        labels.check_rows(self, name, beside)

    def _start(self, start):
        """`start` in the type in which the loss computes, if that is a narrower one.

        **Raises:** `ValueError` where the loss returns anything but one number.
        """
        name = getattr(self.loss, "__name__", type(self.loss).__name__)
        try:
            out = jax.eval_shape(lambda x: self.loss(self.unravel(x), *self.args), start)
        except Exception as error:  # libraries have errors of their own
            hint = _HINTS.get(type(error).__name__, "")
            raise ValueError(
                f"loss {name!r} cannot be evaluated at params: {hint}{error}"
            ) from error
        if getattr(out, "shape", None) != ():
            found = getattr(out, "shape", type(out).__name__)
            raise ValueError(
                f"loss {name!r} returns {found}, not a scalar: sum or average it to one number of "
                "shape (), and return nothing beside it"
            )
        if not jnp.issubdtype(out.dtype, jnp.floating):
            raise ValueError(f"loss {name!r} returns {out.dtype}, not a real floating-point number")
        return start.astype(jnp.float32) if jnp.finfo(out.dtype).bits < 64 else start

    def samples(self) -> int:
        """How many samples the arguments hold."""
        sizes = {leaf.shape[0] for leaf in jax.tree.leaves(self.args) if np.ndim(leaf) > 0}
        if len(sizes) != 1:
            raise ValueError(
                f"chunk needs arguments whose arrays all have one leading axis, the samples; "
                f"theirs are {sorted(sizes)}"
            )
        return sizes.pop()

    def _adds_up(self, chunk) -> bool:
        """False if the loss of all samples is the mean over chunks, True if it is their sum."""
        half = min(chunk, self.samples() // 2)
        if half == 0 or is_traced(self):
            return False
        params = self.unravel(self.start)
        a, b, both = (
            self.loss(params, *self.part(first, size))
            for first, size in ((0, half), (half, half), (0, 2 * half))
        )
        tolerance = 1e3 * float(jnp.finfo(jnp.asarray(both).dtype).eps)
        for additive, expected in ((False, 0.5 * (a + b)), (True, a + b)):
            if np.allclose(expected, both, rtol=tolerance, atol=tolerance):
                return additive
        raise ValueError(
            f"the loss of {2 * half} samples is {float(both):.6g}, neither the mean "
            f"({float(a + b) / 2:.6g}) nor the sum ({float(a + b):.6g}) of its halves: samples are "
            "coupled (batch normalisation, a ranking loss), so leave chunk out"
        )

    def part(self, first, size):
        """The arguments of some samples."""
        return jax.tree.map(
            lambda leaf: leaf[first : first + size] if np.ndim(leaf) > 0 else leaf, self.args
        )

    def _in_chunks(self, x):
        samples, chunk = self.samples(), self.chunk
        assert chunk is not None
        arrays, others = eqx.partition(self.args, lambda leaf: np.ndim(leaf) > 0)

        # Recomputed in the backward pass: memory is that of one chunk.
        @jax.checkpoint
        def of(x, batch):
            return self.loss(self.unravel(x), *eqx.combine(batch, others))

        def add(total, first):
            batch = jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, first, chunk), arrays)
            return total + of(x, batch).astype(x.dtype), None

        whole = samples // chunk
        total, _ = lax.scan(add, jnp.zeros((), x.dtype), chunk * jnp.arange(whole))
        left = samples - whole * chunk
        tail = 0.0
        if left:
            batch = jax.tree.map(lambda a: a[whole * chunk :], arrays)
            tail = of(x, batch).astype(x.dtype)
        return total + tail if self.additive else (chunk * total + left * tail) / samples


def _checked_l2(l2):
    """A number that is not negative; one that is traced is taken as it is."""
    if is_traced(l2):
        return l2
    value = np.asarray(l2)
    if value.shape != () or value.dtype.kind not in "fiu" or not 0 <= value < np.inf:
        raise ValueError(f"l2 is {l2!r}; pass zero or a positive number")
    return l2
