"""Landscapes with made-up points, and one of a real surface."""

import matplotlib

matplotlib.use("agg")

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js


def _points(x, energy, index, active=0):
    size = len(energy)
    return {
        "x": np.asarray(x, float).reshape(size, -1),
        "energy": np.asarray(energy, float),
        "rms_gradient": np.full(size, 1e-9),
        "index": np.full(size, index),
        "lowest_eigenvalue": np.full(size, 1.0 - 2.0 * index),
        "log_product": np.arange(size, dtype=float),
        "active": np.broadcast_to(active, (size,)),
        "status": np.full(size, int(js.Status.CONVERGED), np.int32),
        "evaluations": np.ones(size, np.int64),
    }


def make_landscape(energies, ts_energies=(), plus=(), minus=(), units=("epsilon", "sigma")):
    """A landscape of one coordinate: minima and transition states with these energies."""
    energies = np.asarray(energies, float)
    plus, minus = np.asarray(plus, int), np.asarray(minus, int)
    surface = js.Surface(lambda x: x[0], dim=1, units=js.Units(*units))
    landscape = js.Landscape(surface)
    places = 10.0 * np.arange(len(energies))
    landscape.add(js.StationaryPoints(**_points(places, energies, 0)))
    count = len(ts_energies)
    if count:
        sides = [
            js.StationaryPoints(**_points(places[side], energies[side], 0))
            for side in (plus, minus)
        ]
        landscape.add(
            js.TransitionStates(
                **_points(1e6 + 10.0 * np.arange(count), ts_energies, 1),
                eigenvector=np.ones((count, 1)),
                plus=sides[0],
                minus=sides[1],
            )
        )
    return landscape


def random_landscape(size, seed, parts=1, extra=1.0):
    """A random funnel of `size` minima in `parts` unconnected parts."""
    rng = np.random.default_rng(seed)
    energies = rng.gamma(4.0, size=size)
    part = np.arange(size) % parts
    plus = np.arange(parts, size)
    # Each is joined to an older one of its own part.
    older = (rng.random(len(plus)) ** 2 * (plus // parts)).astype(int)
    minus = older * parts + part[plus]
    more = rng.integers(size, size=(2, int(extra * size)))
    more = more[:, part[more[0]] == part[more[1]]]
    plus, minus = np.append(plus, more[0]), np.append(minus, more[1])
    states = np.maximum(energies[plus], energies[minus]) + rng.exponential(size=len(plus))
    return make_landscape(energies, states, plus, minus)


@pytest.fixture(scope="session", name="make_landscape")
def _make_landscape():
    return make_landscape


@pytest.fixture(scope="session", name="random_landscape")
def _random_landscape():
    return random_landscape


@pytest.fixture(scope="session")
def mueller_brown():
    """The surface and its landscape of 3 minima and 2 transition states."""
    surface = js.systems.mueller_brown()
    landscape = js.Landscape(surface)
    near = np.array([[-0.82, 0.62], [0.21, 0.29]])
    landscape.add(js.find_transition_states(surface, near, key=jax.random.key(0)))
    assert (len(landscape.minima), len(landscape.transition_states)) == (3, 2)
    return surface, landscape


@pytest.fixture(autouse=True)
def _leave_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before
