"""The index of stationary points against their energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import IndexProfile
from jaxscape.plot._style import BLUE, VERMILION, axes_for, energy_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def index_profile(
    profile: IndexProfile, *, fraction: bool = False, mean: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw every stationary point by its energy and the number of directions that lead down.

    **Arguments:**

    - `profile`: of `jaxscape.index_profile`.
    - `fraction`: the share of all directions instead of their number, to compare problems of
      different size.
    - `mean`: a line through the mean energy of every index.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes. Dots grow with how often a point was met.

    **Raises:** `ValueError` for a profile without points.

    ```python
    found = jaxscape.find_stationary_points(surface, starts)
    jaxscape.plot.index_profile(jaxscape.index_profile(surface, found))
    ```
    """
    if not len(profile):
        raise ValueError("the profile has no points to draw")
    ax = axes_for(ax, (5.6, 4.0))
    height = profile.fraction if fraction else profile.index
    size = 12 + 60 * np.sqrt((profile.hits - 1) / max(1, profile.hits.max()))
    ax.scatter(profile.energy, height, s=size, color=BLUE, alpha=0.6, linewidth=0)
    if mean:
        indices, energies, _ = profile.means()
        heights = [height[profile.index == index].mean() for index in indices]
        ax.plot(energies, heights, "-", color=VERMILION, linewidth=1.0, marker="|", label="mean")
        ax.legend(frameon=False)
    ax.set_xlabel(energy_label(profile.units.energy))
    ax.set_ylabel("Share of directions that lead down" if fraction else "Index")
    if not fraction:
        ax.yaxis.get_major_locator().set_params(integer=True)  # type: ignore
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.margins(x=0.05, y=0.06)
    return ax
