import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from jaxscape.search.history import History

DIM, PAIRS = 6, 4


def filled(steps, changes, keep=None, clock=0, m=PAIRS):
    """A history of one lane after pairs `[n, dim]`, and the clock of the newest."""
    history = History.empty(m, jnp.zeros((steps.shape[1], 1)))
    for s, y in zip(steps, changes, strict=True):
        flag = jnp.array([True if keep is None else keep[clock % len(keep)]])
        history = history.push(clock, jnp.asarray(s)[:, None], jnp.asarray(y)[:, None], flag)
        clock += 1
    return history, clock - 1


def dense_inverse(steps, changes):
    """The BFGS inverse Hessian after these pairs, by the update formula itself."""
    dim = steps.shape[1]
    inverse = (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1]) * np.eye(dim)
    for s, y in zip(steps, changes, strict=True):
        rho = 1.0 / (s @ y)
        left = np.eye(dim) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return inverse


def quadratic_pairs(seed, n, dim=DIM):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dim, dim))
    hessian = root @ root.T + 0.1 * np.eye(dim)
    steps = rng.normal(size=(n, dim))
    return steps, steps @ hessian, rng.normal(size=dim)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 9), clock=st.integers(0, 50))
def test_two_loops_equal_the_dense_update(seed, n, clock):
    steps, changes, gradient = quadratic_pairs(seed, n)
    history, newest = filled(steps, changes, clock=clock)
    kept = slice(max(0, n - PAIRS), n)
    expected = dense_inverse(steps[kept], changes[kept]) @ gradient
    found = history.multiply(newest, jnp.asarray(gradient)[:, None], jnp.ones(1))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def test_full_history_satisfies_the_secant_equation():
    steps, changes, _ = quadratic_pairs(0, PAIRS)
    history, newest = filled(steps, changes)
    found = history.multiply(newest, jnp.asarray(changes[-1])[:, None], jnp.ones(1))[:, 0]
    np.testing.assert_allclose(found, steps[-1], rtol=1e-10)


def test_where_the_ring_stands_does_not_matter():
    steps, changes, gradient = quadratic_pairs(3, 7)
    products = []
    for clock in range(2 * PAIRS):
        history, newest = filled(steps, changes, clock=clock)
        products.append(history.multiply(newest, jnp.asarray(gradient)[:, None], jnp.ones(1)))
    for product in products[1:]:
        np.testing.assert_array_equal(products[0], product)


def test_pairs_of_negative_or_no_curvature_are_left_out():
    steps, changes, gradient = quadratic_pairs(1, 2)
    history, newest = filled(steps, changes)
    q = jnp.asarray(gradient)[:, None]
    before = history.multiply(newest, q, jnp.ones(1))
    for s, y in (
        (steps[0], -changes[0]),
        (0 * steps[0], changes[0]),
        (steps[0], 0 * changes[0]),
        (np.full(DIM, np.nan), changes[0]),
        (steps[0], np.full(DIM, np.inf)),
    ):
        clock = newest + 1
        again = history.push(
            clock, jnp.asarray(s)[:, None], jnp.asarray(y)[:, None], jnp.ones(1, bool)
        )
        np.testing.assert_allclose(again.multiply(clock, q, jnp.ones(1)), before, rtol=1e-12)


def test_forgetting_one_lane_leaves_the_others():
    steps, changes, gradient = quadratic_pairs(2, 3)
    one, newest = filled(steps, changes)
    both = jax.tree.map(lambda a: jnp.concatenate([a, a], axis=-1), one)
    half = both.forget(jnp.array([True, False]))
    q = jnp.stack([jnp.asarray(gradient)] * 2, axis=1)
    found = half.multiply(newest, q, jnp.full(2, 0.25))
    np.testing.assert_allclose(found[:, 0], 0.25 * gradient, rtol=1e-15)
    expected = one.multiply(newest, q[:, :1], jnp.ones(1))[:, 0]
    np.testing.assert_array_equal(found[:, 1], expected)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_shapes_and_direction(m):
    steps, changes, gradient = quadratic_pairs(4, 6)
    history, newest = filled(steps, changes, m=m)
    assert history.s.shape == history.y.shape == (m, DIM, 1) and history.weight.shape == (m, 1)
    down = history.multiply(newest, jnp.asarray(gradient)[:, None], jnp.ones(1))[:, 0]
    assert down @ gradient > 0  # positive definite
