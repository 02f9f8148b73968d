"""Between two sets of minima: the missing links of the best path.

J. M. Carr, S. A. Trygubenko and D. J. Wales, J. Chem. Phys. 122, 234903 (2005).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.explore.strategies._base import (
    Pair,
    Strategy,
    check_positive,
    ends_of,
    lowest_pass,
    pair,
    parts_of,
)
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape
from jaxscape.landscape.graph import component_of

# Paths are measured until all their links are; each time the best may be another.
_MEASUREMENTS = 100


@dataclasses.dataclass(frozen=True)
class MissingLinks(Strategy):
    """Connect `a` with `b`, and stop when they are connected.

    Dijkstra's algorithm finds the best path over minima known so far, on which steps over known
    transition states cost nothing and others, the missing links, the distance to the power
    `power`, ten times as much for every try that failed, and are impossible after `tries`. All
    missing links of that path are tried, at most `links` a round; then it is found anew.

    - `a`, `b`: ids of minima, one or many.
    - `most_minima`: minima that a path may use, those most nearly between the ends first.

    >>> MissingLinks(0, 1).tries
    3
    """

    a: int | tuple[int, ...]
    b: int | tuple[int, ...]
    power: float = 2.0
    tries: int = 3
    links: int = 8
    most_minima: int = 1000

    def __post_init__(self):
        check_positive(self, "tries", "links", "most_minima")
        if not self.power > 0:
            raise ValueError(f"power is {self.power}; it must be positive")

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        a, b = ends_of(network, self.a, self.b)
        part = parts_of(network)
        # Each end that cannot reach the other yet is a target of its own.
        lost = [(int(end), b) for end in a if part[end] not in part[b]]
        lost += [(int(end), a) for end in b if part[end] not in part[a]]
        chosen: dict[Pair, None] = {}
        for source, targets in lost:
            for link in missing_links(network, distances, part, source, targets, self):
                chosen[link] = None
        return list(chosen)[: min(room, self.links)]


@dataclasses.dataclass(frozen=True)
class LowerPass(MissingLinks):
    """Connect `a` with `b` once more, below the highest transition state of the lowest path.

    The rule is that of `MissingLinks`; only transition states below the pass between the ends
    count as known steps, so that links are sought between the two superbasins that the pass
    divides. It ends when every way has failed `tries` times. Unlike `ShortcutBarrier` it leaves
    the path: any minimum met so far may lie on the new one.

    - `a`, `b`: ids of minima, one or many; they have to be connected. The rest as there.

    >>> LowerPass(0, 1).tries
    1
    """

    tries: int = 1

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        a, b = ends_of(network, self.a, self.b)
        start, end, height = lowest_pass(network, a, b)
        states = network.transition_states
        below = states.energy < height
        part = component_of(len(network.minima), states.plus[below], states.minus[below])
        inside = network.minima.energy < height
        found = missing_links(network, distances, part, start, np.array([end]), self, inside)
        return found[: min(room, self.links)]


def missing_links(
    network: Landscape,
    distances: Distances,
    part: np.ndarray,
    source: int,
    targets: np.ndarray,
    options: MissingLinks,
    allowed: np.ndarray | None = None,
) -> list[Pair]:
    """Missing links of the best path between parts; none if every way is closed."""
    inside = network.minima.active == 0
    inside = inside if allowed is None else inside & allowed
    rows = _between(np.flatnonzero(inside), distances, source, targets, options.most_minima)
    place = {int(i): n for n, i in enumerate(rows)}
    rough = distances.estimated(rows, rows)
    factor = np.ones_like(rough)
    for (i, j), count in network.attempt_counts("double_ended").items():
        if i in place and j in place:
            k, m = place[i], place[j]
            factor[k, m] = factor[m, k] = 10.0**count if count < options.tries else np.inf
    known = part[rows][:, None] == part[rows][None, :]
    length, measured = rough.copy(), np.zeros_like(known)
    ends = [place[int(t)] for t in targets]
    for _ in range(_MEASUREMENTS):
        weight = np.where(known, 0.0, length**options.power * factor)
        way = _shortest(weight, place[source], ends)
        links = [(i, j) for i, j in zip(way[1:], way, strict=False) if not known[i, j]]
        new = [(i, j) for i, j in links if not measured[i, j]]
        if not new:
            break
        for i, j in new:
            length[i, j] = length[j, i] = distances.exact(int(rows[i]), int(rows[j]))
            measured[i, j] = measured[j, i] = True
        # What is not measured is estimated in the same units.
        ratio = np.mean(length[measured]) / max(np.mean(rough[measured]), 1e-300)
        length = np.where(measured, length, ratio * rough)
    return [pair(rows[i], rows[j]) for i, j in links]


def _between(ids, distances, source, targets, number) -> np.ndarray:
    """The ends, and the minima for which the way by them is shortest."""
    detour = distances.estimated(ids, [source])[:, 0]
    detour = detour + distances.estimated(ids, targets).min(axis=1)
    nearest = ids[np.argsort(detour, kind="stable")[:number]]
    return np.union1d(nearest, np.append(targets, source))


def _shortest(weight: np.ndarray, source: int, targets: list[int]) -> list[int]:
    """Nodes from the nearest target back to the source; empty if there is no way.

    Steps within a part cost nothing, and for SciPy's searches a weight of zero is no edge.
    """
    size = len(weight)
    reached = np.full(size, np.inf)
    reached[source] = 0.0
    before = np.full(size, -1)
    left = np.ones(size, bool)
    for _ in range(size):
        here = int(np.argmin(np.where(left, reached, np.inf)))
        if not left[here] or not np.isfinite(reached[here]):
            return []
        if here in targets:
            way = [here]
            while before[way[-1]] >= 0:
                way.append(int(before[way[-1]]))
            return way
        left[here] = False
        through = reached[here] + weight[here]
        better = left & (through < reached)
        reached[better], before[better] = through[better], here
    return []
