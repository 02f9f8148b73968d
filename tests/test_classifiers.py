"""Classifiers of the literature's data: what they are, and their landscapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape import systems
from jaxscape.models import auc_loss, cross_entropy, iris

pytest.importorskip("sklearn", reason="the extra [data] is not installed")


def test_widths_losses_and_samples():
    surface = systems.iris_mlp((3, 2), 1e-2, samples=100, activation=jax.nn.softplus)
    assert (surface.dim, surface.name) == (32, "iris_mlp3_2")
    assert [group.signs for group in surface.symmetry.groups] == [None, None]
    # Trained on a hundred, judged by the fifty others: all of them together are the irises.
    x = np.asarray(surface.sample(jax.random.key(0), 1))
    whole = systems.iris_mlp((3, 2), 1e-2, activation=jax.nn.softplus)
    rest = whole.measure(x)["accuracy"] * 150 - surface.measure(x)["accuracy"] * 50
    np.testing.assert_allclose(rest, np.round(rest), atol=1e-9)
    assert 0 <= rest[0] <= 100
    order = np.random.default_rng(0).permutation(150)[:100]
    inputs, targets = iris()
    by_hand = cross_entropy(
        whole.unravel(x[0]), inputs[order], targets[order], jax.nn.softplus
    ) + 1e-2 * jnp.sum(x[0] ** 2)
    np.testing.assert_allclose(surface(x[0]), by_hand, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: systems.iris_mlp((3, 0)), "hidden is 0; pass a whole number"),
        (lambda: systems.iris_mlp(2.5), "hidden is 2.5"),
        (lambda: systems.wine_mlp(2, samples=179), "samples is 179, but there are 178"),
        (lambda: systems.breast_cancer_mlp(2, l2=-1.0), "l2 is -1.0"),
        (lambda: systems.iris_mlp(2, loss=auc_loss, chunk=50), "chunk"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.slow
def test_the_stored_fates_are_those_of_three_atoms():
    inputs, targets = js.models.three_atoms(jax.random.key(0), 512)
    surface = systems.three_atoms_mlp(3)
    standard = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    x = np.asarray(surface.sample(jax.random.key(1), 1)[0])
    by_hand = cross_entropy(surface.unravel(x), standard, targets) + 1e-3 * jnp.sum(x**2)
    np.testing.assert_allclose(surface(x), by_hand, rtol=1e-5)
