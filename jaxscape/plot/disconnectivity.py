"""Disconnectivity graphs: branches end at minima and join at barriers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.analysis import DisconnectivityTree
from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.plot._colours import GREY, Groups, Numbers, colour_bar, colours_of, legend
from jaxscape.plot._scale import plain_numbers
from jaxscape.plot._source import NAMES, Source, as_source
from jaxscape.plot._structure import drawer
from jaxscape.plot._style import INK, SEQUENTIAL, axes_for, bare
from jaxscape.plot._tree_labels import drawn_leaves, texts_of, thumbnails, write
from jaxscape.plot._tree_layout import TreeLayout, lay_out
from jaxscape.plot._tree_lines import TreeLines, tree_lines
from jaxscape.surface import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def disconnectivity(
    landscape: Landscape | KineticNetwork | DisconnectivityTree,
    *,
    ax: Axes | None = None,
    tree: DisconnectivityTree | None = None,
    levels: int | Any | None = None,
    colour: str | Callable | Mapping | Any | None = None,
    colour_label: str | None = None,
    cmap: str = SEQUENTIAL,
    label: str | int | Mapping[int, str] | None = None,
    structures: int | Any | None = None,
    draw: Callable[[Any, np.ndarray], Any] | None = None,
    position: str | Callable | Any | None = None,
    position_label: str | None = None,
    centre_lowest: bool = True,
    minima: Any | None = None,
    between: tuple[int, int] | Any | None = None,
    max_minima: int | None = None,
    line_width: float | None = None,
    units: Units | str | None = None,
    energy_name: str = "Energy",
) -> Axes:
    """Draw the disconnectivity graph of a landscape.

    Every branch ends at the energy of a minimum, and two branches join at the energy of the
    highest transition state on the lowest path between them. Branches never cross; parts that are
    not connected stand side by side.

    **Arguments:**

    - `landscape`: a `Landscape`, a `KineticNetwork` (a network without points), or a
      `DisconnectivityTree`.
    - `ax`: axes to draw into; a new figure otherwise.
    - `tree`: draw this tree, such as one of free energies, and take from `landscape` everything
      else.
    - `levels`: energies, or how many: branches join at the next of these levels, as is usual in
      print. Default: they join exactly at the transition states.
    - `colour`: numbers colour the ends of branches, and stand at a colour bar: an array `[M]`, the
      name of a field of `landscape.minima` (such as `"log_product"`, `"order"` or `"hits"`), a
      function of one point `x[dim]`, or a mapping of ids to numbers. Texts are groups, which
      colour every branch that belongs to one of them: an array `[M]`, a mapping of ids to texts,
      or of names to ids. `colour_label` names numbers; `cmap` is a colour map.
    - `label`: `"ids"` for all minima, a number for so many of the lowest, or texts by id. A label
      that would overlap that of a lower minimum is left out.
    - `structures`: draw the structures of so many of the lowest minima, or of those with these
      ids, in a row below: atoms as balls, anything else as bars. `draw(ax, x)` draws another
      picture of the point `x[dim]` into small axes.
    - `position`: where the minima stand: an array `[M]`, the name of a field, or a function of one
      point, such as an order parameter, which `position_label` names. Branches may cross then.
    - `centre_lowest`: the global minimum in the middle of its part, with straight stems;
      otherwise branches are sorted by energy, the lowest to the left.
    - `minima`: ids; show only these. Paths through the others still count.
    - `between`: two ids (or more): show only the minima that can be reached from them without
      passing above the pass between them.
    - `max_minima`: show only so many of the lowest; those that `between` names stay.
    - `line_width`: in points; by default it follows the number of minima.
    - `units`: `"kJ/mol"` or another unit converts energies, above the lowest minimum; `Units` name
      those of a tree, or replace the landscape's own.
    - `energy_name`: what the axis measures, such as `"Free energy"`.

    **Returns:** the axes.

    **Raises:** `ValueError` if there are no minima, or an argument does not fit them.

    >>> tree = DisconnectivityTree.from_arrays([0.0, 1.0], [2.0], [0], [1])
    >>> ax = disconnectivity(tree, label="ids", units=Units("kJ/mol"))
    >>> ax.get_ylabel(), [text.get_text() for text in ax.texts]
    ('Energy / kJ/mol', ['0', '1'])

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    ax = jaxscape.plot.disconnectivity(landscape, structures=4, label=4, colour="order")
    ax.figure.savefig("lj8.png", dpi=150)
    ```

    O. M. Becker and M. Karplus, J. Chem. Phys. 106, 1495 (1997);
    D. J. Wales, M. A. Miller and T. R. Walsh, Nature 394, 758 (1998).
    """
    source = as_source(landscape, tree, units)
    shown = _shown(source, minima, between, max_minima)
    colours = colours_of(source, shown.leaf_ids, colour, colour_label)
    texts = texts_of(shown, label)
    drawn = drawn_leaves(shown, structures)
    painter, points = _painter(source, shown, drawn, draw)
    places = None
    if position is not None:
        places = _places(source, shown, position)
        if position_label is None and isinstance(position, str):
            position_label = NAMES.get(position, position)
    layout = lay_out(shown, centre_lowest=centre_lowest, position=places)
    index = colours.index if isinstance(colours, Groups) else None
    lines = tree_lines(shown, layout, levels, index)

    inches = 0.16 * len(texts) if len(texts) > 10 else 0.06 * len(shown)
    inches = max(inches, 0.95 * len(drawn) - 3.0)
    ax = axes_for(ax, (float(np.clip(3.5 + inches, 5.0, 12.0)), 6.0 if len(drawn) else 5.0))
    width = line_width or float(np.clip(9.0 / np.sqrt(len(shown) + 10.0), 0.35, 1.8))
    _draw(ax, lines, colours, cmap, width)
    _frame(ax, source, shown, layout, bool(texts), energy_name)
    if position is not None:
        _measured(ax, layout.x[: len(shown)], position_label or "")
    x = layout.x[: len(shown)]
    if painter is not None:
        thumbnails(ax, shown, x, drawn, points, texts, painter)
        texts = {leaf: text for leaf, text in texts.items() if leaf not in set(drawn.tolist())}
    if texts:
        write(ax, shown, x, texts)
    return ax


def _shown(source: Source, minima, between, max_minima: int | None) -> DisconnectivityTree:
    """The tree of the minima asked for."""
    tree, kept = source.tree, source.tree.leaf_ids
    if max_minima is not None and (isinstance(max_minima, bool) or max_minima < 1):
        raise ValueError(
            f"max_minima is {max_minima!r}; show at least one minimum, or None for all"
        )
    always = np.zeros(0, np.int64)
    if minima is not None:
        kept = np.unique(source.ids[source.rows(minima)])
        if not len(kept):
            raise ValueError("minima is empty: name those to show, or None for all")
    if between is not None:
        always = np.unique(source.ids[source.rows(between)])
        if len(always) < 2:
            raise ValueError(f"between is {between!r}; name two minima or more")
        kept = np.union1d(np.intersect1d(kept, tree.basin(always)), always)
    if max_minima is not None and max_minima < len(kept):
        energies = tree.leaf_energies[np.searchsorted(tree.leaf_ids, kept)]
        # Those that were named come first, whatever their energy.
        order = np.lexsort((energies, ~np.isin(kept, always)))
        kept = kept[order[: max(max_minima, len(always))]]
    return tree if len(kept) == len(tree) else tree.only(kept)


def _painter(source: Source, tree: DisconnectivityTree, drawn: np.ndarray, draw):
    """What draws a structure, and the points `[L, dim]` of the leaves."""
    if draw is not None and not callable(draw):
        raise ValueError(f"draw is {draw!r}; pass a function draw(ax, x) of axes and one point")
    if not len(drawn):
        if draw is not None:
            raise ValueError("draw= draws structures: say of which minima with structures=")
        return None, np.zeros((0, 0))
    points = source.points("structures=")[source.rows(tree.leaf_ids)]
    assert source.landscape is not None
    return draw or drawer(source.landscape), points


def _places(source: Source, tree: DisconnectivityTree, position) -> np.ndarray:
    places = np.asarray(source.values(position, "position", tree.leaf_ids), np.float64)
    wrong = np.flatnonzero(~np.isfinite(places))
    if len(wrong):
        raise ValueError(
            f"position of minimum {tree.leaf_ids[wrong[0]]} is {places[wrong[0]]}: every minimum "
            "shown needs a finite one"
        )
    return places


def _draw(ax: Axes, lines: TreeLines, colours, cmap: str, width: float) -> None:
    from matplotlib.collections import LineCollection

    style: dict[str, Any] = {"linewidths": width, "capstyle": "round", "joinstyle": "round"}
    branches: Any = LineCollection(list(lines.joins), colors=INK, label="branches", **style)
    leaves: Any = LineCollection(list(lines.ends), label="minima", **style)
    ax.add_collection(branches, autolim=False)
    ax.add_collection(leaves, autolim=False)
    if isinstance(colours, Numbers):
        from matplotlib import colormaps

        shades = colormaps[cmap].with_extremes(bad=GREY)
        values = np.ma.masked_invalid(colours.values)
        leaves.set(array=values, cmap=shades, linewidths=1.6 * width)
        colour_bar(ax, leaves, colours.values, colours.name, pad=0.02, fraction=0.06)
    elif colours is None:
        leaves.set_color(INK)
    else:
        branches.set_color(colours.of(lines.groups))
        leaves.set_color(colours.of(colours.index))
        legend(ax, colours)


def _frame(ax: Axes, source: Source, tree, layout: TreeLayout, labelled: bool, name: str) -> None:
    low, high = float(tree.leaf_energies.min()), layout.top
    x = layout.x[: len(tree)]
    ax.set_xlim(x.min() - 0.75, x.max() + 0.75)
    ax.set_ylim(low - (0.08 if labelled else 0.03) * (high - low), high)
    ax.set_ylabel(source.scale.label(name))
    plain_numbers(ax.yaxis)
    total, parts = len(source.tree), len(tree.roots)
    text = f"{total} minima" if total > 1 else "1 minimum"
    if len(tree) < total:
        energies = np.sort(source.tree.leaf_energies)
        lowest = np.array_equal(np.sort(tree.leaf_energies), energies[: len(tree)])
        text = f"{'the ' if lowest else ''}{len(tree)} {'lowest ' if lowest else ''}of {text}"
    ax.set_xlabel(text if parts == 1 else f"{text}, {parts} unconnected parts")
    bare(ax)


def _measured(ax: Axes, x: np.ndarray, label: str) -> None:
    """An axis of positions."""
    from matplotlib.ticker import AutoLocator

    span = float(np.ptp(x)) or 1.0
    ax.set_xlim(x.min() - 0.04 * span, x.max() + 0.04 * span)
    ax.xaxis.set_major_locator(AutoLocator())
    ax.spines["bottom"].set_visible(True)
    ax.set_xlabel(label)
