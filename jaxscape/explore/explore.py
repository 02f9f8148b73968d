"""From starting points to a connected network, as complete as the budget allows."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.explore.choice import Pairs, choose_minima
from jaxscape.explore.round import Settings, connect_pairs, find_minima, search_from_minima
from jaxscape.landscape import Landscape
from jaxscape.search.arguments import checked_starts, default_tolerance, positive, positive_number
from jaxscape.search.bar import tqdm
from jaxscape.search.certify import DENSE_LIMIT
from jaxscape.search.draws import check_key
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.lanes import Budget
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.neb import NEB
from jaxscape.surface import Surface, as_surface


def explore(
    surface: Surface | Callable,
    x0: Float[Array | np.ndarray, "batch dim"] | None = None,
    *,
    key: PRNGKeyArray,
    landscape: Landscape | None = None,
    store: Any = None,
    searches: int | None = None,
    seconds: float | None = None,
    patience: int | None = None,
    batch: int = 512,
    displacement: tuple[float, float] = (0.5, 1.5),
    connect: bool = True,
    method: HybridEigenvectorFollowing = HybridEigenvectorFollowing(),
    minimiser: LBFGS = LBFGS(),
    band: NEB = NEB(images=9),
    tolerance: float | None = None,
    max_steps: int = 400,
    push: float = 0.05,
    lanes: int | None = None,
    progress: bool = True,
) -> Landscape:
    """Find the minima of a surface, the transition states between them, and their network.

    Starts are minimised; then transition states are searched from every minimum in turn, each
    time from another random displacement; unconnected parts of the network are joined by
    double-ended searches (nearest pairs, then the best missing links). Every stationary point is
    certified, every attempt recorded. Called again on a landscape or store, it goes on where it
    stopped.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x0`: starting points `[B, dim]`; default 256 samples of the surface.
    - `key`: the same key, starts and budget give the same network.
    - `landscape`: one to go on with; `store`: an SQLite file to write to as it goes, or to go
      on with if it exists.
    - `searches`: stop after so many transition-state searches in this call; `seconds`: after
      so much time; `patience`: after so many searches in a row without anything new. Whichever
      comes first; with none of them, `patience` follows the size of the network.
    - `batch`: searches in one round. What is reported after a round is in the store.
    - `displacement`: shortest and longest random displacement from a minimum (Euclidean, in
      units of the surface's `scale`); lengths are drawn evenly in their logarithm.
    - `connect`: join unconnected parts by double-ended searches.
    - `method`, `minimiser`, `band`: options of the searches; `tolerance`, `max_steps`, `push`,
      `lanes`: as in `find_transition_states`.
    - `progress`: a progress bar.

    **Returns:** the `Landscape`. Ctrl-C and spent budgets return what there is.

    **Raises:** `ValueError` for bad arguments; `StoreError` for a store that cannot be used.

    >>> import jax
    >>> wells = Surface(lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, bounds=(-2.0, 2.0), dim=2)
    >>> network = explore(wells, key=jax.random.key(0), searches=64, batch=64, progress=False)
    >>> len(network.minima), len(network.transition_states)
    (2, 1)
    """
    surface = as_surface(surface)
    searches = None if searches is None else positive("searches", searches)
    patience = None if patience is None else positive("patience", patience)
    batch = positive("batch", batch)
    budget = Budget(seconds)
    check_key(key)
    push = positive_number("push", push)
    if np.shape(displacement) != (2,) or not 0 < displacement[0] <= displacement[1] < np.inf:
        raise ValueError(f"displacement is {displacement}; pass (shortest, longest), both positive")
    low, high = displacement
    network = _landscape(surface, landscape, store)
    fresh = len(network.minima) == 0
    if x0 is None and fresh:
        x0 = surface.sample(key, 256)
    dtype = np.asarray(x0).dtype if x0 is not None else network.minima.x.dtype
    if x0 is not None:
        x0 = checked_starts(surface, x0)
        dtype = x0.dtype
        if x0.shape[1] > DENSE_LIMIT:
            raise ValueError(
                f"dim is {x0.shape[1]}; networks are certified by dense Hessians up to "
                f"{DENSE_LIMIT}: use minimise, neb or basin_hopping"
            )
    settings = Settings(
        surface=surface,
        key=key,
        batch=batch,
        displacement=(low, high),
        method=method,
        minimiser=minimiser,
        band=band,
        tolerance=default_tolerance(dtype, tolerance, surface),
        max_steps=positive("max_steps", max_steps),
        push=push,
        lanes=lanes,
        budget=budget,
        dtype=np.dtype(dtype),
    )
    bar = tqdm(disable=not progress, unit="search", desc=surface.name, total=searches)
    try:
        if x0 is not None:
            find_minima(settings, network, x0)
        endless = searches is None and seconds is None
        _grow(settings, network, searches, patience, connect, bar, endless)
    except KeyboardInterrupt:
        budget.interrupted = True
    finally:
        bar.close()
    return network


def _landscape(surface, landscape, store) -> Landscape:
    if landscape is not None and store is not None:
        raise ValueError("pass landscape or store, not both: landscape.save(path) writes a file")
    if landscape is None:
        return Landscape(surface, store=store)
    if landscape.surface is None:
        raise ValueError("this landscape has no surface: load it with jaxscape.load(path, surface)")
    if landscape.surface is not surface and len(landscape.minima):
        lowest = landscape.minima.lowest()
        stored, x = float(landscape.minima.energy[lowest]), landscape.minima.x[lowest]
        same_group = surface.symmetry.describe() == landscape.surface.symmetry.describe()
        same_width = surface.dim in (None, landscape.dim)
        if not same_group or not same_width:
            found = f"{surface.symmetry.describe()}, dim {surface.dim}"
        elif abs(float(surface(x)) - stored) > 1e-3 * max(1.0, abs(stored)):
            found = f"energy {float(surface(x))} at its minimum {lowest}, where it has {stored}"
        else:
            return landscape
        raise ValueError(
            f"landscape belongs to another surface, {landscape.name!r}: "
            f"{surface.name!r} has {found}"
        )
    return landscape


@dataclasses.dataclass
class _Tally:
    searches: int = 0
    since_new: int = 0


def _grow(settings, network, searches, patience, connect, bar, endless) -> None:
    """Rounds of searches until a budget is spent or nothing new turns up."""
    tally = _Tally(since_new=_searches_since_new(network))
    pairs = Pairs(network)
    idle_joins = 0
    while not settings.budget.spent and len(network.minima):
        left = settings.batch if searches is None else searches - tally.searches
        room = min(settings.batch, left)
        if room < 1:
            break
        size = len(network.minima) + len(network.transition_states)
        enough = patience or (max(2000, 10 * size) if endless else math.inf)
        quiet = tally.since_new >= enough
        apart = connect and len(network.transition_states) and len(_interior_parts(network)) > 1
        if quiet and not (apart and idle_joins < 3):
            break
        before = len(network.minima) + len(network.transition_states)
        joining = apart and (quiet or tally.searches // settings.batch % 3 == 2)
        chosen = pairs.choose(room // 4 or 1) if joining else []
        if chosen:
            done = connect_pairs(settings, network, chosen)
            idle_joins = idle_joins + 1
        else:
            if joining:
                idle_joins = 3
            done = search_from_minima(settings, network, choose_minima(network, room))
        new = len(network.minima) + len(network.transition_states) - before
        if new:
            tally.since_new = 0
            idle_joins = 0
        else:
            tally.since_new += done
        tally.searches += done
        bar.update(done)
        bar.set_postfix(
            minima=len(network.minima), states=len(network.transition_states), refresh=False
        )


def _searches_since_new(network: Landscape) -> int:
    """Searches at the end of the record that found nothing new, those of earlier calls included."""
    count = 0
    for kind, outcome in zip(
        reversed(network.attempts.kind), reversed(network.attempts.outcome), strict=True
    ):
        if outcome == "new" or kind == "quench":
            break
        count += kind != "double_ended"
    return count


def _interior_parts(network: Landscape) -> list[set[int]]:
    """Components that hold a minimum inside the bounds."""
    inside = network.minima.active == 0
    return [part for part in network.components() if any(inside[i] for i in part)]
