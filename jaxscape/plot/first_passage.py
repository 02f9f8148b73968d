"""Densities of first passage times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import FirstPassageDistribution
from jaxscape.plot._style import CYCLE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def first_passage(
    distribution: FirstPassageDistribution | Mapping[str, FirstPassageDistribution],
    *,
    times=None,
    unit: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of the logarithm of first passage times, `t p(t)`, against `log t`.

    Equal areas are equal probabilities; a single exponential has one peak of height 1 / e, and
    every further time scale of a landscape shows as a peak or shoulder of its own. Broken lines
    mark the means.

    **Arguments:**

    - `distribution`: one, or several by name.
    - `times` `[n]`: at which to draw; by default where the distributions are.
    - `unit`: of time, for the label. `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes. **Raises:** `ValueError` if there is none to draw.

    >>> from jaxscape.analysis import first_passage_distribution
    >>> rates = np.array([[0.0, 0.5], [1.0, 0.0]])
    >>> ax = first_passage(first_passage_distribution(rates, 0, 1), unit="s")
    >>> ax.get_xlabel()
    'First passage time / s'

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    found = jaxscape.first_passage_distribution(landscape, 1, 0, temperature=0.1)
    jaxscape.plot.first_passage(found)
    ```
    """
    several = distribution if isinstance(distribution, Mapping) else {"": distribution}
    if not several:
        raise ValueError("there is no distribution to draw")
    if times is None:
        ends = np.concatenate([one.times()[[0, -1]] for one in several.values()])
        times = np.geomspace(ends.min(), ends.max(), 600)
    times = np.asarray(times, np.float64)
    ax = axes_for(ax, (5.6, 4.0))
    for place, (name, one) in enumerate(several.items()):
        colour = CYCLE[place % len(CYCLE)]
        density = one.log_time_density(times)
        ax.plot(times, density, color=colour, linewidth=1.6, label=name or "density")
        ax.axvline(one.mean, linestyle="--", color=colour, linewidth=1.0)
    ax.set_xscale("log")
    ax.set_xlim(times[0], times[-1])
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel(f"First passage time / {unit}" if unit else "First passage time")
    ax.set_ylabel("Density of log time, t p(t)")
    if any(several):
        ax.legend(frameon=False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
