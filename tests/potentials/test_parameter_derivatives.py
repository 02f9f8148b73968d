"""Barriers of metals and mixtures by the parameters of their potentials, against barriers anew."""

import equinox as eqx
import jax
import numpy as np
import pytest

import jaxscape as js

CASES = {
    "gupta": (lambda: js.systems.gupta("Ag3Cu2"), ("r0", "xi", "q")),
    "mixture": (lambda: js.systems.binary_lennard_jones(3, 2, 1.1), ("sigma", "epsilon")),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("gupta", marks=pytest.mark.slow),
        pytest.param("mixture", marks=pytest.mark.long),
    ],
)
def test_a_barrier_changes_with_the_parameters_as_said(name):
    make, parameters = CASES[name]
    surface = make()
    minima = js.minimise(surface, surface.sample(jax.random.key(0), 24))
    kicks = 0.12 * float(surface.scale) * np.random.default_rng(0).normal(size=minima.x.shape)
    states = js.find_transition_states(surface, minima.x + kicks, key=jax.random.key(1))
    landscape = js.Landscape(surface)
    landscape.add(minima.take(minima.ok))
    landscape.add(states.take(states.ok))
    edges = landscape.transition_states
    state = int(np.argmin(edges.energy))
    lower = int(edges.plus[state])
    found = js.derivatives(
        landscape,
        lambda network: network.ts_energy[state] - network.energy[lower],
        parameters=parameters,
    )
    x_state, x_lower = edges.x[state : state + 1], landscape.minima.x[[lower]]

    def barrier(changed):
        at_rest = js.minimise(changed, x_lower)
        top = js.find_transition_states(
            changed,
            x_state,
            key=jax.random.key(2),
            method=js.HybridEigenvectorFollowing.near_saddle(),
        )
        assert at_rest.ok.all() and top.ok.all()
        return top.energy[0] - at_rest.energy[0]

    for parameter in parameters:
        where = lambda s, p=parameter: getattr(s.function, p)  # noqa: E731
        table = np.asarray(where(surface))
        # Between unlike atoms, both entries of the table.
        step = 1e-5 * np.array([[0.0, 1.0], [1.0, 0.0]]) * table
        ahead, behind = (
            barrier(eqx.tree_at(where, surface, table + sign * step)) for sign in (1, -1)
        )
        wanted = 0.5 * (ahead - behind)
        np.testing.assert_allclose(np.sum(found[parameter] * step), wanted, rtol=1e-4, atol=1e-10)
        assert abs(wanted) > 1e-8
