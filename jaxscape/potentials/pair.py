"""Pair potentials of clusters."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxscape.potentials._pair import PairPotential, slope_of


class LennardJones(PairPotential):
    """`4 epsilon [(sigma/r)^12 - (sigma/r)^6]` for every pair.

    `epsilon` (energy) and `sigma` (length) are differentiable scalars.
    J. E. Jones, Proc. R. Soc. Lond. A 106, 463 (1924).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 2.0 ** (1 / 6), 0.0, 0.0])
    >>> round(float(LennardJones()(pair)), 6)
    -1.0
    """

    epsilon: Float[Array, ""]
    sigma: Float[Array, ""]

    def __init__(self, epsilon: ArrayLike = 1.0, sigma: ArrayLike = 1.0):
        self.epsilon = jnp.asarray(epsilon, float)
        self.sigma = jnp.asarray(sigma, float)

    def phi_and_slope(self, squared_distance):
        dtype = squared_distance.dtype
        inverse = 1.0 / squared_distance
        sixth = self.sigma.astype(dtype) ** 6 * (inverse * inverse * inverse)
        depth = 4.0 * self.epsilon.astype(dtype) * sixth
        return depth * (sixth - 1.0), depth * inverse * (3.0 - 6.0 * sixth)


class Morse(PairPotential):
    """`epsilon e^{rho (1 - r/r0)} (e^{rho (1 - r/r0)} - 2)` for every pair.

    `rho` sets the range (no unit), `epsilon` the depth and `r0` the equilibrium distance.
    P. M. Morse, Phys. Rev. 34, 57 (1929).
    """

    rho: Float[Array, ""]
    epsilon: Float[Array, ""]
    r0: Float[Array, ""]

    def __init__(self, rho=6.0, epsilon=1.0, r0=1.0):
        self.rho = jnp.asarray(rho, float)
        self.epsilon = jnp.asarray(epsilon, float)
        self.r0 = jnp.asarray(r0, float)

    def phi_and_slope(self, squared_distance):
        dtype = squared_distance.dtype

        def phi(square):
            reduced = jnp.sqrt(square) / self.r0.astype(dtype)
            swelling = jnp.exp(self.rho.astype(dtype) * (1.0 - reduced))
            return self.epsilon.astype(dtype) * swelling * (swelling - 2.0)

        return slope_of(phi, squared_distance)
