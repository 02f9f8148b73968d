"""Closest superposition of two different sets of atoms, over rotations and permutations.

Rotations of a fixed, even covering of SO(3) are improved all at once: each atom takes the nearest
of its kind, wherever that leads, and the best rotation for this pairing is the next one. Between
rounds the worse ones are dropped, and those that cost the same, which symmetry or convergence has
made copies of one another. The few that are left go on to alternate the best permutation for the
rotation and the best rotation for the permutation.
"""

import functools
import itertools
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from jaxscape.symmetry._congruence import best_rotation

_MAX_ROUNDS = 30
# Of few atoms many share their nearest, and pairings that are no permutations lead astray.
_FEW = 10
_ALL = 1000  # permutations that are all tried
_KEPT = (80, 40, 25)  # rotations left after each round
_COPY = 1e-3  # relative: rotations whose costs differ less lead to one image, or to equals
_ROUNDING = 1e-5


def closest(
    a: Float[np.ndarray, "n 3"],
    b: Float[np.ndarray, "n 3"],
    labels: Int[np.ndarray, " n"],
    *,
    improper: bool,
    rotations: int = 300,
    kept: int = 20,
    assign: Callable | None = None,
) -> tuple[Float[np.ndarray, "n 3"], float]:
    """Centred `b` turned, mirrored if allowed and permuted to lie closest to centred `a`.

    `assign(a, b, kinds)` gives the permutation with `b[permutation]` closest to `a`; by default
    each kind of atoms by itself. A heuristic: the distance returned is an upper bound on the least
    one, usually equal to it.
    """
    kinds = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if assign is None and math.prod(math.factorial(len(kind)) for kind in kinds) <= _ALL:
        return _best_of_all(a, b, kinds, improper)
    if len(a) >= _FEW:
        starts, copy = _improved(a, b, labels, _starts(a, b, rotations, improper)), _COPY
    else:
        starts, copy = _starts(a, b, 2 * rotations, improper), _ROUNDING
    bounds = _lower_bounds(a, b, kinds, starts)
    best, best_cost = b, np.inf
    seen, tried = set(), []
    for start in np.argsort(bounds):
        bound = bounds[start]
        if bound >= best_cost or len(tried) == kept:
            break
        if any(abs(bound - other) < copy * other for other in tried):
            continue
        tried.append(bound)
        image, cost = _alternate(a, b, kinds, starts[start], seen, assign or _assign)
        if cost < best_cost:
            best, best_cost = image, cost
    return best, float(np.sqrt(max(best_cost, 0.0)))


def _best_of_all(a, b, kinds, improper):
    """The best of all permutations, where there are few."""
    orders = [list(itertools.permutations(kind)) for kind in kinds]
    permutations = np.empty((math.prod(map(len, orders)), len(a)), np.intp)
    for row, parts in enumerate(itertools.product(*orders)):
        for kind, part in zip(kinds, parts, strict=True):
            permutations[row, kind] = part
    matched = b[permutations]
    turned = matched @ np.swapaxes(best_rotation(a, matched, None if improper else 1.0), 1, 2)
    costs = np.sum((a - turned) ** 2, axis=(1, 2))
    best = int(np.argmin(costs))
    return turned[best], float(np.sqrt(costs[best]))


def _improved(a, b, labels, rotations):
    """The most promising rotations after some rounds, each pairing atoms with the nearest."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    rotations = rotations.astype(np.float32)
    hand = np.sign(np.linalg.det(rotations))
    half = 0.5 * np.sum(b * b, axis=1)
    unlike = labels[:, None] != labels
    penalty = np.where(unlike, np.float32(-1e30), np.float32(0.0)) if unlike.any() else None
    for count in _KEPT:
        # a . R b - |b|^2 / 2, largest for the nearest b: [rotations, n, n].
        closeness = (a @ rotations) @ b.T
        closeness -= half
        if penalty is not None:
            closeness += penalty
        nearest = np.argmax(closeness, axis=2)
        total = np.take_along_axis(closeness, nearest[:, :, None], 2)[:, :, 0].sum(axis=1)
        order = np.argsort(-total)
        fresh = np.ones(len(order), bool)
        fresh[1:] = np.diff(-total[order]) > _ROUNDING * np.abs(total[order[1:]])
        order = order[fresh][:count]
        hand = hand[order]
        rotations = best_rotation(a, b[nearest[order]], hand)
    return rotations.astype(np.float64)


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
