"""Graph transformation of logarithms, where rates differ by more than doubles can hold.

The same elimination as in doubles, with `logaddexp` for sums: slower, and without limits.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._csr import count_rows, grouped, log_sums, row_log_sums

_DENSE = 0.25


class LogElimination:
    """A network after all nodes but `keep` have been eliminated; all numbers are logarithms.

    **Arguments:**

    - `log_rates` `[n, n]`: stored entries are logarithms of rates from row to column.
    - `keep` `[k]`: nodes that stay.
    """

    def __init__(self, log_rates: sp.csr_array, keep: Int[np.ndarray, " k"]):
        self.size, self.keep = count_rows(log_rates), keep
        self.rounds: list[tuple[np.ndarray, np.ndarray, sp.csr_array, sp.csr_array]] = []
        kept = np.zeros(self.size, bool)
        kept[keep] = True
        nodes = np.arange(self.size)
        tie = np.random.default_rng(0).random(self.size)
        while len(nodes) > len(keep):
            if log_rates.nnz > _DENSE * len(nodes) ** 2:
                break
            into = log_rates.T.tocsr()
            degree = np.diff(log_rates.indptr) + np.diff(into.indptr) + tie[nodes]
            degree[kept[nodes]] = np.inf
            free = degree < 2.0 * np.floor(degree.min()) + 2.0
            free &= degree < np.minimum(_lowest(log_rates, degree), _lowest(into, degree))
            now, rest = np.flatnonzero(free), np.flatnonzero(~free)
            out, back = log_rates[now][:, rest], into[now][:, rest]
            escape = row_log_sums(out)
            left = nodes[rest]
            self.rounds.append(
                (nodes[now], escape, self._widened(out, left), self._widened(back, left))
            )
            log_rates = _joined(log_rates[rest][:, rest], out, back, escape)
            nodes = left
        inner = nodes[~kept[nodes]]
        self.nodes, self.count = np.concatenate([inner, keep]), len(inner)
        place = np.empty(self.size, np.int64)
        place[self.nodes] = np.arange(len(self.nodes))
        matrix = np.full((len(nodes), len(nodes)), -np.inf)
        entries = log_rates.tocoo()
        matrix[place[nodes[entries.row]], place[nodes[entries.col]]] = entries.data
        self._finish(matrix)

    def _finish(self, matrix: np.ndarray) -> None:
        self.matrix, self.escape = matrix, np.empty(self.count)
        for i in range(self.count):
            tail = matrix[i, i + 1 :]
            self.escape[i] = np.logaddexp.reduce(tail)
            rest = matrix[i + 1 :, i + 1 :]
            np.logaddexp(rest, np.add.outer(matrix[i + 1 :, i] - self.escape[i], tail), out=rest)

    def _widened(self, block: sp.csr_array, columns: np.ndarray) -> sp.csr_array:
        shape = (count_rows(block), self.size)
        return sp.csr_array((block.data, columns[block.indices], block.indptr), shape=shape)

    def reduced(self) -> Float[np.ndarray, "k k"]:
        """Logarithms of the rates between the nodes that stay; -inf on the diagonal."""
        rest = self.matrix[self.count :, self.count :].copy()
        np.fill_diagonal(rest, -np.inf)
        return rest

    def gather(self, source: Float[np.ndarray, " n"], transposed: bool = False):
        """`[n]`: what each node holds at its turn, and those that stay at the end."""
        source = source.copy()
        for nodes, escape, out, into in self.rounds:
            block = out if transposed else into
            rows = np.repeat(np.arange(len(nodes)), np.diff(block.indptr))
            moved = block.data + (source[nodes] - escape)[rows]
            targets = np.concatenate([block.indices, np.arange(self.size)])
            source = log_sums(targets, np.concatenate([moved, source]), self.size)
        core = source[self.nodes]
        for i in range(self.count):
            column = self.matrix[i, i + 1 :] if transposed else self.matrix[i + 1 :, i]
            core[i + 1 :] = np.logaddexp(core[i + 1 :], column + (core[i] - self.escape[i]))
        source[self.nodes] = core
        return source

    def solve(
        self, source: Float[np.ndarray, " n"], boundary: Float[np.ndarray, " n"],
        transposed: bool = False,
    ) -> Float[np.ndarray, " n"]:  # fmt: skip
        """As `SparseElimination.solve`, for one right-hand side, all in logarithms."""
        source = self.gather(source, transposed)
        answer = boundary.copy()
        core, held = answer[self.nodes], source[self.nodes]
        for i in range(self.count - 1, -1, -1):
            row = self.matrix[i + 1 :, i] if transposed else self.matrix[i, i + 1 :]
            total = np.logaddexp.reduce(row + core[i + 1 :])
            core[i] = np.logaddexp(held[i], total) - self.escape[i]
        answer[self.nodes] = core
        for nodes, escape, out, into in reversed(self.rounds):
            block = into if transposed else out
            terms = sp.csr_array(
                (block.data + answer[block.indices], block.indices, block.indptr), block.shape
            )
            answer[nodes] = np.logaddexp(source[nodes], row_log_sums(terms)) - escape
        return answer


def _joined(rest: sp.csr_array, out: sp.csr_array, back: sp.csr_array, escape: np.ndarray):
    """The network that is left: every way `u -> node -> v` becomes a step `u -> v`."""
    size = count_rows(rest)
    before, after = np.diff(back.indptr), np.diff(out.indptr)
    pairs = before * after
    node = np.repeat(np.arange(len(pairs)), pairs)
    number = np.arange(len(node)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    first = back.indptr[node] + number // after[node]
    second = out.indptr[node] + number % after[node]
    values = back.data[first] - escape[node] + out.data[second]
    rows, columns = back.indices[first], out.indices[second]
    other = rows != columns
    entries = rest.tocoo()
    rows = np.concatenate([entries.row, rows[other]])
    columns = np.concatenate([entries.col, columns[other]])
    return grouped(size, rows, columns, np.concatenate([entries.data, values[other]]))[0]


def _lowest(rates: sp.csr_array, degree: np.ndarray) -> np.ndarray:
    lowest = np.full(len(degree), np.inf)
    rows = np.flatnonzero(np.diff(rates.indptr))
    if len(rows):
        lowest[rows] = np.minimum.reduceat(degree[rates.indices], rates.indptr[rows])
    return lowest
