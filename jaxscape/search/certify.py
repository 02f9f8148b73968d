"""Newton polish and the certificate: is this point stationary, and of what index?"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from jaxscape._compilation import jit_quickly
from jaxscape.search.budget import Budget
from jaxscape.search.certify_large import certify_large
from jaxscape.search.inertia import inertia
from jaxscape.search.lbfgs import active_bounds, count_active, into_bounds, rms
from jaxscape.search.results import Certificate
from jaxscape.surface import Surface, lane_hessian, lane_value_and_grad

DENSE_LIMIT = 768
_CHORDS = 3  # Newton steps with one Hessian


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
    """The best point so far of each lane."""

    x: Float[Array, "dim lanes"]
    energy: Float[Array, " lanes"]
    gradient: Float[Array, "dim lanes"]
    residual: Float[Array, " lanes"]


@jit_quickly
def _certify_block(surface, x, tolerance, newton):
    x = into_bounds(surface, jnp.asarray(x).T)
    dim = x.shape[0]
    enough = 0.01 * jnp.asarray(tolerance, x.dtype)
    best, hessian, zero, lift, evaluations = _polish(surface, x, enough, newton - 1)

    finite = jnp.all(jnp.isfinite(hessian), axis=(1, 2)) & jnp.isfinite(best.energy)
    finite = finite & jnp.isfinite(lift)
    hessian = jnp.where(finite[:, None, None], hessian, jnp.eye(dim, dtype=x.dtype))
    found = inertia(hessian, zero, jnp.where(finite, lift, 1.0))
    return Certificate(
        x=best.x.T,
        energy=best.energy,
        rms_gradient=best.residual,
        index=jnp.where(finite, found.negative, -1),
        lowest_eigenvalue=jnp.where(finite & (zero < dim), found.lowest, jnp.nan),
        log_product=jnp.where(finite, found.log_product, jnp.nan),
        degenerate=found.degenerate,
        zero_modes=zero,
        active=count_active(surface, best.x, best.gradient),
        evaluations=evaluations,
        eigenvector=found.mode,
    )


def _polish(surface, x, enough, newton):
    """Newton's method, each Hessian serving up to `_CHORDS` steps; a step must lower the gradient.

    Returns the best points, what `projected_hessian` gives for them, and the evaluations.
    """
    dim, width = x.shape
    cap = 0.1 * surface.scale.astype(x.dtype) * dim**0.5

    def chords(hessian, modes, best, wanting, evaluations):
        factors = jax.vmap(jax.scipy.linalg.lu_factor)(hessian)

        def chord(_, inner):
            best, going, gained, evaluations = inner
            step = -jax.vmap(jax.scipy.linalg.lu_solve)(factors, best.gradient.T).T
            length = jnp.sqrt(jnp.sum(step * step, axis=0))
            step = step * jnp.minimum(1.0, cap / jnp.where(length > 0, length, 1.0))
            step = jnp.where(going & jnp.isfinite(step), step, 0.0)
            trial = into_bounds(surface, best.x + step)
            energy, gradient = lane_value_and_grad(surface, trial)
            new = _measured(surface, modes, trial, energy, gradient)
            better = going & (new.residual < best.residual)
            best = jax.tree.map(lambda n, o: jnp.where(better, n, o), new, best)
            return best, better & (best.residual > enough), gained | better, evaluations + going

        start = (best, wanting, jnp.zeros(width, bool), evaluations)
        best, _, gained, evaluations = lax.fori_loop(0, _CHORDS, chord, start)
        return best, gained, evaluations

    def improve(loop):
        count, best, _, _, _, gained, evaluations = loop
        energy, gradient, rows = lane_hessian(surface, best.x)
        modes = surface.symmetry.zero_modes(best.x)
        hessian, zero, lift = projected_hessian(surface, modes, best.x, gradient, rows)
        best = _measured(surface, modes, best.x, energy, gradient)
        evaluations = evaluations + jnp.where(gained, 1 + 2 * dim, 0)
        wanting = gained & (best.residual > enough) & jnp.isfinite(best.residual)
        wanting = wanting & (count < newton)
        best, gained, evaluations = lax.cond(
            jnp.any(wanting),
            chords,
            lambda hessian, modes, best, wanting, evaluations: (best, wanting, evaluations),
            *(hessian, modes, best, wanting, evaluations),
        )
        return count + 1, best, hessian, zero, lift, gained, evaluations

    lane = jnp.zeros(width, x.dtype)
    nothing = jnp.zeros(width, jnp.int32)
    start = (
        jnp.zeros((), jnp.int32),
        _Best(x, lane, jnp.zeros_like(x), lane),
        jnp.zeros((width, dim, dim), x.dtype),
        nothing,
        lane,
        jnp.ones(width, bool),
        nothing,
    )
    _, best, hessian, zero, lift, _, evaluations = lax.while_loop(
        lambda loop: jnp.any(loop[5]), improve, start
    )
    return best, hessian, zero, lift, evaluations


def _measured(surface, modes, x, energy, gradient):
    gradient = jnp.where(_held(surface, x, gradient), 0.0, gradient)
    gradient = surface.symmetry.project(modes, gradient)
    size = jnp.where(jnp.isfinite(energy), rms(gradient), jnp.inf)
    return _Best(x, energy, gradient, jnp.where(jnp.isnan(size), jnp.inf, size))


def _held(surface, x, gradient):
    """Coordinates held by a bound, all False without bounds."""
    active = active_bounds(surface, x, gradient)
    return jnp.zeros(x.shape, bool) if active is None else active


def projected_hessian(surface, modes, x, gradient, rows):
    """Hessians `[lanes, dim, dim]`, how many zero modes were lifted, and to which eigenvalue."""
    held = _held(surface, x, gradient).T
    # Lanes lead from here on: that is the layout of the linear algebra.
    hessian = jnp.moveaxis(rows, -1, 0)
    hessian = 0.5 * (hessian + jnp.swapaxes(hessian, 1, 2))
    if surface.lower is not None:
        free = ~held
        hessian = jnp.where(free[:, :, None] & free[:, None, :], hessian, 0.0)
    # Above every eigenvalue, and no larger: beside it small ones lose their digits.
    size = jnp.sqrt(jnp.sum(hessian * hessian, axis=(1, 2)))
    lift = jnp.where(size > 0, 1.1 * size, 1.0)
    modes = jnp.moveaxis(modes, -1, 0)
    if modes.shape[1]:
        # (1 - Z Z') H (1 - Z Z') + lift Z Z', as one symmetric update of low rank.
        image = jnp.einsum("bij,bkj->bki", hessian, modes)
        core = jnp.einsum("bki,bli->bkl", modes, image)
        core = 0.5 * (core + lift[:, None, None] * jnp.eye(modes.shape[1], dtype=x.dtype))
        image = image - jnp.einsum("bkl,bli->bki", core, modes)
        left = jnp.concatenate([modes, image], axis=1)
        right = jnp.concatenate([image, modes], axis=1)
        hessian = hessian - jnp.einsum("bki,bkj->bij", left, right)
    if surface.lower is not None:
        diagonal = jnp.arange(x.shape[0])
        hessian = hessian.at[:, diagonal, diagonal].add(jnp.where(held, lift[:, None], 0.0))
    zero = jnp.sum(jnp.sum(modes * modes, axis=2) > 0.5, axis=1, dtype=jnp.int32)
    return hessian, zero + jnp.sum(held, axis=1, dtype=jnp.int32), lift
