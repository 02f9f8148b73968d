"""Energies that are small in the units of the surface, and loose gradients far from the point."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


def wells(x):
    """Four minima and four transition states around a maximum."""
    return jnp.sum((x**2 - 1) ** 2) + 0.3 * x[0] * x[1]


@pytest.fixture(scope="module")
def surfaces():
    """The wells at two heights: every search asks for the same RMS gradient."""
    return [
        js.Surface(lambda x, h=height: h * wells(x), bounds=(-3.0, 3.0), dim=2)
        for height in (1.0, 1e-3)
    ]


@pytest.fixture(scope="module")
def starts():
    return np.random.default_rng(0).uniform(-1, 1, (64, 2))


def test_a_small_energy_costs_no_more(surfaces, starts):
    high, low = (js.minimise(surface, starts) for surface in surfaces)
    assert high.ok.all() and low.ok.all()
    assert low.evaluations.mean() < 3 * high.evaluations.mean()
    # x = y, where 4 x (x^2 - 1) + 0.3 x = 0, and x = -y.
    for found in (high, low):
        square = np.where(np.prod(found.x, axis=1) > 0, 1 - 0.075, 1 + 0.075)
        np.testing.assert_allclose(found.x**2, square[:, None] * np.ones(2), atol=1e-5)


def test_searches_that_stop_far_away_go_on(surfaces, starts):
    states = js.find_transition_states(surfaces[1], starts, key=jax.random.key(0))
    assert states.ok.all()
    assert np.ptp(states.energy) < 1e-9  # the four are equal by symmetry
    np.testing.assert_allclose(np.abs(states.x).min(axis=1), 0.0752130, atol=1e-5)


@pytest.mark.slow
def test_a_neural_network_of_small_gradients():
    surface = js.systems.iris_mlp(5, 1e-2)
    minima = js.minimise(surface, surface.sample(jax.random.key(0), 64))
    kicks = np.random.default_rng(0).normal(size=minima.x.shape)
    found = js.find_transition_states(surface, minima.x + kicks, key=jax.random.key(1))
    assert found.ok.sum() >= 60
