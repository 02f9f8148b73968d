"""A move of basin-hopping for clusters: loosely bound atoms are put elsewhere."""

import dataclasses

import jax.numpy as jnp

from jaxscape.search.moves.turning import directions, square_distances


@dataclasses.dataclass(frozen=True)
class SurfaceAtoms:
    """The most loosely bound atoms put elsewhere on the cluster's surface, `count` of them.

    How loosely is told by the sum of inverse sixth powers of an atom's distances. The new place is
    as far from the centroid as the outermost of the others, in a random direction.

    >>> import jax
    >>> SurfaceAtoms()(jax.random.key(0), jnp.arange(12.0), 0.1).shape
    (12,)
    """

    count: int = 1

    def __post_init__(self):
        if self.count < 1:
            raise ValueError(f"count is {self.count}; pass a positive number")

    def __call__(self, key, x, size):
        del size
        atoms = x.reshape(-1, 3)
        if self.count >= len(atoms):
            raise ValueError(f"count is {self.count} of {len(atoms)} atoms; move fewer than all")
        centre = jnp.mean(atoms, axis=0)
        bound = jnp.sum(1.0 / square_distances(atoms) ** 3, axis=1)
        loose = jnp.argsort(jnp.argsort(bound)) < self.count
        away = jnp.sqrt(jnp.sum((atoms - centre) ** 2, axis=1))
        radius = jnp.max(jnp.where(loose, 0.0, away))
        ways = directions(key, len(atoms), x.dtype)
        return jnp.where(loose[:, None], centre + radius * ways, atoms).reshape(x.shape)
