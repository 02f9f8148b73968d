import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.potentials import Thomson
from jaxscape.potentials.thomson import Coulomb


def octahedron():
    return np.concatenate([np.eye(3), -np.eye(3)]).reshape(-1)


def tetrahedron():
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return corners.reshape(-1)


# Exact: 6 * sqrt(3/8); 12 / sqrt 2 + 3 / 2. Also tabulated as 3.674234614 and 9.985281374.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("points", "energy"),
    [(tetrahedron(), 6 * np.sqrt(3 / 8)), (octahedron(), 12 / np.sqrt(2) + 1.5)],
)
def test_regular_solids(points, energy):
    x = jnp.array(points)
    np.testing.assert_allclose(Thomson()(x), energy, rtol=1e-14)
    np.testing.assert_allclose(jax.grad(Thomson())(x), 0.0, atol=1e-12)
    eigenvalues = np.linalg.eigvalsh(jax.hessian(Thomson())(x))
    np.testing.assert_allclose(eigenvalues[:3], 0.0, atol=1e-12)  # rotations
    assert np.all(eigenvalues[3:] > 0.1)


def test_stiffness_only_adds_its_own_eigenvalues():
    x = jnp.array(octahedron())
    soft, hard = (np.linalg.eigvalsh(jax.hessian(Thomson(k))(x)) for k in (100.0, 300.0))
    np.testing.assert_allclose(soft[:-6], hard[:-6], atol=1e-10)
    np.testing.assert_allclose(soft[-6:], 100.0)
    np.testing.assert_allclose(hard[-6:], 300.0)


def test_forces_off_the_sphere_point_back_to_it():
    x = jnp.array(octahedron())
    radial = jax.grad(Thomson(stiffness=7.0))(1.1 * x)
    np.testing.assert_allclose(radial, 0.7 * x, atol=1e-12)


def test_columns_are_points():
    points = jax.random.normal(jax.random.key(0), (12, 5))
    single = [Thomson()(column) for column in points.T]
    np.testing.assert_allclose(Thomson()(points), single, rtol=1e-13)


def test_coulomb_slope_is_the_derivative_of_its_energy():
    square = jnp.array([0.5, 1.0, 3.0])
    energy, slope = Coulomb(2.0).phi_and_slope(square)
    np.testing.assert_allclose(energy, 2.0 / np.sqrt(square))
    derivative = jax.vmap(jax.grad(lambda s: Coulomb(2.0).phi_and_slope(s)[0]))(square)
    np.testing.assert_allclose(slope, derivative)


def test_a_coordinate_too_many_is_refused():
    with pytest.raises(ValueError, match="three per charge"):
        Thomson()(jnp.ones(7))
