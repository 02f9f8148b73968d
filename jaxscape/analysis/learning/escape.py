"""Ways down from a saddle: along each negative direction of the Hessian, both ways."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.analysis.learning.curvature import curvature
from jaxscape.search.arguments import positive_number
from jaxscape.search.minimise import minimise
from jaxscape.search.results import StationaryPoints
from jaxscape.surface import as_surface

_DENSE = 64  # coordinates up to which a Hessian is small


class EscapeDirections(eqx.Module):
    """Negative directions of saddles, and where they lead.

    `point` `[K]`, the row of the saddle; `eigenvalue` `[K]`; `direction` `[K, dim]`, a unit
    vector; `plus` and `minus`, the `StationaryPoints` reached downhill from
    `x + push direction` and `x - push direction`.
    """

    point: Int[np.ndarray, " K"]
    eigenvalue: Float[np.ndarray, " K"]
    direction: Float[np.ndarray, "K dim"]
    plus: StationaryPoints
    minus: StationaryPoints

    def __len__(self) -> int:
        return len(self.point)


def escape_directions(
    surface,
    x: Float[Array | np.ndarray, "batch dim"],
    *,
    most: int = 4,
    push: float = 0.05,
    threshold: float = 0.0,
    tolerance: float = 1e-5,
    **options,
) -> EscapeDirections:
    """Follow every negative direction of stationary points downhill, both ways.

    **Arguments:**

    - `x`: stationary points `[B, dim]` of any index; those without a negative direction add
      nothing.
    - `most`: directions of one point, the steepest first.
    - `push`: length of the first step, in units of the surface's `scale`.
    - `threshold`: eigenvalues above `-threshold` count as zero.
    - `tolerance`: of the eigenvalues, relative to the largest. A point of which it leaves a sign
      in doubt is looked at once more, with a ten-thousandth of it.
    - `options`: of `minimise`.

    **Returns:** `EscapeDirections`, possibly none.

    >>> saddle = lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2 + x[2] ** 2
    >>> found = escape_directions(saddle, np.zeros((1, 3), "float32"), most=2)
    >>> found.eigenvalue.round(3).tolist(), np.abs(found.plus.x).round(3).tolist()
    ([-4.0], [[1.0, 0.0, 0.0]])
    """
    surface = as_surface(surface)
    x = np.asarray(x)
    tolerance = positive_number("tolerance", tolerance)
    lowest, vectors, error = _lowest(surface, x, most, tolerance)
    doubtful = np.flatnonzero(np.any(~(np.abs(lowest + threshold) > error), axis=1))
    if len(doubtful):
        # Ways down are followed from the least of slopes: -1e-6 beside 1 is no rounding.
        finer = _lowest(surface, x[doubtful], most, 1e-4 * tolerance)
        sound = np.isfinite(finer[0]).all(axis=1)
        for old, new in zip((lowest, vectors, error), finer, strict=True):
            old[doubtful[sound]] = new[sound]
    # Eigenvalues that are zero to rounding are no way down.
    point, which = np.nonzero(lowest < -threshold - np.maximum(error, 1e-12))
    direction = vectors[point, which]
    step = push * float(surface.scale) * direction
    starts = np.concatenate([x[point] + step, x[point] - step]).astype(x.dtype)
    if not len(point):
        nothing = minimise(surface, x[:1], max_steps=1, certify=False).take(slice(0, 0))
        return EscapeDirections(point, lowest[point, which], direction, nothing, nothing)
    ends = minimise(surface, starts, **options)
    half = len(point)
    return EscapeDirections(
        point,
        lowest[point, which],
        direction,
        ends.take(slice(0, half)),
        ends.take(slice(half, None)),
    )


def _lowest(surface, x, most, tolerance):
    """Lowest eigenvalues `[B, k]`, their vectors and errors; NaN where they do not converge."""
    count = min(most, x.shape[1])
    if x.shape[1] <= _DENSE:
        return _of_matrices(surface, x, count)
    found = curvature(surface, x, lowest=count, highest=0, tolerance=tolerance, max_products=20_000)
    return found.lowest, found.lowest_vectors, found.residuals[:, :count]


def _of_matrices(surface, x, count):
    """The same of few coordinates, from Hessians with zero modes put out of the way."""
    found = []
    for row in x:
        modes = np.asarray(surface.symmetry.zero_modes(jnp.asarray(row)), np.float64)
        hessian = np.asarray(surface.hessian(jnp.asarray(row)), np.float64)
        project = np.eye(len(row)) - modes.T @ modes
        size = np.linalg.norm(hessian)
        values, vectors = np.linalg.eigh(project @ hessian @ project + 2 * size * modes.T @ modes)
        error = 10 * np.finfo(x.dtype).eps * size
        found.append((values[:count], vectors.T[:count], np.full(count, error)))
    return tuple(np.stack(part) for part in zip(*found, strict=True))
