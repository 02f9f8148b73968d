"""The network as a graph, and what is connected in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import scipy.sparse

from jaxscape.landscape.columns import MinimaView

if TYPE_CHECKING:
    from jaxscape.landscape.network import Landscape


def build_graph(landscape: Landscape) -> nx.MultiGraph:
    """Minima as nodes, transition states as edges whose key is their id."""
    graph = nx.MultiGraph(name=landscape.name)
    node = _attributes(landscape.minima, ("x", "energy", "log_product", "order", "active"))
    graph.add_nodes_from(enumerate(node))
    states = landscape.transition_states
    edge = _attributes(states, ("x", "energy", "lowest_eigenvalue", "log_product"))
    ends = zip(states.plus.tolist(), states.minus.tolist(), edge, strict=True)
    for key, (plus, minus, data) in enumerate(ends):
        data["eigenvalue"] = data.pop("lowest_eigenvalue")
        graph.add_edge(plus, minus, key=key, **data)
    return graph


def connected(size: int, plus: np.ndarray, minus: np.ndarray) -> list[list[int]]:
    """Components of `size` minima joined by transition states, the largest first.

    >>> connected(3, np.array([2]), np.array([0]))
    [[0, 2], [1]]
    """
    if not size:
        return []
    labels = component_of(size, plus, minus)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted((part.tolist() for part in parts), key=lambda ids: (-len(ids), ids[0]))


def component_of(size: int, plus: np.ndarray, minus: np.ndarray) -> np.ndarray:
    """A number `[size]` for every minimum, the same for those that are connected."""
    matrix = scipy.sparse.coo_array((np.ones(len(plus)), (plus, minus)), shape=(size, size))
    return scipy.sparse.csgraph.connected_components(matrix, directed=False)[1]


def _attributes(view: MinimaView, names: tuple[str, ...]) -> list[dict]:
    columns = [getattr(view, name) for name in names]
    lists = [list(column) if column.ndim > 1 else column.tolist() for column in columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]
