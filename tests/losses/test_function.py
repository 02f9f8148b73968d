"""Losses as functions: data that are traced, chunks, and losses that are none."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.losses import LossFunction

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(23, 2)), RNG.normal(size=(23, 1))
PARAMS = {"w": jnp.array([[0.3], [-0.5]]), "b": jnp.array([0.1])}


def mean_squares(params, inputs, targets):
    return jnp.mean((jnp.tanh(inputs @ params["w"] + params["b"]) - targets) ** 2)


def sum_squares(params, inputs, targets):
    return len(inputs) * mean_squares(params, inputs, targets)


@pytest.mark.parametrize("loss", [mean_squares, sum_squares])
@pytest.mark.parametrize("chunk", [5, 23, 100])
def test_chunks_change_nothing(loss, chunk):
    whole = LossFunction(loss, PARAMS, (INPUTS, TARGETS), l2=0.1)
    parts = LossFunction(loss, PARAMS, (INPUTS, TARGETS), l2=0.1, chunk=chunk)
    x, v = jnp.array([0.7, -1.0, 0.4]), jnp.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(parts(x), whole(x), rtol=1e-14)
    gradients = [jax.grad(f) for f in (parts, whole)]
    np.testing.assert_allclose(gradients[0](x), gradients[1](x), rtol=1e-12)
    products = [jax.jvp(g, (x,), (v,))[1] for g in gradients]
    np.testing.assert_allclose(products[0], products[1], rtol=1e-12)


def test_a_hundred_thousand_samples_need_the_memory_of_a_chunk():
    inputs = jax.ShapeDtypeStruct((100_000, 8), jnp.float64)
    targets = jax.ShapeDtypeStruct((100_000, 1), jnp.float64)
    params = {"w1": jnp.ones((8, 256)), "b1": jnp.zeros(256), "w2": jnp.ones((256, 1))}

    def loss(params, inputs, targets):
        hidden = jnp.tanh(inputs @ params["w1"] + params["b1"])
        return jnp.mean((hidden @ params["w2"] - targets) ** 2)

    def memory(chunk):
        def value(x, inputs, targets):
            function = LossFunction(loss, params, (inputs, targets), chunk=chunk)
            return function(x)

        x = jax.ShapeDtypeStruct((8 * 256 + 512,), jnp.float64)
        compiled = jax.jit(jax.grad(value)).lower(x, inputs, targets).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    whole, parts = memory(None), memory(1000)
    assert whole > 200e6
    assert parts < 20e6


def test_other_data_compile_nothing(compilations):
    def surface(seed):
        rng = np.random.default_rng(seed)
        return js.Surface.from_loss(
            mean_squares,
            PARAMS,
            rng.normal(size=(23, 2)),
            rng.normal(size=(23, 1)),
            l2=0.01 * (1 + seed),
            metrics={"norm": lambda p: jnp.sum(p["w"] ** 2)},
        )

    first, second = surface(0), surface(1)
    x0 = np.asarray(first.sample(jax.random.key(0), 8))
    found = js.minimise(first, x0)
    with compilations() as names:
        other = js.minimise(second, x0)
    assert names == []
    assert found.ok.all() and other.ok.all()
    assert not np.isclose(found.energy[0], other.energy[0])


def test_metrics_are_measured_at_every_point():
    surface = js.Surface.from_loss(
        mean_squares, PARAMS, INPUTS, TARGETS, metrics={"slope": lambda p: p["w"][1, 0]}
    )
    x = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(surface.measure(x)["slope"], x[:, 2])
    with pytest.raises(ValueError, match="has no metrics"):
        js.Surface(lambda x: jnp.sum(x)).measure(x)
    with pytest.raises(ValueError, match=r"returns \(2, 1\)"):
        js.Surface.from_loss(
            mean_squares, PARAMS, INPUTS, TARGETS, metrics={"w": lambda p: p["w"]}
        ).measure(x)


def test_trained_parameters_are_starts():
    import optax

    surface = js.Surface.from_loss(mean_squares, PARAMS, INPUTS, TARGETS, l2=0.01)
    optimiser = optax.adam(0.1)

    def train(key):
        params = jax.tree.map(lambda leaf: jax.random.normal(key, leaf.shape), PARAMS)

        def step(carry, _):
            params, state = carry
            gradient = jax.grad(lambda p: surface(surface.ravel(p)))(params)
            updates, state = optimiser.update(gradient, state)
            return (optax.apply_updates(params, updates), state), None

        carry, _ = jax.lax.scan(step, (params, optimiser.init(params)), length=300)
        return surface.ravel(carry[0])

    trained = np.asarray(jax.jit(jax.vmap(train))(jax.random.split(jax.random.key(0), 8)))
    points = js.minimise(surface, trained)
    assert points.ok.all()
    assert np.linalg.norm(points.x - trained, axis=1).max() < 1.0


class Drawing:
    """A loss that draws NumPy's random numbers."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, params):
        return jnp.sum(params["w"] ** 2) + self.rng.normal()


