"""Batches of made-up search results."""

import numpy as np
import pytest

from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.search.status import Status


def stationary(x, energy=None, index=0, status=Status.CONVERGED, active=0):
    x = np.asarray(x)
    size = len(x)
    energy = np.sum(x, axis=1) if energy is None else energy
    return StationaryPoints(
        x=x,
        energy=np.broadcast_to(np.asarray(energy, x.dtype), (size,)),
        rms_gradient=np.full(size, 1e-9),
        index=np.broadcast_to(index, (size,)),
        lowest_eigenvalue=np.full(size, -1.0 if np.all(np.equal(index, 1)) else 1.0),
        log_product=np.full(size, 2.5),
        active=np.broadcast_to(active, (size,)),
        status=np.broadcast_to(np.asarray(status, np.int32), (size,)),
        evaluations=np.full(size, 10),
    )


def transition_states(x, plus, minus, energy=None, **options):
    own = stationary(x, energy, **({"index": 1} | options))
    fields = {name: getattr(own, name) for name in own.__dataclass_fields__}
    vector = np.zeros_like(np.asarray(x))
    vector[:, 0] = 1.0
    return TransitionStates(
        **fields,
        eigenvector=vector,
        plus=plus if isinstance(plus, StationaryPoints) else stationary(plus),
        minus=minus if isinstance(minus, StationaryPoints) else stationary(minus),
    )


@pytest.fixture(scope="session")
def minima_of():
    return stationary


@pytest.fixture(scope="session")
def states_of():
    return transition_states
