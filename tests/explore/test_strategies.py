"""Which pairs a strategy names, on networks of points in a plane."""

import json
import os
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxscape as js
from jaxscape.explore.strategies._distances import Distances

S = js.strategies
QUIET = dict(progress=False)


def network_of(points, energy, links=(), heights=(), surface=None):
    """Minima at points `[M, 2]`; transition states between rows, at these energies."""
    points = np.asarray(points, float)
    surface = surface or js.Surface(lambda x: x @ x, dim=2)
    known = dict(log_product=np.zeros(len(points)), rms_gradient=np.zeros(len(points)))
    minima = dict(x=points, energy=energy, order=np.ones(len(points), int), **known)
    if not links:
        return js.Landscape.from_points(minima, surface=surface)
    ends = np.array(links)
    states = dict(
        x=points[ends].mean(axis=1),
        energy=heights,
        plus=ends[:, 0],
        minus=ends[:, 1],
        order=np.ones(len(ends), int),
        log_product=np.zeros(len(ends)),
        lowest_eigenvalue=-np.ones(len(ends)),
    )
    return js.Landscape.from_points(minima, states, surface=surface)


def tried(network, *pairs):
    for a, b in pairs:
        network.record_attempts("double_ended", [a], [b], ["no maximum"], [1])


def pairs(strategy, network, room=16):
    return strategy.pairs(network, room, Distances(network))


@pytest.fixture
def stairs():
    """Five minima on a line; 0 and 4 are the ends."""
    return network_of([[i, 0.0] for i in range(5)], [0.0, 1.0, 1.0, 1.0, 0.0])


def test_missing_links_prefer_many_short_steps(stairs):
    assert pairs(S.MissingLinks(0, 4), stairs) == [(3, 4), (2, 3), (1, 2), (0, 1)]


def test_missing_links_leave_out_what_is_known():
    line = [[i, 0.0] for i in range(5)]
    network = network_of(line, [0.0] * 5, [(1, 2), (2, 3)], [1.0, 1.0])
    assert sorted(pairs(S.MissingLinks(0, 4), network)) == [(0, 1), (3, 4)]
    # Known steps cost nothing, however long.
    far = network_of([[0, 0], [1, 0], [50, 0], [51, 0]], [0.0] * 4, [(1, 2)], [1.0])
    assert sorted(pairs(S.MissingLinks(0, 3), far)) == [(0, 1), (2, 3)]


