"""From starting points to a connected network, as complete as the budget allows."""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.explore.choice import Pairs, choose_minima
from jaxscape.explore.double_ended import connect_pairs
from jaxscape.explore.round import Settings, find_minima, search_from_minima
from jaxscape.explore.strategies import RateConverged, SingleEnded, Strategy
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape
from jaxscape.search.arguments import checked_starts, default_tolerance, positive, positive_number
from jaxscape.search.bar import tqdm
from jaxscape.search.budget import Budget
from jaxscape.search.draws import check_key
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.interpolation import DihedralInterpolation
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.neb import NEB
from jaxscape.search.string import String
from jaxscape.surface import Surface, as_surface
from jaxscape.symmetry import Molecule

# Pairs in one round of a strategy: what is found in one decides on the next.
_PAIRS = 16
# Searches in one round, and starts where none are given. Energies of other programs take
# milliseconds, and a round that does not end within the budget is lost.
_BATCH, _COSTLY_BATCH = 512, 16
_SAMPLES = 256
# Less careful searches than those for one transition state: going further astray, they cost more
# and find rare ones more often. Stiff bonds, or energies of other programs, have no use for that.
_METHOD = HybridEigenvectorFollowing(relaxations=0, slack=math.inf)
_IMAGES = 9


def explore(
    surface: Surface | Callable,
    x0: Float[Array | np.ndarray, "batch dim"] | None = None,
    *,
    key: PRNGKeyArray,
    landscape: Landscape | None = None,
    store: Any = None,
    strategy: Strategy | SingleEnded = SingleEnded(),
    until: RateConverged | None = None,
    searches: int | None = None,
    seconds: float | None = None,
    patience: int | None = None,
    batch: int | None = None,
    displacement: tuple[float, float] = (0.5, 1.5),
    connect: bool = True,
    method: HybridEigenvectorFollowing | None = None,
    minimiser: LBFGS = LBFGS(),
    band: NEB | String | None = None,
    band_steps: int = 100,
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
    - `x0`: starting points `[B, dim]`; default 256 samples of the surface, 16 where energies come
      from another program.
    - `key`: the same key, starts and budget give the same network.
    - `landscape`: one to go on with; `store`: an SQLite file to write to as it goes, or to go
      on with if it exists.
    - `strategy`: which search comes next, a member of `jaxscape.strategies`. The default knows
      no purpose; others connect two ends, find shortcuts and the like by double-ended searches,
      and stop when there is nothing left for them to try.
    - `until`: stop as soon as a rate has converged.
    - `searches`: stop after so many searches in this call, from a minimum or between a pair;
      `seconds`: after so much time; `patience`: after so many searches in a row without
      anything new. Whichever comes first; with none of them, `patience` follows the size of the
      network.
    - `batch`: searches in one round, 512 by default, 16 where energies come from another program.
      What is reported after a round is in the store.
    - `displacement`: shortest and longest random displacement from a minimum (Euclidean, in
      units of the surface's `scale`); lengths are drawn evenly in their logarithm.
    - `connect`: join unconnected parts by double-ended searches.
    - `method`, `minimiser`, `band`: options of the searches. By default they are careful ones where
      the symmetry is a `Molecule` or energies come from another program, and bands between
      conformers of a `Molecule` start from turning dihedrals. `tolerance`, `max_steps`, `push`,
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
    costly = surface.costly
    if batch is None:
        batch = _COSTLY_BATCH if costly else _BATCH
    batch = positive("batch", batch)
    budget = Budget(seconds)
    check_key(key)
    push = positive_number("push", push)
    if np.shape(displacement) != (2,) or not 0 < displacement[0] <= displacement[1] < np.inf:
        raise ValueError(f"displacement is {displacement}; pass (shortest, longest), both positive")
    low, high = displacement
    network = landscape_for(surface, landscape, store)
    fresh = len(network.minima) == 0
    if x0 is None and fresh:
        x0 = surface.sample(key, _COSTLY_BATCH if costly else _SAMPLES)
    dtype = np.asarray(x0).dtype if x0 is not None else network.minima.x.dtype
    if x0 is not None:
        x0 = checked_starts(surface, x0)
        dtype = x0.dtype
    if not isinstance(strategy, Strategy | SingleEnded):
        raise ValueError(
            f"strategy is {strategy!r}: pass one of jaxscape.strategies, such as MissingLinks(a, b)"
        )
    if until is not None and not isinstance(until, RateConverged):
        raise ValueError(f"until is {until!r}: pass jaxscape.strategies.RateConverged(a, b, ...)")
    settings = Settings(
        surface=surface,
        key=key,
        batch=batch,
        displacement=(low, high),
        method=method or _method_for(surface),
        minimiser=minimiser,
        band=band or NEB(images=_IMAGES, interpolation=_interpolation_for(surface)),
        band_steps=band_steps,
        tolerance=default_tolerance(dtype, tolerance, surface),
        max_steps=positive("max_steps", max_steps),
        push=push,
        lanes=lanes,
        budget=budget,
        dtype=np.dtype(dtype),
    )
    bar = tqdm(disable=not progress, unit="search", desc=surface.name, total=searches)
    with contextlib.closing(bar), budget.until_interrupted():
        if x0 is not None:
            find_minima(settings, network, x0)
        if isinstance(strategy, SingleEnded):
            endless = searches is None and seconds is None and until is None
            limits = _Limits(searches, patience, endless, until)
            _grow(settings, network, strategy, connect, limits, bar)
        else:
            limits = _Limits(searches, patience, False, until)
            _pursue(settings, network, strategy, limits, bar)
    return network


def _method_for(surface: Surface) -> HybridEigenvectorFollowing:
    careful = surface.costly or isinstance(surface.symmetry, Molecule)
    return HybridEigenvectorFollowing() if careful else _METHOD


def _interpolation_for(surface: Surface) -> DihedralInterpolation | None:
    symmetry = surface.symmetry
    whole = isinstance(symmetry, Molecule) and len(symmetry.species) > 3 and symmetry.is_connected
    return DihedralInterpolation(symmetry.bonds) if whole else None  # type: ignore


def landscape_for(surface, landscape, store) -> Landscape:
    """The network to grow: the one given, that of a store, or a new one."""
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


@dataclasses.dataclass(frozen=True)
class _Limits:
    searches: int | None
    patience: int | None
    endless: bool
    until: RateConverged | None

    def reached(self, network: Landscape) -> bool:
        return self.until is not None and self.until.reached(network)


@dataclasses.dataclass
class _Tally:
    network: Landscape
    bar: Any
    since_new: int
    searches: int = 0
    size: int = 0

    def begin(self) -> None:
        self.size = len(self.network.minima) + len(self.network.transition_states)

    def end(self, done: int) -> bool:
        """Whether the round found anything new."""
        minima, states = len(self.network.minima), len(self.network.transition_states)
        new = minima + states > self.size
        self.since_new = 0 if new else self.since_new + done
        self.searches += done
        self.bar.update(done)
        self.bar.set_postfix(minima=minima, states=states, refresh=False)
        return new


def _grow(settings, network, strategy: SingleEnded, connect, limits: _Limits, bar) -> None:
    """Rounds of searches until a budget is spent or nothing new turns up."""
    tally = _Tally(network, bar, _searches_since_new(network))
    pairs = Pairs(network)
    connect = connect and strategy.whole
    idle_joins = 0
    while not settings.budget.spent and len(network.minima) and not limits.reached(network):
        left = settings.batch if limits.searches is None else limits.searches - tally.searches
        room = min(settings.batch, left)
        if room < 1:
            break
        tally.begin()
        enough = limits.patience or (max(2000, 10 * tally.size) if limits.endless else math.inf)
        quiet = tally.since_new >= enough
        apart = connect and len(network.transition_states) and len(_interior_parts(network)) > 1
        if quiet and not (apart and idle_joins < 3):
            break
        joining = apart and (quiet or tally.searches // settings.batch % 3 == 2)
        chosen = pairs.choose(room // 4 or 1) if joining else []
        if chosen:
            done = connect_pairs(settings, network, chosen)
            idle_joins = idle_joins + 1
        else:
            if joining:
                idle_joins = 3
            ids = None if strategy.whole else strategy.starts(network)
            chosen = choose_minima(network, room, ids)
            done = search_from_minima(settings, network, chosen, strategy)
        if tally.end(done):
            idle_joins = 0


def _pursue(settings, network, strategy: Strategy, limits: _Limits, bar) -> None:
    """Rounds of double-ended searches until the strategy has nothing left to try."""
    settings = dataclasses.replace(settings, batch=min(settings.batch, _PAIRS))
    tally = _Tally(network, bar, 0)
    distances = Distances(network)
    while not settings.budget.spent and len(network.minima) and not limits.reached(network):
        left = _PAIRS if limits.searches is None else limits.searches - tally.searches
        if left < 1 or tally.since_new >= (limits.patience or math.inf):
            break
        pairs = strategy.pairs(network, min(settings.batch, left), distances)
        if not pairs:
            break
        tally.begin()
        tally.end(connect_pairs(settings, network, pairs))


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
