"""First guesses of paths that keep atoms apart: by pair distances, or by bonds and dihedrals.

Both take straight paths and bend them; the ends stay. They are fields of `NEB`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import scipy
from jaxtyping import Float


class Interpolation(Protocol):
    """What `NEB(interpolation=...)` takes: bent paths for straight ones."""

    def __call__(
        self, path: Float[np.ndarray, "batch images dim"]
    ) -> Float[np.ndarray, "batch images dim"]: ...


@dataclasses.dataclass(frozen=True)
class IDPP:
    """Image-dependent pair potential: distances of all pairs change evenly along the path.

    Atoms that would pass through each other on a straight line go around. The squared deviations
    from the even distances, weighted by their inverse fourth power, are minimised for all images
    together, held by springs of stiffness `spring` (1 / Angstrom^4).

    >>> swap = np.array([[0.0, 0, 0, 1, 0, 0.1], [1.0, 0, 0, 0, 0, 0]])
    >>> path = IDPP()(np.linspace(*swap, 5)[None])
    >>> bool(np.linalg.norm(path[0, 2, :3] - path[0, 2, 3:]) > 0.9)
    True

    S. Smidstrup et al., J. Chem. Phys. 140, 214106 (2014).
    """

    spring: float = 1e-2
    max_steps: int = 500

    def __post_init__(self):
        if not self.spring > 0 or self.max_steps < 1:
            raise ValueError(
                f"spring is {self.spring} and max_steps {self.max_steps}; pass positive numbers"
            )

    def __call__(self, path):
        path = check_atoms(path)
        return np.stack([self._bent(one.astype(np.float64)) for one in path]).astype(path.dtype)

    def _bent(self, path):
        images, dim = path.shape
        i, j = np.triu_indices(dim // 3, 1)
        ends = _distances(path[[0, -1]].reshape(2, -1, 3), i, j)
        share = np.linspace(0.0, 1.0, images)[1:-1, None]
        wanted = (1.0 - share) * ends[0] + share * ends[1]
        weight = wanted**-4
        # Atoms that meet on the straight line leave it to a side, always the same.
        side = np.random.default_rng(0).standard_normal(dim)
        start = path[1:-1] + 0.05 * np.sin(np.pi * share) * side / np.max(np.abs(side))

        def deviation(flat):
            band = np.concatenate([path[:1], flat.reshape(images - 2, dim), path[-1:]])
            atoms = band[1:-1].reshape(images - 2, -1, 3)
            apart = atoms[:, i] - atoms[:, j]
            length = np.maximum(np.linalg.norm(apart, axis=2), 1e-9)
            off = length - wanted
            pull = np.zeros((images - 2, dim // 3, dim // 3))
            pull[:, i, j] = pull[:, j, i] = 2.0 * weight * off / length
            slope = pull.sum(axis=2, keepdims=True) * atoms - pull @ atoms
            steps = np.diff(band, axis=0)
            gradient = slope.reshape(images - 2, dim) - self.spring * np.diff(steps, axis=0)
            value = np.sum(weight * off**2) + 0.5 * self.spring * np.sum(steps**2)
            return value, gradient.ravel()

        found = scipy.optimize.minimize(
            deviation, start.ravel(), jac=True, method="L-BFGS-B",
            options={"maxiter": self.max_steps},
        )  # fmt: skip
        return np.concatenate([path[:1], found.x.reshape(images - 2, dim), path[-1:]])


@dataclasses.dataclass(frozen=True)
class DihedralInterpolation:
    """Bond lengths, angles and dihedrals change evenly, dihedrals the shorter way round.

    For conformers: a group that turns keeps its shape. Rings are closed at the ends only, so for
    paths on which one puckers `IDPP` is the better guess.

    - `bonds`: pairs of atom numbers, such as `surface.symmetry.bonds`, which leave no atom out.
    """

    bonds: tuple[tuple[int, int], ...]

    def __init__(self, bonds: Sequence[tuple[int, int]]):
        object.__setattr__(self, "bonds", tuple((int(i), int(j)) for i, j in bonds))

    def __call__(self, path):
        path = check_atoms(path)
        return np.stack([self._turned(one.astype(np.float64)) for one in path]).astype(path.dtype)

    def _turned(self, path):
        ends = path[[0, -1]].reshape(2, -1, 3)
        rows = _tree(self.bonds, ends)
        first, last = (_internal(rows, end) for end in ends)
        change = last - first
        change[:, 2] = (change[:, 2] + np.pi) % (2 * np.pi) - np.pi
        bent = [path[0]]
        for share, line in zip(np.linspace(0, 1, len(path))[1:-1], path[1:-1], strict=True):
            atoms = _built(rows, first + share * change)
            bent.append(_superposed(atoms, line.reshape(-1, 3)).ravel())
        return np.stack([*bent, path[-1]])


def _tree(bonds, ends) -> list[tuple[int, ...]]:
    """Every atom with those it is placed by: `(atom, bonded, angle, dihedral)`, the first by fewer.

    Of several atoms on one, the second and later are placed by the first, so that they turn
    together. No three atoms in line place a fourth.
    """
    count = ends.shape[1]
    near: list[list[int]] = [[] for _ in range(count)]
    for i, j in bonds:
        if not (0 <= i < count and 0 <= j < count):
            raise ValueError(f"bond {(i, j)} does not join two of the {count} atoms")
        near[i].append(j)
        near[j].append(i)
    root = int(np.argmax([len(own) for own in near]))
    rows: list[tuple[int, ...]] = [(root,)]
    placed, queue = [root], [root]
    parent = {root: -1}
    for here in queue:
        for atom in sorted(near[here]):
            if atom in parent:
                continue
            parent[atom] = here
            second = [parent[here]] + [a for a in near[here] if a in placed and a != parent[here]]
            second = [a for a in second if a >= 0] + [a for a in placed if a != here]
            row: tuple[int, ...] = (atom, here)
            for angle in dict.fromkeys(second):
                # Siblings first: what turns together stays together.
                third = [a for a in near[here] if a in placed and a != angle]
                third += [a for a in near[angle] if a in placed and a != here]
                third += [a for a in placed if a not in (here, angle)]
                bent = (a for a in dict.fromkeys(third) if _bent_enough(ends, here, angle, a))
                fit = next(bent, None)
                if fit is not None:
                    row = (atom, here, angle, fit)
                    break
                row = (atom, here, angle) if len(row) == 2 else row
            rows.append(row)
            placed.append(atom)
            queue.append(atom)
    if len(placed) != count:
        left = sorted(set(range(count)) - set(placed))
        raise ValueError(f"the bonds do not reach atom {left[0]}: use IDPP for several molecules")
    return rows


def _bent_enough(ends, b, c, d) -> bool:
    u, v = ends[:, b] - ends[:, c], ends[:, d] - ends[:, c]
    sine = np.linalg.norm(np.cross(u, v), axis=1)
    return bool(
        (sine > 0.1 * np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)).all()
    )  # six degrees


def _internal(rows, atoms) -> np.ndarray:
    """Length, angle and dihedral of every atom `[n, 3]`, zero where it has none."""
    found = np.zeros((len(rows), 3))
    for k, row in enumerate(rows[1:], 1):
        bond = atoms[row[0]] - atoms[row[1]]
        axis, across, third = _frame(row, atoms)
        turned = np.hypot(bond @ across, bond @ third)
        found[k, 0] = np.linalg.norm(bond)
        found[k, 1] = np.arctan2(turned, bond @ axis) if len(row) > 2 else 0.0
        found[k, 2] = np.arctan2(bond @ third, bond @ across) if len(row) > 3 else 0.0
    return found


def _built(rows, internal) -> np.ndarray:
    atoms = np.zeros((len(rows), 3))
    for (length, angle, dihedral), row in zip(internal[1:], rows[1:], strict=True):
        axis, across, third = _frame(row, atoms)
        turn = np.cos(dihedral) * across + np.sin(dihedral) * third
        atoms[row[0]] = atoms[row[1]] + length * (np.cos(angle) * axis + np.sin(angle) * turn)
    return atoms


def _frame(row, atoms):
    """Axes in which an atom is placed: along the bond beside it, across, and the third."""
    axis = atoms[row[2]] - atoms[row[1]] if len(row) > 2 else np.array([1.0, 0.0, 0.0])
    axis = axis / np.linalg.norm(axis)
    other = atoms[row[3]] - atoms[row[2]] if len(row) > 3 else np.roll(axis, 1) + [0.3, 0.0, 0.7]
    across = other - (other @ axis) * axis
    across = across / np.linalg.norm(across)
    return axis, across, np.cross(axis, across)


def _superposed(atoms, target) -> np.ndarray:
    centre = target.mean(axis=0)
    moving = atoms - atoms.mean(axis=0)
    u, _, v = np.linalg.svd(moving.T @ (target - centre))
    u[:, -1] *= np.sign(np.linalg.det(u @ v))
    return moving @ (u @ v) + centre


def _distances(atoms, i, j):
    return np.linalg.norm(atoms[:, i] - atoms[:, j], axis=2)


def check_atoms(path) -> np.ndarray:
    """Paths `[batch, images, 3 n]`, or a `ValueError`."""
    path = np.asarray(path)
    if path.ndim != 3 or path.shape[2] % 3:
        raise ValueError(f"path has shape {path.shape}; pass [batch, images, 3 n], atom by atom")
    return path
