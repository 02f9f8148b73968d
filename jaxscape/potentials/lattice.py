"""Models of statistical physics on periodic lattices, one coordinate a site."""

import math
from numbers import Integral

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class _Lattice(eqx.Module):
    """Sites on a periodic lattice of any dimension, coordinates in C order."""

    shape: eqx.AbstractVar[tuple[int, ...]]

    def bonds(self, x: Float[Array, "sites *lanes"]):
        """Differences to the next site along each axis, one array an axis."""
        if x.shape[0] != self.size:
            raise ValueError(
                f"x has {x.shape[0]} coordinates, a lattice {self.shape} has {self.size}"
            )
        sites = x.reshape(*self.shape, *x.shape[1:])
        axes = range(len(self.shape))
        return [(sites - jnp.roll(sites, -1, axis)).reshape(x.shape) for axis in axes]

    @property
    def size(self) -> int:
        """Number of sites."""
        return math.prod(self.shape)

    @property
    def trailing_lanes(self) -> bool:
        return True


class XY(_Lattice):
    """The XY model: angles, and `coupling (1 - cos(x_i - x_j))` for every bond.

    `shape` is the number of sites along each axis, at least 3; points are `[sites, *lanes]`.
    A ring of `N` sites has one minimum for every winding number of absolute value below
    `N / 4`.

    >>> import jax.numpy as jnp
    >>> float(XY((4,))(jnp.array([0.0, 0.0, 0.0, jnp.pi])))
    4.0
    """

    shape: tuple[int, ...] = eqx.field(static=True)
    coupling: Float[Array, ""]

    def __init__(self, shape, coupling=1.0):
        self.shape, self.coupling = _checked(shape), jnp.asarray(coupling, float)

    def __call__(self, x):
        waves = [jnp.sum(1.0 - jnp.cos(bond), axis=0) for bond in self.bonds(x)]
        return self.coupling.astype(x.dtype) * sum(waves)


class PhiFour(_Lattice):
    """The phi^4 model: a double well at every site, and springs between neighbours.

    `quartic / 24 x^4 - quadratic / 2 x^2` for a site, `coupling / 2 (x_i - x_j)^2` for a bond.
    `shape` is the number of sites along each axis, at least 3; points are `[sites, *lanes]`.
    Without coupling all `3^N` stationary points are known, with much of it three remain.
    D. Mehta, J. D. Hauenstein & M. Kastner, Phys. Rev. E 85, 061103 (2012), where a bond is
    counted from both of its ends.

    >>> import jax.numpy as jnp
    >>> round(float(PhiFour((3,))(jnp.full(3, 20**0.5))), 4)
    -30.0
    """

    shape: tuple[int, ...] = eqx.field(static=True)
    coupling: Float[Array, ""]
    quartic: Float[Array, ""]
    quadratic: Float[Array, ""]

    def __init__(self, shape, coupling=0.0, quartic=0.6, quadratic=2.0):
        self.shape = _checked(shape)
        self.coupling = jnp.asarray(coupling, float)
        self.quartic = jnp.asarray(quartic, float)
        self.quadratic = jnp.asarray(quadratic, float)

    def __call__(self, x):
        coupling, quartic, quadratic = (
            value.astype(x.dtype) for value in (self.coupling, self.quartic, self.quadratic)
        )
        squared = x * x
        own = jnp.sum(squared * (quartic / 24.0 * squared - 0.5 * quadratic), axis=0)
        return own + 0.5 * coupling * sum(jnp.sum(bond * bond, axis=0) for bond in self.bonds(x))


def _checked(shape) -> tuple[int, ...]:
    shape = (shape,) if isinstance(shape, Integral) else tuple(shape)
    if not shape or not all(isinstance(side, Integral) and int(side) >= 3 for side in shape):
        raise ValueError(
            f"shape is {shape}: name the sites along each axis, at least 3, or a site would be "
            "its neighbour's neighbour twice"
        )
    return tuple(int(side) for side in shape)
