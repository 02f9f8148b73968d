"""Following a landscape along a parameter, with everything that happens on the way."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis.differentiation._marching import Arrival, March, points_of
from jaxscape.landscape import Landscape
from jaxscape.landscape.identity import IdentityIndex, IdentityTolerance
from jaxscape.search.arguments import default_tolerance, positive_number
from jaxscape.search.certify import certify
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.transition_states import with_minima
from jaxscape.surface import Surface, as_surface


class EventKind(enum.Enum):
    """What may happen to stationary points along a parameter."""

    DEATH = "ends"  # mostly in a fold, together with another
    INDEX = "changes its index"  # a pitchfork, or an exchange of branches
    MERGE = "become one"
    BIRTH = "is born"
    FOUND = "was there all along, unknown to the landscape"


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened between the parameters `low` and `high`.

    `minima`, `transition_states`: ids of the points concerned, those of the landscape followed;
    for `BIRTH` and `FOUND` ids of the landscape at the end.
    """

    kind: EventKind
    low: float
    high: float
    minima: tuple[int, ...] = ()
    transition_states: tuple[int, ...] = ()

    def __str__(self) -> str:
        names = [f"minimum {i}" for i in self.minima]
        names += [f"transition state {i}" for i in self.transition_states]
        where = f"{self.low:.8g}" if self.low == self.high else f"{self.low:.8g} .. {self.high:.8g}"
        return f"{where}: {', '.join(names)} {self.kind.value}"


@dataclasses.dataclass(frozen=True, eq=False)
class Continuation:
    """A landscape at another parameter, and the way there.

    - `landscape`: certified points at the end; `surface`: that at the end.
    - `minima` `[M]`, `transition_states` `[T]`: their ids there, by the ids of the landscape
      followed; -1 for points that ended.
    - `events`: in order of the parameter.
    - `parameters` `[K]`; `energy` `[K, M]`, `ts_energy` `[K, T]`, `eigenvalue` `[K, M]`,
      `ts_eigenvalue` `[K, T]` (the lowest): along the way, NaN once a point has ended.
    """

    landscape: Landscape
    surface: Surface
    minima: Int[np.ndarray, " M"]
    transition_states: Int[np.ndarray, " T"]
    events: tuple[Event, ...]
    parameters: Float[np.ndarray, " K"]
    energy: Float[np.ndarray, "K M"]
    ts_energy: Float[np.ndarray, "K T"]
    eigenvalue: Float[np.ndarray, "K M"]
    ts_eigenvalue: Float[np.ndarray, "K T"]

    def __str__(self) -> str:
        way = f"{self.parameters[0]:g} to {self.parameters[-1]:g} in {len(self.parameters) - 1}"
        lines = [f"{way} steps: {self.landscape!r}"]
        return "\n".join(lines + [f"  {event}" for event in self.events])


def follow(
    landscape: Landscape,
    surface_at: Callable[[float], Surface],
    start: float,
    stop: float,
    *,
    step: float | None = None,
    resolution: float | None = None,
    tolerance: float | None = None,
) -> Continuation:
    """Follow all stationary points of a landscape along a parameter of its surface.

    Each step predicts by the implicit function theorem, corrects by Newton's method and certifies.
    Points that do not arrive go on in smaller steps; how and where one ends is an `Event`. At the
    end the minima on both sides of every transition state are found anew, and minima that appear
    there are followed backwards to their birth. Transition states born on the way are not looked
    for: `jaxscape.explore(surface, landscape=...)` completes the network.

    **Arguments:**

    - `landscape`: at `start`.
    - `surface_at`: a function of the parameter that returns a surface. Surfaces that differ in
      the values of arrays alone, such as `jaxscape.systems.iris_mlp(l2=p)`, compile once; a new
      closure compiles at every step.
    - `start`, `stop`: of the parameter; either may be larger.
    - `step`: the first step, by default a 20th of the way; later ones adapt.
    - `resolution`: of the parameters of events, by default a millionth of the way.
    - `tolerance`: largest root-mean-square gradient, 1e-8 in float64.

    **Raises:** `ValueError` for an empty landscape, one that does not belong to
    `surface_at(start)`, and for `start` equal to `stop`.

    E. L. Allgower and K. Georg, Introduction to Numerical Continuation Methods, SIAM (2003).

    >>> import equinox as eqx, jax
    >>> from jaxscape.search.minimise import minimise
    >>> class Tilted(eqx.Module):
    ...     tilt: jax.Array
    ...     def __call__(self, x):
    ...         return (x[0] ** 2 - 1) ** 2 + self.tilt * x[0]
    >>> def tilted(p):
    ...     return Surface(Tilted(jax.numpy.asarray(p, float)), dim=1)
    >>> landscape = Landscape(tilted(0.0))
    >>> start = np.array([[-0.9], [0.9]], landscape.surface.scale.dtype)
    >>> _ = landscape.add(minimise(landscape.surface, start))
    >>> found = follow(landscape, tilted, 0.0, 0.2)
    >>> len(found.landscape.minima), found.events
    (2, ())
    """
    if not isinstance(landscape, Landscape) or not len(landscape.minima):
        raise ValueError("there is nothing to follow: pass a Landscape with minima")
    start, stop = _number("start", start), _number("stop", stop)
    if start == stop:
        raise ValueError(f"start and stop are both {start}: give two values of the parameter")
    length = abs(stop - start)
    step = length / 20 if step is None else min(positive_number("step", step), length)
    fine = 1e-6 * length if resolution is None else positive_number("resolution", resolution)

    @functools.lru_cache(maxsize=64)
    def surface_of(parameter: float) -> Surface:
        return as_surface(surface_at(parameter))

    first = surface_of(start)
    dtype = np.asarray(first.scale).dtype
    march = March(surface_of, (start, stop), fine, default_tolerance(dtype, tolerance))
    way = _Way(march, landscape, first, start)
    while way.at != stop:
        onwards = way.at + np.sign(stop - start) * step
        arrived = abs(stop - way.at) <= step * (1 + 1e-9)
        halved = way.advance(stop if arrived else float(onwards))
        step = 0.6 * step if halved else min(1.5 * step, length / 5)
    return _finished(way)


