"""What to measure next: acquisition functions on a Gaussian process, to be minimised."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.models.gaussian_process import Posterior


class ExpectedImprovement(eqx.Module):
    """Minus the logarithm of the expected improvement on the best value measured.

    The logarithm has the same minima and does not vanish far from the data, where the improvement
    itself does.

    **Arguments:** `posterior`; `margin` by which to improve; `maximise`: large values are good
    (default: small ones); `best`: the value to improve on, by default the best one measured.

    >>> from jaxscape.models import GaussianProcess
    >>> model = GaussianProcess(jnp.array([[0.0], [1.0]]), jnp.array([1.0, -1.0]), noise=0.01)
    >>> search = ExpectedImprovement(model.posterior(jnp.zeros(2)))
    >>> bool(search(jnp.array([1.5])) < search(jnp.array([0.0])))
    True

    Jones, Schonlau & Welch, J. Glob. Optim. 13, 455 (1998).
    """

    posterior: Posterior
    best: Float[Array, ""]
    margin: Float[Array, ""]
    sign: Float[Array, ""]

    def __init__(
        self,
        posterior: Posterior,
        *,
        margin: float = 0.0,
        maximise: bool = False,
        best: float | None = None,
    ):
        if not margin >= 0:
            raise ValueError(f"margin is {margin}; pass zero or a positive number")
        self.posterior = posterior
        self.sign = jnp.asarray(1.0 if maximise else -1.0)
        measured = self.sign * jnp.max(self.sign * posterior.values)
        self.best = measured if best is None else jnp.asarray(best, float)
        self.margin = jnp.asarray(margin, float)

    def __call__(self, x: Float[Array, " features"]) -> Float[Array, ""]:
        mean, deviation = self.posterior.mean_and_deviation(x)
        z = (self.sign * (mean - self.best) - self.margin) / deviation
        return -jnp.log(deviation) - _log_improvement(z)


class ConfidenceBound(eqx.Module):
    """The lower confidence bound `mean - width * deviation` (maximising: minus the upper one).

    >>> from jaxscape.models import GaussianProcess
    >>> model = GaussianProcess(jnp.array([[0.0], [1.0]]), jnp.array([1.0, -1.0]), noise=0.01)
    >>> round(float(ConfidenceBound(model.posterior(jnp.zeros(2)))(jnp.array([50.0]))), 6)
    -2.0

    Srinivas, Krause, Kakade & Seeger, ICML 2010.
    """

    posterior: Posterior
    width: Float[Array, ""]
    sign: Float[Array, ""]

    def __init__(self, posterior: Posterior, *, width: float = 2.0, maximise: bool = False):
        if not width >= 0:
            raise ValueError(f"width is {width}; pass zero or a positive number")
        self.posterior, self.width = posterior, jnp.asarray(width, float)
        self.sign = jnp.asarray(-1.0 if maximise else 1.0)

    def __call__(self, x: Float[Array, " features"]) -> Float[Array, ""]:
        mean, deviation = self.posterior.mean_and_deviation(x)
        return self.sign * mean - self.width * deviation


def _log_improvement(z):
    """`log(phi(z) + z Phi(z))` without loss of digits at negative `z`."""
    log_density = -0.5 * z**2 - 0.5 * jnp.log(2.0 * jnp.pi)
    near = jnp.maximum(z, -20.0)
    density = jax.scipy.stats.norm.pdf(near)
    direct = jnp.log(density + near * jax.scipy.stats.norm.cdf(near))
    # phi + z Phi = phi / z^2 (1 - 3 / z^2 + 15 / z^4 - ...)
    far = jnp.minimum(z, -20.0)
    w = 1.0 / far**2
    series, term = jnp.zeros_like(w), jnp.ones_like(w)
    for k in range(1, 9):
        series = series + term
        term = -term * (2 * k + 1) * w
    tail = log_density + jnp.log(w * series)
    return jnp.where(z < -20.0, tail, direct)
