"""Clusters of atoms: rotation, translation, permutation of like atoms, inversion."""

import functools
import hashlib
import itertools
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from jaxscape.symmetry import _held
from jaxscape.symmetry._alignment import closest
from jaxscape.symmetry._base import Symmetry
from jaxscape.symmetry._congruence import (
    best_rotation,
    group_order,
    may_be_symmetric,
    superpositions,
)

_ALL_PAIRS = 100  # atoms; larger clusters are told apart by per-atom numbers alone
_CHUNK = 1 << 21  # pair distances held at once
CONGRUENT = 1e-3  # of the cluster's radius: closer than this, alignment is a congruence


class Cluster(Symmetry):
    """Atoms in free space: points are `[3 n]`, atom by atom.

    `species` names the kind of each atom (all alike by default) and `masses` its mass; only
    atoms which share both are exchanged. `inversion=True` (as for any potential of
    distances) takes mirror images for one structure; False keeps enantiomers apart.

    `frozen` are positions `[m, 3]` of atoms that are no part of points and stay where they are;
    `species` then names them, too, last. Nothing is a zero mode, and two points are the same only
    by an operation that leaves the frozen atoms. They must not lie on one line.

    >>> cluster = Cluster()
    >>> triangle = np.array([0.0, 0, 0, 1, 0, 0, 0.5, 0.75**0.5, 0])
    >>> cluster.order(triangle)
    12
    """

    species: tuple | None = eqx.field(static=True)
    inversion: bool = eqx.field(static=True)
    masses: tuple[float, ...] | None = eqx.field(static=True)
    frozen: tuple[tuple[float, ...], ...] | None = eqx.field(static=True)

    def __init__(
        self,
        *,
        species: Sequence | np.ndarray | None = None,
        inversion: bool = True,
        masses: Sequence[float] | None = None,
        frozen=None,
    ):
        # Numbers from arrays become Python's own, so that texts and hashes are the same.
        given = species.tolist() if hasattr(species, "tolist") else species  # type: ignore
        self.species = None if given is None else tuple(given)
        self.inversion = bool(inversion)
        self.masses = None if masses is None else tuple(float(m) for m in masses)
        if self.masses is not None:
            if not all(0 < mass < np.inf for mass in self.masses):
                raise ValueError(f"masses must be positive and finite, got {self.masses}.")
        self.frozen = None
        if frozen is not None and len(frozen):
            held = np.asarray(frozen, np.float64)
            if held.ndim != 2 or held.shape[1] != 3 or not np.isfinite(held).all():
                raise ValueError(f"frozen has shape {held.shape}; pass finite positions [m, 3]")
            self.frozen = tuple(map(tuple, held.tolist()))
            if self.species is not None and len(self.species) <= len(held):
                raise ValueError(
                    f"species names {len(self.species)} atoms and frozen has {len(held)}: name the "
                    "moving atoms first, then the frozen ones"
                )
            _setting(self)
        if self.masses is not None:
            if self.kinds is not None and len(self.kinds) != len(self.masses):
                raise ValueError(
                    f"species names {len(self.kinds)} atoms and masses {len(self.masses)}: "
                    "give both for every atom."
                )

    @property
    def kinds(self) -> tuple | None:
        """The kinds of the atoms that move."""
        if self.species is None or self.frozen is None:
            return self.species
        return self.species[: len(self.species) - len(self.frozen)]

    def generators(self, x):
        """Three translations, then three rotations about the centroid: `[6, dim, *lanes]`.

        Rotations are divided by the root mean square radius, so that whether one vanishes (the
        axis of a linear molecule) does not depend on the unit of length.
        """
        if self.frozen is not None:
            _count(x.shape[0], self.kinds, self.masses)
            return jnp.zeros((0, *x.shape), x.dtype)
        u, v, w = self._reduced_planes(x)
        zero, one = jnp.zeros_like(u), jnp.ones_like(u)
        fields = (
            *((one, zero, zero), (zero, one, zero), (zero, zero, one)),
            *((zero, -w, v), (w, zero, -u), (-v, u, zero)),
        )
        return jnp.stack([jnp.stack(field, axis=1).reshape(x.shape) for field in fields])

    def zero_modes(self, x):
        """Orthonormal `generators`, by Gram-Schmidt on nine numbers instead of six vectors.

        Translations are orthonormal but for a factor and orthogonal to rotations about the
        centroid; products of two rotations are elements of a tensor of inertia.
        """
        if self.frozen is not None:
            return self.generators(x)
        planes = self._reduced_planes(x)
        count = planes[0].shape[0]
        square = [[jnp.sum(p * q, axis=0) for q in planes] for p in planes]
        trace = square[0][0] + square[1][1] + square[2][2]
        inertia = [[(trace if i == j else 0.0) - square[i][j] for j in range(3)] for i in range(3)]
        least = jnp.finfo(x.dtype).eps ** 0.8 * jnp.maximum(count, trace)
        one, zero = jnp.ones_like(planes[0]), jnp.zeros_like(planes[0])
        unit = one / count**0.5
        fields = [(unit, zero, zero), (zero, unit, zero), (zero, zero, unit)]
        basis = []
        for axis in range(3):
            turn = [jnp.ones_like(trace) if i == axis else jnp.zeros_like(trace) for i in range(3)]
            for other in basis:
                overlap = _product(other, inertia, turn)
                turn = [t - overlap * o for t, o in zip(turn, other, strict=True)]
            size = _product(turn, inertia, turn)
            factor = jnp.where(
                size > least, 1.0 / jnp.sqrt(jnp.where(size > least, size, 1.0)), 0.0
            )
            turn = [factor * t for t in turn]
            basis.append(turn)
            (a, b, c), (u, v, w) = turn, planes
            fields.append((b * w - c * v, c * u - a * w, a * v - b * u))
        return jnp.stack([jnp.stack(field, axis=1).reshape(x.shape) for field in fields])

    def project(self, modes, v):
        """`v` without its components along `zero_modes`: the mean taken off, then rotations."""
        if self.frozen is not None:
            return v
        atoms = v.reshape(-1, 3, *v.shape[1:])
        v = (atoms - jnp.mean(atoms, axis=0)).reshape(v.shape)
        for mode in modes[3:]:
            v = v - mode * jnp.sum(mode * v, axis=0)
        return v

    def _reduced_planes(self, x):
        """Coordinates x, y, z `[n, *lanes]` from the centroid, in root mean square radii."""
        atoms = jnp.reshape(x, (_count(x.shape[0], self.kinds, self.masses), 3, *x.shape[1:]))
        centred = atoms - jnp.mean(atoms, axis=0)
        size = jnp.sqrt(jnp.sum(centred * centred, axis=(0, 1)) / atoms.shape[0])
        centred = centred / jnp.where(size > 0, size, 1.0)
        return centred[:, 0], centred[:, 1], centred[:, 2]

    def fingerprint(self, x):
        """Sorted pair distances within each pair of kinds, and sorted numbers of each atom.

        The latter, power means (1 and 3) of an atom's distances to the others, tell apart
        structures whose lists of distances agree. Above 100 atoms the list is left out and a
        third mean (-3, sensitive to the neighbours) takes its place. No entry moves by more
        than twice the largest displacement of an atom (short mean: in proportion).
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2:
            raise ValueError(f"fingerprint takes a batch [B, 3 n], got shape {x.shape}.")
        labels = _labels(x.shape[1], self.kinds, self.masses)
        step = max(1, _CHUNK // max(1, len(labels)) ** 2)
        own = np.concatenate(
            [_fingerprint(x[i : i + step], tuple(labels)) for i in range(0, max(1, len(x)), step)]
        )
        if self.frozen is None:
            return own
        atoms = x.reshape(len(x), len(labels), 3)
        return np.concatenate(
            [own, *_held.distances(atoms, labels, self.frozen, _held_kinds(self))], axis=1
        )

    def align(self, a, b):
        """The image of `b` closest to `a`, and its Euclidean distance from `a`.

        Exact for congruent structures, enantiomers aside where `inversion=False`; otherwise the
        best of many starts, without a guarantee.
        """
        species, masses = self.kinds, self.masses
        if np.size(a) != np.size(b):
            raise ValueError(f"a has {np.size(a)} coordinates and b {np.size(b)}.")
        if self.frozen is not None:
            a, b = (np.asarray(v, np.float64).reshape(-1) for v in (a, b))
            if not (np.isfinite(a).all() and np.isfinite(b).all()):
                return b, np.inf
            labels = _labels(a.size, species, masses)
            atoms = a.reshape(-1, 3), b.reshape(-1, 3)
            image, distance = _held.aligned(*atoms, labels, _setting(self))
            return image.reshape(-1), distance
        target, centre, labels = centred(a, species, masses)
        atoms, _, _ = centred(b, species, masses)
        radius = np.sqrt(np.max(np.sum(target**2, 1)))
        found = superpositions(
            target, atoms, labels, CONGRUENT * radius, improper=self.inversion,
            enough=1e-8 * radius,
        )  # fmt: skip
        if len(found.worst):
            best = np.argmin(found.worst)
            matched = atoms[found.permutations[best]]
            hand = None if self.inversion else 1.0
            image = matched @ best_rotation(target, matched, hand).T
            distance = float(np.linalg.norm(target - image))
        else:
            image, distance = closest(target, atoms, labels, improper=self.inversion)
        return (image + centre).reshape(-1), distance

    def order(self, x, tolerance=1e-3):
        """Order of the point group: rotations and rotation-reflections that leave `x` as it is.

        Where `inversion=False`, enantiomers are points of their own and rotations alone count:
        rates need the ratio of the numbers of isomers. Linear molecules, whose groups are
        infinite, count 2 (unequal ends) or 4 (equal ends), half of it without reflections, so
        that ratios to the orders of bent molecules are right; a single atom counts 1.
        `tolerance` is the largest displacement of an atom, in the unit of `x`.
        """
        atoms, centre, labels = centred(x, self.kinds, self.masses)
        if self.frozen is not None:
            found = _held.operations(atoms + centre, labels, _setting(self), tolerance)
            return max(1, sum(1 for _ in found))
        return group_order(atoms, labels, tolerance, improper=self.inversion)

    def orders(self, x):
        """`order` of each row; most clusters have none but the identity, which is quickly told."""
        x = np.asarray(x, np.float64)
        labels = _labels(x.shape[1], self.kinds, self.masses)
        if self.frozen is not None:
            return np.array([self.order(row) for row in x], np.int64)
        atoms = x.reshape(len(x), len(labels), 3)
        found = np.ones(len(x), np.int64)
        for row in np.flatnonzero(may_be_symmetric(atoms, labels, 1e-3)):
            found[row] = self.order(x[row])
        return found

    @property
    def confirm_by_alignment(self) -> bool:
        """Whether equal fingerprints leave a doubt: distances do not see handedness."""
        return not self.inversion or self.frozen is not None

    def describe(self):
        species = "alike" if self.species is None else _runs(self.species)
        masses = "" if self.masses is None else f", masses={_runs(self.masses)}"
        held = ""
        if self.frozen is not None:
            text = np.round(np.array(self.frozen), 9).tobytes()
            held = f", frozen={len(self.frozen)}:{hashlib.sha256(text).hexdigest()[:12]}"
        return f"cluster(species={species}{masses}, inversion={self.inversion}{held})"

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.asarray(x)
        atoms, centre, labels = centred(x, self.kinds, self.masses)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        hand = rng.choice([-1.0, 1.0]) if self.inversion else 1.0
        rotation *= hand * np.sign(np.linalg.det(rotation))
        if self.frozen is not None:
            middle, rotations = _setting(self)
            rotation = rotations[rng.integers(len(rotations))]
            atoms, centre = atoms + centre - middle, middle
        permutation = np.arange(len(labels))
        for label in np.unique(labels):
            kind = np.flatnonzero(labels == label)
            permutation[kind] = rng.permutation(kind)
        # A shift of the order of the cluster's size, so that its precision survives.
        shift = rng.normal(size=3) * (np.sqrt(np.mean(atoms**2)) or 1.0)
        shift *= self.frozen is None
        image = atoms[permutation] @ rotation.T + centre + shift
        return image.reshape(x.shape).astype(x.dtype)


# Functions, not methods: an Equinox module's bound methods cost more than what these do.


def _held_kinds(cluster: Cluster) -> tuple | None:
    """The kinds of the frozen atoms."""
    if cluster.species is None or cluster.frozen is None:
        return None
    return cluster.species[len(cluster.species) - len(cluster.frozen) :]


def _setting(cluster: Cluster):
    """The centroid of the frozen atoms, and the operations that leave them."""
    return _held.group(cluster.frozen, _held_kinds(cluster), cluster.inversion)


def _count(dim: int, species, masses) -> int:
    if dim % 3 or not dim:
        raise ValueError(f"a cluster's point has 3 coordinates an atom, got {dim} in all.")
    for name, given in (("species", species), ("masses", masses)):
        if given is not None and 3 * len(given) != dim:
            raise ValueError(
                f"{name} names {len(given)} atoms, but the point has {dim} coordinates, "
                f"those of {dim // 3}: give one entry an atom."
            )
    return dim // 3


@functools.lru_cache(maxsize=32)
def _labels(dim: int, species, masses) -> Int[np.ndarray, " n"]:
    """Atoms of equal label are interchangeable."""
    count = _count(dim, species, masses)
    kinds = list(zip(species or [0] * count, masses or [0.0] * count, strict=True))
    position = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
    labels = np.array([position[kind] for kind in kinds])
    labels.flags.writeable = False
    return labels


def centred(point, species, masses):
    """Atoms [n, 3] about their centroid, the centroid, and their labels."""
    atoms = np.asarray(point, dtype=np.float64).reshape(-1)
    labels = _labels(atoms.size, species, masses)
    atoms = atoms.reshape(-1, 3)
    centre = atoms.sum(0) / len(atoms)
    return atoms - centre, centre, labels


@functools.lru_cache(maxsize=32)
def _pairs_by_kind(labels):
    """For each pair of kinds, the flat positions of its atom pairs in an n by n matrix."""
    labels = np.array(labels)
    i, j = np.triu_indices(len(labels), 1)
    low, high = np.minimum(labels[i], labels[j]), np.maximum(labels[i], labels[j])
    kinds = itertools.combinations_with_replacement(range(labels.max() + 1), 2)
    flat = i * len(labels) + j
    return [flat[(low == p) & (high == q)] for p, q in kinds]


def _fingerprint(x, labels):
    n = len(labels)
    planes = np.ascontiguousarray(np.moveaxis(x.reshape(len(x), n, 3), 2, 0))
    distances = np.zeros((len(x), n, n))
    for plane in planes:
        difference = plane[:, :, None] - plane[:, None, :]
        distances += np.square(difference, out=difference)
    np.sqrt(distances, out=distances)
    others = max(n - 1, 1)
    means = [distances.sum(2) / others, np.cbrt((distances**3).sum(2) / others)]
    parts = []
    if n <= _ALL_PAIRS:
        flat = distances.reshape(len(x), n * n)
        parts += [np.sort(flat[:, pairs], axis=1) for pairs in _pairs_by_kind(labels)]
    else:
        distances[:, np.arange(n), np.arange(n)] = np.inf
        with np.errstate(divide="ignore"):
            means.append(np.cbrt(others / (distances**-3).sum(2)))
    kinds = np.array(labels)
    for kind in range(kinds.max() + 1):
        parts += [np.sort(mean[:, kinds == kind], axis=1) for mean in means]
    return np.concatenate(parts, axis=1)


def _runs(values):
    """`4*A+2*B` for A, A, A, A, B, B."""
    return "+".join(f"{len(list(run))}*{value}" for value, run in itertools.groupby(values))


def _product(a, matrix, b):
    """`a . matrix . b` of three numbers each."""
    return sum(a[i] * matrix[i][j] * b[j] for i in range(3) for j in range(3))