class _Way:
    """The points followed: rows are minima, then transition states of the landscape."""

    def __init__(self, march: March, landscape: Landscape, surface: Surface, start: float):
        minima, states = landscape.minima, landscape.transition_states
        dtype = np.asarray(surface.scale).dtype
        self.march, self.at, self.count = march, start, len(minima)
        self.x = np.concatenate([minima.x, states.x if len(states) else minima.x[:0]])
        self.x = self.x.astype(dtype)
        self.saddle = np.arange(len(self.x)) >= self.count
        self.alive = np.ones(len(self.x), bool)
        self.events: list[Event] = []
        self.parameters: list[float] = []
        self.energies: list[np.ndarray] = []
        self.eigenvalues: list[np.ndarray] = []
        points = points_of(surface, self.x, self.saddle, march.tolerance)
        # Coordinates of atoms may have drifted along zero modes, so energies are compared, too.
        energy = np.concatenate([minima.energy, states.energy])
        wrong = ~points.ok | (np.abs(points.energy - energy) > 1e-4 * (1 + np.abs(energy)))
        if wrong.any():
            raise ValueError(
                f"the landscape does not belong to the surface at {start}: {self._names(wrong)} "
                "is no such stationary point there; pass the start at which it was explored"
            )
        self._record(start, np.arange(len(self.x)), points)

    def advance(self, to: float) -> bool:
        """One step of all points; whether it was too long for some."""
        rows = np.flatnonzero(self.alive)
        if not rows.size:
            self._record(to, rows, None)
            return False
        before = self.x.copy()
        came = self.march(self.at, to, self.x[rows], self.saddle[rows])
        arrived = came.points.ok
        self.x[rows[arrived]] = came.points.x[arrived]
        changed = self._part(rows, came, to)
        points = self._points(to)
        if points is not None and self._unite(points, before, to, changed):
            points = self._points(to)
        self._record(to, np.flatnonzero(self.alive), points)
        return came.halved

    def _points(self, at: float):
        here = np.flatnonzero(self.alive)
        if not here.size:
            return None
        surface = self.march.surface_at(at)
        return points_of(surface, self.x[here], self.saddle[here], self.march.tolerance)

    def _part(self, rows: np.ndarray, came: Arrival, to: float) -> dict[int, tuple[float, float]]:
        """Note what became of points that did not arrive, and where an index has changed."""
        lost, gone, changed = np.flatnonzero(~came.points.ok), [], {}
        for i in lost.tolist():
            row, index = int(rows[i]), int(came.index[i])
            if index < 0:
                gone.append(i)
                continue
            low, high = float(came.low[i]), float(came.high[i])
            if index != self.saddle[row]:
                changed[row] = low, high
                self._note(EventKind.INDEX, low, high, [row])
            self.alive[row] = False
            if index < 2:
                now = np.array([bool(index)])
                onwards = self.march(high, to, came.beyond[i : i + 1], now).points
                if onwards.ok[0]:
                    self.x[row], self.saddle[row], self.alive[row] = onwards.x[0], now[0], True
        while gone:
            i = gone.pop(0)
            partner = self._partner(i, gone, came)
            group = [i] if partner is None else [i, partner]
            gone = [j for j in gone if j not in group]
            low, high = float(came.low[group].mean()), float(came.high[group].mean())
            self._note(EventKind.DEATH, low, high, [rows[j] for j in group])
            self.alive[rows[group]] = False
        return changed

    def _partner(self, i: int, others: list[int], came: Arrival) -> int | None:
        """The point lost at the same place and parameter."""
        surface = self.march.surface_at(came.low[i])
        best, nearest = None, 0.1 * float(surface.scale) * self.x.shape[1] ** 0.5
        for j in others:
            if abs(came.low[i] - came.low[j]) > 20 * self.march.resolution:
                continue
            apart = surface.symmetry.align(came.last[i], came.last[j])[1]
            if apart < nearest:
                best, nearest = j, apart
        return best

    def _unite(self, points, before: np.ndarray, to: float, changed: dict) -> bool:
        """Find points that have become one, or that a long step took for one."""
        here, found = np.flatnonzero(self.alive), False
        symmetry = self.march.surface_at(to).symmetry
        for kind in (False, True):
            mine = np.flatnonzero(self.saddle[here] == kind)
            ids = _identified(symmetry, points.take(mine)) if mine.size else mine
            for one in np.flatnonzero(np.bincount(ids) > 1) if ids.size else ():
                self._merge(here[mine[ids == one]], before, to, symmetry, changed)
                found = True
        return found

    def _merge(self, group, before: np.ndarray, to: float, symmetry, changed: dict) -> None:
        old = np.array([row for row in group if row not in changed], int)
        if len(old) > 1:
            low, high, x, saddle = self.at, to, before[old], self.saddle[old]
            while abs(high - low) > self.march.resolution:
                middle = 0.5 * (low + high)
                came = self.march(low, middle, x, saddle).points
                if came.ok.all() and len(set(_identified(symmetry, came))) == len(old):
                    low, x = middle, np.asarray(came.x)
                else:
                    high = middle
            last = self.march(low, to, x, saddle).points
            if last.ok.all() and len(set(_identified(symmetry, last))) == len(old):
                self.x[old] = last.x  # a step had been too long
                return
        else:
            low, high = changed[next(row for row in group if row in changed)]
        self._note(EventKind.MERGE, low, high, list(group))
        self.alive[group[1:]] = False

    def _note(self, kind: EventKind, low: float, high: float, rows) -> None:
        low, high = sorted((float(low), float(high)))
        minima = tuple(int(r) for r in rows if r < self.count)
        states = tuple(int(r) - self.count for r in rows if r >= self.count)
        self.events.append(Event(kind, low, high, minima, states))

    def _record(self, at: float, rows: np.ndarray, points) -> None:
        self.at = at
        energy, lowest = np.full((2, len(self.x)), np.nan)
        if points is not None:
            energy[rows], lowest[rows] = points.energy, points.lowest_eigenvalue
            self.x[rows] = points.x
        self.parameters.append(at)
        self.energies.append(energy)
        self.eigenvalues.append(lowest)

    def _names(self, rows: np.ndarray) -> str:
        row = int(np.flatnonzero(rows)[0])
        if row < self.count:
            return f"minimum {row}"
        return f"transition state {row - self.count}"


