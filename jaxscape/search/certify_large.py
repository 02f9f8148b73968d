"""The certificate where a dense Hessian would not do: products with vectors, point by point."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxscape.search.budget import Budget
from jaxscape.search.lanczos import HessianOperator
from jaxscape.search.lbfgs import active_bounds, count_active, into_bounds
from jaxscape.search.long_lanczos import Ritz, lowest_eigenpair
from jaxscape.search.results import Certificate
from jaxscape.surface import Surface

# Two eigenvalues tell a transition state from what is neither.
_LOWEST = 2
_PRODUCTS = 20_000
# Of an eigenvalue.
_ACCURACY = 1e-4
# Of a Newton step: relative to the largest eigenvalue times the step.
_SOLVE = 1e-9
# The `index` of points that a budget left out.
NOT_REACHED = -2


def certify_large(
    surface: Surface,
    x: Float[np.ndarray, "batch dim"],
    *,
    tolerance: float,
    newton: int,
    budget: Budget | None = None,
) -> Certificate:
    """As `certify`, by MINRES for the Newton steps and Lanczos iterations for the eigenvalues.

    An `index` of 2 means two or more, `log_product` is NaN: it takes all eigenvalues. Points
    for whose lowest eigenvalues so many products leave the sign in doubt are `degenerate`.
    """
    budget = budget or Budget()
    found = []
    with budget.until_interrupted():
        for row in np.asarray(x):
            if budget.spent:
                break
            found.append(_one(surface, row, tolerance, newton))
    found += [_not_reached(row) for row in np.asarray(x)[len(found) :]]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *found)


def _one(surface, x, tolerance, newton) -> Certificate:
    cap = 0.1 * float(surface.scale) * x.size**0.5
    best = _measure(surface, jnp.asarray(x))
    size, work = _size(best), 1
    hessian = HessianOperator(surface, best.x, held=best.held)
    for _ in range(newton - 1):
        if not 0.01 * tolerance < size < np.inf or not _is_finite(hessian):
            break
        step = hessian.solve(-np.asarray(best.gradient, np.float64), _SOLVE, _PRODUCTS)
        step = step * min(1.0, cap / max(np.linalg.norm(step), 1e-300))
        trial = _measure(surface, jnp.asarray(np.asarray(best.x) + step, x.dtype))
        work += 1 + 2 * hessian.count
        hessian.count = 0
        if not _size(trial) < size:
            break
        best, size = trial, _size(trial)
        hessian = HessianOperator(surface, best.x, held=best.held)
    index, lowest, mode, degenerate = _signs(hessian, x.dtype) if size < np.inf else _nothing(x)
    return Certificate(
        x=np.asarray(best.x),
        energy=np.asarray(best.energy),
        rms_gradient=np.asarray(size, x.dtype),
        index=np.asarray(index, np.int32),
        lowest_eigenvalue=np.asarray(lowest, x.dtype),
        log_product=np.asarray(np.nan, x.dtype),
        degenerate=np.asarray(degenerate),
        zero_modes=np.asarray(x.size - hessian.free_dimensions, np.int32),
        active=np.asarray(best.active),
        evaluations=np.asarray(work + 2 * hessian.count, np.int32),
        eigenvector=np.asarray(mode, x.dtype),
    )


def _signs(hessian: HessianOperator, dtype):
    """Index, lowest eigenvalue and its mode, and whether the sign of one stays in doubt."""
    if hessian.free_dimensions == 0:
        return 0, np.nan, np.zeros(hessian.x.size), False
    if not _is_finite(hessian):
        return _nothing(hessian.x)
    zero = 0.1 * np.finfo(dtype).eps ** 0.5  # of the largest, as for dense Hessians

    def sign(ritz: Ritz) -> int:
        threshold = max(zero * ritz.largest, ritz.error)
        if ritz.value < -threshold:
            return -1
        # A lower one might be unseen as yet: a Ritz value is an upper bound.
        return int(ritz.value > threshold and ritz.unseen < ritz.value)

    def accurate(ritz: Ritz) -> bool:
        return ritz.error <= max(_ACCURACY * abs(ritz.value), zero * ritz.largest)

    def enough(ritz: Ritz) -> bool:
        return accurate(ritz) and (sign(ritz) != 0 or ritz.value <= zero * ritz.largest)

    values, modes, signs = [], np.zeros((0, hessian.x.size)), []
    # One tells a minimum. A negative one may have company in what is left beside it, even by the
    # same eigenvalue: a Krylov space has one direction of each.
    for seed in range(min(_LOWEST, hessian.free_dimensions)):
        ritz, mode, _ = lowest_eigenpair(
            hessian, _PRODUCTS, enough, accurate, beside=modes, seed=seed
        )
        values, modes, signs = [*values, ritz.value], np.vstack([modes, mode]), [*signs, sign(ritz)]
        if signs[-1] >= 0:
            break
    first = int(np.argmin(values))
    return signs.count(-1), values[first], modes[first], 0 in signs


def _is_finite(hessian: HessianOperator) -> bool:
    return bool(np.isfinite(hessian(hessian.random_vector(0))).all())


def _nothing(x):
    return -1, np.nan, np.zeros(x.size), False


def _not_reached(x) -> Certificate:
    nan, none = np.asarray(np.nan, x.dtype), np.asarray(0, np.int32)
    return Certificate(
        x=x,
        energy=nan,
        rms_gradient=nan,
        index=np.asarray(NOT_REACHED, np.int32),
        lowest_eigenvalue=nan,
        log_product=nan,
        degenerate=np.asarray(False),
        zero_modes=none,
        active=none,
        evaluations=none,
        eigenvector=np.zeros_like(x),
    )


class _Measured(eqx.Module):
    x: jax.Array
    energy: jax.Array
    gradient: jax.Array
    held: jax.Array
    active: jax.Array


def _size(point: _Measured) -> float:
    """Root mean square of the gradient; infinite where something is not finite."""
    size = np.sqrt(np.mean(np.asarray(point.gradient, np.float64) ** 2))
    return float(size) if np.isfinite(size) and np.isfinite(point.energy) else np.inf


@eqx.filter_jit
def _measure(surface: Surface, x) -> _Measured:
    """A point within the bounds, and its gradient without zero modes and coordinates held."""
    x = into_bounds(surface, x)
    energy, gradient = jax.value_and_grad(surface.function)(x)
    active = active_bounds(surface, x, gradient)
    held = jnp.zeros(x.shape, bool) if active is None else active
    modes = surface.symmetry.zero_modes(x)
    free = surface.symmetry.project(modes, jnp.where(held, 0.0, gradient))
    return _Measured(x, energy, free, held, count_active(surface, x, gradient))
