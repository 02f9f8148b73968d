"""Disconnectivity graphs, judged by the lines drawn."""

import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

import jaxscape as js
from jaxscape import plot
from jaxscape.plot._style import INK


def lines(ax, name):
    (found,) = [c for c in ax.collections if c.get_label() == name]
    return [np.asarray(line) for line in found.get_segments()]


def leaf_ends(ax):
    return np.array([line[-1] for line in lines(ax, "minima")])


def all_segments(ax):
    drawn = lines(ax, "minima") + lines(ax, "branches")
    parts = [np.stack([line[:-1], line[1:]], axis=1) for line in drawn]
    return np.concatenate(parts)


def crossings(segments):
    """Pairs of segments whose insides meet in one point, by orientation tests."""

    def side(a, b, c):
        value = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
        value = value - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
        return np.where(np.abs(value) < 1e-9, 0.0, np.sign(value))

    a, b = segments[:, None, 0], segments[:, None, 1]
    c, d = segments[None, :, 0], segments[None, :, 1]
    apart = side(a, b, c) * side(a, b, d)
    return int(np.sum((apart < 0) & (apart.T < 0))) // 2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("centre", [True, False])
def test_every_minimum_is_drawn_at_its_energy(random_landscape, seed, centre):
    landscape = random_landscape(40, seed, parts=1 + seed % 3)
    ax = plot.disconnectivity(landscape, centre_lowest=centre)
    ends = leaf_ends(ax)
    np.testing.assert_array_equal(ends[:, 1], landscape.minima.energy)
    assert len(np.unique(ends[:, 0])) == 40


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("centre", [True, False])
def test_branches_join_at_the_exact_barriers(random_landscape, seed, centre):
    landscape = random_landscape(30, seed, parts=1 + seed % 3)
    tree = js.disconnectivity_tree(landscape)
    segments = all_segments(plot.disconnectivity(landscape, centre_lowest=centre))
    for energy in tree.merge_energies:
        assert np.sum(np.isclose(segments[:, 0, 1], energy, atol=1e-12)) >= 1
    # Climbing from any two minima along the lines, they meet at the energy of the pass.
    rng = np.random.default_rng(seed)
    for a, b in rng.integers(30, size=(20, 2)):
        try:
            expected = tree.pass_energy(a, b)
        except ValueError:
            expected = np.inf
        assert meeting(segments, leaf_ends_of(segments, landscape, a, b)) == pytest.approx(expected)


def leaf_ends_of(segments, landscape, *ids):
    return [
        next(s[1] for s in segments if s[1, 1] == landscape.minima.energy[minimum])
        for minimum in ids
    ]


def climb(segments, point):
    """The corners of the way up from a point."""
    way = [np.asarray(point)]
    while True:
        below = np.all(np.isclose(segments[:, 1], way[-1], atol=1e-9), axis=1)
        long = np.any(np.abs(segments[:, 0] - segments[:, 1]) > 1e-12, axis=1)
        steps = np.flatnonzero(below & long)
        if not len(steps):
            return way
        way.append(segments[steps[0], 0])


def meeting(segments, points):
    """Energy of the first corner that the ways up from two points share."""
    first, second = (climb(segments, point) for point in points)
    shared = [p for p in first if any(np.allclose(p, q, atol=1e-9) for q in second)]
    return shared[0][1] if shared else np.inf


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("options", [{}, {"centre_lowest": False}, {"levels": 9}])
def test_no_branches_cross(random_landscape, seed, options):
    landscape = random_landscape(60, seed, parts=1 + seed % 4)
    assert crossings(all_segments(plot.disconnectivity(landscape, **options))) == 0


def test_the_crossing_test_sees_crossings():
    cross = np.array([[[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]], [[2.0, 0.0], [2.0, 1.0]]])
    assert crossings(cross) == 1


@pytest.mark.parametrize("seed", range(6))
def test_leaves_of_a_subtree_stand_together(random_landscape, seed):
    landscape = random_landscape(50, seed, parts=1 + seed % 3)
    tree = js.disconnectivity_tree(landscape)
    rank = np.argsort(np.argsort(leaf_ends(plot.disconnectivity(landscape))[:, 0]))
    below = [[leaf] for leaf in range(len(tree))]
    for pair in tree.children:
        below.append(below[pair[0]] + below[pair[1]])
        places = np.sort(rank[below[-1]])
        assert places[-1] - places[0] == len(places) - 1


