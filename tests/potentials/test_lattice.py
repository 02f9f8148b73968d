"""Lattices whose stationary points can be written down."""

import itertools
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import XY, PhiFour


def test_energies_are_sums_over_bonds():
    x = np.random.default_rng(0).uniform(-3, 3, 12)
    sites = x.reshape(3, 4)
    waves = springs = 0.0
    for i, j in itertools.product(range(3), range(4)):
        for other in (sites[(i + 1) % 3, j], sites[i, (j + 1) % 4]):
            waves += 0.7 * (1 - np.cos(sites[i, j] - other))
            springs += 0.35 * (sites[i, j] - other) ** 2
    own = np.sum(0.6 / 24 * x**4 - x**2)
    assert float(XY((3, 4), 0.7)(jnp.array(x))) == pytest.approx(waves, rel=1e-12)
    assert float(PhiFour((3, 4), 0.7)(jnp.array(x))) == pytest.approx(own + springs, rel=1e-12)


@pytest.mark.parametrize("n", [5, pytest.param(6, marks=pytest.mark.slow)])
def test_the_ring_has_the_minima_and_saddles_of_theory(n):
    """Windings below n / 4; at a saddle one bond takes the other root of an equal sine.

    With all bonds alike the winding number is q and the energy n (1 - cos(2 pi q / n)). With
    one bond at pi - a, (n - 1) a + pi - a = 2 pi k gives a = (2 k - 1) pi / (n - 2), and the
    one negative bond makes one negative eigenvalue.
    """
    windings = [q for q in range(-n, n) if abs(q) < n / 4]
    minima = [n * (1 - np.cos(2 * np.pi * q / n)) for q in windings]
    angles = [m * np.pi / (n - 2) for m in range(-n, n) if m % 2 and abs(m) < (n - 2) / 2]
    saddles = [(n - 1) * (1 - np.cos(a)) + 1 + np.cos(a) for a in angles]
    surface = js.systems.xy(n)
    x0 = surface.sample(jax.random.key(0), 256)
    network = js.explore(surface, x0, key=jax.random.key(1), searches=600, progress=False)
    np.testing.assert_allclose(np.sort(network.minima.energy), np.sort(minima), atol=1e-9)
    np.testing.assert_allclose(
        np.sort(network.transition_states.energy), np.repeat(np.sort(saddles), n), atol=1e-9
    )
    assert len(network.components()) == 1


@pytest.mark.slow
def test_uncoupled_wells_have_all_their_stationary_points():
    surface = js.systems.phi_four(3)
    x0 = surface.sample(jax.random.key(0), 128)
    network = js.explore(surface, x0, key=jax.random.key(1), searches=400, progress=False)
    assert len(network.minima) == 2**3
    assert len(network.transition_states) == comb(3, 1) * 2**2
    # Of the index: the other two sites sit in wells, 10 deep.
    np.testing.assert_allclose(network.minima.energy, -30.0, rtol=1e-12)
    np.testing.assert_allclose(network.transition_states.energy, -20.0, rtol=1e-12)


@pytest.mark.slow
def test_strong_coupling_leaves_two_minima_and_the_origin():
    surface = js.systems.phi_four(3, coupling=1.0)
    x0 = surface.sample(jax.random.key(0), 128)
    network = js.explore(surface, x0, key=jax.random.key(1), searches=256, progress=False)
    np.testing.assert_allclose(np.abs(network.minima.x), 20**0.5, rtol=1e-7)
    assert (len(network.minima), len(network.transition_states)) == (2, 1)
    np.testing.assert_allclose(network.transition_states.x, 0.0, atol=1e-7)


@pytest.mark.parametrize("shape", [(), 2, (3, 2), (3, 4.0)])
def test_sides_are_three_sites_or_more(shape):
    with pytest.raises(ValueError, match="at least 3"):
        XY(shape)


def test_the_width_is_checked():
    with pytest.raises(ValueError, match="4 coordinates, a lattice"):
        XY((3,))(jnp.zeros(4))
