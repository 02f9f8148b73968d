"""Random networks, and barriers by brute force."""

import json
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import strategies as st

import jaxscape as js


@st.composite
def networks(draw, max_minima=7, max_states=12):
    """Random networks, with parallel, degenerate and missing connections and equal energies."""
    size = draw(st.integers(1, max_minima))
    count = draw(st.integers(0, max_states))
    level = st.integers(0, 6).map(float)
    energies = draw(st.lists(level, min_size=size, max_size=size))
    ends = st.integers(0, size - 1)
    plus = draw(st.lists(ends, min_size=count, max_size=count))
    minus = draw(st.lists(ends, min_size=count, max_size=count))
    rise = draw(st.lists(st.integers(1, 5).map(float), min_size=count, max_size=count))
    states = [max(energies[a], energies[b]) + r for a, b, r in zip(plus, minus, rise, strict=True)]
    return energies, states, plus, minus


def simple_graph(size, states, plus, minus):
    """The lowest transition state of each pair, as networkx keeps it."""
    graph = nx.Graph()
    graph.add_nodes_from(range(size))
    for energy, a, b in zip(states, plus, minus, strict=True):
        if a != b and energy < graph.get_edge_data(a, b, {"energy": np.inf})["energy"]:
            graph.add_edge(a, b, energy=energy)
    return graph


def brute_force_pass(graph, a, b):
    paths = nx.all_simple_paths(graph, a, b)
    heights = [max(graph.edges[edge]["energy"] for edge in nx.utils.pairwise(p)) for p in paths]
    return min(heights, default=None)


def random_network(size, seed=0):
    """Each minimum is joined to an older one; as many transition states again at random."""
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=size)
    plus = np.concatenate([np.arange(1, size), rng.integers(size, size=size)])
    older = (rng.random(size - 1) * np.arange(1, size)).astype(int)
    minus = np.concatenate([older, rng.integers(size, size=size)])
    states = np.maximum(energies[plus], energies[minus]) + rng.exponential(size=len(plus))
    return energies, states, plus, minus


def _fixture(function):
    return pytest.fixture(scope="session", name=function.__name__)(lambda: function)


_networks, _simple, _brute, _large = map(
    _fixture, (networks, simple_graph, brute_force_pass, random_network)
)


def random_rates(size, seed, spread=3.0, density=0.4):
    """Positive rates between random pairs, with a ring so that every state is reached."""
    rng = np.random.default_rng(seed)
    rates = np.exp(spread * rng.normal(size=(size, size)))
    rates[rng.random((size, size)) > density] = 0.0
    ring = np.arange(size)
    rates[ring, (ring + 1) % size] = np.exp(spread * rng.normal(size=size))
    np.fill_diagonal(rates, 0.0)
    return rates


def random_kinetic_network(size, seed, extra=1.0, scale=1.0):
    """A connected network with frequencies, orders, parallel and degenerate steps."""
    rng = np.random.default_rng(seed)
    energy = scale * rng.normal(size=size)
    more = int(extra * size)
    plus = np.concatenate([np.arange(1, size), rng.integers(size, size=more)])
    older = (rng.random(size - 1) * np.arange(1, size)).astype(int)
    minus = np.concatenate([older, rng.integers(size, size=more)])
    states = np.maximum(energy[plus], energy[minus]) + scale * rng.exponential(size=len(plus))
    return js.KineticNetwork(
        energy, plus, minus, states,
        log_product=rng.normal(20.0, 1.0, size), ts_log_product=rng.normal(17.0, 1.0, len(plus)),
        order=rng.integers(1, 5, size), ts_order=rng.integers(1, 3, len(plus)),
        modes=np.full(size, 6), ts_modes=np.full(len(plus), 5),
        ts_eigenvalue=-rng.exponential(size=len(plus)) - 0.1,
    )  # fmt: skip


_rates, _kinetic = map(_fixture, (random_rates, random_kinetic_network))


@pytest.fixture(scope="session")
def lj_network(lj_networks, kinetics_reference):
    """`lj_network(7)`: the network of a small Lennard-Jones cluster."""

    def make(atoms):
        known = lj_networks["networks"] | {"8": kinetics_reference["lj8"]}
        found = known[str(atoms)]
        minima, states = found["minima"], found["ts"]
        return js.KineticNetwork(
            energy=[m["E"] for m in minima],
            plus=[s["connects"][0] - 1 for s in states],
            minus=[s["connects"][1] - 1 for s in states],
            ts_energy=[s["E"] for s in states],
            log_product=[m["lnprod"] for m in minima],
            ts_log_product=[s["lnprod_pos"] for s in states],
            order=[m["h"] for m in minima],
            ts_order=[s["h"] for s in states],
            modes=[3 * atoms - 6] * len(minima),
            ts_modes=[3 * atoms - 7] * len(states),
            ts_eigenvalue=[s["neg_eig"] for s in states],
        )

    return make


@pytest.fixture(scope="session")
def kinetics_reference():
    """Exact rates, populations and passage times; the file names their sources."""
    path = Path(__file__).parents[1] / "reference" / "kinetics.json"
    return json.loads(path.read_text())


@pytest.fixture(scope="session")
def double_well():
    """`(x^2 - 1)^2 + 2 y^2` with its three stationary points, written down."""
    surface = js.Surface(lambda x: (x[0] ** 2 - 1) ** 2 + 2 * x[1] ** 2, dim=2)

    def points(x, energy, index, lowest, product):
        size = len(x)
        return {
            "x": np.array(x), "energy": np.full(size, energy), "rms_gradient": np.zeros(size),
            "index": np.full(size, index), "lowest_eigenvalue": np.full(size, lowest),
            "log_product": np.full(size, np.log(product)), "active": np.zeros(size, int),
            "status": np.full(size, int(js.Status.CONVERGED), np.int32),
            "evaluations": np.ones(size, int),
        }  # fmt: skip

    left, right = ([[side, 0.0]] for side in (-1.0, 1.0))
    sides = [js.StationaryPoints(**points(x, 0.0, 0, 4.0, 32.0)) for x in (left, right)]
    landscape = js.Landscape(surface)
    landscape.add(
        js.TransitionStates(
            **points([[0.0, 0.0]], 1.0, 1, -4.0, 4.0),
            eigenvector=np.array([[1.0, 0.0]]),
            plus=sides[1],
            minus=sides[0],
        )  # fmt: skip
    )
    return landscape


@pytest.fixture(scope="session")
def lj38():
    """The PATHSAMPLE database of LJ38, where a copy is at hand: network, a and b."""
    folder = Path(os.environ.get("JAXSCAPE_REFERENCE", "nowhere")) / "pathsample-lj38"
    if not folder.is_dir():
        pytest.skip("JAXSCAPE_REFERENCE names no folder with pathsample-lj38")
    minima, states = (np.loadtxt(folder / name) for name in ("min.data", "ts.data"))
    ends = [int((folder / name).read_text().split()[1]) - 1 for name in ("min.A", "min.B")]
    network = js.KineticNetwork(
        minima[:, 0], states[:, 3].astype(int) - 1, states[:, 4].astype(int) - 1, states[:, 0],
        log_product=minima[:, 1], ts_log_product=states[:, 1],
        order=minima[:, 2].astype(int), ts_order=states[:, 2].astype(int),
        modes=np.full(len(minima), 108), ts_modes=np.full(len(states), 107),
    )  # fmt: skip
    return network, *ends