@pytest.mark.parametrize("seed", range(6))
def test_the_lowest_minimum_is_in_the_middle(random_landscape, seed):
    landscape = random_landscape(51, seed)
    tree = js.disconnectivity_tree(landscape)
    x = leaf_ends(plot.disconnectivity(landscape))[:, 0]
    lowest = landscape.minima.lowest()
    lean = abs(int(np.sum(x < x[lowest])) - int(np.sum(x > x[lowest])))
    # No order that keeps branches whole is sure to do better than the largest of them.
    branches, node = [], lowest
    while tree.parents[node] >= 0:
        parent = tree.parents[node]
        branches.append(tree.sizes[parent] - tree.sizes[node])
        node = parent
    assert lean <= max(branches)
    sorted_x = leaf_ends(plot.disconnectivity(landscape, centre_lowest=False))[:, 0]
    assert sorted_x[lowest] == sorted_x.min()


def test_a_chain_has_as_many_branches_left_as_right(make_landscape):
    landscape = make_landscape(range(21), [50.0 + i for i in range(20)], range(1, 21), [0] * 20)
    x = leaf_ends(plot.disconnectivity(landscape))[:, 0]
    assert np.sum(x < x[0]) == np.sum(x > x[0]) == 10


def test_with_levels_branches_join_at_levels(random_landscape):
    landscape = random_landscape(30, 0)
    levels = np.linspace(2.0, 20.0, 10)
    ax = plot.disconnectivity(landscape, levels=levels)
    top = ax.get_ylim()[1]
    heights = {float(y) for line in lines(ax, "branches") for y in line[:, 1]}
    assert heights <= set(levels) | {top, max(top, 20.0)}
    np.testing.assert_array_equal(leaf_ends(ax)[:, 1], landscape.minima.energy)


def test_unconnected_parts_stand_side_by_side(random_landscape):
    landscape = random_landscape(24, 3, parts=3)
    ax = plot.disconnectivity(landscape)
    x = leaf_ends(ax)[:, 0]
    ranges = sorted((x[list(part)].min(), x[list(part)].max()) for part in landscape.components())
    assert len(ranges) == 3
    assert all(left[1] + 2.0 <= right[0] for left, right in zip(ranges, ranges[1:], strict=False))
    assert ax.get_xlabel() == "24 minima, 3 unconnected parts"


def test_axes_are_labelled(make_landscape):
    two = make_landscape([0.0, 1.0], [2.0], [0], [1])
    ax = plot.disconnectivity(two)
    assert ax.get_ylabel() == "Energy / ε"
    assert ax.get_xlabel() == "2 minima"
    one = plot.disconnectivity(make_landscape([1.0], units=("", "")))
    assert (one.get_ylabel(), one.get_xlabel()) == ("Energy", "1 minimum")
    assert plot.disconnectivity(make_landscape([1.0], units=("loss", ""))).get_ylabel() == "Loss"


def test_it_draws_into_the_axes_given(make_landscape):
    figure, axes = plt.subplots(1, 2)
    assert plot.disconnectivity(make_landscape([0.0, 1.0]), ax=axes[1]) is axes[1]
    assert not axes[0].collections
    assert plt.get_fignums() == [figure.number]


def test_colour_of_each_minimum(random_landscape):
    landscape = random_landscape(12, 0)
    values = np.arange(12.0)
    for colour in (values, "log_product", lambda x: x[0] / 10.0):
        ax = plot.disconnectivity(landscape, colour=colour)
        (leaves,) = [c for c in ax.collections if c.get_label() == "minima"]
        np.testing.assert_allclose(leaves.get_array(), values)
        assert len(ax.figure.axes) == 2
    ax.figure.canvas.draw()
    assert len(np.unique(leaves.get_colors(), axis=0)) == 12
    ax = plot.disconnectivity(landscape, colour=values, max_minima=4)
    (leaves,) = [c for c in ax.collections if c.get_label() == "minima"]
    shown = np.sort(np.argsort(landscape.minima.energy)[:4])
    np.testing.assert_allclose(leaves.get_array(), shown)


