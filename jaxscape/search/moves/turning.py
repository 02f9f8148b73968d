"""Random directions, and vectors turned about axes."""

import jax
import jax.numpy as jnp


def directions(key, count, dtype):
    """Unit vectors `[count, 3]`, even over the sphere, from uniform numbers alone."""
    height, turn = jax.random.uniform(key, (2, count), dtype)
    z, angle = 2.0 * height - 1.0, 2.0 * jnp.pi * turn
    ring = jnp.sqrt(1.0 - z * z)
    return jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), z], axis=1)


def turned(vectors, axes, angles):
    """Vectors turned about unit axes (Rodrigues)."""
    along = axes * jnp.sum(axes * vectors, axis=-1, keepdims=True)
    across = jnp.cross(jnp.broadcast_to(axes, vectors.shape), vectors)
    return along + jnp.cos(angles) * (vectors - along) + jnp.sin(angles) * across
