"""Neurons, channels and heads found by trying, in models of which nothing is told."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.symmetry import NoSymmetry, find_relabelling

INPUTS = jax.random.normal(jax.random.key(0), (11, 4))
TARGETS = jax.random.normal(jax.random.key(1), (11, 3))


def squares(model, inputs, targets):
    return jnp.mean((jax.vmap(model)(inputs) - targets) ** 2)


def perceptron(activation, l2=0.0, depth=2):
    model = eqx.nn.MLP(4, 3, 6, depth, activation=activation, key=jax.random.key(0))
    data = [np.asarray(a, jnp.result_type(float)) for a in (INPUTS, TARGETS)]
    return js.Surface.from_loss(squares, model, *data, l2=l2, symmetry=find_relabelling)


def kinds(surface):
    """Of each group: blocks, coordinates of one, how many flip, how many rescalings."""
    return [
        (*g.array.shape, sum(g.signs or ()), len(g.scales or ())) for g in surface.symmetry.groups
    ]


def invariant(surface, seeds=range(3)):
    x = np.asarray(surface.sample(jax.random.key(2), 1))[0]
    for seed in seeds:
        image = surface.symmetry.random_image(x, seed)
        assert np.max(np.abs(image - x)) > 0.1
        np.testing.assert_allclose(surface(image), surface(x), rtol=1e-9)
        aligned, distance = surface.symmetry.align(x, image)
        assert distance < 1e-6 and np.allclose(aligned, x, atol=1e-6)


@pytest.mark.parametrize(
    "activation, l2, expected",
    [
        (jnp.tanh, 1e-2, [(6, 11, 11, 0), (6, 10, 10, 0)]),
        (jax.nn.softplus, 0.0, [(6, 11, 0, 0), (6, 10, 0, 0)]),
        (jax.nn.relu, 0.0, [(6, 11, 0, 1), (6, 10, 0, 1)]),
        (jax.nn.relu, 1e-2, [(6, 11, 0, 0), (6, 10, 0, 0)]),
        # Even: what comes in flips by itself; quadratic: what goes out shrinks twice as fast.
        (jnp.square, 0.0, [(6, 11, 5, 1), (6, 10, 7, 1)]),
    ],
)
def test_layers_of_a_perceptron(activation, l2, expected):
    surface = perceptron(activation, l2)
    assert kinds(surface) == expected
    invariant(surface)


def test_single_precision_is_enough():
    with jax.enable_x64(False):
        assert kinds(perceptron(jnp.tanh)) == [(6, 11, 11, 0), (6, 10, 10, 0)]


def test_exponents_are_those_of_the_activation():
    (group,) = perceptron(jnp.square, depth=1).symmetry.groups
    (scales,) = np.abs(group.scales)
    # The bias and the weights that come in, and the three weights that go out.
    np.testing.assert_allclose(np.sort(scales) / scales.min(), [1.0] * 5 + [2.0] * 3)


@pytest.mark.long
def test_channels_stay_together_where_they_are_flattened():
    nnx = pytest.importorskip("flax.nnx")

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Conv(1, 3, (2, 2), rngs=rngs)
            self.second = nnx.Conv(3, 4, (2, 2), rngs=rngs)
            self.last = nnx.Linear(4 * 9, 3, rngs=rngs)

        def __call__(self, x):
            x = jnp.tanh(self.second(jnp.tanh(self.first(x))))
            return self.last(x.reshape(len(x), -1))

    def loss(model, images, targets):
        return jnp.mean((model(images) - targets) ** 2)

    images = jax.random.normal(jax.random.key(3), (11, 3, 3, 1))
    surface = js.Surface.from_loss(
        loss, Network(nnx.Rngs(0)), images, TARGETS, symmetry=find_relabelling
    )
    assert kinds(surface) == [(4, 4 * 3 + 1 + 9 * 3, 40, 0), (3, 4 + 1 + 4 * 4, 21, 0)]
    invariant(surface)


@pytest.mark.long
def test_channels_come_first_in_equinox():
    class Network(eqx.Module):
        first: eqx.nn.Conv2d
        last: eqx.nn.Linear

        def __init__(self, key):
            self.first = eqx.nn.Conv2d(1, 3, 2, key=key)
            self.last = eqx.nn.Linear(3 * 4, 3, key=key)

        def __call__(self, x):
            return self.last(jnp.tanh(self.first(x)).ravel())

    images = jax.random.normal(jax.random.key(3), (11, 1, 3, 3))
    surface = js.Surface.from_loss(
        squares, Network(jax.random.key(0)), images, TARGETS, symmetry=find_relabelling
    )
    assert kinds(surface) == [(3, 4 + 1 + 4 * 3, 17, 0)]
    invariant(surface)


@pytest.mark.long
@pytest.mark.parametrize("library", ["equinox", "flax"])
def test_heads_of_attention(library):
    tokens = jax.random.normal(jax.random.key(3), (5, 4, 6))
    if library == "equinox":
        model = eqx.nn.MultiheadAttention(3, 6, key=jax.random.key(0))

        def loss(model, tokens):
            outputs = jax.vmap(lambda x: model(x, x, x))(tokens)
            return jnp.mean(jnp.tanh(outputs - 1.0) ** 2 * jnp.arange(1.0, 7.0))

    else:
        nnx = pytest.importorskip("flax.nnx")
        model = nnx.MultiHeadAttention(
            num_heads=3, in_features=6, qkv_features=6, decode=False, rngs=nnx.Rngs(0)
        )

        def loss(model, tokens):
            return jnp.mean(jnp.tanh(model(tokens) - 1.0) ** 2 * jnp.arange(1.0, 7.0))

    surface = js.Surface.from_loss(
        loss, model, tokens, l2=1e-3, symmetry=lambda f: find_relabelling(f, sizes=(3,))
    )
    assert any(len(group.positions) == 3 for group in surface.symmetry.groups)
    invariant(surface)


def test_nothing_is_found_where_there_is_nothing():
    where = {"w": np.arange(6).reshape(2, 3)}
    assert isinstance(
        find_relabelling(lambda x: jnp.sum(x**2 * jnp.arange(6.0)), where), NoSymmetry
    )
    with pytest.raises(ValueError, match="pass a surface of from_loss"):
        find_relabelling(jnp.sum)


def test_a_matrix_with_both_axes_in_one_group_is_left_out():
    def recurrent(x):
        w, u, v = x[:9].reshape(3, 3), x[9:12], x[12:]
        return v @ jnp.tanh(w @ jnp.tanh(w @ jnp.tanh(u)))

    where = {"w": np.arange(9).reshape(3, 3), "u": np.arange(9, 12), "v": np.arange(12, 15)}
    assert isinstance(find_relabelling(recurrent, where), NoSymmetry)
