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
_EPS = float(np.finfo(np.float64).eps)


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
    graph transformation with all its digits. NaN where numbers do not fit into doubles.
    """
    small = chain.lumped([sinks], inner)
    size = len(inner)
    half = 0.5 * small.mass.log
    half[size:] = 0.0
    entries = small.logs.tocoo()
    logs = entries.data - half[entries.row] - half[entries.col]
    dense = np.zeros((size + 1, size + 1))
    dense[entries.row, entries.col] = np.exp(logs)
    own = entries.row < size
    rates = np.exp(entries.data - 2 * half[entries.row])
    escape = np.bincount(entries.row[own], rates[own], size)
    values, vectors = scipy.linalg.eigh(np.diag(escape) - dense[:size, :size])
    values, vectors = values[::-1], vectors[:, ::-1]
    if size == 1 or values[-1] > values[0] / _SPREAD:
        return values, vectors
    slow, slow_vectors = _slow(small, size)
    return joined((values, vectors), (slow, slow_vectors))


def joined(fast, slow):
    """Eigenvalues, falling, and vectors: fast ones of the matrix, slow ones of its inverse."""
    border = np.sqrt(fast[0][0] * slow[0][-1])
    count = len(fast[0]) - int(np.sum(slow[0] < border))
    return (
        np.concatenate([fast[0][:count], slow[0][count:]]),
        np.concatenate([fast[1][:, :count], slow[1][:, count:]], axis=1),
    )


def relative_error(values: Float[np.ndarray, " n"]) -> float:
    """Of the worst eigenvalue, as it is far from the largest of the matrix and of its inverse."""
    if not (np.isfinite(values).all() and (values > 0).all()):
        return np.inf
    return float(_EPS * np.minimum(values.max() / values, values / values.min()).max())


def lost_digits(values, error: float) -> str:
    """What to do about eigenvalues too far apart."""
    span = np.log10(values[values > 0].max() / values[values > 0].min()) if error < np.inf else 300
    return (
        f"eigenvalues over some {span:.0f} orders of magnitude lose digits (relative error up to "
        f"{error:.1g}): raise the temperature, or eliminate or join fast states first "
        "(reduce_network, regroup)"
    )


def _slow(chain: Chain, size: int):
    """The same eigenvalues from the inverse, `G_uv / sqrt(p_u p_v)` times populations."""
    mass = chain.mass.log
    shift = chain.logs.data.max()
    rates = chain.logs.copy()
    rates.data = np.exp(rates.data - shift)
    matrix = rates.toarray()
    right = np.zeros((size + 1, size))
    right[np.arange(size), np.arange(size)] = 1.0
    answer = np.zeros_like(right)
    with np.errstate(all="ignore"):
        engine = DenseElimination(matrix, size, symmetric=True)
        engine.forward(right)
        engine.backward(right, answer)
        half = np.exp(0.5 * (mass[:size] - mass[:size].max()))
        inverse = half[:, None] * answer[:size] * half
    if not np.isfinite(inverse).all():
        return np.full(size, np.nan), np.full((size, size), np.nan)
    values, vectors = scipy.linalg.eigh(0.5 * (inverse + inverse.T))
    with np.errstate(divide="ignore", over="ignore"):
        slow = np.exp(shift - mass[:size].max()) / np.maximum(values, 0.0)
    return slow, vectors
