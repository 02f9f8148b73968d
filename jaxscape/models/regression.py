"""A network of dense layers through data, as a smooth function of the features."""

from collections.abc import Callable, Sequence
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.models._data import checked_points, checked_values
from jaxscape.models.mlp import Params, init_mlp, predict


class RegressionNetwork(eqx.Module):
    """A network fitted to scattered data, `x[features] -> scalar`.

    Features and values are standardised inside, so that `l2` means the same for every table. The
    fit is that of the lowest loss of several, each by Levenberg and Marquardt's method (SciPy's):
    mean squared error plus `l2` times the sum of squares of all parameters.

    **Arguments:**

    - `points`: `[samples, features]`; `values`: `[samples]`. Points may coincide.
    - `key`: of the starts, which are normal with a spread of one over the root of the inputs.
    - `hidden`: units of the hidden layer, or of several.
    - `l2`: the larger, the smoother.
    - `activation`: a smooth one.
    - `restarts`: fits from so many starts; `steps`: of each at most.

    `params` are those of `predict`, for standardised features; `loss` is what the fit reached and
    `rms_error` the root of its mean squared error in units of the values.

    **Raises:** `ValueError` for NaN, constant values or columns, a layer without units, or an
    `l2` below zero.

    >>> x = np.linspace(-1.0, 1.0, 21)[:, None]
    >>> fit = RegressionNetwork(x, x[:, 0] ** 2, key=jax.random.key(0), hidden=6, l2=1e-6)
    >>> abs(float(fit(jnp.array([0.5]))) - 0.25) < 0.02
    True
    """

    params: Params
    shift: Float[Array, " features"]
    stretch: Float[Array, " features"]
    origin: Float[Array, ""]
    width: Float[Array, ""]
    loss: Float[Array, ""]
    rms_error: Float[Array, ""]
    activation: Callable = eqx.field(static=True)

    def __init__(
        self,
        points: Float[Array | np.ndarray, "samples features"],
        values: Float[Array | np.ndarray, " samples"],
        *,
        key: PRNGKeyArray,
        hidden: int | Sequence[int] = 16,
        l2: float = 1e-4,
        activation: Callable = jnp.tanh,
        restarts: int = 4,
        steps: int = 500,
    ):
        table = checked_points(points, least=2)
        response = checked_values(values, len(table))
        if not 0 <= l2 < np.inf:
            raise ValueError(f"l2 is {l2}; pass zero or a positive number")
        if restarts < 1 or steps < 1:
            raise ValueError(f"restarts is {restarts} and steps {steps}; pass 1 or more of each")
        if np.ptp(response) == 0.0:
            raise ValueError(f"values are {response[0]:g} everywhere: there is nothing to fit")
        constant = np.flatnonzero(np.ptp(table, axis=0) == 0.0)
        if len(constant):
            raise ValueError(f"column {constant[0]} of points is constant: leave it out")
        shift, stretch = table.mean(axis=0), table.std(axis=0)
        origin, width = response.mean(), response.std()
        inputs, targets = (table - shift) / stretch, (response - origin) / width
        # In double precision whatever the default: the fit is made once.
        with jax.enable_x64(True):
            data = jnp.asarray(inputs), jnp.asarray(targets)
            fits = [
                _trained(_start(one, inputs.shape[1], hidden), data, l2, activation, steps)
                for one in jax.random.split(key, restarts)
            ]
            best, params = min(fits, key=lambda fit: fit[0])
            squared = np.mean((np.asarray(_outputs(params, data[0], activation)) - targets) ** 2)
        self.params = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), float), params)
        self.shift, self.stretch = jnp.asarray(shift, float), jnp.asarray(stretch, float)
        self.origin, self.width = jnp.asarray(origin, float), jnp.asarray(width, float)
        self.loss = jnp.asarray(best, float)
        self.rms_error = jnp.asarray(width * np.sqrt(squared), float)
        self.activation = activation

    def __call__(self, x: Float[Array, " features"]) -> Float[Array, ""]:
        inputs = (x - self.shift) / self.stretch
        return self.origin + self.width * _outputs(self.params, inputs[None], self.activation)[0]


def mean_squares(
    params: Params,
    inputs: Float[Array, "samples i"],
    targets: Float[Array, "samples o"],
    activation: Callable = jnp.tanh,
) -> Float[Array, ""]:
    """Mean squared error of a network's outputs, over samples and outputs.

    >>> params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=1, spread=0.0)
    >>> float(mean_squares(params, jnp.ones((5, 4)), jnp.full((5, 1), 2.0)))
    4.0
    """
    return jnp.mean((predict(params, inputs, activation) - targets) ** 2)


def _start(key, features, hidden):
    params = init_mlp(key, inputs=features, hidden=hidden, outputs=1)
    return {
        name: leaf / np.sqrt(leaf.shape[0]) if leaf.ndim == 2 else leaf
        for name, leaf in params.items()
    }


def _outputs(params, inputs, activation):
    return predict(params, inputs, activation)[:, 0]


def _trained(params, data, l2, activation, steps):
    """The loss reached and its parameters."""
    start, unravel = ravel_pytree(params)
    shapes = tuple((name, leaf.shape) for name, leaf in params.items())
    samples, dim = len(data[1]), len(start)
    # Rows whose squares add up to the loss: errors, then parameters.
    error, decay = 1.0 / np.sqrt(samples), np.sqrt(l2)

    def rows(x):
        residual = _residuals(x, *data, activation, shapes)
        return np.concatenate([error * np.asarray(residual), decay * x])

    def slopes(x):
        jacobian = _jacobian(x, *data, activation, shapes)
        return np.concatenate([error * np.asarray(jacobian), decay * np.eye(dim)])

    found = scipy.optimize.least_squares(
        rows,
        np.asarray(start),
        slopes,  # type: ignore  # SciPy's stubs know names only
        method="lm",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-12,
        max_nfev=steps,
    )
    return 2.0 * found.cost, unravel(jnp.asarray(found.x))


def _residual(x, inputs, targets, activation, shapes):
    unravel = ravel_pytree({name: jnp.zeros(shape) for name, shape in shapes})[1]
    return _outputs(unravel(x), inputs, activation) - targets


_residuals = partial(jax.jit, static_argnames=("activation", "shapes"))(_residual)


@partial(jax.jit, static_argnames=("activation", "shapes"))
def _jacobian(x, inputs, targets, activation, shapes):
    def one(row):
        return jax.grad(lambda x: _residual(x, row[None], jnp.zeros(1), activation, shapes)[0])(x)

    return jax.vmap(one)(inputs)