def _identified(symmetry, points) -> np.ndarray:
    """Equal points have equal numbers."""
    tolerance = IdentityTolerance.for_dtype(np.asarray(points.x).dtype)
    index = IdentityIndex(symmetry, tolerance)
    return index.insert(points.energy, symmetry.fingerprint(np.asarray(points.x)), points.x)[0]


def _finished(way: _Way) -> Continuation:
    """The network at the end, its new minima followed back to where they come from."""
    march, count = way.march, way.count
    surface = march.surface_at(way.at)
    landscape = Landscape(surface)
    ids = np.full(len(way.x), -1)
    for kind in (False, True):
        rows = np.flatnonzero(way.alive & (way.saddle == kind))
        if not rows.size:
            continue
        points = points_of(surface, way.x[rows], way.saddle[rows], march.tolerance)
        if kind:
            modes = certify(surface, way.x[rows], tolerance=march.tolerance).eigenvector
            points = with_minima(surface, points, modes, LBFGS(), march.tolerance, 0.05)
        ids[rows] = landscape.add(points).ids
    known = np.unique(ids[(ids >= 0) & ~way.saddle])
    new = np.setdiff1d(np.arange(len(landscape.minima)), known)
    if new.size:
        for one, low, high in _backwards(way, new, landscape.minima.x[new].astype(way.x.dtype)):
            kind = EventKind.FOUND if low == high else EventKind.BIRTH
            way.events.append(Event(kind, low, high, (one,)))
    forwards = 1 if way.at > way.parameters[0] else -1
    events = tuple(sorted(way.events, key=lambda event: forwards * event.low))
    energy, lowest = np.array(way.energies), np.array(way.eigenvalues)
    return Continuation(
        landscape, surface, ids[:count], ids[count:], events, np.array(way.parameters),
        energy[:, :count], energy[:, count:], lowest[:, :count], lowest[:, count:],
    )  # fmt: skip


def _backwards(way: _Way, new: np.ndarray, x: np.ndarray) -> list[tuple[int, float, float]]:
    """Where each new minimum appeared: its id and two parameters, equal ones for the start."""
    found, ids = [], new
    grid = way.parameters[::-1]
    for at, to in zip(grid[:-1], grid[1:], strict=True):
        if not len(ids):
            break
        came = way.march(at, to, x, np.zeros(len(ids), bool))
        for i in np.flatnonzero(~came.points.ok):
            low, high = sorted((float(came.low[i]), float(came.high[i])))
            found.append((int(ids[i]), low, high))
        ids, x = ids[came.points.ok], np.asarray(came.points.x)[came.points.ok]
    return found + [(int(one), grid[-1], grid[-1]) for one in ids]


def _number(name: str, value) -> float:
    if not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise ValueError(f"{name} is {value!r}: give a finite number")
    return float(value)
