"""Heat capacity against temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import HeatCapacity, heat_capacity as compute
from jaxscape.landscape import KineticNetwork, Landscape, as_network
from jaxscape.plot._style import CYCLE, INK, axes_for, quantity
from jaxscape.surface import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heat_capacity(
    network: Landscape | KineticNetwork | HeatCapacity,
    temperatures=None,
    *,
    minima: int = 0,
    units: Units | None = None,
    ax: Axes | None = None,
    **options,
) -> Axes:
    """Draw the heat capacity of the harmonic superposition, and what makes it up.

    **Arguments:**

    - `network`: a landscape or network, or a `HeatCapacity` that has been computed.
    - `temperatures` `[n]`: values of `kT`, or `(lowest, highest)` for 300 in between.
    - `minima`: show the contributions of so many minima, those with the largest, too: each on top
      of the vibrations.
    - `units`: such as `surface.units`; a landscape knows its own.
    - `options`: as `jaxscape.heat_capacity`. `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes. **Raises:** `ValueError` without temperatures, and as
    `jaxscape.heat_capacity`.

    >>> network = KineticNetwork([0.0, 1.0], plus=[], minus=[], ts_energy=[], modes=[3, 3])
    >>> ax = heat_capacity(network, (0.1, 1.0), minima=1, frequencies=False)
    >>> [line.get_label() for line in ax.lines]
    ['total', 'vibrations', 'minimum 1']

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    jaxscape.plot.heat_capacity(landscape, (0.01, 0.6), minima=3, vibrations=18)
    ```
    """
    if isinstance(network, HeatCapacity):
        curve = network
    else:
        known = as_network(network)
        units = units or known.units
        curve = compute(known, spread(temperatures), **options)
    unit = (units or Units()).energy
    ax = axes_for(ax, (5.6, 4.0))
    ax.plot(curve.temperature, curve.total, color=INK, linewidth=1.8, label="total")
    ax.plot(
        curve.temperature, curve.vibrational, "--", color=INK, linewidth=1.0, label="vibrations"
    )
    most = np.argsort(-curve.minima.max(axis=0), kind="stable")[:minima]
    for place, row in enumerate(most):
        height = curve.vibrational + curve.minima[:, row]
        ax.plot(
            curve.temperature, height, color=CYCLE[place % len(CYCLE)],
            linewidth=1.2, label=f"minimum {curve.ids[row]}",
        )  # fmt: skip
    ax.set_xlabel(quantity("kT", unit) if unit != "loss" else "kT")
    ax.set_ylabel("Heat capacity / k")
    ax.set_xlim(curve.temperature.min(), curve.temperature.max())
    ax.legend(frameon=False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def spread(temperatures) -> np.ndarray:
    """Temperatures as given, or 300 between two.

    **Raises:** `ValueError` without any.
    """
    if temperatures is None or np.size(temperatures) == 0:
        raise ValueError("temperatures are missing: give (lowest, highest), or values of kT")
    values = np.atleast_1d(np.asarray(temperatures, np.float64))
    return np.linspace(values[0], values[1], 300) if len(values) == 2 else values
