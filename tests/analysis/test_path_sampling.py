"""Trajectories drawn backwards against graph transformation and exact distributions."""

import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("seed", range(5))
def test_means_and_ends(seed, random_kinetic_network):
    network = random_kinetic_network(10, seed)
    a, b = [0, 4], [1, 2]
    found = js.kinetic_path_sampling(network, a, b, 1.0, trajectories=3000, seed=seed)
    exact = js.rates(network, a, b, 1.0).forward.mean_time
    assert abs(found.mean_time - exact) < 4.5 * found.standard_error
    started = found.start == 0
    expected = js.committor(network, 1, 2, 1.0).to_a[0]
    share = np.mean(found.end[started] == 1)
    assert abs(share - expected) < 4.5 * np.sqrt(0.25 / max(started.sum(), 1))


@pytest.mark.parametrize("temperature", [1.0, 0.15])
def test_distribution_of_times(temperature, random_kinetic_network):
    network = random_kinetic_network(10, 1)
    found = js.kinetic_path_sampling(network, 0, 1, temperature, trajectories=3000, seed=3)
    exact = js.first_passage_distribution(network, 0, 1, temperature)
    below = np.sort(1 - exact.survival(found.time))
    # Kolmogorov and Smirnov.
    assert np.abs(below - (np.arange(3000) + 0.5) / 3000).max() < 2.0 / np.sqrt(3000)


def test_steps_are_those_of_monte_carlo(random_kinetic_network):
    network = random_kinetic_network(10, 2)
    slow = js.kinetic_monte_carlo(network, 0, 1, 1.0, trajectories=4000, seed=0)
    fast = js.kinetic_path_sampling(network, 0, 1, 1.0, trajectories=4000, seed=1)
    error = np.hypot(*(t.steps.std() / np.sqrt(len(t.steps)) for t in (slow, fast)))
    assert abs(slow.steps.mean() - fast.steps.mean()) < 4.5 * error
    spread = np.quantile(slow.steps, [0.25, 0.5, 0.75]), np.quantile(fast.steps, [0.25, 0.5, 0.75])
    np.testing.assert_allclose(*spread, rtol=0.15, atol=1.0)


def test_traps_cost_nothing(random_kinetic_network):
    """However many steps a trajectory takes, the mean is that of the rates."""
    network = random_kinetic_network(12, 3)
    found = js.kinetic_path_sampling(network, 0, 1, 0.03, trajectories=1500, seed=0)
    exact = js.rates(network, 0, 1, 0.03).forward.mean_time
    assert abs(found.mean_time - exact) < 4.5 * found.standard_error
    assert found.steps.max() > 1_000_000


def test_seeds_and_limits(random_kinetic_network):
    network = random_kinetic_network(10, 0)
    run = [js.kinetic_path_sampling(network, 0, 1, 1.0, trajectories=20, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(run[0].time, run[1].time)
    assert (run[0].time != run[2].time).any()
    with pytest.raises(ValueError, match="0 trajectories"):
        js.kinetic_path_sampling(network, 0, 1, 1.0, trajectories=0)
    with pytest.raises(ValueError, match="301 states lie outside b"):
        js.kinetic_path_sampling(np.ones((302, 302)), 0, 1)
    with pytest.raises(ValueError, match="more than 1e18 times"):
        js.kinetic_path_sampling(
            js.KineticNetwork([0.0, 0.0, 0.0], [0, 1], [1, 2], [0.1, 60.0]), 0, 2, 1.0,
            trajectories=1, frequencies=False,
        )  # fmt: skip
