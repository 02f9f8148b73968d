"""Networks explored once, and how to compare two of them."""

import jax
import numpy as np
import pytest

import jaxscape as js


@pytest.fixture(scope="session")
def camel_network(camel):
    return js.explore(camel, key=jax.random.key(0), progress=False)


@pytest.fixture(scope="session")
def lj7_network(lj7, lj7_starts):
    return js.explore(lj7, lj7_starts, key=jax.random.key(0), progress=False)


def _identical(a, b):
    return all(
        np.array_equal(view_a.columns()[name], view_b.columns()[name])
        for view_a, view_b in ((a.minima, b.minima), (a.transition_states, b.transition_states))
        for name in view_a.columns()
    )


@pytest.fixture(scope="session")
def identical():
    """Whether two networks agree in every bit of every column."""
    return _identical


@pytest.fixture
def partly_connected(camel, camel_network):
    """All six minima, but of the transition states only the one of lowest energy."""
    network = js.Landscape(camel)
    minima = js.minimise(camel, np.resize(camel_network.minima.x, (100, 2)))
    network.add(minima)
    saddles = np.resize(camel_network.transition_states.x, (100, 2))
    modes = np.resize(camel_network.transition_states.eigenvector, (100, 2))
    states = js.find_transition_states(camel, saddles, key=jax.random.key(0), modes=modes)
    network.add(states.take([int(np.nanargmin(np.where(states.ok, states.energy, np.nan)))]))
    assert len(network.components()) == 5
    return network
