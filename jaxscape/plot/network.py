"""The network of minima and transition states as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.plot._colours import GREY, Numbers, colour_bar, colours_of, legend
from jaxscape.plot._graph_layout import arc, loop, positions, widest_gap
from jaxscape.plot._source import Source, as_source, steps_of
from jaxscape.plot._style import INK, SEQUENTIAL, axes_for, energy_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from jaxscape.surface import Units

# Up to so many minima, every transition state is a line of its own.
FEW = 30
# Where colour bars stand.
BESIDE: dict[str, Any] = {"pad": 0.02, "fraction": 0.05}


def network(
    landscape: Landscape | KineticNetwork,
    *,
    colour: str | Callable | Mapping | Any | None = None,
    colour_label: str | None = None,
    parallel: bool | None = None,
    label: bool | None = None,
    cmap: str = SEQUENTIAL,
    edge_cmap: str = "Greys_r",
    seed: int = 0,
    units: Units | str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the minima as nodes, coloured by energy or otherwise, and transition states as edges.

    Edges are the darker the lower the barrier is, counted from the higher of the two minima, and
    low ones lie on top. The same seed gives the same picture.

    **Arguments:**

    - `landscape`: a `Landscape`, or a `KineticNetwork` (a network without points).
    - `colour`: of the minima, by default their energy: numbers at a colour bar that `colour_label`
      names, such as committors (an array `[M]`, the name of a field, a function of one point
      `x[dim]`, or a mapping of ids to numbers), or groups in a legend (an array `[M]` of texts, a
      mapping of ids to texts, or of names to ids).
    - `parallel`: every transition state of a pair as an arc of its own, and degenerate
      rearrangements as loops; otherwise each pair is joined by its lowest one, and its line is the
      wider the more there are. Default: up to 30 minima.
    - `label`: write the ids; by default up to 100 minima.
    - `cmap`, `edge_cmap`: colour maps of the energies and of the barriers.
    - `units`: `"kJ/mol"` or another unit converts energies, which are then counted from the lowest
      minimum; `Units` replace the names of the network's own.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    **Raises:** `ValueError` if there are no minima, or `colour` does not fit them.

    >>> ax = network(KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0]))
    >>> [text.get_text() for text in ax.texts]
    ['0', '1']

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    ax = jaxscape.plot.network(landscape)
    ax.figure.savefig("lj8-network.png", dpi=150)
    ```
    """
    source, steps = as_source(landscape, units=units), steps_of(landscape)
    size = len(source.ids)
    colours = colours_of(source, source.ids, "energy" if colour is None else colour, colour_label)
    parallel = size <= FEW if parallel is None else parallel
    label = size <= 100 if label is None else label
    pairs = np.sort(np.column_stack([steps.plus, steps.minus]), axis=1)
    places = positions(size, pairs, seed)
    ax = axes_for(ax, (8.0, 5.2))
    if len(pairs):
        _draw_edges(ax, source, source.scale(steps.energy), pairs, places, parallel, edge_cmap)
    _draw_nodes(ax, source, places, label, colours, cmap)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.margins(0.06)
    ax.autoscale_view()
    return ax


def _draw_nodes(ax: Axes, source: Source, places, label: bool, colours, cmap: str) -> None:
    size = float(np.clip(9000.0 / len(places), 8.0, 330.0))
    dots: Any = ax.scatter(
        places[:, 0], places[:, 1], s=size, edgecolors=INK,
        linewidths=0.8 if size > 20 else 0.3, zorder=3, label="minima",
    )  # fmt: skip
    if isinstance(colours, Numbers):
        from matplotlib import colormaps

        values = colours.values
        shades = colormaps[cmap].with_extremes(bad=GREY)
        dots.set(array=np.ma.masked_invalid(values), cmap=shades)
        colour_bar(ax, dots, values, colours.name, **BESIDE)
        inside = dots.to_rgba(dots.get_array())
    else:
        dots.set_facecolor([GREY if i < 0 else colours.colours[i] for i in colours.index])
        inside = dots.get_facecolor()
        legend(ax, colours, minima=True)
    if not label:
        return
    for minimum, (x, y), (red, green, blue, _) in zip(source.ids, places, inside, strict=True):
        # Black or white, whichever stands out.
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        ax.text(
            x, y, str(minimum), ha="center", va="center_baseline", zorder=4,
            fontsize=float(np.clip(0.55 * np.sqrt(size), 5.0, 9.0)),
            color="white" if dark else "black",
        )  # fmt: skip


def _draw_edges(ax: Axes, source: Source, energy, pairs, places, parallel: bool, cmap: str):
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    from matplotlib.colors import ListedColormap

    barriers = energy - source.fields["energy"][pairs].max(axis=1)
    lines, values, widths = _edges(energy, barriers, pairs, places, parallel)
    if not lines:
        return
    order = np.argsort(values)[::-1]
    # White lines on white paper would not be seen.
    shades = ListedColormap(colormaps[cmap](np.linspace(0.0, 0.78, 256)))
    drawn: Any = LineCollection(
        [lines[i] for i in order], array=np.array(values)[order], cmap=shades,
        linewidths=np.array(widths)[order], zorder=1, label="transition states",
    )  # fmt: skip
    # Thousands of lines say more where they let each other through.
    drawn.set_alpha(float(np.clip(40.0 / np.sqrt(len(lines)), 0.25, 1.0)))
    ax.add_collection(drawn)
    name = energy_label(source.units.energy, "Barrier from the higher minimum")
    bar: Any = ax.figure.colorbar(drawn, ax=ax, label=name, **BESIDE)
    bar.solids.set_alpha(1.0)


def _edges(energy, barriers, pairs, places, parallel: bool):
    """Curves, barriers and widths of the lines to draw."""
    by_pair: dict[tuple[int, int], list[int]] = {}
    for state in np.argsort(energy, kind="stable").tolist():
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
    return lines, values, widths


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
