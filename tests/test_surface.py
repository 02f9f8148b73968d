import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.surface import (
    Surface,
    as_surface,
    check_scalar,
    lane_energy,
    lane_hvp,
    lane_value_and_grad,
)
from jaxscape.symmetry import Cluster

INPUTS = np.linspace(-1.0, 1.0, 7)[:, None] * np.array([[1.0, 0.5]])
TARGETS = np.sin(3 * INPUTS[:, :1])


def quartic(x):
    return jnp.sum(x**4) + x[0] * x[1]


class Columns(eqx.Module):
    """The quartic for points in columns."""

    trailing_lanes = True

    def __call__(self, x):
        return jnp.sum(x**4, axis=0) + x[0] * x[1]


def test_derivatives_at_one_point():
    surface, x, v = Surface(quartic), jnp.array([1.0, -2.0, 0.5]), jnp.array([0.3, 0.1, -1.0])
    energy, gradient = surface.value_and_grad(x)
    hessian = np.diag(12 * np.asarray(x) ** 2) + np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(energy, 1 + 16 + 0.0625 - 2)
    np.testing.assert_allclose(gradient, 4 * x**3 + jnp.array([-2.0, 1.0, 0.0]))
    np.testing.assert_allclose(surface.hessian(x), hessian)
    np.testing.assert_allclose(surface.hvp(x, v), hessian @ v)


@pytest.mark.parametrize("function", [quartic, Columns()])
def test_lanes_are_points_in_columns(function):
    surface = Surface(function)
    points = jax.random.normal(jax.random.key(0), (3, 5))
    vectors = jax.random.normal(jax.random.key(1), (2, 3, 5))
    energy, gradient = lane_value_and_grad(surface, points)
    np.testing.assert_allclose(lane_energy(surface, points), energy)
    same_energy, same_gradient, products = lane_hvp(surface, points, vectors)
    np.testing.assert_allclose(same_energy, energy)
    np.testing.assert_allclose(same_gradient, gradient)
    for lane in range(5):
        x = points[:, lane]
        np.testing.assert_allclose(energy[lane], surface(x))
        np.testing.assert_allclose(gradient[:, lane], surface.value_and_grad(x)[1])
        for k in range(2):
            expected = surface.hvp(x, vectors[k, :, lane])
            np.testing.assert_allclose(products[k, :, lane], expected, atol=1e-12)


def test_samples_do_not_depend_on_their_number():
    surface = Surface(quartic, bounds=(-1.0, [1.0, 2.0, 3.0]))
    many, few = surface.sample(jax.random.key(0), 9), surface.sample(jax.random.key(0), 2)
    np.testing.assert_array_equal(many[:2], few)
    assert np.all((many >= -1) & (many <= np.array([1.0, 2.0, 3.0])))
    with pytest.raises(ValueError, match="n is 0"):
        surface.sample(jax.random.key(0), 0)
    with pytest.raises(ValueError, match="neither|no sampler and no bounds"):
        Surface(quartic).sample(jax.random.key(0), 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(bounds=(1.0, -1.0)), "crossed"),
        (dict(bounds=([0.0, 0.0], [1.0, 0.0])), "crossed"),
        (dict(bounds=([0.0, 0.0], 1.0), dim=3), "shape"),
        (dict(bounds=3.0), "pass \\(lower, upper\\)"),
        (dict(bounds=(float("nan"), 1.0)), "NaN"),
        (dict(symmetry="cluster"), "symmetry is 'cluster'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Surface(quartic, **arguments)


def test_a_surface_needs_a_callable():
    with pytest.raises(ValueError, match="not a callable"):
        Surface(3.0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, "not a scalar"),
        (lambda x: (jnp.sum(x), x), "tuple"),
        (lambda x: jnp.sum(x) + 1j, "complex128"),
        (lambda x: jnp.argmax(x), "int"),
        (lambda x: x[:, 0].sum(), "cannot be evaluated"),
        (lambda x: float(np.sum(x)), "cannot be evaluated"),
    ],
)
def test_functions_that_are_no_energies_are_refused(function, message):
    with pytest.raises(ValueError, match=message):
        check_scalar(as_surface(function), jnp.ones(3))


def test_bare_callables_are_wrapped_and_surfaces_kept():
    surface = Surface(quartic, symmetry=Cluster())
    assert as_surface(surface) is surface
    assert as_surface(quartic).name == "quartic"


# --- losses of any pytree


def plain_params(key):
    return {"w": jax.random.normal(key, (2, 1)), "b": jnp.zeros(1)}


def plain_loss(params, inputs, targets):
    return jnp.mean((inputs @ params["w"] + params["b"] - targets) ** 2)


def agrees(surface, params, direct):
    """Value, gradient and round trip of a surface against the loss it was made of."""
    x = surface.ravel(params)
    assert x.shape == (surface.dim,)
    np.testing.assert_allclose(surface(x), direct(params), rtol=1e-12)
    back = surface.unravel(x)
    assert jax.tree.structure(back) == jax.tree.structure(params)
    for leaf, original in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        np.testing.assert_array_equal(leaf, original)
    step = 1e-6
    probe = jax.random.normal(jax.random.key(3), x.shape)
    slope = (surface(x + step * probe) - surface(x - step * probe)) / (2 * step)
    np.testing.assert_allclose(surface.value_and_grad(x)[1] @ probe, slope, rtol=1e-5)
    assert surface.sample(jax.random.key(0), 3).shape == (3, surface.dim)


