"""The pairs that alignments are timed on, the same for every program."""

from __future__ import annotations

import numpy as np
from _common import Array


def scrambled(points: Array, seed: int) -> Array:
    """Each point turned, permuted, and every other one mirrored."""
    rng = np.random.default_rng(seed)
    images = []
    for k, x in enumerate(points):
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        rotation *= np.sign(np.linalg.det(rotation)) * (-1) ** k
        atoms = x.reshape(-1, 3)
        images.append((atoms[rng.permutation(len(atoms))] @ rotation.T).ravel())
    return np.array(images)


def pairs_of(points: Array) -> tuple[Array, Array]:
    """Each point with the next."""
    return points[:-1], points[1:]
