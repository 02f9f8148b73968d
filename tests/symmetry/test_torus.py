"""Angles: images, distances over the edge, and turns of all of them."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.symmetry import Torus


@pytest.mark.parametrize("rotation", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_images_are_the_same_point(rotation, seed):
    torus = Torus(rotation=rotation)
    x = np.random.default_rng(seed).uniform(-4, 4, 7)
    image = torus.random_image(x, seed)
    assert torus.same(x, image)
    aligned, distance = torus.align(x, image)
    np.testing.assert_allclose(aligned, x, atol=1e-12)
    assert distance < 1e-12
    assert not torus.same(x, image + 0.1 * (np.arange(7) == 3))


HARD = np.array([1.8, -0.6, -0.4, -1.7, 1.5, 2.8])  # no difference is near the best turn


@pytest.mark.parametrize("seed", [None, *range(20)])
def test_the_nearest_image_is_found(seed):
    rng = np.random.default_rng(seed)
    a, b = (HARD, 0 * HARD) if seed is None else rng.uniform(-3, 3, (2, 4))
    turns = np.linspace(0, 2 * np.pi, 20_001)[:, None]
    apart = a - b - turns
    apart -= 2 * np.pi * np.round(apart / (2 * np.pi))
    least = np.min(np.linalg.norm(apart, axis=1))
    image, distance = Torus(rotation=True).align(a, b)
    assert least - 1e-3 < distance <= least + 1e-12
    assert np.linalg.norm(a - image) == pytest.approx(distance)
    assert Torus(rotation=True).same(image, b) and not Torus().same(image, b)


def test_distances_over_the_edge():
    _, distance = Torus().align(np.array([3.1]), np.array([-3.1]))
    assert distance == pytest.approx(2 * np.pi - 6.2)
    _, distance = Torus(period=1.0).align(np.array([0.9, 0.1]), np.array([0.1, 0.9]))
    assert distance == pytest.approx(0.2 * 2**0.5)


def test_zero_modes():
    x = jnp.arange(4.0)
    np.testing.assert_allclose(Torus(rotation=True).zero_modes(x), np.full((1, 4), 0.5))
    assert Torus().zero_modes(x).shape == (0, 4)


@pytest.mark.parametrize("period", [0.0, -1.0, np.inf])
def test_a_period_is_positive(period):
    with pytest.raises(ValueError, match="period is"):
        Torus(period=period)
