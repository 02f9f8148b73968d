"""Drawings of the network."""

import time

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot
from jaxscape.plot._graph_layout import positions


def named(ax, name):
    (found,) = [c for c in ax.collections if c.get_label() == name]
    return found


@pytest.fixture
def small(make_landscape):
    """Two connections between 0 and 1, one of 1 and 2, one of 2 with itself, and a lone 3."""
    return make_landscape([0.0, 1.0, 2.0, 3.0], [5.0, 4.0, 6.0, 7.0], [0, 1, 1, 2], [1, 0, 2, 2])


def test_every_minimum_and_transition_state_is_drawn(small):
    ax = plot.network(small)
    nodes, edges = named(ax, "minima"), named(ax, "transition states")
    np.testing.assert_array_equal(nodes.get_array(), small.minima.energy)
    places = nodes.get_offsets()
    # Barriers above the higher side; the lowest is drawn last, on top.
    np.testing.assert_array_equal(edges.get_array(), [5.0, 4.0, 4.0, 3.0])
    for path, value in zip(edges.get_segments(), edges.get_array(), strict=True):
        ends = {5.0: [(2, 2)], 4.0: [(0, 1), (1, 2)], 3.0: [(0, 1)]}[float(value)]
        assert any(
            np.allclose(path[0], places[a]) and np.allclose(path[-1], places[b]) for a, b in ends
        )
    assert len({path.tobytes() for path in map(np.asarray, edges.get_segments())}) == 4
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3"]


def test_one_line_a_pair_where_there_are_many(small):
    edges = named(plot.network(small, parallel=False), "transition states")
    np.testing.assert_array_equal(np.sort(edges.get_array()), [3.0, 4.0])
    widths = dict(zip(edges.get_array(), edges.get_linewidths(), strict=True))
    assert widths[3.0] > widths[4.0]


def test_the_same_seed_gives_the_same_picture(random_landscape):
    large = random_landscape(200, 0, parts=2)
    first, again, other = (
        np.asarray(named(plot.network(large, seed=s), "minima").get_offsets()) for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("size", [1, 2, 3, 60, 150])
def test_nodes_stand_apart(random_landscape, size):
    states = random_landscape(size, 1, parts=min(size, 3)).transition_states
    places = positions(size, np.column_stack([states.plus, states.minus]), 0)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2) + 10.0 * np.eye(size)
    assert np.isfinite(places).all() and distance.min() > 0.01


def test_labels_of_scales(small, make_landscape):
    names = [ax.get_ylabel() for ax in plot.network(small).figure.axes[1:]]
    assert sorted(names) == ["Barrier from the higher minimum / ε", "Energy / ε"]
    lone = plot.network(make_landscape([1.0]))
    assert [ax.get_ylabel() for ax in lone.figure.axes[1:]] == ["Energy / ε"]


def test_axes_and_errors(small):
    own = plt.subplots()[1]
    assert plot.network(small, ax=own) is own
    with pytest.raises(ValueError, match="no minima"):
        plot.network(js.Landscape())


def test_colours_by_any_property(small):
    committor = np.array([0.0, 0.25, 0.5, 1.0])
    ax = plot.network(small, colour=committor, colour_label="Committor", cmap="coolwarm")
    np.testing.assert_array_equal(named(ax, "minima").get_array(), committor)
    assert "Committor" in [other.get_ylabel() for other in ax.figure.axes]
    ax = plot.network(small, colour={"a": [0, 1], "b": [2]})
    colours = named(ax, "minima").get_facecolors()
    assert np.all(colours[0] == colours[1]) and len(np.unique(colours, axis=0)) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    with pytest.raises(ValueError, match=r"\[4\]"):
        plot.network(small, colour=[1.0])


def test_a_network_without_points():
    network = js.KineticNetwork([0.0, 1.0], plus=[0], minus=[1], ts_energy=[3.0], ids=[4, 2])
    ax = plot.network(network)
    assert [text.get_text() for text in ax.texts] == ["4", "2"]
    assert named(ax, "transition states").get_array().tolist() == [2.0]


def test_a_large_component_shows_its_shape():
    """A long ring stays a ring: neighbours are close, the far side is far away."""
    size = 600
    pairs = np.column_stack([np.arange(size), np.roll(np.arange(size), -1)])
    places = positions(size, pairs, 0)
    steps = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    across = np.linalg.norm(places - np.roll(places, size // 2, axis=0), axis=1)
    assert np.median(across) > 10.0 * np.median(steps)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2) + 10.0 * np.eye(size)
    assert distance.min() > 0.05
    np.testing.assert_array_equal(positions(size, pairs, 0), places)


def test_thousands_of_minima_in_seconds(random_landscape, tmp_path):
    rng = np.random.default_rng(0)
    size = 3000
    plus = np.append(np.arange(1, size), rng.integers(size, size=6001))
    minus = np.append(rng.integers(np.arange(1, size)), rng.integers(size, size=6001))
    energy = rng.random(size)
    network = js.KineticNetwork(energy, plus, minus, 1.0 + rng.random(len(plus)))
    started = time.process_time()
    plot.network(network).figure.savefig(tmp_path / "large.png")
    # Two seconds on an idle core.
    assert time.process_time() - started < 15.0
