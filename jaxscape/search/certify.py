"""Newton polish and the certificate: is this point stationary, and of what index?"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from jaxscape._compilation import jit_quickly
from jaxscape.search.budget import Budget
from jaxscape.search.certify_large import certify_large
from jaxscape.search.lbfgs import active_bounds, count_active, into_bounds, rms
from jaxscape.search.results import Certificate
from jaxscape.surface import Surface, lane_hessian

DENSE_LIMIT = 768


def certify(
    surface: Surface,
    x: Float[np.ndarray, "batch dim"],
    *,
    tolerance: float,
    newton: int = 6,
    budget: Budget | None = None,
) -> Certificate:
    """Polish points by Newton's method and count negative eigenvalues of the exact Hessian.

    Zero modes of the symmetry and coordinates held by a bound are projected out. The Newton
    step solves for a stationary point of any index and is only kept where it lowers the
    gradient. Beyond `DENSE_LIMIT` coordinates Hessians are not dense, see `certify_large`,
    and a budget that is spent leaves the rest out (`index` is `NOT_REACHED`).
    """
    batch, dim = x.shape
    if dim > DENSE_LIMIT:
        return certify_large(surface, x, tolerance=tolerance, newton=newton, budget=budget)
    width = _block_width(dim)  # the same for every batch: one compilation a surface
    parts = []
    # One block after the other: see `_linear_algebra` for what two at once would do.
    for first in range(0, batch, width):
        block = x[first : first + width]
        padded = np.concatenate([block, np.repeat(block[:1], width - len(block), axis=0)])
        out = jax.device_get(_certify_block(surface, padded, tolerance, newton))
        parts.append(jax.tree.map(lambda a, n=len(block): a[:n], out))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def _block_width(dim):
    return max(1, min(32, 2 ** int(np.log2(max(1.0, 4e5 / dim**2)))))


class _Best(eqx.Module):
    """The best point so far of each lane, with all that was computed there."""

    x: Float[Array, "dim lanes"]
    energy: Float[Array, " lanes"]
    gradient: Float[Array, "dim lanes"]
    hessian: Float[Array, "lanes dim dim"]
    zero: Int[Array, " lanes"]
    residual: Float[Array, " lanes"]


@jit_quickly
def _certify_block(surface, x, tolerance, newton):
    x = into_bounds(surface, jnp.asarray(x).T)
    dim, width = x.shape
    enough = 0.01 * jnp.asarray(tolerance, x.dtype)
    cap = 0.1 * surface.scale.astype(x.dtype) * dim**0.5

    def unfinished(loop):
        return jnp.any(loop[3])

    def newton_step(loop):
        count, best, trial, improving, evaluations = loop
        hessian, gradient, energy, zero = _projected_hessian(surface, trial)
        size = jnp.where(jnp.isfinite(energy), rms(gradient), jnp.inf)
        better = improving & ((size < best.residual) | (count == 0))
        found = _Best(trial, energy, gradient, hessian, zero, size)
        best = jax.tree.map(lambda n, o: _where_lane(better, n, o), found, best)
        step = -jnp.linalg.solve(best.hessian, best.gradient.T[..., None])[..., 0].T
        length = jnp.sqrt(jnp.sum(step * step, axis=0))
        step = step * jnp.minimum(1.0, cap / jnp.where(length > 0, length, 1.0))
        trial = into_bounds(surface, best.x + jnp.where(jnp.isfinite(step), step, 0.0))
        evaluations = evaluations + jnp.where(improving, 1 + 2 * dim, 0)
        improving = better & (size > enough) & (count + 1 < newton)
        return count + 1, best, trial, improving, evaluations

    lane = jnp.zeros(width, x.dtype)
    nothing = _Best(
        x,
        lane,
        jnp.zeros_like(x),
        jnp.zeros((width, dim, dim), x.dtype),
        jnp.zeros(width, jnp.int32),
        lane,
    )
    start = (
        jnp.zeros((), jnp.int32),
        nothing,
        x,
        jnp.ones(width, bool),
        jnp.zeros(width, jnp.int32),
    )
    _, best, _, _, evaluations = lax.while_loop(unfinished, newton_step, start)

    finite = jnp.all(jnp.isfinite(best.hessian), axis=(1, 2)) & jnp.isfinite(best.energy)
    values, vectors = jnp.linalg.eigh(
        jnp.where(finite[:, None, None], best.hessian, jnp.eye(dim, dtype=x.dtype))
    )
    # Zero modes were lifted above the rest of the spectrum.
    real = jnp.arange(dim) < (dim - best.zero)[:, None]
    size = jnp.max(jnp.where(real, jnp.abs(values), 0.0), axis=1)
    threshold = (0.1 * jnp.finfo(x.dtype).eps ** 0.5 * size)[:, None]
    positive = real & (values > threshold)
    logs = jnp.sum(jnp.where(positive, jnp.log(jnp.where(positive, values, 1.0)), 0.0), axis=1)
    negative = jnp.sum(real & (values < -threshold), axis=1, dtype=jnp.int32)
    return Certificate(
        x=best.x.T,
        energy=best.energy,
        rms_gradient=best.residual,
        index=jnp.where(finite, negative, -1),
        lowest_eigenvalue=jnp.where(finite & (best.zero < dim), values[:, 0], jnp.nan),
        log_product=jnp.where(finite, logs, jnp.nan),
        degenerate=jnp.any(real & (jnp.abs(values) <= threshold), axis=1),
        zero_modes=best.zero,
        active=count_active(surface, best.x, best.gradient),
        evaluations=evaluations,
        eigenvector=vectors[:, :, 0],
    )


def _where_lane(mask, new, old):
    """Select by lane; lanes lead in matrices and trail elsewhere."""
    return jnp.where(mask[:, None, None] if new.ndim == 3 else mask, new, old)


def _projected_hessian(surface, x):
    """Hessians `[lanes, dim, dim]` with zero modes lifted above the spectrum, gradients."""
    dim = x.shape[0]
    energy, gradient, rows = lane_hessian(surface, x)
    modes = surface.symmetry.zero_modes(x)
    active = active_bounds(surface, x, gradient)
    held = jnp.zeros(x.shape, bool) if active is None else active
    gradient = surface.symmetry.project(modes, jnp.where(held, 0.0, gradient))
    # Lanes lead from here on: that is the layout of the linear algebra.
    hessian = jnp.moveaxis(rows, -1, 0)
    hessian = 0.5 * (hessian + jnp.swapaxes(hessian, 1, 2))
    lift = 1.0 + jnp.sqrt(jnp.sum(hessian * hessian, axis=(1, 2)))
    modes = jnp.moveaxis(modes, -1, 0)
    held = held.T
    free = ~held
    hessian = jnp.where(free[:, :, None] & free[:, None, :], hessian, 0.0)
    if modes.shape[1]:
        through = jnp.einsum("bki,bij->bkj", modes, hessian)
        hessian = hessian - jnp.einsum("bki,bkj->bij", modes, through)
        through = jnp.einsum("bij,bkj->bki", hessian, modes)
        hessian = hessian - jnp.einsum("bki,bkj->bij", through, modes)
        hessian = hessian + lift[:, None, None] * jnp.einsum("bki,bkj->bij", modes, modes)
    diagonal = jnp.arange(dim)
    hessian = hessian.at[:, diagonal, diagonal].add(jnp.where(held, lift[:, None], 0.0))
    zero = jnp.sum(jnp.sum(modes * modes, axis=2) > 0.5, axis=1, dtype=jnp.int32)
    return hessian, gradient, energy, zero + jnp.sum(held, axis=1, dtype=jnp.int32)