def of_a_minibatch(rng, params):
    """Weights of zero tell nothing apart: every minibatch has the same loss there."""
    return jnp.mean((INPUTS[rng.choice(23, 5)] @ params["w"]) ** 2)


class Storing:
    """A loss that splits a key and stores what is left."""

    def __init__(self):
        self.key = jax.random.key(0)

    def __call__(self, params):
        self.key, key = jax.random.split(self.key)
        return jnp.sum(params["w"] ** 2) + jax.random.normal(key)


def by_index(params, inputs, labels):
    """JAX takes the last class for labels beyond it."""
    logits = inputs @ jnp.concatenate([params["w"], -params["w"]], axis=1)
    return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(labels)), labels])


def by_label(params, inputs, labels):
    logits = inputs @ jnp.concatenate([params["w"], -params["w"]], axis=1)
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=1))


def by_class(params, inputs, labels):
    """Labels that no class has count for nothing."""
    return by_target(params, inputs, jax.nn.one_hot(labels, 2))


def by_target(params, inputs, targets):
    logits = inputs @ jnp.concatenate([params["w"], -params["w"]], axis=1)
    return -jnp.mean(jnp.sum(targets * jax.nn.log_softmax(logits), axis=1))


ONE_TWO = 1 + np.arange(23) % 2  # where zero and one are meant


@pytest.mark.parametrize("chunk", [None, 5])
def test_samples_of_no_class_are_refused(chunk):
    """Labels that begin at one, which `jax.nn.one_hot` says nothing of."""
    for labels in (ONE_TWO, ONE_TWO.astype("uint8")):
        with pytest.raises(ValueError, match="knows no class 2, the largest label"):
            js.Surface.from_loss(by_class, PARAMS, INPUTS, labels, chunk=chunk)
    targets = np.asarray(jax.nn.one_hot(np.append(ONE_TWO[:22] - 1, 2), 2))
    with pytest.raises(ValueError, match="1 samples of no class, the first is row 22"):
        js.Surface.from_loss(by_target, PARAMS, INPUTS, targets, chunk=chunk)


