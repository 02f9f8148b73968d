"""Minimum-energy paths between trained networks, their barriers, and the best tree of them."""

from __future__ import annotations

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.search.arguments import checked_starts, positive
from jaxscape.search.budget import Budget
from jaxscape.search.neb import NEB, relax, straight
from jaxscape.surface import Surface, as_surface


@dataclasses.dataclass(frozen=True)
class AutoNEB:
    """Options of elastic bands that grow where they are too coarse.

    - `images`: points of the first band, both ends included.
    - `insertions`: how many times new images go where the energy between two neighbours rises
      most above the line through theirs.
    - `inserted`: images added each time; the same for every band, so that all share one batch.
    - `steps`: band steps before the first insertion, and after each.
    - `check`: points looked at between two neighbours.
    - `spring`, `max_step`, `history`: those of `NEB`.

    E. L. Kolsbjerg, M. N. Groves and B. Hammer, J. Chem. Phys. 145, 094107 (2016);
    F. Draxler et al., ICML 35, 1309 (2018).
    """

    images: int = 5
    insertions: int = 3
    inserted: int = 3
    steps: int = 60
    check: int = 5
    spring: float = 1.0
    max_step: float = 0.02
    history: int = 4

    def __post_init__(self):
        for name, least in (("images", 3), ("insertions", 0), ("inserted", 1), ("steps", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; pass {least} or more")
        if self.check < 1:
            raise ValueError(f"check is {self.check}; look at one point at least")
        self.band(self.images)

    def band(self, images: int) -> NEB:
        """The options of one band of so many images."""
        return NEB(images=images, spring=self.spring, max_step=self.max_step, history=self.history)


class Connections(eqx.Module):
    """Paths between points, and the energy along them.

    `pairs` `[K, 2]`, rows of the points that each path joins; `images` `[K, P, dim]`; `energies`
    `[K, Q]` at `shares` `[K, Q]` of the path's length, images and points between them; `linear`
    `[K, Q]`, the same along the straight line the band began as; `distance` `[K]`, its length;
    `ends` `[N]`, energies of the points; `evaluations` of energy and gradient.
    """

    pairs: Int[np.ndarray, "K 2"]
    images: Float[np.ndarray, "K P dim"]
    shares: Float[np.ndarray, "K Q"]
    energies: Float[np.ndarray, "K Q"]
    linear: Float[np.ndarray, "K Q"]
    distance: Float[np.ndarray, " K"]
    ends: Float[np.ndarray, " N"]
    evaluations: int

    def barriers(self, *, linear: bool = False) -> Float[np.ndarray, "N N"]:
        """Highest energy on the path of each pair above the higher of its ends; NaN without one.

        Energies between images are looked at, too, so that a barrier cannot hide there. `linear`
        tells those of the straight lines.
        """
        table = np.full((len(self.ends), len(self.ends)), np.nan)
        np.fill_diagonal(table, 0.0)
        first, second = self.pairs.T
        top = np.max(self.linear if linear else self.energies, axis=1)
        height = np.maximum(top - np.maximum(self.ends[first], self.ends[second]), 0.0)
        table[first, second] = table[second, first] = height
        return table

    def spanning_tree(self) -> Int[np.ndarray, " links"]:
        """Paths (rows of `pairs`) of the tree whose highest points are lowest.

        Between any two points no other route over these paths stays lower.
        """
        graph = nx.Graph()
        graph.add_nodes_from(range(len(self.ends)))
        for k, ((a, b), energies) in enumerate(zip(self.pairs, self.energies, strict=True)):
            graph.add_edge(int(a), int(b), weight=float(np.max(energies)), path=k)
        edges = nx.minimum_spanning_edges(graph, data=True)
        return np.array(sorted(data["path"] for _, _, data in edges), np.int64)

    def points(self, path: int) -> Float[np.ndarray, "Q dim"]:
        """Points along a path, at its `shares`: what to give `surface.measure`."""
        images = self.images[path]
        length = _lengths(images[None])[0]
        place = np.interp(self.shares[path], length, np.arange(len(length)))
        left = np.minimum(place.astype(int), len(images) - 2)
        share = (place - left)[:, None]
        return (1.0 - share) * images[left] + share * images[left + 1]


def mode_connectivity(
    surface,
    x: Float[Array | np.ndarray, "N dim"],
    *,
    pairs: Int[np.ndarray, "K 2"] | None = None,
    method: AutoNEB = AutoNEB(),
    align: bool = True,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> Connections:
    """Low paths between points, usually minima: all bands relax in one batch.

    **Arguments:**

    - `x`: the points `[N, dim]`.
    - `pairs`: which to connect, rows of `x`; default all.
    - `align`: first bring the second of each pair as close to the first as the surface's
      symmetry allows. Networks trained from two seeds differ in the order of their neurons
      above all.
    - `lanes`, `progress`, `budget`: as in `neb`.

    **Returns:** `Connections`. A band is an upper bound: its barrier is one of the path found.
    Its maxima may be handed to `find_transition_states`.

    **Raises:** `ValueError` for pairs that do not exist, and as `neb`.

    >>> wells = lambda x: (x[0] ** 2 - 1) ** 2 + (x[1] - x[0] ** 2) ** 2
    >>> found = mode_connectivity(wells, np.array([[-1.0, 1.0], [1.0, 1.0]], "float32"))
    >>> found.barriers().round(1).tolist(), found.barriers(linear=True).round(1).tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [2.0, 0.0]])
    """
    surface = as_surface(surface)
    x = checked_starts(surface, x, "x")
    lanes = None if lanes is None else positive("lanes", lanes)
    pairs = _checked_pairs(pairs, len(x))
    start, end = x[pairs[:, 0]], x[pairs[:, 1]]
    home = surface if align else Surface(surface.function)
    path = straight(home, start, end, method.images).astype(x.dtype)
    first, spent = path[:, [0, -1]], 0
    budget = budget or Budget()
    for turn in range(method.insertions + 1):
        band = method.band(path.shape[1])
        # The force of a mean over many parameters is tiny per coordinate: steps rule, not it.
        relaxed = relax(
            surface,
            np.ascontiguousarray(path),
            band,
            1e-9,
            method.steps,
            lanes,
            progress,
            budget,
        )
        path, spent = relaxed.images, spent + int(np.sum(relaxed.evaluations))
        if turn < method.insertions:
            path = _inserted(surface, path, method)
    shares, energies = map(np.array, _profile(surface, path, method.check))
    lines = first[:, :1] + shares[..., None] * (first[:, 1:] - first[:, :1])
    linear = np.array(energies_of(surface, lines))
    top = np.max(linear, axis=1)
    worse = np.flatnonzero(np.isfinite(top) & ~(np.max(energies, axis=1) <= top))
    if len(worse):
        # Where the line is lower than the band that it became, the line is the path.
        even = np.linspace(0.0, 1.0, path.shape[1], dtype=path.dtype)[:, None]
        begin, finish = first[worse, :1], first[worse, 1:]
        path = np.array(path)
        path[worse] = (1.0 - even) * begin + even * finish
        shares[worse], energies[worse] = _profile(surface, path[worse], method.check)
        lines = begin + shares[worse, :, None] * (finish - begin)
        linear[worse] = energies_of(surface, lines)
    return Connections(
        pairs=pairs,
        images=path,
        shares=shares,
        energies=energies,
        linear=linear,
        distance=np.linalg.norm(first[:, 1] - first[:, 0], axis=1),
        ends=energies_of(surface, x),
        evaluations=spent,
    )


def energies_of(
    surface: Surface, x: Float[np.ndarray, "*batch dim"]
) -> Float[np.ndarray, "*batch"]:
    """Energies of any number of points, some at a time."""
    rows = x.reshape(-1, x.shape[-1])
    return np.asarray(_energies(surface, rows), np.float64).reshape(x.shape[:-1])


@eqx.filter_jit
def _energies(surface, rows):
    return jax.lax.map(surface.function, jnp.asarray(rows), batch_size=min(8, len(rows)))


def _inserted(surface, path, method):
    """Every band with new images halfway along the segments that need them most."""
    batch, images, _ = path.shape
    _, energies = _profile(surface, path, method.check)
    step = method.check + 1
    at = energies[:, ::step]
    share = np.arange(1, step) / step
    between = np.stack([energies[:, k::step][:, : images - 1] for k in range(1, step)], axis=2)
    lines = at[:, :-1, None] * (1 - share) + at[:, 1:, None] * share
    lengths = np.diff(_lengths(path), axis=1)
    # Where nothing rises, the longest segments come first.
    need = np.maximum(np.max(between - lines, axis=2), 0.0)
    need = need + 1e-9 * lengths / lengths.max(axis=1, keepdims=True)
    chosen = np.zeros((batch, images - 1), np.int64)
    for _ in range(method.inserted):
        # A segment cut in n parts rises about a n-th squared as much.
        worst = np.argmax(need / (1 + chosen) ** 2, axis=1)
        chosen[np.arange(batch), worst] += 1
    grown = []
    for band, counts in zip(path, chosen, strict=True):
        parts = [
            band[i] + np.arange(n + 1)[:, None] / (n + 1) * (band[i + 1] - band[i])
            for i, n in enumerate(counts)
        ]
        grown.append(np.concatenate([*parts, band[-1:]]))
    return np.stack(grown).astype(path.dtype)


def _profile(surface, path, check):
    """Shares of the length and energies of the images and of `check` points between them."""
    share = np.arange(check + 1)[:, None] / (check + 1)
    gaps = np.diff(path, axis=1)[:, :, None]
    points = (path[:, :-1, None] + share * gaps).reshape(len(path), -1, path.shape[2])
    points = np.concatenate([points, path[:, -1:]], axis=1).astype(path.dtype)
    return _lengths(points), energies_of(surface, points)


def _lengths(path):
    """Arc length up to each point, as a share of the whole."""
    steps = np.linalg.norm(np.diff(path, axis=1), axis=2)
    total = np.concatenate([np.zeros((len(path), 1)), np.cumsum(steps, axis=1)], axis=1)
    return total / np.maximum(total[:, -1:], 1e-300)


def _checked_pairs(pairs, count):
    if count < 2:
        raise ValueError(f"x has {count} point(s); a path joins two")
    if pairs is None:
        return np.array(list(itertools.combinations(range(count), 2)))
    pairs = np.asarray(pairs)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise ValueError(f"pairs has shape {pairs.shape}; pass integers [K, 2]")
    bad = (pairs < 0) | (pairs >= count)
    if bad.any() or (pairs[:, 0] == pairs[:, 1]).any() or not len(pairs):
        raise ValueError(f"pairs must name two different rows of x, 0 to {count - 1}, each")
    return pairs
