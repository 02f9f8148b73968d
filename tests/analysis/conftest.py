"""Random networks, and barriers by brute force."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import strategies as st


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
