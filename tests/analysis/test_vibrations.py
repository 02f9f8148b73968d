"""Wavenumbers and barriers in units."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

DIATOMIC = js.Surface(
    lambda x: 0.5 * 10.0 * (jnp.linalg.norm(x[3:] - x[:3]) - 1.2) ** 2,
    symmetry=js.symmetry.Cluster(masses=[14.0, 16.0]),
    dim=6,
    units=js.Units("eV", "Angstrom"),
)


def test_a_diatomic_has_one_vibration():
    x = np.array([[0.0, 0, 0, 0, 0.72, 0.96]])
    (found,) = js.wavenumbers(DIATOMIC, x)
    # sqrt(k / mu) / (2 pi c), SI constants of 2019 written out.
    k, mu = 10.0 * 1.602176634e-19 / 1e-20, 14.0 * 16.0 / 30.0 * 1.66053906660e-27
    expected = np.sqrt(k / mu) / (2 * np.pi * 2.99792458e10)
    np.testing.assert_allclose(found, [expected], rtol=1e-8)
    (heavy,) = js.wavenumbers(DIATOMIC, x, masses=[28.0, 32.0])
    np.testing.assert_allclose(heavy, expected / 2**0.5, rtol=1e-8)


@pytest.fixture(scope="module")
def wells():
    surface = js.Surface(
        lambda x: (x[0] ** 2 - 1) ** 2 + 0.1 * x[0] + x[1] ** 2 + x[2] ** 2,
        dim=3,
        units=js.Units("kcal/mol", "Angstrom"),
    )
    network = js.Landscape(surface)
    start = np.array([[-1.0, 0, 0], [1.0, 0, 0], [0.1, 0.1, 0]])
    network.add(js.minimise(surface, start))
    import jax

    network.add(js.find_transition_states(surface, start[2:], key=jax.random.key(0)))
    return network


def test_barriers_are_converted(wells):
    table = js.barrier_table(wells, units="kJ/mol", masses=[1.0])
    states, minima = wells.transition_states, wells.minima
    forward = 4.184 * (states.energy[0] - minima.energy[states.plus[0]])
    backward = 4.184 * (states.energy[0] - minima.energy[states.minus[0]])
    np.testing.assert_allclose([table.forward[0], table.backward[0]], [forward, backward])
    np.testing.assert_allclose(table.energy[0], max(forward, backward))
    x = states.x[0, 0]
    curvature = 4184.0 / 6.02214076e23 * (12 * x**2 - 4) / 1e-20 / 1.66053906660e-27
    expected = -np.sqrt(-curvature) / (2 * np.pi * 2.99792458e10)
    np.testing.assert_allclose(table.imaginary, [expected], rtol=1e-6)
    first, header, row = str(table).splitlines()
    assert "forward" in first and header.count("kJ/mol") == 3 and f"{forward:.3f}" in row


def test_without_masses_there_are_no_wavenumbers(wells):
    table = js.barrier_table(wells)
    assert np.isnan(table.imaginary).all() and table.units == "kcal/mol"


def test_missing_units_and_masses_are_named(wells):
    with pytest.raises(ValueError, match="knows no masses"):
        js.wavenumbers(wells.surface, np.zeros((1, 3)))
    bare = js.Surface(lambda x: jnp.sum(x**2), dim=3)
    with pytest.raises(ValueError, match="unit '' is none of eV"):
        js.wavenumbers(bare, np.zeros((1, 3)), masses=1.0)
    with pytest.raises(ValueError, match="unit 'fortnight'"):
        js.barrier_table(wells, units="fortnight")


def test_the_mode_of_a_diatomic_leaves_its_centre_of_mass():
    x = np.array([0.0, 0, 0, 0, 0.72, 0.96])
    values, modes = js.normal_modes(DIATOMIC, x)
    np.testing.assert_allclose(values, js.wavenumbers(DIATOMIC, x[None])[0])
    axis = np.array([0, 0.6, 0.8])
    expected = np.concatenate([-axis / 14, axis / 16])
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(modes[0] * np.sign(modes[0] @ expected), expected, atol=1e-9)
    # Half of one wavenumber, in eV: 1 cm^-1 is 1.239841984e-4 eV (CODATA 2018).
    energy = js.zero_point_energies(DIATOMIC, x[None])
    np.testing.assert_allclose(energy, 0.5 * values * 1.239841984e-4, rtol=1e-8)
    with pytest.raises(ValueError, match="pass one point"):
        js.normal_modes(DIATOMIC, x[None])
