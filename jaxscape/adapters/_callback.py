"""An energy computed outside of JAX: gradients as they come, curvature by differences of them.

Nested `custom_jvp` around one `pure_callback`: the derivative of the energy is the calculated
gradient, and the derivative of that a central difference of gradients. A `custom_vjp` would
do for gradients, but has no Hessian-vector products.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_MEMORY = 1 << 26  # bytes of results kept


class Calculated(eqx.Module):
    """A function of points in columns whose energies and gradients come from the host.

    - `evaluations`: an `Evaluations`.
    - `difference`: how far the coordinate that moves most is moved, either way, for a
      Hessian-vector product; in units of length.

    `costly` tells the searches that points which need no answer are better not asked for.
    """

    evaluations: "Evaluations" = eqx.field(static=True)
    difference: float = eqx.field(static=True)

    @property
    def trailing_lanes(self) -> bool:
        return True

    @property
    def costly(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return _energy(self, x)

    def products(
        self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]
    ) -> tuple[Float[Array, "*lanes"], Float[Array, "dim *lanes"], Float[Array, "k dim *lanes"]]:
        """Energy, gradient and `k` Hessian-vector products in one call of the host."""
        energy, gradient = _shapes(x)
        moves = jax.ShapeDtypeStruct((v.shape[0], *gradient.shape), x.dtype)
        energy, gradient, products = jax.pure_callback(
            self._host_products,
            (energy, gradient, moves),
            jnp.moveaxis(x, 0, -1),
            jnp.moveaxis(v, 1, -1),
            vmap_method="sequential",
        )
        return energy, jnp.moveaxis(gradient, -1, 0), jnp.moveaxis(products, -1, 1)

    def _host_values(self, x):
        x = np.asarray(x)
        energy, gradient = self.evaluations(x.reshape(-1, x.shape[-1]))
        return energy.reshape(x.shape[:-1]).astype(x.dtype), gradient.reshape(x.shape).astype(
            x.dtype
        )

    def _host_difference(self, x, v):
        x, v = np.broadcast_arrays(np.asarray(x), np.asarray(v))
        dtype, x, v = x.dtype, x.astype(np.float64), v.astype(np.float64)
        longest = np.max(np.abs(v), axis=-1, keepdims=True)
        moving = longest > 0
        step = np.where(moving, self.difference / np.where(moving, longest, 1.0), 0.0)
        both = np.stack([x + step * v, x - step * v])
        wanted = np.broadcast_to(moving, both.shape).all(axis=-1)
        gradient = np.zeros_like(both)
        if wanted.any():
            gradient[wanted] = self.evaluations(both[wanted])[1]
        change = gradient[0] - gradient[1]
        return np.where(moving, change / np.where(moving, 2 * step, 1.0), 0.0).astype(dtype)

    def _host_products(self, x, v):
        # All points of the batch are asked for at once, so that no worker waits.
        x, v = np.asarray(x), np.asarray(v)
        self.evaluations.prepare(
            np.concatenate([x.reshape(-1, x.shape[-1]), self._displaced(x, v)])
        )
        energy, gradient = self._host_values(x)
        return energy, gradient, self._host_difference(x[None], v)

    def _displaced(self, x, v):
        x, v = np.broadcast_arrays(x[None].astype(np.float64), v.astype(np.float64))
        longest = np.max(np.abs(v), axis=-1, keepdims=True)
        step = self.difference / np.where(longest > 0, longest, 1.0)
        both = np.stack([x + step * v, x - step * v]).reshape(2, -1, x.shape[-1])
        return both[:, (longest > 0).reshape(-1)].reshape(-1, x.shape[-1])


def _shapes(x):
    lanes = x.shape[1:]
    return (
        jax.ShapeDtypeStruct(lanes, x.dtype),
        jax.ShapeDtypeStruct((*lanes, x.shape[0]), x.dtype),
    )


@jax.custom_jvp
def _energy(function, x):
    return _energy_gradient(function, x)[0]


@_energy.defjvp
def _(primals, tangents):
    function, x = primals
    energy, gradient = _energy_gradient(function, x)
    return energy, jnp.sum(gradient * tangents[1], axis=0)


@jax.custom_jvp
def _energy_gradient(function, x):
    energy, gradient = jax.pure_callback(
        function._host_values, _shapes(x), jnp.moveaxis(x, 0, -1), vmap_method="expand_dims"
    )
    return energy, jnp.moveaxis(gradient, -1, 0)


@_energy_gradient.defjvp
def _(primals, tangents):
    function, x = primals
    energy, gradient = _energy_gradient(function, x)
    change = jax.pure_callback(
        function._host_difference,
        _shapes(x)[1],
        jnp.moveaxis(x, 0, -1),
        jnp.moveaxis(tangents[1], 0, -1),
        vmap_method="expand_dims",
    )
    rise = jnp.sum(gradient * tangents[1], axis=0)
    return (energy, gradient), (rise, jnp.moveaxis(change, -1, 0))


class Evaluations:
    """Energies and gradients of batches of points, each distinct point computed once.

    Lanes that wait for others repeat their point, and polishing repeats whole Hessians: results
    are kept (up to 64 MiB, the least recently used go first). Safe to call from several threads.

    - `compute`: `points [m, dim] -> (energies [m], gradients [m, dim])` in float64; a point
      without an answer is NaN. It is never called from two threads at once.

    `calls` counts the points computed, `failures` those of them without an answer.
    """

    def __init__(self, compute: Callable, dim: int):
        self.compute = compute
        self.dim = dim
        self.calls = self.failures = 0
        self._kept: OrderedDict[bytes, tuple[float, np.ndarray]] = OrderedDict()
        self._most = max(256, _MEMORY // (16 * (dim + 16)))
        self._lock = threading.Lock()

    def __call__(self, points):
        """Energies `[m]` and gradients `[m, dim]`."""
        with self._lock:
            found = self._look_up(np.ascontiguousarray(points, np.float64))
        energies = np.array([energy for energy, _ in found])
        return energies, np.array([gradient for _, gradient in found]).reshape(-1, self.dim)

    def prepare(self, points) -> None:
        """Compute points that are asked for next, all at once."""
        with self._lock:
            self._look_up(np.ascontiguousarray(points, np.float64))

    def _look_up(self, points):
        keys = [point.tobytes() for point in points]
        fresh = {key: i for i, key in reversed(list(enumerate(keys))) if key not in self._kept}
        answers: dict[bytes, tuple[float, np.ndarray]] = {}
        rows = sorted(fresh.values())
        if rows:
            finite = np.isfinite(points[rows]).all(axis=1)
            energies = np.full(len(rows), np.nan)
            gradients = np.full((len(rows), self.dim), np.nan)
            if finite.any():
                energies[finite], gradients[finite] = self.compute(points[rows][finite])
            broken = ~(np.isfinite(energies) & np.isfinite(gradients).all(axis=1))
            energies[broken], gradients[broken] = np.nan, np.nan
            self.calls += len(rows)
            self.failures += int(broken.sum())
            pairs = zip(energies, gradients, strict=True)
            answers = {keys[row]: pair for row, pair in zip(rows, pairs, strict=True)}
        found = []
        for key in keys:
            if key in answers:
                self._kept[key] = answers[key]
            self._kept.move_to_end(key)
            found.append(self._kept[key])
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found
