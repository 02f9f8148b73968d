"""The lowest eigenpair without a basis, against spectra that are known."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.lanczos import HessianOperator
from jaxscape.search.long_lanczos import lowest_eigenpair

DIM = 600


class Diagonal(eqx.Module):
    values: jnp.ndarray

    def __call__(self, x):
        return 0.5 * jnp.sum(self.values * x**2)


def run(values, enough, products=20_000, **options):
    hessian = HessianOperator(js.Surface(Diagonal(jnp.asarray(values))), np.zeros(DIM))
    found = lowest_eigenpair(hessian, products, enough, enough, **options)
    return *found, hessian.count


def precise(ritz):
    return ritz.error <= 1e-4 * abs(ritz.value)


CROWD = np.geomspace(1e-5, 1.0, DIM - 1)


@pytest.mark.parametrize("lowest", [3e-6, -3e-6, -2.0])
def test_small_beside_a_crowd_and_far_from_large_ones(lowest):
    # Far above the rest: rounding brings copies of those, and nothing else.
    values = np.append(CROWD, lowest)
    values[:3] = [10.0, 20.0, 100.0]
    ritz, vector, done, products = run(values, precise)
    assert done and products > 100
    assert ritz.value == pytest.approx(lowest, rel=1e-6)
    assert ritz.largest == pytest.approx(100.0, rel=1e-2)
    assert abs(vector[-1]) == pytest.approx(1.0, abs=1e-6)
    assert ritz.error <= 2e-4 * abs(lowest)


def test_what_is_unseen_is_told():
    """Stopped early, the lowest eigenvalue lies within `unseen` below the Ritz value."""
    values = np.append(CROWD, -0.02)
    for seed in range(5):
        ritz, _, done, products = run(values, lambda ritz: False, 256, seed=seed)
        assert not done and products == 257  # two runs of 128, and the residual
        assert ritz.value - ritz.unseen <= -0.02 <= ritz.value + 1e-12
        assert 0 < ritz.unseen < 0.1


def test_what_is_left_out_stays_out():
    values = np.append(CROWD, [-1.0])
    values[0] = -0.5
    first = run(values, precise)[1]
    ritz, vector, *_ = run(values, precise, beside=first[None])
    assert ritz.value == pytest.approx(-0.5, rel=1e-6)
    assert abs(vector @ first) < 1e-10


@pytest.mark.parametrize("values", [np.full(DIM, 2.0), np.repeat([-1.0, 0.5, 3.0], DIM // 3)])
def test_few_different_eigenvalues_end_it_early(values):
    ritz, vector, done, products = run(values, lambda ritz: False)
    assert done and products <= 130
    assert ritz.value == pytest.approx(values.min(), rel=1e-12)
    np.testing.assert_allclose(values * vector, ritz.value * vector, atol=1e-9)
    assert ritz.unseen == 0.0


def test_what_is_not_finite_ends_it():
    ritz, _, done, _ = run(np.append(CROWD, np.nan), precise)
    assert done and not np.isfinite(ritz.value)
