"""Networks made smaller: exactly, or by joining what is fast."""

import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("seed", range(20))
def test_reduction_keeps_times_and_committors(seed, random_rates, random_kinetic_network):
    general = js.RateMatrix.from_matrix(random_rates(15, seed))
    for matrix in (general, js.rate_matrix(random_kinetic_network(15, seed), 0.3)):
        keep = [1, 4, 8, 11]
        small = js.reduce_network(matrix, keep)
        assert small.ids.tolist() == keep and len(small) == 4
        for target in keep:
            whole = js.mean_first_passage_times(matrix, target).log_time[keep]
            part = js.mean_first_passage_times(small, target).log_time
            np.testing.assert_allclose(part, whole, rtol=1e-12, atol=1e-11)
        whole = js.committor(matrix, [1, 4], 8).to_b[[11]]
        np.testing.assert_allclose(js.committor(small, [1, 4], 8).to_b[[3]], whole, rtol=1e-11)
        assert np.logaddexp.reduce(small.log_population) == pytest.approx(0.0, abs=1e-12)


def test_reduction_at_low_temperature(random_kinetic_network):
    network = random_kinetic_network(40, 0)
    small = js.reduce_network(network, [0, 7], 1e-3)
    whole = js.mean_first_passage_times(network, 7, 1e-3).log_time[0]
    assert js.mean_first_passage_times(small, 7).log_time[0] == pytest.approx(whole, rel=1e-12)


def test_nothing_to_reduce():
    rates = np.array([[0.0, 2.0], [1.0, 0.0]])
    np.testing.assert_allclose(js.reduce_network(rates, [0, 1]).matrix().toarray(), rates)
    with pytest.raises(ValueError, match="keep is empty"):
        js.reduce_network(rates, [])


def test_regrouping_joins_fast_states_only(random_kinetic_network):
    network = random_kinetic_network(60, 2)
    matrix = js.rate_matrix(network, 0.2)
    found = js.regroup(matrix, barrier=1.0)
    assert 1 < len(found.matrix) < 60
    fast = np.log(0.2 / (2 * np.pi)) - 1.0 / 0.2
    rates = found.matrix.log_rate
    size = len(found.matrix)
    key = found.matrix.source * size + found.matrix.target
    back = np.searchsorted(key, found.matrix.target * size + found.matrix.source)
    assert (np.minimum(rates, rates[back]) <= fast).all()
    # Groups hold the populations of their members, and fluxes between groups add up.
    members = np.bincount(found.group, np.exp(matrix.log_population))
    np.testing.assert_allclose(np.exp(found.matrix.log_population), members, rtol=1e-12)
    flow = np.exp(matrix.log_population[matrix.source] + matrix.log_rate)
    table = np.zeros((size, size))
    np.add.at(table, (found.group[matrix.source], found.group[matrix.target]), flow)
    np.fill_diagonal(table, 0)
    np.testing.assert_allclose(
        found.matrix.matrix().toarray() * members[:, None], table, rtol=1e-10
    )
    lowest = found.matrix.ids[np.argmax(found.matrix.log_population)]
    assert lowest in found.members(lowest)
    assert sum(len(found.members(group)) for group in found.matrix.ids) == 60


def test_slow_rates_survive_regrouping():
    """Two wells of three states each, joined by one slow step."""
    rates = np.zeros((6, 6))
    for well in (0, 3):
        rates[well : well + 3, well : well + 3] = 1e4
    np.fill_diagonal(rates, 0.0)
    rates[2, 3] = rates[3, 2] = 1.0
    found = js.regroup(rates, rate=100.0)
    assert found.group.tolist() == [0, 0, 0, 1, 1, 1]
    whole = js.rates(rates, [0, 1, 2], [3, 4, 5]).forward.mean_time
    part = js.rates(found.matrix, *found.matrix.ids).forward.mean_time
    assert part == pytest.approx(whole, rel=1e-3) == pytest.approx(3.0, rel=1e-3)
    apart = js.regroup(rates, rate=0.1, apart=([0], [4]))
    assert apart.group[0] != apart.group[4] and len(apart.matrix) == 2
    assert len(js.regroup(rates, rate=0.1).matrix) == 1


def test_both_ways_have_to_be_fast():
    rates = np.array([[0.0, 100.0], [1.0, 0.0]])
    assert len(js.regroup(rates, rate=10.0).matrix) == 2
    assert len(js.regroup(rates, rate=0.5).matrix) == 1


def test_regroup_needs_one_threshold(random_kinetic_network):
    for wrong in ({}, {"rate": 1.0, "barrier": 1.0}, {"rate": 0.0}, {"barrier": 1.0}):
        with pytest.raises(ValueError, match="rate"):
            js.regroup(np.ones((3, 3)), **wrong)
    for wrong in (-1.0, np.nan):
        with pytest.raises(ValueError, match=f"barrier is {wrong}: give an energy"):
            js.regroup(random_kinetic_network(5, 0), 0.2, barrier=wrong)
