"""Lattices: nearest images, the operations that leave a lattice as it is, and matching in them.

Positions are rows, `r = f @ cell` with fractional `f`. An operation is an integer matrix `W` and
a translation `t`: `f -> f @ W + t`.
"""

import itertools

import numpy as np
from jaxtyping import Float, Int

_EXACT = 1e-6  # of squared lengths: lattices closer to symmetric than this are symmetric


def reduced(cell: Float[np.ndarray, "3 3"]) -> Int[np.ndarray, "3 3"]:
    """The integer matrix `m` for which `m @ cell` has the shortest vectors (Semaev's reduction)."""
    basis = np.eye(3, dtype=np.int64)
    steps = list(itertools.product((-1, 0, 1), repeat=3))
    changed = True
    while changed:
        changed = False
        for i in range(3):
            others = [step for step in steps if step[i] == 0 and any(step)]
            length = np.sum((basis[i] @ cell) ** 2)
            for step in others:
                trial = basis[i] + np.array(step) @ basis
                shorter = np.sum((trial @ cell) ** 2)
                if shorter < length * (1 - 1e-12):
                    basis[i], length, changed = trial, shorter, True
    return basis


def operations(
    cell: Float[np.ndarray, "3 3"], tolerance: float = _EXACT
) -> Int[np.ndarray, "g 3 3"]:
    """All `W` that leave the lattice as it is, proper and improper: 48 for a cubic cell."""
    metric = cell @ cell.T
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    longest = np.sqrt(np.diag(metric).max())
    most = np.floor(1.001 * longest / heights).astype(int)
    grid = np.array(list(itertools.product(*(range(-m, m + 1) for m in most))))
    squares = np.einsum("gi,ij,gj->g", grid, metric, grid)
    slack = tolerance * metric.max()
    rows = [grid[np.abs(squares - metric[i, i]) <= slack] for i in range(3)]
    found = []
    for first in rows[0]:
        seconds = rows[1][np.abs(rows[1] @ metric @ first - metric[0, 1]) <= slack]
        for second in seconds:
            fits = np.abs(rows[2] @ metric @ first - metric[0, 2]) <= slack
            fits &= np.abs(rows[2] @ metric @ second - metric[1, 2]) <= slack
            found += [(first, second, third) for third in rows[2][fits]]
    matrices = np.array(found, dtype=np.int64).reshape(-1, 3, 3)
    return matrices[np.abs(np.abs(np.linalg.det(matrices)) - 1.0) < 1e-9]


class Nearest:
    """Separations by the nearest image in a lattice.

    Exact in any lattice: fractions are rounded in a reduced basis, where the nearest image is
    then at most one vector of each kind away.
    """

    def __init__(self, cell: Float[np.ndarray, "3 3"]):
        self.cell = cell
        basis = reduced(cell)
        self.basis = basis @ cell
        self.back = np.linalg.inv(self.basis)
        metric = self.basis @ self.basis.T
        off = metric - np.diag(np.diag(metric))
        square = np.abs(off).max() <= 1e-12 * metric.max()
        shifts = [] if square else [s for s in itertools.product((0, -1, 1), repeat=3) if any(s)]
        self.shifts = np.array(shifts).reshape(-1, 3) @ self.basis
        # |d + s|^2 - |d|^2 = 2 d . s + |s|^2
        self.rises = np.sum(self.shifts**2, axis=1)

    def vectors(self, apart: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """The shortest of all images of Cartesian separations."""
        apart = apart - np.round(apart @ self.back) @ self.basis
        if not len(self.shifts):
            return apart
        rises = apart @ (2.0 * self.shifts.T) + self.rises
        best = np.argmin(rises, axis=-1)
        lower = np.take_along_axis(rises, best[..., None], axis=-1) < 0.0
        return np.where(lower, apart + self.shifts[best], apart)

    def squares(self, apart: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "..."]:
        """Squared distances by the nearest image."""
        if len(self.shifts):
            apart = self.vectors(apart)
        else:
            apart = apart - np.round(apart @ self.back) @ self.basis
        return np.einsum("...i,...i->...", apart, apart)
