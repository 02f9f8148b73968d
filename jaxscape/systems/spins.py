"""Spins with random couplings."""

from jaxscape.potentials import PSpin, random_couplings
from jaxscape.surface import Surface
from jaxscape.symmetry import NoSymmetry
from jaxscape.systems._arguments import at_least
from jaxscape.systems.starts import UniformBox


def p_spin(n: int, p: int = 3, seed: int = 0) -> Surface:
    """The spherical p-spin model of `n` spins, with normal couplings drawn from `seed`.

    Points are free vectors whose direction counts, see `potentials.PSpin`. With an even `p` a
    point and its negative have equal energies and are two points.

    **Raises:** `ValueError` unless `n` is at least `p`, and `p` at least two.

    >>> p_spin(10).dim
    10
    """
    p = at_least("p", p, 2)
    n = at_least("n", n, p)
    return Surface(
        PSpin(random_couplings(n, p, seed)),
        symmetry=NoSymmetry(),
        sampler=UniformBox(n, 1.7),
        dim=n,
        scale=1.0,
        name=f"p_spin{n}" if p == 3 else f"p_spin{n}_{p}",
    )
