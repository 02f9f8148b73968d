"""Energies that are small in the units of the surface, and loose gradients far from the point."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

import jaxscape as js


class Wells(eqx.Module):
    """Four minima and four transition states around a maximum; or two minima in a valley."""

    height: Array
    stiffness: Array

    def __call__(self, x):
        valley = self.stiffness > 0
        tilted = jnp.sum((x**2 - 1) ** 2) + 0.3 * x[0] * x[1]
        straight = self.height * (x[0] ** 2 - 1) ** 2 + self.stiffness * x[1] ** 2
        return jnp.where(valley, straight, self.height * tilted)


def surface(height, stiffness=0.0):
    function = Wells(jnp.asarray(height), jnp.asarray(stiffness))
    return js.Surface(function, bounds=(-3.0, 3.0), dim=2)


@pytest.fixture(scope="module")
def starts():
    return np.random.default_rng(0).uniform(-1, 1, (64, 2))


def test_a_small_energy_costs_no_more(starts):
    high, low = (js.minimise(surface(height), starts) for height in (1.0, 1e-3))
    assert high.ok.all() and low.ok.all()
    assert low.evaluations.mean() < 3 * high.evaluations.mean()
    # x = y, where 4 x (x^2 - 1) + 0.3 x = 0, and x = -y.
    for found in (high, low):
        square = np.where(np.prod(found.x, axis=1) > 0, 1 - 0.075, 1 + 0.075)
        np.testing.assert_allclose(found.x**2, square[:, None] * np.ones(2), atol=1e-5)


def test_searches_that_stop_far_away_go_on(starts):
    states = js.find_transition_states(surface(1e-3), starts, key=jax.random.key(0))
    assert states.ok.all()
    assert np.ptp(states.energy) < 1e-9  # the four are equal by symmetry
    np.testing.assert_allclose(np.abs(states.x).min(axis=1), 0.0752130, atol=1e-5)


def test_the_floor_of_a_valley_is_climbed(starts):
    """There the gradient has no other component than that along the mode."""
    states = js.find_transition_states(surface(1e-3, 1.0), starts, key=jax.random.key(0))
    assert states.ok.all()
    np.testing.assert_allclose(states.x, 0.0, atol=1e-4)


@pytest.mark.slow
def test_a_neural_network_of_small_gradients():
    iris = js.systems.iris_mlp(5, 1e-2)
    minima = js.minimise(iris, iris.sample(jax.random.key(0), 64))
    kicks = np.random.default_rng(0).normal(size=minima.x.shape)
    found = js.find_transition_states(iris, minima.x + kicks, key=jax.random.key(1))
    assert found.ok.sum() >= 60
