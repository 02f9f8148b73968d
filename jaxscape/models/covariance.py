"""Correlation functions of Gaussian processes."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class RBF(eqx.Module):
    """`exp(-s / 2)` of the squared distance `s` in units of the lengthscales.

    >>> round(float(RBF()(jnp.array(2.0))), 4)
    0.3679
    """

    def __call__(self, s: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.exp(-0.5 * s)


class Matern(eqx.Module):
    """The Matern correlation of smoothness `nu`, any positive number.

    Closed for `nu` of 0.5, 1.5 and 2.5. Otherwise the mixture of Gaussians that it is,
    `int exp(nu t - e^t - nu s e^-t / 2) dt / Gamma(nu)`, by the trapezoidal rule, which converges
    exponentially here and needs no Bessel function.

    **Raises:** `ValueError` unless `nu` lies between 0.1 and 50.

    >>> round(float(Matern(1.5)(jnp.array(1.0))), 6), round(float(Matern(1.5000001)(1.0)), 6)
    (0.483358, 0.483358)

    Rasmussen & Williams, *Gaussian Processes for Machine Learning*, MIT Press 2006, section 4.2.
    """

    nu: float = eqx.field(static=True)

    def __init__(self, nu: float = 2.5):
        if not 0.1 <= nu <= 50:
            raise ValueError(
                f"nu is {nu}; pass a number from 0.1 to 50 (beyond, RBF() is the same)"
            )
        self.nu = float(nu)

    def __call__(self, s: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        s = jnp.asarray(s, float) if not hasattr(s, "dtype") else s
        # At distance zero every derivative is multiplied by that of s, which vanishes there.
        z = jnp.sqrt(2.0 * self.nu * jnp.maximum(s, jnp.finfo(s.dtype).tiny ** 0.5))
        if self.nu == 0.5:
            return jnp.exp(-z)
        if self.nu == 1.5:
            return (1.0 + z) * jnp.exp(-z)
        if self.nu == 2.5:
            return (1.0 + z + z**2 / 3.0) * jnp.exp(-z)
        nodes, logs = _quadrature(self.nu)
        shape = (-1, *(1,) * s.ndim)
        exponent = logs.reshape(shape) - 0.5 * self.nu * s * nodes.reshape(shape)
        return jnp.sum(jnp.exp(exponent), axis=0)


def _quadrature(nu):
    """Inverse widths and logarithms of weights of the Gaussians in the mixture."""
    step = 0.25 / math.sqrt(max(1.0, 0.5 * nu))  # the integrand narrows as nu grows
    # Left of the first node less than 1e-17 of the integral is left, right of the last, too.
    t = np.arange(-40.0 / nu - 3.0, math.log(60.0 + 3.0 * nu), step)
    logs = nu * t - np.exp(t)
    return np.exp(-t), logs - np.log(np.sum(np.exp(logs)))
