"""Trajectories against graph transformation."""

import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("seed", range(5))
def test_means_and_ends(seed, random_kinetic_network):
    network = random_kinetic_network(10, seed)
    a, b = [0, 4], [1, 2]
    found = js.kinetic_monte_carlo(network, a, b, 1.0, trajectories=4000, seed=seed)
    exact = js.rates(network, a, b, 1.0).forward.mean_time
    assert abs(found.mean_time - exact) < 4.5 * found.standard_error
    assert set(found.end) <= set(b) and set(found.start) <= set(a) and found.arrived.all()
    # Where they arrive: the committor between the two minima of b.
    started = found.start == 0
    expected = js.committor(network, 1, 2, 1.0).to_a[0]
    share = np.mean(found.end[started] == 1)
    assert abs(share - expected) < 4.5 * np.sqrt(0.25 / max(started.sum(), 1))


def test_distribution_of_times(random_kinetic_network):
    network = random_kinetic_network(10, 1)
    found = js.kinetic_monte_carlo(network, 0, 1, 1.0, trajectories=5000, seed=3)
    exact = js.first_passage_distribution(network, 0, 1, 1.0)
    below = np.sort(1 - exact.survival(found.time))
    # Kolmogorov and Smirnov.
    assert np.abs(below - (np.arange(5000) + 0.5) / 5000).max() < 2.0 / np.sqrt(5000)


def test_seeds_and_limits(random_kinetic_network):
    network = random_kinetic_network(10, 0)
    run = [js.kinetic_monte_carlo(network, 0, 1, 1.0, trajectories=50, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(run[0].time, run[1].time)
    assert (run[0].time != run[2].time).any()
    short = js.kinetic_monte_carlo(np.ones((9, 9)), 0, 1, trajectories=200, max_steps=2)
    assert not short.arrived.all() and (short.steps <= 2).all()
    with pytest.raises(ValueError, match="ran out of steps"):
        _ = short.mean_time
    with pytest.raises(ValueError, match="positive"):
        js.kinetic_monte_carlo(network, 0, 1, 1.0, trajectories=0)
