"""Rate constants between two sets of minima.

D. J. Wales, J. Chem. Phys. 130, 204111 (2009);
T. D. Swinburne and D. J. Wales, J. Chem. Theory Comput. 16, 2661 (2020).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Int

from jaxscape.analysis.kinetics._absorption import GraphTransformation, Method, absorption
from jaxscape.analysis.kinetics._chain import Chain, Positive, reaching
from jaxscape.analysis.kinetics._csr import log_sums
from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix

# Up to so many states of both sets together, all others are eliminated once for all results.
_TOGETHER = 1000


@dataclasses.dataclass(frozen=True)
class RateConstants:
    """From one set to another, as natural logarithms; the plain numbers without `log_`.

    - `log_rate`: the mean over the first set of `1 / T`, with `T` the mean first passage time of
      each of its minima to the second set: the rate constant of graph transformation.
    - `log_mean_time`: mean first passage time from the first set to the second.
    - `log_steady_state`, `log_non_steady_state`: the rate constants of steady states, in which
      time spent on the way is not counted, and of states that are not steady, where it is.

    Populations within the first set are those of local equilibrium unless others were given.
    """

    log_rate: float
    log_mean_time: float
    log_steady_state: float
    log_non_steady_state: float

    @property
    def rate(self) -> float:
        """In units of frequency; zero or infinite where doubles end."""
        return _exp(self.log_rate)

    @property
    def mean_time(self) -> float:
        """In units of time."""
        return _exp(self.log_mean_time)

    @property
    def steady_state(self) -> float:
        """In units of frequency."""
        return _exp(self.log_steady_state)

    @property
    def non_steady_state(self) -> float:
        """In units of frequency."""
        return _exp(self.log_non_steady_state)


@dataclasses.dataclass(frozen=True, eq=False)
class Rates:
    """Rate constants both ways between the minima `a` and `b` (ids).

    - `forward`: from `a` to `b`; `backward`: from `b` to `a`.
    - `log_population_a`, `log_population_b`: logarithms of the equilibrium populations.
    - `temperature`: `kT`, None for rates that were given.
    """

    a: Int[np.ndarray, " A"]
    b: Int[np.ndarray, " B"]
    forward: RateConstants
    backward: RateConstants
    log_population_a: float
    log_population_b: float
    temperature: float | None

    def __str__(self) -> str:
        at = "" if self.temperature is None else f" at kT = {self.temperature:g}"
        lines = [
            f"{_names(self.a)} -> {_names(self.b)}{at}",
            f"{'':22}{'forward':>14}{'backward':>14}",
        ]
        for name in ("rate", "mean_time", "steady_state", "non_steady_state"):
            pair = (getattr(side, f"log_{name}") for side in (self.forward, self.backward))
            numbers = "".join(f"{scientific(log):>14}" for log in pair)
            lines.append(f"{name.replace('_', ' '):22}{numbers}")
        return "\n".join(lines)


def rates(
    network,
    a,
    b,
    temperature: float | None = None,
    *,
    method: Method = GraphTransformation(),
    start_a=None,
    start_b=None,
    friction: float = 0.0,
    frequencies: bool = True,
) -> Rates:
    """Rate constants and mean first passage times between two sets of minima, both ways.

    **Arguments:**

    - `network`: a `Landscape`, a `KineticNetwork`, a `RateMatrix`, or a matrix of rates
      `[M, M]`, from row to column.
    - `a`, `b`: ids of minima, one or many.
    - `temperature`: `kT` in the network's unit of energy; not with rates that are given.
    - `method`: `GraphTransformation()`, or `LinearSolve(...)`.
    - `start_a` `[A]`, `start_b` `[B]`: populations to start from, in the order of the ids given,
      in any normalisation. Default: local equilibrium.
    - `friction`, `frequencies`: as `step_rates`.

    **Returns:** `Rates`. **Raises:** `ValueError` if the sets overlap, one is empty, an id does
    not exist, or no path joins them; and as `step_rates`.

    >>> found = rates(np.ones((3, 3)), 0, 1)
    >>> round(found.forward.rate, 12), round(found.forward.steady_state, 12)
    (1.0, 1.5)
    """
    matrix = as_rate_matrix(network, temperature, friction=friction, frequencies=frequencies)
    rows_a, rows_b = ends_of(matrix, a, b)
    start = _start(matrix, a, rows_a, start_a), _start(matrix, b, rows_b, start_b)
    together = len(rows_a) + len(rows_b) <= _TOGETHER and isinstance(method, GraphTransformation)
    both = _reduced if together else _separate
    forward, backward = both(matrix, (rows_a, rows_b), start, method)
    total_a, total_b = (
        float(np.logaddexp.reduce(matrix.log_population[rows])) for rows in (rows_a, rows_b)
    )
    return Rates(
        matrix.ids[rows_a], matrix.ids[rows_b], forward, backward, total_a, total_b,
        matrix.temperature,
    )  # fmt: skip


def scientific(log: float) -> str:
    """A number of any size from its natural logarithm.

    >>> scientific(np.log(2.5)), scientific(-1000.0)
    ('2.5000e+00', '5.0760e-435')
    """
    if not np.isfinite(log):
        return "0" if log < 0 else "inf"
    power = int(np.floor(log / np.log(10)))
    digits = f"{np.exp(log - power * np.log(10)):.4f}"
    if digits.startswith("10"):
        digits, power = "1.0000", power + 1
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _reduced(matrix: RateMatrix, ends, start, method: Method) -> list[RateConstants]:
    """All from the chain of the two sets, from which every other state has been eliminated."""
    chain = matrix.chain
    rows = np.concatenate(ends)
    inner = reachable(chain, rows)
    small = chain.lumped([], np.concatenate([rows, inner]))
    kept = np.arange(len(rows))
    rest = small.eliminate(kept).reduced() if len(inner) else small
    first, second = kept[: len(ends[0])], kept[len(ends[0]) :]
    found = []
    for source, target, weights in ((first, second, start[0]), (second, first, start[1])):
        times, _ = absorption(rest, [target], method)
        crossing = _out_of(rest, source, target)
        found.append(
            _constants(
                times[source],
                crossing / chain.mass[rows[source]],
                crossing / rest.mass[source],
                weights,
            )  # fmt: skip
        )
    return found


def _separate(matrix: RateMatrix, ends, start, method: Method) -> list[RateConstants]:
    """Each from an elimination of its own, in which the sets are single states."""
    chain = matrix.chain
    until, reach = absorption(chain, list(ends), method)
    found = []
    for number, weights in enumerate(start):
        source, target = ends[number], ends[1 - number]
        times, _ = absorption(chain, [target], method)
        crossing = _onto(chain, source, reach[1 - number])
        delay = _onto(chain, source, until)
        mass = chain.mass[source]
        whole = Positive(log=np.logaddexp(mass.log, delay.log))
        found.append(_constants(times[source], crossing / mass, crossing / whole, weights))
    return found


def _constants(times: Positive, steady: Positive, other: Positive, weights: np.ndarray):
    total = [
        np.logaddexp.reduce(weights + value)
        for value in (-times.log, times.log, steady.log, other.log)
    ]
    return RateConstants(*map(float, total))


def _out_of(chain: Chain, source: np.ndarray, target: np.ndarray) -> Positive:
    """`[source]`, sum of the entries from each source to all targets."""
    return _onto(chain, source, Positive.indicator(target, len(chain)))


def _onto(chain: Chain, source: np.ndarray, values: Positive) -> Positive:
    """`[source]`, entries times the values of the states they lead to, summed by source."""
    entries = chain.logs.tocoo()
    place = np.full(len(chain), -1)
    place[source] = np.arange(len(source))
    used = place[entries.row] >= 0
    logs = entries.data[used] + values.log[entries.col[used]]
    return Positive(log=log_sums(place[entries.row[used]], logs, len(source)))


def reachable(chain: Chain, rows: np.ndarray) -> np.ndarray:
    """Other states that lead to these rows and can be reached from them."""
    found = reaching(chain.logs, rows) & reaching(chain.logs.T.tocsr(), rows)
    found[rows] = False
    return np.flatnonzero(found)


def _start(matrix: RateMatrix, ids, rows: np.ndarray, weights) -> np.ndarray:
    """`[rows]`, logarithms of the populations to start from."""
    if weights is None:
        logs = matrix.log_population[rows]
    else:
        given = np.atleast_1d(np.asarray(weights, np.float64))
        named = matrix.rows(ids)
        if given.shape != named.shape or not (given >= 0).all() or not given.sum() > 0:
            raise ValueError(
                f"start populations {given.tolist()} do not fit {len(named)} minima: give one "
                "number from zero up for each"
            )
        with np.errstate(divide="ignore"):
            logs = log_sums(np.searchsorted(rows, named), np.log(given), len(rows))
    return logs - np.logaddexp.reduce(logs)


def _exp(log: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(log))


def _names(ids: np.ndarray) -> str:
    few = ", ".join(map(str, ids[:6].tolist()))
    return f"{{{few}{', ...' if len(ids) > 6 else ''}}}" if len(ids) > 1 else few
