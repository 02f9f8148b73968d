"""Rate constants against inverse temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import rates as compute
from jaxscape.landscape import KineticNetwork, Landscape, as_network
from jaxscape.plot._style import BLUE, SYMBOLS, VERMILION, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rates(
    network: Landscape | KineticNetwork,
    a,
    b,
    temperatures,
    *,
    steady_state: bool = False,
    ax: Axes | None = None,
    **options,
) -> Axes:
    """Draw the rate constants between two sets of minima against 1 / kT (Arrhenius).

    **Arguments:**

    - `a`, `b`: ids of minima, one or many.
    - `temperatures` `[n]`: values of `kT`, or `(lowest, highest)` for 40 even in 1 / kT.
    - `steady_state`: show these rate constants, too, as broken lines.
    - `options`: as `jaxscape.rates`. `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes, whose vertical axis is logarithmic, of base ten.

    **Raises:** as `jaxscape.rates`.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0])
    >>> ax = rates(network, 0, 1, (0.1, 1.0), frequencies=False)
    >>> [line.get_label() for line in ax.lines]
    ['0 → 1', '1 → 0']

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    jaxscape.plot.rates(landscape, 1, 0, (0.03, 0.3))
    ```
    """
    network = as_network(network)
    values = np.atleast_1d(np.asarray(temperatures, np.float64))
    if len(values) == 2:
        if not (values > 0).all():
            raise ValueError(f"temperatures are {values.tolist()}: kT is positive")
        values = 1.0 / np.linspace(1.0 / values[0], 1.0 / values[1], 40)
    found = [compute(network, a, b, float(kt), **options) for kt in values]
    ax = axes_for(ax, (5.6, 4.0))
    inverse = 1.0 / values
    kinds = (("log_rate", "-", ""), ("log_steady_state", "--", ", steady state"))
    for name, style, text in kinds[: 1 + steady_state]:
        for side, colour in (("forward", BLUE), ("backward", VERMILION)):
            logs = np.array([getattr(getattr(one, side), name) for one in found]) / np.log(10)
            ends = (a, b) if side == "forward" else (b, a)
            label = f"{_names(ends[0])} → {_names(ends[1])}{text}"
            ax.plot(inverse, logs, style, color=colour, linewidth=1.6, label=label)
    unit = SYMBOLS.get(network.units.energy, network.units.energy)
    ax.set_xlabel(f"1 / kT, in 1 / {unit}" if unit and unit != "loss" else "1 / kT")
    time = _time_unit(network.units.energy, network.units.length)
    ax.set_ylabel(f"log₁₀ (k {time})" if time else "log₁₀ k")
    ax.legend(frameon=False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _names(ids) -> str:
    few = np.atleast_1d(np.asarray(ids)).tolist()
    text = ", ".join(map(str, few[:4])) + (", ..." if len(few) > 4 else "")
    return f"{{{text}}}" if len(few) > 1 else text


def _time_unit(energy: str, length: str) -> str:
    """The unit of time that goes with energies and lengths, for masses of one."""
    if not (energy and length) or energy == "loss":
        return ""
    return f"{SYMBOLS.get(length, length)} (m / {SYMBOLS.get(energy, energy)})$^{{1/2}}$"
