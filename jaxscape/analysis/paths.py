"""Lowest paths through the network and their barriers."""

import dataclasses
import heapq
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis.disconnectivity import disconnectivity_tree, not_connected
from jaxscape.landscape import KineticNetwork, Landscape


@dataclasses.dataclass(frozen=True)
class Path:
    """A path from minimum to minimum over transition states.

    `minima` `[P+1]` and `transition_states` `[P]` (ids, in order), `energies` `[2P+1]` (minimum,
    transition state, minimum, ..., in the surface's unit).

    >>> path = Path(np.array([1, 0]), np.array([3]), np.array([0.5, 2.0, 0.0]))
    >>> path.barrier, path.reverse_barrier
    (1.5, 2.0)
    """

    minima: Int[np.ndarray, " nodes"]
    transition_states: Int[np.ndarray, " steps"]
    energies: Float[np.ndarray, " points"]

    def __len__(self) -> int:
        return len(self.transition_states)

    @property
    def highest(self) -> float:
        """Energy of the highest transition state (of the minimum, on a path of no steps)."""
        return float(self.energies[1::2].max() if len(self) else self.energies[0])

    @property
    def barrier(self) -> float:
        """`highest` above the energy of the first minimum."""
        return self.highest - float(self.energies[0])

    @property
    def reverse_barrier(self) -> float:
        """`highest` above the energy of the last minimum."""
        return self.highest - float(self.energies[-1])


def barrier(
    landscape: Landscape | KineticNetwork, a: int | np.integer, b: int | np.integer
) -> float:
    """Height of the lowest path from `a` to `b` above the energy of `a`.

    **Arguments:**

    - `landscape`: a `Landscape`, or a network without points. `a`, `b`: ids of minima.

    **Returns:** the energy of the highest transition state on the path on which it is lowest,
    minus the energy of `a`, in the surface's unit; 0 for `a == b`. It differs from the barrier
    of the way back by the difference of the two minima.

    **Raises:** `ValueError` if an id does not exist or no path is known.

    >>> barrier(KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[2.0]), 1, 0)
    1.5

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    height = jaxscape.barrier(landscape, 1, 0)
    print(f"{height:.3f} above minimum 1")
    ```
    """
    _check_ids(landscape, a, b)
    return disconnectivity_tree(landscape).barrier(int(a), int(b))


def lowest_path(
    landscape: Landscape | KineticNetwork, a: int | np.integer, b: int | np.integer
) -> Path:
    """The lowest path between two minima.

    Of all paths those with the lowest highest transition state are taken; among them the one
    with the least sum of the energies of its transition states, counted from the lowest
    stationary point of the network (so that fewer steps are better); among equals the one with
    fewer steps.

    **Arguments:**

    - `landscape`: a `Landscape`, or a network without points. `a`, `b`: ids of minima.

    **Returns:** a `Path`.

    **Raises:** `ValueError` if an id does not exist or no path is known.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[2.0], ids=[7, 3])
    >>> lowest_path(network, 3, 7).energies.tolist()
    [0.5, 2.0, 0.0]

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    path = jaxscape.lowest_path(landscape, 1, 0)
    print(path.minima, path.barrier)
    ```
    """
    _check_ids(landscape, a, b)
    a, b = int(a), int(b)
    highest = disconnectivity_tree(landscape).pass_energy(a, b)
    network = _numbers(landscape)
    if isinstance(landscape, Landscape):
        links = landscape.cached("links", lambda: _links(network))
    else:
        links = _links(network)
    before = _shortest(links, a, b, highest)
    minima, states = [b], []
    while minima[-1] != a:
        previous, state = before[minima[-1]]
        minima.append(previous)
        states.append(state)
    minima, states = np.array(minima[::-1]), np.array(states[::-1], np.int64)
    energies = np.empty(2 * len(states) + 1)
    energies[0::2] = network.energy[network.rows(minima)]
    energies[1::2] = network.ts_energy[states]
    return Path(minima, network.ts_ids[states], energies)


class _Numbers(NamedTuple):
    """Minima by their ids, transition states by their rows."""

    ids: Int[np.ndarray, " M"]
    energy: Float[np.ndarray, " M"]
    plus: Int[np.ndarray, " T"]
    minus: Int[np.ndarray, " T"]
    ts_energy: Float[np.ndarray, " T"]
    ts_ids: Int[np.ndarray, " T"]

    def rows(self, ids: np.ndarray) -> np.ndarray:
        order = np.argsort(self.ids, kind="stable")
        return order[np.searchsorted(self.ids, ids, sorter=order)]


def _numbers(landscape: Landscape | KineticNetwork) -> _Numbers:
    if isinstance(landscape, KineticNetwork):
        ids, energy = landscape.ids, landscape.energy
        plus, minus = ids[landscape.plus], ids[landscape.minus]
        return _Numbers(ids, energy, plus, minus, landscape.ts_energy, landscape.ts_ids)
    minima, states = landscape.minima, landscape.transition_states
    ids, ts_ids = np.arange(len(minima)), np.arange(len(states))
    return _Numbers(ids, minima.energy, states.plus, states.minus, states.energy, ts_ids)


def _shortest(links: dict[int, list], a: int, b: int, highest: float):
    """Dijkstra's algorithm below `highest`: for each minimum reached, the step before it."""
    before: dict[int, tuple[int, int]] = {}
    done: set[int] = set()
    # Steps and ids break ties, so that the answer does not depend on the order of discovery.
    queue = [(0.0, 0, a, -1, -1)]
    while queue:
        cost, steps, here, previous, state = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        before[here] = (previous, state)
        if here == b:
            return before
        for there, weight, energy, link in links.get(here, ()):
            if energy <= highest and there not in done:
                heapq.heappush(queue, (cost + weight, steps + 1, there, here, link))
    raise ValueError(not_connected(a, b))


def _links(network: _Numbers) -> dict[int, list[tuple[int, float, float, int]]]:
    """Of every minimum: neighbour, weight, energy and row of the lowest transition state."""
    if not len(network.ts_energy):
        return {}
    floor = float(min(network.energy.min(), network.ts_energy.min()))
    links: dict[int, list[tuple[int, float, float, int]]] = {}
    seen: set[tuple[int, int]] = set()
    columns = network.plus, network.minus, network.ts_energy
    plus, minus, energies = (column.tolist() for column in columns)
    for state in np.argsort(network.ts_energy, kind="stable").tolist():
        ends = (plus[state], minus[state])
        pair = (min(ends), max(ends))
        if ends[0] == ends[1] or pair in seen:
            continue
        seen.add(pair)
        energy = energies[state]
        for here, there in (ends, ends[::-1]):
            links.setdefault(here, []).append((there, energy - floor, energy, state))
    return links


def _check_ids(landscape: Landscape | KineticNetwork, *ids: int | np.integer) -> None:
    for minimum in ids:
        if isinstance(minimum, bool) or not isinstance(minimum, int | np.integer):
            raise ValueError(f"minimum {minimum!r} is not an id: ids are integers")
        if isinstance(landscape, KineticNetwork):
            landscape.rows(minimum)
        elif not 0 <= minimum < (size := len(landscape.minima)):
            raise ValueError(
                f"there is no minimum {minimum}: the landscape has {size}, counted from 0"
            )
