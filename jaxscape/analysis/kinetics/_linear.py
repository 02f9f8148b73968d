"""Sparse linear solves that know how many of their digits are right."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import MatrixRankWarning, splu

from jaxscape.analysis.kinetics._chain import Chain, Positive

_EPS = np.finfo(np.float64).eps


@dataclasses.dataclass(frozen=True)
class GuardedSolution:
    """Times and probabilities, and a bound on the relative error of the worst component."""

    times: Positive
    shares: list[Positive]
    error: float


def solve_with_guard(chain: Chain, sinks: np.ndarray) -> GuardedSolution:
    """Times to the sinks `[n]` and the probability of each, by sparse LU decomposition.

    The inverse of the matrix has no negative entry, so that one more solve, with the rounding
    errors of every equation on the right, bounds the error of each component.
    """
    size = len(chain)
    inner = np.setdiff1d(np.arange(size), sinks)
    logs = chain.logs
    # Populations divided out, so that rows are as near to each other as they can be.
    mass = chain.mass.log
    rows = np.repeat(np.arange(size), np.diff(logs.indptr))
    with np.errstate(over="ignore"):
        values = np.exp(logs.data - mass[rows]) if chain.values is None else (
            chain.values / chain.mass.value[rows]
        )  # fmt: skip
    rates = sp.csr_array((values, logs.indices, logs.indptr), shape=logs.shape)[inner]
    escape = np.asarray(rates.sum(axis=1)).ravel()
    bad = GuardedSolution(Positive.zeros(size), [Positive.zeros(size) for _ in sinks], np.inf)
    if not (np.isfinite(escape).all() and (escape > 0).all()):
        return bad
    # Branching probabilities: rows of the matrix then sum to the probability of a sink.
    branching = sp.csr_array(sp.diags_array(1.0 / escape) @ rates)
    matrix = sp.csc_array(sp.eye_array(len(inner)) - branching[:, inner])
    right = np.column_stack([1.0 / escape, branching[:, sinks].toarray()])
    try:
        factors = splu(matrix)
    except (RuntimeError, MatrixRankWarning):
        return bad
    with np.errstate(all="ignore"):
        found = factors.solve(right)
        size_of = abs(matrix)
        most = np.asarray(size_of.sum(axis=1)).ravel().size and np.diff(branching.indptr).max() + 3
        residual = abs(right - matrix @ found)
        rounding = residual + most * _EPS * (size_of @ abs(found) + right)
        bound = abs(factors.solve(rounding))
        relative = np.where(rounding > 0, bound / np.maximum(found, 1e-300), 0.0)
        error = float(np.max(relative)) if (found[:, 0] > 0).all() else np.inf
        if not np.isfinite(error) or (found < 0).any():
            error = np.inf
    wide = np.zeros((size, right.shape[1]))
    wide[inner] = found
    wide[sinks, 1 + np.arange(len(sinks))] = 1.0
    columns = [Positive(np.ascontiguousarray(column)) for column in wide.T]
    return GuardedSolution(columns[0], columns[1:], error)
