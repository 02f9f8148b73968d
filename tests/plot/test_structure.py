"""Small drawings of points."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape.plot._structure import bonds, draw_atoms, draw_bars, species_of, upright

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])


def test_upright_shows_the_broad_side(rotations=5):
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((6, 3)) * [3.0, 2.0, 0.1]
    for _ in range(rotations):
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        atoms = upright((flat @ turn + 5.0).ravel()[None])[0]
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
    draw_atoms(ax, SQUARE.ravel(), ("A", "A", "B", "B"))
    kinds = [tuple(c.get_facecolor()[0]) for c in ax.collections if len(c.get_facecolor())]
    assert len(kinds) == 4 and len(set(kinds)) == 2
    low, high = ax.get_xlim()
    assert low < -0.5 and high > 0.5


def test_bars():
    ax = plt.subplots()[1]
    draw_bars(ax, np.array([1.0, -2.0, 0.5]))
    assert [bar.get_height() for bar in ax.patches] == [1.0, -2.0, 0.5]
    assert ax.get_ylim()[1] > 2.0


def test_what_is_made_of_atoms(make_landscape):
    assert species_of(make_landscape([0.0])) is None
    assert species_of(js.Landscape(js.systems.lennard_jones(3))) == ("", "", "")
    assert species_of(js.Landscape(js.systems.thomson(4))) == ("",) * 4
    mixed = js.symmetry.Cluster(species=("A", "B"))
    assert species_of(js.Landscape(js.Surface(lambda x: x[0], symmetry=mixed, dim=6))) == ("A", "B")
    assert species_of(js.Landscape(js.systems.mueller_brown())) is None
