"""Free-energy barriers against ASE's thermochemistry."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants

import jaxscape as js

# Cosines of the angles at which this chain of three atoms has its stationary points: the roots of
# the derivative of `bend`, minima outside, a transition state between them.
BEND = np.polynomial.Polynomial.fromroots([-0.6, 0.1, 0.5]).integ()
MASSES = [15.999, 12.011, 1.008]


def energy(x):
    a, b, c = x.reshape(3, 3)
    u, v = a - b, c - b
    first, second = jnp.linalg.norm(u), jnp.linalg.norm(v)
    bend = jnp.polyval(jnp.array(BEND.coef[::-1]), u @ v / (first * second))
    return 20.0 * (first - 1.2) ** 2 + 15.0 * (second - 1.0) ** 2 + 8.0 * bend


SURFACE = js.Surface(
    energy,
    symmetry=js.symmetry.Cluster(species="OCH", masses=MASSES),
    dim=9,
    units=js.Units("eV", "Angstrom"),
)


def bent(cosine):
    sine = np.sqrt(1 - cosine**2)
    return np.array([1.2, 0, 0, 0, 0, 0, cosine, sine, 0])


@pytest.fixture(scope="module")
def bending():
    x, top = np.array([bent(-0.6), bent(0.5)]), bent(0.1)[None]
    minima = {"x": x, "energy": [float(energy(p)) for p in x]}
    states = {"x": top, "energy": [float(energy(top[0]))], "plus": [0], "minus": [1]}
    landscape = js.Landscape.from_points(minima, states, surface=SURFACE)
    assert len(landscape.minima) == 2
    return landscape


def test_barriers_are_those_of_an_ideal_gas(bending):
    """Rigid rotors and harmonic oscillators, zero-point energies included."""
    pytest.importorskip("ase")
    from ase import Atoms
    from ase.thermochemistry import IdealGasThermo

    def gibbs(x, energy, kelvin):
        (found,) = js.wavenumbers(SURFACE, x[None])
        quanta = found[found > 0] * 100 * constants.h * constants.c / constants.e
        atoms = Atoms("OCH", x.reshape(3, 3), masses=MASSES)
        gas = IdealGasThermo(
            quanta, "nonlinear", energy, atoms, symmetrynumber=1, spin=0, vib_selection="all"
        )
        return gas.get_gibbs_energy(kelvin, 1e5, verbose=False)

    minima, states = bending.minima, bending.transition_states
    kelvin = [200.0, 350.0]
    found = js.free_energy_barriers(bending, 0, 1, kelvin, units="eV")
    for row, one in enumerate(kelvin):
        top = gibbs(states.x[0], states.energy[0], one)
        ends = [gibbs(minima.x[i], minima.energy[i], one) for i in (0, 1)]
        np.testing.assert_allclose(found.forward[row], top - ends[0], atol=2e-6)
        np.testing.assert_allclose(found.backward[row], top - ends[1], atol=2e-6)
    # Eyring's equation, constants of 2019 written out.
    expected = 1.380649e-23 * 350.0 / 6.62607015e-34 * np.exp(-found.forward[1] / 0.03016066417)
    np.testing.assert_allclose(found.forward_rate[1], expected, rtol=1e-6)
    assert "forward (eV)" in str(found) and f"{found.forward[0]:.3f}" in str(found)


def test_classical_limit_and_units(bending):
    quantum = js.free_energy_barriers(bending, 0, 1, 5e5)
    classical = js.free_energy_barriers(bending, 0, 1, 5e5, quantum=False)
    np.testing.assert_allclose(quantum.forward_rate, classical.forward_rate, rtol=1e-5)
    cold = js.free_energy_barriers(bending, 0, 1, 100.0, quantum=False)
    inside = js.rates(js.with_masses(bending), 0, 1, SURFACE.units.kT(100.0)).forward.rate
    # Moments of inertia are all that rates of harmonic vibrations leave out.
    per_second = inside / SURFACE.units.seconds
    inertia = []
    for x in (bending.minima.x[0], bending.transition_states.x[0]):
        atoms = x.reshape(3, 3) - np.average(x.reshape(3, 3), axis=0, weights=MASSES)
        tensor = sum(
            m * (r @ r * np.eye(3) - np.outer(r, r)) for m, r in zip(MASSES, atoms, strict=True)
        )
        inertia.append(np.linalg.det(tensor))
    np.testing.assert_allclose(
        cold.forward_rate, per_second * np.sqrt(inertia[1] / inertia[0]), rtol=1e-6
    )
    in_ev = js.free_energy_barriers(bending, 0, 1, 100.0, quantum=False, units="eV")
    np.testing.assert_allclose(cold.forward, 96.48533212 * in_ev.forward, rtol=1e-8)


def test_errors_name_the_remedy(bending):
    with pytest.raises(ValueError, match="come from a surface"):
        js.free_energy_barriers(js.Landscape.from_points({"x": [[0.0]], "energy": [0.0]}), 0, 0)
    with pytest.raises(ValueError, match="temperature is -1.0 K"):
        js.free_energy_barriers(bending, 0, 1, -1.0)
    with pytest.raises(ValueError, match="unit 'fortnight'"):
        js.free_energy_barriers(bending, 0, 1, units="fortnight")
    turned = js.Landscape.from_points(
        {"x": bending.transition_states.x, "energy": [0.0]}, surface=SURFACE
    )
    with pytest.raises(ValueError, match="minimum 0 is none"):
        js.free_energy_barriers(turned, 0, 0)