def test_labels(random_landscape):
    landscape = random_landscape(12, 0)
    energy = landscape.minima.energy
    assert {t.get_text() for t in plot.disconnectivity(landscape, label="ids").texts} == {
        str(i) for i in range(12)
    }
    three = plot.disconnectivity(landscape, label=3).texts
    assert {t.get_text() for t in three} == {str(i) for i in np.argsort(energy)[:3]}
    named = plot.disconnectivity(landscape, label={5: "cis"}).texts
    assert [t.get_text() for t in named] == ["cis"]
    assert named[0].xy[1] == energy[5]


def test_labels_do_not_overlap(random_landscape):
    ax = plot.disconnectivity(random_landscape(300, 0), label="ids")
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) > 30
    x = np.sort([[box.x0, box.x1] for box in boxes], axis=0)
    assert np.all(x[1:, 0] >= x[:-1, 1] - 1.0)


def test_the_lowest_only(random_landscape):
    landscape = random_landscape(30, 1)
    ax = plot.disconnectivity(landscape, max_minima=7)
    np.testing.assert_array_equal(
        np.sort(leaf_ends(ax)[:, 1]), np.sort(landscape.minima.energy)[:7]
    )
    assert ax.get_xlabel() == "the 7 lowest of 30 minima"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "colour"}, "log_product"),
        ({"colour": [1.0]}, r"\[3\]"),
        ({"colour": lambda x: x}, "not a number"),
        ({"label": "all"}, "'all'"),
        ({"label": {9: "nine"}}, "9"),
        ({"levels": 0}, "at least one"),
        ({"levels": [np.nan]}, "levels"),
        ({"max_minima": 0}, "at least one"),
    ],
)
def test_bad_options(make_landscape, options, message):
    with pytest.raises(ValueError, match=message):
        plot.disconnectivity(make_landscape([0.0, 1.0, 2.0]), **options)
    assert not plt.get_fignums()


def collection(ax, name):
    (found,) = [c for c in ax.collections if c.get_label() == name]
    return found


def test_groups_colour_whole_branches(make_landscape):
    # Two pairs of minima: one pair of one group, one mixed.
    landscape = make_landscape([0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 9.0], [0, 2, 0], [1, 3, 2])
    for options in ({}, {"levels": [4.5, 5.5, 9.5]}):
        groups = {"deep": [0, 1], "a": [2], "b": [3]}
        ax = plot.disconnectivity(landscape, colour=groups, **options)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["deep", "a", "b"]
        ends = collection(ax, "minima").get_colors()
        assert len({tuple(colour) for colour in ends}) == 3
        branches = collection(ax, "branches")
        place = leaf_ends(ax)[:, 0]
        stems = {
            (int(np.argmin(np.abs(place - line[-1, 0]))), float(line[-1, 1])): tuple(colour)
            for line, colour in zip(branches.get_segments(), branches.get_colors(), strict=True)
        }
        deep, mixed, root = ((0, 4.5), (2, 5.5), (0, 9.5)) if options else ((0, 4), (2, 5), (0, 9))
        assert stems[deep] == tuple(ends[0])
        assert stems[mixed] == stems[root] == to_rgba(INK)


def test_numbers_that_are_not_known_are_grey(make_landscape):
    ax = plot.disconnectivity(make_landscape([0.0, 1.0, 2.0]), colour={0: 1.0, 2: 2.0})
    values = collection(ax, "minima").get_array()
    assert values.mask.tolist() == [False, True, False]


def test_a_position_for_every_minimum(random_landscape):
    landscape = random_landscape(30, 0)
    values = np.random.default_rng(1).random(30)
    for position in (values, lambda x: values[int(x[0] / 10)]):
        ax = plot.disconnectivity(landscape, position=position, position_label="Order")
        ends = leaf_ends(ax)
        np.testing.assert_allclose(ends, np.column_stack([values, landscape.minima.energy]))
        assert ax.get_xlabel() == "Order" and len(ax.get_xticks())
    assert plot.disconnectivity(landscape, position="hits").get_xlabel() == "Hits"


