"""Disconnectivity trees: which minima reach each other below which energy.

O. M. Becker and M. Karplus, J. Chem. Phys. 106, 1495 (1997);
D. J. Wales, M. A. Miller and T. R. Walsh, Nature 394, 758 (1998).
"""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import KineticNetwork, Landscape


@dataclasses.dataclass(frozen=True)
class DisconnectivityTree:
    """The exact tree: every merge at the energy of the transition state that makes it.

    Nodes `0 .. L-1` are the leaves, nodes `L .. L+K-1` the merges in order of energy; a merge
    joins two nodes of lower number. Components that are not connected keep roots of their own.

    - `leaf_ids` `[L]`, `leaf_energies` `[L]`: the minima.
    - `children` `[K, 2]`: the nodes joined, the one that holds the lower minimum first.
    - `merge_energies` `[K]`, `merge_ids` `[K]`: energy and id of the transition state.
    - `parents` `[L+K]`: the node above, -1 for a root.
    - `lowest` `[L+K]`: the leaf of lowest energy below each node (a node number, that is a
      position in `leaf_ids`).
    - `sizes` `[L+K]`: number of leaves below each node.
    """

    leaf_ids: Int[np.ndarray, " leaves"]
    leaf_energies: Float[np.ndarray, " leaves"]
    children: Int[np.ndarray, "merges 2"]
    merge_energies: Float[np.ndarray, " merges"]
    merge_ids: Int[np.ndarray, " merges"]
    parents: Int[np.ndarray, " nodes"]
    lowest: Int[np.ndarray, " nodes"]
    sizes: Int[np.ndarray, " nodes"]

    @staticmethod
    def from_arrays(energies, ts_energies, plus, minus, *, minima=None) -> "DisconnectivityTree":
        """The tree of any network.

        **Arguments:**

        - `energies` `[M]`: energies of the minima.
        - `ts_energies` `[T]`, `plus` `[T]`, `minus` `[T]`: transition states and the minima
          (positions in `energies`) on either side.
        - `minima`: show only these as leaves. Paths through the others still count.

        **Raises:** `ValueError` if shapes differ, energies are NaN or a minimum does not exist.

        >>> tree = DisconnectivityTree.from_arrays([0.0, 1.0], [2.0], [0], [1])
        >>> tree.merge_energies.tolist(), tree.barrier(1, 0)
        ([2.0], 1.0)
        """
        energies, states = _checked(energies, ts_energies, plus, minus)
        return _grow(energies, *states, _leaf_ids(minima, len(energies)))

    def __len__(self) -> int:
        return len(self.leaf_ids)

    @property
    def roots(self) -> Int[np.ndarray, " components"]:
        """Nodes without a parent, the one with the lowest minimum first."""
        roots = np.flatnonzero(self.parents < 0)
        return roots[np.argsort(self.leaf_energies[self.lowest[roots]], kind="stable")]

    def node_energies(self) -> Float[np.ndarray, " nodes"]:
        """`[L+K]`, energies of leaves and merges."""
        return np.concatenate([self.leaf_energies, self.merge_energies])

    def pass_energy(self, a: int | np.integer, b: int | np.integer) -> float:
        """Energy of the highest transition state on the lowest path between two minima (ids).

        **Raises:** `ValueError` if they are not connected or not leaves of the tree.
        """
        node_a, node_b = self._leaf(a), self._leaf(b)
        if node_a == node_b:
            return float(self.leaf_energies[node_a])
        node = self._common(node_a, node_b)
        if node < 0:
            raise ValueError(not_connected(a, b))
        return float(self.merge_energies[node - len(self)])

    def barrier(self, a: int | np.integer, b: int | np.integer) -> float:
        """Height of the lowest path from `a` to `b` (ids) above the energy of `a`."""
        return self.pass_energy(a, b) - float(self.leaf_energies[self._leaf(a)])

    def at_levels(self, levels) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, "n leaves"]]:
        """Groups of minima that reach each other without passing above an energy.

        **Arguments:**

        - `levels`: energies, or how many of them, evenly spaced up to the highest merge.

        **Returns:** the energies `[n]`, rising, and for each the group of every leaf `[n, L]`,
        named by the position of its lowest leaf; -1 for leaves above the level.

        >>> tree = DisconnectivityTree.from_arrays([0.0, 1.0], [2.0], [0], [1])
        >>> tree.at_levels([0.5, 1.5, 2.5])[1].tolist()
        [[0, -1], [0, 1], [0, 0]]
        """
        energies = self._level_energies(levels)
        leaves = np.arange(len(self))
        groups = np.empty((len(energies), len(self)), np.int64)
        heights = self.node_energies()
        numbers = np.arange(len(self.parents))
        for row, energy in enumerate(energies):
            above = np.where(
                (self.parents >= 0) & (heights[self.parents] <= energy), self.parents, numbers
            )
            # Every jump doubles the steps taken towards the top node of the level.
            while not np.array_equal(above[above], above):
                above = above[above]
            groups[row] = np.where(self.leaf_energies <= energy, self.lowest[above[leaves]], -1)
        return energies, groups

    def only(self, minima) -> "DisconnectivityTree":
        """The tree with these leaves (ids) alone; paths through the others still count.

        **Raises:** `ValueError` if one of them is not a leaf.

        >>> tree = DisconnectivityTree.from_arrays([0.0, 1.0, 2.0], [3.0, 4.0], [0, 1], [1, 2])
        >>> tree.only([0, 2]).merge_energies.tolist()
        [4.0]
        """
        leaves = [self._leaf(minimum) for minimum in np.unique(np.asarray(minima, np.int64))]
        # A merge joins the lowest leaves of its two branches as well as it joins any others.
        plus, minus = self.lowest[self.children].T
        tree = _grow(
            self.leaf_energies, self.merge_energies, plus, minus, np.array(leaves, np.int64)
        )
        return dataclasses.replace(
            tree, leaf_ids=self.leaf_ids[leaves], merge_ids=self.merge_ids[tree.merge_ids]
        )

    def basin(self, minima) -> Int[np.ndarray, " n"]:
        """Ids of all minima that can be reached from these without passing above the pass
        between them.

        **Raises:** `ValueError` if they are not connected or not leaves of the tree.

        >>> tree = DisconnectivityTree.from_arrays([0.0, 1.0, 2.0], [3.0, 4.0], [0, 1], [1, 2])
        >>> tree.basin([0, 1]).tolist()
        [0, 1]
        """
        wanted = np.unique(np.asarray(minima, np.int64))
        if not wanted.size:
            raise ValueError("minima is empty: name two or more")
        node = self._leaf(wanted[0])
        for other in wanted[1:]:
            node = self._common(node, self._leaf(other))
            if node < 0:
                raise ValueError(not_connected(wanted[0], other))
        inside = np.zeros(len(self.parents), bool)
        inside[node] = True
        # Parents have higher numbers than their children.
        for merge in range(len(self.children) - 1, -1, -1):
            if inside[len(self) + merge]:
                inside[self.children[merge]] = True
        return self.leaf_ids[inside[: len(self)]]

    def leaf_order(self) -> Int[np.ndarray, " leaves"]:
        """Positions of the leaves from left to right, so that no branches cross."""
        order, stack = [], self.roots[::-1].tolist()
        children, size = self.children.tolist(), len(self)
        while stack:
            node = stack.pop()
            if node < size:
                order.append(node)
            else:
                stack.extend(reversed(children[node - size]))
        return np.array(order, np.int64)

    def _level_energies(self, levels) -> np.ndarray:
        if isinstance(levels, int | np.integer):
            if levels < 1:
                raise ValueError(f"levels is {levels}: ask for at least one")
            if not len(self):
                return np.zeros(0)
            low, high = self.leaf_energies.min(), self.node_energies().max()
            # linspace may end a rounding error below the highest merge.
            return np.append(np.linspace(low, high, levels + 1)[1:-1], high)
        energies = np.asarray(levels, np.float64)
        if energies.ndim != 1 or np.isnan(energies).any():
            raise ValueError(f"levels is {levels!r}: give energies [n] or their number")
        return np.sort(energies)

    def _common(self, a: int, b: int) -> int:
        """The lowest node above both nodes; -1 if there is none."""
        while a != b and a >= 0 and b >= 0:
            # Parents have higher numbers, so the lower node is never above the other.
            if a < b:
                a = int(self.parents[a])
            else:
                b = int(self.parents[b])
        return a if a == b else -1

    def _leaf(self, minimum: int | np.integer) -> int:
        # leaf_ids rise, so the position can be looked up by bisection.
        position = int(np.searchsorted(self.leaf_ids, minimum))
        if position == len(self) or self.leaf_ids[position] != minimum:
            raise ValueError(f"minimum {minimum} is not a leaf of this tree of {len(self)}")
        return position


