"""Minima that nothing connects, and regions that have few connections.

D. J. Wales, PATHSAMPLE, https://www-wales.ch.cam.ac.uk/PATHSAMPLE, keywords CONNECTUNCONNECTED
and CONNECTREGION.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.explore.strategies._base import (
    Pair,
    Strategy,
    check_positive,
    first_untried,
    ids_of,
    neighbours,
    pair,
    parts_of,
)
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape


@dataclasses.dataclass(frozen=True)
class ConnectUnconnected(Strategy):
    """Join minima without a way to `reference` to the nearest minimum that has one.

    The lowest come first; of minima connected among themselves only the lowest is tried.

    - `reference`: ids of minima; by default the lowest of the network.
    - `below`: energy up to which minima are joined; None for all.
    - `tries`: searches for one minimum, each with another partner.
    """

    reference: int | tuple[int, ...] | None = None
    below: float | None = None
    tries: int = 3

    def __post_init__(self):
        check_positive(self, "tries")

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        minima = network.minima
        given = minima.lowest() if self.reference is None else self.reference
        reference = ids_of(network, given, "reference")
        part, inside = parts_of(network), minima.active == 0
        joined = np.isin(part, part[reference])
        lost = np.flatnonzero(~joined & inside)
        if self.below is not None:
            lost = lost[minima.energy[lost] <= self.below]
        lost = lost[np.argsort(minima.energy[lost], kind="stable")]
        _, first = np.unique(part[lost], return_index=True)
        lost, partners = lost[np.sort(first)], np.flatnonzero(joined & inside)
        chosen: list[Pair] = []
        tried = network.attempt_counts("double_ended")
        for minimum in lost.tolist():
            pairs = [pair(minimum, other) for other in partners.tolist()]
            if sum(tried.get(ends, 0) for ends in pairs) >= self.tries:
                continue
            chosen += distances.nearest(first_untried(network, pairs, 1, len(pairs)), 1)
            if len(chosen) == room:
                break
        return chosen


@dataclasses.dataclass(frozen=True)
class ConnectRegion(Strategy):
    """Try all pairs within a set of minima that no transition state joins, nearest first.

    - `minima`: ids; None for all of the network.
    - `longest`: only pairs up to this distance, in the surface's unit of length; None for all.
    - `tries`: searches for one pair.
    """

    minima: tuple[int, ...] | None = None
    longest: float | None = None
    tries: int = 1

    def __post_init__(self):
        check_positive(self, "tries")
        if self.longest is not None and not self.longest > 0:
            raise ValueError(f"longest is {self.longest}; it must be positive, or None")

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        inside = np.flatnonzero(network.minima.active == 0)
        region = inside if self.minima is None else ids_of(network, self.minima, "minima")
        known = neighbours(network)
        i, j = np.triu_indices(len(region), 1)
        new = [
            ends
            for ends in (pair(region[k], region[m]) for k, m in zip(i, j, strict=True))
            if ends not in known
        ]
        found = distances.nearest(first_untried(network, new, self.tries, len(new)), room)
        if self.longest is None:
            return found
        return [ends for ends in found if distances.exact(*ends) <= self.longest]
