"""Overlapping atoms: apart afterwards, molecules still whole, everything else untouched."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

# A zigzag of eight carbons.
BONDS = [(i, i + 1) for i in range(7)]
SPECIES = "CCCCCCCC"
CHAIN = np.array([[1.25 * i, 0.45 * (-1) ** i, 0.0] for i in range(8)]).ravel()


def chain():
    return js.Surface(jnp.sum, dim=24, symmetry=js.symmetry.Molecule(SPECIES, BONDS))


def distances(x):
    atoms = np.asarray(x).reshape(len(x), -1, 3)
    i, j = np.triu_indices(atoms.shape[1], 1)
    return np.linalg.norm(atoms[:, i] - atoms[:, j], axis=2), np.stack([i, j], 1)


def test_atoms_of_a_cluster_keep_their_distance_wherever_they_were():
    x = np.random.default_rng(0).normal(size=(8, 24))
    x[3] = 0.0  # all on one spot
    x[5] *= 5.0  # far apart
    surface = js.systems.lennard_jones(8)
    found = js.remove_clashes(surface, x, closest=0.9)
    assert distances(x)[0].min() == 0.0 and distances(found)[0].min() > 0.89
    np.testing.assert_array_equal(found[5], x[5])
    # Nobody moves without a reason: the centre stays about where it was.
    centre = [p.reshape(8, 8, 3).mean(axis=1) for p in (x, found)]
    assert np.abs(centre[0] - centre[1])[[0, 1, 2, 4]].max() < 0.3


def test_molecules_are_unfolded_and_stay_whole():
    surface, turns = chain(), [(i, i + 1, i + 2, i + 3) for i in range(5)]
    values = np.random.default_rng(1).uniform(-180, 180, (64, 5))
    values[0] = 0.0  # a ring that overlaps itself
    x = js.with_dihedrals(CHAIN, turns, values, BONDS)
    found = js.remove_clashes(surface, x)
    before, after = surface.symmetry.objections(x), surface.symmetry.objections(found)
    assert sum(map(bool, before)) > 3 and not any(after)
    length = js.internal_coordinates(found, BONDS) - js.internal_coordinates(x, BONDS)
    assert np.abs(length).max() < 0.15
    # Those that had no overlap are what they were, to the last bit.
    apart, pairs = distances(x)
    clear = (apart[:, pairs[:, 1] - pairs[:, 0] > 2] > 1.5 * 2 * 0.76).all(axis=1)
    assert 5 < clear.sum() < 60
    np.testing.assert_array_equal(found[clear], x[clear])


def test_a_move_of_dihedrals_leaves_no_overlaps():
    turn = js.moves.DihedralRotation(BONDS, share=1.0)
    move = js.moves.ClashRemoval(turn, species=SPECIES, bonds=BONDS, rounds=100)
    keys = jax.random.split(jax.random.key(0), 64)
    both = jax.jit(jax.vmap(lambda key: (turn(key, CHAIN, 0.1), move(key, CHAIN, 0.1))))
    plain, clear = map(np.asarray, both(keys))
    symmetry = chain().symmetry
    assert sum(map(bool, symmetry.objections(plain))) > 3
    assert not any(symmetry.objections(clear))
    assert hash(move) == hash(js.moves.ClashRemoval(turn, species=SPECIES, bonds=BONDS, rounds=100))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.moves.ClashRemoval(js.moves.Displacement()), "closest is None"),
        (lambda: js.moves.ClashRemoval(js.moves.Displacement(), closest=0.0), "closest is 0.0"),
        (lambda: js.moves.ClashRemoval(js.moves.Displacement(), 1.0, rounds=0), "rounds is 0"),
        (lambda: js.moves.ClashRemoval(js.moves.Displacement(), species="HQ"), "known for Q"),
        (lambda: js.remove_clashes(chain(), CHAIN), r"shape \(24,\)"),
        (lambda: js.remove_clashes(chain(), np.zeros((1, 27))), "9 atoms: species names 8"),
        (lambda: js.remove_clashes(js.systems.lennard_jones(2), np.zeros((1, 6))), "pass closest="),
        (
            lambda: js.remove_clashes(
                js.Surface(jnp.sum, symmetry=js.symmetry.Crystal(cell=np.eye(3))), np.zeros((1, 3))
            ),
            "periodic",
        ),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
