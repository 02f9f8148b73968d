"""Atoms in a periodic cell: translations, permutations of like atoms, the lattice's operations."""

import functools
import hashlib
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from jaxscape.symmetry._base import Symmetry
from jaxscape.symmetry._lattice import Nearest
from jaxscape.symmetry._matching import (
    CONGRUENT,
    NEIGHBOURS,
    Setting,
    candidates,
    group,
    matched,
    promising,
    survivors,
)

_ALL_PAIRS = 64  # atoms; smaller crystals are told apart by all distances
_ENTRIES = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_WEIGHT = np.array([1.0, 1.0, 1.0, 0.5**0.5, 0.5**0.5, 0.5**0.5])


class Crystal(Symmetry):
    """Atoms in a periodic cell: points are `[3 n]`, Cartesian, atom by atom.

    Points are the same up to lattice vectors, translation, exchange of like atoms, and those
    rotations and reflections that leave the lattice of the cell as it is. Translations are the
    only zero modes.

    **Arguments:**

    - `cell`: rows are the vectors of the cell `[3, 3]`, or three edges. A slab is a cell with room
      above it.
    - `species`: the kind of every atom, frozen ones last; all alike by default.
    - `masses`: of the atoms that move; only atoms which share both are exchanged.
    - `frozen`: positions `[m, 3]` of atoms that are no part of points and stay where they are.
      Then nothing is a zero mode, and of the operations those remain that leave them as they are.
    - `rotations`: whether rotated and reflected structures are the same; with False only
      translated ones are. `inversion`: whether mirror images are.
    - `variable_cell`: points have six more coordinates, as those of `potentials.VariableCell`.

    `order` counts the operations, translations within the cell included, that leave a structure
    as it is: 192 for the cubic cell of fcc or diamond.

    **Raises:** `ValueError` for a cell without volume, or numbers of atoms that do not fit.

    >>> crystal = Crystal(cell=[2.0, 2.0, 2.0])
    >>> body_centred = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    >>> crystal.order(body_centred)
    96
    """

    cell: tuple[tuple[float, ...], ...] = eqx.field(static=True)
    species: tuple | None = eqx.field(static=True)
    masses: tuple[float, ...] | None = eqx.field(static=True)
    frozen: tuple[tuple[float, ...], ...] | None = eqx.field(static=True)
    rotations: bool = eqx.field(static=True)
    inversion: bool = eqx.field(static=True)
    variable_cell: bool = eqx.field(static=True)

    def __init__(
        self,
        *,
        cell,
        species: Sequence | np.ndarray | None = None,
        masses: Sequence[float] | None = None,
        frozen=None,
        rotations: bool = True,
        inversion: bool = True,
        variable_cell: bool = False,
    ):
        cell = np.asarray(cell, np.float64)
        cell = np.diag(cell) if cell.shape == (3,) else cell
        if cell.shape != (3, 3):
            raise ValueError(f"cell has shape {cell.shape}; pass three vectors as rows, or edges")
        size = np.max(np.abs(cell))
        if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) <= 1e-9 * size**3:
            raise ValueError(f"cell has no volume: {cell.tolist()}")
        self.cell = tuple(map(tuple, cell.tolist()))
        given = species.tolist() if hasattr(species, "tolist") else species  # type: ignore
        self.species = None if given is None else tuple(given)
        self.masses = None if masses is None else tuple(float(m) for m in masses)
        if self.masses is not None and not all(0 < mass < np.inf for mass in self.masses):
            raise ValueError(f"masses must be positive and finite, got {self.masses}")
        self.frozen = None
        if frozen is not None and len(frozen):
            frozen = np.asarray(frozen, np.float64)
            if frozen.ndim != 2 or frozen.shape[1] != 3 or not np.isfinite(frozen).all():
                raise ValueError(f"frozen has shape {frozen.shape}; pass finite positions [m, 3]")
            if variable_cell:
                raise ValueError("frozen atoms cannot follow a cell: leave variable_cell out")
            self.frozen = tuple(map(tuple, frozen.tolist()))
        self.rotations, self.inversion = bool(rotations), bool(inversion)
        self.variable_cell = bool(variable_cell)

    def generators(self, x):
        """Three translations `[3, dim, *lanes]`; none where atoms are frozen."""
        _labels(self, x.shape[0])
        if self.frozen is not None:
            return jnp.zeros((0, *x.shape), x.dtype)
        moving = np.zeros((3, x.shape[0]))
        for axis in range(3):
            moving[axis, axis : x.shape[0] - 6 * self.variable_cell : 3] = 1.0
        shape = (3, x.shape[0], *(1,) * (x.ndim - 1))
        return jnp.broadcast_to(jnp.asarray(moving, x.dtype).reshape(shape), (3, *x.shape))

    def zero_modes(self, x):
        """Orthonormal translations."""
        count = (x.shape[0] - 6 * self.variable_cell) // 3
        return self.generators(x) / count**0.5

    def project(self, modes, v):
        """`v` without its mean displacement; the cell's coordinates as they are."""
        if modes.shape[0] == 0:
            return v
        places = v[: v.shape[0] - 6 * self.variable_cell]
        atoms = places.reshape(-1, 3, *v.shape[1:])
        centred = (atoms - jnp.mean(atoms, axis=0)).reshape(places.shape)
        return jnp.concatenate([centred, v[places.shape[0] :]]) if self.variable_cell else centred

    def fingerprint(self, x):
        """Sorted distances to the nearest images within each pair of kinds, and by neighbours.

        The latter are the distances of every atom to its nearest neighbour, its second nearest,
        and so on, each sorted over atoms; above 64 atoms they alone. Where the cell may change,
        the lengths of its shortest lattice vectors follow. No entry moves by more than twice the
        largest displacement of an atom.
        """
        x = np.asarray(x, np.float64)
        if x.ndim != 2:
            raise ValueError(f"fingerprint takes a batch [B, dim], got shape {x.shape}")
        _labels(self, x.shape[1])
        return np.array([_fingerprint(self, row) for row in x]).reshape(len(x), -1)

    def align(self, a, b):
        """The image of `b` closest to `a`, and its Euclidean distance from `a`.

        Every atom is next to the one it corresponds to, whatever cell that is in. Exact for
        congruent structures, otherwise the best of many starts, without a guarantee.
        """
        a, b = (np.asarray(v, np.float64).reshape(-1) for v in (a, b))
        if a.size != b.size:
            raise ValueError(f"a has {a.size} coordinates and b {b.size}")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return b, np.inf
        return _aligned(self, a, b)

    def order(self, x, tolerance=1e-3):
        """Number of operations that leave `x` as it is, translations within the cell included.

        `tolerance` is the largest displacement of an atom, in the unit of `x`.
        """
        x = np.asarray(x, np.float64).reshape(-1)
        labels = _labels(self, x.size)
        atoms, lattice = _placed(self, x)
        setting = _setting(self)
        if lattice is not None:
            # Where the cell has changed its own operations count.
            atoms = atoms @ np.linalg.solve(setting.cell, lattice)
            loose = 4.0 * tolerance / float(np.max(np.abs(lattice)))
            given = tuple(map(tuple, lattice.tolist()))
            setting = group(given, loose, self.rotations, self.inversion, None, None)
        nearest = Nearest(setting.cell)
        found = candidates(setting, nearest, atoms, atoms, labels, tolerance)
        return max(1, sum(1 for _ in survivors(nearest, atoms, labels, found, tolerance)))

    @property
    def confirm_by_alignment(self) -> bool:
        """Whether equal fingerprints leave a doubt: distances do not see what is turned."""
        return not (self.rotations and self.inversion)

    def nearest_image(self, apart):
        """The shortest images of separations `[..., 3]` in the (reference) cell."""
        return Nearest(np.array(self.cell)).vectors(np.asarray(apart, np.float64))

    def describe(self):
        cell = "; ".join(" ".join(f"{v:.9g}" for v in row) for row in self.cell)
        parts = [f"cell=[{cell}]"]
        if self.species is not None:
            parts.append(f"species={'+'.join(map(str, self.species))}")
        if self.masses is not None:
            parts.append(f"masses={'+'.join(map(repr, self.masses))}")
        if self.frozen is not None:
            text = np.round(np.array(self.frozen), 9).tobytes()
            parts.append(f"frozen={len(self.frozen)}:{hashlib.sha256(text).hexdigest()[:12]}")
        for name in ("rotations", "inversion", "variable_cell"):
            parts.append(f"{name}={getattr(self, name)}")
        return f"crystal({', '.join(parts)})"

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.asarray(x)
        labels = _labels(self, x.size)
        atoms, _ = _placed(self, np.asarray(x, np.float64).reshape(-1))
        setting = _setting(self)
        cell = setting.cell
        which = rng.integers(len(setting.turns))
        turn = np.linalg.solve(cell, setting.turns[which] @ cell)
        shift = setting.shifts[which] if setting.shifts is not None else rng.uniform(size=3) @ cell
        permutation = np.arange(len(labels))
        for label in np.unique(labels):
            kind = np.flatnonzero(labels == label)
            permutation[kind] = rng.permutation(kind)
        image = atoms[permutation] @ turn + shift
        image = image + rng.integers(-1, 2, image.shape) @ cell
        return _joined(self, image, x, turn).reshape(x.shape).astype(x.dtype)


