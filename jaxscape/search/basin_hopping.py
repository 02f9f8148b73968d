"""Basin-hopping: parallel Monte Carlo chains over minima, one chain a lane."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import checked_starts, default_tolerance, positive
from jaxscape.search.budget import Budget
from jaxscape.search.certify import DENSE_LIMIT
from jaxscape.search.draws import check_key
from jaxscape.search.hopping_chain import BasinHopping, HoppingSearch
from jaxscape.search.minimise import certified_minima, tile_width
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface
from jaxscape.symmetry import Cluster


def basin_hopping(
    surface,
    x0: Float[Array | np.ndarray, "batch dim"],
    *,
    key: PRNGKeyArray,
    steps: int,
    method: BasinHopping = BasinHopping(),
    target: float | None = None,
    keep: int = 100,
    tolerance: float | None = None,
    certify: bool | None = None,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> StationaryPoints:
    """Global minimisation by basin-hopping, one Monte Carlo chain from every row of `x0`.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x0`: starting points `[B, dim]`, one for each chain.
    - `key`: chain `i` uses `fold_in(key, i)`.
    - `steps`: quenches per chain.
    - `target`: a chain ends when it is at or below this energy (within 1e-6 relative).
    - `keep`: how many of the lowest distinct minima to return.
    - `tolerance`, `certify`, `lanes`, `progress`: as in `minimise`.

    **Returns:** `StationaryPoints`: the distinct minima, lowest first. `steps_to_target` `[B]`
    has, for every chain, the number of quenches to the target (-1 if not reached; `None` without
    a target), and `evaluations` of the first row also
    has the work of all quenches that are not returned, so that they add up to everything.

    **Raises:** `ValueError` as `minimise` does.

    >>> import jax, numpy as np
    >>> ripples = lambda x: jnp.sum(0.1 * x**2 - jnp.cos(3 * x))
    >>> start = np.full((4, 2), 4.0, "float32")
    >>> hop = BasinHopping(temperature=1.0, step_size=2.0)
    >>> found = basin_hopping(ripples, start, key=jax.random.key(0), steps=50, method=hop)
    >>> bool(np.allclose(found.energy[0], -2.0, atol=1e-3))
    True
    """
    surface = as_surface(surface)
    x0 = checked_starts(surface, x0)
    steps = positive("steps", steps)
    check_key(key)
    keep = positive("keep", keep)
    tolerance = default_tolerance(x0.dtype, tolerance, surface)
    batch, dim = x0.shape
    if method.compression and not isinstance(surface.symmetry, Cluster):
        raise ValueError(
            f"compression is {method.compression}, and the surface's symmetry "
            f"{surface.symmetry.describe()}: only clusters of atoms, with symmetry=Cluster(), "
            "can be compressed."
        )
    dense = dim <= DENSE_LIMIT
    certify = dense if certify is None else certify
    budget = budget or Budget()
    loose = method.quench_tolerance * tolerance
    goal = goal_of(target)
    search = HoppingSearch(
        method,
        key,
        jnp.asarray(loose, x0.dtype),
        jnp.asarray(steps, jnp.int32),
        jnp.asarray(goal, x0.dtype),
    )
    out, owners, _ = engine.run(
        search,
        surface,
        {"x": x0, "chain": np.arange(batch, dtype=np.int32)},
        width=tile_width(surface, dim, batch, 2 * method.quench.history + 8, x0.dtype),
        lanes=lanes,
        budget=budget,
        progress="chains" if progress else False,
        events=True,
    )
    points = distinct_minima(surface, out, keep)
    work = int(out.evaluations.sum())
    reached = None
    if target is not None:
        reached = np.full(batch, -1, np.int32)
        hit = np.flatnonzero(reached_goal(out, goal))
        for chain, hop in zip(owners[hit][::-1], out.hop[hit][::-1], strict=True):
            reached[chain] = hop + 1
    return with_all_work(surface, points, work, reached, tolerance, budget, certify)


def goal_of(target: float | None) -> float:
    """The energy at or below which a search has reached its target.

    **Raises:** `ValueError` for NaN.
    """
    if target is not None and np.isnan(target):
        raise ValueError(f"target is {target}; pass an energy, or None")
    return -np.inf if target is None else target + 1e-6 * max(1.0, abs(target))


def reached_goal(out, goal):
    """Which quenches ended at or below it."""
    return (out.energy <= goal) & (out.status == Status.CONVERGED)


def with_all_work(
    surface: Surface,
    points: StationaryPoints,
    work: int,
    steps_to_target,
    tolerance,
    budget,
    certify,
) -> StationaryPoints:
    """Minima certified and put in order; `evaluations` add up to `work` and the certificates."""
    others = work - int(np.sum(points.evaluations))
    if certify:
        points = certified_minima(surface, points, tolerance, budget)
        # Certified minima first, lowest first.
        points = points.take(np.lexsort((np.asarray(points.energy), ~points.ok)))
    evaluations = np.array(points.evaluations, np.int64)  # of long runs beyond 32 bits
    if len(evaluations):
        evaluations[0] += others
    fields = {f.name: getattr(points, f.name) for f in dataclasses.fields(StationaryPoints)}
    more = {"evaluations": evaluations, "steps_to_target": steps_to_target}
    return StationaryPoints(**{**fields, **more})


def distinct_minima(surface: Surface, out, keep) -> StationaryPoints:
    """The lowest distinct quenched minima; equal means equal up to the symmetry."""
    good = np.flatnonzero(out.status == Status.CONVERGED)
    good = good[np.argsort(out.energy[good], kind="stable")]
    chosen: list[int] = []
    prints: list[np.ndarray] = []
    window = 1e-6
    for i in good:
        if len(chosen) == keep:
            break
        energy, x = out.energy[i], out.x[i]
        near = [
            k
            for k, j in enumerate(chosen)
            if energy - out.energy[j] <= window * max(1.0, abs(energy))
        ]
        mark = surface.symmetry.fingerprint(x[None])[0]
        spread = 1e-2 * (1.0 + np.sqrt(np.mean(x**2)))
        if any(np.max(np.abs(mark - prints[k]), initial=0.0) < spread for k in near):
            continue
        chosen.append(int(i))
        prints.append(mark)
    rows = np.asarray(chosen, int)
    blank = np.full(len(rows), np.nan, out.x.dtype)
    return StationaryPoints(
        x=out.x[rows],
        energy=out.energy[rows],
        rms_gradient=out.rms_gradient[rows],
        index=np.full(len(rows), -1, np.int32),
        lowest_eigenvalue=blank,
        log_product=blank.copy(),
        active=out.active[rows],
        status=out.status[rows],
        evaluations=out.evaluations[rows],
    )
