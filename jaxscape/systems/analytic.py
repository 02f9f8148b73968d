"""Functions of two or few coordinates, in a box."""

from jaxscape.potentials import MuellerBrown, Schwefel, SixHumpCamel
from jaxscape.surface import Surface
from jaxscape.systems._arguments import at_least


def mueller_brown() -> Surface:
    """The Mueller-Brown surface in [-1.5, 1.2] x [-0.2, 2.0]: 3 minima, 2 transition states.

    No minimum of the box lies on its edges.

    >>> mueller_brown().dim
    2
    """
    box = ((-1.5, -0.2), (1.2, 2.0))
    return Surface(MuellerBrown(), bounds=box, dim=2, scale=0.5, name="mueller_brown")


def six_hump_camel() -> Surface:
    """The six-hump camel in [-3, 3] x [-2, 2]: 6 minima, 7 transition states.

    >>> six_hump_camel().dim
    2
    """
    box = ((-3.0, -2.0), (3.0, 2.0))
    return Surface(SixHumpCamel(), bounds=box, dim=2, scale=1.0, name="six_hump_camel")


def schwefel(dim: int = 2) -> Surface:
    """Schwefel's function within +-500: `7^dim` interior minima.

    On the bounds there are further minima, in the box only.

    **Raises:** `ValueError` if `dim` is below one.

    >>> schwefel(3).dim
    3
    """
    dim = at_least("dim", dim, 1)
    return Surface(Schwefel(), bounds=(-500.0, 500.0), dim=dim, scale=50.0, name=f"schwefel{dim}")
