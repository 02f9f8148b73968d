"""Better paths between two connected sets of minima.

B. Strodel, C. S. Whittleston and D. J. Wales, J. Am. Chem. Soc. 129, 16005 (2007).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.analysis import fastest_paths, lowest_path, step_rates
from jaxscape.explore.strategies._base import (
    Pair,
    Strategy,
    check_positive,
    check_temperature,
    ends_of,
    first_untried,
    lowest_pass,
    neighbours,
    pair,
)
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape


@dataclasses.dataclass(frozen=True)
class Shortcut(Strategy):
    """Shorter ways: pairs on the fastest path, `separation` steps or more apart, nearest first.

    - `a`, `b`: ids of minima, one or many; they have to be connected.
    - `temperature`: `kT`, at which the path is the fastest; None for the lowest path.
    - `tries`: searches for one pair.
    """

    a: int | tuple[int, ...]
    b: int | tuple[int, ...]
    temperature: float | None = None
    separation: int = 3
    tries: int = 1

    def __post_init__(self):
        check_positive(self, "separation", "tries")
        check_temperature(self.temperature)

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        minima, _ = best_path(network, self.a, self.b, self.temperature)
        far = [
            pair(minima[i], minima[j])
            for i in range(len(minima))
            for j in range(i + self.separation, len(minima))
        ]
        return distances.nearest(_open(network, far, self.tries), room)


@dataclasses.dataclass(frozen=True)
class ShortcutBarrier(Strategy):
    """Lower ways: round the highest transition states of the best path.

    For each of its highest transition states in turn, pairs of minima on either side, at most
    `reach` steps away from it, nearest first.

    - `a`, `b`, `temperature`, `tries`: as in `Shortcut`.
    - `barriers`: how many of the highest transition states.
    """

    a: int | tuple[int, ...]
    b: int | tuple[int, ...]
    temperature: float | None = None
    reach: int = 5
    barriers: int = 3
    tries: int = 1

    def __post_init__(self):
        check_positive(self, "reach", "barriers", "tries")
        check_temperature(self.temperature)

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        minima, states = best_path(network, self.a, self.b, self.temperature)
        energy = network.transition_states.energy[states]
        steps = np.argsort(-energy, kind="stable")[: self.barriers]
        return _around(network, minima, steps, self.reach, self.tries, room, distances)


@dataclasses.dataclass(frozen=True)
class ShortcutRate(Strategy):
    """Faster ways: round the slowest steps of the fastest path.

    The same as `ShortcutBarrier` for the steps of lowest rate constant, entropy included.

    - `a`, `b`, `tries`: as in `Shortcut`; `temperature`: `kT`.
    """

    a: int | tuple[int, ...]
    b: int | tuple[int, ...]
    temperature: float
    reach: int = 5
    steps: int = 3
    tries: int = 1

    def __post_init__(self):
        check_positive(self, "reach", "steps", "tries")
        check_temperature(self.temperature)

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        minima, states = best_path(network, self.a, self.b, self.temperature)
        rates = step_rates(network, self.temperature)
        forward = network.transition_states.plus[states] == minima[:-1]
        slow = np.where(forward, rates.log_forward[states], rates.log_backward[states])
        steps = np.argsort(slow, kind="stable")[: self.steps]
        return _around(network, minima, steps, self.reach, self.tries, room, distances)


def best_path(network: Landscape, a, b, temperature: float | None):
    """Ids of minima `[P+1]` and transition states `[P]` on the fastest, or the lowest, path.

    **Raises:** `ValueError` if the ends are not connected.
    """
    a, b = ends_of(network, a, b)
    start, end, _ = lowest_pass(network, a, b)
    if temperature is not None:
        (path,) = fastest_paths(network, a, b, temperature)
        return path.minima, path.transition_states
    path = lowest_path(network, start, end)
    return path.minima, path.transition_states


def _around(network, minima, steps, reach, tries, room, distances) -> list[Pair]:
    chosen: dict[Pair, None] = {}
    for step in steps.tolist():
        before = minima[max(0, step + 1 - reach) : step + 1]
        after = minima[step + 1 : step + 1 + reach]
        around = [pair(i, j) for i in before for j in after]
        share = -(-room // len(steps))
        for found in distances.nearest(_open(network, around, tries), share):
            chosen[found] = None
    return list(chosen)[:room]


def _open(network: Landscape, candidates: list[Pair], tries: int) -> list[Pair]:
    """Pairs worth a try: of two minima, with no transition state between them yet."""
    known = neighbours(network)
    new = [ends for ends in candidates if ends[0] != ends[1] and ends not in known]
    return first_untried(network, new, tries, len(new))
