"""Small drawings of points."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape.plot._atoms import EDGES, Structures, structures_of, upright
from jaxscape.plot._elements import COLOURS, looks
from jaxscape.plot._structure import bonds, draw_atoms, draw_bars, drawer
from jaxscape.symmetry._bonds import RADII

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])


def test_upright_shows_the_broad_side(rotations=5):
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((6, 3)) * [3.0, 2.0, 0.1]
    for _ in range(rotations):
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        atoms = upright(Structures(("",) * 6, (flat @ turn + 5.0).ravel()[None], False))[0]
        spread = atoms.std(axis=0)
        assert spread[0] > spread[1] > spread[2]
        np.testing.assert_allclose(atoms.mean(axis=0), 0.0, atol=1e-12)
        # The same structure, and the same hand.
        pairs = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (atoms, flat)]
        np.testing.assert_allclose(*pairs, atol=1e-12)
        hands = [np.linalg.det(p[:3] - p[3]) for p in (atoms, flat)]
        assert hands[0] == pytest.approx(hands[1])


def test_bonds_join_nearest_neighbours():
    pairs, usual = bonds(SQUARE)
    assert sorted(map(tuple, pairs.tolist())) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    assert usual == 1.0
    assert bonds(SQUARE[:1])[0].shape == (0, 2)


def test_atoms_are_drawn_in_the_colours_of_their_kinds():
    ax = plt.subplots()[1]
    draw_atoms(ax, Structures(("A", "A", "B", "B"), SQUARE.ravel()[None], False))
    kinds = [tuple(c.get_facecolor()[0]) for c in ax.collections if len(c.get_facecolor())]
    assert len(kinds) == 4 and len(set(kinds)) == 2
    low, high = ax.get_xlim()
    assert low < -0.5 and high > 0.5


def test_bars():
    ax = plt.subplots()[1]
    draw_bars(ax, np.array([1.0, -2.0, 0.5]))
    assert [bar.get_height() for bar in ax.patches] == [1.0, -2.0, 0.5]
    assert ax.get_ylim()[1] > 2.0


def kinds_of(landscape, dim):
    found = structures_of(landscape, np.zeros((1, dim)))
    return None if found is None else found.species


def test_what_is_made_of_atoms(make_landscape):
    assert kinds_of(make_landscape([0.0]), 1) is None
    assert kinds_of(js.Landscape(js.systems.lennard_jones(3)), 9) == ("", "", "")
    assert kinds_of(js.Landscape(js.systems.thomson(4)), 12) == ("",) * 4
    mixed = js.symmetry.Cluster(species=("A", "B"))
    surface = js.Surface(lambda x: x[0], symmetry=mixed, dim=6)
    assert kinds_of(js.Landscape(surface), 6) == ("A", "B")
    assert kinds_of(js.Landscape(js.systems.mueller_brown()), 2) is None


def test_all_elements_to_curium_are_known():
    """Against ASE's tables, which have other colours for carbon and sulphur."""
    assert list(RADII) == list(COLOURS) and len(RADII) == 96
    data, colours = (pytest.importorskip(f"ase.data{part}") for part in ("", ".colors"))
    for number, (kind, radius) in enumerate(RADII.items(), 1):
        assert data.chemical_symbols[number] == kind
        assert data.covalent_radii[number] == radius
        if kind not in ("C", "S"):
            shade = [int(COLOURS[kind][i : i + 2], 16) for i in (1, 3, 5)]
            np.testing.assert_allclose(shade, 255 * colours.jmol_colors[number], atol=0.6)


def test_reaches_join_what_bonds_do():
    water = np.array([[0.0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    for atoms, kinds in ((water, ("O", "H", "H")), (SQUARE, ("",) * 4)):
        pairs, usual = bonds(atoms, kinds)
        reach = np.array(looks(kinds, usual)["reach"])
        apart = np.linalg.norm(atoms[:, None] - atoms, axis=2)
        joined = np.argwhere(np.triu(apart < reach[:, None] + reach, 1))
        assert sorted(joined.tolist()) == sorted(pairs.tolist())


def crystal():
    symmetry = js.symmetry.Crystal(cell=[2.0, 3.0, 4.0], frozen=[[1.0, 1.0, 1.0]])
    return js.Surface(lambda x: x[0], symmetry=symmetry, dim=3)


def test_crystals_stand_in_their_cell():
    path = np.array([[-0.5, 0.5, 0.5], [-1.5, 0.5, 0.5], [-2.5, 0.5, 0.5]])
    found = structures_of(crystal(), path)
    assert found.boxed and found.species == ("", "")
    frames = found.points.reshape(3, -1, 3)
    # A path that leaves the cell stays in one piece.
    np.testing.assert_array_equal(frames[:, 0, 0], [1.5, 0.5, -0.5])
    np.testing.assert_array_equal(frames[:, 1], [[1.0, 1.0, 1.0]] * 3)
    edges = [frames[0, 2 + j] - frames[0, 2 + i] for i, j in EDGES]
    assert len(edges) == 12 and {tuple(e) for e in edges} == {(2, 0, 0), (0, 3, 0), (0, 0, 4)}
    ax = plt.subplots()[1]
    drawer(js.Landscape(crystal()))(ax, path[0])
    assert max(len(c.get_segments()) for c in ax.collections if hasattr(c, "get_segments")) == 12


def test_a_cell_that_varies_is_that_of_each_point():
    silicon = js.potentials.VariableCell(js.potentials.StillingerWeber([5.431] * 3), atoms=8)
    symmetry = js.symmetry.Crystal(cell=[5.431] * 3, variable_cell=True)
    surface = js.Surface(silicon, symmetry=symmetry, dim=30)
    points = [silicon.point(np.zeros(24), size * np.eye(3)) for size in (5.0, 5.5)]
    found = structures_of(surface, np.array(points)).points.reshape(2, -1, 3)
    np.testing.assert_allclose(np.ptp(found, axis=1), [[5.0] * 3, [5.5] * 3], rtol=1e-5)
