"""Lowest modes from Hessian-vector products, and searches that begin with one."""

import jax
import numpy as np
import pytest

import jaxscape as js


@pytest.fixture(scope="module")
def lj8():
    surface = js.systems.lennard_jones(8)
    minima = js.minimise(surface, surface.sample(jax.random.key(0), 12))
    return surface, np.asarray(minima.x)[minima.ok]


def exact(surface, x):
    """Lowest eigenpairs with zero modes projected out, by NumPy."""
    hessians = np.asarray(jax.jit(jax.vmap(surface.hessian))(x))
    modes = np.asarray(surface.symmetry.zero_modes(np.asarray(x).T))
    found = []
    for hessian, zero in zip(hessians, np.moveaxis(modes, -1, 0), strict=True):
        outside = np.eye(x.shape[1]) - zero.T @ zero
        lifted = outside @ hessian @ outside + 1e6 * zero.T @ zero
        found.append(np.linalg.eigh(lifted)[0][0])
    return np.array(found)


@pytest.mark.slow
def test_lowest_eigenvalues_are_those_of_the_dense_hessian(lj8):
    surface, minima = lj8
    # Far from stationary as well, where the lowest eigenvalue is negative.
    x = np.concatenate([minima, minima + 0.1 * np.random.default_rng(0).normal(size=minima.shape)])
    found = js.lowest_modes(surface, x, key=jax.random.key(1), tolerance=1e-6)
    assert found.ok.all()
    np.testing.assert_allclose(found.eigenvalue, exact(surface, x), rtol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(found.mode, axis=1), 1.0)
    # Where the gradient is not zero, zero modes are no eigenvectors: there they are projected out.
    rows = slice(0, len(minima))
    mode, eigenvalue = found.mode[rows], found.eigenvalue[rows]
    image = np.asarray(jax.jit(jax.vmap(surface.hvp))(minima, mode))
    left = np.linalg.norm(image - eigenvalue[:, None] * mode, axis=1)
    np.testing.assert_allclose(left, found.residual[rows], atol=1e-7 * eigenvalue.max())


def test_lanes_do_not_change_modes(lj8):
    surface, minima = lj8
    one = js.lowest_modes(surface, minima, key=jax.random.key(1), lanes=1)
    all_at_once = js.lowest_modes(surface, minima, key=jax.random.key(1))
    np.testing.assert_array_equal(one.eigenvalue, all_at_once.eigenvalue)
    np.testing.assert_array_equal(one.mode, all_at_once.mode)


def test_too_few_products_leave_a_status(lj8):
    surface, minima = lj8
    found = js.lowest_modes(surface, minima, key=jax.random.key(1), max_steps=3, tolerance=1e-9)
    assert (found.status == js.Status.MAX_STEPS).all() and not found.ok.any()
    assert (found.evaluations == 6).all()


def test_first_guesses_are_asked_for(lj8):
    surface, minima = lj8
    with pytest.raises(ValueError, match="needs a key, or first guesses"):
        js.lowest_modes(surface, minima)
    with pytest.raises(ValueError, match="modes has shape"):
        js.lowest_modes(surface, minima, modes=minima[:1])
    with pytest.raises(ValueError, match="tolerance"):
        js.lowest_modes(surface, minima, key=jax.random.key(0), tolerance=0.0)


@pytest.mark.slow
def test_a_noisy_saddle_is_found_again(lj8):
    surface, minima = lj8
    rng = np.random.default_rng(0)
    starts = minima + 0.1 * rng.normal(size=minima.shape)
    saddles = js.find_transition_states(surface, starts, key=jax.random.key(2))
    known = saddles.take(saddles.ok)
    noisy = np.asarray(known.x) + 0.02 * rng.normal(size=known.x.shape)
    found, evaluations = [], []
    for method in (
        js.HybridEigenvectorFollowing.near_saddle(),
        js.HybridEigenvectorFollowing(),
    ):
        again = js.find_transition_states(surface, noisy, key=jax.random.key(3), method=method)
        found.append(np.sum(np.abs(again.energy - known.energy) < 1e-8))
        evaluations.append(np.mean(again.evaluations))
    assert found[0] >= len(noisy) - 1 and found[0] > found[1], found
    assert evaluations[0] < evaluations[1]


def test_a_tolerance_is_held_where_the_eigenvalue_is_negative():
    # In float32, rounding makes the estimate rise before the residual is small.
    spectrum = np.linspace(-1.0, 300.0, 60).astype(np.float32)
    surface = js.Surface(lambda x: 0.5 * jax.numpy.sum(spectrum * x * x), dim=60)
    found = js.lowest_modes(surface, np.ones((8, 60), np.float32), key=jax.random.key(0))
    assert (found.residual[found.ok] <= 1e-3 * np.abs(found.eigenvalue[found.ok])).all()


def test_no_direction_is_no_mode(lj8):
    surface, minima = lj8
    with pytest.raises(ValueError, match="modes is zero in row 0"):
        js.lowest_modes(surface, minima, modes=np.zeros_like(minima))
