"""Disconnectivity graphs: branches end at minima and join at barriers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from jaxscape.analysis import DisconnectivityTree, disconnectivity_tree
from jaxscape.landscape import Landscape
from jaxscape.plot._style import INK, SEQUENTIAL, axes_for, bare, energy_label
from jaxscape.plot._tree_layout import TreeLayout, lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def disconnectivity(
    landscape: Landscape,
    *,
    ax: Axes | None = None,
    levels: int | Any | None = None,
    colour: str | Callable | Any | None = None,
    colour_label: str | None = None,
    cmap: str = SEQUENTIAL,
    label: str | int | Mapping[int, str] | None = None,
    centre_lowest: bool = True,
    max_minima: int | None = None,
    line_width: float | None = None,
) -> Axes:
    """Draw the disconnectivity graph of a landscape.

    Every branch ends at the energy of a minimum, and two branches join at the energy of the
    highest transition state on the lowest path between them. Branches never cross; parts that are
    not connected stand side by side.

    **Arguments:**

    - `ax`: axes to draw into; a new figure otherwise.
    - `levels`: energies, or how many: branches join at the next of these levels, as is usual in
      print. Default: they join exactly at the transition states.
    - `colour`: of the ends of the branches: one number per minimum `[M]`, the name of a field of
      `landscape.minima` (such as `"log_product"`, `"order"` or `"hits"`), or a function of one
      point `x[dim]`. `colour_label` names it at the colour bar; `cmap` is a colour map.
    - `label`: `"ids"` for all minima, a number for so many of the lowest, or texts by id. A label
      that would overlap that of a lower minimum is left out.
    - `centre_lowest`: the global minimum in the middle of its part, with straight stems;
      otherwise branches are sorted by energy, the lowest to the left.
    - `max_minima`: show only so many of the lowest. Paths through the others still count.
    - `line_width`: in points; by default it follows the number of minima.

    **Returns:** the axes.

    **Raises:** `ValueError` if there are no minima, or `colour`, `label`, `levels` or
    `max_minima` do not fit them.

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    ax = jaxscape.plot.disconnectivity(landscape, label="ids", colour="order")
    ax.figure.savefig("lj8.png", dpi=150)
    ```

    O. M. Becker and M. Karplus, J. Chem. Phys. 106, 1495 (1997);
    D. J. Wales, M. A. Miller and T. R. Walsh, Nature 394, 758 (1998).
    """
    from matplotlib.collections import LineCollection

    tree = disconnectivity_tree(landscape, minima=_shown(landscape, max_minima))
    values = _leaf_values(landscape, tree, colour)
    texts = _texts(tree, label)
    layout = lay_out(tree, centre_lowest=centre_lowest)
    ends, joins = _lines(tree, layout, levels)
    inches = 0.16 * len(texts) if len(texts) > 10 else 0.06 * len(tree)
    ax = axes_for(ax, (float(np.clip(3.5 + inches, 5.0, 12.0)), 5.0))
    width = line_width or float(np.clip(9.0 / np.sqrt(len(tree) + 10.0), 0.35, 1.8))
    style: dict[str, Any] = {"linewidths": width, "capstyle": "round", "joinstyle": "round"}
    ax.add_collection(LineCollection(joins, colors=INK, label="branches", **style), autolim=False)
    leaves = LineCollection(ends, label="minima", **style)
    if values is None:
        leaves.set_color(INK)
    else:
        leaves.set(array=values, cmap=cmap, linewidths=1.6 * width)
    ax.add_collection(leaves, autolim=False)
    _frame(ax, landscape, tree, layout, bool(texts))
    if values is not None:
        name = colour_label or (colour.replace("_", " ") if isinstance(colour, str) else "")
        ax.figure.colorbar(leaves, ax=ax, label=name, pad=0.02, fraction=0.06)
    if texts:
        _write(ax, tree, layout, texts)
    return ax


def _shown(landscape: Landscape, max_minima: int | None):
    size = len(landscape.minima)
    if not size:
        raise ValueError("the landscape has no minima to draw: explore its surface first")
    if max_minima is None:
        return None
    if isinstance(max_minima, bool) or max_minima < 1:
        raise ValueError(
            f"max_minima is {max_minima!r}; show at least one minimum, or None for all"
        )
    if max_minima >= size:
        return None
    return np.argsort(landscape.minima.energy, kind="stable")[:max_minima]


def _leaf_values(landscape: Landscape, tree: DisconnectivityTree, colour):
    """The number that colours each leaf `[L]`."""
    if colour is None:
        return None
    minima = landscape.minima
    if isinstance(colour, str):
        fields = [name for name, column in minima.columns().items() if column.ndim == 1]
        if colour not in fields:
            raise ValueError(f"colour is {colour!r}, but minima have {', '.join(fields)}")
        values = getattr(minima, colour)[tree.leaf_ids]
    elif callable(colour):
        values = np.array([np.asarray(colour(x)) for x in minima.x[tree.leaf_ids]])
        if values.shape != (len(tree),):
            raise ValueError(f"colour returns {values.shape[1:]} for one minimum, not a number")
    else:
        values = np.asarray(colour)
        if values.shape != (len(minima),):
            raise ValueError(
                f"colour has shape {values.shape}; pass [{len(minima)}], one a minimum"
            )
        values = values[tree.leaf_ids]
    return np.asarray(values, np.float64)


def _texts(tree: DisconnectivityTree, label) -> dict[int, str]:
    """Texts by position of the leaf."""
    ids = tree.leaf_ids.tolist()
    if label is None:
        return {}
    if isinstance(label, Mapping):
        unknown = [minimum for minimum in label if minimum not in set(ids)]
        if unknown:
            raise ValueError(f"label names minimum {unknown[0]!r}, which is not shown")
        return {ids.index(int(minimum)): str(text) for minimum, text in label.items()}
    if label == "ids":
        return {position: str(minimum) for position, minimum in enumerate(ids)}
    if isinstance(label, int) and not isinstance(label, bool) and label >= 0:
        lowest = np.argsort(tree.leaf_energies, kind="stable")[:label]
        return {int(position): str(ids[position]) for position in lowest}
    raise ValueError(f"label is {label!r}; pass 'ids', how many of the lowest, or texts by id")


def _lines(tree: DisconnectivityTree, layout: TreeLayout, levels):
    """Lines that end in a minimum `[L]`, in the order of the leaves, and all others."""
    if levels is None:
        ends, joins = layout.lines(tree)
        return list(ends), list(joins)
    energies, groups = tree.at_levels(levels)
    return _level_lines(tree, layout, energies, groups)


def _level_lines(tree: DisconnectivityTree, layout: TreeLayout, energies, groups):
    leaves = np.arange(len(tree))
    x, bottom = layout.x[: len(tree)], tree.leaf_energies
    top = max(layout.top, float(energies[-1]))
    joins = []
    # Where the line down to each leaf starts: the lowest level above it.
    start = np.column_stack([x, np.full(len(tree), top)])
    first = np.argmax(groups >= 0, axis=0)
    seen = groups[-1] >= 0
    start[seen, 0] = x[groups[first, leaves]][seen]
    start[seen, 1] = energies[first[seen]]
    for row in range(len(energies)):
        here = np.unique(groups[row][groups[row] >= 0])
        last = row + 1 == len(energies)
        above = here if last else groups[row + 1][here]
        height = top if last else energies[row + 1]
        joins += [
            np.array([[x[parent], height], [x[group], energies[row]]])
            for parent, group in zip(above, here, strict=True)
        ]
    ends = np.stack([start, np.column_stack([x, bottom])], axis=1)
    return list(ends), joins


def _frame(ax: Axes, landscape: Landscape, tree, layout: TreeLayout, labelled: bool) -> None:
    low, high = float(tree.leaf_energies.min()), layout.top
    x = layout.x[: len(tree)]
    ax.set_xlim(x.min() - 0.75, x.max() + 0.75)
    ax.set_ylim(low - (0.08 if labelled else 0.03) * (high - low), high)
    ax.set_ylabel(energy_label(landscape.units.energy))
    total, parts = len(landscape.minima), len(tree.roots)
    text = f"{total} minima" if total > 1 else "1 minimum"
    if len(tree) < total:
        text = f"the {len(tree)} lowest of {text}"
    ax.set_xlabel(text if parts == 1 else f"{text}, {parts} unconnected parts")
    bare(ax)


def _write(ax: Axes, tree: DisconnectivityTree, layout: TreeLayout, texts: dict[int, str]) -> None:
    """Labels under the ends of branches, lowest first, where there is room."""
    figure = cast(Any, ax.figure)
    points = 72.0 * figure.get_size_inches()[0] * ax.get_position().width
    low, high = ax.get_xlim()
    spacing = points / (high - low)
    longest = max(map(len, texts.values()))
    flat = longest * 0.65 * 9.0 < spacing
    size = 9.0 if flat else float(np.clip(0.95 * spacing, 6.0, 9.0))
    need = (longest * 0.65 * size if flat else 1.05 * size) / spacing
    taken: list[float] = []
    for leaf in sorted(texts, key=lambda leaf: (tree.leaf_energies[leaf], leaf)):
        x = float(layout.x[leaf])
        if all(abs(x - other) >= need for other in taken):
            taken.append(x)
            ax.annotate(
                texts[leaf],
                (x, float(tree.leaf_energies[leaf])),
                xytext=(0, -3),
                textcoords="offset points",
                ha="center",
                va="top",
                rotation=0 if flat else 90,
                fontsize=size,
                color=INK,
            )
