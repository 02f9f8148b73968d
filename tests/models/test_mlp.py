import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jaxscape.models import cross_entropy, hidden_units, init_mlp, iris, predict


def test_iris_is_fishers_table():
    inputs, targets = iris()
    assert (inputs.shape, targets.shape) == ((150, 4), (150, 3))
    np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(inputs.std(axis=0), 1.0)
    np.testing.assert_array_equal(targets.sum(axis=0), 50)
    np.testing.assert_array_equal(targets.sum(axis=1), 1)
    # Two lines in which the UCI copy differs from Fisher's paper, and the correlation of petal
    # length and width, 0.9628654 (R's iris).
    from importlib import resources

    lines = (resources.files("jaxscape.models") / "data/iris.csv").read_text().splitlines()
    assert (lines[35], lines[38]) == ("4.9,3.1,1.5,0.2,0", "4.9,3.6,1.4,0.1,0")
    np.testing.assert_allclose(np.corrcoef(inputs.T)[2, 3], 0.9628654, atol=1e-7)


def test_cross_entropy_of_an_ignorant_network_is_log_of_the_classes():
    inputs, targets = iris()
    params = init_mlp(jax.random.key(0), inputs=4, hidden=3, outputs=3, spread=0.0)
    np.testing.assert_allclose(cross_entropy(params, inputs, targets), np.log(3))


def test_cross_entropy_against_numpy():
    inputs, targets = (np.asarray(a) for a in iris())
    params = init_mlp(jax.random.key(1), inputs=4, hidden=5, outputs=3)
    p = {name: np.asarray(value) for name, value in params.items()}
    logits = np.tanh(inputs @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(chances[targets.astype(bool)]).mean()
    np.testing.assert_allclose(cross_entropy(params, inputs, targets), expected, rtol=1e-12)


def test_large_logits_do_not_overflow():
    inputs, targets = iris()
    params = init_mlp(jax.random.key(1), inputs=4, hidden=5, outputs=3, spread=1e4)
    assert np.isfinite(cross_entropy(params, inputs, targets))


@pytest.mark.parametrize("seed", range(3))
def test_hidden_units_may_change_places_and_signs(seed):
    rng = np.random.default_rng(seed)
    params = init_mlp(jax.random.key(seed), inputs=4, hidden=4, outputs=3)
    flat, unravel = ravel_pytree(params)
    blocks, signs = hidden_units(params)
    assert blocks.shape == (4, 8)
    assert all(signs)
    fixed = np.setdiff1d(np.arange(flat.size), blocks)
    np.testing.assert_array_equal(np.asarray(flat)[fixed], params["b2"])
    image = np.array(flat)
    image[blocks] = rng.choice([-1, 1], 4)[:, None] * image[blocks[rng.permutation(4)]]
    assert not np.allclose(image, flat)
    inputs = jnp.array(rng.normal(size=(9, 4)))
    np.testing.assert_allclose(
        predict(unravel(jnp.array(image)), inputs), predict(params, inputs), atol=1e-12
    )


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="hidden is 0"):
        init_mlp(jax.random.key(0), inputs=4, hidden=0, outputs=3)
