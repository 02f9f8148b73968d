"""A network ready to be eliminated, in doubles where they suffice and in logarithms elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.sparse.csgraph import breadth_first_order

from jaxscape.analysis.kinetics._csr import count_rows, grouped
from jaxscape.analysis.kinetics._logarithmic import LogElimination
from jaxscape.analysis.kinetics._sparse import SparseElimination

# Doubles span 10^+-308; wider networks than exp(900) are eliminated in logarithms.
_SPAN = 900.0
_TINY, _HUGE = 1e-290, 1e290


class Positive:
    """Numbers that are not negative, by value, by logarithm, or both.

    >>> Positive(log=np.array([-1e5, 0.0])).value.tolist()
    [0.0, 1.0]
    """

    def __init__(self, value: np.ndarray | None = None, log: np.ndarray | None = None):
        self._value, self._log = value, log

    @property
    def exact(self) -> bool:
        """Whether the values, not the logarithms, are what was computed."""
        return self._value is not None

    @property
    def value(self) -> np.ndarray:
        """The numbers; infinite or zero where doubles end."""
        if self._value is None:
            assert self._log is not None
            with np.errstate(over="ignore", under="ignore"):
                self._value = np.exp(self._log)
        return self._value

    @property
    def log(self) -> np.ndarray:
        """Their logarithms."""
        if self._log is None:
            assert self._value is not None
            with np.errstate(divide="ignore"):
                self._log = np.log(self._value)
        return self._log

    def __getitem__(self, rows) -> Positive:
        if self._value is not None:
            return Positive(self._value[rows], None if self._log is None else self._log[rows])
        return Positive(log=self.log[rows])

    def __mul__(self, other: Positive) -> Positive:
        if self.exact and other.exact:
            return Positive(self.value * other.value)
        return Positive(log=self.log + other.log)

    def __truediv__(self, other: Positive) -> Positive:
        if self.exact and other.exact:
            with np.errstate(divide="ignore", invalid="ignore"):
                return Positive(self.value / other.value)
        return Positive(log=self.log - other.log)

    def sum(self) -> Positive:
        """The sum of all."""
        if self.exact:
            return Positive(np.asarray(self.value.sum()))
        return Positive(log=np.asarray(np.logaddexp.reduce(self.log)))

    def scattered(self, rows: np.ndarray, size: int) -> Positive:
        """`[size]`, these numbers in the given rows and zeros elsewhere."""
        start = np.full(size, 0.0 if self.exact else -np.inf)
        start[rows] = self.value if self.exact else self.log
        return Positive(start) if self.exact else Positive(log=start)

    @staticmethod
    def zeros(size: int) -> Positive:
        """`[size]` zeros."""
        return Positive(np.zeros(size))

    @staticmethod
    def indicator(rows, size: int) -> Positive:
        """`[size]`, one in the given rows and zero elsewhere."""
        value = np.zeros(size)
        value[rows] = 1.0
        return Positive(value)


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """A continuous-time Markov chain, in rates or in conductances.

    - `logs` `[n, n]`: stored entries are logarithms of the rates from row to column; with
      detailed balance, of the conductances (population times rate), which are `symmetric`.
    - `values`: the entries themselves, `[nnz]`, where they were given rather than computed.
    - `mass` `[n]`: what time counts for each state: one with rates, its population with
      conductances.
    """

    logs: sp.csr_array
    values: Float[np.ndarray, " nnz"] | None
    mass: Positive
    symmetric: bool

    def __len__(self) -> int:
        return count_rows(self.logs)

    def lumped(self, groups: list[np.ndarray], inner: np.ndarray) -> Chain:
        """The chain of the states `inner`, and one state for each group that only absorbs."""
        label = np.full(len(self), -1)
        label[inner] = np.arange(len(inner))
        for number, group in enumerate(groups):
            label[group] = len(inner) + number
        size = len(inner) + len(groups)
        entries = self.logs.tocoo()
        rows, columns = label[entries.row], label[entries.col]
        kept = (rows >= 0) & (columns >= 0) & (rows != columns)
        if self.symmetric:
            kept &= (rows < len(inner)) | (columns < len(inner))
        else:
            kept &= rows < len(inner)
        logs, where = grouped(size, rows[kept], columns[kept], entries.data[kept])
        values = None
        if self.values is not None:
            values = np.bincount(where, self.values[kept], len(logs.data))
        one = (
            Positive(np.ones(len(groups)))
            if self.mass.exact
            else Positive(log=np.zeros(len(groups)))
        )
        return Chain(logs, values, _joined(self.mass[inner], one), self.symmetric)

    def eliminate(self, keep: Int[np.ndarray, " k"]) -> Elimination:
        """Eliminate all states but `keep`, from which every other one has to lead on."""
        return Elimination(self, np.asarray(keep, np.int64))


class Elimination:
    """A chain of which only the states `keep` are left, and the way back to the others."""

    def __init__(self, chain: Chain, keep: Int[np.ndarray, " k"]):
        self.chain, self.keep = chain, keep
        self._shift = 0.0
        self._engine: SparseElimination | LogElimination | None = None
        data = chain.logs.data
        if not len(data) or np.ptp(data) < _SPAN:
            self._engine = self._in_doubles()

    def _in_doubles(self) -> SparseElimination | None:
        chain, data = self.chain, self.chain.logs.data
        # A power of two, so that scaling changes no digit.
        self._shift = (
            float(np.round((data.max() + data.min()) / 2 / np.log(2))) if len(data) else 0.0
        )
        values = chain.values
        if values is None:
            values = np.exp(data - self._shift * np.log(2))
        else:
            values = np.ldexp(values, -int(self._shift))
        rates = sp.csr_array((values, chain.logs.indices, chain.logs.indptr), chain.logs.shape)
        # Where numbers get too small for doubles, logarithms take over.
        with np.errstate(all="ignore"):
            engine = SparseElimination(rates, self.keep, chain.symmetric)
        return engine if engine.lowest_escape > _TINY else None

    @property
    def engine(self) -> SparseElimination | LogElimination:
        """Doubles, or logarithms where those would not hold the numbers."""
        if self._engine is None:
            chain = self.chain
            self._engine = LogElimination(chain.logs, self.keep, chain.symmetric)
        return self._engine

    @property
    def in_logarithms(self) -> bool:
        """Whether doubles did not suffice."""
        return isinstance(self.engine, LogElimination)

    def reduced(self) -> Chain:
        """The chain of the states that are left, in the order of `keep`."""
        mass = self._answer(self.chain.mass, Positive.zeros(len(self.chain)), "gather")[self.keep]
        engine = self.engine
        if isinstance(engine, SparseElimination):
            matrix = engine.reduced()
            expected = self._joined_kept()
            if not (matrix[expected] > _TINY).all():
                self._engine = None
                return self.reduced()
            logs = sp.csr_array(matrix)
            with np.errstate(over="ignore", under="ignore"):
                values = in_range(np.ldexp(logs.data, int(self._shift)))
            logs.data = np.log(logs.data) + self._shift * np.log(2)
            return Chain(logs, values, mass, self.chain.symmetric)
        matrix = engine.reduced()
        rows, columns = np.nonzero(np.isfinite(matrix))
        logs, _ = grouped(len(matrix), rows, columns, matrix[rows, columns])
        return Chain(logs, None, mass, self.chain.symmetric)

    def solve(self, source: Positive, boundary: Positive, *, transposed: bool = False) -> Positive:
        """`t` `[n]` with `sum_v k_uv (t_u - t_v) = source_u`; `t = boundary` at states kept.

        `transposed`: `sum_v (k_uv t_u - k_vu t_v) = source_u` instead.
        """
        return self._answer(source, boundary, "solve", transposed)

    def _answer(
        self, source: Positive, boundary: Positive, what: str, transposed=False
    ) -> Positive:
        engine, size = self.engine, len(self.chain)
        if isinstance(engine, SparseElimination):
            found = self._try_doubles(engine, source, boundary, what, transposed)
            if found is not None:
                return found
            self._engine = None
            engine = self.engine
            assert isinstance(engine, LogElimination)
        if what == "gather":
            return Positive(log=engine.gather(source.log))
        edge = np.full(size, -np.inf)
        edge[self.keep] = boundary.log[self.keep]
        return Positive(log=engine.solve(source.log, edge, transposed))

    def _try_doubles(self, engine, source, boundary, what, transposed) -> Positive | None:
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            held, power = _scaled(source)
            if held is None:
                return None
            if what == "gather":
                found, power = engine.gather(held[:, None])[:, 0], power
                expected = held > 0
            else:
                edge = np.zeros(len(held))
                # Sources are in units of 2^power, rates of 2^shift, answers of the quotient.
                edge[self.keep] = np.ldexp(boundary.value[self.keep], int(self._shift - power))
                found = engine.solve(held[:, None], edge[:, None], transposed)[:, 0]
                power -= self._shift
                expected = self._reached((held > 0) | (edge > 0), transposed)
                expected[self.keep] &= edge[self.keep] > 0
            if not (found[expected] > _TINY).all() or not (found < _HUGE).all():
                return None
            value = np.ldexp(found, int(power))
            if not (value[expected] > _TINY).all() or not (value < _HUGE).all():
                return Positive(log=np.log(found) + power * np.log(2))
        return Positive(value)

    def _reached(self, origin: np.ndarray, transposed: bool) -> np.ndarray:
        """States whose answer cannot be zero, as they lead to a source without absorption."""
        chain, size = self.chain, len(self.chain)
        if origin.all():
            return origin.copy()
        inner = np.ones(size, bool)
        inner[self.keep] = False
        entries = chain.logs.tocoo()
        step = (entries.row, entries.col) if transposed else (entries.col, entries.row)
        # From origins backwards; states kept may start a way but not lie on it.
        usable = inner[step[1]] & (inner[step[0]] | origin[step[0]])
        first, second = step[0][usable], step[1][usable]
        starts = np.flatnonzero(origin)
        rows = np.concatenate([np.full(len(starts), size), first])
        columns = np.concatenate([starts, second])
        graph = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(size + 1, size + 1))
        found = breadth_first_order(graph, size, return_predecessors=False)
        reached = np.zeros(size + 1, bool)
        reached[found] = True
        return reached[:size]

    def _joined_kept(self) -> np.ndarray:
        """`[k, k]`, which of the states kept are joined directly or through those eliminated."""
        size, keep = len(self.chain), self.keep
        joined = np.zeros((len(keep), len(keep)), bool)
        if len(keep) > 64:
            return joined
        for column, target in enumerate(keep):
            origin = np.zeros(size, bool)
            origin[target] = True
            entries = self.chain.logs.tocoo()
            reached = self._reached(origin, False)
            reached[keep] = False
            reached[target] = True
            leads = np.unique(entries.row[reached[entries.col]])
            joined[:, column] = np.isin(keep, leads)
        np.fill_diagonal(joined, False)
        return joined


def in_range(values: np.ndarray) -> np.ndarray | None:
    """The values, or None where some are so small or large that they have lost digits.

    >>> in_range(np.array([1e-310])) is None
    True
    """
    return values if ((values > _TINY) & (values < _HUGE)).all() else None


def _scaled(numbers: Positive) -> tuple[np.ndarray | None, int]:
    """Values within the range of doubles, in units of a power of two; None if there are none."""
    if numbers.exact:
        return numbers.value, 0
    log = numbers.log
    finite = log[np.isfinite(log)]
    if not len(finite):
        return np.zeros(len(log)), 0
    power = int(np.round(finite.max() / np.log(2)))
    value = np.exp(log - power * np.log(2))
    lost = np.isfinite(log) & (value < _TINY)
    return (None, 0) if lost.any() else (value, power)


def _joined(first: Positive, second: Positive) -> Positive:
    if first.exact and second.exact:
        return Positive(np.concatenate([first.value, second.value]))
    return Positive(log=np.concatenate([first.log, second.log]))


def reaching(logs: sp.csr_array, targets: np.ndarray) -> np.ndarray:
    """`[n]`, True for states from which some way leads to a target."""
    size = count_rows(logs)
    entries = logs.tocoo()
    rows = np.concatenate([np.full(len(targets), size), entries.col])
    columns = np.concatenate([targets, entries.row])
    graph = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(size + 1, size + 1))
    reached = np.zeros(size + 1, bool)
    reached[breadth_first_order(graph, size, return_predecessors=False)] = True
    return reached[:size]
