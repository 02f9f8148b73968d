"""Where searches of molecules start."""

import equinox as eqx
import jax
import jax.numpy as jnp
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
