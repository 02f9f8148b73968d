"""Laying one set of atoms on another in a periodic cell, by the operations of its lattice."""

import functools
from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float, Int

from jaxscape.symmetry._lattice import Nearest, operations

NEIGHBOURS = 14  # nearest atoms whose distances tell atoms, and large crystals, apart
CONGRUENT = 1e-3  # of the mean spacing: closer than this, alignment is a congruence
_TRIED, _KEPT = 256, 24  # candidates whose shift, and whose best permutation, is looked for
_CHUNK = 1 << 21  # distances held at once


class Setting(NamedTuple):
    """The cell, its operations, and their translations where atoms are frozen."""

    cell: Float[np.ndarray, "3 3"]
    turns: Int[np.ndarray, "g 3 3"]
    shifts: Float[np.ndarray, "g 3"] | None


class Candidates(NamedTuple):
    """Numbers of turns, all atoms turned by each of these `[g, n, 3]`, and shifts."""

    numbers: Int[np.ndarray, " c"]
    turned: Float[np.ndarray, "g n 3"]
    shifts: Float[np.ndarray, "c 3"]


@functools.lru_cache(maxsize=64)
def group(cell, tolerance, rotations, inversion, frozen, kinds) -> Setting:
    cell = np.array(cell)
    turns = operations(cell, tolerance) if rotations else np.eye(3, dtype=np.int64)[None]
    if not inversion:
        turns = turns[np.linalg.det(turns) > 0]
    if frozen is None:
        return Setting(cell, turns, None)
    held = np.array(frozen)
    names = list(dict.fromkeys(kinds or (0,)))
    labels = np.array([names.index(kind) for kind in kinds or (0,) * len(held)])
    setting, nearest = Setting(cell, turns, None), Nearest(cell)
    spacing = (abs(np.linalg.det(cell)) / len(held)) ** (1 / 3)
    near = CONGRUENT * spacing
    found = candidates(setting, nearest, held, held, labels, near)
    rows = list(survivors(nearest, held, labels, found, near))
    shifts = found.shifts[rows]
    shifts = shifts - np.floor(shifts @ np.linalg.inv(cell) + 1e-9) @ cell
    return Setting(cell, turns[found.numbers[rows]], shifts)


def candidates(setting, nearest, a, b, labels, tolerance=np.inf) -> Candidates:
    """Operations that may lay `b` on `a`, no atom ending further away than `tolerance`."""
    cell = setting.cell
    turned = b @ np.linalg.solve(cell, setting.turns @ cell)
    if setting.shifts is not None:
        return Candidates(np.arange(len(setting.turns)), turned, setting.shifts)
    # One atom of `a`, and those of `b` that may take its place: the fewer the better.
    alike = labels[:, None] == labels
    if np.isfinite(tolerance):
        around_a, around_b = (_surroundings(nearest, atoms) for atoms in (a, b))
        alike &= np.abs(around_a[:, None] - around_b).max(2, initial=0.0) <= 2 * tolerance
    first = int(np.argmin(alike.sum(1)))
    others = np.flatnonzero(alike[first])
    shifts = a[first] - turned[:, others]
    numbers = np.repeat(np.arange(len(turned)), len(others))
    return Candidates(numbers, turned, shifts.reshape(-1, 3))


def _surroundings(nearest, atoms):
    """Distances of every atom to its nearest neighbours, rising `[n, k]`."""
    squares = nearest.squares(atoms[:, None] - atoms)
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(np.sort(squares, axis=1)[:, : min(NEIGHBOURS, len(atoms) - 1)])


def survivors(nearest, a, labels, found, tolerance):
    """Rows of candidates that take every atom to one of its kind in `a`."""
    numbers, images, shifts = found
    unlike = labels[:, None] != labels
    step = max(1, _CHUNK // (8 * len(a)))
    # A few atoms tell most candidates; those that pass are looked at in full.
    probes = np.unique(np.linspace(0, len(a) - 1, min(len(a), 6)).astype(int))
    for start in range(0, len(shifts), step):
        rows = np.arange(start, min(start + step, len(shifts)))
        for probe in probes:
            image = images[numbers[rows]] + shifts[rows][:, None]
            squares = nearest.squares(image - a[probe])
            squares[:, unlike[probe]] = np.inf
            rows = rows[squares.min(1) <= tolerance**2]
        for row in rows:
            squares = nearest.squares(a[:, None] - (images[numbers[row]] + shifts[row]))
            squares[unlike] = np.inf
            match = np.argmin(squares, axis=1)
            if np.all(np.bincount(match, minlength=len(a)) == 1) and np.all(
                squares[np.arange(len(a)), match] <= tolerance**2
            ):
                yield row


def promising(nearest, a, labels, found, strains, free):
    """Images whose atoms, each next to the nearest of its kind, are closest to `a`."""
    unlike = labels[:, None] != labels
    some = np.unique(np.linspace(0, len(a) - 1, min(len(a), 16)).astype(int))
    rows = np.arange(len(found.shifts))
    for probes, kept in ((some, _TRIED), (np.arange(len(a)), _KEPT)):
        images = found.turned[found.numbers[rows]] + found.shifts[rows][:, None]
        if len(probes) == len(a) and free:
            images = _drifted(nearest, a, images, unlike)
        bounds = strains[found.numbers[rows]] + _bounds(nearest, a, images, probes, unlike)
        order = np.argsort(bounds, kind="stable")[:kept]
        rows, images = rows[order], images[order]
    return [(found.numbers[row], image) for row, image in zip(rows, images, strict=True)]


def _drifted(nearest, a, images, unlike):
    """Images moved by what their atoms are away from the nearest on average."""
    moved = np.empty_like(images)
    for k, image in enumerate(images):
        apart = nearest.vectors(image - a[:, None])
        squares = np.einsum("ijk,ijk->ij", apart, apart)
        squares[unlike] = np.inf
        match = np.argmin(squares, axis=1)
        moved[k] = image - apart[np.arange(len(a)), match].mean(0)
    return moved


def _bounds(nearest, a, images, probes, unlike):
    """Squared distances with every atom at the nearest of its kind, wherever that leads."""
    step = max(1, _CHUNK // (len(a) * len(probes)))
    bounds = np.zeros(len(images))
    for start in range(0, len(images), step):
        block = slice(start, start + step)
        squares = nearest.squares(a[probes][:, None] - images[block][:, None])
        squares[:, unlike[probes]] = np.inf
        bounds[block] = squares.min(2).sum(1)
    return bounds


def matched(nearest, a, image, labels, rounds):
    """`image` permuted, each atom in the cell nearest to its partner, shifted in `rounds`."""
    cost, best = np.inf, image
    for _ in range(rounds + 1):
        apart = nearest.vectors(image - a[:, None])
        squares = np.einsum("ijk,ijk->ij", apart, apart)
        match = np.empty(len(a), np.intp)
        for label in np.unique(labels):
            kind = np.flatnonzero(labels == label)
            rows, columns = scipy.optimize.linear_sum_assignment(squares[np.ix_(kind, kind)])
            match[kind[rows]] = kind[columns]
        moves = apart[np.arange(len(a)), match]
        found = float(np.sum(moves**2))
        if found < cost:
            cost, best = found, a + moves
        drift = moves.mean(0)
        if not rounds or np.sum(drift**2) <= 1e-24 * nearest.cell.max() ** 2:
            break
        better = best - (best - a).mean(0)
        if np.sum((better - a) ** 2) < cost:
            cost, best = float(np.sum((better - a) ** 2)), better
        image = image - drift
    return best, cost
