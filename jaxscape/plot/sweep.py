"""Minima against whatever was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import Sweep
from jaxscape.plot._style import BLUE, INK, VERMILION, axes_for, energy_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def sweep(sweep: Sweep, *, name: str = "", log: bool | None = None, ax: Axes | None = None) -> Axes:
    """Draw the energies of the minima at every value of a sweep, and how many there are.

    **Arguments:**

    - `sweep`: of `jaxscape.sweep_minima`.
    - `name`: of the value that changes, for the axis.
    - `log`: a logarithmic axis of values; by default where they span two decades or more.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes of the energies; numbers of minima stand above them.

    **Raises:** `ValueError` if the values are no numbers, or there is no minimum at any.

    ```python
    found = jaxscape.sweep_minima(jaxscape.systems.iris_mlp, [2, 3, 4], key=jax.random.key(0))
    jaxscape.plot.sweep(found, name="hidden units")
    ```
    """
    try:
        values = np.array([float(value) for value in sweep.values])
    except (TypeError, ValueError):
        raise ValueError(f"values are {sweep.values}; only numbers have an axis") from None
    if not sweep.counts.any():
        raise ValueError("no start ended in a certified minimum at any value")
    ax = axes_for(ax, (5.6, 4.0))
    positive = bool((values > 0).all())
    if log is None:
        log = positive and values.max() >= 100 * values.min()
    if log:
        if not positive:
            raise ValueError("a logarithmic axis needs values above zero")
        ax.set_xscale("log")
    lowest = []
    for value, landscape in zip(values, sweep.landscapes, strict=True):
        energy = np.asarray(landscape.minima.energy)
        share = landscape.minima.hits / max(1, landscape.minima.hits.sum())
        ax.scatter(
            np.full(len(energy), value), energy, s=14 + 90 * share, color=BLUE, alpha=0.75,
            linewidth=0,
        )  # fmt: skip
        lowest.append(energy.min() if len(energy) else np.nan)
    order = np.argsort(values)
    ax.plot(values[order], np.array(lowest)[order], "-", color=VERMILION, linewidth=1.0, zorder=0)
    for value, count, single in zip(values, sweep.counts, sweep.singles, strict=True):
        more = "+" if single > 0 else ""
        ax.annotate(
            f"{count}{more}", (value, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
            textcoords="offset points", ha="center", va="bottom", color=INK, fontsize=9,
        )  # fmt: skip
    ax.set_xlabel(name or "Value")
    ax.set_ylabel(energy_label(sweep.landscapes[0].units.energy))
    ax.set_title("Minima", fontsize=9, loc="left", pad=14)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.margins(x=0.06, y=0.06)
    return ax
