"""The lines of a disconnectivity graph, and which group of minima each belongs to."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis import DisconnectivityTree
from jaxscape.plot._tree_layout import TreeLayout


@dataclasses.dataclass(frozen=True)
class TreeLines:
    """Straight lines from their upper to their lower end.

    `ends` `[L, 2, 2]` go down to the leaves, in the order of the leaves; `joins` `[J, 2, 2]` are
    all others. `groups` `[J]` are the groups of joins, -1 where leaves below differ.
    """

    ends: Float[np.ndarray, "leaves 2 2"]
    joins: Float[np.ndarray, "joins 2 2"]
    groups: Int[np.ndarray, " joins"]


def tree_lines(
    tree: DisconnectivityTree, layout: TreeLayout, levels=None, groups=None
) -> TreeLines:
    """Lines of the exact tree, or of one that joins at `levels` only.

    `groups` `[L]` are the groups of the leaves, by default none.
    """
    groups = np.full(len(tree), -1) if groups is None else np.asarray(groups, np.int64)
    if levels is None:
        ends, joins, nodes = layout.lines(tree)
        return TreeLines(ends, joins, _node_groups(tree, groups)[nodes])
    return _at_levels(tree, layout, *tree.at_levels(levels), groups)


def _node_groups(tree: DisconnectivityTree, groups) -> np.ndarray:
    """The group `[L+K]` that all leaves below each node share, or -1."""
    found = [*groups.tolist()]
    for a, b in tree.children.tolist():
        found.append(found[a] if found[a] == found[b] else -1)
    return np.array(found, np.int64)


def _at_levels(tree: DisconnectivityTree, layout: TreeLayout, energies, below, groups):
    leaves = np.arange(len(tree))
    x, bottom = layout.x[: len(tree)], tree.leaf_energies
    top = max(layout.top, float(energies[-1])) if len(energies) else layout.top
    # Where the line down to each leaf starts: the lowest level above it.
    start = np.column_stack([x, np.full(len(tree), top)])
    joins, owners = [np.zeros((0, 2, 2))], [np.zeros(0, np.int64)]
    if len(energies):
        first = np.argmax(below >= 0, axis=0)
        seen = below[-1] >= 0
        start[seen, 0] = x[below[first, leaves]][seen]
        start[seen, 1] = energies[first[seen]]
    for row in range(len(energies)):
        inside = below[row] >= 0
        here = np.unique(below[row][inside])
        last = row + 1 == len(energies)
        above = here if last else below[row + 1][here]
        height = np.full(len(here), top if last else energies[row + 1])
        upper = np.column_stack([x[above], height])
        lower = np.column_stack([x[here], np.full(len(here), energies[row])])
        joins.append(np.stack([upper, lower], axis=1))
        owners.append(_shared(below[row][inside], groups[inside], len(tree))[here])
    ends = np.stack([start, np.column_stack([x, bottom])], axis=1)
    return TreeLines(ends, np.concatenate(joins), np.concatenate(owners))


def _shared(places, groups, size: int) -> np.ndarray:
    """For each of `size` places the group that all entries there have, or -1."""
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(low, places, groups)
    np.maximum.at(high, places, groups)
    return np.where(low == high, high, -1)
