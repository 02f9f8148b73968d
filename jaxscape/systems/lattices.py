"""Models of statistical physics on periodic lattices."""

import math

from jaxscape.potentials import XY, PhiFour
from jaxscape.surface import Surface
from jaxscape.symmetry import Torus
from jaxscape.systems.starts import UniformBox


def xy(*shape: int, coupling: float = 1.0) -> Surface:
    """The XY model on a periodic lattice, such as `xy(9)`, a ring, or `xy(4, 4)`.

    Angles that differ by turns, or by one turn of all sites, are one point.

    **Raises:** `ValueError` if a side has less than three sites.

    >>> xy(9).dim
    9
    """
    model = XY(shape, coupling)
    return Surface(
        model,
        symmetry=Torus(rotation=True),
        sampler=UniformBox(model.size, math.pi),
        dim=model.size,
        scale=1.0,
        name="xy" + "x".join(map(str, model.shape)),
    )


def phi_four(*shape: int, coupling: float = 0.0) -> Surface:
    """The phi^4 model on a periodic lattice; wells lie at `+-sqrt(20)` where nothing couples.

    **Raises:** `ValueError` if a side has less than three sites.

    >>> phi_four(3, 3, coupling=0.2).dim
    9
    """
    model = PhiFour(shape, coupling)
    return Surface(
        model,
        sampler=UniformBox(model.size, 6.0),
        dim=model.size,
        scale=2.0,
        name="phi_four" + "x".join(map(str, model.shape)),
    )
