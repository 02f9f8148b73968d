"""Stationary points of any index, by Newton steps along every eigenvector of the Hessian."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import (
    checked_starts,
    default_tolerance,
    loosened,
    positive,
    positive_number,
)
from jaxscape.search.budget import Budget
from jaxscape.search.certify import DENSE_LIMIT, projected_hessian
from jaxscape.search.lbfgs import LBFGSOutput, count_active, free_gradient, into_bounds, rms
from jaxscape.search.minimise import certified
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface, lane_hessian

# Steps out of the box, one after the other, with which a search has left it.
_OUTSIDE = 10


@dataclasses.dataclass(frozen=True)
class EigenvectorFollowing:
    """Options of searches for stationary points of any index.

    - `max_step`: longest step along one eigenvector, in units of the surface's `scale`.

    D. J. Wales, J. Chem. Phys. 101, 3750 (1994); to saddles of higher index J. P. K. Doye &
    D. J. Wales, J. Chem. Phys. 116, 3777 (2002).
    """

    max_step: float = 0.3

    def __post_init__(self):
        positive_number("max_step", self.max_step)


class _State(eqx.Module):
    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    gradient: Float[Array, "dim *lanes"]
    index: Int[Array, "*lanes"]
    outside: Int[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class EigenvectorSearch(eqx.Module):
    """Jobs are `{"x": [B, dim], "index": [B]}`; -1 leaves the index to the curvature."""

    options: EigenvectorFollowing = eqx.field(static=True)
    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=1)

    def init(self, surface: Surface, job) -> _State:
        x = job["x"]
        del surface
        count = jnp.zeros(x.shape[1:], jnp.int32)
        return _State(
            x=x,
            energy=jnp.zeros(x.shape[1:], x.dtype),
            gradient=jnp.zeros_like(x),
            index=job["index"],
            outside=count,
            steps=count,
            status=jnp.full(x.shape[1:], Status.RUNNING, jnp.int32),
        )

    def step(self, surface, clock, state):
        del clock
        x = state.x
        energy, gradient, rows = lane_hessian(surface, x)
        modes = surface.symmetry.zero_modes(x)
        hessian, _, _ = projected_hessian(surface, modes, x, gradient, rows)
        gradient = surface.symmetry.project(modes, free_gradient(surface, x, gradient))
        finite = jnp.all(jnp.isfinite(hessian), axis=(1, 2)) & jnp.isfinite(energy)
        finite = finite & jnp.all(jnp.isfinite(gradient), axis=0)
        move = self._move(surface, jnp.where(finite, gradient, 0.0), hessian, state.index, finite)
        trial = into_bounds(surface, x + move)
        outside = jnp.where(jnp.any(trial != x + move, axis=0), state.outside + 1, 0)
        steps = state.steps + 1
        status = jnp.select(
            [
                ~finite,
                rms(gradient) <= self.tolerance,
                outside >= _OUTSIDE,
                steps >= self.max_steps,
            ],
            [
                jnp.int32(Status.NOT_FINITE),
                jnp.int32(Status.CONVERGED),
                jnp.int32(Status.LEFT_BOUNDS),
                jnp.int32(Status.MAX_STEPS),
            ],
            jnp.int32(Status.RUNNING),
        )
        running = state.status == Status.RUNNING
        return _State(
            x=jnp.where(running & (status == Status.RUNNING), trial, x),
            energy=jnp.where(running, energy, state.energy),
            gradient=jnp.where(running, gradient, state.gradient),
            index=state.index,
            outside=outside,
            steps=jnp.where(running, steps, state.steps),
            status=jnp.where(running, status, state.status),
        )

    def _move(self, surface, gradient, hessian, index, finite):
        """Up along the lowest `index` eigenvectors, or those of negative curvature; else down."""
        dim, dtype = len(gradient), gradient.dtype
        values, vectors = jnp.linalg.eigh(
            jnp.where(finite[:, None, None], hessian, jnp.eye(dim, dtype=dtype))
        )
        along = jnp.einsum("bik,ib->bk", vectors, gradient)
        wanted = index[:, None]
        up = jnp.where(wanted < 0, values < 0, jnp.arange(dim) < wanted)
        bend = jnp.abs(values)
        newton = along / jnp.where(bend > 0, bend, 1.0)
        longest = self.options.max_step * surface.scale.astype(dtype)
        length = 2.0 * newton / (1.0 + jnp.sqrt(1.0 + 4.0 * (newton / longest) ** 2))
        return jnp.einsum("bik,bk->ib", vectors, jnp.where(up, length, -length))

    def output(self, surface, state):
        return LBFGSOutput(
            state.x,
            state.energy,
            rms(state.gradient),
            count_active(surface, state.x, state.gradient),
            state.status,
            (1 + 2 * state.x.shape[0]) * state.steps,
        )

    def advance(self, surface, state):
        del surface
        return state


def find_stationary_points(
    surface,
    x0: Float[Array | np.ndarray, "batch dim"],
    *,
    index: int | Int[np.ndarray, " batch"] | None = None,
    method: EigenvectorFollowing = EigenvectorFollowing(),
    tolerance: float | None = None,
    max_steps: int = 200,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> StationaryPoints:
    """Search a stationary point of any index from every row of `x0`: minima, saddles, maxima.

    Every step goes along all eigenvectors of the Hessian at once, uphill along some and downhill
    along the others.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x0`: starting points `[B, dim]`; their dtype rules.
    - `index`: negative eigenvalues of the points asked for, one number or `[B]`: uphill along so
      many of the lowest eigenvectors, which ends nowhere where the function grows without end.
      Without it uphill wherever the curvature is negative: what lies nearest is found, whatever
      its index, but many searches end where the gradient is least without being zero
      (`Status.MAX_STEPS`), as all do that minimise its square.
    - `tolerance`: largest root-mean-square gradient, 1e-8 in float64, 1e-4 in float32.
    - `max_steps`: steps per start, each a Hessian.
    - `lanes`: searches busy at once; never changes a result.

    **Returns:** `StationaryPoints` in the order of `x0`. `ok` means: gradient under the tolerance,
    all eigenvalues of the exact Hessian counted (`index`), zero modes projected out and none in
    doubt, and as many negative ones as were asked for.

    **Raises:** `ValueError` as `minimise` does, for an index that is negative or above `dim`, and
    beyond 768 coordinates, where Hessians are not dense and an index is not counted in full.

    >>> wells = lambda x: jnp.sum((x**2 - 1) ** 2)
    >>> found = find_stationary_points(wells, np.array([[0.2, 0.9], [0.1, -0.3]], "float32"))
    >>> found.index.tolist(), found.energy.round(3).tolist()
    ([1, 2], [1.0, 2.0])
    """
    surface = as_surface(surface)
    x0 = checked_starts(surface, x0)
    batch, dim = x0.shape
    if dim > DENSE_LIMIT:
        raise ValueError(
            f"x0 has width {dim}, but stationary points of any index take dense Hessians, up to "
            f"{DENSE_LIMIT} coordinates: minimise and find_transition_states go beyond"
        )
    tolerance = default_tolerance(x0.dtype, tolerance, surface)
    wanted = _checked_index(index, batch, dim)
    budget = budget or Budget()
    width = _width(batch, dim, x0.dtype)
    if jax.default_backend() == "cpu":
        lanes = min(lanes or width, width)  # one tile: see `_linear_algebra`
    out, finished, _ = engine.run(
        EigenvectorSearch(
            method,
            jnp.asarray(loosened(surface, tolerance, 10.0, dim), x0.dtype),
            jnp.asarray(positive("max_steps", max_steps), jnp.int32),
        ),
        surface,
        {"x": x0, "index": wanted},
        width=width,
        lanes=lanes,
        budget=budget,
        progress=progress,
    )
    missing = np.full(batch, np.nan, x0.dtype)
    points = StationaryPoints(
        x=np.where(finished[:, None], out.x, x0),
        energy=np.where(finished, out.energy, np.nan),
        rms_gradient=np.where(finished, out.rms_gradient, np.nan),
        index=np.full(batch, -1, np.int32),
        lowest_eigenvalue=missing,
        log_product=missing.copy(),
        active=out.active,
        status=np.where(finished, out.status, Status.INTERRUPTED).astype(np.int32),
        evaluations=out.evaluations,
    )
    return certified(surface, points, tolerance, wanted, budget)[0]


def _checked_index(index, batch: int, dim: int) -> Int[np.ndarray, " batch"]:
    """An index for each start, -1 where any will do."""
    if index is None:
        return np.full(batch, -1, np.int32)
    wanted = np.asarray(index)
    if not np.issubdtype(wanted.dtype, np.integer) or wanted.shape not in ((), (batch,)):
        raise ValueError(
            f"index is {wanted.dtype} of shape {wanted.shape}; pass a whole number, or one for "
            f"each of {batch} starts"
        )
    if wanted.min() < 0 or wanted.max() > dim:
        bad = wanted.min() if wanted.min() < 0 else wanted.max()
        raise ValueError(f"index is {bad}; points of {dim} coordinates have one from 0 to {dim}")
    return np.broadcast_to(wanted, (batch,)).astype(np.int32)


def _width(batch: int, dim: int, dtype) -> int:
    """Lanes of one tile: Hessians, their eigenvectors and what they come from fit into memory."""
    memory = 2**26 if jax.default_backend() == "cpu" else 2**32
    most = 16 if jax.default_backend() == "cpu" else 1024
    each = 8 * dim**2 * np.dtype(dtype).itemsize
    width = 2 ** int(np.log2(max(1.0, min(most, memory / each))))
    return min(width, 2 ** int(np.ceil(np.log2(max(batch, 1)))))
