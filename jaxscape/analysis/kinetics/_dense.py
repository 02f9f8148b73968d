"""Dense graph transformation: the end of every elimination, where the network has filled up.

W. K. Grassmann, M. I. Taksar and D. P. Heyman, Oper. Res. 33, 1107 (1985).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_PANEL = 64
_ROWS = 1024


class DenseElimination:
    """A dense network after some of its nodes have been eliminated.

    **Arguments:**

    - `matrix` `[N, N]`: rates from row to column, or conductances; overwritten, the diagonal is
      not read. If `symmetric`, only the upper triangle is read and written.
    - `count`: the first so many nodes are eliminated, in this order.

    `escape` `[count]` is the escape rate of every node at its turn: a sum of rates, so that
    nothing is ever subtracted.
    """

    def __init__(self, matrix: Float[np.ndarray, "N N"], count: int, symmetric: bool):
        self.matrix, self.count, self.symmetric = matrix, count, symmetric
        self.escape = np.empty(count)
        for first in range(0, count, _PANEL):
            self._panel(first, min(first + _PANEL, count))

    def _panel(self, first: int, last: int) -> None:
        matrix, symmetric, width = self.matrix, self.symmetric, last - first
        rows, columns = matrix[first:last, first:], matrix[last:, first:last]
        for i in range(width):
            tail = rows[i, i + 1 :]
            total = self.escape[first + i] = tail.sum()
            back = rows[i, i + 1 : width] if symmetric else rows[i + 1 :, i]
            rows[i + 1 :, i + 1 :] += np.multiply.outer(back / total, tail)
            if not symmetric:
                columns[:, i + 1 :] += np.multiply.outer(
                    columns[:, i] / total, tail[: width - i - 1]
                )
        block, escape = rows[:, width:], self.escape[first:last]
        for top in range(last, len(matrix), _ROWS):
            end = min(top + _ROWS, len(matrix))
            start = top if symmetric else last
            left = (
                block[:, top - last : end - last].T
                if symmetric
                else columns[top - last : end - last]
            )
            matrix[top:end, start:] += (left / escape) @ block[:, start - last :]

    def reduced(self) -> Float[np.ndarray, "kept kept"]:
        """Rates between the nodes that are left; zero on the diagonal."""
        rest = self.matrix[self.count :, self.count :].copy()
        if self.symmetric:
            upper = np.triu(rest, 1)
            return upper + upper.T
        np.fill_diagonal(rest, 0.0)
        return rest

    def forward(self, source: Float[np.ndarray, "N r"], transposed: bool = False) -> None:
        """Hand what eliminated nodes hold to those after them, in place."""
        matrix = self.matrix if self.symmetric or transposed else self.matrix.T
        for first in range(0, self.count, _PANEL):
            last = min(first + _PANEL, self.count)
            for i in range(first, last):
                share = source[i] / self.escape[i]
                source[i + 1 : last] += np.multiply.outer(matrix[i, i + 1 : last], share)
            shares = source[first:last] / self.escape[first:last, None]
            source[last:] += matrix[first:last, last:].T @ shares

    def backward(
        self, source: Float[np.ndarray, "N r"], answer: Float[np.ndarray, "N r"],
        transposed: bool = False,
    ) -> None:  # fmt: skip
        """Answers of eliminated nodes from those of the nodes after them, in place."""
        matrix = self.matrix.T if transposed and not self.symmetric else self.matrix
        for first in range((self.count - 1) // _PANEL * _PANEL, -1, -_PANEL):
            last = min(first + _PANEL, self.count)
            answer[first:last] = source[first:last] + matrix[first:last, last:] @ answer[last:]
            for i in range(last - 1, first - 1, -1):
                answer[i] += matrix[i, i + 1 : last] @ answer[i + 1 : last]
                answer[i] /= self.escape[i]
