"""From which minima, and between which, to search next."""

import heapq

import numpy as np

from jaxscape.landscape import Landscape


def choose_minima(network: Landscape, n: int, among: np.ndarray | None = None) -> np.ndarray:
    """`n` ids of minima to start from, of all or `among` some: the least tried for what is around.

    A minimum with many transition states needs more searches until all are found, so tries are
    counted per transition state known there, to which the average is added: of a new minimum
    little is known yet. Of equals the lowest comes first. A minimum may come several times.
    """
    size, states = len(network.minima), network.transition_states
    tried = np.zeros(size, np.int64)
    for (a, _), count in network.attempt_counts("single_ended").items():
        tried[a] = count
    ends = np.concatenate([states.plus, states.minus[~network.degenerate]])
    degree = np.bincount(ends, minlength=size)
    share = 1.0 / (1.0 + degree.mean() + degree)
    energy = np.argsort(np.argsort(network.minima.energy, kind="stable"))
    ids = range(size) if among is None else among.tolist()
    heap = [(tried[i] * share[i], int(energy[i]), i) for i in ids]
    heapq.heapify(heap)
    chosen = np.empty(n, np.int64)
    for k in range(n):
        _, e, i = heap[0]
        chosen[k] = i
        tried[i] += 1
        heapq.heapreplace(heap, (tried[i] * share[i], e, i))
    return chosen


class Pairs:
    """Pairs of minima for double-ended searches.

    Distances are those of fingerprints, which need no alignment; they only rank.
    """

    most_minima = 1000
    most_tries = 3

    def __init__(self, network: Landscape):
        self.network = network

    def choose(self, n: int) -> list[tuple[int, int]]:
        """Up to `n` pairs: between unconnected parts, then along the best missing links."""
        network = self.network
        if network.symmetry is None:
            return []
        rows = np.argsort(network.minima.energy, kind="stable")[: self.most_minima]
        rows = rows[network.minima.active[rows] == 0]
        if len(rows) < 2:
            return []
        prints = network.symmetry.fingerprint(network.minima.x[rows])
        distance = _distances(prints)
        tries = network.attempt_counts("double_ended")
        part = np.zeros(len(network.minima), np.int64)
        for number, ids in enumerate(network.components()):
            part[list(ids)] = number
        part = part[rows]
        chosen = self._between_parts(rows, distance, part, tries, n)
        left = n - len(chosen)
        if left:
            chosen += self._missing_links(rows, distance, part, tries, left, chosen)
        return chosen

    def _between_parts(self, rows, distance, part, tries, n):
        """For every part, the pairs that bring it closest to any other."""
        chosen: dict[tuple[int, int], None] = {}
        for number in np.unique(part):
            inside, outside = np.flatnonzero(part == number), np.flatnonzero(part != number)
            if len(outside) == 0:
                continue
            block = distance[np.ix_(inside, outside)]
            for flat in np.argsort(block, axis=None, kind="stable")[: 4 * self.most_tries]:
                i, j = np.unravel_index(flat, block.shape)
                pair = _pair(rows[inside[i]], rows[outside[j]])
                if tries.get(pair, 0) == 0 and pair not in chosen:
                    chosen[pair] = None
                    break
            if len(chosen) == n:
                break
        return list(chosen)

    def _missing_links(self, rows, distance, part, tries, n, taken):
        """Missing steps of the best path from the lowest minimum to every other part.

        Dijkstra with a weight that grows with distance and with failed attempts:
        Carr, Trygubenko & Wales, J. Chem. Phys. 122, 234903 (2005).
        """
        weight = distance**2
        for (a, b), count in tries.items():
            i, j = np.flatnonzero(rows == a), np.flatnonzero(rows == b)
            if len(i) and len(j):
                factor = np.inf if count >= self.most_tries else 10.0**count
                weight[i[0], j[0]] = weight[j[0], i[0]] = factor * weight[i[0], j[0]]
        for number in np.unique(part):
            inside = np.flatnonzero(part == number)
            weight[np.ix_(inside, inside)] = 0.0
        previous = _dijkstra(weight, 0)
        chosen: list[tuple[int, int]] = []
        for number in np.unique(part):
            end = int(np.flatnonzero(part == number)[0])
            while previous[end] >= 0 and len(chosen) < n:
                step = _pair(rows[previous[end]], rows[end])
                missing = part[previous[end]] != part[end]
                if missing and step not in chosen and step not in taken:
                    chosen.append(step)
                end = int(previous[end])
        return chosen


def _pair(a, b) -> tuple[int, int]:
    return (int(a), int(b)) if a < b else (int(b), int(a))


def _distances(prints: np.ndarray) -> np.ndarray:
    square = np.sum(prints**2, axis=1)
    gram = square[:, None] + square[None, :] - 2.0 * prints @ prints.T
    return np.sqrt(np.maximum(gram, 0.0))


def _dijkstra(weight: np.ndarray, source: int) -> np.ndarray:
    """Predecessors on the shortest paths of a dense graph, -1 where there is none."""
    n = len(weight)
    reached = np.full(n, np.inf)
    reached[source] = 0.0
    previous = np.full(n, -1)
    left = np.ones(n, bool)
    for _ in range(n):
        here = int(np.argmin(np.where(left, reached, np.inf)))
        if not np.isfinite(reached[here]) or not left[here]:
            break
        left[here] = False
        through = reached[here] + weight[here]
        better = left & (through < reached)
        reached[better], previous[better] = through[better], here
    return previous
