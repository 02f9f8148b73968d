"""A simple liquid that forms no crystal: pairs are repelled from the next shell."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.potentials._pair import PairPotential, slope_of


class Dzugutov(PairPotential):
    """A Lennard-Jones-like well with a maximum near `sqrt(2)` times its distance.

    `A (r^-16 - B) e^{c / (r - a)}` for `r < a` plus `B e^{d / (r - b)}` for `r < b`; every
    derivative is continuous at both ends. The well lies at 1.1299 and is 0.5814 deep; the maximum,
    where close packing has its next neighbours, favours polytetrahedral clusters.

    The fields `A` and `B` are differentiable, in units of energy.
    M. Dzugutov, Phys. Rev. A 46, R2984 (1992).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 1.1299, 0.0, 0.0])
    >>> round(float(Dzugutov()(pair)), 4)
    -0.5814
    """

    A: Float[Array, ""]
    B: Float[Array, ""]

    def __init__(self, A=5.82, B=1.28):
        self.A = jnp.asarray(A, float)
        self.B = jnp.asarray(B, float)

    def phi_and_slope(self, squared_distance):
        dtype = squared_distance.dtype
        A, B = self.A.astype(dtype), self.B.astype(dtype)

        def phi(square):
            r = jnp.sqrt(square)
            near, far = r < _END, r < _FAR_END
            eighth = (1.0 / square) ** 4
            # Arguments that are good everywhere keep derivatives finite beyond the ends.
            well = jnp.exp(_DECAY / jnp.where(near, r - _END, -1.0))
            wall = jnp.exp(_FAR_DECAY / jnp.where(far, r - _FAR_END, -1.0))
            first = jnp.where(near, A * (eighth * eighth - B) * well, 0.0)
            return first + jnp.where(far, B * wall, 0.0)

        return slope_of(phi, squared_distance)


_END, _DECAY, _FAR_END, _FAR_DECAY = 1.87, 1.1, 1.94, 0.27
