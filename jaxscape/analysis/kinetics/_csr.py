"""Sparse matrices whose entries are logarithms."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int


def count_rows(matrix: sp.csr_array) -> int:
    """Number of rows."""
    return len(matrix.indptr) - 1


def log_sums(
    groups: Int[np.ndarray, " N"], values: Float[np.ndarray, " N"], count: int
) -> Float[np.ndarray, " count"]:
    """Logarithm of the sum of `exp(values)` in each group; -inf for an empty one.

    >>> log_sums(np.array([0, 0]), np.log([1.0, 2.0]), 2).round(6).tolist()
    [1.098612, -inf]
    """
    top = np.full(count, -np.inf)
    np.maximum.at(top, groups, values)
    shift = np.where(np.isfinite(top), top, 0.0)
    total = np.bincount(groups, np.exp(values - shift[groups]), count)
    with np.errstate(divide="ignore"):
        return np.log(total) + shift


def row_log_sums(matrix: sp.csr_array) -> Float[np.ndarray, " rows"]:
    """Logarithm of the sum of `exp(entries)` of each row; -inf for an empty one."""
    count = count_rows(matrix)
    rows = np.repeat(np.arange(count), np.diff(matrix.indptr))
    return log_sums(rows, matrix.data, count)


def grouped(size: int, rows, columns, logs) -> tuple[sp.csr_array, Int[np.ndarray, " N"]]:
    """A square matrix of logarithms, entries of one place summed; and where each entry went."""
    key = np.asarray(rows, np.int64) * size + np.asarray(columns, np.int64)
    places, where = np.unique(key, return_inverse=True)
    data = log_sums(where, logs, len(places))
    indptr = np.searchsorted(places, np.arange(size + 1) * size)
    return sp.csr_array((data, places % size, indptr), shape=(size, size)), where
