import time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from jaxscape.analysis import DisconnectivityTree, disconnectivity_tree
from jaxscape.landscape import KineticNetwork, Landscape


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_barrier_agrees_with_all_simple_paths(data, networks, simple_graph, brute_force_pass):
    energies, states, plus, minus = data.draw(networks())
    tree = DisconnectivityTree.from_arrays(energies, states, plus, minus)
    graph = simple_graph(len(energies), states, plus, minus)
    for a in range(len(energies)):
        for b in range(len(energies)):
            expected = energies[a] if a == b else brute_force_pass(graph, a, b)
            if expected is None:
                with pytest.raises(ValueError, match="not connected.*explore longer"):
                    tree.pass_energy(a, b)
                continue
            assert tree.pass_energy(a, b) == expected == tree.pass_energy(b, a)
            assert tree.barrier(a, b) == expected - energies[a]


@settings(max_examples=200, deadline=None)
@given(data=st.data(), level=st.floats(-1.0, 14.0))
def test_groups_at_a_level_are_the_components_below_it(data, level, networks):
    energies, states, plus, minus = data.draw(networks())
    tree = DisconnectivityTree.from_arrays(energies, states, plus, minus)
    (energy,), (groups,) = tree.at_levels([level])
    assert energy == level
    below = [i for i, e in enumerate(energies) if e <= level]
    graph = nx.Graph()
    graph.add_nodes_from(below)
    links = zip(states, plus, minus, strict=True)
    graph.add_edges_from((a, b) for e, a, b in links if e <= level)
    assert [g < 0 for g in groups] == [i not in below for i in range(len(energies))]
    found = {frozenset(np.flatnonzero(groups == g).tolist()) for g in set(groups) - {-1}}
    assert found == {frozenset(part) for part in nx.connected_components(graph)}
    for group in found:
        name = groups[min(group)]
        assert name in group and energies[name] == min(energies[i] for i in group)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_structure_of_the_tree(data, networks):
    energies, states, plus, minus = data.draw(networks())
    minima = data.draw(st.none() | st.sets(st.integers(0, len(energies) - 1)).map(sorted))
    tree = DisconnectivityTree.from_arrays(energies, states, plus, minus, minima=minima)
    whole = DisconnectivityTree.from_arrays(energies, states, plus, minus)
    leaves, merges = len(tree), len(tree.children)
    assert tree.leaf_ids.tolist() == (list(range(len(energies))) if minima is None else minima)
    assert len(tree.roots) == leaves - merges
    assert (np.diff(tree.merge_energies) >= 0).all()
    assert sorted(tree.leaf_order().tolist()) == list(range(leaves))
    below = {leaf: {leaf} for leaf in range(leaves)}
    for k, (left, right) in enumerate(tree.children.tolist()):
        node = leaves + k
        assert tree.parents[left] == tree.parents[right] == node > max(left, right)
        below[node] = below[left] | below[right]
        assert tree.leaf_energies[tree.lowest[left]] <= tree.leaf_energies[tree.lowest[right]]
        assert states[tree.merge_ids[k]] == tree.merge_energies[k]
    position = np.argsort(tree.leaf_order())
    for node, members in below.items():
        assert tree.sizes[node] == len(members) and tree.lowest[node] in members
        assert tree.leaf_energies[tree.lowest[node]] == tree.leaf_energies[list(members)].min()
        # Branches do not cross: leaves of one node stand side by side.
        places = position[list(members)]
        assert places.max() - places.min() == len(members) - 1
    # Leaving out leaves does not change the barriers between the others.
    ids = tree.leaf_ids.tolist()
    for a in ids:
        for b in ids:
            try:
                expected = whole.pass_energy(a, b)
            except ValueError:
                expected = None
            if expected is not None:
                assert tree.pass_energy(a, b) == expected


def test_levels_by_number_end_at_the_highest_merge():
    tree = DisconnectivityTree.from_arrays([0.1, 0.2, 0.3], [0.7, 1.1], [0, 1], [1, 2])
    energies, groups = tree.at_levels(7)
    assert len(energies) == 7 and energies[-1] == 1.1 and (np.diff(energies) > 0).all()
    assert groups[-1].tolist() == [0, 0, 0]
    assert tree.at_levels(1)[1].tolist() == [[0, 0, 0]]
    with pytest.raises(ValueError, match="levels is 0"):
        tree.at_levels(0)
    with pytest.raises(ValueError, match="levels is"):
        tree.at_levels([np.nan])


def test_of_parallel_transition_states_the_lowest_counts():
    tree = DisconnectivityTree.from_arrays([0.0, 0.0], [5.0, 3.0, 1.0], [0, 1, 0], [1, 0, 0])
    assert tree.merge_energies.tolist() == [3.0] and tree.merge_ids.tolist() == [1]


