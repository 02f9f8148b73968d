"""Times until sets of states are reached, and which of two is reached first."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Int

from jaxscape.analysis.kinetics._chain import Chain, Positive, reaching
from jaxscape.analysis.kinetics._linear import solve_with_guard


@dataclasses.dataclass(frozen=True)
class GraphTransformation:
    """Eliminate states one by one, never subtracting: all digits at any temperature.

    S. A. Trygubenko and D. J. Wales, J. Chem. Phys. 124, 234110 (2006);
    D. J. Wales, J. Chem. Phys. 130, 204111 (2009).
    """


@dataclasses.dataclass(frozen=True)
class LinearSolve:
    """Sparse LU decomposition, with a bound on its error.

    - `tolerance`: largest relative error of any component; the bound is known to hold.
    - `fallback`: what is over it is computed by graph transformation; with False it raises.
    """

    tolerance: float = 1e-8
    fallback: bool = True


Method = GraphTransformation | LinearSolve


def finite_states(chain: Chain, targets: np.ndarray) -> Bool[np.ndarray, " n"]:
    """States that reach a target for certain, and are none: no way leads to a dead end before."""
    inner = ~reaching(chain.logs, targets)
    entries = chain.logs.tocoo()
    # Ways that pass a target first do not count.
    kept = np.ones(len(chain), bool)
    kept[targets] = False
    use = kept[entries.row]
    lost = np.flatnonzero(inner)
    if lost.size:
        from scipy.sparse import csr_array

        open_ways = csr_array(
            (np.ones(use.sum()), (entries.row[use], entries.col[use])), shape=chain.logs.shape
        )
        kept &= ~reaching(open_ways, lost)
    return kept


def absorption(
    chain: Chain, groups: list[Int[np.ndarray, " g"]], method: Method
) -> tuple[Positive, list[Positive]]:
    """Mean times `[n]` until one of the groups is reached, and by which with what probability.

    Zero at the groups themselves (one for their own); infinite times, and zero probabilities,
    where a state may never reach any.
    """
    targets = np.concatenate(groups)
    inner = np.flatnonzero(finite_states(chain, targets))
    small = chain.lumped(groups, inner)
    sinks = np.arange(len(inner), len(small))
    rows = np.arange(len(inner))
    times, shares = _solve(small, sinks, method)
    size = len(chain)
    everywhere = times[rows].scattered(inner, size)
    outside = np.ones(size, bool)
    outside[inner] = False
    outside[targets] = False
    if outside.any():
        everywhere = Positive(log=np.where(outside, np.inf, everywhere.log))
    answers = []
    for group, share in zip(groups, shares, strict=True):
        wide = share[rows].scattered(inner, size)
        one = Positive.indicator(group, size)
        if wide.exact:
            answers.append(Positive(wide.value + one.value))
        else:
            answers.append(Positive(log=np.maximum(wide.log, one.log)))
    return everywhere, answers


def _solve(chain: Chain, sinks: np.ndarray, method: Method):
    if len(sinks) == len(chain):
        return Positive.zeros(len(chain)), [Positive.indicator([s], len(chain)) for s in sinks]
    if isinstance(method, LinearSolve):
        found = solve_with_guard(chain, sinks)
        worst = found.error
        if worst <= method.tolerance:
            return found.times, found.shares
        if not method.fallback:
            raise ValueError(
                f"the linear solve may be wrong by {worst:.1g} (relative), more than its "
                f"tolerance {method.tolerance:g}: use GraphTransformation()"
            )
    elimination = chain.eliminate(sinks)
    times = elimination.solve(chain.mass, Positive.zeros(len(chain)))
    if len(sinks) == 1:
        return times, [Positive(np.ones(len(chain)))]
    zeros = Positive.zeros(len(chain))
    edges = [Positive.indicator([sink], len(chain)) for sink in sinks]
    return times, [elimination.solve(zeros, edge) for edge in edges]
