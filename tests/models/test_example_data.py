"""Data: shapes, standardisation, and three atoms that roll downhill."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import models, systems


def test_exclusive_or():
    inputs, targets = models.xor()
    np.testing.assert_array_equal(targets.argmax(axis=1), inputs.sum(axis=1) % 2)


@pytest.mark.parametrize(
    "name, shape, counts",
    [
        ("wine", (178, 13), [59, 71, 48]),
        ("breast_cancer", (569, 30), [212, 357]),
        ("digits", (1797, 64), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
    ],
)
def test_data_of_scikit_learn(name, shape, counts):
    pytest.importorskip("sklearn")
    inputs, targets = getattr(models, name)()
    assert inputs.shape == shape
    np.testing.assert_array_equal(targets.sum(axis=0), counts)
    np.testing.assert_array_equal(targets.sum(axis=1), 1)
    if name == "digits":
        assert (inputs.min(), inputs.max()) == (0.0, 1.0)
    else:
        np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(inputs.std(axis=0), 1.0)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"jaxscape-landscapes\[data\]"):
        models.wine()


def test_three_atoms_end_where_they_should():
    inputs, targets = (np.asarray(a) for a in models.three_atoms(jax.random.key(0), 600))
    label = targets.argmax(axis=1)
    assert set(label) == {0, 1, 2, 3}
    # The side left out by an atom: r23 lies opposite to atom 1.
    opposite = {1: 2, 2: 1, 3: 0}
    for atom, side in opposite.items():
        longest = inputs[label == atom].mean(axis=0)
        assert longest.argmax() == side
    # Nearly straight chains at their own length stay chains.
    r = np.sort(inputs, axis=1)
    chains = (r[:, 2] > 0.97 * (r[:, 0] + r[:, 1])) & (r[:, 0] > 1.0) & (r[:, 1] < 1.3)
    assert (label[chains] == 3 - inputs[chains].argmax(axis=1)).all()
    with pytest.raises(ValueError, match="samples is 0"):
        models.three_atoms(jax.random.key(0), 0)


def test_auc_counts_pairs():
    rng = np.random.default_rng(0)
    inputs = jnp.array(rng.normal(size=(12, 2)))
    labels = rng.integers(0, 3, 12)
    targets = jnp.eye(3)[labels]
    params = models.init_mlp(jax.random.key(0), inputs=2, hidden=2, outputs=3)
    chances = np.asarray(jax.nn.softmax(models.predict(params, inputs)))
    losses = []
    for c in range(3):
        inside, outside = chances[labels == c, c], chances[labels != c, c]
        wrong = inside[:, None] < outside
        losses.append(wrong.mean())
    found = models.auc_loss(params, inputs, targets, sharpness=1e6)
    np.testing.assert_allclose(found, np.mean(losses), atol=1e-6)
    assert 0.3 < models.auc_loss(params, inputs, targets, sharpness=0.1) < 0.7


def test_deep_networks_and_other_activations():
    params = models.init_mlp(jax.random.key(0), inputs=3, hidden=(4, 2), outputs=2)
    inputs = np.random.default_rng(0).normal(size=(5, 3))
    p = {name: np.asarray(value) for name, value in params.items()}
    hidden = np.log1p(np.exp(inputs @ p["w1"] + p["b1"]))
    hidden = np.log1p(np.exp(hidden @ p["w2"] + p["b2"]))
    expected = hidden @ p["w3"] + p["b3"]
    found = models.predict(params, jnp.array(inputs), jax.nn.softplus)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    targets = jnp.eye(2)[found.argmax(axis=1)]
    assert models.accuracy(params, jnp.array(inputs), targets, jax.nn.softplus) == 1.0
    with pytest.raises(ValueError, match="2 hidden layers"):
        models.hidden_units(params)
    with pytest.raises(ValueError, match="hidden is 0"):
        models.init_mlp(jax.random.key(0), inputs=3, hidden=(4, 0), outputs=2)


@pytest.mark.parametrize("activation", [jnp.tanh, jax.nn.softplus])
def test_classifiers_know_their_symmetry_and_other_data(activation):
    inputs, targets = models.xor()
    surface = systems.mlp(
        inputs, targets, (3, 2), 1e-3, activation=activation, loss=models.auc_loss,
        test=(inputs, targets),
    )  # fmt: skip
    x = np.asarray(surface.sample(jax.random.key(0), 2))
    image = surface.symmetry.random_image(x[0], 1)
    np.testing.assert_allclose(surface(image), surface(x[0]), rtol=1e-10)
    assert [g.signs is not None for g in surface.symmetry.groups] == [activation is jnp.tanh] * 2
    assert set(surface.measure(x)["accuracy"] * 4) <= {0.0, 1.0, 2.0, 3.0, 4.0}


@pytest.mark.parametrize(
    "inputs, targets, message",
    [
        (np.ones((4, 2)), np.eye(3)[[0, 1, 2]], "inputs have shape"),
        (np.ones((2, 2)), np.array([[0.0, 0.0], [1.0, 0.0]]), "row 0 is .* labels out of range"),
        (np.full((2, 2), np.nan), np.eye(2), "constant column"),
        (np.ones((2, 2)), np.array([0, 1]), "one-hot"),
    ],
)
def test_data_that_do_not_fit_are_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        systems.mlp(inputs, targets)
