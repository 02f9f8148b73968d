"""Following stationary points along a parameter: known bifurcations, and nothing lost between."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.analysis.differentiation import EventKind

FOLD = 8.0 / (3.0 * np.sqrt(3.0))


class Tilted(eqx.Module):
    """Two wells; a tilt of 8 / (3 sqrt 3) makes one and the transition state meet in a fold."""

    tilt: jax.Array

    def __call__(self, x):
        return (x[0] ** 2 - 1) ** 2 + self.tilt * x[0] + 2 * x[1] ** 2


class Pitchfork(eqx.Module):
    """Two wells below zero and one above; the branches meet at zero."""

    curvature: jax.Array

    def __call__(self, x):
        return x[0] ** 4 + self.curvature * x[0] ** 2 + 2 * x[1] ** 2


def surface_of(function):
    def surface_at(parameter):
        return js.Surface(function(jnp.asarray(parameter, float)), dim=2, scale=0.5)

    return surface_at


tilted, pitchfork = surface_of(Tilted), surface_of(Pitchfork)


def wells(surface, start=((-0.8, 0.1), (0.8, 0.1)), top=((0.05, 0.02),)):
    landscape = js.Landscape(surface)
    landscape.add(js.minimise(surface, np.array(start)))
    if top:
        found = js.find_transition_states(surface, np.array(top), key=jax.random.key(0))
        landscape.add(found)
    return landscape


@pytest.fixture(scope="module")
def tilt():
    landscape = wells(tilted(0.0))
    return landscape, js.follow(landscape, tilted, 0.0, 2.0)


def test_a_fold_ends_a_minimum_and_a_transition_state(tilt):
    landscape, found = tilt
    (event,) = found.events
    assert event.kind is EventKind.DEATH
    assert event.low - 1e-5 < FOLD < event.high + 1e-5 and event.high - event.low < 2e-5
    lost = int(np.argmax(landscape.minima.x[:, 0]))
    assert event.minima == (lost,) and event.transition_states == (0,)
    assert f"minimum {lost}, transition state 0 ends" in str(found)
    assert found.minima[lost] == -1 and found.transition_states.tolist() == [-1]
    assert len(found.landscape.minima) == 1 and not len(found.landscape.transition_states)


def test_the_way_is_kept(tilt):
    landscape, found = tilt
    kept = int(np.argmin(landscape.minima.x[:, 0]))
    assert found.parameters[0] == 0.0 and found.parameters[-1] == 2.0
    for k, parameter in enumerate(found.parameters):
        roots = np.roots([4.0, 0.0, -4.0, parameter])
        left = np.real(roots[np.argmin(np.real(roots))])
        energy = (left**2 - 1) ** 2 + parameter * left
        assert found.energy[k, kept] == pytest.approx(energy, abs=1e-9)
    after = found.parameters > FOLD
    assert after.any() and np.isnan(found.ts_energy[after]).all()
    assert np.isfinite(found.ts_energy[~after]).all()
    # The fold announces itself.
    assert found.ts_eigenvalue[~after][-1, 0] > found.ts_eigenvalue[0, 0]


def test_the_first_step_changes_nothing(tilt):
    landscape, found = tilt
    other = js.follow(landscape, tilted, 0.0, 2.0, step=2.0)
    assert [e.kind for e in other.events] == [e.kind for e in found.events]
    assert other.events[0].low == pytest.approx(found.events[0].low, abs=2e-5)
    np.testing.assert_allclose(other.landscape.minima.x, found.landscape.minima.x, atol=1e-8)


def test_wells_that_become_one():
    landscape = wells(pitchfork(-1.0), start=((-0.6, 0.1), (0.6, 0.1)))
    found = js.follow(landscape, pitchfork, -1.0, 1.0)
    kinds = {event.kind: event for event in found.events}
    assert set(kinds) == {EventKind.INDEX, EventKind.MERGE} and len(found.events) == 2
    assert kinds[EventKind.INDEX].transition_states == (0,)
    assert sorted(kinds[EventKind.MERGE].minima) == [0, 1]
    for event in found.events:
        assert abs(event.low) < 2e-5 and abs(event.high) < 2e-5
    assert found.landscape.minima.x[0].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert len(found.landscape.minima) == 1


def test_births_are_dated():
    landscape = wells(pitchfork(1.0), start=((0.5, 0.1),), top=())
    found = js.follow(landscape, pitchfork, 1.0, -1.0)
    assert sorted(e.kind.name for e in found.events) == ["BIRTH", "BIRTH", "INDEX"]
    for event in found.events:
        assert abs(event.low) < 2e-5 and abs(event.high) < 2e-5
    born = sorted(e.minima[0] for e in found.events if e.kind is EventKind.BIRTH)
    assert born == [0, 1] and found.minima.tolist() == [0]
    np.testing.assert_allclose(np.sort(found.landscape.minima.x[:, 0]), [-(0.5**0.5), 0.5**0.5])
    assert len(found.landscape.transition_states) == 1


def test_an_unknown_minimum_is_found():
    whole = wells(tilted(0.0))
    states = whole.transition_states
    partial = js.Landscape.from_points(
        {"x": whole.minima.x[:1], "energy": whole.minima.energy[:1]},
        {"x": states.x, "energy": states.energy, "plus": [0], "minus": [0]},
        surface=tilted(0.0),
    )
    found = js.follow(partial, tilted, 0.0, 0.5)
    assert [event.kind for event in found.events] == [EventKind.FOUND]
    assert len(found.landscape.minima) == 2


def test_a_cluster_that_grows(lj7_landscape):
    def surface_at(sigma):
        return js.systems.lennard_jones(7, sigma=sigma)

    found = js.follow(lj7_landscape, surface_at, 1.0, 1.3)
    assert not found.events
    assert found.minima.tolist() == [0, 1, 2, 3]
    assert found.transition_states.tolist() == list(range(12))
    old, new = lj7_landscape, found.landscape
    np.testing.assert_allclose(new.minima.energy, old.minima.energy, rtol=1e-9)
    assert new.minima.certified.all() and new.transition_states.certified.all()
    ends = [np.sort([v.plus, v.minus], axis=0) for v in (old.transition_states,
                                                         new.transition_states)]  # fmt: skip
    np.testing.assert_array_equal(*ends)
    bonds = old.surface.symmetry.fingerprint(old.minima.x)
    np.testing.assert_allclose(
        new.surface.symmetry.fingerprint(new.minima.x), 1.3 * bonds, rtol=1e-7
    )


@pytest.fixture(scope="module")
def lj7_landscape():
    import json
    from pathlib import Path

    path = Path(__file__).parents[1] / "reference" / "derivatives.json"
    found = json.loads(path.read_text())["lj7"]
    states = {"x": found["ts"], "energy": found["ts_energy"]}
    states |= {"plus": found["plus"], "minus": found["minus"]}
    return js.Landscape.from_points(
        {"x": found["minima"], "energy": found["energy"]},
        states,
        surface=js.systems.lennard_jones(7),
    )


def test_bad_input(tilt):
    landscape, _ = tilt
    with pytest.raises(ValueError, match="does not belong to the surface at 1"):
        js.follow(landscape, tilted, 1.0, 2.0)
    with pytest.raises(ValueError, match="start and stop are both 1"):
        js.follow(landscape, tilted, 1.0, 1.0)
    with pytest.raises(ValueError, match="nothing to follow"):
        js.follow(js.Landscape(tilted(0.0)), tilted, 0.0, 1.0)
    with pytest.raises(ValueError, match="stop is nan"):
        js.follow(landscape, tilted, 0.0, float("nan"))
