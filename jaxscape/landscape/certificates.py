"""Why a point may not enter the network, and what became of the points that were added."""

import dataclasses

import numpy as np
from jaxtyping import Int

from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status

_LARGEST = 1e30  # squares of coordinates must stay finite, and they themselves in float32


@dataclasses.dataclass(frozen=True)
class AddReport:
    """What `Landscape.add` did with each point of a batch.

    `ids` `[B]` (id of each point, -1 where rejected); `new` (ids met for the first time);
    `known` (ids of points met before, one for each such point); `rejected` (position in the
    batch and reason); `minima` (the same for the minima beside transition states, ordered
    plus, minus, plus, minus, ...; None where minima were added).
    """

    ids: Int[np.ndarray, " batch"]
    new: Int[np.ndarray, " new"]
    known: Int[np.ndarray, " known"]
    rejected: list[tuple[int, str]]
    minima: "AddReport | None" = None

    def __str__(self) -> str:
        text = f"{len(self.new)} new, {len(self.known)} known, {len(self.rejected)} rejected"
        reasons = [f"  point {position}: {reason}" for position, reason in self.rejected[:5]]
        if len(self.rejected) > 5:
            reasons.append(f"  and {len(self.rejected) - 5} more")
        return "\n".join([text, *reasons])


def rejections(points: StationaryPoints, index: int, verified: bool) -> list[str | None]:
    """For each point the reason why it is not a certified point of this index, or None.

    With `verified=False` only points that are not finite are refused.
    """
    kind = "a minimum" if index == 0 else "a transition state"
    # Written so that NaN fails, too.
    finite = (np.abs(points.x) < _LARGEST).all(axis=1) & np.isfinite(points.energy)
    reasons: list[str | None] = [None] * len(points)
    if not verified:
        for i in np.flatnonzero(~finite):
            reasons[i] = "NOT_FINITE: the coordinates or the energy are NaN or (nearly) infinite"
        return reasons
    good = finite & np.isfinite(points.rms_gradient) & (np.asarray(points.index) == index)
    for i in np.flatnonzero(~(points.ok & good)):
        status = _status(points.status[i])
        if status is not Status.CONVERGED:
            reasons[i] = f"{status.name}: {status.advice}"
        elif not finite[i] or not np.isfinite(points.rms_gradient[i]):
            reasons[i] = "NOT_FINITE: coordinates, energy or gradient are NaN or (nearly) infinite"
        elif points.index[i] < 0:
            reasons[i] = "WRONG_INDEX: no negative eigenvalues were counted, so it is not certified"
        else:
            reasons[i] = (
                f"WRONG_INDEX: {int(points.index[i])} negative eigenvalues, {kind} has {index}"
            )
    return reasons


def side_rejections(own: list[str | None], sides: list[str | None]) -> list[str | None]:
    """Reasons for transition states, once those of their minima (plus, minus, ...) are known."""
    reasons = list(own)
    for i, reason in enumerate(own):
        if reason is not None:
            continue
        for name, side in zip(("plus", "minus"), sides[2 * i : 2 * i + 2], strict=True):
            if side is not None:
                reasons[i] = f"NO_MINIMUM: the {name} side ended without one ({side})"
                break
    return reasons


def _status(value) -> Status:
    try:
        return Status(int(value))
    except ValueError:
        return Status.RUNNING
