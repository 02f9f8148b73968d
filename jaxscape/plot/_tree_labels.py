"""What is written and drawn below the ends of branches: texts and small structures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from jaxscape.analysis import DisconnectivityTree
from jaxscape.plot._style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Widest and narrowest drawing of a structure, in inches.
LARGE, SMALL = 0.95, 0.28


def texts_of(tree: DisconnectivityTree, label) -> dict[int, str]:
    """Texts by position of the leaf."""
    ids = tree.leaf_ids.tolist()
    if label is None:
        return {}
    if isinstance(label, Mapping):
        place = {minimum: position for position, minimum in enumerate(ids)}
        unknown = [minimum for minimum in label if minimum not in place]
        if unknown:
            raise ValueError(f"label names minimum {unknown[0]!r}, which is not shown")
        return {place[minimum]: str(text) for minimum, text in label.items()}
    if label == "ids":
        return {position: str(minimum) for position, minimum in enumerate(ids)}
    if isinstance(label, int) and not isinstance(label, bool) and label >= 0:
        lowest = np.argsort(tree.leaf_energies, kind="stable")[:label]
        return {int(position): str(ids[position]) for position in lowest}
    raise ValueError(f"label is {label!r}; pass 'ids', how many of the lowest, or texts by id")


def drawn_leaves(tree: DisconnectivityTree, structures) -> np.ndarray:
    """Positions of the leaves whose structures are drawn: a number of the lowest, or ids."""
    if structures is None:
        return np.zeros(0, np.int64)
    if isinstance(structures, int | np.integer) and not isinstance(structures, bool):
        if structures < 0:
            raise ValueError(f"structures is {structures}: draw none or more of the lowest, or ids")
        return np.argsort(tree.leaf_energies, kind="stable")[:structures]
    ids = np.unique(np.asarray(structures))
    if ids.size and not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"structures is {structures!r}; pass how many of the lowest, or ids of minima"
        )
    missing = ids[~np.isin(ids, tree.leaf_ids)]
    if len(missing):
        raise ValueError(f"structures names minimum {missing[0]}, which is not shown")
    return np.searchsorted(tree.leaf_ids, ids)


def write(ax: Axes, tree: DisconnectivityTree, x: np.ndarray, texts: dict[int, str]) -> None:
    """Labels under the ends of branches at `x` `[L]`, lowest first, where there is room."""
    spacing = _points_wide(ax) / float(np.ptp(ax.get_xlim()))
    lowest_first = sorted(texts, key=lambda leaf: (tree.leaf_energies[leaf], leaf))
    longest = max(map(len, texts.values()))
    # Across and large, or upright, or small: whichever leaves out least.
    ways = [(9.0, 0, longest * 0.65 * 9.0), (9.0, 90, 1.05 * 9.0), (6.5, 90, 1.05 * 6.5)]
    tried = [(_apart(x[lowest_first], need / spacing), way) for *way, need in ways]
    kept, (size, rotation) = max(tried, key=lambda pair: pair[0].sum())
    for leaf, keep in zip(lowest_first, kept, strict=True):
        if keep:
            ax.annotate(
                texts[leaf], (float(x[leaf]), float(tree.leaf_energies[leaf])), xytext=(0, -3),
                textcoords="offset points", ha="center", va="top",
                rotation=rotation, fontsize=size, color=INK,
            )  # fmt: skip


def _apart(x: np.ndarray, need: float) -> np.ndarray:
    """Which of the places `x` `[n]` are at least `need` from all kept before."""
    kept = np.zeros(len(x), bool)
    for i, place in enumerate(x):
        kept[i] = np.all(np.abs(x[kept] - place) >= need)
    return kept


def thumbnails(
    ax: Axes,
    tree: DisconnectivityTree,
    x: np.ndarray,
    leaves: np.ndarray,
    points: np.ndarray,
    texts: dict[int, str],
    draw: Callable[[Any, np.ndarray], Any],
) -> None:
    """Draw structures `points` `[n, dim]` in a row below the graph, each joined to its leaf.

    Nothing of the graph lies below the end of a branch, so that the thin lines to the drawings
    cross no branch.
    """
    leaves = np.asarray(leaves)
    order = np.argsort(x[leaves], kind="stable")
    figure = cast(Any, ax.figure)
    wide, tall = (figure.get_size_inches() * ax.get_position().size).tolist()
    size = float(np.clip(0.97 * wide / len(leaves), SMALL, min(LARGE, 0.25 * tall)))
    low, high = ax.get_ylim()
    labelled = any(int(leaf) in texts for leaf in leaves)
    # Shares of the height of the axes: the row, the lines above it, and texts below.
    row, words = size / tall, (0.17 / tall if labelled else 0.0)
    fan = 0.3 * row
    below = (row + words + fan) / (1.0 - row - words - fan) * (high - low)
    # The axis ends where energies do: the row below measures nothing.
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])
    ax.spines["left"].set_bounds(low, high)
    ax.set_ylim(low - below, high)
    left, right = ax.get_xlim()
    wanted = (x[leaves[order]] - left) / (right - left)
    places = _spread(wanted, size / wide)
    for leaf, place in zip(leaves[order].tolist(), places.tolist(), strict=True):
        inset = ax.inset_axes((place - 0.47 * size / wide, words, 0.94 * size / wide, row))
        inset.set_axis_off()
        draw(inset, points[leaf])
        bend = (words + row + fan) * (high - low + below) + low - below
        end = (words + row) * (high - low + below) + low - below
        ax.plot(
            [x[leaf], x[leaf], left + place * (right - left)],
            [tree.leaf_energies[leaf], bend, end], color="#888888", linewidth=0.6,
            linestyle=(0, (2, 2)), zorder=0.5, label="_structure",
        )  # fmt: skip
        if leaf in texts:
            ax.text(
                place, 0.0, texts[leaf], transform=ax.transAxes, ha="center", va="bottom",
                fontsize=9.0, color=INK,
            )  # fmt: skip


def _spread(wanted: np.ndarray, width: float) -> np.ndarray:
    """Places `[n]` (rising) at least `width` apart within 0 to 1, close to the wanted ones."""
    # Neighbours that overlap move together about their mean, until none do.
    blocks: list[list[float]] = []
    for place in wanted:
        blocks.append([float(place), 1.0])
        while len(blocks) > 1 and _gap(blocks[-2], blocks[-1], width) < 0:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    places = np.concatenate(
        [mean + width * (np.arange(count) - 0.5 * (count - 1)) for mean, count in blocks]
    )
    # Inwards from both ends; where there is no room at all, evenly.
    steps, edge = width * np.arange(len(places)), 0.5 * width
    places = np.maximum.accumulate(np.maximum(places - steps, edge)) + steps
    back = np.minimum.accumulate(np.minimum(places[::-1] + steps, 1.0 - edge)) - steps
    return back[::-1] if back[-1] > 0.0 else np.linspace(edge, 1.0 - edge, len(wanted))


def _gap(a: list[float], b: list[float], width: float) -> float:
    return (b[0] - 0.5 * (b[1] - 1) * width) - (a[0] + 0.5 * (a[1] - 1) * width) - width + 1e-12


def _points_wide(ax: Axes) -> float:
    figure = cast(Any, ax.figure)
    return 72.0 * figure.get_size_inches()[0] * ax.get_position().width
