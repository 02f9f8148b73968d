"""Groups turned about free bonds: bonds and angles keep, rings too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

# A ring of three with a chain of two on it, one of whose ends is double-bonded.
BONDS = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5)]
X = np.array(
    [[0.0, 0, 0], [1.4, 0, 0], [0.7, 1.2, 0], [0.7, 2.6, 0.3], [1.9, 3.3, 0.4], [2.0, 4.6, 0.9]]
)


def test_only_bonds_outside_of_rings_turn():
    assert js.moves.DihedralRotation(BONDS).free == ((2, 3), (3, 4))
    assert js.moves.DihedralRotation(BONDS, rigid=[(4, 3)]).free == ((2, 3),)


def test_bonds_angles_and_rings_keep():
    move = js.moves.DihedralRotation(BONDS)
    keys = jax.random.split(jax.random.key(0), 32)
    moved = np.asarray(jax.vmap(lambda k: move(k, jnp.asarray(X.ravel()), 0.3))(keys))
    atoms = moved.reshape(32, 6, 3)

    def apart(x, i, j):
        return np.linalg.norm(x[..., i, :] - x[..., j, :], axis=-1)

    kept = [*BONDS, (0, 3), (1, 3), (2, 4), (3, 5)]
    for i, j in kept:
        np.testing.assert_allclose(apart(atoms, i, j), apart(X, i, j), atol=1e-12)
    # Every one of the points has moved, and both bonds have turned.
    assert (np.abs(atoms - X).max(axis=(1, 2)) > 1e-3).all()
    assert np.ptp(apart(atoms, 0, 4)) > 0.4 and np.ptp(apart(atoms, 2, 5)) > 0.5


def test_angles_follow_the_whole_circle():
    move = js.moves.DihedralRotation([(0, 1), (1, 2), (2, 3)])
    x = jnp.array([[0.0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]]).ravel()
    keys = jax.random.split(jax.random.key(1), 400)
    ends = np.asarray(jax.vmap(lambda k: move(k, x, 0.1))(keys)).reshape(400, 4, 3)
    axes = ends[:, 3] - ends[:, 2] if np.ptp(ends[:, 3]) > 0.1 else ends[:, 0] - ends[:, 1]
    turn = np.arctan2(axes[:, 0], axes[:, 1])
    assert np.histogram(turn, 8, (-np.pi, np.pi))[0].min() > 25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bonds": [(0, 1), (1, 2), (2, 0)]}, "no bond is free"),
        ({"bonds": [(1, 1)]}, r"\(1, 1\)"),
        ({"bonds": BONDS, "turn": 4.0}, "turn is 4.0"),
        ({"bonds": BONDS, "share": 0.0}, "share 0.0"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(options, message):
    with pytest.raises(ValueError, match=message):
        js.moves.DihedralRotation(**options)
