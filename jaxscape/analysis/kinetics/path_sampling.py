"""Kinetic path sampling: trajectories drawn backwards from an elimination, trapped or not.

M. Athènes and V. V. Bulatov, Phys. Rev. Lett. 113, 230601 (2014);
D. J. Sharpe and D. J. Wales, J. Chem. Phys. 153, 024121 (2020).
"""

from __future__ import annotations

import numpy as np

from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.monte_carlo import Trajectories
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix, as_rate_matrix

# Two matrices are kept for each state eliminated: some 180 MB at most where b is small.
_MOST_STATES = 300
# Counts held at once.
_AT_ONCE = 4_000_000
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
    at_once = max(1, _AT_ONCE // max(1, len(inner) * (len(inner) + len(rows_b))))
    for source in np.unique(start):
        shares, leads = _shares(levels, leaving, int(place[source]))
        here = np.flatnonzero(start == source)
        for some in np.split(here, range(at_once, len(here), at_once)):
            exits, visits = _drawn_back(levels, leaving, shares, leads, len(some), rng)
            # A single visit may outlast what doubles hold; no visit takes no time.
            with np.errstate(over="ignore", invalid="ignore"):
                stayed = rng.standard_gamma(visits.astype(float)) * np.exp(log_waiting)
            stayed[visits == 0] = 0.0
            end[some], time[some], steps[some] = rows_b[exits], stayed.sum(1), visits.sum(1)
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


def _shares(levels, leaving, start: int):
    """Of each step between states left at a level, the share that goes by the state eliminated.

    `[n + 1, n + exits]` from the source, which stands for `start`, and the states before it; and
    where the source leads once all states are gone, `[exits]`.
    """
    size, first = len(levels), _first_steps(levels, leaving, start)
    shares = []
    for level, (p, leave) in enumerate(zip(levels, leaving, strict=True)):
        n = size - 1 - level
        others = np.arange(p.shape[1]) != n
        into = np.concatenate([[first[level][n]], p[:n, n]])
        direct = np.vstack([first[level][others], p[:n][:, others]])
        detour = into[:, None] * (p[n, others] / leave)
        whole = direct + detour
        shares.append(np.minimum(detour / np.where(whole > 0, whole, 1.0), 1.0))
    return shares, first[-1]


def _drawn_back(levels, leaving, shares, leads, number: int, rng):
    """Exits `[number]` of trajectories (positions in b), and their visits `[number, inner]`."""
    size, width = len(levels), len(leads)
    exits = rng.choice(width, size=number, p=leads / leads.sum())
    # How often each step was made, from a source (row 0, made once) and from the states left.
    counts = np.zeros((number, 1, width), np.int64)
    counts[np.arange(number), 0, exits] = 1
    for level in range(size - 1, -1, -1):
        n = size - 1 - level
        p = levels[level]
        others = np.arange(p.shape[1]) != n
        made = np.nonzero(counts)
        by_way = np.zeros_like(counts)
        by_way[made] = rng.binomial(counts[made], shares[level][made[1:]])
        wider = np.zeros((number, n + 2, p.shape[1]), np.int64)
        wider[:, :-1, others] = counts - by_way
        wider[:, :-1, n] = by_way.sum(axis=2)
        wider[:, -1, others] = by_way.sum(axis=1)
        if p[n, n] > 0:
            wider[:, -1, n] = _returns(by_way.sum(axis=(1, 2)), leaving[level], p[n, n], rng)
        counts = wider
    return exits, counts[:, 1:].sum(axis=2)


def _returns(arrivals: np.ndarray, leave: float, stay: float, rng) -> np.ndarray:
    """Steps back to the same state: a negative binomial, as a mixture of Poisson numbers."""
    expected = rng.standard_gamma(arrivals.astype(float)) * (stay / leave)
    if expected.max() > _MOST_VISITS:
        raise ValueError(
            "a trajectory visits one state more than 1e18 times: join fast minima first "
            "(jaxscape.regroup), or ask for means, which have no limit (jaxscape.rates)"
        )
    return rng.poisson(expected)


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
