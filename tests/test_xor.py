"""The landscapes of exclusive or, against an enumeration by other means, for every width."""

import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

REFERENCE = json.loads((Path(__file__).parent / "reference/xor_landscapes.json").read_text())
HESSIAN = eqx.filter_jit(lambda surface, x: surface.hessian(x))
GRADIENT = eqx.filter_jit(lambda surface, x: surface.value_and_grad(x)[1])
CASES = {(case["hidden"], case["l2"]): case for case in REFERENCE["cases"]}


def explored(hidden, l2, searches=1536):
    surface = js.systems.xor_mlp(hidden, l2)
    starts = surface.sample(jax.random.key(0), 512)
    # The origin is a minimum with a small basin: some start close to it.
    starts = np.concatenate([starts, 0.1 * starts[:256]])
    key = jax.random.key(1)
    # The weaker the regularisation, the closer to the origin are the passes out of that basin.
    return js.explore(
        surface, starts, key=key, searches=searches, displacement=(0.02, 2.0), progress=False
    )


def agree(network, case):
    for view, name in (
        (network.minima, "minima"),
        (network.transition_states, "transition_states"),
    ):
        assert len(view) == len(case[name])
        np.testing.assert_allclose(np.sort(view.energy), np.sort(case[name]), atol=2e-10)


SMALL = [(1, 0.01), (1, 0.001), (1, 0.1)]
LARGE = [(2, 0.1), (2, 0.03), (2, 0.01), (2, 0.001)]


@pytest.mark.long
@pytest.mark.parametrize("hidden, l2", SMALL)
def test_one_hidden_unit(hidden, l2):
    agree(explored(hidden, l2, 512), CASES[hidden, l2])


@pytest.mark.long
@pytest.mark.parametrize("hidden, l2", LARGE)
def test_two_hidden_units(hidden, l2):
    agree(explored(hidden, l2, 4096), CASES[hidden, l2])


@pytest.mark.long
@pytest.mark.parametrize("hidden, l2, searches", [(3, 0.01, 4096), (2, 0.0001, 4096)])
def test_at_least_what_a_short_enumeration_found(hidden, l2, searches):
    network, case = explored(hidden, l2, searches), CASES[hidden, l2]
    assert np.min(np.abs(network.minima.energy - np.log(2))) < 1e-10
    for view, name in (
        (network.minima, "minima"),
        (network.transition_states, "transition_states"),
    ):
        for energy in case[name]:  # a lower bound
            assert np.min(np.abs(view.energy - energy)) < 2e-10


def widened(point, hidden):
    """A network with one more hidden unit that does nothing, as a point of the wider surface."""
    p = np.array(point)
    units = p[: 5 * hidden].reshape(hidden, 5)
    units = np.concatenate([units, np.zeros((1, 5))])
    params = {"w1": units[:, :2].T, "b1": units[:, 2], "w2": units[:, 3:], "b2": p[5 * hidden :]}
    return {name: jnp.array(value) for name, value in params.items()}


@pytest.mark.parametrize("hidden", [1, 2])
def test_minima_are_saddles_of_the_next_width(hidden):
    case, wider = CASES[hidden, 0.01], CASES[hidden + 1, 0.01]
    surface = js.systems.xor_mlp(hidden + 1, 0.01)
    passes = []
    for energy, point in zip(case["minima"], case["points"], strict=True):
        x = surface.ravel(widened(point, hidden))
        np.testing.assert_allclose(surface(x), energy, atol=1e-9)
        assert np.max(np.abs(GRADIENT(surface, x))) < 1e-7
        values = np.linalg.eigvalsh(HESSIAN(surface, x))
        if abs(energy - np.log(2)) < 1e-9:
            assert values[0] > 0  # nothing gained by units that do nothing
        else:
            assert values[0] < 0
            passes += [energy] * int(np.sum(values < 0) == 1)
    for energy in passes:
        assert np.min(np.abs(np.array(wider["transition_states"]) - energy)) < 1e-9
    assert passes
