"""Kinetic Monte Carlo: trajectories of the network, many at once.

A. B. Bortz, M. H. Kalos and J. L. Lebowitz, J. Comput. Phys. 17, 10 (1975).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix


@dataclasses.dataclass(frozen=True, eq=False)
class Trajectories:
    """Where trajectories ended, and when.

    - `start`, `end` `[n]`: ids of the first and last minimum; `time` `[n]`, in units of time;
      `steps` `[n]`: transitions made.
    - `arrived` `[n]`: False for trajectories that ran out of steps.
    """

    start: Int[np.ndarray, " n"]
    end: Int[np.ndarray, " n"]
    time: Float[np.ndarray, " n"]
    steps: Int[np.ndarray, " n"]
    arrived: Bool[np.ndarray, " n"]

    @property
    def mean_time(self) -> float:
        """Mean first passage time.

        **Raises:** `ValueError` if a trajectory has not arrived, which would make it too short.
        """
        if not self.arrived.all():
            raise ValueError(
                f"{np.sum(~self.arrived)} of {len(self.time)} trajectories ran out of steps: "
                "raise max_steps, or use graph transformation (jaxscape.rates)"
            )
        return float(self.time.mean())

    @property
    def standard_error(self) -> float:
        """Of `mean_time`."""
        return float(self.time.std(ddof=1) / np.sqrt(len(self.time)))


def kinetic_monte_carlo(
    network,
    a,
    b,
    temperature: float | None = None,
    *,
    trajectories: int = 1000,
    seed: int | np.random.Generator = 0,
    max_steps: int = 100_000,
    **options,
) -> Trajectories:
    """Trajectories from local equilibrium in `a` until `b` is reached.

    An independent check of rates, for networks that do not stay trapped for too many steps.

    **Arguments:** `trajectories`: how many; `seed`: a number or a NumPy generator; `max_steps`:
    per trajectory; the rest as `rates`.

    **Raises:** as `rates`.

    >>> found = kinetic_monte_carlo(np.ones((3, 3)), 0, 1, trajectories=4000)
    >>> bool(abs(found.mean_time - 1.0) < 4 * found.standard_error)
    True
    """
    if trajectories < 1 or max_steps < 1:
        raise ValueError(f"{trajectories} trajectories of {max_steps} steps: give positive numbers")
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    rng = np.random.default_rng(seed)
    weights = np.exp(matrix.log_population[rows_a] - matrix.log_population[rows_a].max())
    place = rng.choice(rows_a, size=trajectories, p=weights / weights.sum())
    start, time = place.copy(), np.zeros(trajectories)
    steps = np.zeros(trajectories, np.int64)
    ends = np.zeros(len(matrix), bool)
    ends[rows_b] = True
    waiting, choice = matrix.waiting_times, _Choice(matrix)
    going = np.arange(trajectories)
    for _ in range(max_steps):
        if not len(going):
            break
        here = place[going]
        time[going] += waiting[here] * rng.exponential(size=len(going))
        place[going] = choice(here, rng.random(len(going)))
        steps[going] += 1
        going = going[~ends[place[going]]]
    arrived = np.ones(trajectories, bool)
    arrived[going] = False
    return Trajectories(matrix.ids[start], matrix.ids[place], time, steps, arrived)


class _Choice:
    """Draws the next state of many states at once, by bisection in one sorted array."""

    def __init__(self, matrix: RateMatrix):
        self._target, size = matrix.target, len(matrix)
        share = np.exp(matrix.log_branching)
        total = np.cumsum(share)
        before = np.searchsorted(matrix.source, np.arange(size))
        base = np.concatenate([[0.0], total])[before]
        # Each row's shares rise from its own number to the next.
        self._marks = matrix.source + np.minimum(total - base[matrix.source], 1.0)
        self._last = np.searchsorted(matrix.source, np.arange(size), side="right") - 1

    def __call__(self, rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
        step = np.searchsorted(self._marks, rows + draws, side="right")
        return self._target[np.minimum(step, self._last[rows])]
