"""The string method: evenly spaced images, the known saddles, and fewer evaluations than NEB."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.string import respaced


@pytest.fixture(scope="module")
def ends(analytic):
    """The three minima of Mueller and Brown's surface in pairs."""
    minima = np.array([p["x"] for p in analytic["muller_brown"]["points"] if p["index"] == 0])
    return minima[[0, 2, 0]], minima[[2, 1, 1]]


@pytest.fixture(scope="module")
def climbed(mueller_brown, ends):
    method = js.String(images=15, climbing=True)
    return js.neb(mueller_brown, *ends, method=method, tolerance=1e-4, max_steps=2000)


def test_the_climbing_image_is_the_highest_saddle(climbed, ends, analytic):
    assert climbed.ok.all()
    np.testing.assert_array_equal(climbed.images[:, 0], ends[0])
    np.testing.assert_array_equal(climbed.images[:, -1], ends[1])
    low, high = sorted(p["E"] for p in analytic["muller_brown"]["points"] if p["index"] == 1)
    np.testing.assert_allclose(climbed.energies.max(axis=1), [high, low, high], atol=1e-6)
    saddles = np.array([p["x"] for p in analytic["muller_brown"]["points"] if p["index"] == 1])
    tops = climbed.images[np.arange(3), climbed.energies.argmax(axis=1)]
    apart = np.linalg.norm(tops[:, None] - saddles, axis=2).min(axis=1)
    assert apart.max() < 1e-5


def test_images_are_even_on_both_sides_of_the_climbing_one(climbed):
    for images, energies in zip(climbed.images, climbed.energies, strict=True):
        gaps, top = np.linalg.norm(np.diff(images, axis=0), axis=1), energies.argmax()
        for side in (gaps[:top], gaps[top:]):
            assert np.ptp(side) < 1e-2 * side.mean()


def test_forces_across_the_path_vanish(mueller_brown, climbed):
    gradients = jax.jit(jax.vmap(jax.vmap(jax.grad(mueller_brown))))(climbed.images)
    for images, energies, gradient in zip(
        climbed.images, climbed.energies, np.asarray(gradients), strict=True
    ):
        for i in range(1, len(images) - 1):
            here, uphill = energies[i], 1 if energies[i + 1] > energies[i - 1] else -1
            if not energies[i - uphill] < here < energies[i + uphill]:
                continue  # a maximum or a minimum of the path
            tangent = images[i + uphill] - images[i]
            across = (tangent[0] * gradient[i][1] - tangent[1] * gradient[i][0]) / np.linalg.norm(
                tangent
            )
            assert abs(across) < 15**0.5 * 2e-4


def test_spacing_moves_images_along_the_path_only():
    rng = np.random.default_rng(0)
    band = np.cumsum(rng.uniform(0.1, 2.0, (7, 1, 3)) * np.ones((7, 2, 3)), axis=0)
    for pinned in (0, 4):
        moved = np.asarray(jax.jit(respaced)(jnp.asarray(band), jnp.full(3, pinned)))
        np.testing.assert_allclose(moved[:, 0], moved[:, 1])  # a straight path stays straight
        np.testing.assert_array_equal(moved[[0, -1]], band[[0, -1]])
        gaps = np.diff(moved[:, 0], axis=0)
        if pinned:
            np.testing.assert_allclose(moved[pinned], band[pinned])
        np.testing.assert_allclose(gaps[:pinned], np.broadcast_to(gaps[:1], (pinned, 3)))
        np.testing.assert_allclose(gaps[pinned:], np.broadcast_to(gaps[-1:], (6 - pinned, 3)))


@pytest.mark.slow
def test_it_takes_fewer_evaluations_than_elastic_bands(mueller_brown, ends, lj7, lj7_minima):
    lowest = lj7_minima.take(np.unique(lj7_minima.energy.round(6), return_index=True)[1])
    a, b = np.triu_indices(4, 1)
    for surface, pair in ((mueller_brown, ends), (lj7, (lowest.x[a], lowest.x[b]))):
        band, string = (
            js.neb(surface, *pair, method=m, max_steps=2000) for m in (js.NEB(), js.String())
        )
        assert band.ok.all() and string.ok.all()
        np.testing.assert_allclose(
            string.energies.max(axis=1), band.energies.max(axis=1), rtol=1e-3
        )
        assert string.evaluations.sum() < 0.8 * band.evaluations.sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": 2}, "images is 2"),
        ({"history": 0}, "history is 0"),
        ({"max_step": 0.0}, "max_step is 0.0"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(options, message):
    with pytest.raises(ValueError, match=message):
        js.String(**options)
