"""Rate constants between sets: peers' figures, identities, symmetry, bad input."""

import dataclasses

import numpy as np
import pytest

import jaxscape as js
import jaxscape.analysis.kinetics._absorption as absorption

METHODS = {
    "reduced": js.GraphTransformation(),
    "separate": js.GraphTransformation(),
    "linear": js.LinearSolve(tolerance=1e-9, fallback=False),
}


@pytest.fixture(params=list(METHODS))
def method(request, monkeypatch):
    """Everything from one elimination, each from its own, and by linear algebra."""
    import sys

    module = sys.modules["jaxscape.analysis.kinetics.rates"]
    if request.param == "separate":
        monkeypatch.setattr(module, "_TOGETHER", 0)
    return METHODS[request.param]


def complete_ten():
    i, j = np.mgrid[:10, :10]
    rates = np.where(i < j, (i + j) / (i + 1.0), (i + j) / (i + 1.0))
    np.fill_diagonal(rates, 0.0)
    return rates


def test_three_states(method):
    found = js.rates(np.ones((3, 3)), 0, 1, method=method)
    for side in (found.forward, found.backward):
        assert side.rate == pytest.approx(1.0, rel=1e-12)
        assert side.mean_time == pytest.approx(1.0, rel=1e-12)
        assert side.steady_state == pytest.approx(1.5, rel=1e-12)


