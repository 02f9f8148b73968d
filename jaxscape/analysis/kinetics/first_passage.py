"""How first passage times are distributed.

T. D. Swinburne, D. Kannan, D. J. Sharpe and D. J. Wales, J. Chem. Phys. 153, 134115 (2020).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from jaxscape.analysis.kinetics._absorption import GraphTransformation, absorption, finite_states
from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics._spectrum import (
    check_size,
    conductances,
    lost_digits,
    relative_error,
    spectrum,
)
from jaxscape.analysis.kinetics.rate_matrix import as_rate_matrix


@dataclasses.dataclass(frozen=True, eq=False)
class FirstPassageDistribution:
    """A sum of exponentials: `p(t) = sum_k weight_k rate_k exp(-rate_k t)`.

    - `rate` `[n]`, in units of frequency, falling; `weight` `[n]`: sum to one, may be negative.
    - `mean`: the mean first passage time by graph transformation.
    - `error`: the largest relative error of a rate, of the sum of weights or of the mean.
    """

    rate: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]
    mean: float
    error: float

    def density(self, time) -> np.ndarray:
        """Probability density at the times given, in units of frequency."""
        return self._sum(time, self.weight * self.rate)

    def survival(self, time) -> np.ndarray:
        """Probability that it takes longer."""
        return self._sum(time, self.weight)

    def log_time_density(self, time) -> np.ndarray:
        """Density of the natural logarithm of the time, `t p(t)`, at the times given."""
        return np.asarray(time, float) * self.density(time)

    def moment(self, order: int) -> float:
        """The mean of `t ** order`."""
        if order < 0:
            raise ValueError(f"order is {order}: give a number from zero up")
        factorial = float(np.prod(np.arange(1.0, order + 1)))
        return factorial * float(np.sum(self.weight / self.rate**order))

    def times(self, count: int = 400) -> Float[np.ndarray, " count"]:
        """Times, even in their logarithm, that cover the distribution."""
        used = np.abs(self.weight) > 1e-3
        low = 1e-2 / self.rate[used].max() if used.any() else 1e-3 * self.mean
        high = 30.0 / self.rate[used].min() if used.any() else 30.0 * self.mean
        return np.geomspace(low, high, count)

    def _sum(self, time, factors: np.ndarray) -> np.ndarray:
        with np.errstate(under="ignore"):
            return np.exp(-np.multiply.outer(np.asarray(time, float), self.rate)) @ factors


def first_passage_distribution(
    network,
    a,
    b,
    temperature: float | None = None,
    *,
    tolerance: float = 1e-6,
    **options,
) -> FirstPassageDistribution:
    """The distribution of times from local equilibrium in `a` until `b` is reached.

    By eigenvalues of the absorbing generator, symmetrised by detailed balance. Slow ones come
    from its inverse, which graph transformation gives with all digits: together they cover rates
    over some twenty orders of magnitude, or more where none lies in between.

    **Arguments:**

    - `tolerance`: largest `error`; the rest as `rates`.

    **Raises:** `ValueError` for rates without detailed balance, for more states than dense
    eigenvalues can do, if digits are lost, and as `rates`.

    >>> found = first_passage_distribution(np.ones((3, 3)), 0, 1)
    >>> round(found.mean, 12), round(float(found.survival(0.0)), 12)
    (1.0, 1.0)
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    chain = conductances(matrix)
    times, _ = absorption(matrix.chain, [rows_b], GraphTransformation())
    population = matrix.log_population[rows_a]
    start = population - np.logaddexp.reduce(population)
    with np.errstate(over="ignore"):
        mean = float(np.exp(np.logaddexp.reduce(start + times.log[rows_a])))
    inner = np.flatnonzero(finite_states(chain, rows_b))
    check_size(matrix, "a first-passage distribution")
    values, vectors = spectrum(chain, inner, rows_b)
    half = 0.5 * matrix.log_population[inner]
    place = np.searchsorted(inner, rows_a)
    shift = half[place].max()
    first = np.zeros(len(inner))
    with np.errstate(all="ignore"):
        first[place] = np.exp(start - half[place] + shift)
        weight = (first @ vectors) * (np.exp(half - shift) @ vectors)
        wrong = max(abs(float(np.sum(weight / values)) / mean - 1.0), abs(weight.sum() - 1.0))
    error = max(relative_error(values), wrong if np.isfinite(wrong) else np.inf)
    if not error <= tolerance:
        raise ValueError(lost_digits(values, error))
    return FirstPassageDistribution(values, weight, mean, error)
