"""Two points in, the best path between their minima out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.analysis import Path, lowest_path
from jaxscape.explore.explore import explore, landscape_for
from jaxscape.explore.strategies import LowerPass, MissingLinks, ShortcutBarrier
from jaxscape.explore.strategies._base import connected
from jaxscape.landscape import Landscape
from jaxscape.search.arguments import checked_starts, positive_number
from jaxscape.search.minimise import minimise
from jaxscape.search.neb import NEB
from jaxscape.search.string import String
from jaxscape.surface import Surface, as_surface


@dataclasses.dataclass(frozen=True, eq=False)
class Connection:
    """What `connect` found.

    - `landscape`: all minima and transition states met on the way; `a`, `b`: ids of the ends.
    - `path`: the lowest path from `a` to `b`, None if the budget was spent without one.
    - `evaluations`: energy and gradient evaluations of this call until the first path, and
      in all (a Hessian-vector product counts two).
    """

    landscape: Landscape
    a: int
    b: int
    path: Path | None
    evaluations: tuple[int, int]

    @property
    def connected(self) -> bool:
        """Whether there is a path."""
        return self.path is not None

    @property
    def barrier(self) -> float:
        """Energy of the highest transition state on the path above `a`; infinite without one."""
        return float(np.inf) if self.path is None else self.path.barrier

    def __str__(self) -> str:
        energy = self.landscape.minima.energy
        ends = f"minimum {self.a} ({energy[self.a]:.8g}) to {self.b} ({energy[self.b]:.8g})"
        first, total = self.evaluations
        if self.path is None:
            return f"{ends}: not connected after {total} evaluations"
        return (
            f"{ends}: {len(self.path.transition_states)} transition states, "
            f"the highest at {self.path.energies.max():.8g}, barrier {self.barrier:.6g}\n"
            f"connected after {first} evaluations, {total} in all"
        )


def connect(
    surface: Surface | Callable,
    a: Float[Array | np.ndarray, " dim"],
    b: Float[Array | np.ndarray, " dim"],
    *,
    key: PRNGKeyArray,
    landscape: Landscape | None = None,
    store: Any = None,
    refine: int = 64,
    searches: int | None = None,
    seconds: float | None = None,
    band: NEB | String = NEB(images=15),
    progress: bool = True,
    **options: Any,
) -> Connection:
    """Find transition states and minima on the way between two points, and the best path.

    Both points are minimised. The missing links of the best path are tried until the minima are
    connected (`strategies.MissingLinks`), then ways round its highest transition states
    (`strategies.ShortcutBarrier`, then `strategies.LowerPass`). Every point is certified, every
    attempt recorded.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `a`, `b`: points `[dim]`, minima or near to them.
    - `key`: the same key gives the same path.
    - `landscape`, `store`: a network to go on with, as in `explore`.
    - `refine`: pairs tried to improve a path; 0 to stop at the first.
    - `searches`: pairs tried at most until there is a path; `seconds`: time for both parts.
    - `band`, and any further `options`: as in `explore`.

    **Returns:** a `Connection`. **Raises:** `ValueError` if a point does not lead to a minimum, or
    both lead to the same; and as `explore`.

    >>> import jax, numpy as np
    >>> wells = lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2
    >>> ends = np.array([-0.9, 0.1], "float32"), np.array([1.1, 0.0], "float32")
    >>> found = connect(wells, *ends, key=jax.random.key(0), progress=False)
    >>> len(found.path.transition_states), round(found.barrier, 4)
    (1, 1.0)
    """
    if isinstance(refine, bool) or not isinstance(refine, int | np.integer) or refine < 0:
        raise ValueError(f"refine is {refine!r}; it must be a whole number, 0 or more")
    surface = as_surface(surface)
    network = landscape_for(surface, landscape, store)
    before = network.evaluations
    ends = _minima(surface, network, a, b, options.get("tolerance"))
    options = options | dict(key=key, landscape=network, band=band, progress=progress)
    ending = None if seconds is None else time.monotonic() + positive_number("seconds", seconds)
    explore(surface, strategy=MissingLinks(*ends), searches=searches, seconds=seconds, **options)
    first = network.evaluations - before
    found, tried = connected(network, *ends), _pairs_tried(network)
    for strategy in (ShortcutBarrier(*ends), LowerPass(*ends)):
        # What the first leaves of the budget is for the second, which knows no end of its own.
        left = refine - (_pairs_tried(network) - tried)
        rest = None if ending is None else ending - time.monotonic()
        if found and left > 0 and (rest is None or rest > 0):
            explore(surface, strategy=strategy, searches=left, seconds=rest, **options)
    path = lowest_path(network, *ends) if found else None
    return Connection(network, *ends, path, (first, network.evaluations - before))


def _pairs_tried(network: Landscape) -> int:
    return sum(network.attempt_counts("double_ended").values())


def _minima(surface, network, a, b, tolerance) -> tuple[int, int]:
    shapes = np.shape(a), np.shape(b)
    if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
        raise ValueError(f"a has shape {shapes[0]} and b {shapes[1]}: pass two points [dim]")
    starts = checked_starts(surface, np.stack([np.asarray(a), np.asarray(b)]))
    points = minimise(surface, starts, tolerance=tolerance)
    report = network.add(points)
    network.record_attempts(
        "quench", outcomes=points.status.tolist(), evaluations=points.evaluations
    )
    if report.rejected:
        row, reason = report.rejected[0]
        raise ValueError(f"{'ab'[row]} does not lead to a minimum: {reason}")
    first, last = (int(i) for i in report.ids)
    if first == last:
        raise ValueError(
            f"a and b lead to the same minimum, energy {network.minima.energy[first]:.8g}: "
            "pass points in two basins"
        )
    return first, last
