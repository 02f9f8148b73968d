"""Clusters of atoms in free space, and charges on a sphere."""

from jaxscape.potentials import LennardJones, Morse, Thomson
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Sphere
from jaxscape.systems._arguments import at_least, positive
from jaxscape.systems.starts import OnSphere, UniformBall


def lennard_jones(n: int, epsilon: float = 1.0, sigma: float = 1.0) -> Surface:
    """`n` Lennard-Jones atoms in free space, identity up to `symmetry.Cluster`.

    **Arguments:**

    - `n`: number of atoms, two or more.
    - `epsilon`: depth of the pair well; the unit of energy.
    - `sigma`: distance at which the pair energy vanishes; the unit of length.

    Starts are uniform in a ball, see `UniformBall`.

    **Raises:** `ValueError` if `n` is below two, or a parameter is not positive.

    >>> lennard_jones(8).dim
    24
    """
    n = at_least("n", n, 2)
    positive(epsilon=epsilon, sigma=sigma)
    reduced = Units("epsilon" if epsilon == 1.0 else "", "sigma" if sigma == 1.0 else "")
    return Surface(
        LennardJones(epsilon, sigma),
        symmetry=Cluster(),
        sampler=UniformBall(n, pair_distance=2 ** (1 / 6) * sigma),
        dim=3 * n,
        scale=sigma,
        name=f"lj{n}",
        units=reduced,
    )


def morse(n: int, rho: float = 6.0) -> Surface:
    """`n` Morse atoms of range parameter `rho`, in units of the well depth and its distance.

    A small `rho` is a long range: 3 resembles sodium, 6 Lennard-Jones, 14 fullerenes.
    J. P. K. Doye and D. J. Wales, J. Chem. Soc., Faraday Trans. 93, 4233 (1997).

    **Raises:** `ValueError` if `n` is below two or `rho` is not positive.

    >>> morse(7, rho=14.0).dim
    21
    """
    n = at_least("n", n, 2)
    positive(rho=rho)
    return Surface(
        Morse(rho),
        symmetry=Cluster(),
        sampler=UniformBall(n, pair_distance=1.0),
        dim=3 * n,
        name=f"morse{n}",
        units=Units("epsilon", "r0"),
    )


def thomson(n: int) -> Surface:
    """`n` unit charges on the unit sphere.

    Coordinates are free vectors `[3 n]` whose directions are the positions and whose lengths
    a spring keeps at one, see `potentials.Thomson`: at stationary points the constraint holds
    exactly. Identity up to `symmetry.Sphere`.

    **Raises:** `ValueError` if `n` is below two.

    >>> thomson(12).dim
    36
    """
    n = at_least("n", n, 2)
    return Surface(
        Thomson(),
        symmetry=Sphere(),
        sampler=OnSphere(n),
        dim=3 * n,
        name=f"thomson{n}",
        units=Units("q^2/R", "R"),
    )
