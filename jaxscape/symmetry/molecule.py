"""Molecules: rotation, translation, and the permutations that leave their bonds as they are."""

from collections.abc import Mapping, Sequence

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from jaxscape.symmetry._bonds import (
    adjacency,
    automorphisms,
    bonds_of,
    classes,
    reaches,
    steps_apart,
)
from jaxscape.symmetry._congruence import best_rotation, group_order, superpositions
from jaxscape.symmetry._of_cluster import OfCluster
from jaxscape.symmetry.cluster import CONGRUENT, Cluster, _labels, centred

_MOST = 50_000  # permutations tried where two geometries are not congruent
_CHUNK = 1 << 22  # entries of permuted coordinates held at once
_BROKEN, _MADE = 1.5, 1.15  # times the sum of covalent radii


class Molecule(OfCluster):
    """Atoms held together by given bonds: points are `[3 n]`, atom by atom.

    Two geometries are one conformer if a permutation that leaves the bonds as they are (the
    hydrogens of a methyl group, the two sides of a ring) and a rotation turn one into the other.
    Mirror images are different unless `inversion=True`. Geometries with other bonds are refused
    entry to a landscape; to keep them, as in a study of reactions, use
    `Cluster(species=..., inversion=False)`.

    **Arguments:**

    - `species`: chemical symbols of the atoms.
    - `bonds`: pairs of atom numbers; see also `Molecule.from_positions`.
    - `masses`: only atoms of equal mass are exchanged.
    - `inversion`: whether mirror images are the same.
    - `radii`: covalent radii in Angstrom of kinds that have none in the built-in table, or others.
      A bond counts as broken beyond 1.5 times the sum of two radii, as made below 1.15 times.

    **Raises:** `ValueError` for bonds that name atoms that are not there or one atom twice, and
    for kinds of atoms without a radius.

    >>> water = Molecule("OHH", [(0, 1), (0, 2)])
    >>> x = np.array([0.0, 0, 0, 0.76, 0.59, 0, -0.76, 0.59, 0])
    >>> water.same(x, water.random_image(x, seed=1)), water.order(x)
    (True, 2)
    """

    cluster: Cluster
    bonds: tuple[tuple[int, int], ...] = eqx.field(static=True)
    radii: tuple[tuple[str, float], ...] = eqx.field(static=True)

    def __init__(
        self,
        species: Sequence[str],
        bonds: Sequence[tuple[int, int]],
        *,
        masses: Sequence[float] | None = None,
        inversion: bool = False,
        radii: Mapping[str, float] | None = None,
    ):
        self.cluster = Cluster(species=species, masses=masses, inversion=inversion)
        count = len(species)
        for bond in bonds:
            i, j = bond
            if not (0 <= i < count and 0 <= j < count) or i == j:
                raise ValueError(f"bond {tuple(bond)} does not join two of the {count} atoms")
        self.bonds = tuple(sorted({(int(min(b)), int(max(b))) for b in bonds}))
        self.radii = tuple(sorted(dict(radii or {}).items()))
        reaches(self.species, dict(self.radii))

    @classmethod
    def from_positions(
        cls, species: Sequence[str], x: Float[np.ndarray, " dim"], **options
    ) -> "Molecule":
        """With the bonds of a geometry: pairs nearer than 1.3 times the sum of their radii.

        >>> Molecule.from_positions(["H", "H"], np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.74])).bonds
        ((0, 1),)
        """
        positions = np.asarray(x, np.float64).reshape(-1, 3)
        if len(positions) != len(species):
            raise ValueError(f"species names {len(species)} atoms, x holds {len(positions)}")
        return cls(species, bonds_of(species, positions, options.get("radii")), **options)

    @property
    def is_connected(self) -> bool:
        """Whether the bonds hold all atoms together."""
        count = len(self.species)
        return bool((steps_apart(count, self.bonds) < count).all())

    def fingerprint(self, x):
        """Sorted distances of equivalent pairs, and sorted mean distances of equivalent atoms.

        Pairs are equivalent if their atoms are, and as many bonds apart.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2:
            raise ValueError(f"fingerprint takes a batch [B, 3 n], got shape {x.shape}.")
        labels = self._labels(x.shape[1])
        kind, n = classes(labels, self.bonds), len(labels)
        steps = steps_apart(n, self.bonds)
        atoms = x.reshape(len(x), n, 3)
        i, j = np.triu_indices(n, 1)
        apart = np.linalg.norm(atoms[:, i] - atoms[:, j], axis=2)
        pairs = np.stack([np.minimum(kind[i], kind[j]), np.maximum(kind[i], kind[j]), steps[i, j]])
        square = np.zeros((len(x), n, n))
        square[:, i, j] = square[:, j, i] = apart
        total = square.sum(axis=2)
        parts = [np.zeros((len(x), 0))]
        for one in np.unique(pairs, axis=1).T:
            parts.append(np.sort(apart[:, (pairs == one[:, None]).all(axis=0)], axis=1))
        for one in np.unique(kind):
            parts.append(np.sort(total[:, kind == one], axis=1) / max(n - 1, 1))
        return np.concatenate(parts, axis=1)

    def align(self, a, b):
        """The image of `b` closest to `a`, and its Euclidean distance from `a`.

        Every permutation that leaves the bonds as they are is tried (of more than 50,000 the
        first so many; congruent geometries are always recognised).
        """
        if np.size(a) != np.size(b):
            raise ValueError(f"a has {np.size(a)} coordinates and b {np.size(b)}.")
        target, centre, _ = centred(a, self.species, self.masses)
        atoms, _, _ = centred(b, self.species, self.masses)
        labels = self._labels(np.size(a))
        radius = np.sqrt(np.max(np.sum(target**2, 1)))
        found = superpositions(
            target, atoms, classes(labels, self.bonds), CONGRUENT * radius,
            improper=self.inversion,
        )  # fmt: skip
        fit = self._leave_bonds(found.permutations)
        if fit.any():
            rows = np.flatnonzero(fit)
            permutation = found.permutations[rows[np.argmin(found.worst[rows])]]
        else:
            permutation = self._closest(target, atoms, labels)
        matched = atoms[permutation]
        image = matched @ best_rotation(target, matched, None if self.inversion else 1.0).T
        return (image + centre).reshape(-1), float(np.linalg.norm(target - image))

    def order(self, x, tolerance=1e-3):
        """Number of operations that leave `x` as it is: rotations, and where `inversion=True`
        rotation-reflections, with permutations that leave the bonds as they are.

        With enantiomers apart, reflections are not counted: every isomer of an achiral molecule
        is then its own mirror image, and rates need the ratio of isomers.
        """
        atoms, _, _ = centred(x, self.species, self.masses)
        kind = classes(self._labels(np.size(x)), self.bonds)
        return group_order(atoms, kind, tolerance, improper=self.inversion, keep=self._leave_bonds)

    def objections(self, x):
        """Why points do not belong to this molecule: the first bond broken or made, or None."""
        x = np.asarray(x, np.float64)
        n = len(self.species)
        bonded = adjacency(n, self.bonds)
        reach = reaches(self.species, dict(self.radii))
        found: list[str | None] = []
        for atoms in x.reshape(len(x), n, 3):
            apart = np.linalg.norm(atoms[:, None] - atoms, axis=-1)
            apart[np.arange(n), np.arange(n)] = np.inf
            broken = np.argwhere(np.triu(bonded & (apart > _BROKEN * reach)))
            made = np.argwhere(np.triu(~bonded & (apart < _MADE * reach)))
            reason = None
            if len(broken):
                reason = f"the bond {self._bond(broken[0])} is broken"
            elif len(made):
                reason = f"there is a new bond {self._bond(made[0])}"
            found.append(reason)
        return found

    def describe(self):
        bonds = " ".join(f"{i}-{j}" for i, j in self.bonds)
        return f"molecule({self.cluster.describe()}, bonds={bonds})"

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.asarray(x)
        atoms, centre, _ = centred(x, self.species, self.masses)
        permutations, _ = automorphisms(self._labels(x.size), self.bonds, _MOST)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        hand = rng.choice([-1.0, 1.0]) if self.inversion else 1.0
        rotation *= hand * np.sign(np.linalg.det(rotation))
        shift = rng.normal(size=3) * (np.sqrt(np.mean(atoms**2)) or 1.0)
        image = atoms[permutations[rng.integers(len(permutations))]] @ rotation.T + centre + shift
        return image.reshape(x.shape).astype(x.dtype)

    def _labels(self, dim) -> tuple[int, ...]:
        return tuple(int(label) for label in _labels(dim, self.species, self.masses))

    def _leave_bonds(self, permutations: Int[np.ndarray, "p n"]):
        bonded = adjacency(len(self.species), self.bonds)
        return np.array([np.array_equal(bonded[np.ix_(p, p)], bonded) for p in permutations], bool)

    def _closest(self, a, b, labels):
        """The permutation whose best rotation brings `b` closest to `a`."""
        permutations, _ = automorphisms(labels, self.bonds, _MOST)
        step = max(1, _CHUNK // (3 * len(a)))
        overlap = np.concatenate(
            [
                _overlaps(a, b[permutations[i : i + step]], self.inversion)
                for i in range(0, len(permutations), step)
            ]
        )
        return permutations[np.argmax(overlap)]

    def _bond(self, pair) -> str:
        return "-".join(f"{self.species[i]}{i}" for i in pair)


def _overlaps(a, b, improper):
    """Largest `sum a . R b` over rotations R, for each row of `b` `[p, n, 3]`."""
    product = np.einsum("ni,pnj->pij", a, b)
    sizes = np.linalg.svd(product, compute_uv=False)
    if improper:
        return sizes.sum(axis=1)
    hand = np.where(np.linalg.det(product) < 0, -1.0, 1.0)
    return sizes[:, 0] + sizes[:, 1] + hand * sizes[:, 2]
