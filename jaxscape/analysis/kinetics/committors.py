"""Committors, and the flux of reactive paths.

L. Onsager, Phys. Rev. 54, 554 (1938);
P. Metzner, C. Schuette and E. Vanden-Eijnden, Multiscale Model. Simul. 7, 1192 (2009).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._absorption import GraphTransformation, Method, absorption
from jaxscape.analysis.kinetics._chain import Chain, Positive
from jaxscape.analysis.kinetics._ends import ends_of
from jaxscape.analysis.kinetics.rate_matrix import as_rate_matrix


@dataclasses.dataclass(frozen=True, eq=False)
class Committor:
    """The probability that one set is reached before another, from every minimum.

    - `ids` `[M]`; `a`, `b`: ids of the two sets.
    - `to_b` `[M]`, `to_a` `[M]`: probabilities to reach `b` before `a`, and `a` before `b`. Each
      has all its digits, also where it is tiny; they sum to one. NaN where neither is reached.
    - `log_to_b`, `log_to_a` `[M]`: their natural logarithms, also beyond doubles.
    """

    ids: Int[np.ndarray, " M"]
    a: Int[np.ndarray, " A"]
    b: Int[np.ndarray, " B"]
    to_b: Float[np.ndarray, " M"]
    to_a: Float[np.ndarray, " M"]
    log_to_b: Float[np.ndarray, " M"]
    log_to_a: Float[np.ndarray, " M"]


def committor(
    network,
    a,
    b,
    temperature: float | None = None,
    *,
    method: Method = GraphTransformation(),
    **options,
) -> Committor:
    """From every minimum, the probability to reach `b` before `a`.

    **Arguments:** and **raises:** as `rates`.

    >>> chain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
    >>> committor(chain, 0, 2).to_b.tolist()
    [0.0, 0.75, 1.0]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    times, (to_a, to_b) = absorption(matrix.chain, [rows_a, rows_b], method)
    unknown = np.isinf(times.log) & (times.log > 0)
    columns = [np.where(unknown, np.nan, c) for c in (to_b.value, to_a.value, to_b.log, to_a.log)]
    return Committor(matrix.ids, matrix.ids[rows_a], matrix.ids[rows_b], *columns)


@dataclasses.dataclass(frozen=True, eq=False)
class ReactiveFlux:
    """Net flux of reactive paths through every step, the largest first.

    - `source`, `target` `[E]`: ids of the minima of each step, in the direction of the flux.
    - `step` `[E]`: id of the fastest transition state between them, -1 for rates that were given.
    - `share` `[E]`: of the total flux; `log_flux` `[E]`: natural logarithm of the flux, reactive
      paths per unit of time at equilibrium.
    - `log_total`: of all paths from `a` to `b`: population of `a` times `steady_state`.
    """

    source: Int[np.ndarray, " E"]
    target: Int[np.ndarray, " E"]
    step: Int[np.ndarray, " E"]
    share: Float[np.ndarray, " E"]
    log_flux: Float[np.ndarray, " E"]
    log_total: float

    def __len__(self) -> int:
        return len(self.source)

    def carrying(self, share: float) -> ReactiveFlux:
        """Only the steps that carry at least this share of the flux."""
        kept = self.share >= share
        return ReactiveFlux(
            self.source[kept], self.target[kept], self.step[kept], self.share[kept],
            self.log_flux[kept], self.log_total,
        )  # fmt: skip


def reactive_flux(network, a, b, temperature: float | None = None, **options) -> ReactiveFlux:
    """Which steps carry the paths from `a` to `b` at equilibrium.

    For rates without detailed balance the committor of the reversed chain is used as well.

    **Arguments:** and **raises:** as `rates`.

    >>> chain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 3.0], [0.0, 3.0, 0.0]])
    >>> flux = reactive_flux(chain, 0, 2)
    >>> list(zip(flux.source.tolist(), flux.target.tolist(), flux.share.round(12).tolist()))
    [(0, 1, 1.0), (1, 2, 1.0)]
    """
    matrix = as_rate_matrix(network, temperature, **options)
    rows_a, rows_b = ends_of(matrix, a, b)
    _, (to_a, to_b) = absorption(matrix.chain, [rows_a, rows_b], GraphTransformation())
    source, target = matrix.source, matrix.target
    logs = matrix.log_population[source] + matrix.log_rate
    if matrix.reversible:
        from_a = to_a
        scale, size = _difference(to_a, to_b, source, target)
    else:
        _, (from_a, _) = absorption(_reversed(matrix), [rows_a, rows_b], GraphTransformation())
        # Paths through each step one way minus those the other way.
        there = logs + from_a.log[source] + to_b.log[target]
        return _sorted(matrix, *_net(matrix, there), rows_a)
    flux = np.full(len(logs), -np.inf)
    flux[size > 0] = logs[size > 0] + scale[size > 0] + np.log(size[size > 0])
    return _sorted(matrix, flux, size > 0, rows_a)


def _difference(to_a: Positive, to_b: Positive, source: np.ndarray, target: np.ndarray):
    """How much likelier b is from the target than from the source; from the smaller numbers."""
    level_b = np.maximum(to_b.log[source], to_b.log[target])
    level_a = np.maximum(to_a.log[source], to_a.log[target])
    level = np.minimum(level_a, level_b)
    known = np.isfinite(level)
    level = np.where(known, level, 0.0)
    smaller = level_b <= level_a
    high = np.where(smaller, to_b.log[target], to_a.log[source])
    low = np.where(smaller, to_b.log[source], to_a.log[target])
    return level, np.where(known, np.exp(high - level) - np.exp(low - level), 0.0)


def _reversed(matrix) -> Chain:
    """The chain that runs backwards in time."""
    logs = matrix.log_population[matrix.source] + matrix.log_rate
    coo = sp.coo_array(
        (logs - matrix.log_population[matrix.target], (matrix.target, matrix.source)),
        matrix.chain.logs.shape,
    )
    order = np.lexsort((coo.col, coo.row))
    indptr = np.searchsorted(coo.row[order], np.arange(len(matrix) + 1))
    back = sp.csr_array((coo.data[order], coo.col[order], indptr), coo.shape)
    return Chain(back, None, Positive(np.ones(len(matrix))), symmetric=False)


def _net(matrix, there: np.ndarray):
    size = len(matrix)
    key = matrix.source * size + matrix.target
    other = matrix.target * size + matrix.source
    place = np.minimum(np.searchsorted(key, other), len(key) - 1)
    back = np.where(key[place] == other, there[place], -np.inf)
    more = there > back
    with np.errstate(divide="ignore", invalid="ignore"):
        net = np.where(more, there + np.log1p(-np.exp(back - there)), -np.inf)
    return net, more


def _sorted(matrix, flux: np.ndarray, kept: np.ndarray, rows_a: np.ndarray) -> ReactiveFlux:
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(-flux[rows], kind="stable")]
    leaving = np.isin(matrix.source[rows], rows_a)
    total = float(np.logaddexp.reduce(flux[rows][leaving]))
    return ReactiveFlux(
        matrix.ids[matrix.source[rows]], matrix.ids[matrix.target[rows]], matrix.step[rows],
        np.exp(flux[rows] - total), flux[rows], total,
    )  # fmt: skip
