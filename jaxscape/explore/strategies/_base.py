"""What a strategy is: a rule that names the next pairs of minima to connect."""

from __future__ import annotations

import abc
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int

from jaxscape.analysis import disconnectivity_tree
from jaxscape.analysis.thermodynamics.superposition import checked_temperature
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape
from jaxscape.landscape.graph import component_of

Pair = tuple[int, int]


class Strategy(abc.ABC):
    """Chooses pairs of minima for double-ended searches; a frozen dataclass of options.

    The choice depends on the network and its record of attempts alone, so that an exploration
    that was cut short goes on as if it had not been.
    """

    tries: int

    @abc.abstractmethod
    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        """Up to `room` pairs `(lower id, higher id)` to try next; none when all is done."""


def ids_of(network: Landscape, ids, name: str) -> Int[np.ndarray, " n"]:
    """Distinct ids of minima.

    **Raises:** `ValueError` if there are none, or one does not exist.
    """
    found = np.unique(np.atleast_1d(np.asarray(ids)))
    if found.size == 0:
        raise ValueError(f"{name} is empty: name at least one minimum by its id")
    if not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"{name} is {ids!r}: ids of minima are integers")
    size = len(network.minima)
    wrong = found[(found < 0) | (found >= size)]
    if len(wrong):
        raise ValueError(
            f"{name} names minimum {wrong[0]}: the landscape has {size}, counted from 0"
        )
    return found.astype(np.int64)


def ends_of(network: Landscape, a, b) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of ids that are apart."""
    a, b = ids_of(network, a, "a"), ids_of(network, b, "b")
    both = np.intersect1d(a, b)
    if both.size:
        raise ValueError(f"a and b overlap in minimum {both[0]}: a minimum belongs to one end only")
    return a, b


def parts_of(network: Landscape) -> Int[np.ndarray, " M"]:
    """The number of its component for every minimum; minima on their own have one each."""
    states, size = network.transition_states, len(network.minima)
    return network.cached("parts", lambda: component_of(size, states.plus, states.minus))


def joined(network: Landscape, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether every minimum of one end can reach the other."""
    part = parts_of(network)
    return bool(np.isin(part[a], part[b]).all() and np.isin(part[b], part[a]).all())


def lowest_pass(network: Landscape, a, b) -> tuple[int, int, float]:
    """The ends (one of `a`, one of `b`) with the lowest pass between them, and its energy.

    **Raises:** `ValueError` if the ends are not connected.
    """
    if not joined(network, a, b):
        raise ValueError(
            f"minima {a[:5].tolist()} and {b[:5].tolist()} are not connected yet: "
            "connect them first, with strategy=jaxscape.strategies.MissingLinks(a, b)"
        )
    tree, part = disconnectivity_tree(network), parts_of(network)
    passes = ((tree.pass_energy(i, j), int(i), int(j)) for i in a for j in b if part[i] == part[j])
    height, start, end = min(passes)
    return start, end, height


def connected(network: Landscape, a: int, b: int) -> bool:
    """Whether there is a path between two minima."""
    part = parts_of(network)
    return bool(part[a] == part[b])


def pair(a, b) -> Pair:
    """Ids in rising order."""
    return (int(a), int(b)) if a < b else (int(b), int(a))


def neighbours(network: Landscape) -> set[Pair]:
    """Pairs of minima that a transition state joins."""
    states = network.transition_states
    return network.cached(
        "neighbours", lambda: {pair(a, b) for a, b in zip(states.plus, states.minus, strict=True)}
    )


def first_untried(network: Landscape, candidates: Iterable[Pair], tries: int, room: int):
    """The first pairs tried less than `tries` times, each once."""
    tried = network.attempt_counts("double_ended")
    chosen: dict[Pair, None] = {}
    for candidate in candidates:
        if candidate not in chosen and tried.get(candidate, 0) < tries:
            chosen[candidate] = None
            if len(chosen) == room:
                break
    return list(chosen)


def check_positive(options, *names: str) -> None:
    """Raise `ValueError` for an option that is not a whole number above zero."""
    for name in names:
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, at least 1")


def check_temperature(temperature: float | None) -> None:
    """Raise `ValueError` at once for a `kT` that is not positive; None stands for none."""
    if temperature is not None:
        checked_temperature(temperature)
