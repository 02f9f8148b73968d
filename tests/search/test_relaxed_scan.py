"""Scans of a chain of four atoms whose energy is known for every dihedral."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

START = np.array([[1.0, 0.9, 0.1], [0, 0, 0], [0, 0, 1.4], [0.9, 0.1, 1.9]]).ravel()


def chain(x):
    """Stiff bonds and angles, and 1 - cos(3 t) for the dihedral t."""
    a, b, c, d = x.reshape(4, 3)
    u, v, w = b - a, c - b, d - c
    lengths = jnp.array([jnp.linalg.norm(s) for s in (u, v, w)])
    first, second = jnp.cross(u, v), jnp.cross(v, w)
    sine = lengths[1] * jnp.sum(u * second)
    turn = jnp.arctan2(sine, jnp.sum(first * second))
    bends = jnp.array([jnp.sum(u * v), jnp.sum(v * w)]) - 0.5
    stiff = jnp.sum((lengths - 1.3) ** 2) + jnp.sum(bends**2)
    return 50 * stiff + 1 - jnp.cos(3 * turn)


@pytest.fixture(scope="module")
def scan():
    return js.relaxed_scan(js.Surface(chain, dim=12), START, (0, 1, 2, 3), [60.0, 100.0, 200.0])


def test_energies_and_slopes_are_those_of_the_coordinate_alone(scan):
    assert scan.ok.all()
    radians = np.radians(scan.values)
    np.testing.assert_allclose(scan.energy, 1 - np.cos(3 * radians), atol=1e-8)
    np.testing.assert_allclose(scan.slope, 3 * np.sin(3 * radians) * np.pi / 180, atol=1e-6)


def test_values_are_reached_the_whole_way_round(scan):
    off = (scan.reached - scan.values + 180) % 360 - 180
    np.testing.assert_allclose(off, 0.0, atol=1e-5)
    apart = np.linalg.norm(np.diff(scan.x.reshape(3, 4, 3), axis=1), axis=2)
    np.testing.assert_allclose(apart, 1.3, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"atoms": (0, 0)}, r"atoms is \[0, 0\]"),
        ({"atoms": (0, 4)}, "12 coordinates"),
        ({"atoms": (0,)}, "two, three or four"),
        ({"values": [np.nan]}, "finite numbers"),
        ({"x": START[None]}, r"shape \(1, 12\)"),
        ({"stiffness": -1.0}, "stiffness is -1.0"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(options, message):
    good = {"x": START, "atoms": (0, 1, 2, 3), "values": [60.0]}
    with pytest.raises(ValueError, match=message):
        js.relaxed_scan(js.Surface(chain, dim=12), **good | options)


def test_a_stiff_coordinate_is_reached_all_the_same():
    # A spring ten times as stiff as the one that leads to the value.
    surface = js.Surface(lambda x: 3600.0 * (x[0] - 1.0) ** 2 + (x[1] - x[0]) ** 2, dim=2)
    scan = js.relaxed_scan(
        surface, np.ones(2), lambda x: x[0], [1.1, 1.2], stiffness=700.0, tolerance=1e-6
    )
    assert scan.ok.all()
    np.testing.assert_allclose(scan.reached, [1.1, 1.2], atol=1e-7)
    np.testing.assert_allclose(scan.energy, [36.0, 144.0], rtol=1e-6)


def test_a_budget_ends_a_scan():
    surface = js.Surface(lambda x: x[0] ** 2 + x[1] ** 2, dim=2)
    budget = js.Budget()
    budget.interrupted = True
    scan = js.relaxed_scan(surface, np.ones(2), lambda x: x[0], [0.5, 1.0], budget=budget)
    assert (scan.status == js.Status.INTERRUPTED).all() and np.isnan(scan.energy).all()