@pytest.mark.parametrize("plus", [[0, 1], [1, 2], [0, 2], [1, 1]])
def test_paths_through_minima_left_out_count(plus):
    """A chain 0 - 1 - 2 whose middle is not shown, with transition states turned both ways."""
    minus = [{0: 1, 1: 0}[plus[0]], {1: 2, 2: 1}[plus[1]]]
    for states in ([3.0, 4.0], [4.0, 3.0]):
        tree = DisconnectivityTree.from_arrays([0.0, 1.0, 2.0], states, plus, minus, minima=[0, 2])
        assert tree.leaf_ids.tolist() == [0, 2] and len(tree.roots) == 1
        assert tree.pass_energy(0, 2) == 4.0


def test_empty_networks():
    tree = disconnectivity_tree(Landscape())
    assert len(tree) == 0 and not len(tree.roots) and not len(tree.leaf_order())
    assert tree.at_levels(3)[1].shape == (0, 0)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([0.0], [1.0], [0, 0], [0]), "transition states"),
        (([[0.0]], [], [], []), "energies have shape"),
        (([0.0, np.nan], [], [], []), "NaN"),
        (([0.0], [np.nan], [0], [0]), "NaN"),
        (([0.0], [1.0], [0], [1]), "join minima 0 to 1, but there are 1"),
        (([0.0], [1.0], [-1], [0]), "join minima -1"),
    ],
)
def test_bad_arrays_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        DisconnectivityTree.from_arrays(*arrays)


def test_unknown_leaves_are_refused():
    with pytest.raises(ValueError, match="ids go from 0 to 1"):
        DisconnectivityTree.from_arrays([0.0, 1.0], [], [], [], minima=[5])
    tree = DisconnectivityTree.from_arrays([0.0, 1.0], [2.0], [0], [1], minima=[1])
    with pytest.raises(ValueError, match="minimum 0 is not a leaf"):
        tree.barrier(0, 1)


def test_a_tree_of_100_000_minima_takes_seconds(random_network):
    network = random_network(100_000)
    start = time.process_time()
    tree = DisconnectivityTree.from_arrays(*network)
    assert len(tree.roots) == 1 and len(tree.children) == 99_999
    tree.at_levels(20)
    tree.barrier(17, 99_000)
    tree.leaf_order()
    assert time.process_time() - start < 10.0


def test_a_chain_is_no_harder():
    """The worst case for union-find and for climbing: a caterpillar."""
    size = 50_000
    numbers = np.arange(size)
    states = 1.0 + numbers[1:]
    for plus, minus in ((numbers[1:], numbers[:-1]), (numbers[:-1], numbers[1:])):
        start = time.process_time()
        tree = DisconnectivityTree.from_arrays(np.zeros(size), states, plus, minus)
        assert tree.barrier(0, size - 1) == states[-1]
        assert len(tree.leaf_order()) == size
        tree.at_levels(5)
        assert time.process_time() - start < 10.0


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_leaves_taken_from_a_tree_keep_their_barriers(data, networks):
    network = data.draw(networks())
    size = len(network[0])
    tree = DisconnectivityTree.from_arrays(*network)
    kept = data.draw(st.lists(st.integers(0, size - 1), unique=True)) if size else []
    taken, grown = tree.only(kept), DisconnectivityTree.from_arrays(*network, minima=kept)
    for field in ("leaf_ids", "leaf_energies", "merge_energies", "sizes", "lowest", "parents"):
        np.testing.assert_array_equal(getattr(taken, field), getattr(grown, field))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_basin_is_what_can_be_reached_below_the_pass(data, networks):
    network = data.draw(networks())
    tree = DisconnectivityTree.from_arrays(*network)
    size = len(tree)
    if size < 2:
        return
    a, b = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    try:
        highest = tree.pass_energy(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="not connected"):
            tree.basin([a, b])
        return
    inside = set(tree.basin([a, b]).tolist())
    assert {a, b} <= inside
    for c in range(size):
        try:
            reached = max(tree.pass_energy(a, c), tree.leaf_energies[c])
        except ValueError:
            reached = np.inf
        # Merges of one energy may come in any order.
        if c in inside:
            assert reached <= highest
        elif c != a:
            assert reached >= highest


def test_leaves_that_do_not_exist():
    tree = DisconnectivityTree.from_arrays([0.0, 1.0], [2.0], [0], [1])
    with pytest.raises(ValueError, match="minimum 7"):
        tree.only([0, 7])
    with pytest.raises(ValueError, match="minimum 7"):
        tree.basin([0, 7])
    with pytest.raises(ValueError, match="empty"):
        tree.basin([])


def test_the_tree_of_a_network_without_points_has_its_ids():
    network = KineticNetwork(
        [0.0, 1.0, 0.5], plus=[2, 0], minus=[1, 2], ts_energy=[3.0, 2.0], ids=[7, 3, 5],
        ts_ids=[40, 30],
    )  # fmt: skip
    tree = disconnectivity_tree(network)
    assert tree.leaf_ids.tolist() == [3, 5, 7]
    assert tree.merge_ids.tolist() == [30, 40]
    assert (tree.barrier(3, 7), tree.barrier(5, 7)) == (2.0, 1.5)
    assert disconnectivity_tree(network, minima=[3, 7]).pass_energy(7, 3) == 3.0
