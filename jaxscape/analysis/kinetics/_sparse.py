"""Sparse graph transformation: many nodes that do not touch each other at once.

D. J. Wales, J. Chem. Phys. 130, 204111 (2009);
J. Liu, ACM Trans. Math. Softw. 11, 141 (1985), on multiple minimum degree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._csr import count_rows
from jaxscape.analysis.kinetics._dense import DenseElimination
from jaxscape.analysis.kinetics._prune import GROWTH, without_negligible

# Below this size, or beyond this share of entries that are not zero, dense algebra is faster.
_SMALL, _DENSE = 256, 0.05
# Nodes of up to so many times the lowest degree are eliminated together.
_SLACK = 2.0


class Round(NamedTuple):
    """Nodes eliminated at once: `out` and `into` `[k, n]` are rates from and to them."""

    nodes: Int[np.ndarray, " k"]
    escape: Float[np.ndarray, " k"]
    out: sp.csr_array
    into: sp.csr_array


class SparseElimination:
    """A network after all nodes but `keep` have been eliminated, in double precision.

    **Arguments:**

    - `rates` `[n, n]`: from row to column, without a diagonal; or conductances, `symmetric`.
      Of these, steps that are negligible beside others are left out again and again.
    - `keep` `[k]`: nodes that stay.
    """

    def __init__(self, rates: sp.csr_array, keep: Int[np.ndarray, " k"], symmetric: bool):
        self.size, self.symmetric = count_rows(rates), symmetric
        self.rounds: list[Round] = []
        kept = np.zeros(self.size, bool)
        kept[keep] = True
        nodes, rates = self._thin_out(rates, kept)
        order = np.lexsort((np.diff(rates.indptr), kept[nodes]))
        order[len(nodes) - len(keep) :] = np.searchsorted(nodes, keep)
        self.nodes = nodes[order]
        matrix = rates.toarray()[np.ix_(order, order)]
        self.dense = DenseElimination(matrix, len(nodes) - len(keep), symmetric)

    def _thin_out(self, rates: sp.csr_array, kept: np.ndarray):
        """Eliminate nodes of low degree while the network is sparse; what is left."""
        nodes = np.arange(self.size)
        tie = np.random.default_rng(0).random(self.size)
        most = 0.0 if self.symmetric else np.inf
        while len(nodes) > _SMALL:
            if rates.nnz > most:
                rates = without_negligible(rates, np.log(rates.data), np.flatnonzero(kept[nodes]))
                most = GROWTH * rates.nnz
            if rates.nnz >= _DENSE * len(nodes) ** 2:
                break
            degree = np.diff(rates.indptr) + tie[nodes]
            into = rates if self.symmetric else rates.T.tocsr()
            if not self.symmetric:
                degree += np.diff(into.indptr)
            degree[kept[nodes]] = np.inf
            # A lowest degree among all neighbours makes a set without neighbours.
            free = degree < _SLACK * np.floor(degree.min()) + 2.0
            free &= degree < _lowest_neighbour(rates, degree)
            if not self.symmetric:
                free &= degree < _lowest_neighbour(into, degree)
            now, rest = np.flatnonzero(free), np.flatnonzero(~free)
            if not len(now):
                break
            out = rates[now][:, rest]
            back = out if self.symmetric else into[now][:, rest]
            escape = np.asarray(out.sum(axis=1))
            shares = sp.diags_array(1.0 / escape) @ out
            added = sp.csr_array(back.T.tocsr() @ shares)
            added.setdiag(0.0)  # never read, but it would count as a neighbour
            rates = sp.csr_array(rates[rest][:, rest] + added)
            rates.eliminate_zeros()
            left = nodes[rest]
            wide = [self._widened(block, left) for block in (out, back)]
            self.rounds.append(Round(nodes[now], escape, *wide))
            nodes = left
        return nodes, rates

    def _widened(self, block: sp.csr_array, columns: np.ndarray) -> sp.csr_array:
        shape = (count_rows(block), self.size)
        return sp.csr_array((block.data, columns[block.indices], block.indptr), shape=shape)

    @property
    def lowest_escape(self) -> float:
        """The smallest escape rate met: zero where numbers were too small for doubles."""
        parts = [self.dense.escape, *(one.escape for one in self.rounds)]
        return min((float(part.min()) for part in parts if len(part)), default=np.inf)

    def reduced(self) -> Float[np.ndarray, "k k"]:
        """Rates between the nodes that stay, in the order of `keep`."""
        return self.dense.reduced()

    def gather(self, source: Float[np.ndarray, "n r"], transposed: bool = False):
        """`[n, r]`: what each node holds at its turn, and those that stay at the end."""
        source = source.copy()
        for one in self.rounds:
            block = one.out if transposed else one.into
            source += block.T @ (source[one.nodes] / one.escape[:, None])
        core = source[self.nodes]
        self.dense.forward(core, transposed)
        source[self.nodes] = core
        return source

    def solve(
        self, source: Float[np.ndarray, "n r"], boundary: Float[np.ndarray, "n r"],
        transposed: bool = False,
    ) -> Float[np.ndarray, "n r"]:  # fmt: skip
        """`t` with `sum_v k_uv (t_u - t_v) = source_u`, and `t = boundary` at nodes that stay.

        `transposed`: `sum_v (k_uv t_u - k_vu t_v) = source_u` instead.
        """
        source = self.gather(source, transposed)
        answer = boundary.copy()
        core = answer[self.nodes]
        self.dense.backward(source[self.nodes], core, transposed)
        answer[self.nodes] = core
        for one in reversed(self.rounds):
            block = one.into if transposed else one.out
            answer[one.nodes] = 0.0
            answer[one.nodes] = (source[one.nodes] + block @ answer) / one.escape[:, None]
        return answer


def _lowest_neighbour(rates: sp.csr_array, degree: np.ndarray) -> np.ndarray:
    lowest = np.full(len(degree), np.inf)
    rows = np.flatnonzero(np.diff(rates.indptr))
    if len(rows):
        lowest[rows] = np.minimum.reduceat(degree[rates.indices], rates.indptr[rows])
    return lowest
