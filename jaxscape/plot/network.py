"""The network of minima and transition states as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.landscape import Landscape
from jaxscape.plot._graph_layout import arc, loop, positions, widest_gap
from jaxscape.plot._style import INK, SEQUENTIAL, axes_for, energy_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Up to so many minima, every transition state is a line of its own.
FEW = 30


def network(
    landscape: Landscape,
    *,
    parallel: bool | None = None,
    label: bool | None = None,
    cmap: str = SEQUENTIAL,
    edge_cmap: str = "Greys_r",
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the minima as nodes, coloured by energy, and the transition states as edges.

    Edges are the darker the lower the barrier is, counted from the higher of the two minima, and
    low ones lie on top. The same seed gives the same picture.

    **Arguments:**

    - `parallel`: every transition state of a pair as an arc of its own, and degenerate
      rearrangements as loops; otherwise each pair is joined by its lowest one, and its line is the
      wider the more there are. Default: up to 30 minima.
    - `label`: write the ids; by default up to 100 minima.
    - `cmap`, `edge_cmap`: colour maps of the energies and of the barriers.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    **Raises:** `ValueError` if there are no minima.

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    ax = jaxscape.plot.network(landscape)
    ax.figure.savefig("lj8-network.png", dpi=150)
    ```
    """
    minima, states = landscape.minima, landscape.transition_states
    size = len(minima)
    if not size:
        raise ValueError("the landscape has no minima to draw: explore its surface first")
    parallel = size <= FEW if parallel is None else parallel
    label = size <= 100 if label is None else label
    pairs = np.sort(np.column_stack([states.plus, states.minus]), axis=1)
    places = positions(size, pairs, seed)
    ax = axes_for(ax, (8.0, 5.2))
    if len(states):
        _draw_edges(ax, landscape, pairs, places, parallel, edge_cmap)
    _draw_nodes(ax, landscape, places, label, cmap)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.margins(0.06)
    ax.autoscale_view()
    return ax


def _draw_nodes(ax: Axes, landscape: Landscape, places, label: bool, cmap: str) -> None:
    energy = landscape.minima.energy
    size = float(np.clip(9000.0 / len(energy), 8.0, 330.0))
    dots = ax.scatter(
        places[:, 0], places[:, 1], s=size, c=energy, cmap=cmap, edgecolors=INK,
        linewidths=0.8 if size > 20 else 0.3, zorder=3, label="minima",
    )  # fmt: skip
    _colour_bar(ax, dots, energy_label(landscape.units.energy, "Energy"))
    if not label:
        return
    for i, (x, y) in enumerate(places):
        # Black or white, whichever stands out.
        red, green, blue, _ = dots.to_rgba(energy[i])  # pyright: ignore
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        ax.text(
            x, y, str(i), ha="center", va="center_baseline", zorder=4,
            fontsize=float(np.clip(0.55 * np.sqrt(size), 5.0, 9.0)),
            color="white" if dark else "black",
        )  # fmt: skip


def _draw_edges(ax: Axes, landscape: Landscape, pairs, places, parallel: bool, cmap: str) -> None:
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    from matplotlib.colors import ListedColormap

    states, minima = landscape.transition_states, landscape.minima
    barriers = states.energy - np.maximum(minima.energy[pairs[:, 0]], minima.energy[pairs[:, 1]])
    by_pair: dict[tuple[int, int], list[int]] = {}
    for state in np.argsort(states.energy, kind="stable").tolist():
        by_pair.setdefault((int(pairs[state, 0]), int(pairs[state, 1])), []).append(state)
    lines, values, widths = [], [], []
    towards = _gaps(places, by_pair) if parallel else {}
    for (a, b), members in by_pair.items():
        if a == b and not parallel:
            continue
        shown = members if parallel else members[:1]
        for k, state in enumerate(shown):
            if a == b:
                radius = 0.12 + 0.24 * (k + 1) / max(len(members), 4)
                lines.append(loop(places[a], towards[a], radius))
            else:
                bend = _bend(k)
                lines.append(arc(places[a], places[b], bend) if bend else places[[a, b]])
            values.append(barriers[state])
            widths.append(1.3 if parallel else min(0.6 + 0.3 * (len(members) - 1), 2.5))
    if not lines:
        return
    order = np.argsort(values)[::-1]
    # White lines on white paper would not be seen.
    colours = ListedColormap(colormaps[cmap](np.linspace(0.0, 0.78, 256)))
    drawn: Any = LineCollection(
        [lines[i] for i in order], array=np.array(values)[order], cmap=colours,
        linewidths=np.array(widths)[order], zorder=1, label="transition states",
    )  # fmt: skip
    ax.add_collection(drawn)
    _colour_bar(ax, drawn, energy_label(landscape.units.energy, "Barrier from the higher minimum"))


def _gaps(places, pairs) -> dict[int, float]:
    """For each minimum with loops, the direction in which there are no neighbours."""
    towards = {}
    for node in {a for a, b in pairs if a == b}:
        near = [b if a == node else a for a, b in pairs if a != b and node in (a, b)]
        # Other nodes are in the way as well, if less so: only those at hand count.
        far = np.linalg.norm(places - places[node], axis=1)
        near += np.flatnonzero((far > 0.0) & (far < 1.0)).tolist()
        towards[node] = widest_gap(places[node], places[sorted(set(near))])
    return towards


def _bend(k: int) -> float:
    """0, 1, -1, 2, -2, ... times one step aside: the lowest line of a pair is straight."""
    return 0.06 * ((k + 1) // 2) * (1 if k % 2 else -1)


def _colour_bar(ax: Axes, mappable, label: str) -> None:
    ax.figure.colorbar(mappable, ax=ax, label=label, pad=0.02, fraction=0.05)
