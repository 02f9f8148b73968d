import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from jaxscape.analysis import barrier, lowest_path
from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.search.results import StationaryPoints, TransitionStates


def landscape_of(energies, states, plus, minus):
    """A landscape of one coordinate, in which ids follow the order of the arrays."""
    energies, states = np.asarray(energies, float), np.asarray(states, float)
    plus, minus = np.asarray(plus, int), np.asarray(minus, int)

    def points(x, energy, index):
        zeros = np.zeros(len(x))
        return dict(
            x=x[:, None], energy=energy, rms_gradient=zeros, index=zeros.astype(int) + index,
            lowest_eigenvalue=zeros, log_product=zeros, active=zeros.astype(int),
            status=zeros.astype(int) + 1, evaluations=zeros.astype(int),
        )  # fmt: skip

    landscape = Landscape()
    x = np.arange(len(energies), dtype=float)
    minima = StationaryPoints(**points(x, energies, 0))
    landscape.add(minima)
    here = 1e4 + np.arange(len(states)) * 10.0
    landscape.add(
        TransitionStates(
            **points(here, states, 1),
            eigenvector=np.ones((len(states), 1)),
            plus=minima.take(plus),
            minus=minima.take(minus),
        )
    )
    assert landscape.transition_states.plus.tolist() == plus.tolist()
    return landscape


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_lowest_paths_agree_with_all_simple_paths(data, networks, simple_graph, brute_force_pass):
    network = energies, states, plus, minus = data.draw(networks(max_minima=6, max_states=10))
    landscape = landscape_of(*network)
    graph = simple_graph(len(energies), states, plus, minus)
    floor = min(energies)
    for a in range(len(energies)):
        for b in range(len(energies)):
            highest = energies[a] if a == b else brute_force_pass(graph, a, b)
            if highest is None:
                with pytest.raises(ValueError, match="not connected.*explore longer"):
                    barrier(landscape, a, b)
                with pytest.raises(ValueError, match="not connected.*explore longer"):
                    lowest_path(landscape, a, b)
                continue
            path = lowest_path(landscape, a, b)
            assert barrier(landscape, a, b) == path.barrier == highest - energies[a]
            assert path.highest == highest and path.reverse_barrier == highest - energies[b]
            check_is_path(path, landscape, a, b)
            costs = []
            for other in nx.all_simple_paths(graph, a, b):
                heights = [graph.edges[edge]["energy"] for edge in nx.utils.pairwise(other)]
                if max(heights, default=highest) <= highest:
                    costs.append((sum(height - floor for height in heights), len(heights)))
            assert (float(np.sum(path.energies[1::2] - floor)), len(path)) == min(costs)


def check_is_path(path, landscape, a, b):
    states = landscape.transition_states
    assert path.minima[0] == a and path.minima[-1] == b
    assert len(path.minima) == len(path) + 1
    for step, state in enumerate(path.transition_states):
        ends = {int(states.plus[state]), int(states.minus[state])}
        assert ends == {int(path.minima[step]), int(path.minima[step + 1])}
    np.testing.assert_array_equal(path.energies[0::2], landscape.minima.energy[path.minima])
    np.testing.assert_array_equal(path.energies[1::2], states.energy[path.transition_states])


def test_a_path_by_hand():
    """Two ways over the same highest pass: the one with the lower rest; of pairs the lower."""
    landscape = landscape_of(
        [0.0, 1.0, 0.5, 0.2, 0.1],
        [9.0, 4.0, 3.0, 2.0, 4.0, 2.5, 2.2],
        [0, 0, 1, 1, 0, 2, 2],
        [3, 1, 3, 3, 2, 3, 2],
    )
    path = lowest_path(landscape, 0, 3)
    assert path.minima.tolist() == [0, 1, 3] and path.transition_states.tolist() == [1, 3]
    assert path.energies.tolist() == [0.0, 4.0, 1.0, 2.0, 0.2]
    assert barrier(landscape, 0, 3) == 4.0 and barrier(landscape, 3, 0) == 3.8
    assert lowest_path(landscape, 2, 2).barrier == 0.0
    with pytest.raises(ValueError, match="minima 0 and 4 are not connected"):
        barrier(landscape, 0, 4)


def test_answers_follow_the_landscape_as_it_grows():
    landscape = landscape_of([0.0, 1.0], [5.0], [0], [1])
    assert barrier(landscape, 0, 1) == 5.0
    lower = landscape_of([0.0, 1.0], [9.0, 3.0], [0, 0], [1, 1])
    states = lower.transition_states
    points = dict(
        x=states.x[1:], energy=states.energy[1:], rms_gradient=np.zeros(1), index=np.ones(1, int),
        lowest_eigenvalue=-np.ones(1), log_product=np.zeros(1), active=np.zeros(1, int),
        status=np.ones(1, int), evaluations=np.zeros(1, int),
    )  # fmt: skip
    side = [
        StationaryPoints(**(points | {"x": lower.minima.x[[i]], "energy": lower.minima.energy[[i]],
                                      "index": np.zeros(1, int)}))
        for i in range(2)
    ]  # fmt: skip
    landscape.add(
        TransitionStates(**points, eigenvector=np.ones((1, 1)), plus=side[0], minus=side[1])
    )
    assert barrier(landscape, 0, 1) == 3.0
    assert lowest_path(landscape, 0, 1).transition_states.tolist() == [1]


@pytest.mark.parametrize("bad", [7, -1, 0.0, "a", True, None])
def test_unknown_ids_are_refused(bad):
    landscape = landscape_of([0.0, 1.0], [5.0], [0], [1])
    for function in (barrier, lowest_path):
        with pytest.raises(ValueError, match="there is no minimum|is not an id"):
            function(landscape, 0, bad)


@pytest.mark.parametrize("seed", [0, 1])
def test_large_networks(seed, random_network):
    landscape = landscape_of(*random_network(3000, seed))
    rng = np.random.default_rng(seed)
    for a, b in rng.integers(3000, size=(20, 2)):
        path = lowest_path(landscape, a, b)
        check_is_path(path, landscape, a, b)
        assert path.barrier == barrier(landscape, a, b)
        assert path.highest == lowest_path(landscape, b, a).highest


@pytest.mark.parametrize("seed", range(3))
def test_networks_without_points_have_the_same_paths(seed, random_network):
    energies, states, plus, minus = random_network(40, seed)
    landscape = landscape_of(energies, states, plus, minus)
    names, state_names = (np.random.default_rng(seed).permutation(500)[:n] for n in (40, len(plus)))
    network = KineticNetwork(energies, plus, minus, states, ids=names, ts_ids=state_names)
    for a, b in np.random.default_rng(seed).integers(40, size=(30, 2)):
        path, expected = lowest_path(network, names[a], names[b]), lowest_path(landscape, a, b)
        np.testing.assert_array_equal(path.minima, names[expected.minima])
        np.testing.assert_array_equal(
            path.transition_states, state_names[expected.transition_states]
        )
        np.testing.assert_array_equal(path.energies, expected.energies)
        assert barrier(network, names[a], names[b]) == path.barrier
    with pytest.raises(ValueError, match="no minimum 500 among 40"):
        lowest_path(network, names[0], 500)
    apart = KineticNetwork([0.0, 1.0], [], [], [], ids=[7, 3])
    with pytest.raises(ValueError, match="minima 3 and 7 are not connected"):
        barrier(apart, 3, 7)