def disconnectivity_tree(
    landscape: Landscape | KineticNetwork, *, minima=None
) -> DisconnectivityTree:
    """The exact disconnectivity tree of a landscape.

    **Arguments:**

    - `landscape`: with energies in the surface's unit; or a network without points.
    - `minima`: ids; show only these as leaves. Paths through the others still count.

    **Returns:** a `DisconnectivityTree` of plain arrays. Degenerate rearrangements change
    nothing; of several transition states between two minima the lowest counts.

    **Raises:** `ValueError` if an id does not exist.

    >>> len(disconnectivity_tree(Landscape()))
    0

    Becker and Karplus, J. Chem. Phys. 106, 1495 (1997).
    """
    if isinstance(landscape, KineticNetwork):
        return _of_network(landscape, minima)
    states = landscape.transition_states

    def build():
        return DisconnectivityTree.from_arrays(
            landscape.minima.energy, states.energy, states.plus, states.minus, minima=minima
        )

    return landscape.cached("disconnectivity tree", build) if minima is None else build()


def not_connected(a: int | np.integer, b: int | np.integer) -> str:
    """What to do about two minima that no path joins."""
    return (
        f"minima {a} and {b} are not connected by the transition states found so far: "
        "explore longer (jaxscape.explore(surface, landscape=landscape, key=...)), "
        "which searches between components"
    )


