"""How the rate between two sets of minima came to be what it is, as the network grew."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.rate_matrix import as_rate_matrix
from jaxscape.analysis.kinetics.rates import rates
from jaxscape.landscape import KineticNetwork, Landscape, as_network

_SEARCHES = ("single_ended", "band_maximum")


@dataclasses.dataclass(frozen=True, eq=False)
class RateConvergence:
    """Rate constants between `a` and `b` of the network as it was, the last entry as it is.

    - `searches`, `evaluations` `[K]`: transition-state searches and evaluations up to then.
    - `transition_states` `[K]`: how many were known.
    - `log_forward`, `log_backward` `[K]`: logarithms of the rate constants of `rates`, `-inf`
      while the ends were not connected.
    - `temperature`: `kT`.
    """

    a: Int[np.ndarray, " A"]
    b: Int[np.ndarray, " B"]
    temperature: float
    searches: Int[np.ndarray, " K"]
    evaluations: Int[np.ndarray, " K"]
    transition_states: Int[np.ndarray, " K"]
    log_forward: Float[np.ndarray, " K"]
    log_backward: Float[np.ndarray, " K"]

    @property
    def change(self) -> float:
        """Largest difference between any of these logarithms and the last; infinite if the ends
        were apart at first.
        """
        both = np.stack([self.log_forward, self.log_backward])
        if not np.isfinite(both).all():
            return float(np.inf)
        return float(np.abs(both - both[:, -1:]).max())

    def __str__(self) -> str:
        lines = [f"{'searches':>10}{'evaluations':>13}{'states':>8}{'ln k ab':>10}{'ln k ba':>10}"]
        columns = (self.searches, self.evaluations, self.transition_states)
        logs = (self.log_forward, self.log_backward)
        for n, work, states, ab, ba in zip(*columns, *logs, strict=True):
            lines.append(f"{n:10d}{work:13d}{states:8d}{ab:10.3f}{ba:10.3f}")
        span = int(self.searches[-1] - self.searches[0])
        lines.append(
            f"at kT = {self.temperature:g}; changed by {self.change:.2g} "
            f"over the last {span} searches"
        )
        return "\n".join(lines)


def rate_convergence(
    landscape: Landscape,
    a,
    b,
    temperature: float,
    *,
    last: int | None = None,
    points: int = 10,
) -> RateConvergence:
    """The rate constants between two sets of minima as functions of the work spent.

    Transition states are numbered in the order of discovery, and every search is recorded, so
    that any explored landscape has this history. Transition states that did not come from
    searches (imported ones) count as known from the start.

    **Arguments:**

    - `a`, `b`: ids of minima, one or many; `temperature`: `kT`.
    - `last`: look back so many transition-state searches; None for half of them.
    - `points`: how many times to look, the present included.

    **Returns:** a `RateConvergence`. **Raises:** `ValueError` as `rates`, for a network without
    coordinates, and for `points` below 2.

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    print(jaxscape.rate_convergence(landscape, 1, 0, temperature=0.1))
    ```
    """
    if not isinstance(landscape, Landscape):
        raise ValueError(
            f"{landscape!r} has no record of its searches: pass the Landscape of jaxscape.explore"
        )
    if points < 2:
        raise ValueError(f"points is {points}: look at least twice")
    if last is not None and last < 1:
        raise ValueError(f"last is {last}: look back one search or more")
    network = as_network(landscape)
    matrix = as_rate_matrix(network, temperature)
    rows_a, rows_b = ends_of(matrix, a, b)
    searches, work, states = _record(landscape)
    span = searches[-1] // 2 if last is None else min(last, int(searches[-1]))
    looks = np.unique(np.linspace(searches[-1] - span, searches[-1], points).round().astype(int))
    where = np.searchsorted(searches, looks, side="right") - 1
    pairs = [_rates(network, int(n), rows_a, rows_b, temperature) for n in states[where]]
    forward, backward = np.array(pairs).T
    return RateConvergence(
        matrix.ids[rows_a],
        matrix.ids[rows_b],
        temperature,
        searches[where],
        work[where],
        states[where],
        forward,
        backward,
    )


def _record(landscape: Landscape):
    """After each attempt: searches so far, evaluations so far, transition states known."""
    attempts = landscape.attempts
    search = np.array([kind in _SEARCHES for kind in attempts.kind], bool)
    new = search & np.array([outcome == "new" for outcome in attempts.outcome], bool)
    total = len(landscape.transition_states)
    before = max(0, total - int(new.sum()))
    searches = np.concatenate([[0], np.cumsum(search)])
    work = np.concatenate([[0], np.cumsum(attempts.evaluations)])
    return searches, work, np.minimum(before + np.concatenate([[0], np.cumsum(new)]), total)


def _rates(network: KineticNetwork, states: int, a, b, temperature) -> tuple[float, float]:
    """Logarithms of both rate constants with the first transition states alone."""
    fields = {
        f.name: getattr(network, f.name)[:states]
        for f in dataclasses.fields(network)
        if (f.name in ("plus", "minus") or f.name.startswith("ts_"))
        and getattr(network, f.name) is not None
    }
    try:
        found = rates(
            dataclasses.replace(network, **fields), network.ids[a], network.ids[b], temperature
        )
    except ValueError:
        return -np.inf, -np.inf  # not connected yet: all else was checked before
    return found.forward.log_rate, found.backward.log_rate
