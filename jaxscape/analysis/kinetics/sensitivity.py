"""How a rate answers to the energy and the frequencies of every stationary point."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._absorption import GraphTransformation, absorption
from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.passage_times import log_visits
from jaxscape.analysis.kinetics.rate_matrix import rate_matrix
from jaxscape.analysis.kinetics.steps import log_conductances
from jaxscape.analysis.thermodynamics.superposition import log_weights
from jaxscape.landscape import KineticNetwork, Landscape, as_network


@dataclasses.dataclass(frozen=True, eq=False)
class RateSensitivity:
    """Derivatives of the logarithm of a rate constant.

    - `log_rate`: logarithm of `1 / mean first passage time`, from local equilibrium in `a` to `b`.
    - `energy` `[M]`, `ts_energy` `[T]`: derivatives by the energy of each minimum and transition
      state, in 1 / energy.
    - `log_product` `[M]`, `ts_log_product` `[T]`: by their log products.
    - `error`: how far the derivatives by transition states miss their sum rule, relative.
    """

    ids: Int[np.ndarray, " M"]
    ts_ids: Int[np.ndarray, " T"]
    log_rate: float
    energy: Float[np.ndarray, " M"]
    ts_energy: Float[np.ndarray, " T"]
    log_product: Float[np.ndarray, " M"]
    ts_log_product: Float[np.ndarray, " T"]
    error: float


def rate_sensitivity(
    network: Landscape | KineticNetwork,
    a,
    b,
    temperature: float,
    *,
    tolerance: float = 1e-6,
    **options,
) -> RateSensitivity:
    """Which stationary points control the rate from `a` to `b`.

    Two eliminations give all derivatives: of the mean first passage times, and of the times spent
    everywhere on the way. A common rise of all transition states by `dE` slows everything by
    `dE / kT`: this sum rule tells how many digits are right.

    **Arguments:** `tolerance`: of the sum rule; the rest as `rates`.

    **Raises:** `ValueError` if digits are lost, and as `rates`.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0])
    >>> found = rate_sensitivity(network, 0, 1, 0.5, frequencies=False)
    >>> found.energy.round(12).tolist(), found.ts_energy.round(12).tolist()
    ([2.0, 0.0], [-2.0])
    """
    network = as_network(network)
    matrix = rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    times = absorption(matrix.chain, [rows_b], GraphTransformation())[0].log
    visits = log_visits(matrix, rows_a, rows_b)
    population = matrix.log_population
    start = population[rows_a] - np.logaddexp.reduce(population[rows_a])
    log_time = float(np.logaddexp.reduce(start + times[rows_a]))
    # By the logarithms of populations: more time where they grow, and starts that shift.
    by_population = np.exp(visits - log_time)
    share = np.exp(start)
    by_population[rows_a] += np.exp(start + times[rows_a] - log_time) - share
    by_conductance = _by_conductance(network, matrix, times, visits, log_time, options)
    # The rate is the inverse of the time.
    by_population, error = -by_population, abs(by_conductance.sum() - 1.0)
    if not error <= tolerance:
        raise ValueError(
            f"the derivatives miss their sum rule by {error:.1g}: at this temperature times on "
            "either side of fast steps no longer differ in doubles; regroup fast states first"
        )
    return RateSensitivity(
        matrix.ids, network.ts_ids, -log_time, -by_population / temperature,
        -by_conductance / temperature, -0.5 * by_population, -0.5 * by_conductance, error,
    )  # fmt: skip


def _by_conductance(network, matrix, times, visits, log_time: float, options) -> np.ndarray:
    """`[T]`, of the logarithm of the rate: what flows through, times how much time it saves."""
    weights = log_weights(network, matrix.temperature, options.get("frequencies", True))
    settings = {"friction": 0.0, "frequencies": True} | options
    logs = log_conductances(network, matrix.temperature, **settings)
    plus, minus = network.plus, network.minus
    same = plus == minus
    low, high = np.where(same, 0, plus), np.where(same, 0, minus)
    # The conductances of the chain are normalised like its populations.
    shift = matrix.log_population[0] - weights[0]
    # Visits per population: zero at b, where nothing is spent.
    density = visits - matrix.log_population
    known = np.isfinite(times[low]) | np.isfinite(times[high])
    level_t = np.where(known, np.maximum(times[low], times[high]), 0.0)
    level_v = np.where(known, np.maximum(density[low], density[high]), 0.0)
    known &= np.isfinite(level_t) & np.isfinite(level_v)
    level_t, level_v = np.where(known, level_t, 0.0), np.where(known, level_v, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        less_time = np.exp(times[low] - level_t) - np.exp(times[high] - level_t)
        fewer = np.exp(density[low] - level_v) - np.exp(density[high] - level_v)
        scale = np.exp(logs + shift + level_t + level_v - log_time)
        found = np.where(known & ~same, scale * less_time * fewer, 0.0)
    return np.where(np.isfinite(found), found, 0.0)
