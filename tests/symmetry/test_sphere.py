import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.potentials import Thomson
from jaxscape.symmetry.sphere import Sphere


def on_sphere(seed, n=6):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).reshape(-1)


def octahedron():
    return np.concatenate([np.eye(3), -np.eye(3)]).reshape(-1)


@pytest.mark.parametrize("seed", range(4))
def test_images_are_the_same_and_stay_on_the_sphere(seed):
    x = on_sphere(seed)
    image = Sphere().random_image(x, seed)
    np.testing.assert_allclose(np.linalg.norm(image.reshape(-1, 3), axis=1), 1.0)
    np.testing.assert_allclose(Thomson()(jnp.array(image)), Thomson()(jnp.array(x)))
    assert not np.allclose(image, x)
    assert Sphere().same(x, image)
    aligned, distance = Sphere().align(x, image)
    assert distance < 1e-8
    np.testing.assert_allclose(aligned, x, atol=1e-8)


def test_other_points_are_others():
    assert not Sphere().same(on_sphere(0), on_sphere(1))
    aligned, distance = Sphere().align(on_sphere(0), on_sphere(1))
    np.testing.assert_allclose(distance, np.linalg.norm(on_sphere(0) - aligned))
    assert 1e-2 < distance < np.linalg.norm(on_sphere(0) - on_sphere(1))


def test_a_shifted_cap_is_another_point():
    # Congruent as clusters in free space, but not about the origin.
    x = on_sphere(0, n=3).reshape(-1, 3)
    normal = np.cross(x[1] - x[0], x[2] - x[0])
    normal /= np.linalg.norm(normal)
    shifted = x + 0.3 * normal
    assert not Sphere().same(x.reshape(-1), shifted.reshape(-1))


def test_zero_modes_are_the_rotations_only():
    x = jnp.array(on_sphere(0))
    modes = Sphere().zero_modes(x)
    np.testing.assert_allclose(modes @ modes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(modes @ jax.grad(Thomson())(x), 0.0, atol=1e-10)
    linear = Sphere().zero_modes(jnp.array([0.0, 0.0, 1.0, 0.0, 0.0, -1.0]))
    assert np.sum(np.linalg.norm(linear, axis=1) > 0.5) == 2


def test_order_of_the_octahedron():
    assert Sphere().order(octahedron()) == 48
    assert Sphere(species="aabaab").order(octahedron()) == 16  # D4h
    assert Sphere().order(on_sphere(0)) == 1


def test_mirror_images_count_twice_without_inversion():
    x = on_sphere(0)
    mirrored = (x.reshape(-1, 3) * [1, 1, -1]).reshape(-1)
    assert Sphere().same(x, mirrored)
    assert not Sphere(inversion=False).same(x, mirrored)


def test_wrong_widths_are_refused():
    with pytest.raises(ValueError, match="three per particle"):
        Sphere().order(np.ones(7))
    with pytest.raises(ValueError, match="names 2 particles"):
        Sphere(species="ab").order(octahedron())