# Functions, not methods: an Equinox module's bound methods cost more than what these do.


@functools.lru_cache(maxsize=32)
def _labels_of(dim, species, masses, held, variable_cell) -> Int[np.ndarray, " n"]:
    free = dim - 6 * variable_cell
    if free % 3 or free <= 0:
        extra = " and six for the cell" if variable_cell else ""
        raise ValueError(f"a crystal's point has 3 coordinates an atom{extra}, got {dim} in all")
    count = free // 3
    for name, given, wanted in (("species", species, count + held), ("masses", masses, count)):
        if given is not None and len(given) != wanted:
            raise ValueError(
                f"{name} names {len(given)} atoms, but the point has {count}"
                + (f" beside {held} frozen ones" if held else "")
            )
    kinds = list(zip((species or (0,) * count)[:count], masses or (0.0,) * count, strict=True))
    number = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
    labels = np.array([number[kind] for kind in kinds])
    labels.flags.writeable = False
    return labels


def _labels(crystal, dim):
    """Atoms of equal label are interchangeable."""
    held = 0 if crystal.frozen is None else len(crystal.frozen)
    return _labels_of(dim, crystal.species, crystal.masses, held, crystal.variable_cell)


def _placed(crystal, x):
    """Atoms in the reference cell `[n, 3]`, and the cell at this point where it may change."""
    cell = np.array(crystal.cell)
    if not crystal.variable_cell:
        return x.reshape(-1, 3), None
    return x[:-6].reshape(-1, 3), cell @ _deformation(crystal, x)


