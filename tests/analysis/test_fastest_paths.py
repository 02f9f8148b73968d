"""Fastest paths against all simple paths."""

import networkx as nx
import numpy as np
import pytest

import jaxscape as js


@pytest.mark.parametrize("seed", range(20))
def test_against_all_simple_paths(seed, random_kinetic_network):
    matrix = js.rate_matrix(random_kinetic_network(8, seed), 0.5)
    a, b = [0, 1], [2, 3]
    rates = matrix.matrix().toarray()
    branching = rates / rates.sum(axis=1, keepdims=True)
    graph = nx.from_numpy_array(rates, create_using=nx.DiGraph)
    start = np.exp(matrix.log_population[a])
    start /= start.sum()
    every = {}
    for i, source in enumerate(a):
        for target in b:
            for way in nx.all_simple_paths(graph, source, target):
                if not set(way[1:]) & set(a) and not set(way[:-1]) & set(b):
                    share = np.prod(branching[way[:-1], way[1:]])
                    every[tuple(way)] = start[i] * rates[source].sum() * share, share
    best = sorted(every, key=lambda way: -every[way][0])
    found = js.fastest_paths(matrix, a, b, number=len(every) + 3)
    assert len(found) == len(every)
    for path, way in zip(found, best, strict=True):
        assert path.log_rate == pytest.approx(np.log(every[way][0]), abs=1e-9)
        share = every[tuple(path.minima)][1]
        assert path.log_probability == pytest.approx(np.log(share), abs=1e-9)
    (one,) = js.fastest_paths(matrix, a, b)
    assert one.minima.tolist() == found[0].minima.tolist()
    # Paths without returns are part of all paths.
    total = js.rates(matrix, a, b).forward.steady_state
    assert sum(np.exp(path.log_rate) for path in found) <= total * (1 + 1e-9)


def test_transition_states_of_the_path(lj_network):
    network = lj_network(8)
    for path in js.fastest_paths(network, 4, 0, 0.1, number=4):
        for state, ends in zip(path.transition_states, nx.utils.pairwise(path.minima), strict=True):
            assert {network.plus[state], network.minus[state]} == set(ends)
        assert 0 < path.probability <= 1 and len(path) == len(path.minima) - 1


def test_certain_steps():
    chain = np.diag(np.ones(2), 1) + np.diag([1.0, 0.0], -1)
    chain[2, 1] = 1.0
    (path,) = js.fastest_paths(chain, 0, 2)
    assert path.minima.tolist() == [0, 1, 2] and path.probability == pytest.approx(0.5)
    assert js.fastest_paths(chain, 0, 1)[0].probability == 1.0
    with pytest.raises(ValueError, match="number is 0"):
        js.fastest_paths(chain, 0, 2, number=0)


def test_lj38_from_pathsample_files(lj38):
    """The fastest path of a double funnel is found, and carries a fair share of the flux."""
    network, a, b = lj38
    (path,) = js.fastest_paths(network, a, b, 0.12)
    assert path.minima[0] == a and path.minima[-1] == b
    total = js.rates(network, a, b, 0.12).forward.log_steady_state
    assert path.log_rate < total
