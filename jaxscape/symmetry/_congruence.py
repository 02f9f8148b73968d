"""Exact superposition of congruent sets of atoms, by matching frames of two atoms.

Superposition leaves the centroid where it is, so two atoms that are not in line with it fix a
frame. One such pair of `a` is held; every pair of `b` that could be its image is tried, and
there are never many more of these than symmetry operations. No starting guesses, no chance.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

_WELL_PLACED = 0.3  # of the largest radius: frames of atoms closer in amplify errors
_FRAME_SLACK = 16.0  # how far an error of one in a frame's atoms can carry the others
_CHUNK = 1 << 20  # entries of the candidates' distance matrices held at once


class Superpositions(NamedTuple):
    """Ways of laying `b` on `a`: `a[i]` is near `rotations[c] @ b[permutations[c, i]]`.

    `worst [C]` is the largest displacement of an atom, `linear` whether all atoms lie on one
    line through the centroid (when turns about that line are no different operations).
    """

    rotations: Float[np.ndarray, "C 3 3"]
    permutations: Int[np.ndarray, "C n"]
    worst: Float[np.ndarray, " C"]
    linear: bool


def best_rotation(
    a: Float[np.ndarray, "*batch n 3"],
    b: Float[np.ndarray, "*batch n 3"],
    handedness: Float[np.ndarray, "*batch"] | float | None = 1.0,
) -> Float[np.ndarray, "*batch 3 3"]:
    """The orthogonal matrices R which bring `R @ b[i]` closest to `a[i]` (Kabsch).

    `handedness` is the determinant wanted, +1 or -1; None leaves it free.
    """
    u, _, vt = np.linalg.svd(np.swapaxes(a, -1, -2) @ b)
    rotation = u @ vt
    if handedness is not None:
        wrong = handed(rotation) * handedness < 0
        # The direction of the smallest singular value costs least to reverse.
        least = u[..., :, 2:] @ vt[..., 2:, :]
        rotation = rotation - (2.0 * wrong.astype(u.dtype))[..., None, None] * least
    return rotation


def handed(matrices: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch"]:
    """Determinants, without the cost of `numpy.linalg.det` for each."""
    m = matrices
    return (
        m[..., 0, 0] * (m[..., 1, 1] * m[..., 2, 2] - m[..., 1, 2] * m[..., 2, 1])
        + m[..., 0, 1] * (m[..., 1, 2] * m[..., 2, 0] - m[..., 1, 0] * m[..., 2, 2])
        + m[..., 0, 2] * (m[..., 1, 0] * m[..., 2, 1] - m[..., 1, 1] * m[..., 2, 0])
    )


def superpositions(
    a: Float[np.ndarray, "n 3"],
    b: Float[np.ndarray, "n 3"],
    labels: Int[np.ndarray, " n"],
    tolerance: float,
    *,
    improper: bool,
    enough: float | None = None,
) -> Superpositions:
    """All operations under which no atom of centred `b` ends further than `tolerance` from `a`.

    With `enough`, the search ends at the first whose largest displacement is below it.
    """
    rotations, linear = _candidates(a, b, labels, tolerance, improper)
    n = len(a)
    unlike = labels[:, None] != labels
    unlike = unlike if unlike.any() else None
    kept = []
    size = max(1, _CHUNK // n**2)
    start, stop = 0, min(size, 16 if enough is not None else size)
    while start < len(rotations):
        found = _verify(a, b, unlike, rotations[start:stop], tolerance)
        kept.append(found)
        if enough is not None and np.min(found[2], initial=np.inf) < enough:
            break
        start, stop = stop, stop + size
    if not kept:
        return Superpositions(np.zeros((0, 3, 3)), np.zeros((0, n), int), np.zeros(0), linear)
    matrices, permutations, worst = (np.concatenate(part) for part in zip(*kept, strict=True))
    return Superpositions(matrices, permutations, worst, linear)


def group_order(
    atoms: Float[np.ndarray, "n 3"],
    labels: Int[np.ndarray, " n"],
    tolerance: float,
    *,
    improper: bool = True,
    keep: Callable | None = None,
) -> int:
    """Number of rotations and rotation-reflections that leave centred atoms as they are.

    Without `improper` rotations alone; `keep` tells which permutations `[C, n]` count.
    """
    found = superpositions(atoms, atoms, labels, tolerance, improper=improper)
    permutations, rotations = found.permutations, found.rotations
    if keep is not None:
        kept = keep(permutations)
        permutations, rotations = permutations[kept], rotations[kept]
    if found.linear:
        # Every one of them comes with a reflection that holds the axis: 2 or 4.
        both = 2 if improper else 1
        return both * max(1, len(np.unique(permutations, axis=0))) if len(atoms) > 1 else 1
    # Planar clusters: the reflection in the plane moves no atom and is an operation.
    hand = np.linalg.det(rotations) > 0
    operations = np.column_stack([permutations, hand])
    return max(1, len(np.unique(operations, axis=0)))


def may_be_symmetric(
    atoms: Float[np.ndarray, "batch n 3"], labels: Int[np.ndarray, " n"], tolerance: float
) -> Bool[np.ndarray, " batch"]:
    """Clusters that may have operations beside the identity.

    For the others no atom can take another's place, and they are not planar.
    """
    n = len(labels)
    atoms = atoms - atoms.mean(axis=1, keepdims=True)
    radius = np.sqrt(np.sum(atoms**2, axis=2))
    total = np.zeros_like(radius)
    for j in range(n):
        total += np.sqrt(np.sum((atoms - atoms[:, j : j + 1]) ** 2, axis=2))
    alike = (
        (labels[:, None] == labels)
        & (np.abs(radius[:, :, None] - radius[:, None, :]) <= 2 * tolerance)
        & (np.abs(total[:, :, None] - total[:, None, :]) <= 4 * n * tolerance)
    )
    exchange = alike.sum(axis=(1, 2)) > n
    # A reflection moves no atom further than twice its distance from the plane.
    flat = np.linalg.svd(atoms, compute_uv=False)[:, -1] <= n**0.5 * tolerance
    return exchange | flat | (n < 4)


def _candidates(a, b, labels, tolerance, improper):
    """Orthogonal matrices that may lay b on a, and whether a is linear."""
    radius_a, radius_b = np.sqrt(np.sum(a * a, 1)), np.sqrt(np.sum(b * b, 1))
    far = radius_a.max()
    nothing = np.zeros((0, 3, 3))
    if abs(far - radius_b.max()) > 2 * tolerance:
        return nothing, False
    if far <= tolerance:
        return np.eye(3)[None], True
    distance_a, distance_b = _distances(a), _distances(b)
    possible = (
        (labels[:, None] == labels)
        & (np.abs(radius_a[:, None] - radius_b) <= 2 * tolerance)
        & (np.abs(distance_a.sum(1)[:, None] - distance_b.sum(1)) <= 4 * len(a) * tolerance)
    )
    choices = possible.sum(1)
    if not choices.min():
        return nothing, False

    # The first atom: few possible images, and far enough out to fix a direction.
    rank = np.where(radius_a >= _WELL_PLACED * far, choices, len(a) + 1)
    first = int(np.lexsort((-radius_a, rank))[0])
    axis = a[first] / radius_a[first]
    across = np.sqrt(np.sum((a - np.outer(a @ axis, axis)) ** 2, 1))
    if across.max() <= tolerance:
        ends = np.flatnonzero(possible[first])
        return _both_hands(_frame(axis), _frame(b[ends] / radius_b[ends, None]), improper), True

    # The second: off that axis; ties go to the nearest, which has the fewest images.
    rank = np.where(across >= _WELL_PLACED * across.max(), choices, len(a) + 1)
    second = int(np.lexsort((distance_a[first], rank))[0])
    pairs = possible[first][:, None] & possible[second]
    pairs &= np.abs(distance_b - distance_a[first, second]) <= 2 * tolerance
    k, m = np.nonzero(pairs)
    if not len(k):
        return nothing, False
    frame = _frame(axis, a[second])
    images = _frame(b[k] / np.maximum(radius_b[k, None], 1e-300), b[m])
    return _both_hands(frame, images, improper), False


def _both_hands(frame, images, improper):
    """Matrices taking each frame of `images` to `frame`, then to its mirror image if wanted."""
    turned_back = np.swapaxes(images, 1, 2)
    proper = frame @ turned_back
    if not improper:
        return proper
    return np.concatenate([proper, (frame * np.array([1.0, 1.0, -1.0])) @ turned_back])


def _verify(a, b, unlike, rotations, tolerance):
    """The candidates that do lay b on a, with permutations and largest displacements."""
    moved = b @ np.swapaxes(rotations, 1, 2)
    overlap = a @ np.swapaxes(moved, 1, 2)
    cost = np.sum(b * b, 1) - 2.0 * overlap
    if unlike is not None:
        cost = np.where(unlike, np.inf, cost)
    nearest = np.argmin(cost, axis=2)
    image = np.take_along_axis(moved, nearest[..., None], axis=1)
    worst = np.sqrt(np.max(np.sum((a - image) ** 2, 2), axis=1))
    good = worst <= _FRAME_SLACK * tolerance
    good &= np.all(np.sort(nearest, axis=1) == np.arange(len(a)), axis=1)
    rotations, nearest, worst = rotations[good], nearest[good], worst[good]
    # A frame is as wrong as its two atoms; averaging over all of them is what counts.
    rough = np.flatnonzero(worst > 1e-3 * tolerance)
    if len(rough):
        matched = b[nearest[rough]]
        hand = np.linalg.det(rotations[rough])
        better = best_rotation(np.broadcast_to(a, matched.shape), matched, hand)
        image = matched @ np.swapaxes(better, 1, 2)
        rotations[rough] = better
        worst[rough] = np.sqrt(np.max(np.sum((a - image) ** 2, 2), axis=1))
    good = worst <= tolerance
    return rotations[good], nearest[good], worst[good]


def _distances(atoms: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n n"]:
    u, v, w = atoms.T
    return np.sqrt((u[:, None] - u) ** 2 + (v[:, None] - v) ** 2 + (w[:, None] - w) ** 2)


def _frame(axis, other=None):
    """Right-handed frames, as columns, with the first vector along `axis` (unit length)."""
    if other is None:
        other = np.eye(3)[np.argmin(np.abs(axis), axis=-1)]
    second = other - np.sum(axis * other, -1, keepdims=True) * axis
    second = second / np.maximum(np.sqrt(np.sum(second**2, -1, keepdims=True)), 1e-300)
    u, v, w = axis[..., 0], axis[..., 1], axis[..., 2]
    x, y, z = second[..., 0], second[..., 1], second[..., 2]
    third = np.stack([v * z - w * y, w * x - u * z, u * y - v * x], axis=-1)
    return np.stack([axis, second, third], axis=-1)
