import collections

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.status import Status

QUIET = dict(progress=False)


def wells(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2


def named(analytic, name, index):
    return sorted(p["E"] for p in analytic[name]["points"] if p["index"] == index)


@pytest.mark.parametrize("seed", [0, 1])
def test_six_hump_camel(camel, analytic, camel_network, seed):
    network = camel_network
    if seed:
        network = js.explore(camel, key=jax.random.key(seed), **QUIET)
    minima, states = (named(analytic, "six_hump_camel", i) for i in (0, 1))
    np.testing.assert_allclose(np.sort(network.minima.energy), minima, atol=1e-6)
    np.testing.assert_allclose(np.sort(network.transition_states.energy), states, atol=1e-6)
    assert len(network.components()) == 1
    assert (network.minima.active == 0).all()


def test_mueller_brown(mueller_brown, analytic):
    network = js.explore(mueller_brown, key=jax.random.key(0), **QUIET)
    minima, states = (named(analytic, "muller_brown", i) for i in (0, 1))
    np.testing.assert_allclose(np.sort(network.minima.energy), minima, atol=1e-6)
    np.testing.assert_allclose(np.sort(network.transition_states.energy), states, atol=1e-6)
    # Each transition state joins the middle minimum to one of the outer ones.
    ends = {
        round(float(e), 3): {round(float(network.minima.energy[i]), 3) for i in (a, b)}
        for e, a, b in zip(
            network.transition_states.energy,
            network.transition_states.plus,
            network.transition_states.minus,
            strict=True,
        )
    }
    assert ends == {-72.249: {-108.167, -80.768}, -40.665: {-146.7, -80.768}}


def test_lj7_complete_and_exact(lj7_network, lj_networks, plain_lj, spectrum):
    network, reference = lj7_network, lj_networks["networks"]["7"]
    assert (len(network.minima), len(network.transition_states)) == (4, 12)
    for view, known, negative in (
        (network.minima, reference["minima"], 0),
        (network.transition_states, reference["ts"], 1),
    ):
        order = np.argsort(view.energy)
        np.testing.assert_allclose(view.energy[order], [p["E"] for p in known], atol=1e-8)
        np.testing.assert_array_equal(view.order[order], [p["h"] for p in known])
        logs = [p.get("lnprod", p.get("lnprod_pos")) for p in known]
        np.testing.assert_allclose(view.log_product[order], logs, atol=1e-5)
        for x in view.x:
            rms, values, zero = spectrum(plain_lj, x, rigid=True)
            assert rms < 1e-8 and zero == 6 and (values < 0).sum() == negative
    rank = np.argsort(np.argsort(network.minima.energy)) + 1
    states = network.transition_states
    found = [
        sorted((int(rank[p]), int(rank[m]))) for p, m in zip(states.plus, states.minus, strict=True)
    ]
    expected = [t["connects"] for t in reference["ts"]]
    assert [found[i] for i in np.argsort(states.energy)] == expected
    # Rearrangements of one minimum into itself are kept, and marked.
    assert network.degenerate.sum() == sum(a == b for a, b in expected)
    # Completeness does not take long.
    assert network.attempts.kinds()["single_ended"] < 5000


@pytest.mark.slow
def test_few_searches_suffice_for_lj7(lj7, lj7_starts, lj7_network):
    network = js.explore(lj7, lj7_starts, key=jax.random.key(5), searches=2048, **QUIET)
    assert (len(network.minima), len(network.transition_states)) == (4, 12)


def test_a_bare_callable_will_do():
    x0 = np.random.default_rng(0).uniform(-2, 2, (70, 2))
    network = js.explore(wells, x0, key=jax.random.key(0), searches=128, batch=128, **QUIET)
    assert (len(network.minima), len(network.transition_states)) == (2, 1)
    np.testing.assert_allclose(network.transition_states.x, [[0.0, 0.0]], atol=1e-8)
    assert {int(network.transition_states.plus[0]), int(network.transition_states.minus[0])} == {
        0,
        1,
    }


def test_every_attempt_is_recorded(camel_network):
    attempts = camel_network.attempts
    kinds = attempts.kinds()
    assert kinds["quench"] == 256
    assert kinds["single_ended"] >= 1000
    outcomes = collections.Counter(attempts.outcome)
    found = len(camel_network.minima) + len(camel_network.transition_states)
    # Some minima are met first beside a transition state.
    assert found - 6 <= outcomes["new"] <= found
    assert outcomes["known"] > outcomes["new"]
    assert (attempts.evaluations > 0).mean() > 0.99
    assert camel_network.evaluations == attempts.evaluations.sum()
    started = collections.Counter(
        a for kind, a in zip(attempts.kind, attempts.a, strict=True) if kind == "single_ended"
    )
    # Every minimum in turn.
    assert set(started) == set(range(6)) and max(started.values()) - min(started.values()) <= 200


def test_same_key_same_network(camel, camel_network, identical):
    again = js.explore(camel, key=jax.random.key(0), **QUIET)
    assert identical(camel_network, again)
    assert again.attempts.outcome == camel_network.attempts.outcome
    one = js.explore(camel, key=jax.random.key(0), lanes=40, **QUIET)
    assert identical(camel_network, one)


def test_other_key_other_searches(camel, camel_network):
    other = js.explore(camel, key=jax.random.key(1), searches=256, batch=256, **QUIET)
    first = js.explore(camel, key=jax.random.key(0), searches=256, batch=256, **QUIET)
    assert not np.array_equal(other.attempts.evaluations, first.attempts.evaluations)


def test_bound_minima_are_marked():
    """A well inside, and a slope down to the edge."""
    surface = js.Surface(
        lambda x: jnp.cos(x[0]) - 0.3 * x[0] + x[1] ** 2, bounds=([0.0, -1.0], [11.0, 1.0]), dim=2
    )
    network = js.explore(surface, key=jax.random.key(0), searches=256, batch=128, **QUIET)
    inside = network.minima.x[network.minima.active == 0]
    wells = np.pi + np.arcsin(0.3) + 2 * np.pi * np.arange(2)  # -sin x = 0.3, cos x < 0
    np.testing.assert_allclose(np.sort(inside[:, 0]), wells, atol=1e-7)
    assert (network.minima.active > 0).sum() == (np.isin(network.minima.x[:, 0], [0, 11])).sum()
    assert f"{len(inside)} minima" in network.summary()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(searches=0), "searches is 0"),
        (dict(searches=-3), "searches is -3"),
        (dict(seconds=0), "budget of 0"),
        (dict(seconds=-1.0), "budget of -1.0"),
        (dict(patience=0), "patience is 0"),
        (dict(batch=0), "batch is 0"),
        (dict(max_steps=0), "max_steps is 0"),
        (dict(tolerance=0.0), "tolerance is 0.0"),
        (dict(displacement=(0.2, 0.1)), r"displacement is \(0.2, 0.1\)"),
        (dict(displacement=(0.0, 0.1)), r"displacement is \(0.0, 0.1\)"),
        (dict(displacement=(0.1,)), r"displacement is \(0.1,\)"),
        (dict(displacement=0.1), "displacement is 0.1"),
        (dict(push=0.0), "push is 0.0"),
        (dict(x0=np.zeros((0, 2))), "no starting point"),
        (dict(x0=np.zeros((2, 3))), "width 3"),
        (dict(x0=np.full((2, 2), np.nan)), "not finite"),
        (dict(x0=None), "no sampler and no bounds"),
        (dict(surface=lambda x: x), "not a scalar"),
        (dict(surface=lambda x: x[0] + 1j), "not a real"),
        (dict(x0=np.zeros((2, 2), "float32"), tolerance=1e-8), "out of reach for float32"),
        (dict(key=0), "key"),
    ],
)
def test_bad_input_is_refused_at_once(arguments, message):
    call = dict(surface=js.Surface(wells, dim=2), x0=np.ones((2, 2)), key=jax.random.key(0))
    call |= arguments
    with pytest.raises(ValueError, match=message):
        js.explore(call.pop("surface"), call.pop("x0"), **QUIET, **call)


