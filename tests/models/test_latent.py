import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.models import RoughnessSurface, latin_hypercube, neighbour_similarity

KEY = jax.random.key(0)


def test_one_point_in_every_slice():
    points = latin_hypercube(KEY, 20, [0.0, -1.0, 5.0], [1.0, 1.0, 9.0])
    slices = np.floor(20 * (points - [0, -1, 5]) / [1, 2, 4])
    np.testing.assert_array_equal(np.sort(slices, axis=0), np.arange(20)[:, None] * [1, 1, 1])
    np.testing.assert_array_equal(points, latin_hypercube(KEY, 20, [0, -1, 5], [1, 1, 9]))
    assert not np.array_equal(points, latin_hypercube(jax.random.key(1), 20, [0, -1, 5], [1, 1, 9]))


def test_similarity_is_one_where_the_decoder_does_not_change_and_drops_where_it_does():
    points = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    words = neighbour_similarity(
        lambda z: ["left" if x < 0 else "right" for x in z[:, 0]],
        points,
        key=KEY,
        similarity=lambda a, b: float(a == b),
        neighbours=400,
        distance=0.1,
    )
    np.testing.assert_allclose(words[[0, 2]], 1.0)
    assert abs(words[1] - 0.5) < 0.1
    # At distance r from z on a circle the mean cosine of z / |z| is known by quadrature.
    angle = np.linspace(0, 2 * np.pi, 2001)[:-1]
    around = np.stack([2 + 0.5 * np.cos(angle), 0.5 * np.sin(angle)])
    expected = np.mean(around[0] / np.linalg.norm(around, axis=0))
    found = neighbour_similarity(
        lambda z: z, np.array([[2.0, 0.0]]), key=KEY, neighbours=2000, distance=0.5
    )
    np.testing.assert_allclose(found, expected, atol=3e-3)


def test_gaussians_lie_along_their_vectors_in_any_direction():
    start, end = np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 2.0, 1.0]])
    surface = RoughnessSurface(start, end, np.array([3.0]), position=0.5, along=0.2, across=0.25)
    centre = jnp.array([0.0, 1.0, 1.0])
    np.testing.assert_allclose(surface(centre), -3.0)
    np.testing.assert_allclose(surface(jnp.array(start[0])), -0.6)
    # Across, the variance is a quarter of the length, 0.5.
    np.testing.assert_allclose(surface(centre + jnp.array([1.0, 0, 0])), -3.0 * np.exp(-1.0))
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turned = RoughnessSurface(
        start @ turn, end @ turn, np.array([3.0]), position=0.5, along=0.2, across=0.25
    )
    x = np.array([0.3, 0.4, 0.7])
    np.testing.assert_allclose(turned(jnp.array(x @ turn)), surface(jnp.array(x)), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: latin_hypercube(KEY, 3, [1.0], [0.0]), "lower below upper"),
        (lambda: latin_hypercube(KEY, 0, [0.0], [1.0]), "n is 0"),
        (lambda: neighbour_similarity(lambda z: z[:1], np.eye(2), key=KEY), "one a row"),
        (lambda: neighbour_similarity(lambda z: z, np.eye(2), key=KEY, distance=0), "positive"),
        (lambda: RoughnessSurface(np.eye(2), np.eye(2), np.ones(2)), "0 are one point"),
        (lambda: RoughnessSurface(np.eye(2), 2 * np.eye(2), np.ones(2), along=1.0), "along 1.0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
