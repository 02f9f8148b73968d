"""Smaller networks: some states eliminated exactly, or states joined into groups.

T. D. Swinburne and D. J. Wales, J. Chem. Theory Comput. 16, 2661 (2020);
J. M. Carr and D. J. Wales, J. Phys. Chem. B 112, 8760 (2008).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from jaxscape.analysis.kinetics._chain import Chain, Positive
from jaxscape.analysis.kinetics._csr import grouped, log_sums
from jaxscape.analysis.kinetics._ends import rows_of
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix
from jaxscape.analysis.kinetics.rates import reachable


def reduce_network(network, keep, temperature: float | None = None, **options) -> RateMatrix:
    """The network of some minima alone, with the same mean first passage times between them.

    All other minima are eliminated by graph transformation. Their populations, and the time spent
    in them, go to those that are left, so that mean first passage times between these,
    committors among them and the ratio of rate constants stay exactly as they were.

    **Arguments:**

    - `keep`: ids of the minima that stay; the rest as `rates`.

    **Returns:** a `RateMatrix` of the kept minima, in the order of their ids.

    **Raises:** `ValueError` for an empty set or an unknown id, and as `step_rates`.

    >>> chain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> reduce_network(chain, [0, 2]).rate.round(12).tolist()
    [0.333333333333, 0.333333333333]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows = rows_of(matrix, keep, "keep")
    inner = reachable(matrix.chain, rows)
    small = matrix.chain.lumped([], np.concatenate([rows, inner]))
    chain = small.eliminate(np.arange(len(rows))).reduced() if len(inner) else small
    return RateMatrix.from_chain(chain, matrix.ids[rows], matrix.temperature)


@dataclasses.dataclass(frozen=True, eq=False)
class Regrouped:
    """States joined into groups, each in local equilibrium.

    - `ids` `[M]`: of the states; `group` `[M]`: for each, the row of its group in `matrix`.
    - `matrix`: the rates between groups; a group has the id of its most populated member.
    """

    ids: Int[np.ndarray, " M"]
    group: Int[np.ndarray, " M"]
    matrix: RateMatrix

    def members(self, group: int) -> Int[np.ndarray, " n"]:
        """Ids of the states in the group with this id."""
        return self.ids[self.group == self.matrix.rows(group)[0]]


def regroup(
    network,
    temperature: float | None = None,
    *,
    barrier: float | None = None,
    rate: float | None = None,
    apart=(),
    **options,
) -> Regrouped:
    """Join minima that change into each other fast, until no such pair of groups is left.

    Groups are joined if they change into each other, both ways, faster than `rate`, or over
    free-energy barriers lower than `barrier`. Within a group populations are those of local
    equilibrium, so that rates between groups are sums; after every round the free energies of
    groups and of the transition states between them are those of all members.

    **Arguments:**

    - `barrier`: in the network's unit of energy; or `rate`: in units of frequency.
    - `apart`: sets of ids that never come into one group, such as `(a, b)`.
    - the rest as `rates`.

    **Raises:** `ValueError` unless one of `barrier` and `rate` is given; as `step_rates`.

    >>> rates = np.array([[0.0, 100.0, 0.0], [100.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> found = regroup(rates, rate=10.0)
    >>> found.group.tolist(), found.matrix.rate.round(12).tolist()
    ([0, 0, 1], [0.5, 1.0])
    """
    matrix = as_rate_matrix(network, temperature, **options)
    fast = _threshold(matrix, barrier, rate)
    size = len(matrix)
    owner = np.full(size, -1)
    for number, ids in enumerate(apart):
        owner[rows_of(matrix, ids, "apart")] = number
    label = np.arange(size)
    flow = matrix.log_population[matrix.source] + matrix.log_rate
    if matrix.reversible:
        flow = matrix.chain.logs.data  # the same, and the same both ways to the last digit
    while True:
        count = int(label.max()) + 1
        weight = log_sums(label, matrix.log_population, count)
        source, target = label[matrix.source], label[matrix.target]
        other = source != target
        flows, _ = grouped(count, source[other], target[other], flow[other])
        entries = flows.tocoo()
        one_way = sp.csr_array(
            ((entries.data - weight[entries.row] > fast).astype(float), (entries.row, entries.col)),
            shape=(count, count),
        )
        both = one_way.multiply(one_way.T).tocoo()
        of_group = np.full(count, -1)
        np.maximum.at(of_group, label, owner)
        first, second = of_group[both.row], of_group[both.col]
        join = (both.data > 0) & ((first < 0) | (second < 0) | (first == second))
        pairs = _one_by_one(both.row[join], both.col[join], of_group, len(apart) > 0)
        graph = sp.csr_array((np.ones(len(pairs[0])), pairs), shape=(count, count))
        parts, found = sp.csgraph.connected_components(graph, directed=False)
        if parts == count:
            break
        label = found[label]
    return Regrouped(matrix.ids, label, _coarse(matrix, label, flows, weight))


def _one_by_one(rows, columns, of_group, apart: bool):
    """Pairs to join at once: all of them, unless a chain of them could join what is kept apart."""
    if not apart or not len(rows):
        return rows, columns
    order = np.argsort(-np.maximum(of_group[rows], of_group[columns]), kind="stable")[:1]
    free = (of_group[rows] < 0) & (of_group[columns] < 0)
    return (rows[free], columns[free]) if free.any() else (rows[order], columns[order])


def _threshold(matrix: RateMatrix, barrier: float | None, rate: float | None) -> float:
    if (barrier is None) == (rate is None):
        raise ValueError("give either barrier= (an energy) or rate= (a frequency)")
    if rate is not None:
        if not rate > 0:
            raise ValueError(f"rate is {rate}: give a frequency above zero")
        return float(np.log(rate))
    if matrix.temperature is None:
        raise ValueError("barrier= needs a temperature, which given rates do not have: use rate=")
    assert barrier is not None
    if not 0 <= barrier < np.inf:
        raise ValueError(f"barrier is {barrier}: give an energy from zero up")
    kt = matrix.temperature
    return float(np.log(kt / (2 * np.pi)) - barrier / kt)


def _coarse(matrix: RateMatrix, label, flows: sp.csr_array, weight) -> RateMatrix:
    best = np.lexsort((-matrix.log_population, label))
    first = best[np.searchsorted(label[best], np.arange(len(weight)))]
    if matrix.reversible:
        return RateMatrix.from_chain(
            Chain(flows, None, Positive(log=weight), True), matrix.ids[first], matrix.temperature
        )
    rows = np.repeat(np.arange(len(weight)), np.diff(flows.indptr))
    logs = sp.csr_array((flows.data - weight[rows], flows.indices, flows.indptr), flows.shape)
    chain = Chain(logs, None, Positive(np.ones(len(weight))), False)
    return RateMatrix.from_chain(chain, matrix.ids[first], matrix.temperature)
