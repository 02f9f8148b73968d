"""Derivatives of a rate against finite differences."""

import dataclasses

import numpy as np
import pytest

import jaxscape as js


def log_rate(network, a, b, kt):
    return -js.rates(network, a, b, kt).forward.log_mean_time


@pytest.mark.parametrize("seed", range(3))
def test_against_finite_differences(seed, random_kinetic_network):
    network = random_kinetic_network(12, seed)
    a, b, kt, h = [0, 1], [2], 0.5, 1e-5
    found = js.rate_sensitivity(network, a, b, kt)
    assert found.log_rate == pytest.approx(log_rate(network, a, b, kt), abs=1e-10)
    for name in ("energy", "ts_energy", "log_product", "ts_log_product"):
        values = getattr(network, name)
        slopes = np.empty(len(values))
        for i in range(len(values)):
            both = []
            for sign in (1, -1):
                moved = values.copy()
                moved[i] += sign * h
                both.append(log_rate(dataclasses.replace(network, **{name: moved}), a, b, kt))
            slopes[i] = (both[0] - both[1]) / (2 * h)
        np.testing.assert_allclose(getattr(found, name), slopes, rtol=1e-6, atol=1e-8)


def test_sum_rules_at_low_temperature(lj_network):
    for kt in (0.3, 0.1, 0.05):
        found = js.rate_sensitivity(lj_network(8), [1, 2], 0, kt)
        assert found.ts_energy.sum() * kt == pytest.approx(-1.0, abs=1e-6)
        assert found.energy.sum() * kt == pytest.approx(1.0, abs=1e-9)
        assert found.error < 1e-6


def test_the_bottleneck_controls():
    network = js.KineticNetwork([0.0, -0.5, -1.0], [0, 1], [1, 2], [2.0, 1.0])
    found = js.rate_sensitivity(network, 0, 2, 0.05, frequencies=False)
    np.testing.assert_allclose(found.ts_energy * 0.05, [-1.0, 0.0], atol=1e-4)


def test_lost_digits_are_noticed(random_kinetic_network):
    network = random_kinetic_network(60, 0)
    assert js.rate_sensitivity(network, 0, 1, 0.01).error < 1e-10
    with pytest.raises(ValueError, match="sum rule"):
        js.rate_sensitivity(network, 0, 1, 0.001)
