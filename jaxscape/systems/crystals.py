"""Atoms in periodic cells: silicon and its vacancy, silica, an island on a metal, a glass."""

import numpy as np

from jaxscape.potentials import (
    LennardJones,
    Morse,
    Periodic,
    StillingerWeber,
    VariableCell,
    bks,
)
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Crystal
from jaxscape.systems._arguments import at_least, positive
from jaxscape.systems.starts import InCell, Shaken

_SILICON, _OXYGEN = 28.085, 15.999  # atomic mass units
_DIAMOND = 4.0 / 3.0**0.5 * 2.0 ** (1 / 6) * 2.0951  # Angstrom: tetrahedra of the best bonds


def silicon(
    cells: int = 1, *, vacancies: int = 0, variable_cell: bool = False, pressure: float = 0.0
) -> Surface:
    """Stillinger-Weber silicon, `8 cells^3` atoms of diamond less `vacancies`, in eV and Angstrom.

    **Arguments:**

    - `cells`: cubic cells along each edge.
    - `vacancies`: atoms left out, the first ones.
    - `variable_cell`: the cell is part of a point, see `potentials.VariableCell`, and the surface
      is the enthalpy at `pressure` (eV / Angstrom^3). Searches must not shrink the cell by more
      than a fifth.

    Starts are diamond with every coordinate moved by up to 0.2 Angstrom.

    **Raises:** `ValueError` for numbers that make no crystal.

    >>> silicon(1).dim, silicon(2, vacancies=1).dim, silicon(1, variable_cell=True).dim
    (24, 189, 30)
    """
    cells, vacancies = at_least("cells", cells, 1), at_least("vacancies", vacancies, 0)
    if vacancies >= 8 * cells**3:
        raise ValueError(f"vacancies is {vacancies}, and there are {8 * cells**3} atoms")
    if pressure and not variable_cell:
        raise ValueError(f"pressure is {pressure}: it needs variable_cell=True")
    edge = cells * _DIAMOND
    atoms = _diamond(cells)[vacancies:]
    n = len(atoms)
    function = StillingerWeber([edge] * 3, slack=0.2 if variable_cell else 0.0)
    x = atoms.ravel()
    if variable_cell:
        function = VariableCell(function, atoms=n, pressure=pressure)
        x = np.concatenate([x, np.zeros(6)])
    return Surface(
        function,
        symmetry=Crystal(cell=[edge] * 3, masses=[_SILICON] * n, variable_cell=variable_cell),
        sampler=Shaken(x, 0.2),
        dim=len(x),
        scale=1.0,
        name=f"silicon{cells}"
        + ("" if not vacancies else f"_v{vacancies}")
        + ("_cell" if variable_cell else ""),
        units=Units("eV", "Angstrom"),
    )


def silica(
    cells: int = 1, *, variable_cell: bool = False, pressure: float = 0.0, cutoff: float = 10.0
) -> Surface:
    """Alpha-quartz of `9 cells^3` atoms in the potential of van Beest and others, in eV, Angstrom.

    **Arguments:**

    - `cells`: primitive cells along each of the three vectors.
    - `variable_cell`: the cell is part of a point, see `potentials.VariableCell`, and the surface
      is the enthalpy at `pressure` (eV / Angstrom^3). Searches must not shrink or grow the cell by
      more than a tenth.
    - `cutoff`: of dispersion, repulsion and near charges, see `potentials.bks`.

    The Si atoms come first. Starts are quartz at rest with every coordinate moved by up to 0.1
    Angstrom.

    **Raises:** `ValueError` for numbers that make no crystal.

    >>> silica(1).dim, silica(1, variable_cell=True).dim
    (27, 33)
    """
    cells = at_least("cells", cells, 1)
    if pressure and not variable_cell:
        raise ValueError(f"pressure is {pressure}: it needs variable_cell=True")
    one, fractions = _quartz()
    shifts = np.array(list(np.ndindex(cells, cells, cells)))
    places = (fractions[:, None] + shifts).reshape(-1, 3) @ one
    species = ["Si"] * (3 * cells**3) + ["O"] * (6 * cells**3)
    cell, n = cells * one, len(species)
    function = bks(cell, species, cutoff=cutoff, slack=0.1 if variable_cell else 0.0)
    x = places.ravel()
    if variable_cell:
        function = VariableCell(function, atoms=n, pressure=pressure)
        x = np.concatenate([x, np.zeros(6)])
    masses = [_SILICON if kind == "Si" else _OXYGEN for kind in species]
    return Surface(
        function,
        symmetry=Crystal(cell=cell, species=species, masses=masses, variable_cell=variable_cell),
        sampler=Shaken(x, 0.1),
        dim=len(x),
        scale=1.0,
        name=f"silica{cells}" + ("_cell" if variable_cell else ""),
        units=Units("eV", "Angstrom"),
    )


