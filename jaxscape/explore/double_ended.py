"""Double-ended searches: bands between minima, their maxima as starts, and what they lead to."""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.explore.round import Settings, certify_unknown, enter_states
from jaxscape.landscape import Landscape
from jaxscape.search.draws import unit_vectors
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.frozen_mode import hold_mode
from jaxscape.search.minimise import certified, quench, replaced
from jaxscape.search.neb import first_paths, relax
from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.search.status import Status
from jaxscape.search.transition_states import between, follow, settle

_BAND_FORCE = 1e-2
# Until the gradient is this many times the tolerance the mode is followed; then it is held.
_FOLLOW = 1e6
# A gradient so small that one Hessian certifies the point, and none has to improve it.
_ENOUGH = 0.01
# The same where gradients carry noise, and the tolerance is what can be reached.
_FOLLOW_NOISE, _ENOUGH_NOISE = 1e3, 1.0
_HOLD_STEPS = 300
# The tangent of a band is a good mode: it need not be measured often.
_RELAXATIONS, _HISTORY = 5, 12
# How far the band of a pair tried before is bent, in lengths of the straight line.
_BEND = 0.4


def connect_pairs(settings: Settings, network: Landscape, pairs: list[tuple[int, int]]) -> int:
    """Bands between pairs of minima; their maxima are searched and entered.

    A pair tried before starts from a bent band, so that another try may find another way.
    """
    a, b = np.array(pairs, np.int64).T
    x = network.minima.x.astype(settings.dtype)
    images, dim = settings.band.images, x.shape[1]
    path = first_paths(settings.surface, x[a], x[b], settings.band)
    paths = relax(
        settings.surface,
        _bent(settings, network, path, pairs),
        settings.band,
        _BAND_FORCE,
        settings.band_steps,
        settings.lanes,
        False,
        settings.budget,
        settings.width(images * dim, 2 * settings.band.history + 8),
    )
    tops = paths.candidates()
    good = np.isfinite(tops.x).all(axis=1)
    found = np.bincount(tops.path[good], minlength=len(a)) > 0
    outcomes = ["band" if any_top else "no maximum" for any_top in found]
    network.record_attempts("double_ended", a, b, outcomes, paths.evaluations)
    if good.any():
        ends = a[tops.path[good]], b[tops.path[good]]
        _enter_maxima(settings, network, tops.x[good], tops.mode[good], *ends)
    return len(a)


def _bent(settings, network, path, pairs):
    tries = network.attempt_counts("double_ended")
    before = [tries.get(pair, 0) for pair in pairs]
    again = np.flatnonzero(before)
    if len(again) == 0:
        return path
    path = np.array(path)
    jobs = sum(tries.values()) + again
    kicks = unit_vectors(settings.key, 4, jobs, path.shape[2], path.dtype)
    length = np.linalg.norm(path[again, -1] - path[again, 0], axis=1)
    arc = np.sin(np.linspace(0.0, np.pi, path.shape[1])).astype(path.dtype)
    path[again] += (_BEND * length)[:, None, None] * arc[None, :, None] * kicks[:, None, :]
    surface = settings.surface
    if surface.lower is not None:
        path = np.clip(path, np.asarray(surface.lower), np.asarray(surface.upper))
    return path.astype(settings.dtype)


def _enter_maxima(settings, network, x0, modes, a, b) -> None:
    """Search from maxima of bands; enter transition states and their minima.

    Every evaluation counts here. Once the gradient is small the mode is held, at one gradient
    a step; points known to the network cost no Hessian, and others one.
    """

    def certify(points, directions):
        del directions
        return certified(settings.surface, points, settings.tolerance, 1, settings.budget)

    found = certify_unknown(network, *_climb(settings, x0, modes), certify)
    enter_states(settings, network, "band_maximum", *found, (a, b), _both_sides)


