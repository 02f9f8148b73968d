"""Clusters of like molecules: whole molecules are exchanged, and like atoms within each."""

import functools
import itertools
from collections.abc import Sequence

import equinox as eqx
import numpy as np
import scipy

from jaxscape.symmetry._alignment import closest
from jaxscape.symmetry._congruence import best_rotation, superpositions
from jaxscape.symmetry._of_cluster import OfCluster
from jaxscape.symmetry.cluster import CONGRUENT, Cluster, centred


class Molecules(OfCluster):
    """`count` copies of one rigid molecule: points are `[3 n]`, atom by atom.

    Molecules follow one another. Identity, zero modes and point groups are those of `Cluster`:
    rigid molecules are known by their atoms. Only images differ: an atom never goes to another
    molecule without its companions.

    **Arguments:**

    - `species`: the kinds of one molecule's atoms, such as `"OHH"`.
    - `count`: number of molecules.
    - `equivalent`: orders of one molecule's atoms that leave it as it is, such as `[(0, 1, 2), (0,
      2, 1)]`; by default all that exchange atoms of one kind.
    - `masses`: of one molecule's atoms.
    - `inversion`: whether mirror images are the same (planar molecules are their own).

    **Raises:** `ValueError` for a count below one, and orders that are none or mix kinds.

    >>> dimer = Molecules("OHH", 2)
    >>> x = np.random.default_rng(0).normal(size=18)
    >>> dimer.same(x, dimer.random_image(x, seed=1))
    True
    """

    cluster: Cluster
    count: int = eqx.field(static=True)
    equivalent: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def __init__(
        self,
        species: Sequence[str],
        count: int,
        *,
        equivalent: Sequence[Sequence[int]] | None = None,
        masses: Sequence[float] | None = None,
        inversion: bool = True,
    ):
        if count < 1:
            raise ValueError(f"count is {count}; pass a number of molecules")
        one = tuple(species)
        if equivalent is None:
            orders = itertools.permutations(range(len(one)))
            equivalent = [o for o in orders if tuple(one[i] for i in o) == one]
        self.equivalent = tuple(sorted(tuple(int(i) for i in order) for order in equivalent))
        for order in self.equivalent:
            proper = sorted(order) == list(range(len(one)))
            if not proper or tuple(one[i] for i in order) != one:
                raise ValueError(f"{order} is no order of atoms that keeps the kinds {one}")
        self.count = int(count)
        self.cluster = Cluster(
            species=one * self.count,
            masses=None if masses is None else tuple(masses) * self.count,
            inversion=inversion,
        )

    def zero_modes(self, x):
        return self.cluster.zero_modes(x)

    def project(self, modes, v):
        return self.cluster.project(modes, v)

    def fingerprint(self, x):
        return self.cluster.fingerprint(x)

    def order(self, x, tolerance=1e-3):
        return self.cluster.order(x, tolerance)

    def orders(self, x):
        return self.cluster.orders(x)

    def describe(self):
        return f"molecules({self.count}, {self.cluster.describe()}, equivalent={self.equivalent})"

    def align(self, a, b):
        """The image of `b` closest to `a`, and its Euclidean distance from `a`.

        Exact for congruent structures; otherwise the best of many starts, without a guarantee.
        """
        if np.size(a) != np.size(b):
            raise ValueError(f"a has {np.size(a)} coordinates and b {np.size(b)}.")
        target, centre, labels = centred(a, self.species, self.masses)
        atoms, _, _ = centred(b, self.species, self.masses)
        radius = np.sqrt(np.max(np.sum(target**2, 1)))
        improper = self.inversion
        found = superpositions(target, atoms, labels, CONGRUENT * radius, improper=improper)
        whole = [row for row, p in enumerate(found.permutations) if self._keeps_molecules(p)]
        if whole:
            permutation = found.permutations[whole[int(np.argmin(found.worst[whole]))]]
            matched = atoms[permutation]
            rotation = best_rotation(target, matched, None if improper else 1.0)
            image = matched @ rotation.T
        else:
            assign = functools.partial(_assign, equivalent=self.equivalent)
            image, _ = closest(target, atoms, labels, improper=improper, assign=assign)
        return (image + centre).reshape(-1), float(np.linalg.norm(target - image))

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.asarray(x)
        atoms, centre, labels = centred(x, self.species, self.masses)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        hand = rng.choice([-1.0, 1.0]) if self.inversion else 1.0
        rotation *= hand * np.sign(np.linalg.det(rotation))
        size = len(labels) // self.count
        inner = np.array(self.equivalent)[rng.integers(len(self.equivalent), size=self.count)]
        permutation = (size * rng.permutation(self.count)[:, None] + inner).reshape(-1)
        shift = rng.normal(size=3) * (np.sqrt(np.mean(atoms**2)) or 1.0)
        image = atoms[permutation] @ rotation.T + centre + shift
        return image.reshape(x.shape).astype(x.dtype)

    def _keeps_molecules(self, permutation) -> bool:
        rows = np.reshape(permutation, (self.count, -1))
        size = rows.shape[1]
        together = (rows // size == rows[:, :1] // size).all()
        return bool(together) and all(tuple(row % size) in self.equivalent for row in rows)


def _assign(a, b, kinds, equivalent):
    """The permutation of molecules, and of atoms in them, with `b[permutation]` closest to `a`."""
    del kinds
    size = len(equivalent[0])
    target, other = a.reshape(-1, size * 3), b.reshape(-1, size, 3)
    overlap = np.stack([target @ other[:, order].reshape(len(other), -1).T for order in equivalent])
    rows, columns = scipy.optimize.linear_sum_assignment(overlap.max(axis=0), maximize=True)
    inner = np.array(equivalent)[overlap[:, rows, columns].argmax(axis=0)]
    return (size * columns[:, None] + inner).reshape(-1)
