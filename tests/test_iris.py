"""Networks on the irises: two seeds find the same low minima and barriers."""

import jax
import numpy as np
import pytest

import jaxscape as js

CAREFUL = js.HybridEigenvectorFollowing(max_step=0.01, max_uphill=0.003, mode_products=30)


def connected(surface, network):
    """Passes next to a minimum, which searches uphill step over, take short steps."""
    along_modes = js.strategies.SingleEnded(softest=12)
    for seed in range(3):
        if len(network.components()) > 1:
            js.explore(
                surface,
                landscape=network,
                key=jax.random.key(seed),
                searches=256,
                strategy=along_modes,
                method=CAREFUL,
                progress=False,
            )
    return network


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
    ("hidden", "l2"),
    [
        (3, 0.1),
        (3, 0.01),
        (3, 1e-3),
        (5, 0.01),
        (5, 1e-3),
        (9, 1e-3),
        (10, 0.1),
        (10, 0.01),
        (10, 1e-3),
    ],
)
def test_irises(hidden, l2):
    network = agree(js.systems.iris_mlp(hidden, l2), 256, 512 if l2 < 0.1 else 256)
    assert len(network.components()) == 1
