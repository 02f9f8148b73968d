"""Kinetic path sampling: trajectories drawn backwards from an elimination, trapped or not.

M. Athènes and V. V. Bulatov, Phys. Rev. Lett. 113, 230601 (2014);
D. J. Sharpe and D. J. Wales, J. Chem. Phys. 153, 024121 (2020).
"""

from __future__ import annotations

import numpy as np

from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.monte_carlo import Trajectories
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix

# One matrix is kept for each state eliminated: some 90 MB at most.
_MOST_STATES = 300
_MOST_VISITS = 1e18  # what a 64-bit integer counts


def kinetic_path_sampling(
    network,
    a,
    b,
    temperature: float | None = None,
    *,
    trajectories: int = 1000,
    seed: int | np.random.Generator = 0,
    **options,
) -> Trajectories:
    """Trajectories from local equilibrium in `a` until `b` is reached, at a cost that does not
    depend on how long they are.

    The states outside `b` are eliminated one by one; then the numbers of transitions along a
    trajectory are drawn in reverse, from the last elimination to the first, and the time spent in
    every state from their sums. The statistics are those of `kinetic_monte_carlo`, exactly, at
    temperatures where no trajectory would ever leave its trap.

    **Arguments:** `trajectories`: how many; `seed`: a number or a NumPy generator; the rest as
    `rates`.

    **Raises:** `ValueError` for more than 300 states outside `b` that trajectories may visit, for
    states visited more than 1e18 times, and as `rates`.

    >>> found = kinetic_path_sampling(np.ones((3, 3)), 0, 1, trajectories=4000)
    >>> bool(abs(found.mean_time - 1.0) < 4 * found.standard_error)
    True
    """
    if trajectories < 1:
        raise ValueError(f"{trajectories} trajectories: give a positive number")
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    rng = np.random.default_rng(seed)
    inner = _visited(matrix, rows_a, rows_b)
    if len(inner) > _MOST_STATES:
        raise ValueError(
            f"{len(inner)} states lie outside b, at most {_MOST_STATES} can be sampled: make them "
            "fewer with jaxscape.reduce_network or jaxscape.regroup"
        )
    levels, leaving = _eliminated(matrix, inner, rows_b)
    weights = np.exp(matrix.log_population[rows_a] - matrix.log_population[rows_a].max())
    start = rng.choice(rows_a, size=trajectories, p=weights / weights.sum())
    place = np.full(len(matrix), -1)
    place[inner] = np.arange(len(inner))
    log_waiting = -matrix.log_escape[inner]
    end, time = np.empty(trajectories, np.int64), np.empty(trajectories)
    steps = np.empty(trajectories, np.int64)
    for n in range(trajectories):
        exit_row, visits = _drawn_back(levels, leaving, int(place[start[n]]), rng)
        end[n] = rows_b[exit_row]
        stayed = rng.standard_gamma(visits.astype(float)) * np.exp(log_waiting)
        time[n], steps[n] = stayed.sum(), visits.sum()
    arrived = np.ones(trajectories, bool)
    return Trajectories(matrix.ids[start], matrix.ids[end], time, steps, arrived)


def _visited(matrix: RateMatrix, rows_a, rows_b) -> np.ndarray:
    """States outside `b` that trajectories from `a` may reach before `b`."""
    blocked, seen = np.zeros(len(matrix), bool), np.zeros(len(matrix), bool)
    blocked[rows_b] = True
    seen[rows_a] = True
    while True:
        onwards = seen[matrix.source] & ~blocked[matrix.target] & ~seen[matrix.target]
        if not onwards.any():
            return np.flatnonzero(seen)
        seen[matrix.target[onwards]] = True


def _eliminated(matrix: RateMatrix, inner, rows_b):
    """Branching probabilities before each elimination, `[inner, inner + b]` over states left.

    The last state is eliminated first. Probabilities of leaving are sums of what leads
    elsewhere, never differences. Also, for each level, the probability of not returning at once.
    """
    size, exits = len(inner), len(rows_b)
    place = np.full(len(matrix), -1)
    place[inner], place[rows_b] = np.arange(size), size + np.arange(exits)
    kept = (place[matrix.source] >= 0) & (place[matrix.source] < size) & (place[matrix.target] >= 0)
    p = np.zeros((size, size + exits))
    p[place[matrix.source[kept]], place[matrix.target[kept]]] = np.exp(matrix.log_branching[kept])
    levels, leaving = [], []
    for n in range(size - 1, -1, -1):
        levels.append(p)
        others = np.arange(p.shape[1]) != n
        leave = p[n, others].sum()
        leaving.append(leave)
        through = p[:n, [n]] * (p[[n]][:, others] / leave)
        p = p[:n][:, others] + through
    return levels, leaving


def _drawn_back(levels, leaving, start: int, rng):
    """The exit of one trajectory (position in b), and its visits to every inner state."""
    size = len(levels)
    exits = levels[0].shape[1] - size
    # How often each step was made, from a source (row 0, made once) and from the states left.
    counts = np.zeros((1, exits), np.int64)
    first = _first_steps(levels, leaving, start)
    exit_row = int(rng.choice(exits, p=first[-1] / first[-1].sum()))
    counts[0, exit_row] = 1
    for level in range(size - 1, -1, -1):
        n = size - 1 - level
        p, leave = levels[level], leaving[level]
        others = np.delete(np.arange(p.shape[1]), n)
        into = np.concatenate([[first[level][n]], p[:n, n]])
        direct = np.vstack([first[level][others], p[:n][:, others]])
        detour = into[:, None] * (p[n, others] / leave)[None, :]
        rows, columns = np.nonzero(counts)
        share = detour[rows, columns] / (direct[rows, columns] + detour[rows, columns])
        by_way = rng.binomial(counts[rows, columns], np.minimum(share, 1.0))
        wider = np.zeros((n + 2, p.shape[1]), np.int64)
        wider[rows, others[columns]] = counts[rows, columns] - by_way
        np.add.at(wider, (rows, np.full(len(rows), n)), by_way)
        np.add.at(wider, (np.full(len(rows), n + 1), others[columns]), by_way)
        arrivals = int(by_way.sum())
        if arrivals and p[n, n] > 0:
            wider[n + 1, n] += _returns(arrivals, leave, p[n, n], rng)
        counts = wider
    return exit_row, counts[1:].sum(axis=1)


def _returns(arrivals: int, leave: float, stay: float, rng) -> int:
    """Steps back to the same state: a negative binomial, as a mixture of Poisson numbers."""
    expected = rng.standard_gamma(arrivals) * stay / leave
    if expected > _MOST_VISITS:
        raise ValueError(
            "a trajectory visits one state more than 1e18 times: join fast minima first "
            "(jaxscape.regroup), or ask for means, which have no limit (jaxscape.rates)"
        )
    return int(rng.poisson(expected))


def _first_steps(levels, leaving, start: int) -> list[np.ndarray]:
    """For every level the probabilities of where the source leads; it stands for `start`."""
    size = len(levels)
    row = np.zeros(levels[0].shape[1])
    row[start] = 1.0
    rows = []
    for level, (p, leave) in enumerate(zip(levels, leaving, strict=True)):
        n = size - 1 - level
        rows.append(row)
        others = np.arange(p.shape[1]) != n
        row = row[others] + row[n] * p[n, others] / leave
    rows.append(row)
    return rows
