"""Paths between trained networks: a known pass, alignment, and the best tree by brute force."""

import itertools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

import jaxscape as js
from jaxscape.analysis import Connections

XOR = next(
    case
    for case in json.loads(
        (Path(__file__).parents[1] / "reference/xor_landscapes.json").read_text()
    )["cases"]
    if (case["hidden"], case["l2"]) == (2, 0.01)
)


def bent(x):
    """Two minima of energy zero, joined along a parabola over a pass of energy one."""
    return (x[0] ** 2 - 1) ** 2 + 4 * (x[1] - x[0] ** 2) ** 2


WELLS = np.array([[-1.0, 1.0], [1.0, 1.0]])


METHOD = js.AutoNEB(images=7, insertions=1)


@pytest.fixture(scope="module")
def found():
    return js.mode_connectivity(bent, WELLS, method=METHOD)


def test_the_path_bends_to_the_pass(found):
    assert found.barriers()[0, 1] == pytest.approx(1.0, abs=0.02)
    assert found.barriers(linear=True)[0, 1] == pytest.approx(5.0, abs=0.05)
    assert found.barriers()[0, 1] >= 1.0  # an upper bound
    np.testing.assert_allclose(found.distance, 2.0)


def test_images_are_inserted_and_ends_stay(found):
    method = METHOD
    assert found.images.shape == (1, method.images + method.insertions * method.inserted, 2)
    np.testing.assert_array_equal(found.images[0, [0, -1]], WELLS)
    assert found.energies.shape[1] == (found.images.shape[1] - 1) * (method.check + 1) + 1


def test_energies_are_those_of_the_points_told(found):
    points = found.points(0)
    np.testing.assert_allclose([bent(x) for x in points], found.energies[0], atol=1e-12)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(np.cumsum(steps) / steps.sum(), found.shares[0, 1:], atol=1e-12)


def test_an_image_of_a_network_is_no_way_off():
    surface = js.systems.xor_mlp(2, 1e-2)
    # A minimum, and it with one neuron's signs changed.
    p = np.array(XOR["points"][0])
    units = p[:10].reshape(2, 5)
    points = []
    for factors in ([1.0, 1.0], [1.0, -1.0]):
        unit = units * np.array(factors)[:, None]
        params = {"w1": unit[:, :2].T, "b1": unit[:, 2], "w2": unit[:, 3:], "b2": p[10:]}
        points.append(surface.ravel({name: jnp.array(value) for name, value in params.items()}))
    both = np.stack(points)
    method = js.AutoNEB(insertions=0, steps=2)
    aligned = js.mode_connectivity(surface, both, method=method)
    apart = js.mode_connectivity(surface, both, method=method, align=False)
    np.testing.assert_allclose(aligned.ends, XOR["minima"][0], atol=1e-9)
    assert aligned.distance[0] < 1e-9 < 1.0 < apart.distance[0]
    assert aligned.barriers()[0, 1] < 1e-9
    assert apart.barriers(linear=True)[0, 1] > 0.1


