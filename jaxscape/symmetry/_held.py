"""Clusters on atoms that stay where they are: which operations leave those, and what they do."""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from jaxscape.symmetry._alignment import assigned, lower_bounds
from jaxscape.symmetry._congruence import superpositions

_EXACT = 1e-5  # of their radius: held atoms closer to symmetric than this are symmetric


@functools.lru_cache(maxsize=32)
def group(
    held: tuple[tuple[float, ...], ...], kinds: tuple | None, improper: bool
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "g 3 3"]]:
    """The centroid of held atoms, and the rotations and reflections about it that leave them.

    **Raises:** `ValueError` for atoms on one line, about which others could turn.
    """
    atoms = np.array(held)
    centre = atoms.mean(axis=0)
    names = kinds or (0,) * len(atoms)
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    labels = np.array([number[name] for name in names])
    away = atoms - centre
    size = np.linalg.svd(away, compute_uv=False)
    if len(atoms) < 3 or size[1] <= 1e-6 * size[0]:
        raise ValueError(
            f"frozen are {len(atoms)} atoms on one line, about which the others can turn: pass "
            "three or more that are not, [m, 3]"
        )
    tolerance = _EXACT * float(np.max(np.linalg.norm(away, axis=1)))
    found = superpositions(away, away, labels, tolerance, improper=improper)
    return centre, found.rotations


def aligned(target, atoms, labels, setting) -> tuple[Float[np.ndarray, "n 3"], float]:
    """The image of `atoms` closest to `target` under the operations that leave held atoms."""
    centre, rotations = setting
    a, b = target - centre, atoms - centre
    kinds = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    bounds = lower_bounds(a, b, kinds, rotations)
    best, least = atoms, np.inf
    for row in np.argsort(bounds, kind="stable"):
        # Bounds are in single precision.
        if bounds[row] > least + 1e-4 * float(np.sum(a * a)):
            break
        moved = b @ rotations[row].T
        image = moved[assigned(a, moved, kinds)]
        cost = float(np.sum((a - image) ** 2))
        if cost < least:
            best, least = image + centre, cost
    return best, float(np.sqrt(least))


def operations(atoms, labels, setting, tolerance) -> Iterator[Int[np.ndarray, " n"]]:
    """The permutations by which operations leave `atoms` as they are, one an operation."""
    centre, rotations = setting
    a = atoms - centre
    unlike = labels[:, None] != labels
    for rotation in rotations:
        apart = np.linalg.norm(a[:, None] - a @ rotation.T, axis=2)
        apart[unlike] = np.inf
        nearest = np.argmin(apart, axis=1)
        if len(set(nearest.tolist())) == len(a) and np.max(np.min(apart, axis=1)) <= tolerance:
            yield nearest


def distances(x, labels, held, kinds) -> list[Float[np.ndarray, "batch pairs"]]:
    """Sorted distances from atoms `x [batch, n, 3]` to held ones, for each pair of kinds."""
    names = kinds or (0,) * len(held)
    apart = np.linalg.norm(x[:, :, None] - np.array(held), axis=3)
    parts = []
    for label in range(labels.max() + 1):
        for name in dict.fromkeys(names):
            which = [k for k, other in enumerate(names) if other == name]
            block = apart[:, labels == label][:, :, which]
            parts.append(np.sort(block.reshape(len(x), -1), axis=1))
    return parts
