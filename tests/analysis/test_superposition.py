"""Thermodynamics of the harmonic superposition."""

import dataclasses

import jax
import numpy as np
import pytest

import jaxscape as js


def test_occupation_is_equilibrium(lj_network, kinetics_reference):
    for name, known in kinetics_reference["lj"].items():
        found = js.occupation(lj_network(int(name[2])), known["T"])
        np.testing.assert_allclose(found, known["pi"], rtol=1e-13)


@pytest.mark.parametrize("kt", [0.05, 0.2, 1.0])
def test_derivatives_of_the_partition_function(kt, lj_network):
    """U = kT^2 d log Z / dT and C = dU / dT, by finite differences."""
    network, h = lj_network(8), 1e-4 * kt
    curve = js.heat_capacity(network, [kt - h, kt, kt + h])
    logs = [
        np.logaddexp.reduce(js.log_partition_functions(network, t)) for t in (kt - h, kt, kt + h)
    ]
    assert kt**2 * (logs[2] - logs[0]) / (2 * h) == pytest.approx(curve.mean_energy[1], rel=1e-6)
    slope = (curve.mean_energy[2] - curve.mean_energy[0]) / (2 * h)
    assert slope == pytest.approx(curve.total[1], rel=1e-6)
    np.testing.assert_allclose(curve.minima.sum(axis=1), curve.landscape)
    np.testing.assert_allclose(curve.vibrational + curve.landscape, curve.total)
    assert (curve.minima >= 0).all()


def test_low_temperature_is_one_well(lj_network):
    curve = js.heat_capacity(lj_network(7), [0.01])
    assert curve.total[0] == pytest.approx(15.0, abs=1e-6)


def test_rates_are_differences_of_free_energies(random_kinetic_network):
    network, kt = random_kinetic_network(9, 0), 0.4
    minima, states = js.free_energies(network, kt)
    steps = js.step_rates(network, kt)
    expected = np.log(kt / (2 * np.pi)) - (states - minima[network.plus]) / kt
    expected += np.where(steps.degenerate, np.log(2), 0)
    np.testing.assert_allclose(steps.log_forward, expected, rtol=1e-12)
    # The same without the numbers of vibrations.
    bare = dataclasses.replace(network, modes=None, ts_modes=None)
    minima, states = js.free_energies(bare, kt)
    expected = np.log(kt / (2 * np.pi)) - (states - minima[network.plus]) / kt
    expected += np.where(steps.degenerate, np.log(2), 0)
    np.testing.assert_allclose(steps.log_forward, expected, rtol=1e-12)


def test_point_groups_and_frequencies_weigh():
    network = js.KineticNetwork(
        [0.0, 0.0], [], [], [], log_product=np.log([1.0, 16.0]), order=[1, 2]
    )
    np.testing.assert_allclose(js.occupation(network, 0.3), [8 / 9, 1 / 9])
    np.testing.assert_allclose(js.occupation(network, 0.3, frequencies=False), [2 / 3, 1 / 3])


def test_two_level_peak():
    """Schottky's anomaly: the landscape part of two wells of equal frequencies."""
    network = js.KineticNetwork([0.0, 1.0], [], [], [])
    kt = np.linspace(0.1, 1.0, 400)
    curve = js.heat_capacity(network, kt, vibrations=3, frequencies=False)
    np.testing.assert_allclose(
        curve.landscape, (0.5 / kt) ** 2 / np.cosh(0.5 / kt) ** 2, rtol=1e-12
    )
    at, height = curve.peak()
    assert at == pytest.approx(0.41678, abs=1e-4) and height == pytest.approx(3.43923, abs=1e-4)


def test_convergence_with_the_number_of_minima(lj_network):
    network = lj_network(8)
    counts, values = js.heat_capacity_convergence(network, 0.2)
    assert counts.tolist() == [1, 2, 4, 8] and values[0] == pytest.approx(18.0)
    assert values[-1] == pytest.approx(js.heat_capacity(network, [0.2]).total[0])
    assert js.heat_capacity_convergence(network, 0.2, [8])[1][0] == values[-1]
    with pytest.raises(ValueError, match="from 1 to 8"):
        js.heat_capacity_convergence(network, 0.2, [9])


def test_errors(lj_network):
    network = lj_network(7)
    with pytest.raises(ValueError, match="temperature"):
        js.occupation(network, 0.0)
    with pytest.raises(ValueError, match="temperature is None"):
        js.free_energies(network, None)
    with pytest.raises(ValueError, match="how many vibrations"):
        js.heat_capacity(dataclasses.replace(network, modes=None), [0.1])
    known = js.heat_capacity(dataclasses.replace(network, modes=None), [0.1], vibrations=15)
    assert known.total == pytest.approx(js.heat_capacity(network, [0.1]).total)
    with pytest.raises(ValueError, match="log products"):
        js.occupation(dataclasses.replace(network, log_product=None), 0.1)


def test_a_landscape_will_do(double_well):
    """Found points bring their own log products, orders and numbers of vibrations."""
    curve = js.heat_capacity(double_well, [0.1, 0.2])
    assert curve.total == pytest.approx([2.0, 2.0])
    found = js.rates(double_well, 0, 1, 0.2).forward
    assert found.rate == pytest.approx(np.sqrt(32 / 4) / (2 * np.pi) * np.exp(-5.0), rel=1e-12)
    slowed = js.rates(double_well, 0, 1, 0.2, friction=3.0).forward
    assert slowed.rate == pytest.approx(found.rate / 2, rel=1e-12)  # sqrt(1 + 9/16) - 3/4


@pytest.mark.long
def test_the_peak_of_lj13():
    """The transition of LJ13 from the icosahedron to the many minima above.

    Sampling (parallel tempering, container of radius 2) puts the peak at kT = 0.284(3) and its
    height, with the kinetic part, at 8.73 k an atom; the harmonic approximation, to which the
    minima above the lowest are too stiff, at 0.340 and 6.66 with all of 1,503 minima.
    """
    surface = js.systems.lennard_jones(13)
    x0 = surface.sample(jax.random.key(0), 4096)
    landscape = js.explore(
        surface, x0, key=jax.random.key(1), searches=8192, connect=False, progress=False
    )
    assert len(landscape.minima) > 1000
    curve = js.heat_capacity(landscape, np.linspace(0.2, 0.45, 251), vibrations=33)
    at, height = curve.peak()
    assert at == pytest.approx(0.340, abs=0.004)
    assert (height + 3) / 13 == pytest.approx(6.6, abs=0.15)
    # It takes hundreds of minima, the more the higher.
    _, totals = js.heat_capacity_convergence(landscape, at, [10, 100, 1000], vibrations=33)
    assert (np.diff(totals) > 0).all() and totals[-1] == pytest.approx(height, rel=0.02)
