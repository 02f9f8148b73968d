"""The paths that contribute most to a rate.

J. Y. Yen, Manage. Sci. 17, 712 (1971);
D. J. Wales, Mol. Phys. 100, 3285 (2002), on paths by branching probabilities.
"""

from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import scipy.sparse as sp
from jaxtyping import Int
from scipy.sparse.csgraph import dijkstra

from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix


@dataclasses.dataclass(frozen=True, eq=False)
class KineticPath:
    """A path from one set to another that returns to neither on the way.

    - `minima` `[P+1]`, `transition_states` `[P]`: ids in order; of several transition states
      between two minima the fastest, -1 for rates that were given.
    - `log_probability`: logarithm of the product of branching probabilities.
    - `log_rate`: logarithm of what the path adds to the steady-state rate constant: population of
      its first minimum within the set, times its escape rate, times the probability.
    """

    minima: Int[np.ndarray, " nodes"]
    transition_states: Int[np.ndarray, " steps"]
    log_probability: float
    log_rate: float

    def __len__(self) -> int:
        return len(self.transition_states)

    @property
    def probability(self) -> float:
        """Product of the branching probabilities."""
        return float(np.exp(self.log_probability))


def fastest_paths(
    network, a, b, temperature: float | None = None, *, number: int = 1, **options
) -> list[KineticPath]:
    """The paths from `a` to `b` that add most to the steady-state rate constant.

    One is found by Dijkstra's algorithm, several by Yen's. With every return to a minimum
    included, the contributions of all paths sum to `rates(...).forward.steady_state`.

    **Arguments:** `number`: how many; fewer are returned if there are no more. The rest as
    `rates`.

    **Returns:** `KineticPath`s, the fastest first. **Raises:** as `rates`.

    >>> chain = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 3.0], [1.0, 3.0, 0.0]])
    >>> [path.minima.tolist() for path in fastest_paths(chain, 0, 2, number=3)]
    [[0, 2], [0, 1, 2]]
    """
    if number < 1:
        raise ValueError(f"number is {number}: ask for at least one path")
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    source, target, weight = _graph(matrix, rows_a, rows_b)
    size = len(matrix)
    if number == 1:
        return [_path(matrix, rows_a, _shortest(size, source, target, weight))]
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        zip(source.tolist(), target.tolist(), weight.tolist(), strict=True)
    )
    ways = nx.shortest_simple_paths(graph, size, size + 1, weight="weight")
    found = []
    for way in ways:
        found.append(_path(matrix, rows_a, np.array(way[1:-1])))
        if len(found) == number:
            break
    return found


def _graph(matrix: RateMatrix, rows_a: np.ndarray, rows_b: np.ndarray):
    """Steps with `-log` of their branching probabilities; `M` leads to a, b leads to `M + 1`."""
    size = len(matrix)
    in_a, in_b = np.zeros(size, bool), np.zeros(size, bool)
    in_a[rows_a], in_b[rows_b] = True, True
    kept = ~in_a[matrix.target] & ~in_b[matrix.source]
    first = -_log_start(matrix, rows_a)[rows_a]
    source = np.concatenate([matrix.source[kept], np.full(len(rows_a), size), rows_b])
    target = np.concatenate([matrix.target[kept], rows_a, np.full(len(rows_b), size + 1)])
    weight = np.concatenate(
        [-matrix.log_branching[kept], first - first.min(), np.zeros(len(rows_b))]
    )
    return source, target, np.maximum(weight, 0.0)


def _log_start(matrix: RateMatrix, rows_a: np.ndarray) -> np.ndarray:
    """`[M]`, logarithm of population within a times escape rate."""
    population = matrix.log_population
    return population - np.logaddexp.reduce(population[rows_a]) + matrix.log_escape


def _shortest(size: int, source, target, weight) -> np.ndarray:
    # A step that is certain costs nothing, which sparse graphs take for no step at all.
    graph = sp.csr_array((np.maximum(weight, 1e-300), (source, target)), shape=(size + 2, size + 2))
    _, before = dijkstra(graph, indices=size, return_predecessors=True)
    way = [size + 1]
    while way[-1] != size:
        way.append(int(before[way[-1]]))
    return np.array(way[-2:0:-1])


def _path(matrix: RateMatrix, rows_a: np.ndarray, way: np.ndarray) -> KineticPath:
    size = len(matrix)
    steps = np.searchsorted(matrix.source * size + matrix.target, way[:-1] * size + way[1:])
    log_probability = float(matrix.log_branching[steps].sum())
    start = float(_log_start(matrix, rows_a)[way[0]])
    return KineticPath(
        matrix.ids[way], matrix.step[steps], log_probability, start + log_probability
    )
