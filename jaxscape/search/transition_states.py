"""Batched transition-state searches, from any starts to certified saddles and their minima."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import (
    checked_starts,
    default_tolerance,
    loosened,
    positive,
    positive_number,
)
from jaxscape.search.budget import Budget
from jaxscape.search.draws import unit_vectors
from jaxscape.search.eigenvector_following import HEFSearch, HybridEigenvectorFollowing
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.lowest_mode import LowestModeSearch, run_modes
from jaxscape.search.minimise import certified, certified_quench, quench, replaced, tile_width
from jaxscape.search.results import StationaryPoints, TransitionStates, no_points
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface

# The share of the time left that following modes may take; descents and certificates need the rest.
_FOLLOWING = 2 / 3
# Searches end at this many times the tolerance: Newton's method does the rest for most of them.
LOOSE = 1e4


def find_transition_states(
    surface,
    x0: Float[Array | np.ndarray, "batch dim"],
    *,
    key: PRNGKeyArray,
    method: HybridEigenvectorFollowing = HybridEigenvectorFollowing(),
    minimiser: LBFGS = LBFGS(),
    modes: Float[Array | np.ndarray, "batch dim"] | None = None,
    tolerance: float | None = None,
    max_steps: int = 500,
    push: float = 0.05,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> TransitionStates:
    """Search a transition state from every row of `x0`, then the minima on both sides of it.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x0`: starting points `[B, dim]`: near a guess, or a minimum somewhat displaced.
    - `key`: draws the first guess of each mode; that of job `i` depends on the key and `i`.
    - `modes`: first guesses of the mode `[B, dim]` instead (the tangent of a path, say).
    - `method`: options of the eigenvector-following; `minimiser`: of the downhill runs.
    - `tolerance`: largest root-mean-square gradient of all three points, 1e-8 in float64.
    - `max_steps`: eigenvector-following steps per start.
    - `push`: displacement along the mode before running downhill, in units of the surface's
      `scale`.

    **Returns:** `TransitionStates` in the order of `x0`. `ok` means: gradient under the
    tolerance, exactly one negative eigenvalue of the exact Hessian with zero modes projected
    out, and a certified minimum on either side.

    **Raises:** `ValueError` as `minimise` does.

    >>> import jax, numpy as np
    >>> double_well = lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2
    >>> start = np.array([[0.3, 0.2]], "float32")
    >>> found = find_transition_states(double_well, start, key=jax.random.key(0))
    >>> bool(found.ok[0]), bool(abs(found.energy[0] - 1.0) < 1e-4)
    (True, True)
    """
    surface = as_surface(surface)
    x0 = checked_starts(surface, x0)
    dim = x0.shape[1]
    tolerance = default_tolerance(x0.dtype, tolerance, surface)
    max_steps = positive("max_steps", max_steps)
    push = positive_number("push", push)
    if modes is not None:
        modes = checked_starts(surface, modes, "modes").astype(x0.dtype)
        if modes.shape != x0.shape:
            raise ValueError(f"modes has shape {modes.shape}, x0 has {x0.shape}")
        empty = np.flatnonzero(~np.any(modes, axis=1))
        if len(empty):
            raise ValueError(f"modes is zero in row {empty[0]}: give it a direction")
    else:
        modes = unit_vectors(key, 0, range(len(x0)), dim, x0.dtype)
    budget = budget or Budget()
    width = tile_width(surface, dim, len(x0), 2 * method.history + 16, x0.dtype)
    points, directions = follow(
        surface,
        x0,
        modes,
        method,
        loosened(surface, tolerance, LOOSE, dim),
        max_steps,
        lanes,
        progress,
        budget,
        width,
    )
    points, directions = certified_states(
        surface, points, directions, method, tolerance, max_steps, lanes, budget, width
    )
    return with_minima(
        surface, points, directions, minimiser, tolerance, push, lanes, progress, budget
    )


def follow(
    surface, x0, modes, method, tolerance, max_steps, lanes, progress, budget, width=None
) -> tuple[StationaryPoints, Float[np.ndarray, "batch dim"]]:
    """Eigenvector-following alone: uncertified points, and the modes they ended with.

    It leaves some of the budget: without the minima on both sides, what it finds is lost.
    """
    batch, dim = x0.shape
    budget = budget.part(_FOLLOWING)
    x0, modes, spent = _approach(surface, x0, modes, method, tolerance, lanes, progress, budget)
    search = HEFSearch(method, jnp.asarray(tolerance, x0.dtype), jnp.asarray(max_steps, jnp.int32))
    out, finished, _ = engine.run(
        search,
        surface,
        {"x": x0, "mode": modes},
        width=engine.narrow(
            width or tile_width(surface, dim, batch, 2 * method.history + 16, x0.dtype),
            dim,
            jax.default_backend(),
        ),
        lanes=lanes,
        budget=budget,
        progress="transition states" if progress else False,
    )
    points = StationaryPoints(
        x=np.where(finished[:, None], out.x, x0),
        energy=np.where(finished, out.energy, np.nan),
        rms_gradient=np.where(finished, out.rms_gradient, np.nan),
        index=np.full(batch, -1, np.int32),
        lowest_eigenvalue=np.where(finished, out.eigenvalue, np.nan),
        log_product=np.full(batch, np.nan, x0.dtype),
        active=out.active,
        status=np.where(finished, out.status, Status.INTERRUPTED).astype(np.int32),
        evaluations=out.evaluations + spent,
    )
    return points, out.mode


def certified_states(
    surface, points, modes, method, tolerance, max_steps, lanes, budget, width
) -> tuple[StationaryPoints, Float[np.ndarray, "batch dim"]]:
    """Points near transition states with their certificates, and the modes.

    Where a loose gradient was met far from a transition state, as on ill-conditioned surfaces,
    Newton's method goes astray: such a search goes on to the full tolerance.
    """
    found, certain = certified(surface, points, tolerance, 1, budget)
    modes = np.where(found.ok[:, None], certain, modes)
    astray = np.isin(found.status, (Status.STALLED, Status.WRONG_INDEX))
    rows = np.flatnonzero(points.ok & astray)
    if len(rows) == 0 or budget.spent:
        return found, modes
    again, directions = follow(
        surface,
        np.asarray(points.x)[rows],
        modes[rows],
        dataclasses.replace(method, settle=0, mode_products=0),
        loosened(surface, tolerance, 10.0, points.x.shape[1]),
        max_steps,
        lanes,
        False,
        budget,
        width,
    )
    again, certain = certified(surface, again, tolerance, 1, budget)
    directions = np.where(again.ok[:, None], certain, directions)
    return replaced((found, modes), rows, (again, directions))


def _approach(surface, x0, modes, method, tolerance, lanes, progress, budget):
    """Starts and first modes as `method.settle` and `method.mode_products` want them."""
    spent = np.zeros(len(x0), np.int32)
    if method.settle:
        calm = quench(surface, x0, LBFGS(), tolerance, method.settle, lanes, progress, budget)
        x0, spent = np.where(np.isfinite(calm.x), calm.x, x0), spent + calm.evaluations
    if method.mode_products:
        search = LowestModeSearch.of(x0.dtype, 0.1, 0.1, method.mode_products)
        found = run_modes(surface, x0, modes, search, lanes, progress, budget)
        usable = np.all(np.isfinite(found.mode), axis=1) & np.any(found.mode, axis=1)
        modes, spent = np.where(usable[:, None], found.mode, modes), spent + found.evaluations
    return x0, modes, spent


def with_minima(
    surface: Surface,
    points: StationaryPoints,
    eigenvector,
    minimiser,
    tolerance,
    push,
    lanes=None,
    progress=False,
    budget=None,
    width=None,
) -> TransitionStates:
    """Run downhill both ways from certified transition states."""
    todo = np.flatnonzero(points.ok)
    batch, dim = points.x.shape
    # The width of a tile follows the whole batch, so that the number of successes, which differs
    # from call to call, never asks for another compilation.
    width = width or tile_width(
        surface, dim, batch, 2 * minimiser.history + 6, np.asarray(points.x).dtype
    )
    sides = descend(
        surface,
        np.asarray(points.x)[todo],
        np.asarray(eigenvector)[todo],
        minimiser,
        tolerance,
        push,
        lanes,
        progress,
        budget or Budget(),
        width,
    )
    plus, minus = (_spread(side, todo, points) for side in sides)
    return between(points, eigenvector, plus, minus)


def between(points: StationaryPoints, eigenvector, plus, minus) -> TransitionStates:
    """Saddles and what lies on their sides; one without a minimum on either is not ok."""
    status = np.array(points.status)
    lost = points.ok & ~(plus.ok & minus.ok)
    halted = (plus.status == Status.INTERRUPTED) | (minus.status == Status.INTERRUPTED)
    status[lost] = np.where(halted[lost], Status.INTERRUPTED, Status.NO_MINIMUM)
    fields = {f.name: getattr(points, f.name) for f in dataclasses.fields(StationaryPoints)}
    fields["status"] = status
    return TransitionStates(**fields, eigenvector=np.asarray(eigenvector), plus=plus, minus=minus)


def descend(
    surface, x, eigenvector, minimiser, tolerance, push, lanes, progress, budget, width=None
) -> tuple[StationaryPoints, StationaryPoints]:
    """The certified minima downhill from `x + eigenvector` and `x - eigenvector`."""
    size = push * np.asarray(surface.scale, x.dtype)
    starts = np.concatenate([x + size * eigenvector, x - size * eigenvector])
    points = settle(surface, starts, minimiser, tolerance, push, lanes, progress, budget, width)
    return points.take(slice(0, len(x))), points.take(slice(len(x), None))


def settle(
    surface, starts, minimiser, tolerance, push, lanes, progress, budget, width=None
) -> StationaryPoints:
    """Certified minima from any starts: a run held on a saddle is pushed off and goes on."""
    size = 2.0 * push * np.asarray(surface.scale, starts.dtype)
    found = _minimised(surface, starts, minimiser, tolerance, lanes, progress, budget, width)
    for _ in range(3):
        saddles = np.flatnonzero(found[0].status == Status.WRONG_INDEX)
        if len(saddles) == 0 or budget.spent:
            break
        points, modes = found
        onwards = np.asarray(points.x)[saddles] + size * modes[saddles]
        again = _minimised(surface, onwards, minimiser, tolerance, lanes, False, budget, width)
        found = replaced(found, saddles, again)
    return found[0]


def _minimised(surface, x, minimiser, tolerance, lanes, progress, budget, width):
    if len(x) == 0:
        return no_points(0, x.shape[1], x.dtype, Status.INTERRUPTED), x
    label = "minima" if progress else False
    return certified_quench(surface, x, minimiser, tolerance, 10_000, lanes, label, budget, width)


def _spread(side: StationaryPoints, rows, points: StationaryPoints) -> StationaryPoints:
    """Rows of `side` at their places in a batch; elsewhere the status says there is nothing."""
    batch, dim = points.x.shape
    nothing = no_points(batch, dim, np.asarray(points.x).dtype, Status.NO_MINIMUM)
    return replaced((nothing, np.zeros((batch, 0))), rows, (side, np.zeros((len(rows), 0))))[0]
