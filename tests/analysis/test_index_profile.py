"""The index of stationary points against their energy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


def wells(x):
    return jnp.sum(jnp.array([1.0, 2.0]) * (x**2 - 1) ** 2)


@pytest.fixture(scope="module")
def points():
    starts = np.random.default_rng(0).uniform(-1.5, 1.5, (64, 2))
    return js.find_stationary_points(wells, starts)


def test_a_landscape_and_points_make_one_profile(points):
    surface = js.Surface(wells, bounds=(-2.0, 2.0), dim=2)
    landscape = js.explore(surface, key=jax.random.key(0), progress=False)
    alone = js.index_profile(surface, landscape)
    assert np.bincount(alone.index).tolist() == [4, 4] and alone.euler_sum() == 0.0
    both = js.index_profile(surface, landscape, points)
    assert np.bincount(both.index).tolist() == [4, 4, 1] and both.euler_sum() == 1.0
    assert both.hits.sum() == alone.hits.sum() + len(points)
    index, mean, count = both.means()
    np.testing.assert_allclose(mean, [0.0, 1.5, 3.0], atol=1e-9)
    assert (index.tolist(), count.tolist()) == ([0, 1, 2], [4, 4, 1])
    assert both.table().splitlines()[2].split() == ["1", "4", "1", "1.5", "2"]
    # Ranks shared: 4, 4 and 1 of equal index; energies 0, 1, 2, 3 of 4, 2, 2 and 1 points.
    ranks = np.repeat([1.5, 5.5, 8.0], [4, 4, 1]), np.repeat([1.5, 4.5, 6.5, 8.0], [4, 2, 2, 1])
    assert both.correlation() == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_what_is_not_certified_does_not_count(points):
    assert points.ok.all()
    few = js.find_stationary_points(wells, points.x + 0.2, max_steps=1)
    assert not few.ok.any()
    assert len(js.index_profile(wells, points, few)) == 9
    with pytest.raises(ValueError, match="no point is certified"):
        js.index_profile(wells, few)


def test_bad_sources_are_refused(points):
    with pytest.raises(ValueError, match="there are no points"):
        js.index_profile(wells)
    with pytest.raises(ValueError, match="a source is a ndarray"):
        js.index_profile(wells, points.x)
    with pytest.raises(ValueError, match=r"\[2, 3\] coordinates"):
        js.index_profile(js.Surface(lambda x: jnp.sum(x), dim=3), points)


def test_the_picture(points):
    profile = js.index_profile(wells, points)
    ax = js.plot.index_profile(profile)
    drawn = np.asarray(ax.collections[0].get_offsets())
    np.testing.assert_allclose(drawn, np.column_stack([profile.energy, profile.index]))
    np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), profile.means()[1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Energy", "Index")
    ax = js.plot.index_profile(profile, fraction=True, mean=False)
    assert np.asarray(ax.collections[0].get_offsets())[:, 1].max() == 1.0 and not ax.get_lines()


@pytest.mark.slow
def test_a_network_is_complete():
    """All stationary points of a classifier with 27 parameters: as Morse has it, and 48 images."""
    surface = js.systems.iris_mlp(3, 1e-2)
    starts = np.asarray(surface.sample(jax.random.key(0), 256))
    parts = [
        js.find_stationary_points(surface, scale * starts, index=index, max_steps=100)
        for scale, index in ((1.0, None), (0.3, np.arange(256) % 7))
    ]
    profile = js.index_profile(surface, *parts)
    assert np.bincount(profile.index).tolist() == [1, 2, 4, 3, 2, 1, 1]
    assert profile.euler_sum() == pytest.approx(1.0)
    # The highest is the network that knows nothing, of which there is one image.
    assert profile.energy[-1] == pytest.approx(np.log(3)) and profile.images[-1] == 1
    assert profile.correlation() > 0.9
