"""Where a landscape is rough, as a smooth function: Gaussians along the ways uphill."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.models._data import checked_points, checked_values


class RoughnessSurface(eqx.Module):
    """Minus a sum of Gaussians, one along each vector from a minimum to a transition state.

    Its minima are where barriers are high and close: regions in which data are missing.

    **Arguments:**

    - `minima`, `saddles`: `[vectors, dim]`, the two ends; `heights`: `[vectors]`, what each
      contributes to the frustration.
    - `position`: of the centre on the vector, 0 at the minimum and 1 at the transition state.
    - `along`: value, relative to the height, half a vector's length from the centre along it.
    - `across`: variance across the vector, per length of the vector.

    **Raises:** `ValueError` if there is nothing to add up, or a vector has no length.

    >>> ends = np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> surface = RoughnessSurface(*ends, np.ones(1), position=0.5, along=0.5)
    >>> [round(float(surface(jnp.array([x, 0.0]))), 3) for x in (0.5, 0.0)]
    [-1.0, -0.5]
    """

    centres: Float[Array, "vectors dim"]
    directions: Float[Array, "vectors dim"]
    heights: Float[Array, " vectors"]
    tight: Float[Array, " vectors"]
    wide: Float[Array, " vectors"]

    def __init__(
        self,
        minima: Float[np.ndarray, "vectors dim"],
        saddles: Float[np.ndarray, "vectors dim"],
        heights: Float[np.ndarray, " vectors"],
        *,
        position: float = 0.75,
        along: float = 0.5,
        across: float = 0.25,
    ):
        start, end = checked_points(minima, "minima"), checked_points(saddles, "saddles")
        if start.shape != end.shape:
            raise ValueError(f"minima have shape {start.shape} and saddles {end.shape}")
        if not (0 <= position <= 1 and 0 < along < 1 and across > 0):
            raise ValueError(
                f"position is {position} (0 to 1), along {along} (between 0 and 1), "
                f"across {across} (positive)"
            )
        vectors = end - start
        length = np.linalg.norm(vectors, axis=1)
        if np.any(length == 0):
            raise ValueError(f"minimum and saddle {np.argmin(length)} are one point")
        self.centres = jnp.asarray(start + position * vectors, float)
        self.directions = jnp.asarray(vectors / length[:, None], float)
        self.heights = jnp.asarray(checked_values(heights, len(start), "heights"), float)
        self.wide = jnp.asarray(-2.0 * np.log(along) / (0.5 * length) ** 2, float)
        self.tight = jnp.asarray(1.0 / (across * length), float)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        away = x - self.centres
        parallel = jnp.sum(away * self.directions, axis=1) ** 2
        rest = jnp.sum(away**2, axis=1) - parallel
        return -jnp.sum(self.heights * jnp.exp(-0.5 * (self.wide * parallel + self.tight * rest)))