def test_the_subgraph_between_two_minima(make_landscape):
    energies, states = [0.0, 1.0, 2.0, 0.5], [3.0, 4.0, 9.0]
    landscape = make_landscape(energies, states, [0, 1, 2], [1, 2, 3])
    ax = plot.disconnectivity(landscape, between=(0, 2))
    assert sorted(leaf_ends(ax)[:, 1]) == [0.0, 1.0, 2.0]
    assert ax.get_xlabel() == "3 of 4 minima"
    ax = plot.disconnectivity(landscape, between=(0, 2), max_minima=2)
    assert sorted(leaf_ends(ax)[:, 1]) == [0.0, 2.0]
    ax = plot.disconnectivity(landscape, minima=[0, 3])
    assert sorted(leaf_ends(ax)[:, 1]) == [0.0, 0.5]
    assert 9.0 in all_segments(ax)[:, 0, 1]


def test_trees_and_networks_without_points(make_landscape):
    network = js.KineticNetwork(
        [0.0, 1.0, 0.5], plus=[2, 0], minus=[1, 2], ts_energy=[3.0, 2.0], ids=[7, 3, 5]
    )
    ax = plot.disconnectivity(network, label="ids", colour=[1.0, 2.0, 3.0])
    assert leaf_ends(ax)[:, 1].tolist() == [1.0, 0.5, 0.0]
    assert collection(ax, "minima").get_array().tolist() == [2.0, 3.0, 1.0]
    assert {text.get_text() for text in ax.texts} == {"3", "5", "7"}
    tree = js.disconnectivity_tree(network)
    ax = plot.disconnectivity(tree, units=js.Units("eV"), energy_name="Free energy")
    assert ax.get_ylabel() == "Free energy / eV"
    # Another tree of the same minima: structures and fields are the landscape's.
    landscape = make_landscape([0.0, 1.0], [2.0], [0], [1])
    free = js.DisconnectivityTree.from_arrays([0.7, 0.1], [3.0], [0], [1])
    ax = plot.disconnectivity(landscape, tree=free, colour="energy", structures=2)
    assert leaf_ends(ax)[:, 1].tolist() == [0.7, 0.1]
    assert collection(ax, "minima").get_array().tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"structures": -1}, "structures is -1"),
        ({"structures": [9]}, "9"),
        ({"structures": [0.5]}, "how many"),
        ({"draw": print}, "structures="),
        ({"structures": 1, "draw": "balls"}, "draw is 'balls'"),
        ({"position": [1.0, np.nan, 2.0]}, "position of minimum 1"),
        ({"position": "left"}, "position is 'left'"),
        ({"between": (0, 1)}, "not connected"),
        ({"between": (0, 0)}, "two minima"),
        ({"minima": []}, "empty"),
        ({"minima": [5]}, "no minimum 5"),
        ({"tree": js.DisconnectivityTree.from_arrays([0.0] * 4, [], [], [])}, "no minimum 3"),
    ],
)
def test_more_bad_options(make_landscape, options, message):
    with pytest.raises(ValueError, match=message):
        plot.disconnectivity(make_landscape([0.0, 1.0, 2.0]), **options)
    assert not plt.get_fignums()


def test_structures_need_points():
    network = js.KineticNetwork([0.0], [], [], [])
    with pytest.raises(ValueError, match="Landscape"):
        plot.disconnectivity(network, structures=1)
    with pytest.raises(ValueError, match="int"):
        plot.disconnectivity(3)


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="no minima"):
        plot.disconnectivity(js.Landscape())


def test_thirty_thousand_transition_states_in_seconds(tmp_path):
    rng = np.random.default_rng(0)
    size = 10_000
    energy = rng.gamma(4.0, size=size)
    plus = np.append(np.arange(1, size), rng.integers(size, size=20_001))
    minus = np.append((rng.random(size - 1) ** 2 * np.arange(1, size)).astype(int), plus[:20_001])
    barriers = np.maximum(energy[plus], energy[minus]) + rng.exponential(size=30_000)
    network = js.KineticNetwork(energy, plus=plus, minus=minus, ts_energy=barriers)
    started = time.process_time()
    ax = plot.disconnectivity(network, label=10, colour="energy")
    ax.figure.savefig(tmp_path / "large.png")
    # One second on an idle core.
    assert time.process_time() - started < 10.0
    assert len(leaf_ends(ax)) == size
