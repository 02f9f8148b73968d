"""Energies along the paths between trained networks, and the table of their barriers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import Connections
from jaxscape.plot._style import BLUE, INK, SEQUENTIAL, VERMILION, axes_for, energy_label
from jaxscape.surface import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def connections(
    connections: Connections,
    *,
    values=None,
    name: str = "",
    units: Units | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the energy along every path, and along the straight lines between its ends.

    **Arguments:**

    - `connections`: of `jaxscape.mode_connectivity`.
    - `values` `[K, Q]`: draw this instead, such as an accuracy at `connections.points(k)`; the
      straight lines are then left out. `name` says what it is.
    - `units`: such as `surface.units`. `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes. Paths of the spanning tree are drawn heavier.

    **Raises:** `ValueError` for values of another shape.

    ```python
    found = jaxscape.mode_connectivity(surface, minima.x)
    jaxscape.plot.connections(found, units=surface.units)
    ```
    """
    shares, heights = connections.shares, connections.energies
    if values is not None:
        heights = np.asarray(values)
        if heights.shape != shares.shape:
            raise ValueError(f"values has shape {heights.shape}; pass {shares.shape}")
    ax = axes_for(ax, (5.6, 4.0))
    tree = set(connections.spanning_tree().tolist())
    faint = max(0.15, min(0.8, 6 / len(shares)))
    labelled = set()
    if values is None:
        for share, line in zip(shares, connections.linear, strict=True):
            ax.plot(share, line, color=VERMILION, linewidth=0.9, alpha=faint)
        ax.plot([], [], color=VERMILION, label="straight line")
    for k, (share, height) in enumerate(zip(shares, heights, strict=True)):
        kind = "spanning tree" if k in tree else "relaxed path"
        ax.plot(
            share, height, color=BLUE if k in tree else INK, zorder=3 if k in tree else 2,
            linewidth=1.8 if k in tree else 0.9, alpha=1.0 if k in tree else faint,
            label=None if kind in labelled else kind,
        )  # fmt: skip
        labelled.add(kind)
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    ax.set_xlabel("Share of the path")
    ax.set_ylabel(name or energy_label((units or Units()).energy))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def barriers(
    connections: Connections,
    *,
    linear: bool = False,
    units: Units | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the table of barriers between all pairs, lines of the spanning tree marked.

    **Arguments:**

    - `connections`: of `jaxscape.mode_connectivity`. `linear`: barriers of the straight lines.
    - `units`: such as `surface.units`. `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    ```python
    found = jaxscape.mode_connectivity(surface, minima.x)
    jaxscape.plot.barriers(found)
    ```
    """
    ax = axes_for(ax, (4.6, 4.0))
    table = connections.barriers(linear=linear)
    picture = ax.imshow(table, cmap=SEQUENTIAL)
    label = energy_label((units or Units()).energy, "Barrier")
    assert ax.figure is not None
    ax.figure.colorbar(picture, ax=ax, label=label)
    for a, b in connections.pairs[connections.spanning_tree()]:
        ax.plot([a, b], [b, a], "o", color=VERMILION, markersize=5, markerfacecolor="none")
    ticks = range(len(table))
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.set_xlabel("Network")
    ax.set_ylabel("Network")
    return ax
