import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.potentials import LennardJones, Morse

# Global minima: Cambridge Cluster Database (Lennard-Jones; Morse with rho = 6).
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8)
CASES = [(LennardJones(), 2 ** (1 / 6)), (Morse(6.0), 1.0)]


def plainly(potential, x):
    """The same energy from a distance matrix, with nothing written out."""
    atoms = x.reshape(-1, 3)
    i, j = np.triu_indices(len(atoms), 1)
    square = jnp.sum((atoms[i] - atoms[j]) ** 2, axis=1)
    r = jnp.sqrt(square)
    if isinstance(potential, LennardJones):
        sixth = (potential.sigma / r) ** 6
        return jnp.sum(4 * potential.epsilon * (sixth**2 - sixth))
    swelling = jnp.exp(potential.rho * (1 - r / potential.r0))
    return jnp.sum(potential.epsilon * swelling * (swelling - 2))


def cluster(seed, n=5):
    return jnp.array(1.5 * np.random.default_rng(seed).normal(size=3 * n))


@pytest.mark.parametrize(("potential", "distance"), CASES)
def test_tetrahedron_has_six_bonds(potential, distance):
    x = jnp.array(distance * TETRAHEDRON).reshape(-1)
    np.testing.assert_allclose(potential(x), -6.0, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(potential)(x), 0.0, atol=1e-10)


@pytest.mark.parametrize("potential", [LennardJones(1.3, 0.9), Morse(5.0, 1.2, 1.1)])
@pytest.mark.parametrize("seed", range(3))
def test_all_derivatives_agree_with_the_plain_sum(potential, seed):
    x, v = cluster(seed), cluster(seed + 10)
    np.testing.assert_allclose(potential(x), plainly(potential, x), rtol=1e-12)
    gradient = jax.grad(plainly, argnums=1)(potential, x)
    np.testing.assert_allclose(jax.grad(potential)(x), gradient, rtol=1e-9, atol=1e-9)
    product = jax.jvp(lambda y: jax.grad(plainly, argnums=1)(potential, y), (x,), (v,))[1]
    found = jax.jvp(jax.grad(potential), (x,), (v,))[1]
    np.testing.assert_allclose(found, product, rtol=1e-8, atol=1e-8 * np.abs(product).max())
    for leaf, plain in zip(
        jax.tree.leaves(jax.grad(lambda p: p(x))(potential)),
        jax.tree.leaves(jax.grad(plainly)(potential, x)),
        strict=True,
    ):
        np.testing.assert_allclose(leaf, plain, rtol=1e-9)


@pytest.mark.parametrize("potential", [LennardJones(), Morse()])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_columns_are_points(potential, dtype):
    points = jnp.stack([cluster(seed) for seed in range(4)], axis=1).astype(dtype)
    energies, pullback = jax.vjp(potential, points)
    assert energies.dtype == dtype
    gradients = pullback(jnp.ones_like(energies))[0]
    rtol = 1e-3 if dtype == jnp.float32 else 1e-10
    for lane in range(4):
        energy, gradient = jax.value_and_grad(potential)(points[:, lane])
        np.testing.assert_allclose(energies[lane], energy, rtol=rtol)
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(gradients[:, lane], gradient, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("potential", [LennardJones(), Morse()])
def test_mixed_derivatives_in_position_and_parameter(potential):
    x = cluster(1)
    found = jax.jacfwd(lambda p: jax.grad(lambda y: p(y))(x))(potential)
    plain = jax.jacfwd(lambda p: jax.grad(plainly, argnums=1)(p, x))(potential)
    for leaf, wanted in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(leaf, wanted, rtol=1e-8, atol=1e-8 * np.abs(wanted).max())


def test_a_coordinate_too_many_is_refused():
    with pytest.raises(ValueError, match="three per atom"):
        LennardJones()(jnp.ones(7))
