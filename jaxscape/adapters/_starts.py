"""Where searches of molecules start."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


class Rattled(eqx.Module):
    """Sampler: one of `points` `[m, dim]`, every coordinate displaced by at most `amplitude`."""

    points: Float[Array, "m dim"]
    amplitude: Float[Array, ""]

    def __init__(self, points, amplitude):
        self.points = jnp.asarray(points, float)
        self.amplitude = jnp.asarray(amplitude, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        choice, noise = jax.random.split(key)
        row = jax.random.randint(choice, (), 0, len(self.points))
        shape, dtype = self.points.shape[1:], self.points.dtype
        kick = jax.random.uniform(noise, shape, dtype, minval=-1.0, maxval=1.0)
        return self.points[row] + self.amplitude * kick


def checked_positions(positions, count: int, width: int = 3) -> Float[np.ndarray, "m n width"]:
    """One geometry `[n, width]` or several as `[m, n, width]`, or a `ValueError`."""
    points = np.asarray(positions, np.float64)
    points = points[None] if points.ndim == 2 else points
    if points.ndim != 3 or points.shape[1:] != (count, width) or not points.size:
        raise ValueError(
            f"positions have shape {np.shape(positions)}; pass [{count}, {width}], or several "
            f"geometries [m, {count}, {width}]"
        )
    if not np.isfinite(points).all():
        raise ValueError("positions are not finite")
    for one in points:
        apart = np.linalg.norm(one[:, None] - one, axis=-1)
        apart[np.diag_indices(len(apart))] = np.inf
        if apart.min() < 1e-3:
            pair = np.unravel_index(np.argmin(apart), apart.shape)
            raise ValueError(f"atoms {pair[0]} and {pair[1]} are on one spot")
    return points
