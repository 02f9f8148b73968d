"""The superposition at constant energy."""

import numpy as np
import pytest

import jaxscape as js


def test_laplace_transform_is_the_partition_function(lj_network):
    network, kt = lj_network(7), 0.15
    low = network.energy.min()
    energies = low + np.linspace(0, 30, 60001)[1:]
    found = js.microcanonical(network, energies)
    weight = np.exp(found.entropy - (energies - low) / kt - 20)
    total = np.log(np.trapezoid(weight, energies)) + 20 - low / kt
    # Z of frequencies, in which every vibration counts kT / omega.
    assert total == pytest.approx(
        np.logaddexp.reduce(js.log_partition_functions(network, kt)), abs=1e-6
    )


def test_temperature_is_the_slope_of_entropy(lj_network):
    network, h = lj_network(8), 1e-5
    energies = network.energy.min() + np.array([0.5, 2.0, 4.0])
    found = js.microcanonical(network, energies)
    slope = (
        js.microcanonical(network, energies + h).entropy
        - js.microcanonical(network, energies - h).entropy
    ) / (2 * h)
    np.testing.assert_allclose(1 / slope, found.temperature, rtol=1e-6)
    np.testing.assert_allclose(found.occupation.sum(axis=1), 1.0)


def test_below_the_lowest_minimum_there_is_nothing(lj_network):
    network = lj_network(7)
    found = js.microcanonical(network, [network.energy.min() - 1, network.energy.min() + 1e-6])
    assert np.isneginf(found.entropy[0]) and (found.occupation[0] == 0).all()
    assert found.occupation[1, np.argmin(network.energy)] == 1.0
    with pytest.raises(ValueError, match="two at least"):
        js.microcanonical(network, [0.0], vibrations=1)
    with pytest.raises(ValueError, match="give finite numbers"):
        js.microcanonical(network, [0.0, np.nan])