def _of_network(network: KineticNetwork, minima) -> DisconnectivityTree:
    # Leaves are kept in the order of their ids, whatever the order of the network's rows.
    assert network.ids is not None and network.ts_ids is not None
    order = np.argsort(network.ids, kind="stable")
    rank = np.argsort(order)
    tree = DisconnectivityTree.from_arrays(
        network.energy[order], network.ts_energy, rank[network.plus], rank[network.minus],
        minima=None if minima is None else rank[network.rows(minima)],
    )  # fmt: skip
    return dataclasses.replace(
        tree,
        leaf_ids=network.ids[order][tree.leaf_ids],
        merge_ids=network.ts_ids[tree.merge_ids],
    )


def _grow(energies, ts_energies, plus, minus, leaf_ids) -> DisconnectivityTree:
    """Kruskal's algorithm: transition states from the lowest up, merging components."""
    size = len(leaf_ids)
    leaf_energies = energies[leaf_ids]
    component = list(range(len(energies)))
    # The node of each component's root; -1 where it holds no leaf.
    node = np.full(len(energies), -1)
    node[leaf_ids] = np.arange(size)
    node = node.tolist()
    heights = leaf_energies.tolist()
    lowest, sizes, parents = list(range(size)), [1] * size, [-1] * size
    children, merges = [], []
    order = np.lexsort((np.arange(len(ts_energies)), ts_energies))
    order = order[plus[order] != minus[order]]
    for state, a, b in zip(
        order.tolist(), plus[order].tolist(), minus[order].tolist(), strict=True
    ):
        while component[a] != a:
            component[a] = component[component[a]]
            a = component[a]
        while component[b] != b:
            component[b] = component[component[b]]
            b = component[b]
        if a == b:
            continue
        left, right = node[a], node[b]
        # Without union by size, path halving alone keeps this O(T log M).
        component[b] = a
        if left < 0 or right < 0:
            node[a] = max(left, right)
            continue
        if (heights[lowest[right]], lowest[right]) < (heights[lowest[left]], lowest[left]):
            left, right = right, left
        node[a] = parents[left] = parents[right] = len(parents)
        parents.append(-1)
        lowest.append(lowest[left])
        sizes.append(sizes[left] + sizes[right])
        children.append((left, right))
        merges.append(state)
    return DisconnectivityTree(
        leaf_ids,
        leaf_energies,
        np.array(children, np.int64).reshape(-1, 2),
        ts_energies[np.array(merges, np.int64)],
        np.array(merges, np.int64),
        np.array(parents, np.int64),
        np.array(lowest, np.int64),
        np.array(sizes, np.int64),
    )


def _checked(energies, ts_energies, plus, minus):
    energies, ts_energies = (np.asarray(e, np.float64) for e in (energies, ts_energies))
    plus, minus = np.asarray(plus, np.int64), np.asarray(minus, np.int64)
    if energies.ndim != 1 or not ts_energies.shape == plus.shape == minus.shape:
        raise ValueError(
            f"energies have shape {energies.shape}, transition states {ts_energies.shape}, plus "
            f"{plus.shape}, minus {minus.shape}: give [M], [T], [T] and [T]"
        )
    if np.isnan(energies).any() or np.isnan(ts_energies).any():
        raise ValueError("energies contain NaN: leave those points out")
    ends = np.concatenate([plus, minus])
    if ends.size and not (0 <= ends.min() and ends.max() < len(energies)):
        raise ValueError(
            f"transition states join minima {ends.min()} to {ends.max()}, "
            f"but there are {len(energies)} minima, counted from 0"
        )
    return energies, (ts_energies, plus, minus)


def _leaf_ids(minima, size: int) -> np.ndarray:
    if minima is None:
        return np.arange(size)
    ids = np.unique(np.asarray(minima, np.int64))
    if ids.size and not (0 <= ids[0] and ids[-1] < size):
        raise ValueError(f"minima are {ids[0]} to {ids[-1]}, but ids go from 0 to {size - 1}")
    return ids
