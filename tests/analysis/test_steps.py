"""Harmonic rate constants of elementary steps."""

import dataclasses

import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("atoms", [6, 7, 8])
@pytest.mark.parametrize("temperature", [0.1, 0.15, 0.2, 0.3])
def test_small_clusters_against_40_digits(atoms, temperature, lj_network, kinetics_reference):
    known = kinetics_reference["lj"][f"LJ{atoms}_T{temperature}"]
    matrix = js.rate_matrix(lj_network(atoms), temperature)
    np.testing.assert_allclose(matrix.matrix().toarray(), known["K"], rtol=1e-13)
    # The populations of the file obey detailed balance to 2e-14.
    np.testing.assert_allclose(np.exp(matrix.log_population), known["pi"], rtol=1e-13)
    times = np.exp(js.mean_first_passage_matrix(matrix))
    np.testing.assert_allclose(times, known["MFPT"], rtol=1e-13)


def test_a_step_by_hand():
    network = js.KineticNetwork(
        [0.1, 0.4], [0], [1], [1.0], log_product=np.log([16.0, 4.0]), ts_log_product=np.log([9.0]),
        order=[2, 3], ts_order=[4],
    )  # fmt: skip
    found = js.step_rates(network, 0.5)
    np.testing.assert_allclose(found.forward, [2 / 4 * (4 / 3) / (2 * np.pi) * np.exp(-1.8)])
    np.testing.assert_allclose(found.backward, [3 / 4 * (2 / 3) / (2 * np.pi) * np.exp(-1.2)])
    plain = js.step_rates(network, 0.5, frequencies=False)
    np.testing.assert_allclose(plain.forward, [2 / 4 * np.exp(-1.8)])


def test_degenerate_rearrangements_count_twice_and_change_nothing():
    network = js.KineticNetwork(
        [0.0, 0.2], [0, 0], [1, 0], [1.0, 0.7], order=[6, 1], ts_order=[1, 2]
    )
    found = js.step_rates(network, 0.5, frequencies=False)
    np.testing.assert_array_equal(found.degenerate, [False, True])
    np.testing.assert_allclose(found.forward[1], 2 * 3 * np.exp(-1.4))
    np.testing.assert_allclose(found.backward[1], found.forward[1])
    matrix = js.rate_matrix(network, 0.5, frequencies=False)
    np.testing.assert_allclose(matrix.matrix().toarray(), [[0, 6 * np.exp(-2)], [np.exp(-1.6), 0]])


def test_parallel_steps_add_up_and_the_fastest_is_named(lj_network):
    network = js.KineticNetwork(
        [0.0, 0.0, 1.0], [0, 1, 1], [1, 0, 2], [2.0, 1.0, 3.0], ts_ids=[7, 8, 9]
    )
    matrix = js.rate_matrix(network, 1.0, frequencies=False)
    assert matrix.matrix()[0, 1] == pytest.approx(np.exp(-2) + np.exp(-1))
    assert matrix.step.tolist() == [8, 8, 9, 9]
    assert len(matrix.source) == 4


def test_friction_slows_every_step_by_kramers_factor(random_kinetic_network):
    network = random_kinetic_network(8, 0)
    free, slowed = (js.step_rates(network, 0.5, friction=g).log_forward for g in (0.0, 3.0))
    barrier = np.sqrt(-network.ts_eigenvalue)
    factor = np.sqrt(1 + (3.0 / (2 * barrier)) ** 2) - 3.0 / (2 * barrier)
    np.testing.assert_allclose(np.exp(slowed - free), factor, rtol=1e-12)
    strong = js.step_rates(network, 0.5, friction=1e6).log_forward
    np.testing.assert_allclose(np.exp(strong - free), barrier / 1e6, rtol=1e-6)
    with pytest.raises(ValueError, match="friction is -1"):
        js.step_rates(network, 0.5, friction=-1.0)
    with pytest.raises(ValueError, match="needs the negative eigenvalue"):
        js.step_rates(dataclasses.replace(network, ts_eigenvalue=None), 0.5, friction=1.0)
    wrong = dataclasses.replace(network, ts_eigenvalue=-network.ts_eigenvalue)
    with pytest.raises(ValueError, match="is negative"):
        js.step_rates(wrong, 0.5, friction=1.0)


