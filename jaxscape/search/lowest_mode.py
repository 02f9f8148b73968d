"""The lowest mode of the Hessian at points that stay where they are, from products alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import checked_starts, positive, positive_number
from jaxscape.search.budget import Budget
from jaxscape.search.draws import unit_vectors
from jaxscape.search.minimise import tile_width
from jaxscape.search.ritz import dot, lowest_of_three, unit, unit_of_rest
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface, lane_hvp


class LowestModes(eqx.Module):
    """Lowest modes of a batch: `eigenvalue [B]`, unit vectors `mode [B, dim]` and what is left.

    `residual [B]` is the norm of `H v - eigenvalue v`: some eigenvalue is no further away.
    """

    eigenvalue: Float[np.ndarray, " batch"]
    mode: Float[np.ndarray, "batch dim"]
    residual: Float[np.ndarray, " batch"]
    status: Int[np.ndarray, " batch"]
    evaluations: Int[np.ndarray, " batch"]

    @property
    def ok(self):
        """Where the residual is under the tolerance."""
        return self.status == Status.CONVERGED


def lowest_modes(
    surface,
    x: Float[Array | np.ndarray, "batch dim"],
    *,
    key: PRNGKeyArray | None = None,
    modes: Float[Array | np.ndarray, "batch dim"] | None = None,
    tolerance: float = 1e-3,
    max_steps: int = 500,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> LowestModes:
    """The lowest eigenpair of the Hessian at every row of `x`, from Hessian-vector products.

    Zero modes of the surface's symmetry are projected out. For several modes of one point, with
    their errors, see `js.curvature`.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x`: points `[B, dim]`, stationary or not.
    - `key`: draws the first guesses; that of row `i` depends on the key and `i`.
    - `modes`: first guesses `[B, dim]` instead.
    - `tolerance`: largest residual, relative to the size of the eigenvalue.
    - `max_steps`: Hessian-vector products per point, each counted as two evaluations.

    **Returns:** `LowestModes` in the order of `x`; points without any direction beside zero
    modes are `NOT_FINITE`.

    **Raises:** `ValueError` as `minimise` does, and without `key` and `modes`.

    Knyazev, SIAM J. Sci. Comput. 23, 517 (2001).

    >>> found = lowest_modes(lambda x: x[0] ** 2 - x[1] ** 2, np.ones((1, 2), "float32"),
    ...                      key=jax.random.key(0))
    >>> round(float(found.eigenvalue[0]), 4)
    -2.0
    """
    surface = as_surface(surface)
    x = checked_starts(surface, x)
    if modes is not None:
        modes = checked_starts(surface, modes, "modes").astype(x.dtype)
        if modes.shape != x.shape:
            raise ValueError(f"modes has shape {modes.shape}, x has {x.shape}")
        empty = np.flatnonzero(~np.any(modes, axis=1))
        if len(empty):
            raise ValueError(f"modes is zero in row {empty[0]}: give it a direction")
    elif key is not None:
        modes = unit_vectors(key, 0, range(len(x)), x.shape[1], x.dtype)
    else:
        raise ValueError("lowest_modes needs a key, or first guesses as modes=")
    tolerance = positive_number("tolerance", tolerance)
    max_steps = positive("max_steps", max_steps)
    search = LowestModeSearch.of(x.dtype, tolerance, 0.0, max_steps)
    return run_modes(surface, x, modes, search, lanes, progress, budget or Budget())


def run_modes(surface, x, modes, search, lanes, progress, budget) -> LowestModes:
    """`lowest_modes` of arguments that have been checked; rows not reached are `INTERRUPTED`."""
    out, finished, _ = engine.run(
        search,
        surface,
        {"x": x, "mode": modes},
        width=tile_width(surface, x.shape[1], len(x), 14, x.dtype),
        lanes=lanes,
        budget=budget,
        progress="modes" if progress else False,
    )
    return LowestModes(
        eigenvalue=np.where(finished, out.eigenvalue, np.nan),
        mode=np.where(finished[:, None], out.mode, modes),
        residual=np.where(finished, out.residual, np.nan),
        status=np.where(finished, out.status, Status.INTERRUPTED).astype(np.int32),
        evaluations=out.evaluations,
    )


class _State(eqx.Module):
    """`mode` and `last`, the direction it last turned to, with their images; `search` is next."""

    x: Float[Array, "dim *lanes"]
    mode: Float[Array, "dim *lanes"]
    curved: Float[Array, "dim *lanes"]
    last: Float[Array, "dim *lanes"]
    curved_last: Float[Array, "dim *lanes"]
    search: Float[Array, "dim *lanes"]
    eigenvalue: Float[Array, "*lanes"]
    residual: Float[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class ModeOutput(eqx.Module):
    """`residual` is the norm of `H v - eigenvalue v`: the error of the eigenvalue is below it."""

    mode: Float[Array, "dim *lanes"]
    eigenvalue: Float[Array, "*lanes"]
    residual: Float[Array, "*lanes"]
    status: Int[Array, "*lanes"]
    evaluations: Int[Array, "*lanes"]


class LowestModeSearch(eqx.Module):
    """Locally optimal conjugate gradients, one Hessian-vector product a step.

    Jobs are `{"x": [B, dim], "mode": [B, dim]}`, the first guesses of any length. A lane ends
    when the residual is at most `tolerance` times the size of the eigenvalue, or when that is
    negative and a step lowers it by less than its `fall`th part. Knyazev, SIAM J. Sci. Comput. 23,
    517 (2001), without blocks.
    """

    tolerance: Float[Array, ""]
    fall: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=4)

    @classmethod
    def of(cls, dtype, tolerance: float, fall: float, max_steps: int) -> "LowestModeSearch":
        """With numbers as arrays, so that other values need no compilation."""
        return cls(
            jnp.asarray(tolerance, dtype),
            jnp.asarray(fall, dtype),
            jnp.asarray(max_steps, jnp.int32),
        )

    def init(self, surface: Surface, job) -> _State:
        x = job["x"]
        del surface
        lanes = x.shape[1:]
        nothing, zero = jnp.zeros_like(x), jnp.zeros(lanes, x.dtype)
        return _State(
            x=x,
            mode=nothing,
            curved=nothing,
            last=nothing,
            curved_last=nothing,
            search=job["mode"],
            eigenvalue=zero,
            residual=zero,
            steps=jnp.zeros(lanes, jnp.int32),
            status=jnp.full(lanes, Status.RUNNING, jnp.int32),
        )

    def step(self, surface, clock, state):
        del clock
        zero_modes = surface.symmetry.zero_modes(state.x)

        def clean(v):
            return surface.symmetry.project(zero_modes, v)

        search = unit_of_rest(clean(state.search), [state.mode, state.last])
        _, _, (curved_search,) = lane_hvp(surface, state.x, search[None])
        basis = (state.mode, search, state.last)
        images = (state.curved, clean(curved_search), state.curved_last)
        eigenvalue, weights = _lowest_in_span(basis, images)
        mode, curved = _combined(weights, basis), _combined(weights, images)
        # What turned the mode, orthogonal to the new one.
        turned = (0.0, weights[1], weights[2])
        last, curved_last = _combined(turned, basis), _combined(turned, images)
        overlap = dot(mode, last)
        last, curved_last = last - overlap * mode, curved_last - overlap * curved
        size = jnp.sqrt(dot(last, last))
        kept = jnp.where(size > jnp.finfo(last.dtype).eps ** 0.5, 1.0 / size, 0.0)
        residual = curved - eigenvalue * mode
        left = jnp.sqrt(dot(residual, residual))
        steps = state.steps + 1
        finite = jnp.isfinite(eigenvalue) & jnp.isfinite(left) & (dot(mode, mode) > 0.5)
        fall = state.eigenvalue - eigenvalue
        settled = (eigenvalue < 0) & (state.steps > 1) & (fall < -self.fall * eigenvalue)
        settled = settled & (self.fall > 0)
        status = jnp.where(
            ~finite,
            Status.NOT_FINITE,
            jnp.where(
                (left <= self.tolerance * jnp.abs(eigenvalue)) | settled,
                Status.CONVERGED,
                jnp.where(steps >= self.max_steps, Status.MAX_STEPS, Status.RUNNING),
            ),
        ).astype(jnp.int32)
        running = state.status == Status.RUNNING
        new = _State(
            x=state.x,
            mode=mode,
            curved=curved,
            last=kept * last,
            curved_last=kept * curved_last,
            search=residual,
            eigenvalue=eigenvalue,
            residual=left,
            steps=steps,
            status=status,
        )
        return jax.tree.map(lambda n, o: jnp.where(running, n, o), new, state)

    def output(self, surface, state):
        del surface
        return ModeOutput(
            unit(state.mode), state.eigenvalue, state.residual, state.status, 2 * state.steps
        )

    def advance(self, surface, state):
        del surface
        return state


def _combined(weights, vectors) -> Array:
    first, *others = (w * v for w, v in zip(weights, vectors, strict=True))
    return sum(others, start=first)


def _lowest_in_span(basis, images):
    """Lowest eigenvalue in the span of orthonormal vectors, and the weights of its vector.

    Vectors that are zero are absent.
    """
    present = [dot(v, v) > 0.5 for v in basis]
    diagonal = [dot(v, h) for v, h in zip(basis, images, strict=True)]
    # A missing direction must not be the lowest.
    top = 1.0 + sum(jnp.where(p, jnp.abs(d), 0.0) for p, d in zip(present, diagonal, strict=True))
    (a, c, f), off = (
        [jnp.where(p, d, top) for p, d in zip(present, diagonal, strict=True)],
        lambda i, j: jnp.where(present[i] & present[j], dot(basis[i], images[j]), 0.0),
    )
    eigenvalue, weights = lowest_of_three(a, off(0, 1), c, off(0, 2), off(1, 2), f)
    return eigenvalue, [jnp.where(p, w, 0.0) for p, w in zip(present, weights, strict=True)]