def test_landscape_and_store_exclude_each_other(tmp_path):
    surface = js.Surface(wells, dim=2)
    with pytest.raises(ValueError, match="not both"):
        js.explore(
            surface,
            np.ones((1, 2)),
            key=jax.random.key(0),
            landscape=js.Landscape(surface),
            store=tmp_path / "a.sqlite",
            **QUIET,
        )
    with pytest.raises(ValueError, match="no surface"):
        js.explore(surface, np.ones((1, 2)), key=jax.random.key(0), landscape=js.Landscape())


def test_landscape_of_another_surface_is_refused(camel, partly_connected):
    """Minima of two functions in one network would be worse than none."""
    network = partly_connected
    shifted = js.Surface(lambda x: camel.function(x) + 1.0, bounds=(-2.0, 2.0), dim=2)
    with pytest.raises(ValueError, match="another surface"):
        js.explore(shifted, key=jax.random.key(0), landscape=network, searches=8, **QUIET)
    assert not len(network.attempts) and len(network.minima) == 6


def test_nothing_to_find():
    """A function without a minimum leaves an empty network, and says so."""
    surface = js.Surface(lambda x: jnp.sum(x) * jnp.nan, dim=2)
    network = js.explore(surface, np.ones((3, 2)), key=jax.random.key(0), searches=8, **QUIET)
    assert len(network.minima) == len(network.transition_states) == 0
    assert [Status[o] if isinstance(o, str) else Status(o) for o in network.attempts.outcome] == [
        Status.NOT_FINITE
    ] * 3


@pytest.mark.slow
def test_single_minimum():
    surface = js.Surface(lambda x: jnp.sum(x**2), bounds=(-1.0, 1.0), dim=2)
    network = js.explore(surface, key=jax.random.key(0), searches=64, batch=64, **QUIET)
    assert len(network.minima) == 1 and len(network.transition_states) == 0
    np.testing.assert_allclose(network.minima.x, 0.0, atol=1e-9)


@pytest.mark.slow
def test_parameters_of_the_potential_are_data(lj7, lj7_starts, compilations):
    before = js.explore(lj7, lj7_starts, key=jax.random.key(1), searches=512, **QUIET)
    softer = eqx.tree_at(lambda s: s.function.epsilon, lj7, jnp.asarray(1.3, float))
    with compilations() as names:
        network = js.explore(softer, lj7_starts, key=jax.random.key(0), searches=512, **QUIET)
    assert not [name for name in names if "_chunk" in name or "_certify" in name]
    np.testing.assert_allclose(
        network.minima.energy.min(), 1.3 * before.minima.energy.min(), rtol=1e-10
    )
