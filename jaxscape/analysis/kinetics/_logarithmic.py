"""Graph transformation of logarithms, where rates differ by more than doubles can hold.

The same elimination as in doubles, with `logaddexp` for sums: slower, and without limits.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._csr import count_rows, grouped, log_sums, row_log_sums
from jaxscape.analysis.kinetics._prune import GROWTH, without_negligible

_DENSE = 0.05
_PANEL, _ROWS = 32, 512
# Sums of products below this may have lost some in doubles.
_TINY = 1e-290


class LogElimination:
    """A network after all nodes but `keep` have been eliminated; all numbers are logarithms.

    **Arguments:**

    - `log_rates` `[n, n]`: stored entries are logarithms of rates from row to column.
    - `keep` `[k]`: nodes that stay.
    - `symmetric`: these are conductances, the same both ways. Of these, steps that are negligible
      beside others are left out again and again: little is left to fill up in the cold.
    """

    def __init__(self, log_rates: sp.csr_array, keep: Int[np.ndarray, " k"], symmetric: bool):
        self.size, self.keep = count_rows(log_rates), keep
        self.rounds: list[tuple[np.ndarray, np.ndarray, sp.csr_array, sp.csr_array]] = []
        kept = np.zeros(self.size, bool)
        kept[keep] = True
        nodes = np.arange(self.size)
        tie = np.random.default_rng(0).random(self.size)
        most = 0.0 if symmetric else np.inf
        while len(nodes) > len(keep):
            if log_rates.nnz > most:
                inside = np.flatnonzero(kept[nodes])
                log_rates = without_negligible(log_rates, log_rates.data, inside)
                most = GROWTH * log_rates.nnz
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
        for first in range(0, self.count, _PANEL):
            last = min(first + _PANEL, self.count)
            self._panel(matrix[first:last, first:], matrix[last:, first:last], first)
            shares = matrix[last:, first:last] - self.escape[first:last]
            for top in range(0, len(shares), _ROWS):
                rest = matrix[last + top : last + top + _ROWS, last:]
                added = log_product(shares[top : top + _ROWS], matrix[first:last, last:])
                np.logaddexp(rest, added, out=rest)

    def _panel(self, rows: np.ndarray, columns: np.ndarray, first: int) -> None:
        """Eliminate a few nodes: `rows` from them, `columns` to them from those after them."""
        width = len(rows)
        for i in range(width):
            tail = rows[i, i + 1 :]
            total = self.escape[first + i] = np.logaddexp.reduce(tail)
            below = rows[i + 1 :, i + 1 :]
            np.logaddexp(below, np.add.outer(rows[i + 1 :, i] - total, tail), out=below)
            right = columns[:, i + 1 :]
            moved = np.add.outer(columns[:, i] - total, tail[: width - i - 1])
            np.logaddexp(right, moved, out=right)

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


def log_product(
    left: Float[np.ndarray, "n k"], right: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "n m"]:
    """Logarithm of the matrix product of `exp(left)` and `exp(right)`.

    By a product of doubles, rows and columns scaled by their largest entries; entries that this
    makes too small are summed one by one, so that every one has its digits.

    >>> log_product(np.array([[0.0, -2000.0]]), np.array([[-2000.0], [0.0]])).round(6).tolist()
    [[-1999.306853]]
    """
    rows, columns = (_finite(part.max(axis=axis)) for part, axis in ((left, 1), (right, 0)))
    with np.errstate(under="ignore", divide="ignore"):
        product = np.exp(left - rows[:, None]) @ np.exp(right - columns)
        small = np.argwhere(product < _TINY)
        found = np.log(product) + rows[:, None] + columns
    for chunk in np.array_split(small, len(small) // 100_000 + 1):
        u, v = chunk.T
        found[u, v] = np.logaddexp.reduce(left[u] + right[:, v].T, axis=1)
    return found


def _finite(levels: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(levels), levels, 0.0)


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
