"""What an interactive page holds: the tree, the links and the structures, as JSON."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.plot._atoms import CORNERS, structures_of, upright
from jaxscape.plot._elements import looks
from jaxscape.plot._source import NAMES, Source, steps_of
from jaxscape.plot._structure import bonds
from jaxscape.plot._tree_layout import lay_out

# Coordinates on a page unless more are asked for: each takes 2.7 characters.
ROOM = 200_000
# Energies are told to so many digits: more than a screen shows, and than certificates hold.
DIGITS = 10


def page_data(source: Source, network: Landscape | KineticNetwork | None, structures) -> dict:
    """Everything the page shows. Minima are named by their position in the tree's leaves.

    Merges stand above their lowest leaf, so that leaves alone need places.

    `structures` is how many minima come with their coordinates, None for what has room.
    """
    tree = source.tree
    layout = lay_out(tree, centre_lowest=True)
    rows = source.rows(tree.leaf_ids)
    links, ends = _links(source, network)
    fields = {
        name: {"name": NAMES[name], "values": _numbers(source.fields[name][rows])}
        for name in NAMES
        if name in source.fields and name != "energy"
    }
    return {
        "ids": tree.leaf_ids.tolist(),
        "energy": _numbers(tree.leaf_energies),
        "fields": fields,
        "x": _numbers(layout.x[: len(tree)], 6),
        "elbow": _numbers(layout.elbow, 8),
        "top": layout.top,
        "children": tree.children.ravel().tolist(),
        "merges": _numbers(tree.merge_energies),
        "mergeIds": tree.merge_ids.tolist(),
        "links": links,
        "structures": _structures(source, structures, ends),
    }


def _links(source: Source, network) -> tuple[dict[str, list], np.ndarray]:
    """The lowest transition state of every pair of minima, from the lowest up, and their rows."""
    steps = steps_of(source.tree if network is None else network)
    energy = source.scale(steps.energy)
    plus, minus = source.ids[steps.plus], source.ids[steps.minus]
    place = {minimum: leaf for leaf, minimum in enumerate(source.tree.leaf_ids.tolist())}
    rows, pairs, seen = [], [], set()
    for row in np.argsort(energy, kind="stable").tolist():
        a, b = sorted((place[int(plus[row])], place[int(minus[row])]))
        if a != b and (a, b) not in seen:
            seen.add((a, b))
            pairs.append((a, b))
            rows.append(row)
    rows = np.array(rows, np.int64)
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    links = {
        "ids": steps.ids[rows].tolist(),
        "energy": _numbers(energy[rows]),
        "a": ends[:, 0].tolist(),
        "b": ends[:, 1].tolist(),
    }
    return links, rows


def _structures(source: Source, wanted: int | None, links: np.ndarray) -> dict[str, Any] | None:
    """Points of the lowest minima, and of the lowest transition states as far as there is room."""
    landscape = source.landscape
    if landscape is None or source.x is None or not landscape.dim or wanted == 0:
        return None
    minima, states, dim = landscape.minima, landscape.transition_states, landscape.dim
    room = ROOM // dim
    count = min(len(minima), room if wanted is None else wanted)
    lowest = np.argsort(minima.energy, kind="stable")[:count]
    # Links are sorted by energy already.
    links = links[: max(0, room - count)] if wanted is None else links
    points = np.concatenate([minima.x[lowest], states.x[links]])
    drawn = structures_of(landscape, points)
    found: dict[str, Any] = {
        "minima": lowest.tolist(),
        "states": states.ids[links].tolist(),
        "dim": dim if drawn is None else drawn.points.shape[1],
        "unit": source.units.length,
    }
    if drawn is None:
        found |= {"kind": "bars", "names": _coordinate_names(landscape)}
    else:
        points, boxed = upright(drawn), drawn.boxed
        atoms = points[: min(count, 200), : len(drawn.species)]
        usual = float(np.median([bonds(one)[1] for one in atoms]))
        found |= {"kind": "atoms", "species": list(drawn.species), "corners": CORNERS * boxed}
        found |= looks(drawn.species, usual)
    # Two bytes a number, in units of the largest of its point.
    points = points.reshape(len(points), -1)
    largest = np.abs(points).max(axis=1, initial=0.0)
    scale = np.where(largest > 0.0, largest, 1.0) / 32767
    steps = np.round(points / scale[:, None]).astype("<i2")
    found["scale"] = _numbers(scale, 6)
    return found | {"points": base64.b64encode(steps.tobytes()).decode()}


def _coordinate_names(landscape: Landscape) -> list[str] | None:
    """Names of parameters, such as `w1[0, 1]`, where the surface knows what they are."""
    surface, dim = landscape.surface, landscape.dim
    if surface is None or surface.unflatten is None or dim is None:
        return None
    import jax
    import jax.numpy as jnp

    # Which coordinate an entry is shows where a point that counts them ends up.
    counted = np.arange(dim, dtype=np.asarray(landscape.minima.x).dtype)
    leaves = jax.tree_util.tree_flatten_with_path(surface.unravel(jnp.asarray(counted)))[0]
    names = [""] * dim
    for path, leaf in leaves:
        if not hasattr(leaf, "shape") or not np.issubdtype(leaf.dtype, np.floating):
            continue
        key = jax.tree_util.keystr(path, simple=True, separator=".")
        for index, value in np.ndenumerate(np.asarray(leaf)):
            at = int(round(float(value)))
            if 0 <= at < dim:
                names[at] = key + (str(list(index)) if index else "")
    return names


def _numbers(values, digits: int = DIGITS) -> list[float | None]:
    """Short decimals; null where there is no number, for which JSON has no other word."""
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in np.asarray(values)]