def test_from_loss_of_a_plain_dict():
    params = plain_params(jax.random.key(0))
    surface = Surface.from_loss(plain_loss, params, INPUTS, TARGETS)
    agrees(surface, params, lambda p: plain_loss(p, INPUTS, TARGETS))
    assert surface.name == "plain_loss"


def test_from_loss_of_an_equinox_module():
    model = eqx.nn.MLP(2, 1, 3, 1, key=jax.random.key(0))

    def loss(model, inputs, targets):
        return jnp.mean((jax.vmap(model)(inputs) - targets) ** 2)

    surface = Surface.from_loss(loss, model, jnp.array(INPUTS), jnp.array(TARGETS))
    x = surface.ravel(model)
    assert surface.dim == 2 * 3 + 3 + 3 + 1
    np.testing.assert_allclose(surface(x), loss(model, INPUTS, TARGETS), rtol=1e-6)
    again = surface.unravel(x)
    np.testing.assert_allclose(jax.vmap(again)(INPUTS), jax.vmap(model)(INPUTS), rtol=1e-6)


def test_from_loss_of_flax_linen_parameters():
    linen = pytest.importorskip("flax.linen")

    class Network(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.tanh(linen.Dense(3, param_dtype=jnp.float64)(x))
            return linen.Dense(1, param_dtype=jnp.float64)(x)

    network = Network()
    params = network.init(jax.random.key(0), jnp.array(INPUTS))

    def loss(params, inputs, targets):
        return jnp.mean((network.apply(params, inputs) - targets) ** 2)

    surface = Surface.from_loss(loss, params, jnp.array(INPUTS), jnp.array(TARGETS))
    assert surface.dim == 2 * 3 + 3 + 3 + 1
    agrees(surface, params, lambda p: loss(p, INPUTS, TARGETS))


def test_from_loss_of_flax_nnx_state():
    nnx = pytest.importorskip("flax.nnx")

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(2, 3, rngs=rngs, param_dtype=jnp.float64)
            self.last = nnx.Linear(3, 1, rngs=rngs, param_dtype=jnp.float64)

        def __call__(self, x):
            return self.last(jnp.tanh(self.first(x)))

    definition, state = nnx.split(Network(nnx.Rngs(0)))

    def loss(state, inputs, targets):
        return jnp.mean((nnx.merge(definition, state)(inputs) - targets) ** 2)

    surface = Surface.from_loss(loss, state, jnp.array(INPUTS), jnp.array(TARGETS))
    assert surface.dim == 2 * 3 + 3 + 3 + 1
    agrees(surface, state, lambda s: loss(s, jnp.array(INPUTS), jnp.array(TARGETS)))


def test_from_loss_keeps_what_is_no_floating_point_array():
    params = {"w": jnp.ones(2), "steps": jnp.arange(3), "name": "net"}
    surface = Surface.from_loss(lambda p: jnp.sum(p["w"] ** 2) + p["steps"].sum(), params)
    assert surface.dim == 2
    back = surface.unravel(jnp.zeros(2))
    assert back["name"] == "net"
    np.testing.assert_array_equal(back["steps"], [0, 1, 2])


def test_l2_adds_the_sum_of_squares():
    params = plain_params(jax.random.key(0))
    bare = Surface.from_loss(plain_loss, params, INPUTS, TARGETS)
    damped = Surface.from_loss(plain_loss, params, INPUTS, TARGETS, l2=0.25)
    x = bare.ravel(params)
    np.testing.assert_allclose(damped(x) - bare(x), 0.25 * jnp.sum(x**2))


def test_sampler_gives_parameters():
    params = plain_params(jax.random.key(0))
    surface = Surface.from_loss(plain_loss, params, INPUTS, TARGETS, sampler=plain_params)
    key = jax.random.key(5)
    first = surface.ravel(plain_params(jax.random.fold_in(key, 0)))
    np.testing.assert_array_equal(surface.sample(key, 2)[0], first)


def test_equal_losses_share_one_compilation():
    params, traces = plain_params(jax.random.key(0)), 0

    @eqx.filter_jit
    def search(surface, key):
        nonlocal traces
        traces += 1
        return surface(surface.sample(key, 1)[0])

    for seed in range(2):
        inputs = jnp.array(INPUTS) + seed
        surface = Surface.from_loss(
            plain_loss, params, inputs, jnp.array(TARGETS), sampler=plain_params
        )
        search(surface, jax.random.key(seed))
    assert traces == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Surface.from_loss(plain_loss, {"n": 3}), "no floating-point array"),
        (lambda: Surface.from_loss(3.0, {"w": jnp.ones(2)}), "pass loss\\(params"),
        (lambda: Surface.from_loss(lambda p: p["w"], {"w": jnp.ones(2)}), "not a scalar"),
        (lambda: Surface(quartic).ravel({}), "from_loss"),
        (lambda: Surface(quartic).unravel(jnp.ones(2)), "from_loss"),
    ],
)
def test_what_is_no_loss_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
