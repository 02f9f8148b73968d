"""First guesses of paths along geodesics in a space of scaled interatomic distances."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy

from jaxscape.search.interpolation import IDPP, check_atoms
from jaxscape.symmetry._bonds import reaches

_RANGE, _FAR = 1.7, 0.01  # alpha and beta of the paper


@dataclasses.dataclass(frozen=True)
class Geodesic:
    """Geodesics in the space of all interatomic distances, scaled so that short ones count most.

    A distance `r` counts as `exp(-1.7 (r - r0) / r0) + 0.01 r0 / r`, `r0` the sum of two covalent
    radii, like the energy of the pair, so that the shortest path in that space is one of low
    energy: atoms keep their bonds and keep apart. Every gap between two images is measured over a
    point in its middle, so that nothing hides between images. The path starts from that of `IDPP`.

    - `species`: chemical symbols of the atoms; without them `r0` is the shortest distance of
      either end, for all pairs.
    - `friction`: weight of the Cartesian length, which settles what distances leave open.
    - `max_steps`: of the minimisation of the length.

    **Raises:** `ValueError` for a friction or number of steps that is not positive, kinds without a
    radius, or paths of other atoms.

    >>> swap = np.array([[0.0, 0, 0, 1, 0, 0.1], [1.0, 0, 0, 0, 0, 0]])
    >>> path = Geodesic("HH")(np.linspace(*swap, 5)[None])
    >>> bool(np.linalg.norm(path[0, 2, :3] - path[0, 2, 3:]) > 0.9)
    True

    X. Zhu, K. C. Thompson and T. J. Martinez, J. Chem. Phys. 150, 164103 (2019).
    """

    species: tuple[str, ...] | None = None
    friction: float = 1e-3
    max_steps: int = 500

    def __init__(
        self, species: Sequence[str] | None = None, friction: float = 1e-3, max_steps: int = 500
    ):
        if not friction > 0 or max_steps < 1:
            raise ValueError(
                f"friction is {friction} and max_steps {max_steps}; pass positive numbers"
            )
        if species is not None:
            reaches(species)
        object.__setattr__(self, "species", None if species is None else tuple(species))
        object.__setattr__(self, "friction", float(friction))
        object.__setattr__(self, "max_steps", int(max_steps))

    def __call__(self, path):
        path = check_atoms(path)
        if self.species is not None and path.shape[2] != 3 * len(self.species):
            raise ValueError(
                f"species names {len(self.species)} atoms, and the path has {path.shape[2]} "
                "coordinates, three an atom"
            )
        if path.shape[1] < 3 or path.shape[2] < 6:
            return path  # no image, or no distance, between the ends
        first = IDPP()(path.astype(np.float64))
        return np.stack([self._shortened(one) for one in first]).astype(path.dtype)

    def _shortened(self, path):
        images, dim = path.shape
        n = dim // 3
        i, j = np.triu_indices(n, 1)
        r0 = self._reference(path, i, j)[:, None]
        if not np.all(r0 > 0):
            raise ValueError("two atoms of an end are on one spot: pass species=, or other ends")
        rows = np.arange(len(i))
        signs = np.repeat([1.0, -1.0], len(i))
        pairs = scipy.sparse.csr_array((signs, (np.tile(rows, 2), np.concatenate([i, j]))))
        dense = np.empty((2 * images - 1, dim))
        frames = len(dense)

        def length(flat):
            points = np.concatenate([path[:1], flat.reshape(images - 2, dim), path[-1:]])
            dense[::2], dense[1::2] = points, 0.5 * (points[1:] + points[:-1])
            atoms = dense.reshape(frames, n, 3).transpose(1, 0, 2).reshape(n, -1)
            vectors = (pairs @ atoms).reshape(len(i), frames, 3)
            apart = np.maximum(np.sqrt(np.einsum("pfk,pfk->pf", vectors, vectors)), 1e-9)
            close, far = np.exp(-_RANGE * (apart - r0) / r0), _FAR * r0 / apart
            steps = np.diff(close + far, axis=1)
            # The energy of a curve: smallest for the shortest, run through evenly.
            value = np.sum(steps**2)
            pull = np.zeros_like(apart)
            pull[:, 1:] += 2.0 * steps
            pull[:, :-1] -= 2.0 * steps
            pull *= (-_RANGE / r0 * close - far / apart) / apart
            slope = pairs.T @ (pull[:, :, None] * vectors).reshape(len(i), -1)
            slope = slope.reshape(n, frames, 3).transpose(1, 0, 2).reshape(frames, dim)
            gradient = slope[::2].copy()
            gradient[1:] += 0.5 * slope[1::2]
            gradient[:-1] += 0.5 * slope[1::2]
            moves = np.diff(points, axis=0) / r0.mean()
            value += self.friction * np.sum(moves**2)
            gradient[1:-1] -= 2.0 * self.friction / r0.mean() * np.diff(moves, axis=0)
            return value, gradient[1:-1].ravel()

        found = scipy.optimize.minimize(
            length, path[1:-1].ravel(), jac=True, method="L-BFGS-B",
            options={"maxiter": self.max_steps, "maxfun": 2 * self.max_steps},
        )  # fmt: skip
        return np.concatenate([path[:1], found.x.reshape(images - 2, dim), path[-1:]])

    def _reference(self, path, i, j):
        if self.species is not None:
            return reaches(self.species)[i, j]
        ends = path[[0, -1]].reshape(2, -1, 3)
        return np.full(len(i), np.linalg.norm(ends[:, i] - ends[:, j], axis=2).min())
