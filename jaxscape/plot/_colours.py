"""Colours that mean something: numbers with a colour bar, groups with a legend."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from jaxscape.plot._scale import plain_numbers
from jaxscape.plot._source import NAMES, Source
from jaxscape.plot._style import CYCLE, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What is in no group.
GREY = "#9A9A9A"


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A number of each minimum `[n]`, NaN where there is none, and what they are called."""

    values: Float[np.ndarray, " n"]
    name: str


@dataclasses.dataclass(frozen=True)
class Groups:
    """The group of each minimum `[n]`, -1 for none, and the groups' names and colours."""

    index: Int[np.ndarray, " n"]
    names: tuple[str, ...]
    colours: tuple[str, ...]

    def of(self, index) -> list[str]:
        """Colours of these groups, ink for none."""
        return [INK if i < 0 else self.colours[i] for i in index]


def colours_of(source: Source, ids, colour: Any, name: str | None) -> Numbers | Groups | None:
    """What colours the minima `ids` `[n]`.

    `colour` is an array `[M]` of numbers or of texts (groups), the name of a field, a function of
    one point, or a mapping: of ids to numbers or texts, or of names of groups to ids.
    """
    if colour is None:
        return None
    if isinstance(colour, Mapping):
        return _of_mapping(source, ids, colour, name or "")
    if isinstance(colour, str):
        if name is None:
            name = NAMES.get(colour, colour.replace("_", " "))
            name = source.scale.label() if colour == "energy" else name
    values = source.values(colour, "colour", ids)
    if values.dtype == bool:
        values = np.where(values, "yes", "no")
    return _grouped(values.astype(str)) if values.dtype.kind in "USO" else _numbers(values, name)


def _of_mapping(source: Source, ids, colour: Mapping, name: str) -> Numbers | Groups:
    if not colour:
        raise ValueError("colour is an empty mapping: give values by id, or ids by group")
    if all(isinstance(key, str) for key in colour):
        index = np.full(len(source.ids), -1)
        for number, (group, members) in enumerate(colour.items()):
            rows = source.rows(members)
            taken = rows[index[rows] >= 0]
            if len(taken):
                raise ValueError(
                    f"minimum {source.ids[taken[0]]} is in two groups of colour, one of them "
                    f"{group!r}"
                )
            index[rows] = number
        return Groups(index[source.rows(ids)], tuple(colour), _palette(len(colour)))
    rows = source.rows(list(colour))
    given = list(colour.values())
    if any(isinstance(value, str) for value in given):
        values = np.full(len(source.ids), "", dtype=object)
        values[rows] = [str(value) for value in given]
        return _grouped(values[source.rows(ids)].astype(str))
    numbers = np.full(len(source.ids), np.nan)
    numbers[rows] = given
    return Numbers(numbers[source.rows(ids)], name)


def _numbers(values: np.ndarray, name: str | None) -> Numbers:
    return Numbers(np.asarray(values, np.float64), name or "")


def _grouped(values: np.ndarray) -> Groups:
    names = tuple(sorted(set(values.tolist()) - {""}))
    place = {group: number for number, group in enumerate(names)} | {"": -1}
    return Groups(np.array([place[v] for v in values.tolist()]), names, _palette(len(names)))


def _palette(count: int) -> tuple[str, ...]:
    if count <= len(CYCLE):
        return CYCLE[:count]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return tuple(to_hex(colormaps["turbo"](share)) for share in np.linspace(0.05, 0.95, count))


def colour_bar(ax: Axes, mappable, values: np.ndarray, name: str, **place) -> None:
    """A colour bar beside `ax`; counts get ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    known = values[np.isfinite(values)]
    whole = bool(len(known)) and bool(np.all(known == np.round(known)))
    ticks = MaxNLocator(integer=True) if whole and np.ptp(known) < 20 else None
    bar: Any = ax.figure.colorbar(mappable, ax=ax, label=name, ticks=ticks, **place)
    plain_numbers(bar.ax.yaxis)


def legend(ax: Axes, groups: Groups, minima: bool = False) -> None:
    """Names of groups above the axes, where they hide nothing."""
    from matplotlib.lines import Line2D

    shape: dict[str, Any] = (
        dict(marker="o", linestyle="none", markersize=8) if minima else dict(linewidth=2.5)
    )
    marks = [
        Line2D([], [], color=colour, label=name, **shape)
        for name, colour in zip(groups.names, groups.colours, strict=True)
    ]
    ax.legend(
        handles=marks, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0),
        ncols=min(len(marks), 4), borderaxespad=0.2,
    )  # fmt: skip
