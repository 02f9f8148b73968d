"""Minima and transition states of a molecule by two of its dihedrals: a Ramachandran plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.landscape import Landscape
from jaxscape.plot._colours import GREY, Numbers, colour_bar, colours_of, legend
from jaxscape.plot._source import Source, as_source
from jaxscape.plot._style import INK, SEQUENTIAL, axes_for, energy_label
from jaxscape.search.internal_coordinates import internal_coordinates
from jaxscape.surface import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Shifts by whole turns, so that lines which leave the picture come in on the other side.
_TURNS = 360.0 * np.array([(i, j) for i in (0, -1, 1) for j in (0, -1, 1)])


def dihedrals(
    landscape: Landscape,
    first: Sequence[int],
    second: Sequence[int],
    *,
    names: tuple[str, str] = ("φ", "ψ"),
    colour: Any = None,
    colour_label: str | None = None,
    below: float | None = None,
    connections: bool = True,
    label: bool | Mapping[int, str] | None = None,
    units: Units | str | None = None,
    cmap: str = SEQUENTIAL,
    ax: Axes | None = None,
) -> Axes:
    """Draw stationary points by two dihedrals: minima as circles, transition states as diamonds.

    With the backbone's φ and ψ this is a Ramachandran plot. Energies are above the lowest minimum.
    Straight lines, round the circle where that is shorter, join each transition state to its two
    minima; they are no reaction paths.

    **Arguments:**

    - `landscape`: of a molecule: three coordinates for each atom.
    - `first`, `second`: four atoms each, counted from 0; first is drawn to the right.
    - `names`: of the two dihedrals.
    - `colour`, `colour_label`: of the minima, as in `network`; default the energy, which
      transition states share.
    - `below`: draw points up to this energy above the lowest minimum only; None for all.
    - `connections`: draw the lines.
    - `label`: write the ids of the minima, by default up to 30; or names by id.
    - `units`: `"kJ/mol"` or another unit converts energies; `below` is in it, too.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    **Raises:** `ValueError` without minima, for atoms that are not there, or for a landscape
    without points.

    ```python
    surface = jaxscape.adapters.rdkit("CC(=O)N[C@@H](C)C(=O)NC")
    landscape = jaxscape.explore(surface, surface.sampler.points, key=jax.random.key(0))
    jaxscape.plot.dihedrals(landscape, (1, 3, 4, 6), (3, 4, 6, 8))
    ```

    G. N. Ramachandran et al., J. Mol. Biol. 7, 95 (1963).
    """
    if not isinstance(landscape, Landscape):
        raise ValueError(f"landscape is a {type(landscape).__name__}: pass a Landscape with points")
    source = as_source(landscape, units=units)
    quartets = [tuple(first), tuple(second)]
    if any(len(four) != 4 for four in quartets):
        raise ValueError(f"first is {quartets[0]} and second {quartets[1]}: pass four atoms each")
    minima, states = landscape.minima, landscape.transition_states
    factor, lowest = source.scale.factor, float(minima.energy.min())
    height, top = factor * (minima.energy - lowest), factor * (states.energy - lowest)
    limit = np.inf if below is None else float(below)
    shown, passes = np.flatnonzero(height <= limit), np.flatnonzero(top <= limit)
    places = internal_coordinates(minima.x, quartets)
    ax = axes_for(ax, (6.0, 5.0))
    above = np.concatenate([height[shown], top[passes]])
    colours = colours_of(source, source.ids, height if colour is None else colour, colour_label)
    alike: dict[str, Any] = {"cmap": cmap, "vmin": 0.0, "vmax": float(above.max()) or 1.0}
    if len(passes):
        tops = internal_coordinates(states.x[passes], quartets)
        if connections:
            ends = source.rows(np.stack([states.plus, states.minus])[:, passes].ravel())
            _join(ax, np.concatenate([tops, tops]), places[ends])
        like: dict[str, Any] = {"c": top[passes], **alike} if colour is None else {"color": GREY}
        ax.scatter(
            tops[:, 0], tops[:, 1], marker="D", s=26, edgecolors=INK, linewidths=0.6, zorder=3,
            label="transition states", **like,
        )  # fmt: skip
    dots: Any = ax.scatter(
        places[shown, 0], places[shown, 1], s=90, edgecolors=INK, linewidths=0.9, zorder=4,
        label="minima",
    )  # fmt: skip
    if isinstance(colours, Numbers):
        from matplotlib import colormaps

        values = colours.values[shown]
        dots.set(array=np.ma.masked_invalid(values), cmap=colormaps[cmap].with_extremes(bad=GREY))
        name = colours.name
        if colour is None:
            dots.set_clim(alike["vmin"], alike["vmax"])
            name = energy_label(source.units.energy, "Energy above the lowest minimum")
        colour_bar(ax, dots, values, name, pad=0.02)
    elif colours is not None:
        index = colours.index[shown]
        dots.set_facecolor([GREY if i < 0 else colours.colours[i] for i in index])
        legend(ax, colours, minima=True)
    for row, text in zip(shown, _labels(source, shown, label), strict=True):
        ax.annotate(
            text, places[row], xytext=(7, 5), textcoords="offset points", fontsize=9, zorder=5
        )
    for axis, name in zip((ax.xaxis, ax.yaxis), names, strict=True):
        axis.set_ticks(np.arange(-180, 181, 60))
        axis.set_label_text(f"{name} / degrees")
    ax.set(xlim=(-180, 180), ylim=(-180, 180), aspect="equal")
    ax.grid(color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def _labels(source: Source, rows, label: bool | Mapping[int, str] | None) -> list[str]:
    if isinstance(label, Mapping):
        source.rows(list(label))
        return [label.get(int(source.ids[row]), "") for row in rows]
    written = len(rows) <= 30 if label is None else label
    return [str(source.ids[row]) if written else "" for row in rows]


def _join(ax: Axes, a, b) -> None:
    """Lines from `a` to the nearest image of `b` `[n, 2]`, drawn in every turn they touch."""
    from matplotlib.collections import LineCollection

    ends = a + (b - a + 180.0) % 360.0 - 180.0
    lines = np.stack([a, ends], axis=1)
    every = (lines[None] + _TURNS[:, None, None]).reshape(-1, 2, 2)
    inside = (every.min(axis=1) < 180.0).all(axis=1) & (every.max(axis=1) > -180.0).all(axis=1)
    ax.add_collection(
        LineCollection(
            list(every[inside]), colors="#777777", linewidths=1.0, zorder=2, label="connections"
        ),
        autolim=False,
    )
