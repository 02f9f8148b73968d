"""Gaussian-process regression: its marginal likelihood, and what it predicts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.models._data import checked_points, checked_values
from jaxscape.models._linear_algebra import inverse_and_log_det
from jaxscape.models.covariance import RBF, Matern


class GaussianProcess(eqx.Module):
    """Minus the log marginal likelihood over the logarithms of the hyperparameters.

    `x` holds the natural logarithms of the lengthscale (one for each feature if `ard`), of the
    standard deviation of the signal and of the noise, as far as they are free: see `names`.

    **Arguments:**

    - `inputs` `[samples, features]`, `values` `[samples]` of mean about zero.
    - `kernel`: `RBF()` or `Matern(nu)`.
    - `ard`: a lengthscale for each feature.
    - `signal`, `noise`: standard deviations to keep fixed; None makes them free. Equal inputs
      need noise.
    - `jitter`: added to the diagonal, relative to the signal's variance.

    Data are arrays: other data of the same size compile nothing anew.

    **Raises:** `ValueError` for NaN, fewer than two samples, constant values, or features that
    are constant.

    >>> model = GaussianProcess(np.array([[0.0], [1.0], [2.0]]), [0.5, -0.5, 0.1], signal=1.0)
    >>> model.names, model(jnp.zeros(2)).shape
    (('log lengthscale', 'log noise'), ())

    Rasmussen & Williams, *Gaussian Processes for Machine Learning*, MIT Press 2006, chapter 5.
    """

    inputs: Float[Array, "samples features"]
    values: Float[Array, " samples"]
    signal: Float[Array, ""] | None
    noise: Float[Array, ""] | None
    jitter: Float[Array, ""]
    kernel: RBF | Matern
    ard: bool = eqx.field(static=True)

    def __init__(
        self,
        inputs: Float[Array | np.ndarray, "samples features"],
        values: Float[Array | np.ndarray, " samples"],
        *,
        kernel: RBF | Matern = RBF(),
        ard: bool = False,
        signal: float | None = None,
        noise: float | None = None,
        jitter: float = 1e-10,
    ):
        table = checked_points(inputs, "inputs", least=2)
        response = checked_values(values, len(table))
        if not isinstance(kernel, RBF | Matern):
            raise ValueError(f"kernel is {kernel!r}; pass RBF() or Matern(nu)")
        if np.ptp(response) == 0.0:
            raise ValueError(f"values are {response[0]:g} everywhere: there is nothing to fit")
        constant = np.flatnonzero(np.ptp(table, axis=0) == 0.0)
        if len(constant):
            raise ValueError(
                f"column {constant[0]} of inputs is constant, so that nothing depends on its "
                "lengthscale: leave it out"
            )
        for name, value in (("signal", signal), ("noise", noise), ("jitter", jitter)):
            if value is not None and not 0 <= value < np.inf:
                raise ValueError(f"{name} is {value}; pass a standard deviation, zero or more")
        repeated = len(np.unique(table, axis=0)) < len(table)
        if repeated and noise is not None and noise == 0:
            raise ValueError("inputs occur more than once, which noise=0 does not allow")
        self.inputs, self.values = jnp.asarray(table, float), jnp.asarray(response, float)
        self.signal = None if signal is None else jnp.asarray(signal, float)
        self.noise = None if noise is None else jnp.asarray(noise, float)
        self.jitter, self.kernel, self.ard = jnp.asarray(jitter, float), kernel, bool(ard)

    @property
    def names(self) -> tuple[str, ...]:
        """What each coordinate of `x` is."""
        features = self.inputs.shape[1]
        names = ["log lengthscale"]
        if self.ard:
            names = [f"log lengthscale {i}" for i in range(features)]
        names += ["log signal"] * (self.signal is None) + ["log noise"] * (self.noise is None)
        return tuple(names)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        lengths, signal, noise = self.hyperparameters(x)
        inverse, log_det = inverse_and_log_det(self._covariance(lengths, signal, noise))
        values = self.values.astype(x.dtype)
        fit = values @ (inverse @ values)
        return 0.5 * (fit + log_det + len(values) * jnp.log(2.0 * jnp.pi))

    def hyperparameters(self, x: Float[Array, " dim"]):
        """Lengthscales `[features]`, standard deviations of signal and noise."""
        x = jnp.asarray(x)
        if x.shape != (len(self.names),):
            raise ValueError(f"x has shape {x.shape}; pass {self.names}")
        features = self.inputs.shape[1]
        count = features if self.ard else 1
        lengths = jnp.broadcast_to(jnp.exp(x[:count]), (features,))
        rest = list(jnp.exp(x[count:]))
        signal = rest.pop(0) if self.signal is None else self.signal
        noise = rest.pop(0) if self.noise is None else self.noise
        return lengths, signal, noise

    def posterior(self, x: Float[Array, " dim"]) -> "Posterior":
        """What the process predicts with the hyperparameters `x`."""
        lengths, signal, noise = self.hyperparameters(x)
        inverse, _ = inverse_and_log_det(self._covariance(lengths, signal, noise))
        weights = inverse @ self.values
        return Posterior(self.inputs, self.values, weights, inverse, lengths, signal, self.kernel)

    def _covariance(self, lengths, signal, noise):
        scaled = self.inputs.astype(lengths.dtype) / lengths
        square = jnp.sum((scaled[:, None] - scaled) ** 2, axis=2)
        diagonal = noise**2 + self.jitter * signal**2
        return signal**2 * self.kernel(square) + diagonal * jnp.eye(len(scaled))


class Posterior(eqx.Module):
    """Mean and standard deviation of a fitted Gaussian process.

    Calling it with one point `[features]` gives the mean, a function to explore;
    `predict(points)` gives both for a batch `[n, features]`.

    >>> model = GaussianProcess(np.array([[0.0], [1.0], [2.0]]), [0.5, -0.5, 0.1], noise=1e-3)
    >>> mean, deviation = model.posterior(jnp.zeros(2)).predict(np.array([[1.0], [9.0]]))
    >>> mean.round(2).tolist(), deviation.round(2).tolist()
    ([-0.5, 0.0], [0.0, 1.0])
    """

    inputs: Float[Array, "samples features"]
    values: Float[Array, " samples"]
    weights: Float[Array, " samples"]
    inverse: Float[Array, "samples samples"]
    lengthscales: Float[Array, " features"]
    signal: Float[Array, ""]
    kernel: RBF | Matern

    def __call__(self, x: Float[Array, " features"]) -> Float[Array, ""]:
        return self.mean_and_deviation(x)[0]

    def mean_and_deviation(self, x: Float[Array, " features"]):
        """Mean of the function at one point, and its standard deviation without noise."""
        scaled = (self.inputs.astype(x.dtype) - x) / self.lengthscales
        covariance = self.signal**2 * self.kernel(jnp.sum(scaled**2, axis=1))
        mean = covariance @ self.weights
        variance = self.signal**2 - covariance @ (self.inverse @ covariance)
        # At the data rounding may take it below zero, where its root has no derivative.
        floor = 1e-12 * self.signal**2
        return mean, jnp.sqrt(jnp.maximum(variance, floor))

    def predict(self, points: Float[Array | np.ndarray, "n features"], *, noise: float = 0.0):
        """Means `[n]` and standard deviations `[n]`, with that of the noise added if given."""
        mean, deviation = jax.vmap(self.mean_and_deviation)(jnp.asarray(points, float))
        return mean, jnp.sqrt(deviation**2 + noise**2)
