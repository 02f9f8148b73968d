"""The network of minima and transition states: the one mutable object of the library."""

import dataclasses
from collections.abc import Callable
from typing import Any, Self

import networkx as nx
import numpy as np

from jaxscape.landscape._batches import fingerprints, interleaved, rows_of
from jaxscape.landscape.attempts import Attempts
from jaxscape.landscape.bulk import take_points
from jaxscape.landscape.certificates import AddReport, rejections, side_rejections
from jaxscape.landscape.columns import MinimaView, TransitionStatesView
from jaxscape.landscape.graph import build_graph, connected
from jaxscape.landscape.identity import IdentityIndex, IdentityTolerance
from jaxscape.landscape.reconverging import reconverge
from jaxscape.landscape.store import Contents, Header, StoreError, open_store, save_store
from jaxscape.landscape.summary import summarise
from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.surface import Surface, Units, as_surface
from jaxscape.symmetry import NoSymmetry, Symmetry


class Landscape:
    """Minima, transition states and the network they form.

    **Arguments:**

    - `surface`: the surface explored; a bare callable works too. Without one, points are
      told apart by their coordinates alone.
    - `store`: an SQLite file. A new one is made, an existing one is continued; from then on
      every call that adds something commits it before it returns.
    - `tolerance`: how close two points are to be one. By default it follows the floating-point
      type of the points added.

    Ids of minima and of transition states count from 0 in order of discovery and never change.

    **Raises:** `StoreError` (a `ValueError`) if the store cannot be continued.

    >>> landscape = Landscape()
    >>> len(landscape.minima), landscape.summary().splitlines()[0]
    (0, '0 minima, 0 transition states')
    """

    def __init__(
        self,
        surface: Surface | Callable | None = None,
        *,
        store: Any = None,
        tolerance: IdentityTolerance | None = None,
    ):
        self.surface = None if surface is None else as_surface(surface)
        self._fixed_tolerance = tolerance is not None
        empty = MinimaView(), TransitionStatesView(), Attempts()
        contents = Contents(Header.of(self.surface, tolerance or IdentityTolerance()), *empty)
        self._store = None
        if store is not None:
            header = None if surface is None else contents.header
            self._store, contents = open_store(store, header, contents)
        self._take_over(contents)
        if tolerance is not None:
            self._set_header(energy=tolerance.energy, distance=tolerance.distance)
        if self._store is not None:
            try:
                self._check_energy(store)
            except BaseException:
                self.close()
                raise

    @classmethod
    def open(cls, path, surface: Surface | Callable | None = None) -> "Landscape":
        """The landscape in a store, attached to it; a new store if there is none."""
        return cls(surface, store=path)

    @classmethod
    def from_points(cls, minima, transition_states=None, *, surface=None, **labels) -> "Landscape":
        """Points from elsewhere as they are, rows as ids: see `jaxscape.landscape.take_points`.

        >>> Landscape.from_points({"x": np.eye(2), "energy": [0.0, 1.0]})
        <Landscape '': 2 minima, 0 transition states>
        """
        return take_points(cls(surface), minima, transition_states, **labels)

    def _take_over(self, contents: Contents) -> None:
        self._contents = contents
        self._cache: dict[Any, Any] = {}
        self._indices: dict[int, IdentityIndex] = {}
        self.symmetry: Symmetry | None = None
        if self.surface is not None:
            self.symmetry = self.surface.symmetry
            self._set_header(dim=self.surface.dim)
        elif contents.header.symmetry == NoSymmetry().describe():
            self.symmetry = NoSymmetry()

    @property
    def name(self) -> str:
        """The name of the surface."""
        return self._contents.header.name

    @property
    def dim(self) -> int | None:
        """Number of coordinates; None until it is known."""
        return self._contents.header.dim

    @property
    def units(self) -> Units:
        """Units of energy and length, for tables and plots."""
        return Units(self._contents.header.energy_unit, self._contents.header.length_unit)

    @property
    def tolerance(self) -> IdentityTolerance:
        """How close two points are to be one."""
        header = self._contents.header
        return IdentityTolerance(header.energy_tolerance, header.distance_tolerance)

    @property
    def minima(self) -> MinimaView:
        """The minima: arrays, in order of id."""
        return self._contents.minima

    @property
    def transition_states(self) -> TransitionStatesView:
        """The transition states: arrays, in order of id."""
        return self._contents.transition_states

    @property
    def attempts(self) -> Attempts:
        """Every search recorded with `record_attempts`."""
        return self._contents.attempts

    @property
    def evaluations(self) -> int:
        """Evaluations of all recorded attempts."""
        return self.attempts.total_evaluations

    @property
    def store(self):
        """Path of the store this landscape writes to, or None."""
        return None if self._store is None else self._store.path

    def __repr__(self) -> str:
        return (
            f"<Landscape {self.name!r}: {len(self.minima)} minima, "
            f"{len(self.transition_states)} transition states>"
        )

    def add(self, points: StationaryPoints, *, verified: bool = True) -> AddReport:
        """Take certified points into the network.

        **Arguments:**

        - `points`: minima as `StationaryPoints` `[B, dim]`, or `TransitionStates`, whose
          minima are added, too. Points held by a bound are kept and marked (`active`).
        - `verified`: with False, points are taken on trust (imported from elsewhere): only
          coordinates and energies have to be finite. Meeting one again with a certificate
          replaces it.

        **Returns:** which points are new, known or rejected, and why.

        **Raises:** `ValueError` if the batch has another width than the landscape;
        `StoreError` if it could not be written to the store (it is in memory).
        """
        if not isinstance(points, StationaryPoints):
            raise ValueError(
                f"points is a {type(points).__name__}: pass the StationaryPoints of "
                "jaxscape.minimise or the TransitionStates of jaxscape.find_transition_states"
            )
        self._check_width(points)
        if isinstance(points, TransitionStates):
            report = self._add_transition_states(points, verified)
        else:
            report = self._add_minima(points, verified)
        self.flush()
        return report

    def recognise(
        self, points: StationaryPoints, index: int = 1, *, count: bool = True
    ) -> np.ndarray:
        """Ids `[B]` of the points that the network knows, -1 for the others.

        `index` tells minima (0) from transition states (1); with `count` every meeting counts.
        Points that are not ok get -1.
        """
        self._check_width(points)
        view = self.minima if index == 0 else self.transition_states
        ids = np.full(len(points), -1)
        rows = np.flatnonzero(points.ok)
        if len(rows) and len(view):
            x = np.asarray(points.x)[rows]
            prints = fingerprints(self._need_symmetry(), x)
            ids[rows] = self._index(index, view).match(np.asarray(points.energy)[rows], prints, x)
        if count:
            for known in ids[ids >= 0].tolist():
                view._count_hit(known)
        return ids

    def record_attempts(self, kind: str, a=None, b=None, outcomes=None, evaluations=None) -> None:
        """Note searches tried, so that none is repeated.

        **Arguments:**

        - `kind`: what was tried, such as `"from_minimum"`.
        - `a`, `b` `[N]`: ids of the minima concerned, -1 or None for none.
        - `outcomes` `[N]`: statuses or short texts.
        - `evaluations` `[N]`: evaluations spent.
        """
        self.attempts.record(kind, a, b, outcomes, evaluations)
        self.flush()

    def attempt_counts(self, kind: str) -> dict[tuple[int, int], int]:
        """How often each pair `(a, b)` was tried in this way."""
        return self.attempts.counts(kind)

    @property
    def degenerate(self) -> np.ndarray:
        """`[T]`, True for transition states both of whose sides are one minimum."""
        return self.transition_states.plus == self.transition_states.minus

    @property
    def graph(self) -> nx.MultiGraph:
        """The network for networkx: minima as nodes, transition states as edges (key: their id).

        Nodes have `x`, `energy`, `log_product`, `order`, `active`; edges `x`, `energy`,
        `eigenvalue`, `log_product`. Built when asked for after a change.
        """
        return self.cached("graph", lambda: build_graph(self))

    def components(self) -> list[set[int]]:
        """Ids of the minima connected with each other, the largest component first."""
        states, size = self.transition_states, len(self.minima)
        parts = self.cached("components", lambda: connected(size, states.plus, states.minus))
        return [set(ids) for ids in parts]

    reconverge = reconverge

    def summary(self) -> str:
        """A few lines on what the landscape holds."""
        return summarise(self)

    def cached(self, name, build: Callable[[], Any]) -> Any:
        """The value of `build()`, kept until the network changes."""
        if name not in self._cache:
            self._cache[name] = build()
        return self._cache[name]

    def save(self, path) -> None:
        """Write everything to an SQLite file, complete or not at all.

        **Raises:** `StoreError` if it cannot be written; nothing is lost.
        """
        if self._store is not None and self._store.is_at(path):
            self.flush()
        else:
            save_store(path, self._contents)

    def flush(self) -> None:
        """Commit to the store what an earlier failure left out."""
        if self._store is not None:
            self._store.write(self._contents)

    def close(self) -> None:
        """Close the store; the landscape stays usable in memory."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def _add_minima(self, points: StationaryPoints, verified: bool) -> AddReport:
        reasons = rejections(points, 0, verified)
        return self._enter(self.minima, 0, points, reasons, verified, {})

    def _add_transition_states(self, points: TransitionStates, verified: bool) -> AddReport:
        # plus and minus take turns, so that ids do not depend on how batches are cut.
        sides = interleaved(points.plus, points.minus)
        minima = self._add_minima(sides, verified)
        side_reasons: list[str | None] = [None] * len(sides)
        for position, reason in minima.rejected:
            side_reasons[position] = reason
        reasons = side_rejections(rejections(points, 1, verified), side_reasons)
        extra = {
            "eigenvector": points.eigenvector,
            "plus": minima.ids[0::2],
            "minus": minima.ids[1::2],
        }
        report = self._enter(self.transition_states, 1, points, reasons, verified, extra)
        return dataclasses.replace(report, minima=minima)

    def _enter(self, view, kind, points, reasons, verified, extra) -> AddReport:
        reasons = self._with_objections(points, reasons)
        good = np.array([i for i, reason in enumerate(reasons) if reason is None], np.int64)
        ids, new = np.full(len(points), -1), np.zeros(len(points), bool)
        if len(good):
            rows = rows_of(points, good, verified, extra)
            self._loosen(np.asarray(points.x).dtype)
            symmetry = self._need_symmetry()
            index = self._index(kind, view)
            prints = fingerprints(symmetry, rows["x"])
            ids[good], new[good] = index.insert(rows["energy"], prints, rows["x"])
            first = new[good]
            fresh = {name: column[first] for name, column in rows.items()}
            fresh["order"] = symmetry.orders(fresh["x"])
            self._cache.clear()
            view._append(fresh)
            for position in np.flatnonzero(~first).tolist():
                self._meet(view, int(ids[good[position]]), rows, position, verified)
        known = ids[~new & (ids >= 0)]
        rejected = [(i, reason) for i, reason in enumerate(reasons) if reason is not None]
        return AddReport(ids, ids[new], known, rejected)

    def _with_objections(self, points, reasons) -> list[str | None]:
        """Reasons to reject points, those of the symmetry included."""
        rows = [i for i, reason in enumerate(reasons) if reason is None]
        reasons = list(reasons)
        if rows and self.symmetry is not None:
            own = self.symmetry.objections(np.asarray(points.x)[rows])
            for row, reason in zip(rows, own, strict=True):
                reasons[row] = reason
        return reasons

    def _meet(self, view, point: int, rows, position: int, verified: bool) -> None:
        if verified and not view.certified[point]:
            kept = ("hits", "plus", "minus")
            row = {name: column[position] for name, column in rows.items() if name not in kept}
            view._replace(point, row)
        view._count_hit(point)

    def _index(self, kind: int, view: MinimaView) -> IdentityIndex:
        index = self._indices.get(kind)
        # An interrupted call may have left the index ahead of the arrays: then build it anew.
        if index is None or len(index) != len(view):
            index = IdentityIndex(self._need_symmetry(), self.tolerance)
            if len(view):
                index.extend(view.energy, fingerprints(index.symmetry, view.x), view.x)
            self._indices[kind] = index
        index.loosen(self.tolerance)
        return index

    def _need_symmetry(self) -> Symmetry:
        if self.symmetry is None:
            raise ValueError(
                f"this landscape was loaded without its surface, whose symmetry "
                f"({self._contents.header.symmetry}) tells points apart: "
                "load it with jaxscape.load(path, surface) to add points"
            )
        return self.symmetry

    def _loosen(self, dtype) -> None:
        if not self._fixed_tolerance:
            loosest = self.tolerance.loosest(IdentityTolerance.for_dtype(dtype))
            self._set_header(energy=loosest.energy, distance=loosest.distance)

    def _check_width(self, points: StationaryPoints) -> None:
        parts = [points]
        if isinstance(points, TransitionStates):
            parts += [points.plus, points.minus]
        for part in parts:
            shape = np.shape(part.x)
            if len(shape) != 2 or (self.dim is not None and shape[1] != self.dim):
                raise ValueError(
                    f"points have shape {shape}, but this landscape holds points "
                    f"[batch, {self.dim or 'dim'}]"
                )
            if len(part) != len(points):
                raise ValueError(
                    f"{len(points)} transition states come with {len(part)} points on one side"
                )
            self._set_header(dim=shape[1])

    def _set_header(self, *, dim=None, energy=None, distance=None) -> None:
        header = self._contents.header
        self._contents.header = dataclasses.replace(
            header,
            dim=header.dim or dim,
            energy_tolerance=energy or header.energy_tolerance,
            distance_tolerance=distance or header.distance_tolerance,
        )
        if self.dim is not None:
            self.minima._set_dim(self.dim)
            self.transition_states._set_dim(self.dim)

    def _check_energy(self, path) -> None:
        # Width and symmetry do not tell one potential from another; an energy does.
        if self.surface is None or not len(self.minima):
            return
        lowest = self.minima.lowest()
        stored = float(self.minima.energy[lowest])
        found = float(self.surface(self.minima.x[lowest]))
        if not abs(found - stored) <= 1e-3 * max(1.0, abs(stored)):
            raise StoreError(
                f"{path} belongs to another surface: its minimum {lowest} has energy {stored}, "
                f"where {self.surface.name!r} gives {found}"
            )
