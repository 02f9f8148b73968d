"""The certificate where a dense Hessian would not do: products with vectors, point by point."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxscape.search.lanczos import HessianOperator, extreme_eigenpairs
from jaxscape.search.lbfgs import active_bounds, count_active, into_bounds
from jaxscape.search.results import Certificate
from jaxscape.surface import Surface

# Two eigenvalues tell a minimum, a transition state, and what is neither.
_LOWEST = 2
_PRODUCTS = 20_000
# Errors of eigenvalues relative to the largest: as a rule, and where that leaves a sign in doubt.
_ROUGH, _FINE = 1e-7, 1e-12
# Of a Newton step: relative to the largest eigenvalue times the step.
_SOLVE = 1e-9


def certify_large(
    surface: Surface, x: Float[np.ndarray, "batch dim"], *, tolerance: float, newton: int
) -> Certificate:
    """As `certify`, by MINRES for the Newton steps and Lanczos iterations for the eigenvalues.

    An `index` of 2 means two or more, `log_product` is NaN: it takes all eigenvalues.
    """
    found = [_one(surface, row, tolerance, newton) for row in np.asarray(x)]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *found)


def _one(surface, x, tolerance, newton) -> Certificate:
    dtype = x.dtype
    cap = 0.1 * float(surface.scale) * x.size**0.5
    best, size, work = None, np.inf, 0
    trial = jnp.asarray(x)
    for _ in range(newton):
        here = _measure(surface, trial)
        residual = np.sqrt(np.mean(np.asarray(here.gradient, np.float64) ** 2))
        work += 1
        if best is not None and not residual < size:
            break
        best, size = here, residual
        if not np.isfinite(size) or size <= 0.01 * tolerance:
            break
        hessian = HessianOperator(surface, best.x, held=best.held)
        step = hessian.solve(-np.asarray(best.gradient, np.float64), _SOLVE, _PRODUCTS)
        work += 2 * hessian.count
        step = step * min(1.0, cap / max(np.linalg.norm(step), 1e-300))
        trial = jnp.asarray(np.asarray(best.x) + step, dtype)
    assert best is not None
    hessian = HessianOperator(surface, best.x, held=best.held)
    finite = np.isfinite(size) and np.isfinite(best.energy)
    values, mode, error, top = _lowest(hessian) if finite else _nothing(x.size)
    # As for dense Hessians; and an eigenvalue is known no better than its residual.
    threshold = np.maximum(0.1 * np.finfo(dtype).eps ** 0.5 * top, error)
    zero = len(hessian.zero_modes) + int(np.sum(best.held))
    return Certificate(
        x=np.asarray(best.x),
        energy=np.asarray(best.energy),
        rms_gradient=np.asarray(size, dtype),
        index=np.asarray(np.sum(values < -threshold) if finite else -1, np.int32),
        lowest_eigenvalue=np.asarray(values[0], dtype),
        log_product=np.asarray(np.nan, dtype),
        degenerate=np.asarray(finite and not np.all(np.abs(values) > threshold)),
        zero_modes=np.asarray(zero, np.int32),
        active=np.asarray(best.active),
        evaluations=np.asarray(work + 2 * hessian.count, np.int32),
        eigenvector=np.asarray(mode, dtype),
    )


def _lowest(hessian: HessianOperator):
    """The lowest eigenvalues, the lowest mode, errors of the values, and the largest."""
    dim = hessian.x.size
    count = min(_LOWEST, dim - 1 - len(hessian.zero_modes))
    start = hessian.project(np.random.default_rng(0).normal(size=dim))
    for tolerance in (_ROUGH, _FINE):
        low, down, top, _, good = extreme_eigenpairs(hessian, count, 1, start, tolerance, _PRODUCTS)
        if not good:
            break
        pairs = zip(low, down, strict=True)
        error = np.array([np.linalg.norm(hessian(v) - value * v) for value, v in pairs])
        if np.all(np.abs(low) > error):
            return low, down[0], error, abs(top[-1])
    return low, np.nan_to_num(down[0]), np.full(count, np.inf), abs(top[-1])


def _nothing(dim):
    return np.full(_LOWEST, np.nan), np.zeros(dim), np.zeros(_LOWEST), np.nan


class _Measured(eqx.Module):
    x: jax.Array
    energy: jax.Array
    gradient: jax.Array
    held: jax.Array
    active: jax.Array


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
