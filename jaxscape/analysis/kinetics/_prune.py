"""Leave out transitions too slow to matter, where temperature makes most of them so."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._csr import count_rows

# A conductance below exp(-60) of that of another way changes no digit of a double.
_NEGLIGIBLE = 60.0
# A network that has grown by so much is worth another look.
GROWTH = 1.2


def without_negligible(
    matrix: sp.csr_array, log_conductances: Float[np.ndarray, " nnz"], keep: Int[np.ndarray, " k"]
) -> sp.csr_array:
    """A symmetric network without the steps beside which another way conducts far better.

    That other way must not lead through the states `keep`, which may absorb; steps from and to
    those stay.

    **Arguments:** `matrix` `[n, n]`, symmetric; `log_conductances`, of its stored entries in
    their order; `keep` `[k]`.

    >>> log = sp.csr_array(np.array([[0, -1.0, -100.0], [-1.0, 0, -2.0], [-100.0, -2.0, 0]]))
    >>> without_negligible(log, log.data, np.array([], int)).nnz
    4
    """
    size, logs = count_rows(matrix), log_conductances
    entries = matrix.tocoo()
    rows, columns = entries.row, entries.col
    inner = np.ones(size, bool)
    inner[keep] = False
    free = np.flatnonzero((rows < columns) & inner[rows] & inner[columns])
    # A way of at most `size` steps conducts at least 1 / size of its worst step.
    least = _NEGLIGIBLE + np.log(size)
    if not len(free) or np.ptp(logs[free]) <= least:
        return matrix
    slow = logs[free] < _best_ways(size, rows[free], columns[free], logs[free]) - least
    key = np.minimum(rows, columns).astype(np.int64) * size + np.maximum(rows, columns)
    kept = ~np.isin(key, key[free[slow]])
    left = sp.coo_array((entries.data[kept], (rows[kept], columns[kept])), (size, size))
    return sp.csr_array(left)


def _best_ways(size: int, rows: np.ndarray, columns: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """For each step, the worst logarithm on the best way between its ends."""
    # Kruskal: the merge that joins the two ends is the worst step of their best way.
    parent, component = [-1] * size, list(range(size))
    node, worst = list(range(size)), [np.inf] * size
    order = np.argsort(-logs, kind="stable")
    for log, a, b in zip(
        logs[order].tolist(), rows[order].tolist(), columns[order].tolist(), strict=True
    ):
        while component[a] != a:
            component[a] = component[component[a]]
            a = component[a]
        while component[b] != b:
            component[b] = component[component[b]]
            b = component[b]
        if a != b:
            parent[node[a]] = parent[node[b]] = len(parent)
            component[b], node[a] = a, len(parent)
            parent.append(-1)
            worst.append(log)
    return np.array(worst)[_common(np.array(parent), rows.copy(), columns.copy())]


def _common(parent: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The lowest node above both, by jumps of powers of two."""
    parent = np.where(parent < 0, np.arange(len(parent)), parent)
    depth = (parent != np.arange(len(parent))).astype(np.int64)
    jumps = [parent]
    while (depth[jumps[-1]] > 0).any():
        depth = depth + depth[jumps[-1]]
        jumps.append(jumps[-1][jumps[-1]])
    for power, jump in enumerate(jumps):
        a = np.where(np.maximum(depth[a] - depth[b], 0) >> power & 1, jump[a], a)
        b = np.where(np.maximum(depth[b] - depth[a], 0) >> power & 1, jump[b], b)
    for jump in reversed(jumps):
        apart = jump[a] != jump[b]
        a, b = np.where(apart, jump[a], a), np.where(apart, jump[b], b)
    return np.where(a == b, a, parent[a])