def test_failed_tries_cost_more_and_then_bar_the_way(stairs):
    # (0, 1) would cost 1, then 10: the way past it, 0-2, costs 4.
    tried(stairs, (0, 1))
    assert (0, 2) in pairs(S.MissingLinks(0, 4), stairs)
    two = network_of([[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0])
    for _ in range(3):
        assert pairs(S.MissingLinks(0, 1), two) == [(0, 1)]
        tried(two, (0, 1))
    assert pairs(S.MissingLinks(0, 1), two) == []


def test_missing_links_agree_with_networkx():
    import networkx as nx

    rng = np.random.default_rng(0)
    for _ in range(20):
        x = rng.normal(size=(12, 2))
        links = [tuple(int(i) for i in rng.choice(12, 2, replace=False)) for _ in range(3)]
        network = network_of(x, np.zeros(12), links, np.ones(3))
        graph = nx.Graph()
        for i in range(12):
            for j in range(i):
                known = (i, j) in links or (j, i) in links
                graph.add_edge(i, j, weight=0.0 if known else np.sum((x[i] - x[j]) ** 2))
        best = nx.dijkstra_path_length(graph, 0, 11)
        found = pairs(S.MissingLinks(0, 11, links=16), network)
        assert np.isclose(sum(np.sum((x[i] - x[j]) ** 2) for i, j in found), best)


def test_sets_of_minima_are_ends(stairs):
    assert pairs(S.MissingLinks((0, 1), (4,)), stairs)
    joined = network_of(np.eye(2), [0.0, 0.0], [(0, 1)], [1.0])
    assert pairs(S.MissingLinks(0, 1), joined) == []


@pytest.fixture
def arch():
    """A path 0-1-2-3-4 bent round; the highest transition state lies between 2 and 3."""
    points = [[0.0, 0.0], [0.0, 2.0], [1.0, 3.0], [2.0, 2.0], [2.0, 0.0]]
    links = [(0, 1), (1, 2), (2, 3), (3, 4)]
    return network_of(points, [0.0, 0.5, 0.6, 0.5, 0.1], links, [1.0, 1.1, 3.0, 0.9])


def test_shortcuts_are_far_along_the_path_and_near_in_space(arch):
    assert pairs(S.Shortcut(0, 4, separation=3), arch) == [(0, 4), (0, 3), (1, 4)]
    assert pairs(S.Shortcut(0, 4, separation=2), arch, 1) == [(0, 4)]
    tried(arch, (0, 4))
    assert pairs(S.Shortcut(0, 4, separation=3), arch) == [(0, 3), (1, 4)]


def test_barrier_shortcuts_bridge_the_highest_transition_state(arch):
    found = pairs(S.ShortcutBarrier(0, 4, reach=2, barriers=1), arch)
    assert set(found) == {(1, 3), (1, 4), (2, 4)}
    distance = Distances(arch)
    assert [distance.exact(*p) for p in found] == sorted(distance.exact(*p) for p in found)


def test_rate_shortcuts_bridge_the_slowest_step(arch):
    # At this temperature the path is what it was; the slowest step is the highest climb.
    found = pairs(S.ShortcutRate(0, 4, temperature=0.2, reach=2, steps=1), arch)
    assert set(found) == {(1, 3), (1, 4), (2, 4)}
    # Backwards, the slowest step is the same, between 3 and 2.
    assert set(pairs(S.ShortcutRate(4, 0, 0.2, reach=2, steps=1), arch)) == set(found)


def test_untrap_takes_the_deepest_trap_first():
    # 1 lies behind a high barrier, 2 behind a low one; both at the same energy.
    points = [[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [2.5, 0.0]]
    network = network_of(points, [0.0, 0.5, 0.5, 1.0], [(0, 1), (0, 2), (0, 3)], [4.0, 0.7, 1.2])
    # Of what is beyond the barrier, 3 is nearest to 1.
    assert pairs(S.Untrap(0), network, 1) == [(1, 3)]
    tried(network, (1, 3))
    assert pairs(S.Untrap(0), network, 1) == [(1, 2)]
    tried(network, (1, 2))
    # Nothing else is new beyond it: the next trap takes its turn.
    assert all(1 not in ends for ends in pairs(S.Untrap(0), network))


def test_untrap_leaves_out_partners_that_lie_too_high():
    points = [[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [2.5, 0.0]]
    network = network_of(points, [0.0, 0.5, 0.5, 1.0], [(0, 1), (0, 2), (0, 3)], [4.0, 0.7, 1.2])
    assert pairs(S.Untrap(0, rise=0.6), network, 1) == [(1, 3)]
    assert pairs(S.Untrap(0, rise=0.4), network, 1) == [(1, 2)]


def test_free_energy_pairs_join_groups():
    # 1 and 2 interchange fast and are one trap; 2 is nearer to the products.
    points = [[0.0, 0.0], [3.0, 0.0], [2.0, 0.0], [0.0, 1.5]]
    network = network_of(points, [0.0, 0.5, 0.55, 1.0], [(1, 2), (0, 1), (0, 3)], [0.6, 4.0, 1.5])
    found = pairs(S.FreeEnergyPairs(0, temperature=0.1, barrier=0.2), network, 1)
    assert found == [(0, 2)]
    for _ in range(3):
        tried(network, (0, 2))
    assert all(not {1, 2} & set(p) for p in pairs(S.FreeEnergyPairs(0, 0.1, 0.2), network))


def test_unconnected_minima_go_to_the_nearest_connected_one():
    points = [[0.0, 0.0], [1.0, 0.0], [1.5, 0.0], [9.0, 0.0]]
    network = network_of(points, [0.0, 0.2, 0.3, 0.1], [(0, 1)], [1.0])
    # The lowest comes first; each goes to its nearest in the connected part.
    assert pairs(S.ConnectUnconnected(), network) == [(1, 3), (1, 2)]
    assert pairs(S.ConnectUnconnected(below=0.15), network) == [(1, 3)]
    tried(network, (1, 2))
    assert pairs(S.ConnectUnconnected(reference=0), network) == [(1, 3), (0, 2)]
    assert pairs(S.ConnectUnconnected(tries=1), network) == [(1, 3)]


def test_region_tries_all_near_pairs_without_a_transition_state():
    points = [[0.0, 0.0], [1.0, 0.0], [2.5, 0.0], [9.0, 0.0]]
    network = network_of(points, [0.0] * 4, [(0, 1)], [1.0])
    assert pairs(S.ConnectRegion(longest=3.0), network) == [(1, 2), (0, 2)]
    assert pairs(S.ConnectRegion((0, 3)), network) == [(0, 3)]
    tried(network, (1, 2), (0, 2))
    assert pairs(S.ConnectRegion(longest=3.0), network) == []


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (S.MissingLinks(0, 9), "names minimum 9"),
        (S.MissingLinks((), 1), "a is empty"),
        (S.MissingLinks(1, (1, 2)), "overlap in minimum 1"),
        (S.MissingLinks(0.5, 1), "ids of minima are integers"),
        (S.Shortcut(0, 4), "not connected yet"),
        (S.Untrap(9), "names minimum 9"),
        (S.ConnectUnconnected(9), "names minimum 9"),
        (S.ConnectRegion((9,)), "names minimum 9"),
    ],
)
def test_ends_that_do_not_exist(stairs, strategy, message):
    with pytest.raises(ValueError, match=message):
        pairs(strategy, stairs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: S.MissingLinks(0, 1, tries=0), "tries is 0"),
        (lambda: S.MissingLinks(0, 1, power=0.0), "power is 0.0"),
        (lambda: S.Shortcut(0, 1, separation=0), "separation is 0"),
        (lambda: S.ShortcutBarrier(0, 1, reach=1.5), "reach is 1.5"),
        (lambda: S.ConnectRegion(longest=-1.0), "longest is -1.0"),
        (lambda: S.Untrap(0, rise=0.0), "rise is 0.0"),
        (lambda: S.RateConverged(0, 1, 0.1, change=0.0), "change is 0.0"),
        (lambda: S.RateConverged(0, 1, -0.1), "temperature is -0.1: give kT"),
        (lambda: S.ShortcutRate(0, 1, 0.0), "temperature is 0.0: give kT"),
        (lambda: S.Shortcut(0, 1, np.nan), "temperature is nan: give kT"),
        (lambda: S.FreeEnergyPairs(0, "warm", 0.1), "temperature is 'warm': give kT"),
        (lambda: S.FreeEnergyPairs(0, 0.1, 0.0), "barrier is 0.0; it must be a positive energy"),
        (lambda: js.explore(lambda x: x @ x, np.ones((1, 2)), key=jax.random.key(0), strategy="x"),
         "strategy is 'x'"),
        (lambda: js.explore(lambda x: x @ x, np.ones((1, 2)), key=jax.random.key(0), until=3),
         "until is 3"),
    ],
)  # fmt: skip
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def lj38_example(x, surface=None):
    """Energies and connections of the published example, at points `x` `[12, dim]`."""
    path = Path(__file__).parents[1] / "reference" / "lj38_example.json"
    known = json.loads(path.read_text())
    minima, states = (np.array(known[name]["points"]) for name in ("minima", "states"))
    ends = states[:, 3:].astype(int).tolist()
    return network_of(x, minima[:, 0], ends, states[:, 0], surface)


