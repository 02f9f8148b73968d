"""Stationary points moved from one value of a parameter to another, as far as they exist.

Predictor and corrector in small batches; where a point does not arrive, the way is halved.
E. L. Allgower and K. Georg, Introduction to Numerical Continuation Methods, SIAM (2003).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from jaxscape.analysis.differentiation.points import newton_move
from jaxscape.search.certify import certify
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.surface import Surface, lane_value_and_grad

_WIDTH = 16  # points predicted at once
# Of the scale, per root of the coordinates:
_NEAR = 0.02  # still the same branch
_FAR = 0.1  # the longest step


@dataclasses.dataclass(frozen=True, eq=False)
class Arrival:
    """Where points came to, and how far the lost ones got.

    `points` (at the end, in order; `ok` tells which arrived); `low`, `high` `[N]`: the step on
    which a point was lost, NaN for others; `last` `[N, dim]`: where it was seen last; `beyond`
    `[N, dim]`, `index` `[N]`: the stationary point at `high`, -1 where there is none.
    `halved`: whether any step was too long.
    """

    points: StationaryPoints
    low: Float[np.ndarray, " N"]
    high: Float[np.ndarray, " N"]
    last: Float[np.ndarray, "N dim"]
    beyond: Float[np.ndarray, "N dim"]
    index: Int[np.ndarray, " N"]
    halved: bool


@dataclasses.dataclass(frozen=True, eq=False)
class March:
    """Moves points along `surface_at`, not beyond `ends`, by steps not below `resolution`."""

    surface_at: Callable[[float], Surface]
    ends: tuple[float, float]
    resolution: float
    tolerance: float

    def __call__(
        self,
        start: float,
        stop: float,
        x: Float[np.ndarray, "N dim"],
        saddle: Bool[np.ndarray, " N"],
    ) -> Arrival:
        """Move points of index `saddle` from one parameter to another."""
        count = len(x)
        surface = self.surface_at(stop)
        size = float(surface.scale) * x.shape[1] ** 0.5
        scale = _NEAR * size
        guess = _predicted(self.surface_at(start), surface, x)
        found = points_of(surface, guess, saddle, self.tolerance)
        ahead = np.linalg.norm(guess - x, axis=1)
        off = np.linalg.norm(found.x - guess, axis=1)
        # Longer steps, or corrections that rival the step, may have led to another branch.
        close = (off <= np.clip(0.3 * ahead, 1e-3 * scale, scale)) & (ahead < _FAR * size)
        good = found.ok & close
        nan, halved = np.full(count, np.nan), not good.all()
        out = Arrival(found, nan, nan.copy(), x.copy(), x.copy(), np.full(count, -1), halved)
        lost = np.flatnonzero(~good)
        if not lost.size:
            return out
        status = np.where(good, found.status, Status.STALLED).astype(np.int32)
        out = dataclasses.replace(out, points=eqx.tree_at(lambda p: p.status, found, status))
        if abs(stop - start) <= self.resolution:
            # Not at the bifurcation itself, where the index is unknown.
            after = float(np.clip(stop + 4.0 * (stop - start), min(self.ends), max(self.ends)))
            behind = points_of(self.surface_at(after), guess[lost], saddle[lost], self.tolerance)
            off = np.linalg.norm(behind.x - guess[lost], axis=1)
            stays = (off < scale) & (behind.rms_gradient <= self.tolerance)
            out.low[lost], out.high[lost] = start, after
            out.beyond[lost], out.index[lost] = behind.x, np.where(stays, behind.index, -1)
            return out
        middle = 0.5 * (start + stop)
        first = self(start, middle, x[lost], saddle[lost])
        out = _merged(out, lost, first)
        onwards = lost[first.points.ok]
        if onwards.size:
            half = self(middle, stop, np.asarray(first.points.x)[first.points.ok], saddle[onwards])
            out = _merged(out, onwards, half)
        fell = lost[~first.points.ok]
        # What the first half says of lost points counts; only their status is of the end.
        status = np.array(out.points.status)
        status[fell] = Status.STALLED
        return dataclasses.replace(
            out, points=eqx.tree_at(lambda p: p.status, out.points, status), halved=True
        )


def points_of(
    surface: Surface,
    x: Float[np.ndarray, "N dim"],
    saddle: Bool[np.ndarray, " N"],
    tolerance: float,
) -> StationaryPoints:
    """Certified points; `ok` where the index is that of a minimum or, for `saddle`, one."""
    found = certify(surface, x, tolerance=tolerance)
    right = (found.index == saddle) & ~np.asarray(found.degenerate)
    status = np.where(right, Status.CONVERGED, Status.WRONG_INDEX)
    status = np.where(found.rms_gradient <= tolerance, status, Status.STALLED).astype(np.int32)
    names = [f.name for f in dataclasses.fields(StationaryPoints)]
    columns = {
        name: np.array(getattr(found, name))
        for name in names
        if name not in ("status", "steps_to_target")
    }
    return StationaryPoints(**columns, status=status)


def _merged(out: Arrival, rows: np.ndarray, part: Arrival) -> Arrival:
    for name in ("low", "high", "last", "beyond", "index"):
        getattr(out, name)[rows] = getattr(part, name)

    def put(old, new):
        old = np.array(old)
        old[rows] = new
        return old

    return dataclasses.replace(out, points=jax.tree.map(put, out.points, part.points))


def _predicted(before: Surface, after: Surface, x: np.ndarray) -> np.ndarray:
    parts = []
    for first in range(0, len(x), _WIDTH):
        block = x[first : first + _WIDTH]
        padded = np.concatenate([block, np.repeat(block[:1], _WIDTH - len(block), axis=0)])
        parts.append(np.asarray(_moves(before, after, padded))[: len(block)])
    step = np.concatenate(parts)
    # Long steps of nearly singular Hessians lead nowhere, and are not accepted.
    cap = _FAR * float(after.scale) * x.shape[1] ** 0.5
    length = np.linalg.norm(step, axis=1, keepdims=True)
    step = np.where(np.isfinite(step), step, 0.0)
    return x + step * np.minimum(1.0, cap / np.where(length > 0, length, 1.0))


@eqx.filter_jit
def _moves(before: Surface, after: Surface, x):
    """`dx = -H^+ (change of the gradient)`: the implicit function theorem over a finite step."""

    def one(point):
        gradients = [lane_value_and_grad(surface, point)[1] for surface in (before, after)]
        return newton_move(before, point, gradients[1] - gradients[0])

    return jax.vmap(one)(jnp.asarray(x))
