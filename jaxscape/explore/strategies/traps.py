"""Minima that only seem to be traps, because the ways out of them have not been found.

B. Strodel, C. S. Whittleston and D. J. Wales, J. Am. Chem. Soc. 129, 16005 (2007);
D. J. Wales, J. Chem. Phys. 130, 204111 (2009).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.analysis import (
    DisconnectivityTree,
    disconnectivity_tree,
    free_energies,
    free_energy_tree,
    regroup,
)
from jaxscape.explore.strategies._base import (
    Pair,
    Strategy,
    check_positive,
    check_temperature,
    first_untried,
    ids_of,
    neighbours,
    pair,
    parts_of,
)
from jaxscape.explore.strategies._distances import Distances
from jaxscape.landscape import Landscape


@dataclasses.dataclass(frozen=True)
class Untrap(Strategy):
    """Ways out of deep minima: large barriers to the products for their energy.

    Minima are ranked by the barrier to the products over the energy above the lowest product;
    each is paired with the nearest minimum on the other side of that barrier.

    - `products`: ids of minima, one or many.
    - `tries`: searches for one minimum, each with another partner.
    - `rise`: no partner lies higher than so much above the trap; None for any.
    """

    products: int | tuple[int, ...]
    tries: int = 3
    rise: float | None = None

    def __post_init__(self):
        check_positive(self, "tries")
        if self.rise is not None and not self.rise > 0:
            raise ValueError(f"rise is {self.rise}; it must be positive, or None")

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        products = ids_of(network, self.products, "products")
        tree = disconnectivity_tree(network)
        energy = network.minima.energy
        candidates = _trapped(network, tree, energy, products, distances)
        if self.rise is not None:
            rise = self.rise
            candidates = (
                (inside, beyond[energy[beyond] <= energy[inside].max() + rise])
                for inside, beyond in candidates
            )
        return _with_partners(network, candidates, self.tries, room, distances)


@dataclasses.dataclass(frozen=True)
class FreeEnergyPairs(Strategy):
    """The same for groups of minima that interchange fast, by free energies.

    Minima are grouped over free-energy barriers below `barrier`; groups are ranked by the
    free-energy barrier to the products over the free energy above them, and each is paired
    where it comes nearest to the other side of that barrier.

    - `products`: ids of minima; `temperature`, `barrier`: in the unit of energy.
    - `tries`: searches for one group, each for another pair.
    """

    products: int | tuple[int, ...]
    temperature: float
    barrier: float
    tries: int = 3

    def __post_init__(self):
        check_positive(self, "tries")
        check_temperature(self.temperature)
        if not 0 < self.barrier < np.inf:
            raise ValueError(f"barrier is {self.barrier}; it must be a positive energy")

    def pairs(self, network: Landscape, room: int, distances: Distances) -> list[Pair]:
        products = ids_of(network, self.products, "products")
        groups = regroup(
            network, self.temperature, barrier=self.barrier, apart=(products.tolist(),)
        )
        tree = free_energy_tree(network, self.temperature)
        energy, _ = free_energies(network, self.temperature)
        kt = self.temperature
        weight = np.full(groups.group.max() + 1, -np.inf)
        np.logaddexp.at(weight, groups.group, -energy / kt)
        together = -kt * weight[groups.group]
        candidates = _trapped(network, tree, together, products, distances, groups.group)
        return _with_partners(network, candidates, self.tries, room, distances)


def _trapped(network, tree: DisconnectivityTree, energy, products, distances, group=None):
    """Traps, the worst first: their minima, and the minima beyond their barrier.

    `energy` `[M]` is that of each minimum, or of the whole group it belongs to.
    """
    part = parts_of(network)
    floor = float(energy[products].min())
    best: dict[int, tuple[float, int]] = {}
    label = np.arange(len(energy)) if group is None else np.asarray(group)
    own = set(label[products].tolist())
    for minimum in np.flatnonzero((network.minima.active == 0) & np.isin(part, part[products])):
        name = int(label[minimum])
        if name in own:
            continue
        top = min(tree.pass_energy(minimum, p) for p in products if part[p] == part[minimum])
        above = max(float(energy[minimum]) - floor, 1e-12 * (1.0 + abs(floor)))
        ratio = (top - float(energy[minimum])) / above
        if name not in best or ratio > best[name][0]:
            best[name] = ratio, int(minimum)
    for name in sorted(best, key=lambda key: (-best[key][0], key)):
        yield np.flatnonzero(label == name), _beyond(network, tree, best[name][1], products, part)


def _beyond(network, tree, minimum: int, products, part) -> np.ndarray:
    """Minima that reach the products below the pass between them and `minimum`."""
    reachable = [int(p) for p in products if part[p] == part[minimum]]
    top = min(tree.pass_energy(minimum, p) for p in reachable)
    heights = tree.node_energies()
    side = []
    for product in reachable:
        node = int(np.flatnonzero(tree.leaf_ids == product)[0])
        while tree.parents[node] >= 0 and heights[tree.parents[node]] < top:
            node = int(tree.parents[node])
        side.append(_leaves(tree, node))
    return np.unique(np.concatenate(side))


def _leaves(tree: DisconnectivityTree, node: int) -> np.ndarray:
    found, stack = [], [node]
    while stack:
        here = stack.pop()
        if here < len(tree):
            found.append(tree.leaf_ids[here])
        else:
            stack.extend(tree.children[here - len(tree)].tolist())
    return np.array(found, np.int64)


def _with_partners(network: Landscape, traps, tries: int, room: int, distances) -> list[Pair]:
    """For each trap the nearest pair not tried yet, until `tries` of its pairs have been."""
    tried = network.attempt_counts("double_ended")
    known = neighbours(network)
    chosen: dict[Pair, None] = {}
    for inside, beyond in traps:
        others = [pair(i, j) for i in inside.tolist() for j in beyond.tolist() if i != j]
        if sum(tried.get(ends, 0) for ends in others) >= tries:
            continue
        new = [ends for ends in others if ends not in known]
        for ends in distances.nearest(first_untried(network, new, 1, len(new)), 1):
            chosen[ends] = None
        if len(chosen) == room:
            break
    return list(chosen)