def made(tops, count):
    """Connections of given highest energies."""
    pairs = np.array(list(itertools.combinations(range(count), 2)))
    energies = np.stack([np.zeros(len(tops)), tops, np.zeros(len(tops))], axis=1)
    shares = np.tile([0.0, 0.5, 1.0], (len(tops), 1))
    ends = np.zeros(count)
    images = np.zeros((len(tops), 3, 2))
    return Connections(pairs, images, shares, energies, energies, np.ones(len(tops)), ends, 0)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_route_is_lower_than_through_the_tree(seed):
    count = 5
    tops = np.random.default_rng(seed).uniform(size=count * (count - 1) // 2)
    found = made(tops, count)
    rows = found.spanning_tree()
    assert len(rows) == count - 1
    weight = {tuple(pair): top for pair, top in zip(found.pairs.tolist(), tops, strict=True)}
    tree, whole = nx.Graph(), nx.complete_graph(count)
    tree.add_edges_from(found.pairs[rows].tolist())

    def highest(path):
        return max(weight[min(step), max(step)] for step in itertools.pairwise(path))

    for a, b in weight:
        best = min(highest(path) for path in nx.all_simple_paths(whole, a, b))
        assert highest(nx.shortest_path(tree, a, b)) == best


def test_barriers_are_above_the_higher_end():
    energies = np.array([[0.0, 2.0, 1.0]])
    found = Connections(
        np.array([[0, 2]]), np.zeros((1, 3, 1)), np.array([[0, 0.5, 1]]), energies, energies + 1,
        np.ones(1), np.array([0.0, 9.0, 1.0]), 0,
    )  # fmt: skip
    table = found.barriers()
    assert table[0, 2] == table[2, 0] == 1.0 and np.isnan(table[0, 1]) and table[1, 1] == 0.0
    assert found.barriers(linear=True)[0, 2] == 2.0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: js.mode_connectivity(bent, WELLS[:1]), "a path joins two"),
        (lambda: js.mode_connectivity(bent, WELLS, pairs=np.array([[0, 2]])), "0 to 1"),
        (lambda: js.mode_connectivity(bent, WELLS, pairs=np.array([[1, 1]])), "two different"),
        (lambda: js.mode_connectivity(bent, WELLS, pairs=np.array([0, 1])), r"integers \[K, 2\]"),
        (lambda: js.AutoNEB(images=2), "images is 2"),
        (lambda: js.AutoNEB(steps=0), "steps is 0"),
        (lambda: js.AutoNEB(check=0), "check is 0"),
        (lambda: js.AutoNEB(spring=0.0), "spring is 0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_pictures(found, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    three = made(np.array([1.0, 2.0, 3.0]), 3)
    ax = js.plot.connections(three)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "straight line",
        "spanning tree",
        "relaxed path",
    ]
    ax = js.plot.connections(three, values=np.ones((3, 3)), name="Accuracy")
    assert ax.get_ylabel() == "Accuracy" and len(ax.get_lines()) == 3
    with pytest.raises(ValueError, match="values has shape"):
        js.plot.connections(three, values=np.ones(3))
    image = js.plot.barriers(three).get_images()[0].get_array()
    np.testing.assert_array_equal(image, three.barriers())
    assert jnp.isfinite(found.energies).all()


@pytest.mark.long
def test_aligned_networks_of_digits_lie_closer():
    """Eight copies of a 64-24-10 network trained on digits, from eight seeds."""

    pytest.importorskip("sklearn")
    inputs, targets = js.models.digits()
    surface = js.systems.mlp(inputs[:200], targets[:200], 24, 1e-3)
    starts = 0.2 * np.asarray(surface.sample(jax.random.key(0), 8))
    points = js.minimise(surface, starts, tolerance=1e-7)
    assert points.ok.all()
    lowest = js.curvature(surface, points.x[:2], lowest=1, tolerance=1e-4)
    assert (lowest.lowest[:, 0] > -lowest.residuals[:, 0]).all()
    method = js.AutoNEB(images=5, insertions=1, steps=20)
    pairs = np.random.default_rng(0).permutation(list(itertools.combinations(range(8), 2)))[:10]
    tables = {}
    for align in (True, False):
        found = js.mode_connectivity(surface, points.x, pairs=pairs, method=method, align=align)
        for linear in (True, False):
            tables[align, linear] = found.barriers(linear=linear)[tuple(pairs.T)]
    assert (tables[True, True] < tables[False, True]).all()
    assert tables[True, False].mean() < tables[False, False].mean()


def test_a_band_that_went_astray_is_given_up():
    """Steps too long for this narrow valley throw the images out of it."""

    def valley(x):
        return (x[0] ** 2 - 1) ** 2 + 50.0 * jnp.sin(9.0 * x[1]) ** 2 + x[1] ** 4 + x[0] * x[1] ** 2

    ends = np.array([[-1.0, 0.05], [1.0, 0.0]])
    wild = js.AutoNEB(images=5, insertions=0, steps=2, max_step=5.0)
    found = js.mode_connectivity(valley, ends, method=wild)
    assert (found.barriers() <= found.barriers(linear=True)).all()
    np.testing.assert_allclose([valley(x) for x in found.points(0)], found.energies[0], atol=1e-12)
