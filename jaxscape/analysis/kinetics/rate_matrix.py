"""The network as a continuous-time Markov chain."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from jaxscape.analysis.kinetics._chain import Chain, Positive, in_range
from jaxscape.analysis.kinetics._csr import log_sums
from jaxscape.analysis.kinetics.steps import log_conductances, step_rates
from jaxscape.analysis.thermodynamics.superposition import log_weights
from jaxscape.landscape import KineticNetwork, Landscape, as_network


@dataclasses.dataclass(frozen=True, eq=False)
class RateMatrix:
    """Rate constants between states, kept as logarithms so that none is too small.

    - `ids` `[M]`: of the states; rows by default.
    - `source`, `target` `[E]`: rows of the two states of each step, one entry for each ordered
      pair; `log_rate` `[E]`: natural logarithm of its rate constant.
    - `log_population` `[M]`: natural logarithms of equilibrium populations, which sum to one.
    - `reversible`: whether the steps obey detailed balance by construction.
    - `step` `[E]`: the id of the fastest transition state of each pair; -1 without any.
    - `temperature`: of the rates; None for rates that were given.

    >>> matrix = RateMatrix.from_matrix([[0.0, 2.0], [1.0, 0.0]])
    >>> np.exp(matrix.log_population).round(12).tolist()
    [0.333333333333, 0.666666666667]
    """

    ids: Int[np.ndarray, " M"]
    source: Int[np.ndarray, " E"]
    target: Int[np.ndarray, " E"]
    log_rate: Float[np.ndarray, " E"]
    log_population: Float[np.ndarray, " M"]
    reversible: bool
    step: Int[np.ndarray, " E"]
    temperature: float | None
    chain: Chain = dataclasses.field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        at = "" if self.temperature is None else f" at kT = {self.temperature:g}"
        return f"<RateMatrix: {len(self)} states, {len(self.source)} rates{at}>"

    @property
    def rate(self) -> Float[np.ndarray, " E"]:
        """`[E]`, the rate constants; zero below 1e-308."""
        return np.exp(self.log_rate)

    def matrix(self) -> sp.csr_array:
        """`[M, M]`, rate constants from row to column, without a diagonal."""
        shape = (len(self), len(self))
        return sp.csr_array(sp.coo_array((self.rate, (self.source, self.target)), shape))

    def generator(self) -> sp.csr_array:
        """`[M, M]`, rate constants with minus the escape rates on the diagonal: rows sum to 0."""
        rates = self.matrix()
        return sp.csr_array(rates - sp.diags_array(np.asarray(rates.sum(axis=1)).ravel()))

    @property
    def log_escape(self) -> Float[np.ndarray, " M"]:
        """`[M]`, logarithm of the rate at which each state is left; -inf where there is no way."""
        return log_sums(self.source, self.log_rate, len(self))

    @property
    def waiting_times(self) -> Float[np.ndarray, " M"]:
        """`[M]`, mean time spent in a state at each visit."""
        with np.errstate(over="ignore"):
            return np.exp(-self.log_escape)

    @property
    def log_branching(self) -> Float[np.ndarray, " E"]:
        """`[E]`, logarithm of the probability that a state is left by this step."""
        return self.log_rate - self.log_escape[self.source]

    def rows(self, ids) -> Int[np.ndarray, " n"]:
        """Rows of the states with these ids.

        **Raises:** `ValueError` for an id that does not exist.
        """
        wanted = np.atleast_1d(np.asarray(ids))
        if wanted.size and not np.issubdtype(wanted.dtype, np.integer):
            raise ValueError(f"ids of minima are integers, not {wanted.dtype}: {wanted[:5]}")
        order = np.argsort(self.ids, kind="stable")
        place = np.minimum(np.searchsorted(self.ids, wanted, sorter=order), len(self) - 1)
        rows = order[place]
        if (bad := self.ids[rows] != wanted).any():
            raise ValueError(f"there is no minimum {wanted[bad][0]} among {len(self)} minima")
        return rows

    @staticmethod
    def from_matrix(rates, *, ids=None, populations=None) -> RateMatrix:
        """Rates of your own.

        **Arguments:**

        - `rates` `[M, M]`: dense or sparse, the rate constant from row to column; the diagonal
          is not read.
        - `ids` `[M]`: rows by default.
        - `populations` `[M]`: of equilibrium, in any normalisation; computed by default.

        **Raises:** `ValueError` for rates that are negative or not finite, and if equilibrium
        populations are not unique because some state cannot be left for good.
        """
        shape = np.shape(rates)
        size = shape[0] if len(shape) == 2 else 0
        if shape != (size, size) or not size:
            raise ValueError(f"rates have shape {shape}: give a square matrix [M, M]")
        matrix = sp.coo_array(rates)
        matrix.sum_duplicates()
        entries = matrix
        keep = (entries.row != entries.col) & (entries.data != 0)
        source, target = entries.row[keep].astype(np.int64), entries.col[keep].astype(np.int64)
        values = entries.data[keep].astype(np.float64)
        wrong = np.flatnonzero(~(values > 0) | ~np.isfinite(values))
        if wrong.size:
            i = wrong[0]
            raise ValueError(
                f"the rate from {source[i]} to {target[i]} is {values[i]}: rates are finite and "
                "not negative"
            )
        names = np.arange(size) if ids is None else np.asarray(ids, np.int64)
        if names.shape != (size,):
            raise ValueError(f"ids have shape {names.shape}, expected ({size},)")
        order = np.lexsort((target, source))
        source, target, values = source[order], target[order], values[order]
        logs = sp.csr_array(
            (np.log(values), target, np.searchsorted(source, np.arange(size + 1))), (size, size)
        )
        chain = Chain(logs, values, Positive(np.ones(size)), symmetric=False)
        if populations is None:
            population = _stationary(chain)
        else:
            given = np.asarray(populations, np.float64)
            if given.shape != (size,) or not (given > 0).all():
                raise ValueError("populations have to be positive, one for each state")
            population = np.log(given)
        return RateMatrix(
            names, source, target, np.log(values), _normalised(population), False,
            np.full(len(source), -1), None, chain,
        )  # fmt: skip

    @staticmethod
    def from_chain(
        chain: Chain, ids: np.ndarray, temperature: float | None, step: np.ndarray | None = None
    ) -> RateMatrix:
        """The rates of a chain whose states have other names."""
        entries = chain.logs.tocoo()
        source, target = entries.row.astype(np.int64), entries.col.astype(np.int64)
        rates = entries.data - chain.mass.log[source]
        if chain.symmetric:
            population = _normalised(chain.mass.log)
        else:
            logs = sp.csr_array((rates, chain.logs.indices, chain.logs.indptr), chain.logs.shape)
            values = None
            if chain.values is not None and chain.mass.exact:
                with np.errstate(over="ignore", under="ignore"):
                    values = in_range(chain.values / chain.mass.value[source])
            chain = Chain(logs, values, Positive(np.ones(len(chain))), symmetric=False)
            population = _normalised(_stationary(chain))
        step = np.full(len(source), -1) if step is None else step
        return RateMatrix(
            ids, source, target, rates, population, chain.symmetric, step, temperature, chain
        )


def rate_matrix(
    network: Landscape | KineticNetwork,
    temperature: float,
    *,
    friction: float = 0.0,
    frequencies: bool = True,
) -> RateMatrix:
    """The Markov chain of a network: harmonic rates, summed over transition states of each pair.

    Degenerate rearrangements lead from a minimum to a version of itself and are left out. For
    rates of your own see `RateMatrix.from_matrix`.

    **Arguments:** as `step_rates`.

    **Raises:** as `step_rates`, and for a network without minima.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0])
    >>> rate_matrix(network, 0.5, frequencies=False).log_rate.tolist()
    [-2.0, -1.0]
    """
    network = as_network(network)
    if not len(network):
        raise ValueError("the network has no minima: explore its surface first")
    steps = step_rates(network, temperature, friction=friction, frequencies=frequencies)
    weights = log_weights(network, temperature, frequencies)
    logs = log_conductances(network, temperature, friction, frequencies)
    low, high = np.minimum(network.plus, network.minus), np.maximum(network.plus, network.minus)
    used = np.flatnonzero(~steps.degenerate)
    size = len(network)
    pairs, where = np.unique(low[used] * size + high[used], return_inverse=True)
    total = log_sums(where, logs[used], len(pairs))
    # The fastest of each pair: the last in order of its conductance.
    best = np.zeros(len(pairs), np.int64)
    order = np.argsort(logs[used], kind="stable")
    best[where[order]] = steps.ids[used][order]
    low, high = pairs // size, pairs % size
    source, target = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((target, source))
    source, target = source[order], target[order]
    conductance = np.concatenate([total, total])[order]
    indptr = np.searchsorted(source, np.arange(size + 1))
    population = _normalised(weights)
    shift = population[0] - weights[0]
    chain = Chain(
        sp.csr_array((conductance + shift, target, indptr), shape=(size, size)),
        None, Positive(log=population), symmetric=True,
    )  # fmt: skip
    return RateMatrix(
        network.ids, source, target, conductance - weights[source], population, True,
        np.concatenate([best, best])[order], float(temperature), chain,
    )  # fmt: skip


def as_rate_matrix(network: Any, temperature: float | None, **options) -> RateMatrix:
    """The rates of a landscape or network at a temperature, or rates as they are."""
    if isinstance(network, RateMatrix):
        known = network.temperature
        if temperature is not None and temperature != known:
            at = "no temperature" if known is None else f"kT = {known}"
            raise ValueError(
                f"temperature is {temperature}, but this RateMatrix has {at}: leave it out, or "
                "pass the network"
            )
        return network
    if isinstance(network, np.ndarray) or sp.issparse(network):
        if temperature is not None:
            raise ValueError(
                f"temperature is {temperature}, but a matrix of rates was given: leave it out"
            )
        return RateMatrix.from_matrix(network)
    if temperature is None:
        raise ValueError("temperature is missing: give kT in the network's unit of energy")
    return rate_matrix(network, temperature, **options)


def _stationary(chain: Chain) -> np.ndarray:
    parts, _ = sp.csgraph.connected_components(chain.logs, directed=True, connection="strong")
    if parts > 1:
        raise ValueError(
            f"the rates fall into {parts} parts between which some ways are missing: "
            "equilibrium is not unique; keep one part, or give populations="
        )
    start = np.array([0])
    one = Positive.indicator(start, len(chain))
    zero = Positive.zeros(len(chain))
    return chain.eliminate(start).solve(zero, one, transposed=True).log


def _normalised(logs: np.ndarray) -> np.ndarray:
    return logs - np.logaddexp.reduce(logs)
