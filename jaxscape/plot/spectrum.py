"""The density of a Hessian's eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jaxscape.analysis import SpectralDensity
from jaxscape.plot._style import CYCLE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spectrum(
    *densities: SpectralDensity,
    labels=None,
    row: int = 0,
    width: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of eigenvalues, on a logarithmic axis of densities.

    **Arguments:**

    - `densities`: of `jaxscape.spectral_density`, such as that of a Hessian and its two halves;
      `labels` names them. `row`: of which point.
    - `width`: of the normal curve that stands for a node; default a hundredth of the spectrum.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes. **Raises:** `ValueError` without a density.

    ```python
    found = jaxscape.spectral_density(surface, minima.x, key=jax.random.key(0))
    jaxscape.plot.spectrum(found)
    ```
    """
    if not densities:
        raise ValueError("there is no density to draw")
    ax = axes_for(ax, (5.6, 4.0))
    low = min(each.nodes[row].min() for each in densities)
    high = max(each.nodes[row].max() for each in densities)
    width = float(width or max(1e-2 * (high - low), 1e-12))
    grid = np.linspace(low - 4 * width, high + 4 * width, 1200)
    for place, each in enumerate(densities):
        curve = each.dim * each.density(grid, width)[row]
        name = None if labels is None else labels[place]
        ax.plot(grid, np.maximum(curve, 1e-12), color=CYCLE[place % len(CYCLE)], label=name)
    top = max(line.get_ydata().max() for line in ax.get_lines())  # type: ignore
    ax.set_yscale("log")
    ax.set_ylim(0.02 / (high - low if high > low else 1.0), 2 * top)
    ax.axvline(0.0, color="#999999", linewidth=0.8, zorder=0)
    ax.set_xlabel("Eigenvalue of the Hessian")
    ax.set_ylabel("Eigenvalues per unit")
    if labels is not None:
        ax.legend(frameon=False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
