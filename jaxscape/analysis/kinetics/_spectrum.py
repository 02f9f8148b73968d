"""Eigenvalues of symmetrised generators, fast and slow ones with equal care."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._chain import Chain, Positive
from jaxscape.analysis.kinetics._dense import DenseElimination
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix

MOST = 4000
# Beyond this ratio of eigenvalues, slow ones come from the inverse.
_SPREAD = 1e6


def check_size(matrix: RateMatrix, what: str) -> None:
    """Dense eigenvalues have their limit.

    **Raises:** `ValueError` beyond it.
    """
    if len(matrix) > MOST:
        raise ValueError(
            f"{what} of {len(matrix)} states needs more than the {MOST} that dense eigenvalues "
            "can do: reduce_network or regroup first"
        )


def conductances(matrix: RateMatrix) -> Chain:
    """The chain with detailed balance.

    **Raises:** `ValueError` if the rates do not have it.
    """
    chain = matrix.chain
    if matrix.reversible:
        return chain
    logs = chain.logs.copy()
    flow = matrix.log_population[matrix.source] + matrix.log_rate
    logs.data = flow
    other = logs.T.tocsr()
    same = np.array_equal(other.indices, logs.indices) and np.array_equal(other.indptr, logs.indptr)
    if not same or (worst := np.abs(other.data - flow).max(initial=0.0)) > 1e-8:
        much = "some step has no way back" if not same else f"they differ by {worst:.1g}"
        raise ValueError(
            f"the rates do not obey detailed balance ({much}), without which eigenvalues are "
            "complex: use kinetic_monte_carlo, or rates of a network"
        )
    logs.data = 0.5 * (flow + other.data)
    return Chain(logs, None, Positive(log=matrix.log_population), symmetric=True)


def spectrum(
    chain: Chain, inner: Int[np.ndarray, " n"], sinks: Int[np.ndarray, " s"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n n"]]:
    """Eigenvalues `[n]`, falling, and eigenvectors `[n, n]` of minus the absorbing generator.

    Symmetrised with the square roots of populations; `sinks` absorb. Large eigenvalues are those
    of the matrix, small ones those of its inverse, which has no negative entries and comes from
    graph transformation with all its digits.
    """
    small = chain.lumped([sinks], inner)
    size = len(inner)
    half = 0.5 * small.mass.log
    half[size:] = 0.0
    entries = small.logs.tocoo()
    logs = entries.data - half[entries.row] - half[entries.col]
    dense = np.zeros((size + 1, size + 1))
    dense[entries.row, entries.col] = np.exp(logs)
    escape = np.zeros(size)
    np.add.at(escape, entries.row[entries.row < size],
              np.exp(entries.data - 2 * half[entries.row])[entries.row < size])  # fmt: skip
    values, vectors = scipy.linalg.eigh(np.diag(escape) - dense[:size, :size])
    values, vectors = values[::-1], vectors[:, ::-1]
    if size > 1 and values[-1] < values[0] / _SPREAD:
        slow, slow_vectors = _slow(small, size)
        border = np.sqrt(values[0] * slow[-1])
        count = int(np.sum(slow < border))
        values = np.concatenate([values[: size - count], slow[size - count :]])
        vectors = np.concatenate(
            [vectors[:, : size - count], slow_vectors[:, size - count :]], axis=1
        )
    return values, vectors


def _slow(chain: Chain, size: int):
    """The same eigenvalues from the inverse, `G_uv / sqrt(p_u p_v)` times populations."""
    mass = chain.mass.log
    shift = chain.logs.data.max()
    rates = chain.logs.copy()
    rates.data = np.exp(rates.data - shift)
    matrix = rates.toarray()
    engine = DenseElimination(matrix, size, symmetric=True)
    right = np.zeros((size + 1, size))
    right[np.arange(size), np.arange(size)] = 1.0
    answer = np.zeros_like(right)
    engine.forward(right)
    engine.backward(right, answer)
    half = np.exp(0.5 * (mass[:size] - mass[:size].max()))
    inverse = half[:, None] * answer[:size] * half
    values, vectors = scipy.linalg.eigh(0.5 * (inverse + inverse.T))
    with np.errstate(divide="ignore"):
        slow = np.exp(shift - mass[:size].max()) / np.maximum(values, 0.0)
    return slow, vectors