def test_ten_states(method, kinetics_reference):
    known, even = kinetics_reference["pele"], np.ones(3)
    found = js.rates(
        complete_ten(), [0, 1, 2], [3, 4, 5], method=method, start_a=even, start_b=even
    )
    assert found.forward.rate == pytest.approx(known["kAB"], rel=1e-12)
    assert found.backward.rate == pytest.approx(known["kBA"], rel=1e-12)
    assert found.forward.steady_state == pytest.approx(known["kAB_SS"], rel=1e-12)
    assert found.backward.steady_state == pytest.approx(known["kBA_SS"], rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_identities(method, seed, random_kinetic_network):
    network = random_kinetic_network(20, seed)
    a, b = [0, 5, 7], [2, 3]
    found = js.rates(network, a, b, 0.5, method=method)
    matrix = js.rate_matrix(network, 0.5)
    population = np.exp(matrix.log_population)
    # The flux at equilibrium is the same both ways.
    there = found.log_population_a + found.forward.log_steady_state
    back = found.log_population_b + found.backward.log_steady_state
    assert there == pytest.approx(back, abs=1e-9)
    for side, source, target in ((found.forward, a, b), (found.backward, b, a)):
        start = population[source] / population[source].sum()
        times = js.mean_first_passage_times(matrix, target).time[source]
        assert side.mean_time == pytest.approx(start @ times, rel=1e-9)
        assert side.rate == pytest.approx(start @ (1 / times), rel=1e-9)
        # Time spent on the way only lengthens it; and means of inverses are not below.
        assert side.steady_state >= side.non_steady_state
        assert side.rate * side.mean_time >= 1 - 1e-9
        # The definitions: out of the set at once, then to the other before coming back.
        rates = matrix.matrix().toarray()
        committor = js.committor(matrix, source, target).to_b
        onto = (rates @ committor)[source]
        assert side.steady_state == pytest.approx(start @ onto, rel=1e-9)
        until = js.mean_first_passage_times(matrix, source + target).time
        delay = 1.0 + (rates @ until)[source]
        assert side.non_steady_state == pytest.approx(start @ (onto / delay), rel=1e-9)


def test_swapping_the_sets_swaps_the_rates(method, random_kinetic_network):
    network = random_kinetic_network(15, 1)
    first = js.rates(network, [3, 1], 4, 0.4, method=method)
    second = js.rates(network, 4, [1, 3, 3], 0.4, method=method)
    for name in ("log_rate", "log_mean_time", "log_steady_state", "log_non_steady_state"):
        assert getattr(first.forward, name) == pytest.approx(
            getattr(second.backward, name), abs=1e-9
        )
        assert getattr(first.backward, name) == pytest.approx(
            getattr(second.forward, name), abs=1e-9
        )
    assert first.a.tolist() == [1, 3] == second.b.tolist()


def test_single_minima_have_one_rate_constant(random_kinetic_network):
    for seed in range(20):
        found = js.rates(random_kinetic_network(12, seed), 0, 1, 0.3)
        assert found.forward.log_rate == pytest.approx(-found.forward.log_mean_time, abs=1e-12)
        # With p_a k = p_b k', as nothing lies between two single states of a reduced network.
        assert found.forward.log_non_steady_state <= found.forward.log_steady_state


def test_linear_solves_know_when_they_have_lost_their_digits(random_kinetic_network):
    network = random_kinetic_network(60, 4)
    lost, kept = [], []
    for temperature in (1.0, 0.3, 0.1, 0.05, 0.025, 0.015):
        exact = js.mean_first_passage_times(network, 0, temperature)
        matrix = js.rate_matrix(network, temperature)
        inner = np.arange(1, 60)
        small = matrix.chain.lumped([np.array([0])], inner)
        guarded = absorption.solve_with_guard(small, np.array([59]))
        with np.errstate(all="ignore"):
            off = np.abs(guarded.times.value[:59] / exact.time[1:] - 1).max()
        assert off <= guarded.error, temperature
        (kept if guarded.error < 1e-8 else lost).append((temperature, off, guarded.error))
        again = js.mean_first_passage_times(network, 0, temperature, method=js.LinearSolve())
        np.testing.assert_allclose(again.log_time[1:], exact.log_time[1:], atol=1e-8)
    assert kept and lost, (kept, lost)
    # Warm networks keep nearly all digits, and the guard says so.
    assert kept[0][2] < 1e-11
    with pytest.raises(ValueError, match="may be wrong by"):
        strict = js.LinearSolve(fallback=False)
        js.mean_first_passage_times(network, 0, lost[-1][0], method=strict)


def test_at_low_temperature_rates_follow_the_barrier(lj_network):
    network = lj_network(8)
    for kt in (0.02, 0.005, 1e-3, 1e-4):
        found = js.rates(network, 1, 0, kt)
        # Arrhenius: the slope of log k against 1/kT is minus the barrier.
        near = js.rates(network, 1, 0, kt * 1.001)
        slope = (near.forward.log_rate - found.forward.log_rate) / (1 / kt - 1 / (1.001 * kt))
        tree = js.DisconnectivityTree.from_arrays(
            network.energy, network.ts_energy, network.plus, network.minus
        )
        assert slope == pytest.approx(tree.barrier(1, 0), rel=0.05), kt


def test_bad_ends(random_kinetic_network):
    network = random_kinetic_network(6, 0)
    for a, b, message in (
        ([0, 1], [1, 2], "overlap in minimum 1"),
        ([], 1, "a is empty"),
        (0, [], "b is empty"),
        (0, 17, "no minimum 17"),
        (-1, 0, "no minimum -1"),
        (0.5, 1, "integers"),
    ):
        with pytest.raises(ValueError, match=message):
            js.rates(network, a, b, 0.3)
    apart = js.KineticNetwork([0.0] * 4, [0, 2], [1, 3], [1.0, 1.0])
    for function in (js.rates, js.committor, js.reactive_flux, js.fastest_paths):
        with pytest.raises(ValueError, match=r"from minimum 0 to minima \[2\]"):
            function(apart, 0, 2, 0.3, frequencies=False)
    with pytest.raises(ValueError, match="do not fit 2"):
        js.rates(network, [0, 1], 2, 0.3, start_a=[1.0])
    with pytest.raises(ValueError, match="temperature is missing"):
        js.rates(network, 0, 1)


def test_a_trap_on_the_way_is_noticed():
    trapped = np.array([[0, 1.0, 1.0], [1.0, 0, 0], [0, 0, 0]])
    matrix = js.RateMatrix.from_matrix(trapped, populations=np.ones(3))
    with pytest.raises(ValueError, match="no path leads"):
        js.rates(matrix, 0, 1)
    times = js.mean_first_passage_times(matrix, 1).time
    assert np.isinf(times[[0, 2]]).all() and times[1] == 0


def test_other_components_do_not_matter(random_kinetic_network):
    network = random_kinetic_network(10, 2)
    wider = dataclasses.replace(
        network, energy=np.append(network.energy, [-50.0, 0.0]),
        log_product=np.append(network.log_product, [3.0, 2.0]),
        order=np.append(network.order, [1, 1]), modes=np.append(network.modes, [6, 6]), ids=None,
    )  # fmt: skip
    one, two = (js.rates(n, 0, 1, 0.4).forward for n in (network, wider))
    assert two.log_rate == pytest.approx(one.log_rate, abs=1e-9)
    assert np.isinf(js.mean_first_passage_times(wider, 0, 0.4).time[-2:]).all()
    assert np.isnan(js.committor(wider, 0, 1, 0.4).to_b[-2:]).all()


def test_the_table(lj_network):
    text = str(js.rates(lj_network(7), [1, 2], 0, 0.01))
    assert text.splitlines()[0] == "{1, 2} -> 0 at kT = 0.01"
    assert "e-" in text and len(text.splitlines()) == 6


def test_lj38_from_pathsample_files(lj38):
    """Where linear solves have digits, they agree; the network is connected both ways."""
    network, a, b = lj38
    compared = 0
    for kt in (0.3, 0.2, 0.15, 0.1, 0.05, 0.02):
        found = js.rates(network, a, b, kt)
        there = found.log_population_a + found.forward.log_steady_state
        back = found.log_population_b + found.backward.log_steady_state
        assert there == pytest.approx(back, abs=1e-9)
        try:
            strict = js.LinearSolve(tolerance=1e-6, fallback=False)
            linear = js.rates(network, a, b, kt, method=strict)
        except ValueError:
            continue
        compared += 1
        assert linear.forward.log_rate == pytest.approx(found.forward.log_rate, abs=1e-6)
    assert compared