@pytest.mark.parametrize("temperature", [1.0, 0.05, 1e-3])
@pytest.mark.parametrize("seed", range(5))
def test_detailed_balance_at_any_temperature(temperature, seed, random_kinetic_network):
    matrix = js.rate_matrix(random_kinetic_network(30, seed), temperature)
    flow = matrix.log_population[matrix.source] + matrix.log_rate
    size = len(matrix)
    back = np.searchsorted(
        matrix.source * size + matrix.target, matrix.target * size + matrix.source
    )
    np.testing.assert_allclose(flow[back], flow, rtol=1e-14, atol=1e-13)
    assert np.logaddexp.reduce(matrix.log_population) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize("temperature", [0.0, -0.1, np.nan, np.inf, "warm", None, [0.1, 0.2], True])
def test_temperatures_that_are_none(temperature, random_kinetic_network):
    with pytest.raises(ValueError, match="temperature"):
        js.rates(random_kinetic_network(5, 0), 0, 1, temperature)


def test_bad_networks(lj_network):
    network = lj_network(7)
    low = network.ts_energy.copy()
    low[3] = -17.0
    with pytest.raises(ValueError, match=r"transition state 3 at -17.0 lies below its minimum"):
        js.rate_matrix(dataclasses.replace(network, ts_energy=low), 0.1)
    for missing in ("log_product", "ts_log_product"):
        without = dataclasses.replace(network, **{missing: None})
        with pytest.raises(ValueError, match="frequencies=False"):
            js.rate_matrix(without, 0.1)
        assert len(js.rate_matrix(without, 0.1, frequencies=False)) == 4
    counts = network.ts_modes.copy()
    counts[np.flatnonzero(network.plus != network.minus)[0]] += 1
    with pytest.raises(ValueError, match="one less"):
        js.rate_matrix(dataclasses.replace(network, ts_modes=counts), 0.1)
    with pytest.raises(ValueError, match="no minima"):
        js.rate_matrix(js.KineticNetwork([], [], [], []), 0.1)


def test_rates_of_ones_own():
    with pytest.raises(ValueError, match="from 0 to 1 is -1.0"):
        js.RateMatrix.from_matrix([[0.0, -1.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="square"):
        js.RateMatrix.from_matrix(np.ones((2, 3)))
    with pytest.raises(ValueError, match="2 parts"):
        js.RateMatrix.from_matrix([[0.0, 1.0], [0.0, 0.0]])
    one_way = js.RateMatrix.from_matrix([[0.0, 1.0], [0.0, 0.0]], populations=[1, 3], ids=[4, 9])
    assert one_way.rows([9, 4]).tolist() == [1, 0]
    np.testing.assert_allclose(np.exp(one_way.log_population), [0.25, 0.75])
    with pytest.raises(ValueError, match="no minimum 5"):
        one_way.rows(5)
    matrix = js.RateMatrix.from_matrix([[9.0, 2.0], [4.0, 0.0]])
    np.testing.assert_array_equal(matrix.generator().toarray(), [[-2.0, 2.0], [4.0, -4.0]])
    np.testing.assert_array_equal(matrix.waiting_times, [0.5, 0.25])
    assert repr(matrix) == "<RateMatrix: 2 states, 2 rates>"
    with pytest.raises(ValueError, match="leave it out"):
        js.rates(matrix, 0, 1, 0.3)
    with pytest.raises(ValueError, match="leave it out"):
        js.rates(np.ones((2, 2)), 0, 1, 0.3)
