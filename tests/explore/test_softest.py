"""Starts of searches along the softest modes of minima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.explore.softest import softest_starts

STIFFNESS = np.array([5.0, 0.1, 3.0, 0.2])
BOWL = js.Surface(lambda x: 0.5 * jnp.sum(jnp.array(STIFFNESS) * x**2), dim=4)
JOBS = np.arange(60)
KEY = jax.random.key(0)


def test_they_lie_along_softest_modes_at_all_lengths():
    minima = np.zeros((60, 4))
    starts, modes = softest_starts(BOWL, KEY, JOBS, minima, 2, (0.5, 1.5))
    assert set(np.argmax(np.abs(modes), axis=1)) == {1, 3}
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 1.0)
    lengths = np.sum(starts * modes, axis=1)
    np.testing.assert_allclose(starts, lengths[:, None] * modes, atol=1e-12)
    assert (np.sign(lengths) == 1).any() and (np.sign(lengths) == -1).any()
    lengths = np.abs(lengths)
    assert 0.005 <= lengths.min() < 0.02 and 1.0 < lengths.max() <= 3.0


def test_a_job_is_the_same_in_any_batch():
    minima = np.zeros((60, 4))
    whole = softest_starts(BOWL, KEY, JOBS, minima, 4, (0.5, 1.5))
    one = softest_starts(BOWL, KEY, JOBS[[7]], minima[[7]], 4, (0.5, 1.5))
    np.testing.assert_array_equal(one[0][0], whole[0][7])
    np.testing.assert_array_equal(one[1][0], whole[1][7])


def test_zero_modes_are_none_of_them():
    surface = js.systems.lennard_jones(5)
    minimum = js.minimise(surface, surface.sample(KEY, 4)).x[:1]
    _, modes = softest_starts(surface, KEY, JOBS, np.repeat(minimum, 60, axis=0), 9, (0.5, 1.5))
    atoms = modes.reshape(60, 5, 3)
    np.testing.assert_allclose(atoms.sum(axis=1), 0.0, atol=1e-8)
    place = minimum.reshape(5, 3) - minimum.reshape(5, 3).mean(axis=0)
    np.testing.assert_allclose(np.cross(place, atoms).sum(axis=1), 0.0, atol=1e-8)


def test_a_pass_next_to_a_minimum_is_found():
    """Two wells, the upper one with a lip a thousandth high, a tenth away."""

    def slope(x):
        lip = 0.02 * jnp.exp(-200.0 * (x[0] - 0.1) ** 2) - 0.05 * jnp.exp(-200.0 * x[0] ** 2)
        return 0.2 * (x[0] ** 2 - 4.0) ** 2 + 0.5 * x[0] + 5.0 * jnp.sum(x[1:] ** 2) + lip

    surface = js.Surface(slope, bounds=(-4.0, 4.0), dim=4)
    network = js.explore(
        surface,
        np.array([[-2.0, 0, 0, 0], [2.0, 0, 0, 0], [0.01, 0, 0, 0]]),
        key=KEY,
        searches=64,
        strategy=js.strategies.SingleEnded(softest=1),
        method=js.HybridEigenvectorFollowing(max_step=0.05, max_uphill=0.02),
        progress=False,
    )
    assert len(network.components()) == 1
    assert len(network.transition_states) == len(network.minima) - 1


@pytest.mark.parametrize("softest", [-1, 1.5, True])
def test_numbers_of_modes_are_checked(softest):
    with pytest.raises(ValueError, match=f"softest is {softest}"):
        js.strategies.SingleEnded(softest=softest)


def test_large_points_are_refused():
    wide = js.Surface(lambda x: jnp.sum(x**2), dim=1000)
    with pytest.raises(ValueError, match="1000"):
        softest_starts(wide, KEY, JOBS[:1], np.zeros((1, 1000)), 2, (0.5, 1.5))
