"""Contours of two-dimensional surfaces."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot
from jaxscape.plot.contour import steepest_descent


def marks(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def paths(ax):
    (found,) = [c for c in ax.collections if c.get_label() == "steepest descent"]
    return [np.asarray(path) for path in found.get_segments()]


@pytest.fixture
def drawn(mueller_brown):
    surface, landscape = mueller_brown
    return plot.contour(surface, landscape=landscape, points=61), landscape


def test_stationary_points_are_marked(drawn):
    ax, landscape = drawn
    assert set(marks(ax)) == {"minimum", "transition state"}
    np.testing.assert_array_equal(marks(ax)["minimum"], landscape.minima.x)
    np.testing.assert_array_equal(marks(ax)["transition state"], landscape.transition_states.x)
    assert {text.get_text() for text in ax.get_legend().get_texts()} == set(marks(ax))


@pytest.mark.slow
def test_connections_are_paths_of_steepest_descent(drawn, mueller_brown):
    ax, landscape = drawn
    surface = mueller_brown[0]
    states, found = landscape.transition_states, paths(ax)
    ends = np.concatenate([states.plus, states.minus])
    assert len(found) == 4
    for path, saddle, end in zip(found, np.tile(states.x, (2, 1)), ends, strict=True):
        np.testing.assert_array_equal(path[0], saddle)
        np.testing.assert_array_equal(path[-1], landscape.minima.x[end])
        energy = np.array([float(surface(jnp.asarray(x))) for x in path[::10]])
        assert np.all(np.diff(energy) <= 1e-9)
        middle = path[len(path) // 40]
        step = path[len(path) // 40 + 1] - middle
        gradient = np.asarray(surface.value_and_grad(jnp.asarray(middle))[1])
        along = -step @ gradient / np.linalg.norm(step) / np.linalg.norm(gradient)
        assert along > 0.999


def test_descent_of_a_quadratic_is_exact():
    surface = js.Surface(lambda x: 0.5 * (x[0] ** 2 + 100.0 * x[1] ** 2), dim=2)
    path = np.asarray(steepest_descent(surface, jnp.array([[1.0, 0.1]]), 0.01, 300))[0]
    # dx/dt = -k x, so that y / y0 = (x / x0)^100.
    np.testing.assert_allclose(path[:, 1], 0.1 * path[:, 0] ** 100.0, atol=1e-12)
    np.testing.assert_allclose(path[-1], 0.0, atol=1e-6)


def test_descent_stays_within_bounds():
    surface = js.Surface(lambda x: x[0] + (x[1] - 0.3) ** 2, bounds=(0.0, 1.0), dim=2)
    path = np.asarray(steepest_descent(surface, jnp.array([[0.5, 0.9]]), 0.01, 400))[0]
    assert path.min() >= 0.0
    np.testing.assert_allclose(path[-1], [0.0, 0.3], atol=1e-6)


def test_walls_are_cut_off(drawn):
    ax, landscape = drawn
    (filled,) = [c for c in ax.collections if hasattr(c, "levels") and c.filled]
    top, low = landscape.transition_states.energy.max(), landscape.minima.energy.min()
    assert filled.levels[0] <= low
    assert top < filled.levels[-1] < top + (top - low)
    assert filled.extend == "max"


def test_axes_are_labelled(drawn):
    ax, _ = drawn
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    assert ax.figure.axes[1].get_ylabel() == "Energy"
    surface = js.Surface(
        lambda x: x @ x, bounds=(-1.0, 1.0), dim=2, units=js.Units("epsilon", "sigma")
    )
    own = plt.subplots()[1]
    assert plot.contour(surface, ax=own, points=11) is own
    assert own.get_xlabel() == "$x_1$ / σ"
    assert own.figure.axes[1].get_ylabel() == "Energy / ε"


def test_points_on_bounds_look_different():
    surface = js.Surface(lambda x: x[0] + (x[1] ** 2 - 0.25) ** 2, bounds=(-1.0, 1.0), dim=2)
    landscape = js.Landscape(surface)
    landscape.add(js.minimise(surface, np.array([[0.0, 0.4], [0.0, -0.4]])))
    assert landscape.minima.active.tolist() == [1, 1]
    assert set(marks(plot.contour(surface, landscape=landscape, points=11))) == {
        "minimum on a bound"
    }


def test_bounds_around_the_points_where_the_surface_has_none(mueller_brown):
    surface, landscape = mueller_brown
    free = js.Surface(surface.function, dim=2)
    ax = plot.contour(free, landscape=landscape, points=21)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    known = landscape.minima.x
    assert np.all(known > [left, bottom]) and np.all(known < [right, top])
    ax = plot.contour(free, bounds=((-1.0, 0.0), (1.0, 1.0)), points=21)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.0, 1.0), (0.0, 1.0))


def test_what_is_not_finite_is_left_blank():
    ax = plot.contour(lambda x: jnp.log(x[0]) + x[1] ** 2, bounds=(-1.0, 1.0), points=21)
    assert ax.collections


@pytest.mark.parametrize(
    ("surface", "options", "message"),
    [
        (js.Surface(lambda x: x @ x, dim=3), {}, "dim 3"),
        (lambda x: x @ x, {}, "bounds"),
        (lambda x: x @ x, {"bounds": (1.0, -1.0)}, "crossed"),
        (lambda x: x @ x, {"bounds": (-np.inf, 1.0)}, "finite"),
        (lambda x: x, {"bounds": (-1.0, 1.0)}, "scalar"),
        (lambda x: jnp.nan * x[0], {"bounds": (-1.0, 1.0)}, "nowhere finite"),
        (lambda x: x @ x, {"bounds": (-1.0, 1.0), "levels": 1}, "levels"),
        (lambda x: x @ x, {"bounds": (-1.0, 1.0), "levels": [0.0]}, "levels"),
        (lambda x: x @ x, {"bounds": (-1.0, 1.0), "points": 1}, "points"),
    ],
)
def test_bad_input(surface, options, message):
    with pytest.raises(ValueError, match=message):
        plot.contour(surface, **options)
    assert not plt.get_fignums()
