"""Where minima go in a drawing of the network: each component by itself, then side by side.

Of large components only distances to some pivots are looked at: U. Brandes and C. Pich, Graph
Drawing 2006, LNCS 4372, 42.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import scipy.sparse
from scipy.spatial import KDTree

# Up to this many minima in a component every pair of them can be given its right distance.
EXACT = 80
# Up to this many a spring layout takes less than a second: its time grows as their square.
SPRINGS = 250
PIVOTS = 60


def positions(size: int, pairs: np.ndarray, seed: int) -> np.ndarray:
    """Places `[size, 2]` of nodes joined by `pairs` `[E, 2]`, about a distance of one apart.

    The largest component comes first, the others in rows beside and below it.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from((int(a), int(b)) for a, b in pairs if a != b)
    parts = [sorted(part) for part in nx.connected_components(graph)]
    parts.sort(key=lambda part: (-len(part), part[0]))
    places = np.zeros((size, 2))
    boxes = [_component(graph.subgraph(part), part, seed) for part in parts]
    spans = [np.ptp(box, axis=0) + 1.5 for box in boxes]
    # About the shape of a page on its side.
    width = max(spans[0][0], 1.3 * np.sqrt(sum(map(np.prod, spans))))
    x, y, row = 0.0, 0.0, 0.0
    for part, box, span in zip(parts, boxes, spans, strict=True):
        if x > 0.0 and x + span[0] > width:
            x, y, row = 0.0, y - row, 0.0
        places[part] = box - box.min(axis=0) + [x, y - span[1]]
        x, row = x + span[0], max(row, span[1])
    return places


def _component(graph: nx.Graph, nodes: list[int], seed: int) -> np.ndarray:
    """Places `[n, 2]` of one component, scaled so that its nodes have room."""
    size = len(nodes)
    if size == 1:
        return np.zeros((1, 2))
    # The order of nodes decides ties: a subgraph's own order need not be the same twice.
    ordered = nx.Graph()
    ordered.add_nodes_from(nodes)
    ordered.add_edges_from(sorted((min(a, b), max(a, b)) for a, b in graph.edges))
    if size <= EXACT:
        found = nx.kamada_kawai_layout(ordered)
    elif size > SPRINGS:
        return _large(ordered, nodes, seed)
    else:
        # An iteration takes time as the square of the size.
        rounds = 80
        found = nx.spring_layout(ordered, seed=seed, iterations=rounds, k=2.0 / np.sqrt(size))
    return _scaled(np.array([found[node] for node in nodes]))


def _scaled(places: np.ndarray) -> np.ndarray:
    """Flat, and as large as the number of nodes asks for."""
    size = len(places)
    places = places - places.mean(axis=0)
    # The long side lies flat, as figures do.
    places = places @ np.linalg.svd(places, full_matrices=False)[2].T
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(size)])
    extent = max(float(np.ptp(places, axis=0).max()), 1e-12)
    return places * (1.2 * np.sqrt(size) / extent)


def _large(graph: nx.Graph, nodes: list[int], seed: int) -> np.ndarray:
    """Pivot scaling, then springs between neighbours and elbow room for those close by."""
    size, place = len(nodes), {node: i for i, node in enumerate(nodes)}
    pairs = np.array([(place[a], place[b]) for a, b in graph.edges])
    links = scipy.sparse.coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(size, size))
    apart = _from_pivots(links.tocsr(), seed)
    squares = apart**2
    centred = squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean()
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    rng = np.random.default_rng(seed)
    # Nodes that are equally far from every pivot would coincide.
    places = _scaled(centred @ vectors[:, :2])
    places += 0.3 * rng.standard_normal(places.shape)
    room, degree = 0.9, np.bincount(pairs.ravel(), minlength=size)
    for step in range(60):
        pull = places[pairs[:, 1]] - places[pairs[:, 0]]
        force = np.zeros_like(places)
        for axis in (0, 1):
            force[:, axis] = np.bincount(pairs[:, 0], pull[:, axis], size)
            force[:, axis] -= np.bincount(pairs[:, 1], pull[:, axis], size)
        # A tenth of the way to the middle of the neighbours.
        force *= 0.1 / np.maximum(degree, 1)[:, None]
        close = KDTree(places).query_pairs(room, output_type="ndarray")
        off = places[close[:, 0]] - places[close[:, 1]]
        length = np.maximum(np.linalg.norm(off, axis=1, keepdims=True), 1e-9)
        push = 0.25 * (room - length) * off / length
        for axis in (0, 1):
            force[:, axis] += np.bincount(close[:, 0], push[:, axis], size)
            force[:, axis] -= np.bincount(close[:, 1], push[:, axis], size)
        most = room * (1.0 - step / 60)
        length = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-12)
        places += force * np.minimum(1.0, most / length)
    return places - places.mean(axis=0)


def _from_pivots(links, seed: int) -> np.ndarray:
    """Steps `[n, k]` to nodes that lie far from each other, each the farthest from all before."""
    size = links.shape[0]
    nearest, columns = np.full(size, np.inf), []
    pivot = int(np.random.default_rng(seed).integers(size))
    for _ in range(min(PIVOTS, size)):
        columns.append(
            scipy.sparse.csgraph.dijkstra(links, directed=False, indices=pivot, unweighted=True)
        )
        nearest = np.minimum(nearest, columns[-1])
        pivot = int(np.argmax(nearest))
    return np.column_stack(columns)


def arc(start: np.ndarray, end: np.ndarray, bend: float, points: int = 24) -> np.ndarray:
    """A curve `[points, 2]` from `start` to `end`, `bend` of their distance off the line."""
    share = np.linspace(0.0, 1.0, points)[:, None]
    along = end - start
    off = np.array([-along[1], along[0]]) * bend
    return start + share * along + 4.0 * share * (1.0 - share) * off


def loop(centre: np.ndarray, angle: float, radius: float, points: int = 40) -> np.ndarray:
    """A circle `[points, 2]` that touches `centre` and lies in the direction `angle` from it."""
    turn = np.linspace(0.0, 2.0 * np.pi, points) + angle + np.pi
    middle = centre + radius * np.array([np.cos(angle), np.sin(angle)])
    return middle + radius * np.column_stack([np.cos(turn), np.sin(turn)])


def widest_gap(centre: np.ndarray, others: np.ndarray) -> float:
    """The direction from `centre` in the middle of the widest gap between `others` `[n, 2]`."""
    if not len(others):
        return np.pi / 2.0
    angles = np.sort(np.arctan2(*(others - centre).T[::-1]))
    gaps = np.diff(np.append(angles, angles[0] + 2.0 * np.pi))
    widest = int(np.argmax(gaps))
    return float(angles[widest] + 0.5 * gaps[widest])
