"""A genetic algorithm over minima: children of two clusters, quenched in lanes."""

import contextlib
import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from tqdm.auto import tqdm

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import checked_starts, default_tolerance, positive
from jaxscape.search.basin_hopping import (
    distinct_minima,
    goal_of,
    reached_goal,
    with_all_work,
)
from jaxscape.search.budget import Budget
from jaxscape.search.draws import check_key, generators
from jaxscape.search.hopping_chain import BasinHopping, HoppingSearch
from jaxscape.search.minimise import tile_width
from jaxscape.search.moves import Move, Twist, cut_and_splice
from jaxscape.search.results import StationaryPoints
from jaxscape.surface import Surface, as_surface
from jaxscape.symmetry import Cluster


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Options of the genetic algorithm.

    - `population`: how many distinct minima, the lowest, live on.
    - `offspring`: children of a generation.
    - `mutation`: the share of them that are one minimum moved by `move` and not children of two.
    - `hopping`: how every child is relaxed: by `hops` steps of basin-hopping, of which one, the
      default, is a quench alone (with the method's `compression`).
    - `restart_after`: generations without anything lower, after which a new population starts
      (`None`: never).

    Parents are drawn by the energy's place in the range of the population (the hyperbolic tangent
    of Johnston).

    Deaven & Ho, Phys. Rev. Lett. 75, 288 (1995); Johnston, Dalton Trans. 4193 (2003).
    """

    population: int = 30
    offspring: int = 32
    mutation: float = 0.1
    move: Move = Twist()
    hops: int = 1
    restart_after: int | None = 30
    hopping: BasinHopping = BasinHopping()

    def __post_init__(self):
        for name in ("population", "offspring", "hops"):
            positive(name, getattr(self, name))
        if self.restart_after is not None:
            positive("restart_after", self.restart_after)
        if self.population < 2:
            raise ValueError(f"population is {self.population}; it takes two to have a child")
        if not 0 <= self.mutation <= 1:
            raise ValueError(f"mutation is {self.mutation}; it is a share, between 0 and 1")


def evolve(
    surface,
    x0: Float[Array | np.ndarray, "batch dim"],
    *,
    key: PRNGKeyArray,
    generations: int,
    method: Evolution = Evolution(),
    target: float | None = None,
    keep: int = 100,
    tolerance: float | None = None,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> StationaryPoints:
    """Global minimisation of a cluster by cut-and-splice between minima, see `Evolution`.

    **Arguments:**

    - `surface`: a `Surface` whose symmetry is a `Cluster` without frozen atoms.
    - `x0`: what the first population is quenched from, `[B, dim]`.
    - `generations`: after the first; each quenches `method.offspring` children.
    - `target`: the search ends with the generation at or below this energy (within 1e-6 relative).
    - the others: as in `basin_hopping`.

    **Returns:** `StationaryPoints`: the distinct minima, certified, lowest first.
    `steps_to_target` `[1]` is the number of quenches to the target (-1 if not reached, `None`
    without a target). `evaluations` add up to everything, as in `basin_hopping`.

    **Raises:** `ValueError` as `basin_hopping` does, and for surfaces of anything but free atoms.

    >>> import jaxscape as js
    >>> seven = js.systems.lennard_jones(7)
    >>> start = seven.sample(jax.random.key(0), 8)
    >>> found = js.evolve(seven, start, key=jax.random.key(1), generations=4)
    >>> print(f"{found.energy[0]:.4f}")
    -16.5054
    """
    surface = as_surface(surface)
    x0 = checked_starts(surface, x0)
    generations = positive("generations", generations)
    keep = positive("keep", keep)
    check_key(key)
    _check_atoms(surface)
    tolerance = default_tolerance(x0.dtype, tolerance, surface)
    goal = goal_of(target)
    nursery = _Nursery(surface, method, key, tolerance, goal, lanes, budget or Budget())
    population = nursery.relaxed(x0)
    kept = population.take(np.arange(min(keep, len(population))))
    reached, since = nursery.reached, 0
    bar = tqdm(total=generations, desc="generations", disable=not progress)
    with contextlib.closing(bar), nursery.budget.until_interrupted():
        for generation in range(1, generations + 1):
            if reached or nursery.budget.spent:
                break
            if method.restart_after is not None and since >= method.restart_after:
                population, since = population.take(np.arange(0)), 0
            lowest = np.min(population.energy, initial=np.inf)
            children = nursery.relaxed(nursery.children(population, generation))
            population = nursery.lowest(population, children, method.population)
            kept = nursery.lowest(kept, children, keep)
            reached = nursery.reached
            # Of a new population nothing was there before.
            margin = 1e-6 * abs(lowest) if np.isfinite(lowest) else 0.0
            lower = np.min(population.energy, initial=np.inf) < lowest - margin
            since = 0 if lower else since + 1
            bar.update()
    steps = None if target is None else np.array([reached or -1], np.int32)
    return with_all_work(
        surface, kept, nursery.evaluations, steps, tolerance, nursery.budget, certify=True
    )


def _check_atoms(surface: Surface) -> None:
    symmetry = surface.symmetry
    if not isinstance(symmetry, Cluster):
        raise ValueError(
            f"the surface's symmetry is {symmetry.describe()}: only clusters of atoms, with "
            "symmetry=Cluster(), can be cut and spliced; use basin_hopping."
        )
    if symmetry.frozen:
        raise ValueError("atoms of the surface are frozen: children would move them")


class _Nursery:
    """Makes children and relaxes them; counts what that takes."""

    def __init__(self, surface, method, key, tolerance, goal, lanes, budget):
        self.surface, self.method, self.key = surface, method, key
        self.tolerance, self.goal, self.lanes, self.budget = tolerance, goal, lanes, budget
        self.quenches = self.evaluations = self.reached = 0

    def children(self, population, generation) -> Float[np.ndarray, "offspring dim"]:
        """Starts of a generation: from parents, or random if there are fewer than two."""
        method, keys = self.method, jax.random.split(jax.random.fold_in(self.key, generation))
        if len(population) < 2:
            return np.asarray(self.surface.sample(keys[0], method.offspring))
        rng = generators(keys[0], 0, [0])[0]
        share = _fitness(population.energy)
        pairs = np.array(
            [rng.choice(len(share), 2, replace=False, p=share) for _ in range(method.offspring)]
        )
        x, alone = np.asarray(population.x), rng.random(method.offspring) < method.mutation
        size = self.surface.scale.astype(x.dtype) * method.hopping.step_size
        species = self.surface.symmetry.species
        keys = jax.random.split(keys[1], method.offspring)
        return np.asarray(
            _children(method.move, species, keys, x[pairs[:, 0]], x[pairs[:, 1]], alone, size)
        )

    def relaxed(self, x) -> StationaryPoints:
        """The distinct minima that starts lead to."""
        method, dtype = self.method.hopping, x.dtype
        search = HoppingSearch(
            method,
            self.key,
            jnp.asarray(method.quench_tolerance * self.tolerance, dtype),
            jnp.asarray(self.method.hops, jnp.int32),
            jnp.asarray(self.goal, dtype),
        )
        batch, dim = x.shape
        chains = np.arange(self.quenches, self.quenches + batch, dtype=np.int32)
        out, owners, _ = engine.run(
            search,
            self.surface,
            {"x": x, "chain": chains},
            width=tile_width(self.surface, dim, batch, 2 * method.quench.history + 8, dtype),
            lanes=self.lanes,
            budget=self.budget,
            events=True,
        )
        hits = np.flatnonzero(reached_goal(out, self.goal))
        if len(hits) and not self.reached:
            self.reached = self.quenches + int(np.min(self.method.hops * owners[hits])) + 1
        self.quenches += batch * self.method.hops
        self.evaluations += int(out.evaluations.sum())
        return distinct_minima(self.surface, out, len(out.energy))

    def lowest(self, first, second, keep) -> StationaryPoints:
        """The lowest distinct minima of two sets."""
        both = jax.tree.map(lambda a, b: np.concatenate([a, b]), first, second)
        return distinct_minima(self.surface, both, keep)


def _fitness(energy):
    """Shares in the draw of parents."""
    width = max(float(np.ptp(energy)), 1e-300)
    fitness = 0.5 * (1.0 - np.tanh(2.0 * (energy - np.min(energy)) / width - 1.0))
    return np.asarray(fitness, np.float64) / np.sum(fitness, dtype=np.float64)


@partial(jax.jit, static_argnums=(0, 1))
def _children(move, species, keys, first, second, alone, size):
    def child(key, a, b, alone):
        return jnp.where(alone, move(key, a, size), cut_and_splice(key, a, b, species))

    return jax.vmap(child)(keys, first, second, alone)
