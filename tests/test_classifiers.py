"""Classifiers of the literature's data: what they are, and their landscapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape import systems
from jaxscape.models import auc_loss, cross_entropy, iris

LONG, SOFTPLUS = pytest.mark.long, jax.nn.softplus
# The share that the commonest class would get, and more.
CHANCE = {"wine": 0.8, "breast cancer": 0.9, "digits": 0.3, "three atoms": 0.5, "iris": 0.9}

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


EXPLORED = {
    "wine": lambda: systems.wine_mlp(2, 1e-3, loss=auc_loss, activation=SOFTPLUS, samples=40),
    "breast cancer": lambda: systems.breast_cancer_mlp((2, 2), 1e-2, samples=100),
    "digits": lambda: systems.digits_mlp(2, 3e-2, activation=SOFTPLUS, samples=60),
    "three atoms": lambda: systems.three_atoms_mlp(2, 1e-3, loss=auc_loss, samples=60),
    "iris": lambda: systems.iris_mlp((2, 2), 1e-2, activation=SOFTPLUS),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=LONG if name in ("digits", "three atoms") else pytest.mark.slow)
        for name in EXPLORED
    ],
)
def test_two_seeds_find_the_same_low_landscape(name):
    surface = EXPLORED[name]()
    tables = []
    for seed in (0, 1):
        network = js.explore(
            surface,
            surface.sample(jax.random.key(seed), 64),
            key=jax.random.key(10 + seed),
            searches=128,
            batch=128,
            progress=False,
        )
        assert network.minima.certified.all() and network.transition_states.certified.all()
        energy = network.minima.energy
        order = np.argsort(energy)
        top = network.transition_states.energy.max()
        low = order[energy[order] <= energy.min() + 0.1 * (top - energy.min())]
        barriers = [js.barrier(network, int(i), int(low[0])) for i in low[1:]]
        tables.append((energy[low], barriers, network.transition_states.energy.min()))
        accuracy = surface.measure(network.minima.x[low[:1]])["accuracy"][0]
        assert accuracy > CHANCE[name]  # on samples left out, if there are any
    for one, other in zip(*tables, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
