"""Models of every library as flat vectors: what varies, what stays, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import Surface, minimise
from jaxscape.losses import lay_out

INPUTS = jnp.linspace(-1.0, 1.0, 8)[:, None] * jnp.array([1.0, 0.5])
TARGETS = jnp.sin(3 * INPUTS[:, :1])


def squares(outputs, targets):
    return jnp.mean((outputs - targets) ** 2)


@pytest.fixture(scope="module")
def nnx():
    return pytest.importorskip("flax.nnx")


@pytest.fixture(scope="module")
def network(nnx):
    class Network(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(2, 3, rngs=rngs)
            self.norm = nnx.BatchNorm(3, rngs=rngs)
            self.drop = nnx.Dropout(0.5, rngs=rngs)
            self.last = nnx.Linear(3, 1, rngs=rngs)

        def __call__(self, x):
            return self.last(self.drop(jnp.tanh(self.norm(self.first(x)))))

    return Network


def nnx_loss(model, inputs, targets):
    return squares(model(inputs), targets)


def test_an_nnx_module_is_taken_whole(nnx, network):
    model = network(nnx.Rngs(0))
    with pytest.warns(UserWarning, match="BatchNorm, Dropout of this nnx module set to evaluation"):
        surface = Surface.from_loss(nnx_loss, model, INPUTS, TARGETS)
    assert not model.drop.deterministic  # the caller's own is left alone
    assert surface.dim == 9 + 6 + 4
    x = surface.ravel(model)
    assert x.dtype == jnp.float64  # float32 parameters, certified in float64
    held = network(nnx.Rngs(0))
    held.eval()
    np.testing.assert_allclose(surface(x), nnx_loss(held, INPUTS, TARGETS), rtol=1e-6)
    back = surface.unravel(x + 1.0)
    assert isinstance(back, network)
    np.testing.assert_allclose(back.first.kernel[...], model.first.kernel[...] + 1.0, rtol=1e-6)
    np.testing.assert_array_equal(back.norm.mean[...], model.norm.mean[...])
    np.testing.assert_allclose(surface(x + 1.0), nnx_loss(back, INPUTS, TARGETS), rtol=1e-12)


def test_an_nnx_initialiser_gives_starts(nnx, network):
    def fresh(key):
        return network(nnx.Rngs(key))

    model = network(nnx.Rngs(0))
    model.eval()
    surface = Surface.from_loss(nnx_loss, model, INPUTS, TARGETS, sampler=fresh)
    starts = surface.sample(jax.random.key(1), 3)
    one = surface.ravel(fresh(jax.random.fold_in(jax.random.key(1), 2)))
    np.testing.assert_allclose(starts[2], one, rtol=1e-6)


def test_batch_statistics_of_a_linen_dictionary_stay():
    linen = pytest.importorskip("flax.linen")

    class Network(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.BatchNorm(use_running_average=True)(linen.Dense(3)(x))
            return linen.Dense(1)(jnp.tanh(x))

    network = Network()
    variables = network.init(jax.random.key(0), INPUTS)
    surface = Surface.from_loss(
        lambda v, x, y: squares(network.apply(v, x), y), variables, INPUTS, TARGETS
    )
    assert surface.dim == 9 + 6 + 4
    assert not any("batch_stats" in name for name in surface.positions())
    back = surface.unravel(jnp.zeros(surface.dim))
    np.testing.assert_array_equal(back["batch_stats"]["BatchNorm_0"]["var"], 1.0)
    np.testing.assert_allclose(surface(jnp.zeros(surface.dim)), jnp.mean(TARGETS**2))


def test_linen_modules_that_are_still_training_are_refused():
    linen = pytest.importorskip("flax.linen")

    def surface(module):
        variables = module.init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, INPUTS)
        return Surface.from_loss(
            lambda v, x, y: squares(module.apply(v, x)[:, :1], y), variables, INPUTS, TARGETS
        )

    dropout = linen.Sequential([linen.Dense(1), linen.Dropout(0.5, deterministic=False)])
    with pytest.raises(ValueError, match=r"switch dropout off \(deterministic=True\)"):
        surface(dropout)
    norm = linen.Sequential([linen.Dense(1), linen.BatchNorm(use_running_average=False)])
    with pytest.raises(ValueError, match=r"hold batch statistics \(use_running_average=True\)"):
        surface(norm)


def test_haiku_dictionaries():
    haiku = pytest.importorskip("haiku")
    network = haiku.without_apply_rng(
        haiku.transform(lambda x: haiku.nets.MLP([3, 1], activation=jnp.tanh)(x))
    )
    params = network.init(jax.random.key(0), INPUTS)
    surface = Surface.from_loss(
        lambda p, x, y: squares(network.apply(p, x), y), params, INPUTS, TARGETS
    )
    assert surface.dim == 13
    x = surface.ravel(params)
    np.testing.assert_allclose(surface(x), squares(network.apply(params, INPUTS), TARGETS), 1e-6)


def test_equinox_dropout_and_batch_norm():
    class Network(eqx.Module):
        first: eqx.nn.Linear
        drop: eqx.nn.Dropout
        norm: eqx.nn.BatchNorm

        def __init__(self, key):
            self.first = eqx.nn.Linear(2, 1, key=key)
            self.drop = eqx.nn.Dropout(0.5)
            self.norm = eqx.nn.BatchNorm(1, axis_name="batch", mode="batch")

        def __call__(self, x, state):
            return self.norm(self.drop(self.first(x)), state)[0]

    model, state = eqx.nn.make_with_state(Network)(jax.random.key(0))

    def loss(model, inputs, targets, state):
        outputs = jax.vmap(model, axis_name="batch", in_axes=(0, None))(inputs, state)
        return squares(outputs, targets)

    with pytest.warns(UserWarning, match="BatchNorm, Dropout of this Equinox module"):
        surface = Surface.from_loss(loss, model, INPUTS, TARGETS, state)
    assert sorted(surface.positions()) == ["first.bias", "first.weight", "norm.bias", "norm.weight"]
    held = eqx.nn.inference_mode(model)
    np.testing.assert_allclose(
        surface(surface.ravel(model)), loss(held, INPUTS, TARGETS, state), rtol=1e-6
    )


PARAMS = {"w": jnp.arange(4.0).reshape(2, 2), "b": jnp.ones(2), "out": {"w": jnp.full(2, 3.0)}}


@pytest.mark.parametrize(
    "frozen, free",
    [
        ("b", {"w", "out.w"}),
        (["out"], {"w", "b"}),
        ("*w", {"b"}),
        (lambda name: name == "w", {"b", "out.w"}),
    ],
)
def test_frozen_parameters_keep_their_values(frozen, free):
    def loss(params):
        return sum(jnp.sum((leaf - 1) ** 2) for leaf in jax.tree.leaves(params))

    surface = Surface.from_loss(loss, PARAMS, frozen=frozen)
    assert set(surface.positions()) == free
    back = surface.unravel(surface.ravel(PARAMS) + 5.0)
    flat = {"w": back["w"], "b": back["b"], "out.w": back["out"]["w"]}
    given = {"w": PARAMS["w"], "b": PARAMS["b"], "out.w": PARAMS["out"]["w"]}
    for name, leaf in flat.items():
        np.testing.assert_array_equal(leaf, given[name] + 5.0 * (name in free))


def test_positions_say_where_parameters_lie():
    layout, rest = lay_out(PARAMS)
    x = layout.ravel(PARAMS)
    for name, where in layout.positions().items():
        leaf = PARAMS["out"]["w"] if name == "out.w" else PARAMS[name]
        np.testing.assert_array_equal(x[where], leaf)
    assert hash(layout) == hash(lay_out(PARAMS)[0])
    assert rest == (None, None, None)


def test_half_precision_stays_what_it_is():
    layout, rest = lay_out({"w": jnp.ones(2, jnp.bfloat16), "b": jnp.ones(1, jnp.float32)})
    x = layout.ravel({"w": jnp.ones(2, jnp.bfloat16), "b": jnp.ones(1, jnp.float32)})
    back = layout.unravel(x, rest)
    assert (x.dtype, back["w"].dtype, back["b"].dtype) == (
        jnp.float64,
        jnp.bfloat16,
        jnp.float64,
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: lay_out(PARAMS, frozen="c"), "frozen is 'c', but the parameters are b, out.w, w"),
        (lambda: lay_out(PARAMS, frozen="*"), "that is not frozen, so there is nothing"),
        (lambda: lay_out({"w": jnp.ones(2) + 1j}), "w is complex"),
        (lambda: lay_out({"n": jnp.arange(3)}), "no floating-point array, so .*n is int"),
        (lambda: lay_out({"a": 1.0}), "a is a Python number"),
        (lambda: lay_out(eqx.nn.Linear), "pass a Linear, not the class"),
        (lambda: lay_out(squares), "it is a function; the loss comes first"),
        (lambda: lay_out(PARAMS)[0].ravel({"w": jnp.ones(2)}), "1 leaves, the model has 3"),
        (lambda: lay_out(PARAMS)[0].ravel(PARAMS | {"b": jnp.ones(3)}), r"b is \(3,\)"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_modules_and_parameters_in_the_wrong_place():
    nn = pytest.importorskip("flax.linen")
    with pytest.raises(ValueError, match="pass variables, such as module.init"):
        lay_out(nn.Dense(3))
    surface = Surface.from_loss(lambda p: jnp.sum(p["w"] ** 2), {"w": jnp.ones(2)})
    for trained in ({"w": jnp.ones(2)}, [{"w": jnp.ones(2)}]):
        with pytest.raises(ValueError, match="holds a dict, .*surface.ravel"):
            minimise(surface, trained)
