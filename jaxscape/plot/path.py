"""Energy along a path: relaxed bands, or minima and transition states in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import Path, lowest_path
from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.landscape.graph import component_of
from jaxscape.plot._scale import Scale, plain_numbers
from jaxscape.plot._source import Source, as_source, steps_of
from jaxscape.plot._style import BLUE, CYCLE, INK, VERMILION, axes_for, quantity
from jaxscape.search.neb import Paths
from jaxscape.surface import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def path(
    path: Path | Paths | Landscape | KineticNetwork,
    a: int | None = None,
    b: int | None = None,
    *,
    units: Units | str | None = None,
    label: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the energy along a path.

    **Arguments:**

    - `path`: `Paths` of `neb` (energy of every image against the arc length up to it; one line
      for each band), a `Path` of `lowest_path` (minima and transition states in turn), or a
      `Landscape` or `KineticNetwork`, whose lowest path is drawn.
    - `a`, `b`: ids of the minima a network's path joins; by default from the lowest minimum
      connected with the global one to the global minimum.
    - `units`: of energy and length, such as `surface.units`; a landscape knows its own, and
      `"kJ/mol"` or another unit converts its energies, above its lowest minimum.
    - `label`: write ids at the points of a `Path`; by default on paths of up to 12 steps.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    **Raises:** `ValueError` if there is nothing to draw, or no path between `a` and `b`.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0])
    >>> path(network, 1, 0).get_xlabel()
    'Steps along the path'

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    jaxscape.plot.path(jaxscape.lowest_path(landscape, 3, 0), units=landscape.units)
    jaxscape.plot.path(landscape, 3, 0)  # the same
    ```
    """
    if isinstance(path, Landscape | KineticNetwork):
        source = as_source(path, units=units)
        scale, path = source.scale, lowest_path(path, *_ends(source, path, a, b))
    elif isinstance(units, str):
        raise ValueError(f"units is {units!r}: converting needs a landscape, others take js.Units")
    elif a is not None or b is not None:
        raise ValueError("a and b choose a path in a network; this path has its own ends")
    else:
        scale = Scale(units or Units())
    if isinstance(path, Paths):
        ax = _bands(path, scale.units, ax)
    elif isinstance(path, Path):
        ax = _steps(path, scale, len(path) <= 12 if label is None else label, ax)
    else:
        raise ValueError(
            f"path is a {type(path).__name__}: pass the Paths of jaxscape.neb, "
            "the Path of jaxscape.lowest_path, a Landscape or a KineticNetwork"
        )
    ax.set_ylabel(scale.label())
    plain_numbers(ax.yaxis)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _ends(source: Source, network, a: int | None, b: int | None) -> tuple[int, int]:
    steps = steps_of(network)
    rank = np.argsort(source.fields["energy"], kind="stable")
    end = int(source.ids[rank[0]]) if b is None else b
    if a is not None:
        return a, end
    part = component_of(len(rank), steps.plus, steps.minus)
    here = source.rows([end])
    others = [row for row in rank if part[row] == part[here[0]] and row != here[0]]
    if not others:
        raise ValueError(f"no path leads to minimum {end} yet: explore longer, or name a and b")
    return int(source.ids[others[0]]), end


def _bands(paths: Paths, units: Units, ax: Axes | None) -> Axes:
    good = np.flatnonzero(np.isfinite(paths.energies).all(axis=1))
    if not len(good):
        raise ValueError(f"none of the {len(paths)} paths has energies: {paths.counts()}")
    ax = axes_for(ax, (5.6, 4.0))
    steps = np.linalg.norm(np.diff(paths.images, axis=1), axis=2)
    length = np.concatenate([np.zeros((len(paths), 1)), np.cumsum(steps, axis=1)], axis=1)
    few = len(good) <= len(CYCLE)
    for place, band in enumerate(good.tolist()):
        ax.plot(
            length[band], paths.energies[band], "-o" if few else "-",
            color=CYCLE[place] if few else BLUE, alpha=1.0 if few else max(0.1, 3 / len(good)),
            markersize=3.5, linewidth=1.4,
            label=f"path {band}" + ("" if paths.ok[band] else " (not converged)"),
        )  # fmt: skip
    top = paths.candidates()
    kept = np.isin(top.path, good)
    where = (top.path[kept], top.image[kept])
    ax.plot(
        length[where], paths.energies[where], "D", markersize=7 if few else 3, color=VERMILION,
        markerfacecolor="none", markeredgewidth=1.3, label="local maximum",
    )  # fmt: skip
    if few:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    ax.set_xlabel(quantity("Arc length along the path", units.length))
    ax.margins(x=0.03, y=0.08)
    return ax


def _steps(path: Path, scale: Scale, label: bool, ax: Axes | None) -> Axes:
    energies = scale(path.energies)
    count = len(energies)
    ax = axes_for(ax, (float(np.clip(3.0 + 0.4 * count, 4.5, 11.0)), 4.0))
    place = np.arange(count) / 2.0
    x, energy = _smooth(place, energies)
    ax.plot(x, energy, "-", color=INK, linewidth=1.2, zorder=1)
    large = count <= 41
    for start, marker, colour, name in (
        (0, "o", BLUE, "minimum"), (1, "D", VERMILION, "transition state")
    ):  # fmt: skip
        ax.plot(
            place[start::2], energies[start::2], marker, color=colour, label=name,
            markersize=(7 if start == 0 else 6) if large else 3, zorder=2,
        )  # fmt: skip
    if label:
        for i, (ids, side) in enumerate(((path.minima, -1), (path.transition_states, 1))):
            for point, text in zip(range(i, count, 2), ids, strict=True):
                ax.annotate(
                    str(text), (place[point], energies[point]), xytext=(0, 8 * side),
                    textcoords="offset points", ha="center", va="top" if side < 0 else "bottom",
                    color=BLUE if side < 0 else VERMILION, fontsize=9,
                )  # fmt: skip
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    ax.set_xlabel("Steps along the path")
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_xlim(-0.25, max(place[-1], 0.5) + 0.25)
    ax.margins(y=0.16 if label else 0.08)
    return ax


def _smooth(place, energies, points: int = 40):
    """Between neighbours half a cosine, whose slope vanishes at every stationary point."""
    share = np.arange(points) / points
    weight = 0.5 * (1.0 - np.cos(np.pi * share))
    x = place[:-1, None] + share * np.diff(place)[:, None]
    energy = energies[:-1, None] + weight * np.diff(energies)[:, None]
    return np.append(x, place[-1]), np.append(energy, energies[-1])
