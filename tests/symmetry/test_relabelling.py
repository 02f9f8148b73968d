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


def test_descriptions_name_blocks_and_signs():
    text = "relabelling(0-3|4-7|8-11|12-15+-0-2)"
    assert CASES["signs"][0].describe() == text
    assert CASES["apart"][0].describe() == "relabelling(0-1|2-3+-0; 4|6|7)"


@pytest.mark.parametrize(
    "blocks, signs, message",
    [
        ([0, 1], None, "integer array"),
        ([[0.5, 1.0]], None, "integer array"),
        ([[0, 1], [1, 2]], None, "each position once"),
        ([[-1, 1]], None, "none below 0"),
        ([[0, 1], [2, 3]], [True], "one boolean a column"),
        ([[0, 1], [2, 3]], [1, 1], "one boolean a column"),
        ([Blocks([[0], [1]])], [True], "only Blocks"),
        ([Blocks([[0, 1], [2, 3]]), Blocks([[1], [2]])], None, "does not permute the columns"),
    ],
)
def test_bad_arguments_raise_at_once(blocks, signs, message):
    with pytest.raises(ValueError, match=message):
        Relabelling(blocks, signs)


def test_points_of_the_wrong_width_raise():
    symmetry = Relabelling([[0], [5]])
    with pytest.raises(ValueError, match="position 5"):
        symmetry.fingerprint(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="two points"):
        symmetry.align(np.zeros(6), np.zeros(7))
