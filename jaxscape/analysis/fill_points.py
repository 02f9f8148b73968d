"""Where new data would smooth a landscape most."""

import numpy as np
from jaxtyping import Bool, Float

from jaxscape.analysis.frustration import frustration_contributions
from jaxscape.landscape import Landscape
from jaxscape.models import RoughnessSurface
from jaxscape.search.minimise import minimise
from jaxscape.surface import Surface


def fill_points(
    landscape: Landscape,
    size: int,
    *,
    lengthscale: float = 0.8,
    keep: Bool[np.ndarray, " minima"] | None = None,
    position: float = 0.75,
    along: float = 0.5,
    across: float = 0.25,
) -> Float[np.ndarray, "size dim"]:
    """New points for training where a landscape is rough: minima of its roughness surface.

    The terms of the frustration become Gaussians along the vectors from minima to transition
    states (`models.RoughnessSurface`, where `position`, `along` and `across` are explained); the
    minima of minus their sum within the bounds are the points, the roughest first.

    **Returns:** up to `size` points `[size, dim]`.

    **Raises:** `ValueError` if the landscape has no bounds, or no barrier at all.
    """
    if size < 1:
        raise ValueError(f"size is {size}; ask for at least one point")
    surface = landscape.surface
    if surface is None or surface.lower is None:
        raise ValueError("fill_points needs a landscape with its surface, and bounds for it")
    terms = frustration_contributions(landscape, lengthscale, keep=keep)
    rows = np.flatnonzero((terms.value > 0) & (np.linalg.norm(terms.end - terms.start, axis=1) > 0))
    if not len(rows):
        raise ValueError("the landscape has no barrier: there is nothing to fill")
    rough = RoughnessSurface(
        terms.start[rows],
        terms.end[rows],
        terms.value[rows] / terms.value[rows].max(),
        position=position,
        along=along,
        across=across,
    )
    box = Surface(rough, bounds=(surface.lower, surface.upper), dim=landscape.dim, name="roughness")
    found = minimise(box, np.asarray(rough.centres), tolerance=1e-6)
    minima = Landscape(box)
    minima.add(found.take(found.ok))
    order = np.argsort(minima.minima.energy, kind="stable")[:size]
    return minima.minima.x[order]
