"""Moves of basin-hopping that turn parts of a cluster as a whole: molecules, or one side of it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxscape.search.moves.turning import directions, turned


@dataclasses.dataclass(frozen=True)
class RigidBodies:
    """Molecules of `atoms` atoms each displaced and turned as a whole.

    The centre of each moves by `size` at most along every axis; each is turned about a random axis
    by `turn` radians at most.

    >>> RigidBodies(3)(jax.random.key(0), jnp.arange(18.0), 0.1).shape
    (18,)
    """

    atoms: int
    turn: float = np.pi

    def __post_init__(self):
        if self.atoms < 1 or not self.turn >= 0:
            raise ValueError(f"atoms is {self.atoms} and turn {self.turn}; pass positive numbers")

    def __call__(self, key, x, size):
        if x.size % (3 * self.atoms):
            raise ValueError(
                f"the point has {x.size} coordinates, which is not {3 * self.atoms} a molecule"
            )
        bodies = x.reshape(-1, self.atoms, 3)
        where, axis, angle = jax.random.split(key, 3)
        count = len(bodies)
        centres = jnp.mean(bodies, axis=1, keepdims=True)
        shift = size * jax.random.uniform(where, centres.shape, x.dtype, -1.0, 1.0)
        angles = self.turn * jax.random.uniform(angle, (count, 1, 1), x.dtype, -1.0, 1.0)
        axes = directions(axis, count, x.dtype)[:, None]
        return (centres + shift + turned(bodies - centres, axes, angles)).reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class Twist:
    """One side of a random plane through the cluster turned against the other.

    What cut-and-splice is for a population, within one chain: the plane lies within `offset` root
    mean square radii of the centroid, the angle is random.

    >>> Twist()(jax.random.key(0), jnp.arange(12.0), 0.1).shape
    (12,)
    """

    offset: float = 0.5

    def __call__(self, key, x, size):
        del size
        normal, place, turn = jax.random.split(key, 3)
        atoms = x.reshape(-1, 3)
        centre = jnp.mean(atoms, axis=0)
        away = atoms - centre
        radius = jnp.sqrt(jnp.mean(jnp.sum(away**2, axis=1)))
        axis = directions(normal, 1, x.dtype)
        height = self.offset * radius * jax.random.uniform(place, (), x.dtype, -1.0, 1.0)
        angle = jax.random.uniform(turn, (), x.dtype, -jnp.pi, jnp.pi)
        above = jnp.sum(away * axis, axis=1, keepdims=True) > height
        return (centre + jnp.where(above, turned(away, axis, angle), away)).reshape(x.shape)
