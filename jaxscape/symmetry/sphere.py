"""Particles on a sphere about the origin: rotation, permutation of like ones, inversion."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from jaxscape.symmetry._base import Symmetry
from jaxscape.symmetry.cluster import Cluster


class Sphere(Symmetry):
    """Particles bound to a sphere about the origin, which may rotate but not move.

    `species` names the kind of each particle (all alike by default); `inversion` says whether
    mirror images are the same. Points are `[3 n]`.

    Host-side questions go to `Cluster` with one more particle of its own kind at minus the sum
    of all the others: the centroid is then the origin in every image, so that a cluster's
    motions that keep the centroid are just those of the sphere.

    >>> sphere = Sphere()
    >>> a = np.array([0.0, 0.0, 1.0, 0.0, 0.0, -1.0])
    >>> sphere.same(a, sphere.random_image(a, seed=1))
    True
    """

    species: tuple | None = eqx.field(static=True)
    inversion: bool = eqx.field(static=True)

    def __init__(self, *, species: Sequence | None = None, inversion: bool = True):
        self.species = None if species is None else tuple(species)
        self.inversion = bool(inversion)

    def generators(self, x):
        points = x.reshape(x.shape[0] // 3, 3, *x.shape[1:])
        u, v, w = points[:, 0], points[:, 1], points[:, 2]
        zero = jnp.zeros_like(u)
        fields = [(zero, -w, v), (w, zero, -u), (-v, u, zero)]
        return jnp.stack([jnp.stack(field, axis=1).reshape(x.shape) for field in fields])

    def fingerprint(self, x):
        x = _anchored(x)
        return self._cluster(x).fingerprint(x)

    def align(self, a, b):
        a = np.asarray(a, dtype=np.float64)
        anchored = _anchored(a)
        image, _ = self._cluster(anchored).align(anchored, _anchored(b))
        image = _freed(image)
        return image, float(np.linalg.norm(a - image))

    def order(self, x, tolerance=1e-3):
        x = _anchored(x)
        return self._cluster(x).order(x, tolerance)

    @property
    def confirm_by_alignment(self) -> bool:
        """Whether equal fingerprints leave a doubt: mirror images are two points here."""
        return not self.inversion

    def describe(self):
        return f"sphere(species={self.species}, inversion={self.inversion})"

    def random_image(self, x, seed):
        x = _anchored(x)
        return _freed(self._cluster(x).random_image(x, seed))

    def _cluster(self, anchored):
        n = anchored.shape[-1] // 3 - 1
        kinds = self.species if self.species is not None else (0,) * n
        if len(kinds) != n:
            raise ValueError(f"species names {len(kinds)} particles, the point has {n}")
        # Pairs, so that the anchor is like no particle whatever the names of the species.
        species = (*(("particle", kind) for kind in kinds), ("anchor", None))
        return Cluster(species=species, inversion=self.inversion)


def _anchored(x):
    x = np.asarray(x, dtype=np.float64)
    if x.shape[-1] % 3:
        raise ValueError(f"x has {x.shape[-1]} coordinates, which is not three per particle")
    points = x.reshape(*x.shape[:-1], -1, 3)
    return np.concatenate([x, -points.sum(axis=-2)], axis=-1)


def _freed(anchored):
    points = np.asarray(anchored).reshape(-1, 3)
    return (points - points.mean(axis=0))[:-1].reshape(-1)
