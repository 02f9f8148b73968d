"""Relaxation to equilibrium: the slow modes of a network."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components

from jaxscape.analysis.kinetics._spectrum import (
    check_size,
    conductances,
    joined,
    lost_digits,
    relative_error,
    spectrum,
)
from jaxscape.analysis.kinetics.rate_matrix import as_rate_matrix

# Largest relative error of a rate.
_TOLERANCE = 1e-5


@dataclasses.dataclass(frozen=True, eq=False)
class RelaxationModes:
    """The modes in which populations relax, slowest first.

    - `ids` `[M]`; `rate` `[k]`, in units of frequency; `time` `[k]`: their inverses.
    - `mode` `[M, k]`: the eigenvectors, of mean zero and mean square one at equilibrium: minima
      of one sign exchange with those of the other.
    """

    ids: Int[np.ndarray, " M"]
    rate: Float[np.ndarray, " k"]
    mode: Float[np.ndarray, "M k"]

    @property
    def time(self) -> Float[np.ndarray, " k"]:
        """`[k]`, relaxation times."""
        return 1.0 / self.rate


def relaxation_modes(
    network, temperature: float | None = None, *, count: int | None = None, **options
) -> RelaxationModes:
    """Eigenvalues and eigenvectors of the generator, without the equilibrium itself.

    **Arguments:** `count`: how many, the slowest; all by default. The rest as `rates`.

    **Raises:** `ValueError` for rates without detailed balance, a network that is not connected,
    one of more states than dense eigenvalues can do, or rates too far apart for them; and as
    `step_rates`.

    >>> relaxation_modes(np.ones((3, 3))).rate.round(12).tolist()
    [3.0, 3.0]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    check_size(matrix, "a relaxation spectrum")
    chain = conductances(matrix)
    parts, _ = connected_components(chain.logs, directed=False)
    if parts > 1:
        raise ValueError(
            f"the network has {parts} parts that are not connected: keep one of them "
            "(reduce_network), or explore longer"
        )
    size = len(matrix)
    if size == 1:
        return RelaxationModes(matrix.ids, np.zeros(0), np.zeros((1, 0)))
    half = np.exp(0.5 * matrix.log_population)
    values, vectors = _without_equilibrium(matrix, chain, half)
    count = size - 1 if count is None else count
    if not 0 < count < size:
        raise ValueError(f"count is {count}: {size} states have 1 to {size - 1} modes")
    values, vectors = values[:count], vectors[:, :count]
    with np.errstate(divide="ignore", invalid="ignore"):
        modes = vectors / half[:, None]
    largest = np.argmax(np.abs(vectors), axis=0)
    signs = np.sign(vectors[largest, np.arange(count)])
    return RelaxationModes(matrix.ids, values, modes * signs)


def _without_equilibrium(matrix, chain, half: np.ndarray):
    """Eigenvalues, rising, and vectors, orthogonal to the root of populations."""
    size = len(half)
    top = int(np.argmax(half))
    rest = np.setdiff1d(np.arange(size), [top])
    # Without the most populated state the generator has an inverse; its projection is that of
    # the whole, and its eigenvalues are the times.
    values, vectors = spectrum(chain, rest, np.array([top]))
    if not relative_error(values) <= _TOLERANCE:
        raise ValueError(lost_digits(values, relative_error(values)))
    inverse = np.zeros((size, size))
    inverse[np.ix_(rest, rest)] = (vectors / values) @ vectors.T
    side = inverse @ half
    inverse -= np.outer(side, half) + np.outer(half, side) - (half @ side) * np.outer(half, half)
    times, slow = np.linalg.eigh(0.5 * (inverse + inverse.T))
    # The smallest time is that of equilibrium, zero.
    with np.errstate(divide="ignore"):
        slow_rates = 1.0 / np.maximum(times[1:], 0.0)
    entries = chain.logs.tocoo()
    logs = 0.5 * matrix.log_population
    dense = np.zeros((size, size))
    dense[entries.row, entries.col] = np.exp(entries.data - logs[entries.row] - logs[entries.col])
    direct, fast = np.linalg.eigh(np.diag(np.exp(matrix.log_escape)) - dense)
    values, vectors = joined((direct[:0:-1], fast[:, :0:-1]), (slow_rates, slow[:, 1:]))
    if not relative_error(values) <= _TOLERANCE:
        raise ValueError(lost_digits(values, relative_error(values)))
    return values[::-1], vectors[:, ::-1]
