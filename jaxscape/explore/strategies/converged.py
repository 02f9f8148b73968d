"""When to stop: once further searches no longer change a rate."""

from __future__ import annotations

import dataclasses

from jaxscape.analysis import rate_convergence
from jaxscape.explore.strategies._base import (
    check_positive,
    check_temperature,
    ends_of,
    joined,
)
from jaxscape.landscape import Landscape


@dataclasses.dataclass(frozen=True)
class RateConverged:
    """The rate constants between `a` and `b`, both ways, have changed little for a while.

    - `a`, `b`: ids of minima, one or many; `temperature`: `kT`.
    - `change`: largest change of the natural logarithm of either rate constant ...
    - `searches`: ... over the last so many transition-state searches. Searches from before the
      ends were connected do not count.

    `jaxscape.rate_convergence` tells how the rates came to be what they are.

    >>> RateConverged(0, 1, temperature=0.1).change
    0.05
    """

    a: int | tuple[int, ...]
    b: int | tuple[int, ...]
    temperature: float
    change: float = 0.05
    searches: int = 200

    def __post_init__(self):
        check_positive(self, "searches")
        check_temperature(self.temperature)
        if not self.change > 0:
            raise ValueError(f"change is {self.change}; it must be positive")

    def reached(self, network: Landscape) -> bool:
        """Whether the network may stop growing."""
        a, b = ends_of(network, self.a, self.b)
        if not joined(network, a, b):
            return False
        history = rate_convergence(network, a, b, self.temperature, last=self.searches, points=5)
        return history.searches[0] >= 0 and history.change <= self.change
