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
import scipy
from jaxtyping import Float, Int

from jaxscape.symmetry._congruence import best_rotation, handed

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
    bounds = lower_bounds(a, b, kinds, starts)
    image, cost = _refined(a, b, kinds, starts, bounds, copy, kept, assign or assigned)
    return image, float(np.sqrt(max(cost, 0.0)))


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
    hand = np.sign(handed(rotations))
    half = 0.5 * np.sum(b * b, axis=1)
    unlike = labels[:, None] != labels
    penalty = np.where(unlike, np.float32(-1e30), np.float32(0.0)) if unlike.any() else None
    for count in _KEPT:
        # a . R b - |b|^2 / 2, largest for the nearest b: [rotations, n, n].
        closeness = (a @ rotations) @ b.T
        closeness -= half
        if penalty is not None:
            closeness += penalty
        total = np.max(closeness, axis=2).sum(axis=1)
        order = np.argsort(-total)
        fresh = np.ones(len(order), bool)
        fresh[1:] = np.diff(-total[order]) > _ROUNDING * np.abs(total[order[1:]])
        order = order[fresh][:count]
        nearest = np.argmax(closeness[order], axis=2)
        hand = hand[order]
        rotations = best_rotation(a, b[nearest], hand)
    return rotations.astype(np.float64)


def _refined(a, b, kinds, rotations, bounds, copy, kept, assign):
    """Assignments and rotations in turn, of all starts at once; the worst third ends each time."""
    sizes = float(np.sum(a * a) + np.sum(b * b))
    hands, permutations, tried, seen = [], [], [], set()
    best_image, best = b, np.inf
    for start in np.argsort(bounds):
        bound = bounds[start]
        if bound >= best or len(tried) == kept:
            break
        if any(abs(bound - other) < copy * other for other in tried):
            continue
        tried.append(bound)
        moved, hand = b @ rotations[start].T, float(np.sign(handed(rotations[start])))
        permutation = assign(a, moved, kinds)
        key = (hand, permutation.tobytes())
        if key not in seen:
            seen.add(key)
            hands.append(hand)
            permutations.append(permutation)
            # Before it is turned; enough to tell that bounds of others are too high.
            best = min(best, sizes - 2.0 * float(np.vdot(a, moved[permutation])))
    best = np.inf
    for _ in range(_MAX_ROUNDS):
        matched, sign = b[np.array(permutations)], np.array(hands)
        turns = best_rotation(a, matched, sign)
        images = matched @ np.swapaxes(turns, 1, 2)
        costs = np.sum((a - images) ** 2, axis=(1, 2))
        order = np.argsort(costs, kind="stable")
        if costs[order[0]] < best:
            best_image, best = images[order[0]], float(costs[order[0]])
        hands, permutations = [], []
        for row in order[: (2 * len(order) + 2) // 3]:
            permutation = assign(a, b @ turns[row].T, kinds)
            key = (float(sign[row]), permutation.tobytes())
            if key not in seen:
                seen.add(key)
                hands.append(key[0])
                permutations.append(permutation)
        if not permutations:
            break
    return best_image, best


def assigned(a, b, kinds):
    """The permutation with `b[permutation]` closest to `a`, each kind of atom by itself."""
    permutation = np.empty(len(a), dtype=np.intp)
    for kind in kinds:
        # The squares' own terms are the same for every permutation.
        rows, columns = scipy.optimize.linear_sum_assignment(a[kind] @ b[kind].T, maximize=True)
        permutation[kind[rows]] = kind[columns]
    return permutation


def lower_bounds(a, b, kinds, rotations):
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