def test_untrap_ranks_minima_as_pathsample_does():
    """Keyword UNTRAP on the twelve minima of LJ38/04; its output is in LJ38/05."""
    x = np.random.default_rng(1).normal(size=(12, 2))
    chosen = pairs(S.Untrap(1), lj38_example(x))
    # Printed there: also 0, which one transition state joins to the product already.
    printed = [7, 9, 5, 8, 6, 11, 2, 10, 4, 3]
    assert len(chosen) == len(printed)
    assert all(trap in ends for trap, ends in zip(printed, chosen, strict=True))


def test_untrap_pairs_minima_as_pathsample_does():
    """The same with the points of the files: one partner higher than 3 is out of reach there."""
    folder = Path(os.environ.get("JAXSCAPE_REFERENCE", "nowhere")) / "pathsample-lj38"
    if not folder.is_dir():
        pytest.skip("JAXSCAPE_REFERENCE names no folder with pathsample-lj38")
    network = lj38_example(js.io.read(folder).minima.x[:12], js.systems.lennard_jones(38))
    printed = [(7, 1), (9, 1), (5, 3), (8, 3), (6, 8), (11, 3), (2, 0), (10, 3), (4, 10), (3, 1)]
    assert pairs(S.Untrap(1, rise=3.0), network) == [tuple(sorted(ends)) for ends in printed]
