"""Numbers of interchangeable blocks that neither names nor signs change.

Where groups of blocks cross (a weight between two hidden layers belongs to a neuron of each),
exchanging the blocks of one permutes columns of the other. Columns which another group mixes
are therefore replaced by their norm and, where it flips none of them, their sum.
"""

import functools
from typing import NamedTuple

import numpy as np

_MOST_DIRECTIONS = 24


class Features(NamedTuple):
    """What each block of one group offers that no other group changes."""

    positions: np.ndarray
    flips: np.ndarray
    single: list[int]
    normed: list[np.ndarray]
    summed: list[np.ndarray]

    def of(self, x):
        """Features `[B, h, q]`, and the factors `[q]` of a block's own change of sign."""
        rows = x[:, self.positions]
        squares = [np.sqrt(np.sum(rows[..., c] ** 2, -1)) for c in self.normed]
        sums = [np.sum(rows[..., c], -1) / np.sqrt(len(c)) for c in self.summed]
        values = [rows[..., self.single], *(v[..., None] for v in squares + sums)]
        flips = [self.flips[self.single], np.ones(len(squares))]
        flips.append(np.array([self.flips[c[0]] for c in self.summed]))
        return np.concatenate(values, axis=-1), np.concatenate(flips)


def sorted_projections(rows, flips):
    """Projections of `rows [B, h, q]` on fixed directions and norms, sorted over blocks."""
    odd = flips < 0
    directions = _directions(rows.shape[2], min(2 * rows.shape[2] + 1, _MOST_DIRECTIONS))
    values = rows[..., ~odd] @ directions[~odd] + np.abs(rows[..., odd] @ directions[odd])
    values = np.concatenate([values, np.linalg.norm(rows, axis=2)[..., None]], axis=2)
    return np.sort(values, axis=1).reshape(len(rows), -1)


@functools.lru_cache(maxsize=32)
def invariant_features(groups) -> tuple[Features, ...]:
    """The `Features` of each group; raises where groups do not respect each other."""
    found = []
    for i, group in enumerate(groups):
        classes = np.arange(len(group.positions[0]))
        unsafe = np.zeros(len(classes), bool)
        for other in groups[:i] + groups[i + 1 :]:
            _mix(group, other, classes, unsafe)
        flips = group.flips
        single, normed, summed = [], [], []
        for label in np.unique(classes):
            columns = np.flatnonzero(classes == label)
            clean = not unsafe[columns].any()
            if len(columns) == 1 and clean:
                single.append(int(columns[0]))
                continue
            normed.append(columns)
            if clean and len(set(flips[columns])) == 1:
                summed.append(columns)
        found.append(Features(group.array, flips, single, normed, summed))
    return tuple(found)


def _mix(group, other, classes, unsafe):
    """Merge the classes of columns that `other` exchanges, and mark those that it flips."""
    rows, moving = group.array, other.array
    size, width = max(rows.max(), moving.max()) + 1, rows.shape[1]
    where, owner = np.full(size, -1), np.full(size, -1)
    where[rows] = np.arange(width)
    owner[rows] = np.arange(len(rows))[:, None]
    for first, second in zip(moving[:-1], moving[1:], strict=True):
        # Only what this exchange moves is looked at: large networks have many neurons.
        here, there = np.concatenate([first, second]), np.concatenate([second, first])
        here, there = here[owner[here] >= 0], there[owner[here] >= 0]
        if not len(here):
            continue
        moves, times = np.unique(where[here] * width + where[there], return_counts=True)
        olds, news = moves // width, moves % width
        alike = np.all(times == len(rows)) and len(np.unique(olds)) == len(olds)
        if not (alike and np.all(owner[here] == owner[there])):
            raise ValueError(
                "two groups of blocks share coordinates, but exchanging blocks of one does not "
                "permute the columns of the other, alike in every block: order the positions "
                "so that it does, or leave out one group."
            )
        for old, new in zip(olds, news, strict=True):
            classes[classes == classes[new]] = classes[old]
    if other.signs is not None:
        unsafe |= np.isin(rows, moving[:, np.array(other.signs)]).any(axis=0)


@functools.lru_cache(maxsize=32)
def _directions(size, count):
    """Fixed unit vectors `[size, count]`, the axes first."""
    directions = np.random.default_rng(20240229).normal(size=(size, count))
    directions[:, : min(size, count)] = np.eye(size)[:, :count]
    return directions / np.linalg.norm(directions, axis=0, keepdims=True).clip(1e-300)
