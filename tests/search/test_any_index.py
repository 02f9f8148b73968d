"""Stationary points of any index, against functions of which all are known."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

DIM = 4


def wells(x):
    """Separable: every coordinate sits in one of two wells or on top between them."""
    return jnp.sum(jnp.arange(1, DIM + 1) * ((x**2 - 1) ** 2 + 0.2 * x))


def known():
    """Coordinates `[3]` of the stationary points of one well, lowest first but for the top."""
    left, top, right = np.sort(np.roots([4.0, 0.0, -4.0, 0.2]).real)
    return np.array([left, right, top])


@pytest.fixture(scope="module")
def starts():
    return np.random.default_rng(0).uniform(-1.6, 1.6, (600, DIM))


def test_all_of_a_separable_function_are_found(starts):
    found = js.find_stationary_points(wells, starts)
    assert found.ok.all()
    # Each coordinate is one of the three known, and the index counts those on top.
    place = np.argmin(np.abs(found.x[:, :, None] - known()), axis=2)
    np.testing.assert_allclose(found.x, known()[place], atol=1e-7)
    np.testing.assert_array_equal(found.index, np.sum(place == 2, axis=1))
    np.testing.assert_allclose(found.energy, jax.vmap(wells)(known()[place]), atol=1e-10)
    profile = js.index_profile(wells, found)
    assert profile.hits.sum() == len(starts)
    count = [math.comb(DIM, k) * 2 ** (DIM - k) for k in range(DIM + 1)]
    assert profile.means()[2].tolist() == count  # 3^4 in all
    assert profile.euler_sum() == 1.0
    assert (profile.fraction == profile.index / DIM).all()


@pytest.mark.parametrize("index", range(DIM + 1))
def test_an_index_asked_for_is_the_index_found(starts, index):
    # Near the tops: uphill from outside of the wells there is no end.
    found = js.find_stationary_points(wells, 0.4 * starts[:64], index=index)
    # Two coordinates may change places as the lowest for ever; nothing else goes wrong.
    assert found.ok.mean() > 0.7 and (found.index == index)[found.ok].all()
    assert set(found.status) <= {js.Status.CONVERGED, js.Status.MAX_STEPS}
    assert (found.rms_gradient[found.ok] <= 1e-8).all()


def test_every_start_may_have_its_own(starts):
    wanted = np.arange(64) % (DIM + 1)
    found = js.find_stationary_points(wells, 0.4 * starts[:64], index=wanted)
    np.testing.assert_array_equal(found.index[found.ok], wanted[found.ok])
    assert set(found.index[found.ok]) == set(range(DIM + 1))
    # A start that is stationary, but of another index, stays there and says so.
    saddle = found.x[found.index == 2][:1]
    again = js.find_stationary_points(wells, saddle, index=1)
    assert again.status.tolist() == [js.Status.WRONG_INDEX] and again.index.tolist() == [2]


def test_lanes_do_not_change_points(starts):
    few = js.find_stationary_points(wells, starts[:24], lanes=3)
    many = js.find_stationary_points(wells, starts[:24])
    for one, other in zip(jax.tree.leaves(few), jax.tree.leaves(many), strict=True):
        np.testing.assert_array_equal(one, other)


def test_searches_that_end_nowhere_say_why():
    def slope(x):  # steepest of all nowhere, least steep at the origin: never flat
        return jnp.sum(x**3 / 3 + 0.1 * x)

    start = np.array([[0.3, -0.2]])
    assert js.find_stationary_points(slope, start).status.tolist() == [js.Status.MAX_STEPS]
    hole = js.find_stationary_points(lambda x: jnp.sum(jnp.log(x)), -np.ones((1, 2)))
    assert hole.status.tolist() == [js.Status.NOT_FINITE]
    box = js.Surface(lambda x: -(x[0] ** 2) + x[0] + x[1] ** 2, bounds=(-1.0, 0.2), dim=2)
    left = js.find_stationary_points(box, np.array([[0.0, 0.1]]), index=1)
    assert left.status.tolist() == [js.Status.LEFT_BOUNDS]
    flat = js.find_stationary_points(lambda x: x[0] ** 2, np.array([[0.3, 0.1]]))
    assert flat.status.tolist() == [js.Status.DEGENERATE] and not flat.ok.any()


def test_points_on_bounds_are_held():
    box = js.Surface(lambda x: (x[0] ** 2 - 1) ** 2 + x[1], bounds=(-2.0, 2.0), dim=2)
    found = js.find_stationary_points(box, np.array([[0.1, -1.9], [0.8, -1.5]]))
    assert found.ok.all() and found.active.tolist() == [1, 1]
    assert found.index.tolist() == [1, 0]


def test_zero_modes_count_neither_way():
    """Three charges on a ring are a saddle of index 0 or more; turning them costs nothing."""
    surface = js.systems.thomson(4)
    starts = np.asarray(surface.sample(jax.random.key(0), 24))
    found = js.find_stationary_points(surface, starts)
    profile = js.index_profile(surface, found)
    # The tetrahedron and the square, sqrt(6) * 3/2 and 1 + 2 sqrt(2).
    np.testing.assert_allclose(profile.energy[:2], [1.5 * 6**0.5, 1 + 8**0.5], atol=1e-9)
    assert profile.index[:2].tolist() == [0, 1]
    assert np.isnan(profile.euler_sum())


def test_single_precision(starts):
    found = js.find_stationary_points(wells, starts[:16].astype("float32"))
    assert found.x.dtype == np.float32 and found.ok.all() and len(set(found.index)) > 3


def test_bad_arguments_are_refused(starts):
    for index, why in ((-1, "index is -1"), (5, "index is 5"), (1.5, "float64")):
        with pytest.raises(ValueError, match=why):
            js.find_stationary_points(wells, starts, index=index)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        js.find_stationary_points(wells, starts, index=np.zeros(3, int))
    with pytest.raises(ValueError, match="768 coordinates"):
        js.find_stationary_points(lambda x: jnp.sum(x**2), np.ones((1, 800)))
    with pytest.raises(ValueError, match="max_step is 0"):
        js.EigenvectorFollowing(max_step=0)
