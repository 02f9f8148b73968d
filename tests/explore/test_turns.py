"""Starts of searches for molecules."""

import jax
import numpy as np
import pytest

import jaxscape as js
from jaxscape.explore.explore import _interpolation_for
from jaxscape.explore.turns import turned_starts
from jaxscape.search.moves.dihedral_rotation import free_turns

# A ring of three with a chain of two on it: bonds 2-3 and 3-4 are free to turn.
BONDS = ((0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5))
X = np.array(
    [[0.0, 0, 0], [1.4, 0, 0], [0.7, 1.2, 0], [0.7, 2.6, 0.3], [1.9, 3.3, 0.4], [2.0, 4.6, 0.9]]
)
JOBS = np.arange(40)
TURNS = free_turns(BONDS)


@pytest.fixture(scope="module")
def starts():
    return turned_starts(jax.random.key(0), JOBS, np.repeat(X.reshape(1, 18), 40, axis=0), TURNS)


def dihedrals(x):
    return js.internal_coordinates(x, [(0, 2, 3, 4), (2, 3, 4, 5)])


def test_one_bond_turns_and_all_else_keeps(starts):
    x, _ = starts
    kept = [*BONDS, (0, 3), (1, 3), (2, 4), (3, 5)]
    pairs = js.internal_coordinates(x, kept), js.internal_coordinates(X.reshape(1, 18), kept)
    np.testing.assert_allclose(pairs[0], np.repeat(pairs[1], 40, axis=0), atol=1e-12)
    change = dihedrals(x) - dihedrals(X.reshape(1, 18))
    change = np.abs((change + 180) % 360 - 180)
    assert (np.sum(change > 1e-6, axis=1) == 1).all()
    assert change.max(axis=1).min() >= 30 - 1e-6 and change.max() <= 120 + 1e-6
    # Either bond has its turn, either way round.
    assert 10 < np.sum(change[:, 0] > 1) < 30


def test_modes_go_on_with_the_turn(starts):
    x, modes = starts
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 1.0)
    bonds = [js.internal_coordinates(x + step * modes, BONDS) for step in (-1e-5, 1e-5)]
    np.testing.assert_allclose(bonds[0], bonds[1], atol=1e-9)
    moved = np.abs(dihedrals(x + 1e-3 * modes) - dihedrals(x)) % 360
    assert (np.minimum(moved, 360 - moved).max(axis=1) > 1e-3).all()


def test_a_job_is_the_same_in_any_batch(starts):
    one = turned_starts(jax.random.key(0), JOBS[[7]], X.reshape(1, 18), TURNS)
    np.testing.assert_array_equal(one[0][0], starts[0][7])
    np.testing.assert_array_equal(one[1][0], starts[1][7])


def test_bonds_turn_where_the_symmetry_knows_them():
    molecule = js.symmetry.Molecule("CCCCCO", BONDS)

    def bonds(symmetry=molecule, **options):
        return [turn[:2] for turn in js.strategies.SingleEnded(**options).turns(symmetry)]

    assert bonds() == [(2, 3), (3, 4)] and bonds(bonds=((4, 3),)) == [(3, 4)]
    assert bonds(bonds=()) == bonds(centres=(0,)) == []
    assert bonds(js.symmetry.Cluster()) == bonds(js.symmetry.Molecule("CCC", BONDS[:3])) == []
    with pytest.raises(ValueError, match=r"bonds names \(0, 1\).*\(2, 3\), \(3, 4\) would be"):
        bonds(bonds=((1, 0),))


def test_amides_turn_only_where_named():
    # An N-methyl amide, then the same with a nitrogen in the place of the oxygen, an amidine.
    bonds = ((0, 1), (1, 2), (2, 3), (2, 4), (4, 5), (4, 6))
    amide, amidine = (js.symmetry.Molecule(f"CCC{kind}NCH", bonds) for kind in "ON")
    assert [t[:2] for t in js.strategies.SingleEnded().turns(amide)] == [(2, 1)]
    assert (2, 4) in [t[:2] for t in js.strategies.SingleEnded().turns(amidine)]
    named = js.strategies.SingleEnded(bonds=((4, 2),))
    assert [sorted(t[:2]) for t in named.turns(amide)] == [[2, 4]]


def test_bands_turn_dihedrals_of_whole_molecules():
    def interpolation(symmetry):
        return _interpolation_for(js.Surface(lambda x: x[0], symmetry=symmetry))

    molecule = js.symmetry.Molecule("CCCCCO", BONDS)
    assert interpolation(molecule) == js.DihedralInterpolation(molecule.bonds)
    assert interpolation(js.symmetry.Molecule("CCCCCO", BONDS[:4])) is None
    assert interpolation(js.symmetry.Cluster(species="CCCCCO")) is None
