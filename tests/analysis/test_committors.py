"""Committors and reactive fluxes."""

import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("seed", range(20))
def test_committors_are_bounded_harmonic_and_complementary(seed, random_rates):
    rates = random_rates(15, seed)
    a, b = [0, 1], [5, 9]
    found = js.committor(rates, a, b)
    assert ((found.to_b >= 0) & (found.to_b <= 1)).all()
    np.testing.assert_allclose(found.to_a + found.to_b, 1.0, rtol=1e-13)
    assert (found.to_b[a] == 0).all() and (found.to_b[b] == 1).all()
    inner = np.setdiff1d(np.arange(15), a + b)
    mean = rates @ found.to_b / rates.sum(axis=1)
    np.testing.assert_allclose(mean[inner], found.to_b[inner], rtol=1e-12)
    swapped = js.committor(rates, b, a)
    np.testing.assert_allclose(swapped.to_b, found.to_a, rtol=1e-14)
    linear = js.committor(rates, a, b, method=js.LinearSolve(fallback=False))
    np.testing.assert_allclose(linear.to_b, found.to_b, rtol=1e-7, atol=1e-15)


def test_tiny_committors_keep_their_digits():
    """A ladder in which every rung is left the wrong way almost always."""
    rungs = 30
    rates = np.diag(np.ones(rungs), 1) + np.diag(np.full(rungs, 1e8), -1)
    found = js.committor(rates, 0, rungs)
    # Gambler's ruin: (r^i - 1) / (r^n - 1) with r = 1e8.
    expected = (10.0 ** (8 * np.arange(1, rungs)) - 1) * 10.0 ** (-8 * rungs)
    np.testing.assert_allclose(found.to_b[1:-1], expected, rtol=1e-12)
    far = js.committor(np.diag(np.ones(60), 1) + np.diag(np.full(60, 1e8), -1), 0, 60)
    assert (
        far.log_to_b[1] == pytest.approx(np.log(1e8 - 1) - 480 * np.log(10), rel=1e-13)
        and far.to_b[1] == 0
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("reversible", [True, False])
def test_flux_is_conserved_and_is_the_steady_state_rate(
    seed, reversible, random_rates, random_kinetic_network
):
    network = js.rate_matrix(random_kinetic_network(14, seed), 0.4)
    if not reversible:
        network = js.RateMatrix.from_matrix(random_rates(14, seed))
    a, b = [0, 1], [2]
    flux = js.reactive_flux(network, a, b)
    found = js.rates(network, a, b)
    total = found.log_population_a + found.forward.log_steady_state
    assert flux.log_total == pytest.approx(total, abs=1e-10)
    net = np.zeros(14)
    np.add.at(net, flux.source, flux.share)
    np.add.at(net, flux.target, -flux.share)
    np.testing.assert_allclose(net[a].sum(), 1.0, rtol=1e-10)
    inner = np.setdiff1d(np.arange(14), a + b)
    np.testing.assert_allclose(net[inner], 0.0, atol=1e-10)
    assert (np.diff(flux.log_flux) <= 0).all() and (flux.share > 0).all()
    assert len(flux.carrying(0.5)) <= 14


def test_flux_names_the_transition_states(lj_network):
    network = lj_network(8)
    flux = js.reactive_flux(network, 4, 0, 0.1)
    for source, target, state in zip(flux.source, flux.target, flux.step, strict=True):
        assert {source, target} == {network.plus[state], network.minus[state]}
    # Almost all of it by way of minimum 1, which is next to both.
    assert (flux.source[0], flux.target[0]) == (4, 1) and flux.share[0] > 0.9


@pytest.mark.parametrize("kt", [0.05, 0.02, 0.01, 5e-4])
def test_flux_keeps_its_digits_beyond_the_bottleneck(kt, lj_network):
    """Where committors are one to the last digit, steps still carry what flows."""
    flux = js.reactive_flux(lj_network(8), 5, 0, kt)
    net = np.zeros(8)
    np.add.at(net, flux.source, flux.share)
    np.add.at(net, flux.target, -flux.share)
    np.testing.assert_allclose(net[[5, 0]], [1.0, -1.0], rtol=1e-9)
    np.testing.assert_allclose(np.delete(net, [0, 5]), 0.0, atol=1e-9)
