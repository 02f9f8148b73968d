"""Interchangeable blocks, against brute force over every exchange and flip."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.symmetry import Relabelling
from jaxscape.symmetry.relabelling import Blocks

# Two neurons' worth of columns: incoming weight, bias, outgoing weight, and one even column.
SIGNS = [True, True, True, False]


def images(x, symmetry):
    """Every image of x, group after group."""
    found = [x]
    for group in symmetry.groups:
        flips = [1.0, -1.0] if group.signs is not None else [1.0]
        more = []
        for point in found:
            rows = point[group.array]
            for order in itertools.permutations(range(len(rows))):
                for turned in itertools.product(flips, repeat=len(rows)):
                    factors = np.where(np.array(turned)[:, None] < 0, group.flips, 1.0)
                    image = point.copy()
                    image[group.array] = rows[list(order)] * factors
                    more.append(image)
        found = more
    return np.array(found)


def deep(signs):
    """A network 1-2-3-1: W1 [2, 1], b1 [2], W2 [3, 2], b2 [3], W3 [1, 3], b3."""
    w2 = 4 + np.arange(6).reshape(3, 2)
    first = np.column_stack([np.arange(2), 2 + np.arange(2), w2.T])
    second = np.column_stack([w2, 10 + np.arange(3), 13 + np.arange(3)])
    marks = ([True] * 5, [True] * 4) if signs else (None, None)
    return Relabelling([Blocks(first, marks[0]), Blocks(second, marks[1])])


CASES = {
    "plain": (Relabelling(np.arange(12).reshape(4, 3)), 14),
    "signs": (Relabelling(np.arange(16).reshape(4, 4), SIGNS), 18),
    "six blocks": (Relabelling(np.arange(12).reshape(6, 2)), 12),
    "apart": (
        Relabelling([Blocks([[0, 1], [2, 3]], [True, False]), Blocks([[4], [6], [7]])]),
        9,
    ),
    "crossing": (deep(signs=False), 17),
    "crossing signs": (deep(signs=True), 17),
}
cases = pytest.mark.parametrize("symmetry, dim", CASES.values(), ids=CASES.keys())


def generic(dim, seed):
    return np.random.default_rng(seed).normal(size=dim)


@cases
def test_alignment_is_the_best_of_all_images(symmetry, dim):
    for seed in range(5):
        a, b = generic(dim, seed), generic(dim, seed + 50)
        image, distance = symmetry.align(a, b)
        every = images(b, symmetry)
        assert distance == pytest.approx(np.linalg.norm(every - a, axis=1).min())
        assert np.abs(every - image).max(axis=1).min() < 1e-15


@cases
def test_images_are_the_same_point(symmetry, dim):
    x = generic(dim, 0)
    every = images(x, symmetry)
    prints = symmetry.fingerprint(every)
    np.testing.assert_allclose(prints, np.broadcast_to(prints[0], prints.shape), atol=1e-12)
    for seed in range(10):
        image = symmetry.random_image(x, seed)
        assert np.abs(every - image).max(axis=1).min() < 1e-15
        assert symmetry.align(x, image)[1] == 0
        assert symmetry.same(x, image)
    assert not symmetry.same(x, x + 1e-2)


@cases
def test_fingerprint_is_lipschitz_and_tells_points_apart(symmetry, dim):
    for seed in range(10):
        x, step = generic(dim, seed), 1e-3 * generic(dim, seed + 50)
        prints = symmetry.fingerprint(np.stack([x, x + step]))
        assert 1e-6 < np.abs(prints[1] - prints[0]).max() <= np.linalg.norm(step)


def test_fingerprint_pairs_columns_and_signs_within_a_block():
    # The same columns, each sorted and up to sign, paired in another way.
    symmetry = Relabelling([[0, 1], [2, 3]], [True, True])
    points = np.array([[1.0, 2, 3, 4], [1, 4, 3, 2], [1, -2, 3, 4], [-1, -2, -3, -4]])
    prints = symmetry.fingerprint(points)
    assert np.abs(prints[0] - prints[1]).max() > 0.1
    assert np.abs(prints[0] - prints[2]).max() > 0.1
    np.testing.assert_allclose(prints[0], prints[3])


@pytest.mark.parametrize("signs", [False, True])
def test_orders_count_operations_of_two_groups_that_undo_one_another(signs):
    symmetry = deep(signs)
    x = generic(17, 0)
    assert symmetry.order(x) == 1
    x[:2], x[2:4] = 0.3, -0.7  # equal but for what leads on
    x[4:10] = np.array([[0.1, 0.9], [0.9, 0.1], [0.4, 0.4]]).ravel()
    x[10:12], x[13:15] = 0.5, -1.1
    stays = np.abs(images(x, symmetry) - x).max(axis=1) < 1e-3
    assert symmetry.order(x) == stays.sum() == 2
    x[:] = 0
    assert symmetry.order(x) == len(images(x, symmetry))


def test_orders_count_the_operations_that_change_nothing():
    plain, signs = CASES["plain"][0], CASES["signs"][0]
    for symmetry, dim in (CASES["plain"], CASES["signs"], CASES["six blocks"], CASES["apart"]):
        x = generic(dim, 0)
        assert symmetry.order(x) == 1
        for group in symmetry.groups:
            x[group.array[1]] = x[group.array[0]] * group.flips
        stays = np.abs(images(x, symmetry) - x).max(axis=1) < 1e-3
        assert symmetry.order(x) == stays.sum() > 1
    assert plain.order(np.ones(14)) == 24
    x = generic(18, 1)
    x[[0, 1, 2]] = 0
    assert signs.order(x) == 2


def test_a_network_with_relabelled_neurons_has_the_same_output():
    def network(x, inputs):
        w1, b1, w2 = x[:3], x[3:6], x[6:9]
        return jnp.tanh(inputs[:, None] * w1 + b1) @ w2 + x[9]

    symmetry = Relabelling(np.arange(9).reshape(3, 3).T, [True] * 3)
    x, inputs = generic(10, 0), np.linspace(-1, 1, 7)
    image = symmetry.random_image(x, 4)
    assert not np.allclose(image, x)
    np.testing.assert_allclose(network(x, inputs), network(image, inputs), atol=1e-12)


def test_there_are_no_zero_modes_and_one_compilation():
    counted = eqx.debug.assert_max_traces(lambda s, x: s.zero_modes(x), max_traces=1)
    for _ in range(2):
        symmetry = Relabelling(np.arange(4).reshape(2, 2), [True, True])
        assert eqx.filter_jit(counted)(symmetry, jnp.ones((4, 3))).shape == (0, 4, 3)
    with pytest.raises(ValueError, match="position 3, but the point has 3"):
        symmetry.generators(jnp.ones(3))
    assert hash(symmetry) == hash(Relabelling([[0, 1], [2, 3]], [True, True]))
    assert jax.tree.leaves(symmetry) == []


@pytest.fixture(scope="module")
def homogeneous():
    """Two neurons with z^2 and two of ReLU in one more layer: 12 coordinates of blocks, one not."""
    first = Blocks([[0, 2, 4, 5], [1, 3, 6, 7]], scales=[1.0, 1.0, -2.0, -2.0])
    second = Blocks([[4, 6, 8, 10], [5, 7, 9, 11]], scales=[1.0, 1.0, 1.0, -1.0])
    return Relabelling([first, second])


def homogeneous_network(x, inputs):
    w1, b1, w2, b2, w3 = x[0:2], x[2:4], x[4:8].reshape(2, 2), x[8:10], x[10:12]
    hidden = jax.nn.relu((inputs[:, None] * w1 + b1) ** 2 @ w2 + b2)
    return hidden @ w3 + x[12]


def test_rescaled_neurons_are_one_point(homogeneous):
    inputs, x = np.linspace(-1, 1, 7), generic(13, 3)
    for seed in range(5):
        image = homogeneous.random_image(x, seed)
        assert np.abs(image - x).max() > 0.05
        np.testing.assert_allclose(
            homogeneous_network(image, inputs), homogeneous_network(x, inputs), rtol=1e-10
        )
        prints = homogeneous.fingerprint(np.stack([x, image]))
        np.testing.assert_allclose(prints[0], prints[1], atol=1e-10)
        assert homogeneous.align(x, image)[1] < 1e-9
        assert homogeneous.same(x, image)
    assert not homogeneous.same(x, x + 1e-2 * generic(13, 4))
    assert homogeneous.order(x) == 1


def test_rescalings_cost_nothing(homogeneous):
    inputs, targets = np.linspace(-1, 1, 7), np.cos(np.arange(7))

    def loss(x):
        return jnp.mean((homogeneous_network(x, inputs) - targets) ** 2)

    x = jnp.array(generic(13, 5))
    directions = homogeneous.generators(x)
    assert directions.shape == (4, 13)
    np.testing.assert_allclose(directions @ jax.grad(loss)(x), 0.0, atol=1e-10)
    modes = homogeneous.zero_modes(jnp.stack([x, 2 * x], axis=1))
    np.testing.assert_allclose(np.sum(modes**2, axis=1), 1.0, atol=1e-9)


def test_rescaled_blocks_are_fitted_to_the_target():
    symmetry = Relabelling([Blocks([[0, 1], [2, 3]], scales=[1.0, -1.0])])
    a, b = np.array([2.0, 0.5, 1.0, 3.0]), np.array([1.0, 2.9, 1.9, 0.6])
    image, distance = symmetry.align(a, b)
    grid = np.exp(np.linspace(-3, 3, 6001))
    best = 0.0
    for row, other in ((a[:2], b[2:]), (a[2:], b[:2])):
        moved = np.stack([other[0] * grid, other[1] / grid], axis=1)
        best += np.min(np.sum((row - moved) ** 2, axis=1))
    assert distance == pytest.approx(np.sqrt(best), rel=1e-3)
    np.testing.assert_allclose(image[0] * image[1], b[2] * b[3])


def test_minima_without_l2_are_certified_where_neurons_may_be_rescaled():
    import jaxscape as js

    inputs, targets = np.linspace(-1, 1, 9), np.exp(np.linspace(-1, 1, 9)) * np.sin(np.arange(9))

    def loss(x):
        return jnp.mean((jnp.square(inputs * x[0]) * x[1] + x[2] - targets) ** 2)

    x0 = np.random.default_rng(0).normal(size=(16, 3))
    points = js.minimise(js.Surface(loss), x0)
    assert not points.ok.any()  # a zero eigenvalue that nobody explains
    symmetry = Relabelling([Blocks([[0, 1]], [True, False], scales=[1.0, -2.0])])
    surface = js.Surface(loss, symmetry=symmetry)
    points = js.minimise(surface, x0)
    assert points.ok.all()
    landscape = js.Landscape(surface)
    landscape.add(points)
    # The parabola, and the line of neurons that do nothing.
    assert len(landscape.minima) == 2


def test_exponents_of_the_wrong_number_raise():
    with pytest.raises(ValueError, match="one exponent a column, 2 in all"):
        Blocks([[0, 1], [2, 3]], scales=[1.0])


def test_points_of_the_wrong_width_raise():
    symmetry = Relabelling([[0], [5]])
    with pytest.raises(ValueError, match="position 5"):
        symmetry.fingerprint(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="two points"):
        symmetry.align(np.zeros(6), np.zeros(7))
