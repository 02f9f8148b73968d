"""Frequencies, masses and quantum oscillators."""

import numpy as np
import pytest

import jaxscape as js

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 2 ** (1 / 6) / 8**0.5


def test_frequencies_have_the_log_product(double_well):
    omega = js.frequencies(double_well)
    np.testing.assert_allclose(omega, [[2.0, 8**0.5]] * 2, rtol=1e-12)
    products = 2 * np.log(omega).sum(axis=1)
    np.testing.assert_allclose(products, double_well.minima.log_product, rtol=1e-12)


def test_zero_modes_of_masses_are_left_out():
    """A tetrahedron with one heavy atom, against all eigenvalues in Cartesian coordinates."""
    surface, x = js.systems.lennard_jones(4), TETRAHEDRON.reshape(1, -1)
    masses = np.array([9.0, 1, 1, 1])
    (found,) = js.mass_weighted_eigenvalues(surface, x, masses)
    root = np.sqrt(np.repeat(masses, 3))
    hessian = np.asarray(surface.hessian(x[0])) / np.outer(root, root)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(hessian)[6:], rtol=1e-7)
    (unit,) = js.mass_weighted_eigenvalues(surface, x)
    # Equal atoms breathe with four times the curvature of the pair, 72 / 2^(1/3).
    assert unit[-1] == pytest.approx(4 * 72 / 2 ** (1 / 3), rel=1e-9)


def test_masses(double_well):
    heavy = js.with_masses(double_well, 4.0)
    bare, slowed = (js.step_rates(n, 0.2).log_forward for n in (double_well, heavy))
    np.testing.assert_allclose(slowed - bare, -np.log(2), rtol=1e-12)
    # A mass of the other coordinate alone cancels.
    other = js.with_masses(double_well, [1.0, 25.0])
    np.testing.assert_allclose(js.step_rates(other, 0.2).log_forward, bare, rtol=1e-12)
    assert other.modes.tolist() == [2, 2] and other.ts_modes.tolist() == [1]
    np.testing.assert_allclose(heavy.ts_eigenvalue, [-1.0])


@pytest.fixture
def landscape():
    """Two wells of different frequencies and symmetry."""
    return js.KineticNetwork(
        [-1.0, -0.8], [], [], [], log_product=2 * np.log([15.0, 0.35]), order=[4, 1], modes=[3, 3]
    )


OMEGA = np.array([[1.0, 3.0, 5.0], [0.5, 0.7, 1.0]])


def test_quantum_and_classical_limits(landscape):
    omega = OMEGA
    kt = np.array([0.05, 0.1, 0.2])
    classical = js.heat_capacity(landscape, kt)
    almost = js.quantum_heat_capacity(landscape, omega, kt, hbar=1e-5)
    np.testing.assert_allclose(almost.total, classical.total, rtol=1e-6)
    np.testing.assert_allclose(almost.mean_energy, classical.mean_energy, rtol=1e-6)
    frozen = js.quantum_heat_capacity(landscape, omega, [1e-3], hbar=0.1)
    assert frozen.total[0] < 1e-10
    # Zero-point motion makes the other well the lower one.
    assert frozen.mean_energy[0] == pytest.approx(-0.8 + 0.05 * 2.2)
    # C = dU / dT.
    h = 1e-5
    curve = js.quantum_heat_capacity(landscape, omega, [0.1 - h, 0.1, 0.1 + h], hbar=0.03)
    slope = (curve.mean_energy[2] - curve.mean_energy[0]) / (2 * h)
    assert slope == pytest.approx(curve.total[1], rel=1e-6)


def test_errors(landscape, double_well, tmp_path):
    with pytest.raises(ValueError, match="masses have shape"):
        js.with_masses(double_well, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="positive"):
        js.with_masses(double_well, -1.0)
    with pytest.raises(ValueError, match="omega"):
        js.quantum_heat_capacity(landscape, np.ones((1, 3)), [0.1])
    with pytest.raises(ValueError, match="hbar"):
        js.quantum_heat_capacity(landscape, OMEGA, [0.1], hbar=0.0)
    double_well.save(tmp_path / "wells.sqlite")
    with pytest.raises(ValueError, match="surface"):
        js.frequencies(js.load(tmp_path / "wells.sqlite"))