def _climb(settings: Settings, x0, modes):
    """Points near transition states with a gradient that one Hessian can certify."""
    surface, budget, dim = settings.surface, settings.budget, x0.shape[1]
    method = dataclasses.replace(
        settings.method,
        slack=min(settings.method.slack, HybridEigenvectorFollowing.slack),
        relaxations=max(settings.method.relaxations, _RELAXATIONS),
        history=max(settings.method.history, _HISTORY),
    )
    width = settings.width(dim, 2 * method.history + 16)

    def followed(x, v, factor):
        return follow(
            surface,
            x,
            v,
            method,
            factor * settings.tolerance,
            settings.max_steps,
            settings.lanes,
            False,
            budget,
            width,
        )

    noisy = surface.tolerance is not None
    factor = _FOLLOW_NOISE if noisy else _FOLLOW
    points, directions = followed(x0, modes, factor)
    points = _held(settings, points, directions)
    # On a shoulder the mode is not that of the transition state yet: follow it further.
    open_rows = np.flatnonzero(points.ok & (points.rms_gradient > settings.tolerance))
    if len(open_rows) and not budget.spent:
        further = followed(points.x[open_rows], directions[open_rows], 1e-2 * factor)
        points, directions = replaced((points, directions), open_rows, further)
        points = _held(settings, points, directions)
    return points, directions


def _held(settings: Settings, points, directions):
    return hold_mode(
        settings.surface,
        points,
        directions,
        _enough(settings),
        _HOLD_STEPS,
        settings.budget,
        lanes=settings.lanes,
        width=settings.width(points.x.shape[1], 28),
    )


def _enough(settings: Settings) -> float:
    noisy = settings.surface.tolerance is not None
    return settings.tolerance * (_ENOUGH_NOISE if noisy else _ENOUGH)


def _both_sides(
    settings: Settings, network: Landscape, points: StationaryPoints, directions
) -> TransitionStates:
    """Minima downhill from certified transition states, none certified twice."""
    size = settings.push * np.asarray(settings.surface.scale, points.x.dtype)
    kick = size * directions
    sides = _minima(settings, network, np.concatenate([points.x + kick, points.x - kick]))
    plus, minus = sides.take(slice(0, len(points))), sides.take(slice(len(points), None))
    return between(points, directions, plus, minus)


def _minima(settings: Settings, network: Landscape, starts) -> StationaryPoints:
    surface, budget = settings.surface, settings.budget
    width = settings.width(starts.shape[1], 2 * settings.minimiser.history + 6)
    points = quench(
        surface,
        starts,
        settings.minimiser,
        _enough(settings),
        10_000,
        settings.lanes,
        False,
        budget,
        width,
    )
    # Rounding may stop a run short of what was asked for, and yet within the tolerance.
    near = points.ok | (
        (points.status == Status.STALLED) & (points.rms_gradient <= 1e3 * settings.tolerance)
    )
    status = np.where(near, Status.CONVERGED, points.status).astype(np.int32)
    points = dataclasses.replace(points, status=status)
    ids = network.recognise(points, index=0, count=False)
    known, new = np.flatnonzero(ids >= 0), np.flatnonzero((ids < 0) & points.ok)
    points = _as_known(network, points, known, ids[known])
    modes = np.zeros_like(points.x)
    work = np.array(points.evaluations)
    fresh, lowest = certified(surface, points.take(new), settings.tolerance, 0, budget)
    work[new] = fresh.evaluations
    points, modes = replaced((points, modes), new, (fresh, lowest))
    points = dataclasses.replace(points, evaluations=work)
    failed = np.flatnonzero(np.isin(points.status, (Status.STALLED, Status.WRONG_INDEX)))
    if len(failed) and not budget.spent:
        # Held on a saddle: `settle` pushes off, and goes on.
        again = settle(
            surface,
            starts[failed],
            settings.minimiser,
            settings.tolerance,
            settings.push,
            settings.lanes,
            False,
            budget,
            width,
        )
        points, modes = replaced((points, modes), failed, (again, modes[failed]))
    return points


def _as_known(network: Landscape, points: StationaryPoints, rows, ids) -> StationaryPoints:
    """Rows that the network knows, with the certificate that it keeps."""
    view = network.minima
    fields = {}
    for name in ("x", "energy", "rms_gradient", "index", "lowest_eigenvalue", "log_product"):
        fields[name] = np.array(getattr(points, name))
        fields[name][rows] = getattr(view, name)[ids]
    fields["active"] = np.array(points.active)
    fields["active"][rows] = view.active[ids]
    return dataclasses.replace(points, **fields)