def _deformation(crystal, x):
    six = _WEIGHT * x[-6:] / _length(crystal, (x.size - 6) // 3)
    bent = np.eye(3)
    for (i, j), value in zip(_ENTRIES, six, strict=True):
        bent[i, j] += value
        if i != j:
            bent[j, i] += value
    return bent


def _length(crystal, atoms):
    # As potentials.VariableCell.length.
    return (abs(np.linalg.det(np.array(crystal.cell))) / atoms) ** (1 / 3) * atoms**0.5


def _joined(crystal, atoms, x, turn):
    """Atoms of an image as a point; its cell, too, is turned."""
    if not crystal.variable_cell:
        return atoms.reshape(-1)
    strain = turn.T @ (_deformation(crystal, np.asarray(x, np.float64)) - np.eye(3)) @ turn
    six = np.array([strain[i, j] for i, j in _ENTRIES]) / _WEIGHT
    return np.concatenate([atoms.reshape(-1), six * _length(crystal, len(atoms))])


def _setting(crystal) -> Setting:
    kinds = None
    if crystal.frozen is not None and crystal.species is not None:
        kinds = crystal.species[-len(crystal.frozen) :]
    return group(crystal.cell, 1e-6, crystal.rotations, crystal.inversion, crystal.frozen, kinds)


def _aligned(crystal, a, b):
    labels = _labels(crystal, a.size)
    setting = _setting(crystal)
    cell = setting.cell
    nearest = Nearest(cell)
    atoms_a, atoms_b = _placed(crystal, a)[0], _placed(crystal, b)[0]
    spacing = (abs(np.linalg.det(cell)) / len(atoms_a)) ** (1 / 3)
    strains, tails = np.zeros(len(setting.turns)), None
    if crystal.variable_cell:
        turns = np.linalg.solve(cell, setting.turns @ cell)
        tails = np.array([_joined(crystal, atoms_b, b, turn)[-6:] for turn in turns])
        strains = np.sum((tails - a[-6:]) ** 2, axis=1)
    best, cost = b, np.inf

    def consider(number, image, rounds):
        nonlocal best, cost
        image, found = matched(nearest, atoms_a, image, labels, rounds)
        if found + strains[number] < cost:
            tail = [] if tails is None else tails[number]
            best, cost = np.concatenate([image.reshape(-1), tail]), found + strains[number]

    free = setting.shifts is None
    near = CONGRUENT * spacing
    found = candidates(setting, nearest, atoms_a, atoms_b, labels, near)
    for row in survivors(nearest, atoms_a, labels, found, near):
        number = found.numbers[row]
        if strains[number] <= len(labels) * near**2:
            consider(number, found.turned[number] + found.shifts[row], int(free))
        if cost <= 1e-16 * len(labels) * spacing**2:
            break
    if np.isfinite(cost):
        return best, float(np.sqrt(cost))
    found = candidates(setting, nearest, atoms_a, atoms_b, labels)
    for number, image in promising(nearest, atoms_a, labels, found, strains, free):
        consider(number, image, 10 * int(free))
    return best, float(np.sqrt(cost))


def _fingerprint(crystal, x):
    labels = _labels(crystal, x.size)
    atoms, lattice = _placed(crystal, x)
    cell = np.array(crystal.cell)
    if lattice is not None:
        atoms, cell = atoms @ np.linalg.solve(cell, lattice), lattice
    nearest, n = Nearest(cell), len(labels)
    others, kinds = atoms, labels
    if crystal.frozen is not None:
        held = np.array(crystal.frozen)
        names = (crystal.species or (0,) * (n + len(held)))[-len(held) :]
        number = {name: i + labels.max() + 1 for i, name in enumerate(dict.fromkeys(names))}
        others = np.concatenate([atoms, held])
        kinds = np.concatenate([labels, [number[name] for name in names]])
    distances = np.sqrt(nearest.squares(atoms[:, None] - others))
    distances[np.arange(n), np.arange(n)] = np.inf
    parts = []
    for own in range(labels.max() + 1):
        rows = distances[labels == own]
        for other in range(kinds.max() + 1):
            block = rows[:, kinds == other]
            if own == other or (other > own and len(others) > _ALL_PAIRS):
                count = min(NEIGHBOURS, block.shape[1] - (own == other))
                near = np.sort(block, axis=1)[:, :count]
                parts.append(np.sort(near, axis=0).ravel())
            if len(others) <= _ALL_PAIRS and other >= own:
                flat = block[np.triu_indices(len(block), 1)] if own == other else block.ravel()
                parts.append(np.sort(flat))
    if lattice is not None:
        # The shortest vectors: the same whichever reduced basis rounding chose.
        grid = np.array(list(np.ndindex(9, 9, 9))) - 4
        lengths = np.linalg.norm(grid[: len(grid) // 2] @ nearest.basis, axis=1)
        parts.append(np.sort(lengths)[:7])
    return np.concatenate(parts) if parts else np.zeros(0)