def pt_heptamer() -> Surface:
    """Seven platinum atoms on an fcc (111) surface: an island, and all ways out of its hexagon.

    Six layers of 56 atoms, periodic along the surface, the lower three frozen; 175 atoms move.
    Morse pairs (0.7102 eV, 1.6047 / Angstrom, 2.897 Angstrom), shifted to zero at 9.5 Angstrom.
    A benchmark of saddle searches, OptBench (http://optbench.org/saddle-search.html); G.
    Henkelman, G. Johannesson and H. Jonsson, in Progress on Theoretical Chemistry and Physics,
    ed. S. Schwartz, Kluwer (2000).

    Starts are the hexagon with each of its coordinates moved by up to 0.1 Angstrom. The atoms of
    the island are the first seven.

    >>> surface = pt_heptamer()
    >>> surface.dim, surface.units.energy
    (525, 'eV')
    """
    spacing = 2.74412  # Angstrom, of nearest neighbours in the crystal of this potential
    cell = spacing * np.array([7.0, 8.0 * 0.75**0.5, 0.0]) + np.array([0.0, 0.0, 30.0])
    layers = [_layer(k, spacing) for k in range(7)]
    centre = np.array([3.25, 25.0 / 6.0 * 0.75**0.5, 0.0]) * spacing
    far = np.linalg.norm((layers[6] - centre)[:, :2], axis=1)
    island = layers[6][np.argsort(far, kind="stable")[:7]]
    frozen = np.concatenate(layers[:3])
    x = np.concatenate([island, *layers[3:6]]).ravel()
    reach = np.zeros(len(x))
    reach[:21] = 0.1
    return Surface(
        # Written with rho = alpha r0.
        Periodic(
            Morse(1.6047 * 2.897, 0.7102, 2.897), cell, cutoff=9.5, smoothness=0, frozen=frozen
        ),
        symmetry=Crystal(cell=cell, masses=[195.084] * (len(x) // 3), frozen=frozen),
        sampler=Shaken(x, reach),
        dim=len(x),
        scale=1.0,
        name="pt_heptamer",
        units=Units("eV", "Angstrom"),
    )


def kob_andersen(n: int, density: float = 1.2) -> Surface:
    """A glass former: `n` Lennard-Jones atoms of two kinds, four fifths of them A, in a cube.

    In units of the pair AA; AB: 1.5, 0.8; BB: 0.5, 0.88; cut at 2.5 times the length of each
    pair, energies, forces and curvatures continuous there. Starts are uniform in the cube.

    W. Kob and H. C. Andersen, Phys. Rev. E 51, 4626 (1995).

    **Raises:** `ValueError` for fewer than five atoms, or a density that is not positive.

    >>> kob_andersen(60).dim
    180
    """
    n = at_least("n", n, 5)
    positive(density=density)
    edge = (n / density) ** (1 / 3)
    laws = {
        ("A", "A"): LennardJones(1.0, 1.0),
        ("A", "B"): LennardJones(1.5, 0.8),
        ("B", "B"): LennardJones(0.5, 0.88),
    }
    few = n // 5
    species = ["A"] * (n - few) + ["B"] * few
    cutoff = {pair: 2.5 * float(law.sigma) for pair, law in laws.items()}
    return Surface(
        Periodic(laws, [edge] * 3, cutoff=cutoff, species=species),
        symmetry=Crystal(cell=[edge] * 3, species=species),
        sampler=InCell(n, edge * np.eye(3)),
        dim=3 * n,
        scale=1.0,
        name=f"kob_andersen{n}",
        units=Units("epsilon", "sigma"),
    )


def _diamond(cells):
    """Positions `[8 cells^3, 3]` of a cube of diamond."""
    centred = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
    one = np.concatenate([centred, centred + 0.25])
    return _DIAMOND * np.concatenate([one + np.array(s) for s in np.ndindex(cells, cells, cells)])


def _quartz():
    """Cell and fractions `[9, 3]` of alpha-quartz (P3_1 21) at rest, Si first."""
    a, c = 4.934083, 5.442032
    u, (x, y, z) = 0.463969, (0.426464, 0.272638, 0.209323)
    silicon = [[u, 0.0, 1 / 3], [0.0, u, 2 / 3], [-u, -u, 0.0]]
    half = [[x, y, z], [-y, x - y, z + 1 / 3], [y - x, -x, z + 2 / 3]]
    other = [[y, x, -z], [x - y, -y, 2 / 3 - z], [-x, y - x, 1 / 3 - z]]
    cell = np.array([[a, 0.0, 0.0], [-a / 2, a * 0.75**0.5, 0.0], [0.0, 0.0, c]])
    return cell, np.array(silicon + half + other) % 1.0


def _layer(k, spacing):
    """Layer `k` of a close-packed stack ABC, 7 atoms in each of 8 rows `[56, 3]`."""
    places = [
        [
            0.25 + column + 0.5 * ((row + k) % 2),
            (row + 1 / 6 + k / 3) * 0.75**0.5,
            (0.5 + k) * (2 / 3) ** 0.5,
        ]
        for row in range(8)
        for column in range(7)
    ]
    return spacing * np.array(places)
