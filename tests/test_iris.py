"""Networks on the irises: two seeds find the same low minima and barriers."""

import jax
import numpy as np
import pytest

import jaxscape as js


def connected(surface, network):
    """Passes close to a minimum, which searches uphill step over, are found by bands."""
    if len(network.components()) == 1:
        return network
    strategy = js.strategies.ConnectUnconnected()
    key = jax.random.key(1)
    return js.explore(surface, landscape=network, key=key, strategy=strategy, progress=False)


def agree(surface, starts, searches):
    """Two explorations from other starts: the same low minima, and the same barriers."""
    networks = [
        js.explore(
            surface,
            surface.sample(jax.random.key(seed), starts),
            key=jax.random.key(100 + seed),
            searches=searches,
            progress=False,
        )
        for seed in (0, 1)
    ]
    networks = [connected(surface, network) for network in networks]
    top = max(n.transition_states.energy.max() for n in networks)
    low = min(n.minima.energy.min() for n in networks)
    tables = []
    for network in networks:
        assert network.minima.certified.all() and network.transition_states.certified.all()
        energy = network.minima.energy
        ids = np.flatnonzero(energy <= low + 0.1 * (top - low))
        ids = ids[np.argsort(energy[ids])]
        tables.append((energy[ids], [js.barrier(network, int(i), int(ids[0])) for i in ids[1:]]))
    for first, second in zip(*tables, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)
    return networks[0]


@pytest.mark.long
@pytest.mark.parametrize(
    "hidden, l2", [(3, 1e-1), (3, 1e-2), (3, 1e-3), (5, 1e-2), (10, 1e-1), (10, 1e-2)]
)
def test_irises(hidden, l2):
    network = agree(js.systems.iris_mlp(hidden, l2), 256, 512 if l2 < 0.1 else 256)
    assert len(network.components()) == 1
