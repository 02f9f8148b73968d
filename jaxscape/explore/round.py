"""One round of exploration: a batch of searches, and what is entered of it."""

import dataclasses

import numpy as np
from jaxtyping import PRNGKeyArray

from jaxscape.explore.local import local_directions
from jaxscape.explore.softest import softest_starts
from jaxscape.explore.strategies.single_ended import SingleEnded
from jaxscape.explore.turns import turned_starts
from jaxscape.landscape import IdentityIndex, Landscape
from jaxscape.search.arguments import loosened
from jaxscape.search.budget import Budget
from jaxscape.search.draws import generators, unit_vectors
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.minimise import replaced, tile_width
from jaxscape.search.neb import NEB
from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.search.status import Status
from jaxscape.search.string import String
from jaxscape.search.transition_states import (
    LOOSE,
    certified_states,
    follow,
    settle,
    with_minima,
)
from jaxscape.surface import Surface


@dataclasses.dataclass(frozen=True)
class Settings:
    """What stays the same from round to round."""

    surface: Surface
    key: PRNGKeyArray
    batch: int
    displacement: tuple[float, float]
    method: HybridEigenvectorFollowing
    minimiser: LBFGS
    band: NEB | String
    band_steps: int
    tolerance: float
    max_steps: int
    push: float
    lanes: int | None
    budget: Budget
    dtype: np.dtype

    def width(self, dim: int, vectors: int) -> int:
        """Lanes of a tile: fixed by the round, so that nothing is compiled twice."""
        return tile_width(self.surface, dim, self.batch, vectors, self.dtype)


def find_minima(settings: Settings, network: Landscape, x0: np.ndarray) -> int:
    """Minimise the starts and enter what is certified."""
    width = settings.width(x0.shape[1], 2 * settings.minimiser.history + 6)
    points = settle(
        settings.surface,
        x0,
        settings.minimiser,
        settings.tolerance,
        settings.push,
        settings.lanes,
        False,
        settings.budget,
        width,
    )
    report = network.add(points)
    network.record_attempts(
        "quench",
        outcomes=_outcomes(points, report.ids, set(report.new.tolist())),
        evaluations=points.evaluations,
    )
    return len(points)


def search_from_minima(
    settings: Settings, network: Landscape, ids: np.ndarray, strategy: SingleEnded
) -> int:
    """Single-ended searches from minima, each randomly displaced."""
    x = network.minima.x[ids].astype(settings.dtype)
    first = sum(network.attempt_counts("single_ended").values())
    x0, modes = _displaced(settings, first + np.arange(len(ids)), x, strategy)
    _search(settings, network, x0, modes, ids)
    return len(ids)


def _search(settings: Settings, network: Landscape, x0, modes, ids) -> None:
    """Follow modes to transition states; certify those that the network does not know."""
    surface, budget, dim = settings.surface, settings.budget, x0.shape[1]
    width = settings.width(dim, 2 * settings.method.history + 16)
    points, directions = follow(
        surface,
        x0,
        modes,
        settings.method,
        loosened(surface, settings.tolerance, LOOSE, dim),
        settings.max_steps,
        settings.lanes,
        False,
        budget,
        width,
    )

    def certify(points, directions):
        return certified_states(
            surface,
            points,
            directions,
            settings.method,
            settings.tolerance,
            settings.max_steps,
            settings.lanes,
            budget,
            width,
        )

    found = certify_unknown(network, points, directions, certify)
    enter_states(settings, network, "single_ended", *found, (ids, None), _both_sides)


def certify_unknown(network: Landscape, points, directions, certify):
    """Points near transition states, certified unless known; their modes, and ids or -1.

    `certify` takes and returns points and modes.
    """
    # What lies on a known transition state needs no certificate of its own, and only those met
    # for the first time are followed downhill.
    ids = network.recognise(points)
    rows = np.flatnonzero(ids < 0)
    work = np.array(points.evaluations)
    polished, certain = certify(points.take(rows), directions[rows])
    work[rows] = polished.evaluations
    points, directions = replaced((points, directions), rows, (polished, certain))
    ids[rows] = network.recognise(polished)
    return dataclasses.replace(points, evaluations=work), directions, ids


def _both_sides(settings: Settings, network, points, directions) -> TransitionStates:
    del network
    return with_minima(
        settings.surface,
        points,
        directions,
        settings.minimiser,
        settings.tolerance,
        settings.push,
        settings.lanes,
        False,
        settings.budget,
        settings.width(points.x.shape[1], 2 * settings.minimiser.history + 6),
    )


def enter_states(settings, network, kind, points, directions, ids, ends, both_sides) -> None:
    """Run downhill from transition states met for the first time; enter them and record all."""
    fresh = _first_of_each(network, points, ids)
    states = both_sides(settings, network, points.take(fresh), directions[fresh])
    evaluations = np.array(points.evaluations)
    evaluations[fresh] += states.plus.evaluations + states.minus.evaluations
    report = network.add(states)
    entered = np.array(ids)
    entered[fresh] = report.ids
    outcomes = _outcomes(points, entered, set(report.new.tolist()))
    for row, status in zip(fresh, states.status, strict=True):
        if status != Status.CONVERGED:
            outcomes[row] = Status(int(status)).name
    network.record_attempts(kind, *ends, outcomes, evaluations)


def _first_of_each(network: Landscape, points: StationaryPoints, ids) -> np.ndarray:
    """Rows of certified points that the network does not know, one for each distinct point."""
    rows = np.flatnonzero(points.ok & (ids < 0))
    symmetry = network.symmetry
    if len(rows) == 0 or symmetry is None:
        return rows
    x = np.asarray(points.x)[rows]
    index = IdentityIndex(symmetry, network.tolerance)
    _, new = index.insert(np.asarray(points.energy)[rows], symmetry.fingerprint(x), x)
    return rows[new]


def _outcomes(points, ids, new) -> list[str]:
    seen: set[int] = set()
    names = []
    for status, number in zip(points.status, ids, strict=True):
        if status != Status.CONVERGED:
            names.append(Status(int(status)).name)
        elif number in new and number not in seen:
            seen.add(number)
            names.append("new")
        else:
            names.append("known")
    return names


def _displaced(settings: Settings, jobs, x, strategy: SingleEnded):
    """Starts and first modes; those of job `i` do not depend on its place in the batch."""
    low, high = (length * float(settings.surface.scale) for length in settings.displacement)
    if strategy.centres is None:
        modes = unit_vectors(settings.key, 1, jobs, x.shape[1], x.dtype)
        kicks = unit_vectors(settings.key, 2, jobs, x.shape[1], x.dtype)
    else:
        symmetry = settings.surface.symmetry
        kicks = local_directions(settings.key, jobs, x, symmetry, strategy.centres, strategy.radius)
        modes = kicks
    share = np.array([g.uniform() for g in generators(settings.key, 3, jobs)], x.dtype)
    x0 = x + (low * (high / low) ** share)[:, None] * kicks
    surface = settings.surface
    odd, turns = np.asarray(jobs) % 2 == 1, strategy.turns(surface.symmetry)
    if strategy.softest:
        x0[odd], modes[odd] = softest_starts(
            surface, settings.key, jobs[odd], x[odd], strategy.softest, (low, high)
        )
    elif turns:
        x0[odd], modes[odd] = turned_starts(settings.key, jobs[odd], x[odd], turns)
    if surface.lower is not None:
        x0 = np.clip(x0, np.asarray(surface.lower, x.dtype), np.asarray(surface.upper, x.dtype))
    return x0, modes
