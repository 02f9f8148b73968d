"""Random directions, distances, and vectors turned about axes."""

from typing import Any

import jax
import jax.numpy as jnp


def directions(key, count, dtype):
    """Unit vectors `[count, 3]`, even over the sphere, from uniform numbers alone."""
    height, turn = jax.random.uniform(key, (2, count), dtype)
    z, angle = 2.0 * height - 1.0, 2.0 * jnp.pi * turn
    ring = jnp.sqrt(1.0 - z * z)
    return jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), z], axis=1)


def square_distances(atoms):
    """Squared distances `[n, n]`, infinite from an atom to itself."""
    square = jnp.sum((atoms[:, None] - atoms) ** 2, axis=-1)
    return square + jnp.where(jnp.eye(len(atoms), dtype=bool), jnp.inf, 0.0)


def turned(vectors, axes, angles, xp: Any = jnp):
    """Vectors turned about unit axes (Rodrigues), by JAX or by NumPy (`xp`)."""
    along = axes * xp.sum(axes * vectors, axis=-1, keepdims=True)
    across = xp.cross(xp.broadcast_to(axes, vectors.shape), vectors)
    return along + xp.cos(angles) * (vectors - along) + xp.sin(angles) * across
