"""What holds for every network, over 200 of them."""

import numpy as np
import pytest

import jaxscape as js

NAMES = ("log_rate", "log_mean_time", "log_steady_state", "log_non_steady_state")


def ends(size, seed):
    """Two sets of one or two states each."""
    some = np.random.default_rng(seed).permutation(size)
    return some[: 1 + seed % 2], some[-1 - seed // 2 % 2 :]


def check_any_network(matrix, seed):
    a, b = ends(len(matrix), seed)
    there, back = js.rates(matrix, a, b), js.rates(matrix, b, a)
    for name in NAMES:
        assert getattr(there.forward, name) == pytest.approx(getattr(back.backward, name), abs=1e-9)
        assert getattr(there.backward, name) == pytest.approx(getattr(back.forward, name), abs=1e-9)
    # Means of inverses are not below inverses of means; time spent on the way only adds.
    assert there.forward.log_rate >= -there.forward.log_mean_time - 1e-9
    assert there.forward.log_steady_state >= there.forward.log_non_steady_state - 1e-9
    rates = matrix.matrix().toarray()
    inner = np.setdiff1d(np.arange(len(matrix)), np.concatenate([a, b]))
    found, escape = js.committor(matrix, a, b), rates.sum(axis=1)
    assert ((found.to_b >= 0) & (found.to_b <= 1)).all()
    assert (found.to_b[a] == 0).all() and (found.to_b[b] == 1).all()
    np.testing.assert_allclose(found.to_a + found.to_b, 1.0, rtol=1e-12)
    np.testing.assert_allclose((rates @ found.to_b)[inner], (escape * found.to_b)[inner], rtol=1e-9)
    # A mean passage time is that of the first step, and of the mean over where it leads.
    times = js.mean_first_passage_times(matrix, b).time
    outside = np.setdiff1d(np.arange(len(matrix)), b)
    np.testing.assert_allclose((1.0 + rates @ times)[outside], (escape * times)[outside], rtol=1e-9)
    start = matrix.log_population[a] - np.logaddexp.reduce(matrix.log_population[a])
    assert np.exp(start) @ times[a] == pytest.approx(there.forward.mean_time, rel=1e-9)
    assert js.residence_times(matrix, a, b).sum() == pytest.approx(times[a] @ np.exp(start))
    return there


def test_200_networks_with_detailed_balance(random_kinetic_network):
    for seed in range(200):
        kt = (1.0, 0.3, 0.1, 0.05)[seed % 4]
        matrix = js.rate_matrix(random_kinetic_network(4 + seed % 9, seed), kt)
        flow = np.exp(matrix.log_population)[:, None] * matrix.matrix().toarray()
        np.testing.assert_allclose(flow, flow.T, rtol=1e-12)
        found = check_any_network(matrix, seed)
        # What flows from one set to the other in equilibrium flows back.
        forth = found.log_population_a + found.forward.log_steady_state
        back = found.log_population_b + found.backward.log_steady_state
        assert forth == pytest.approx(back, abs=1e-9)


@pytest.mark.slow
def test_200_networks_of_any_rates(random_rates):
    for seed in range(200):
        matrix = js.RateMatrix.from_matrix(random_rates(4 + seed % 9, seed, spread=2.0))
        population = np.exp(matrix.log_population)
        np.testing.assert_allclose(
            population @ matrix.generator(), 0.0, atol=1e-9 * matrix.rate.max()
        )
        check_any_network(matrix, seed)
        # The mean over all targets at equilibrium is the same from every state.
        means = np.exp(js.mean_first_passage_matrix(matrix)) @ population
        np.testing.assert_allclose(means, js.kemeny_constant(matrix), rtol=1e-9)
