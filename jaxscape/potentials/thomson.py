"""Equal charges on a sphere."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.potentials._pair import PairPotential


class Coulomb(PairPotential):
    """`strength / r` for every pair.

    >>> import jax.numpy as jnp
    >>> float(Coulomb()(jnp.array([0.0, 0.0, 0.0, 2.0, 0.0, 0.0])))
    0.5
    """

    strength: Float[Array, ""]

    def __init__(self, strength=1.0):
        self.strength = jnp.asarray(strength, float)

    def phi_and_slope(self, squared_distance):
        energy = self.strength.astype(squared_distance.dtype) / jnp.sqrt(squared_distance)
        return energy, -0.5 * energy / squared_distance


class Thomson(eqx.Module):
    """Unit charges constrained to the unit sphere, as a function of free vectors in space.

    `sum over i < j of 1 / |u_i - u_j| + stiffness / 2 sum_i (|x_i| - 1)^2` with
    `u_i = x_i / |x_i|`. The first term does not depend on the lengths, so that at every
    stationary point all lengths are exactly one and the second term vanishes: energies,
    indices and the eigenvalues along the sphere are those of the constrained problem, and
    each point adds one eigenvalue equal to `stiffness`. Unlike angles there are no poles, and
    unlike a bare projection there are no radial zero modes and no arbitrary lengths.

    Points are `[3 n, *lanes]`; lengths are in radii, energies in `q^2 / radius`.
    J. J. Thomson, Phil. Mag. 7, 237 (1904).

    >>> import jax.numpy as jnp
    >>> float(Thomson()(jnp.array([0.0, 0.0, 1.0, 0.0, 0.0, -1.0])))
    0.5
    """

    coulomb: Coulomb
    stiffness: Float[Array, ""]

    def __init__(self, stiffness=10.0):
        self.coulomb = Coulomb()
        self.stiffness = jnp.asarray(stiffness, float)

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per charge")
        vectors = x.reshape(-1, 3, *x.shape[1:])
        lengths = jnp.sqrt(jnp.sum(vectors**2, axis=1))
        on_sphere = (vectors / lengths[:, None]).reshape(x.shape)
        strain = 0.5 * self.stiffness.astype(x.dtype) * jnp.sum((lengths - 1.0) ** 2, axis=0)
        return self.coulomb(on_sphere) + strain
