"""Clusters of several kinds of atoms, of metals, of carbon, and of water."""

import re
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from jaxscape.potentials import (
    TIP4P,
    Dzugutov,
    Gupta,
    LennardJonesMixture,
    SuttonChen,
    Tersoff,
)
from jaxscape.potentials.tip4p import MASSES
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Molecules
from jaxscape.systems._arguments import at_least, positive
from jaxscape.systems.starts import OnShell, RigidBodies, UniformBall

_ELECTRONVOLT = Units("eV", "Angstrom")
_AREA = 2.64  # Angstrom^2 an atom of a sheet of three-fold bonds of 1.42 Angstrom
_HYDROGEN_BOND = 2.8  # Angstrom between oxygens


def binary_lennard_jones(
    n_a: int,
    n_b: int,
    sigma_bb: float = 1.05,
    *,
    sigma_ab: float | None = None,
    epsilon_ab: float = 1.0,
    epsilon_bb: float = 1.0,
) -> Surface:
    """`n_a` Lennard-Jones atoms of unit size and `n_b` of size `sigma_bb`, in units of A.

    **Arguments:**

    - `n_a`, `n_b`: numbers of atoms, one or more of each; A come first.
    - `sigma_bb`, `sigma_ab`: sizes; `sigma_ab` is by default the mean of the other two.
    - `epsilon_ab`, `epsilon_bb`: well depths; by default as deep as that of A.

    The defaults are the clusters of J. P. K. Doye and L. Meyer, Phys. Rev. Lett. 95, 063401
    (2005), whose table in the Cambridge Cluster Database has `sigma_bb` from 1.05 to 1.3.

    **Raises:** `ValueError` for numbers below one, and parameters that are not positive.

    >>> binary_lennard_jones(7, 6).dim
    39
    """
    n_a, n_b = at_least("n_a", n_a, 1), at_least("n_b", n_b, 1)
    sigma_ab = 0.5 * (1.0 + sigma_bb) if sigma_ab is None else sigma_ab
    positive(sigma_bb=sigma_bb, sigma_ab=sigma_ab, epsilon_ab=epsilon_ab, epsilon_bb=epsilon_bb)
    species = "A" * n_a + "B" * n_b
    potential = LennardJonesMixture(
        species,
        [[1.0, epsilon_ab], [epsilon_ab, epsilon_bb]],
        [[1.0, sigma_ab], [sigma_ab, sigma_bb]],
    )
    return _atoms(
        potential,
        species,
        2 ** (1 / 6) * sigma_ab,
        f"blj_{n_a}_{n_b}",
        Units("epsilon", "sigma"),
        scale=1.0,
    )


def dzugutov(n: int) -> Surface:
    """`n` atoms that favour icosahedra and abhor close packing, see `potentials.Dzugutov`.

    J. P. K. Doye, D. J. Wales and S. I. Simdyankin, Faraday Discuss. 118, 159 (2001).

    **Raises:** `ValueError` if `n` is below two.

    >>> dzugutov(13).dim
    39
    """
    n = at_least("n", n, 2)
    units = Units("epsilon", "sigma")
    return _atoms(Dzugutov(), "X" * n, 1.13, f"dzugutov{n}", units, scale=1.0)


def gupta(species: str | Sequence[str]) -> Surface:
    """A cluster of a metal or an alloy in the Gupta potential, in eV and Angstrom.

    `species` is a formula such as `"Pt13"` or `"Ag7Cu6"`, or the symbol of every atom. For the
    parameters, and for others, see `potentials.Gupta`.

    **Raises:** `ValueError` for a formula that is none, fewer than two atoms, and elements without
    parameters.

    >>> gupta("Ag7Cu6").dim
    39
    """
    species = atoms_of(species)
    potential = Gupta.of(species)
    distance = float(np.mean(potential.r0))
    return _atoms(potential, species, distance, f"gupta_{_formula(species)}", _ELECTRONVOLT)


def sutton_chen(species: str | Sequence[str]) -> Surface:
    """A cluster of a metal or an alloy in the Sutton-Chen potential, in eV and Angstrom.

    `species` is a formula such as `"Ag13"`, or the symbol of every atom.

    J. P. K. Doye and D. J. Wales, New J. Chem. 22, 733 (1998).

    **Raises:** `ValueError` for a formula that is none, fewer than two atoms, and elements without
    parameters.

    >>> sutton_chen("Ag13").dim
    39
    """
    species = atoms_of(species)
    potential = SuttonChen.of(species)
    distance = float(np.mean(potential.a)) / 2**0.5
    return _atoms(potential, species, distance, f"sutton_chen_{_formula(species)}", _ELECTRONVOLT)


def carbon(n: int) -> Surface:
    """`n` carbon atoms in Tersoff's potential, in eV and Angstrom.

    Starts are uniform on a sphere with the area of a fullerene's. Of each atom the twelve nearest
    are looked at, see `potentials.Tersoff`.

    **Raises:** `ValueError` if `n` is below two.

    >>> carbon(20).dim
    60
    """
    n = at_least("n", n, 2)
    return Surface(
        Tersoff(neighbours=12 if n > 13 else None),
        symmetry=Cluster(species=("C",) * n),
        sampler=OnShell(n, area=_AREA),
        dim=3 * n,
        scale=1.42,
        name=f"carbon{n}",
        units=_ELECTRONVOLT,
    )


def water(n: int) -> Surface:
    """`n` rigid TIP4P molecules, in kJ/mol and Angstrom.

    Points are atoms, O, H, H molecule by molecule, see `potentials.TIP4P`; they are exactly rigid
    at stationary points. Masses are those of the atoms.

    D. J. Wales and M. P. Hodges, Chem. Phys. Lett. 286, 65 (1998).

    **Raises:** `ValueError` if `n` is below one.

    >>> water(2).dim
    18
    """
    n = at_least("n", n, 1)
    potential = TIP4P()
    about = jnp.array([0.0, 0.0, 0.0, 0.76, 0.59, 0.0, -0.76, 0.59, 0.0])
    molecule = potential.rigid(about).reshape(3, 3)
    return Surface(
        potential,
        symmetry=Molecules("OHH", n, masses=MASSES),
        sampler=RigidBodies(n, molecule - molecule[0], pair_distance=_HYDROGEN_BOND),
        dim=9 * n,
        scale=1.0,
        name=f"water{n}",
        units=Units("kJ/mol", "Angstrom"),
    )


def atoms_of(formula: str | Sequence[str]) -> tuple[str, ...]:
    """The symbol of every atom of a formula such as `"Ag7Cu6"`.

    **Raises:** `ValueError` for a formula that is none, or fewer than two atoms.
    """
    if not isinstance(formula, str):
        atoms = tuple(formula)
    else:
        parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
        if "".join(symbol + number for symbol, number in parts) != formula:
            raise ValueError(f"species is {formula!r}; pass a formula such as 'Ag7Cu6'")
        atoms = tuple(symbol for symbol, number in parts for _ in range(int(number or 1)))
    if len(atoms) < 2:
        raise ValueError(f"species is {formula!r}; a cluster has two atoms or more")
    return atoms


def _atoms(potential, species, distance, name, units, scale=None):
    n = len(species)
    alike = len(set(species)) == 1 and units is not _ELECTRONVOLT
    return Surface(
        potential,
        symmetry=Cluster() if alike else Cluster(species=species),
        sampler=UniformBall(n, pair_distance=distance),
        dim=3 * n,
        scale=distance if scale is None else scale,
        name=name,
        units=units,
    )


def _formula(species):
    return "".join(f"{kind}{species.count(kind)}" for kind in dict.fromkeys(species))
