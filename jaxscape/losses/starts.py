"""Random parameters as flat starting points, and points as parameters."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.losses.layout import Layout


class NormalStarts(eqx.Module):
    """Normal starts with the spread of the parameters given (at least a half)."""

    start: Float[Array, " dim"]

    def __call__(self, key):
        spread = jnp.maximum(jnp.std(self.start), 0.5)
        return spread * jax.random.normal(key, self.start.shape, self.start.dtype)


class RaveledStarts(eqx.Module):
    """Starts from a model's own initialiser, `key -> params`."""

    sampler: Callable
    layout: Layout = eqx.field(static=True)

    def __call__(self, key):
        return self.layout.ravel(self.sampler(key))


class Unravel(eqx.Module):
    """A flat point as parameters; `rest` are the leaves that are no coordinates."""

    rest: tuple
    layout: Layout = eqx.field(static=True)

    def __call__(self, x):
        return self.layout.unravel(x, self.rest)
