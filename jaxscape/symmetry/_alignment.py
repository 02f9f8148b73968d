"""Closest superposition of two different sets of atoms, over rotations and permutations.

Every rotation of a fixed, even covering of SO(3) is scored by a lower bound on its distance
(each atom takes the nearest of its kind, wherever that leads); the most promising go on to
alternate the best permutation for the rotation and the best rotation for the permutation.
"""

import functools
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from jaxscape.symmetry._congruence import best_rotation, group_order

_MAX_ROUNDS = 30


def closest(
    a: Float[np.ndarray, "n 3"],
    b: Float[np.ndarray, "n 3"],
    labels: Int[np.ndarray, " n"],
    *,
    improper: bool,
    rotations: int = 600,
    kept: int = 24,
    assign: Callable | None = None,
) -> tuple[Float[np.ndarray, "n 3"], float]:
    """Centred `b` turned, mirrored if allowed and permuted to lie closest to centred `a`.

    `assign(a, b, kinds)` gives the permutation with `b[permutation]` closest to `a`; by default each
    kind of atoms by itself. A heuristic: the distance returned is an upper bound on the least one, usually equal to it.
    """
    kinds = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    # Of symmetric clusters most starts are copies of one another, and the bounds cannot tell
    # (LJ38, fcc to icosahedral, 480 copies: the first good start comes 76th).
    radius = np.sqrt(np.max(np.sum(a * a, 1)))
    copies = group_order(a, labels, 1e-3 * radius) * group_order(b, labels, 1e-3 * radius)
    kept = int(min(kept * np.sqrt(copies), 8 * kept))
    starts = _starts(a, b, rotations, improper)
    bounds = _lower_bounds(a, b, kinds, starts)
    best, best_cost = b, np.inf
    seen = set()
    for start in np.argsort(bounds)[:kept]:
        if bounds[start] >= best_cost:
            break
        image, cost = _alternate(a, b, kinds, starts[start], seen, assign or _assign)
        if cost < best_cost:
            best, best_cost = image, cost
    return best, float(np.sqrt(max(best_cost, 0.0)))


def _alternate(a, b, kinds, rotation, seen, assign):
    """Assignment and rotation in turn until the assignment repeats."""
    hand = float(np.sign(np.linalg.det(rotation)))
    image, cost = b, np.inf
    for _ in range(_MAX_ROUNDS):
        permutation = assign(a, b @ rotation.T, kinds)
        key = (hand, permutation.tobytes())
        if key in seen:
            break
        seen.add(key)
        rotation = best_rotation(a, b[permutation], hand)
        image = b[permutation] @ rotation.T
        cost = float(np.sum((a - image) ** 2))
    return image, cost


def _assign(a, b, kinds):
    """The permutation with `b[permutation]` closest to `a`, each kind of atom by itself."""
    permutation = np.empty(len(a), dtype=np.intp)
    for kind in kinds:
        # The squares' own terms are the same for every permutation.
        rows, columns = linear_sum_assignment(a[kind] @ b[kind].T, maximize=True)
        permutation[kind[rows]] = kind[columns]
    return permutation


def _lower_bounds(a, b, kinds, rotations):
    """Squared distances which no permutation can beat after each rotation of b."""
    bounds = np.zeros(len(rotations))
    for kind in kinds:
        of_a, of_b = a[kind].astype(np.float32), b[kind].astype(np.float32)
        squares_a, squares_b = np.sum(of_a**2, 1), np.sum(of_b**2, 1)
        moved = of_b @ np.swapaxes(rotations, 1, 2).astype(np.float32)
        cost = -2.0 * (of_a @ np.swapaxes(moved, 1, 2))
        cost += squares_a[:, None]
        cost += squares_b
        bounds += np.maximum(cost.min(2).sum(1), cost.min(1).sum(1))
    return bounds


def _starts(a, b, count, improper):
    """Principal axes on principal axes, then an even covering of all rotations."""
    axes_a, axes_b = np.linalg.eigh(a.T @ a)[1], np.linalg.eigh(b.T @ b)[1]
    signs = np.array([[i, j, k] for i in (1, -1) for j in (1, -1) for k in (1, -1)], float)
    principal = (axes_a * signs[:, None, :]) @ axes_b.T
    proper = np.linalg.det(principal) > 0
    covering = even_rotations(count)
    if not improper:
        return np.concatenate([principal[proper], covering])
    return np.concatenate([principal, covering, -covering])


@functools.lru_cache(maxsize=8)
def even_rotations(count: int) -> Float[np.ndarray, "count 3 3"]:
    """`count` rotations spread evenly over SO(3).

    Super-Fibonacci spirals: M. Alexa, CVPR 2022, 8291.
    """
    phi, psi = np.sqrt(2.0), 1.533751168755204288118041
    s = np.arange(count) + 0.5
    inner, outer = np.sqrt(s / count), np.sqrt(1.0 - s / count)
    alpha, beta = 2 * np.pi * s / phi, 2 * np.pi * s / psi
    x, y = inner * np.sin(alpha), inner * np.cos(alpha)
    z, w = outer * np.sin(beta), outer * np.cos(beta)
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], -1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], -1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], -1),
        ],
        axis=-2,
    )
