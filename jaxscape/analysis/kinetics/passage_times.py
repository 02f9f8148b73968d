"""Mean first passage times: to a set, between all pairs, and their mean.

J. G. Kemeny and J. L. Snell, Finite Markov Chains, Van Nostrand (1960);
D. Heyman and D. O'Leary, Math. Comput. 64, 1627 (1995), on the digits.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._absorption import GraphTransformation, Method, absorption
from jaxscape.analysis.kinetics._chain import Chain
from jaxscape.analysis.kinetics._dense import DenseElimination
from jaxscape.analysis.kinetics._ends import ends_of, rows_of
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix

_TINY, _HUGE = 1e-290, 1e290


@dataclasses.dataclass(frozen=True, eq=False)
class PassageTimes:
    """Mean first passage times to a set of minima.

    - `ids` `[M]`: of all minima. `targets` (ids): the set.
    - `time` `[M]`: from each minimum, in units of time; zero for targets, infinite where the set
      may never be reached. `log_time` `[M]`: their natural logarithms, also beyond doubles.
    """

    ids: Int[np.ndarray, " M"]
    targets: Int[np.ndarray, " n"]
    time: Float[np.ndarray, " M"]
    log_time: Float[np.ndarray, " M"]


def mean_first_passage_times(
    network,
    targets,
    temperature: float | None = None,
    *,
    method: Method = GraphTransformation(),
    **options,
) -> PassageTimes:
    """Mean time from every minimum until one of a set is reached.

    **Arguments:**

    - `network`, `temperature`, `method`, and options: as `rates`.
    - `targets`: ids of minima, one or many.

    **Raises:** `ValueError` for an empty set or an unknown id, and as `step_rates`.

    >>> mean_first_passage_times(np.array([[0.0, 2.0], [1.0, 0.0]]), 1).time.tolist()
    [0.5, 0.0]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows = rows_of(matrix, targets, "targets")
    times, _ = absorption(matrix.chain, [rows], method)
    return PassageTimes(matrix.ids, matrix.ids[rows], times.value, times.log)


def mean_first_passage_matrix(
    network, temperature: float | None = None, **options
) -> Float[np.ndarray, "M M"]:
    """Logarithms of the mean first passage times between all pairs, from row to column.

    Work grows with the third power of the number of minima: some seconds for 1,000. All digits
    at any temperature; -inf on the diagonal, inf where a minimum may never be reached.

    **Arguments:** as `rates`.

    >>> rates = np.array([[0.0, 2.0], [1.0, 0.0]])
    >>> np.exp(mean_first_passage_matrix(rates)).tolist()
    [[0.0, 0.5], [1.0, 0.0]]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    return _all_pairs(matrix.chain)


def kemeny_constant(network, temperature: float | None = None, **options) -> float:
    """Mean time to a minimum drawn from equilibrium, which is the same from everywhere.

    The sum of all relaxation times. **Arguments:** as `rates`.

    >>> round(kemeny_constant(np.array([[0.0, 2.0], [1.0, 0.0]])), 12)
    0.333333333333
    """
    matrix = as_rate_matrix(network, temperature, **options)
    start = int(np.argmax(matrix.log_population))
    times = _all_pairs(matrix.chain)[start]
    with np.errstate(over="ignore"):
        return float(np.exp(np.logaddexp.reduce(matrix.log_population + times)))


def residence_times(
    network, a, b, temperature: float | None = None, **options
) -> Float[np.ndarray, " M"]:
    """Mean total time spent in each minimum on the way from a set to another.

    Starting from local equilibrium in `a`, until `b` is reached: the times `[M]` sum to the mean
    first passage time. (The mean time of a single visit is `RateMatrix.waiting_times`.)

    **Arguments:** and **raises:** as `rates`.

    >>> residence_times(np.ones((3, 3)), 0, 1).round(12).tolist()
    [0.666666666667, 0.0, 0.333333333333]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    with np.errstate(over="ignore"):
        return np.exp(log_visits(matrix, rows_a, rows_b))


def log_visits(matrix: RateMatrix, rows_a: np.ndarray, rows_b: np.ndarray) -> np.ndarray:
    """`[M]`, logarithm of the mean time in each state from local equilibrium in a until b."""
    from jaxscape.analysis.kinetics._absorption import finite_states
    from jaxscape.analysis.kinetics._chain import Positive

    chain = matrix.chain
    inner = np.flatnonzero(finite_states(chain, rows_b))
    small = chain.lumped([rows_b], inner)
    start = np.full(len(small), -np.inf)
    weights = matrix.log_population[rows_a]
    start[np.searchsorted(inner, rows_a)] = weights - np.logaddexp.reduce(weights)
    sink = np.array([len(inner)])
    visits = small.eliminate(sink).solve(
        Positive(log=start), Positive.zeros(len(small)), transposed=True
    )
    found = np.full(len(chain), -np.inf)
    found[inner] = (visits * small.mass).log[: len(inner)]
    return found


def _all_pairs(chain: Chain) -> np.ndarray:
    found = _in_doubles(chain)
    if found is not None:
        with np.errstate(divide="ignore"):
            return np.log(found)
    columns = [
        absorption(chain, [np.array([row])], GraphTransformation())[0].log
        for row in range(len(chain))
    ]
    return np.stack(columns, axis=1)


def _in_doubles(chain: Chain) -> np.ndarray | None:
    """All times, or None where they do not fit into doubles or some are infinite."""
    shift = chain.mass.log.max()
    data = chain.logs.data
    if not len(data) or (chain.values is None and np.ptp(data) > 600):
        return None
    level = 0.0 if chain.values is not None else data.max()
    dense = chain.logs.copy()
    dense.data = np.exp(data - level) if chain.values is None else chain.values
    mass = chain.mass.value if chain.mass.exact else np.exp(chain.mass.log - shift)
    with np.errstate(all="ignore"):
        times = _halves(dense.toarray(), mass, chain.symmetric)
    apart = times[~np.eye(len(chain), dtype=bool)]
    if not ((apart > _TINY) & (apart < _HUGE)).all() or not (mass > _TINY).all():
        return None
    scale = 0.0 if chain.mass.exact else shift
    if abs(scale - level) > 600:
        return None
    return times * np.exp(scale - level)


def _halves(rates: np.ndarray, mass: np.ndarray, symmetric: bool) -> np.ndarray:
    """Times to each half of the states, from the chain of that half alone and back."""
    size = len(rates)
    if size == 1:
        return np.zeros((1, 1))
    times = np.empty((size, size))
    for targets in np.array_split(np.arange(size), 2):
        others = np.setdiff1d(np.arange(size), targets)
        order = np.concatenate([others, targets])
        engine = DenseElimination(rates[np.ix_(order, order)], len(others), symmetric)
        held = mass[order][:, None]
        engine.forward(held)
        answer = np.zeros((size, len(targets)))
        answer[len(others) :] = _halves(engine.reduced(), held[len(others) :, 0], symmetric)
        engine.backward(held, answer)
        times[np.ix_(order, targets)] = answer
    return times