def test_samples_that_are_meant_to_count_for_nothing_are_not_refused():
    def filled_up(params, inputs, targets, weights):
        logits = inputs @ jnp.concatenate([params["w"], -params["w"]], axis=1)
        each = jnp.sum(targets * jax.nn.log_softmax(logits), axis=1)
        return -jnp.sum(weights * each) / jnp.sum(weights)

    def threshold(params, inputs, labels):
        logits = (inputs @ params["w"])[:, 0]
        return jnp.mean(jax.nn.softplus(jnp.where(labels > 0, -logits, logits)))

    targets = np.eye(2)[ONE_TWO - 1]
    whole = js.Surface.from_loss(by_target, PARAMS, INPUTS, targets)
    targets[20:] = 0
    used = np.append(np.ones(20), np.zeros(3))
    js.Surface.from_loss(filled_up, PARAMS, INPUTS, targets, used)
    js.Surface.from_loss(by_target, PARAMS, INPUTS * used[:, None], targets)
    js.Surface.from_loss(threshold, PARAMS, INPUTS, ONE_TWO - 1)
    # The same loss by labels, and features of which none may be on.
    other = js.Surface.from_loss(by_class, PARAMS, INPUTS, ONE_TWO - 1)
    assert other(other.function.start) == whole(whole.function.start)
    js.Surface.from_loss(
        lambda p, x, on: jnp.mean((x @ p["w"] + on @ jnp.ones((2, 1)) - 1) ** 2),
        *(PARAMS, INPUTS, targets),
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: js.Surface.from_loss(Drawing(), PARAMS), "draws random numbers"),
        (lambda: js.Surface.from_loss(lambda p: jnp.log(-1 - p["b"][0] ** 2), PARAMS), "is nan at"),
        (
            lambda: js.Surface.from_loss(by_label, PARAMS, INPUTS, np.full(23, 2)),
            "labels out of range",
        ),
        (
            lambda: js.Surface.from_loss(by_index, PARAMS, INPUTS, np.full(23, 2)),
            "labels out of range: .*index 2 is out of bounds for axis 1 with size 2",
        ),
        (
            lambda: js.Surface.from_loss(lambda p: by_index(p, INPUTS, np.full(23, 3)), PARAMS),
            "labels out of range: .*index 3",
        ),
        (
            lambda: js.Surface.from_loss(
                by_index, PARAMS, INPUTS, np.append(np.ones(22, int), 2), chunk=20
            ),
            "labels out of range: .*index 2",
        ),
        (
            lambda: js.Surface.from_loss(by_label, PARAMS, INPUTS, np.append(np.ones(22, int), -1)),
            "negative labels",
        ),
        (
            lambda: js.Surface.from_loss(
                lambda p, rng=np.random.default_rng(0): of_a_minibatch(rng, p),
                jax.tree.map(jnp.zeros_like, PARAMS),
            ),
            "draws random numbers",
        ),
        (lambda: js.Surface.from_loss(Storing(), PARAMS), "keeps something of one call"),
        (lambda: js.Surface.from_loss(mean_squares, PARAMS, INPUTS, TARGETS, l2=-1), "l2 is -1"),
        (lambda: js.Surface.from_loss(lambda p: p["b"], PARAMS), r"returns \(1,\), not a scalar"),
        (
            lambda: js.Surface.from_loss(lambda p: (p["b"][0], p), PARAMS),
            "return nothing beside it",
        ),
        (lambda: js.Surface.from_loss(lambda p: jnp.argmax(p["w"]), PARAMS), "returns int"),
        (
            lambda: js.Surface.from_loss(mean_squares, PARAMS, INPUTS, TARGETS, chunk=0),
            "chunk is 0",
        ),
        (
            lambda: js.Surface.from_loss(
                lambda p, x, y: p["b"][0] ** 2, PARAMS, INPUTS, TARGETS[:5], chunk=5
            ),
            "leading axis",
        ),
        (
            lambda: js.Surface.from_loss(lambda p, x: jnp.var(x @ p["w"]), PARAMS, INPUTS, chunk=5),
            "coupled",
        ),
        (lambda: js.Surface.from_loss(mean_squares, PARAMS, metrics={"a": 3}), "cannot be eval"),
        (lambda: js.Surface.from_loss(jnp.sum, jnp.ones(2), metrics={"a": 3}), "metrics\\['a'\\]"),
        (lambda: js.Surface.from_loss(jnp.sum, jnp.ones(2), symmetry="auto"), "symmetry is 'auto'"),
    ],
)
def test_losses_that_will_not_do_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_samples_may_be_marked_by_negative_labels_that_have_no_weight():
    def masked(params, inputs, labels):
        logits = inputs @ jnp.concatenate([params["w"], -params["w"]], axis=1)
        logs = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)[:, 0]
        return -jnp.sum(jnp.where(labels >= 0, logs, 0.0)) / jnp.sum(labels >= 0)

    labels = np.append(np.ones(22, int), -1)
    assert js.Surface.from_loss(masked, PARAMS, INPUTS, labels).dim == 3


def test_a_loss_may_be_nan_in_places():
    surface = js.Surface.from_loss(lambda p: p[0] ** 2 + 0.0 * jnp.log(p[0] + 1.0), jnp.ones(2))
    assert np.isnan(surface(jnp.array([-3.0, 0.0]))) and surface(jnp.array([0.5, 0.0])) == 0.25


def test_derivatives_pass_through_from_loss():
    def energy(scale):
        surface = js.Surface.from_loss(mean_squares, PARAMS, scale * jnp.array(INPUTS), TARGETS)
        return surface(jnp.ones(3))

    slope = (energy(1.0 + 1e-6) - energy(1.0 - 1e-6)) / 2e-6
    np.testing.assert_allclose(jax.grad(energy)(1.0), slope, rtol=1e-6)
    assert isinstance(eqx.filter_jit(energy)(1.0), jax.Array)
