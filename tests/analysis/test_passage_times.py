"""Passage times between all pairs, their mean, and where the time is spent."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

import jaxscape as js
import jaxscape.analysis.kinetics.passage_times as module

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.mark.parametrize("seed", range(10))
def test_all_pairs_are_those_of_each_target(seed, random_rates, random_kinetic_network):
    for network in (random_rates(13, seed), js.rate_matrix(random_kinetic_network(14, seed), 0.4)):
        times = np.exp(js.mean_first_passage_matrix(network))
        for target in range(len(times)):
            column = js.mean_first_passage_times(network, target).time
            np.testing.assert_allclose(times[:, target], column, rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_kemeny_constant(seed, random_rates, random_kinetic_network):
    """The same from every state, and the sum of all relaxation times."""
    general = js.RateMatrix.from_matrix(random_rates(9, seed, spread=1.0))
    for matrix in (general, js.rate_matrix(random_kinetic_network(9, seed), 1.0)):
        times = np.exp(js.mean_first_passage_matrix(matrix))
        means = times @ np.exp(matrix.log_population)
        np.testing.assert_allclose(means, js.kemeny_constant(matrix), rtol=1e-11)
        values = scipy.linalg.eigvals(-matrix.generator().toarray())
        values = values[np.argsort(np.abs(values))][1:]
        assert np.sum(1 / values).real == pytest.approx(means[0], rel=1e-8)


def test_logarithms_where_doubles_end(random_kinetic_network):
    network = random_kinetic_network(12, 0)
    cold = js.mean_first_passage_matrix(network, 1e-3)
    assert module._in_doubles(js.rate_matrix(network, 1e-3).chain) is None
    assert np.isfinite(cold[~np.eye(12, dtype=bool)]).all() and np.isneginf(np.diag(cold)).all()
    column = js.mean_first_passage_times(network, 3, 1e-3).log_time
    np.testing.assert_allclose(cold[:, 3], column, rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_residence_times_sum_to_the_passage_time(seed, random_rates, random_kinetic_network):
    for network in (random_rates(11, seed), js.rate_matrix(random_kinetic_network(11, seed), 0.4)):
        a, b = [0, 4], [2]
        times = js.residence_times(network, a, b)
        assert times.sum() == pytest.approx(js.rates(network, a, b).forward.mean_time, rel=1e-12)
        assert (times >= 0).all() and times[2] == 0


def test_a_parallel_way_only_saves_time_between_its_ends():
    rates = np.diag(np.ones(4), 1) + np.diag(np.ones(4), -1)
    chain = js.mean_first_passage_times(rates, 4).time
    np.testing.assert_allclose(chain, [10.0, 9.0, 7.0, 4.0, 0.0])  # half of n (n + 1) - i (i + 1)


def test_no_targets():
    with pytest.raises(ValueError, match="targets is empty"):
        js.mean_first_passage_times(np.ones((3, 3)), [])


@pytest.mark.parametrize("temperature", [1.0, 10.0])
def test_the_network_of_32_states(temperature):
    """PyGT's example, with the figures that its authors print."""
    known = json.loads((REFERENCE / "pygt_32_states.json").read_text())
    count = len(known["energy"])
    network = js.KineticNetwork(
        known["energy"], known["plus"], known["minus"], known["ts_energy"],
        log_product=np.ones(count), ts_log_product=np.ones(len(known["plus"])),
        modes=np.full(count, 3), ts_modes=np.full(len(known["plus"]), 3 - 1),
    )  # fmt: skip
    a, b = (np.flatnonzero(np.array(known["communities"]) == part) for part in (0, 3))
    found, at = js.rates(network, a, b, temperature), str(temperature)
    # Rates there have 1 / (2 pi) for each step, and no mode less at a transition state.
    assert found.forward.mean_time == pytest.approx(known["mean_time_a_b"][at], rel=1e-11)
    assert found.backward.mean_time == pytest.approx(known["mean_time_b_a"][at], rel=1e-11)
    kemeny = js.kemeny_constant(network, temperature)
    assert kemeny == pytest.approx(known["kemeny"][at], rel=1e-11)


def test_times_that_doubles_do_not_hold_are_infinite():
    network = js.KineticNetwork([0.0, 0.0, 0.1], [0, 1], [1, 2], [0.2, 1.0])
    cold = dict(temperature=1e-3, frequencies=False)
    times = js.residence_times(network, 0, 2, **cold)
    assert np.isinf(times[:2]).all() and times[2] == 0
    assert js.kemeny_constant(network, **cold) == np.inf
    assert js.rates(network, 0, 2, **cold).forward.log_mean_time == pytest.approx(1000, abs=2)
    alone = js.KineticNetwork([0.0, 0.1], [0], [1], [1.0])
    found = js.kinetic_path_sampling(alone, 0, 1, trajectories=3, **cold)
    assert np.isinf(found.time).all() and found.steps.tolist() == [1, 1, 1]


@pytest.mark.parametrize("inverse", np.linspace(700.0, 1300.0, 25))
def test_no_digit_is_lost_where_doubles_end(inverse):
    """Rates below 1e-308 are doubles with fewer digits before they are zero."""
    network = js.KineticNetwork(
        [0.0, 0.0, 0.3, 0.1], [0, 1, 2], [1, 2, 3], [0.5, 0.7, 0.8], order=[1, 2, 3, 4]
    )
    matrix = js.rate_matrix(network, 1.0 / inverse, frequencies=False)
    times = js.mean_first_passage_times(matrix, 3).log_time
    found = js.rates(matrix, 0, 3).forward
    assert found.log_mean_time == pytest.approx(times[0], rel=1e-14)
    small = js.reduce_network(matrix, [0, 3])
    assert js.mean_first_passage_times(small, 3).log_time[0] == pytest.approx(times[0], rel=1e-14)
    # By hand: of a chain, from the populations and the steps.
    weight = -inverse * network.energy - np.log(network.order)
    steps = -inverse * network.ts_energy
    known = np.logaddexp.reduce([np.logaddexp.reduce(weight[: i + 1]) - steps[i] for i in range(3)])
    assert times[0] == pytest.approx(known, rel=1e-14)
