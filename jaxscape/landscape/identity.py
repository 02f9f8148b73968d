"""Is this stationary point known? Answered at a cost that does not grow with the network."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape.columns import GrowingArray
from jaxscape.symmetry import Symmetry


@dataclasses.dataclass(frozen=True)
class IdentityTolerance:
    """How close two stationary points are to be one.

    - `energy`: `|E_a - E_b| <= energy * max(1, |E_a|)`.
    - `distance`: fingerprints differ nowhere by more than `distance * (1 + rms(x_a))`.

    >>> IdentityTolerance.for_dtype("float64")
    IdentityTolerance(energy=1e-07, distance=0.0001)
    """

    energy: float = 1e-7
    distance: float = 1e-4

    def __post_init__(self):
        if not 0.0 < self.energy < 0.5:
            raise ValueError(
                f"the energy tolerance is {self.energy}: it is relative, between 0 and 0.5"
            )
        if not 0.0 < self.distance < np.inf:
            raise ValueError(f"the distance tolerance is {self.distance}: it must be positive")

    @staticmethod
    def for_dtype(dtype) -> "IdentityTolerance":
        """What rounding and the default stopping criterion of a dtype can tell apart."""
        eps = float(np.finfo(np.dtype(dtype)).eps)
        return IdentityTolerance(max(1e-7, 64 * eps), max(1e-4, 30 * eps**0.5))

    def loosest(self, other: "IdentityTolerance") -> "IdentityTolerance":
        """The looser of two tolerances, in energy and in distance."""
        return IdentityTolerance(max(self.energy, other.energy), max(self.distance, other.distance))


class IdentityIndex:
    """Stationary points by energy and fingerprint, numbered in order of insertion.

    Points live in the cells of a grid with two axes: the energy (its logarithm beyond one, so
    that a relative tolerance has one width) and one fixed projection of the fingerprint, which
    keeps cells small where many different points share one energy. A look-up visits at most
    four cells, compares whole fingerprints there, and, where
    `symmetry.confirm_by_alignment` is set, aligns what is left.

    >>> from jaxscape.symmetry import NoSymmetry
    >>> index = IdentityIndex(NoSymmetry())
    >>> x = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    >>> index.insert(np.array([1.0, 1.0, 1.0]), x, x)[0].tolist()
    [0, 1, 0]
    """

    def __init__(self, symmetry: Symmetry, tolerance: IdentityTolerance | None = None):
        self.symmetry = symmetry
        self.tolerance = tolerance or IdentityTolerance()
        self._confirm = bool(getattr(symmetry, "confirm_by_alignment", False))
        self._energies = GrowingArray()
        self._projections = GrowingArray()
        self._fingerprints: GrowingArray | None = None
        self._xs: GrowingArray | None = None
        self._weights = np.zeros(0)
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._energy_width = 4 * self.tolerance.energy
        self._distance_width = 4 * self.tolerance.distance

    def __len__(self) -> int:
        return len(self._energies)

    def match(
        self,
        energies: Float[np.ndarray, " batch"],
        fingerprints: Float[np.ndarray, "batch f"],
        xs: Float[np.ndarray, "batch dim"],
    ) -> Int[np.ndarray, " batch"]:
        """Ids of the known points equal to these, -1 where there is none."""
        if not len(self) or not len(xs):
            return np.full(len(xs), -1)
        query = self._prepare(energies, fingerprints, xs)
        return np.array([self._find(query, i) for i in range(len(xs))], np.int64)

    def insert(
        self,
        energies: Float[np.ndarray, " batch"],
        fingerprints: Float[np.ndarray, "batch f"],
        xs: Float[np.ndarray, "batch dim"],
    ) -> tuple[Int[np.ndarray, " batch"], np.ndarray]:
        """Ids of these points, known or newly given, and a mask of the new ones.

        Equal points within the batch get one id; the first of them counts as new.
        """
        query = self._prepare(energies, fingerprints, xs)
        ids, new = np.full(len(xs), -1), np.zeros(len(xs), bool)
        for i in range(len(xs)):
            ids[i] = self._find(query, i) if len(self) else -1
            if ids[i] < 0:
                ids[i], new[i] = len(self), True
                self._append(query, slice(i, i + 1))
        return ids, new

    def extend(self, energies, fingerprints, xs) -> None:
        """Take over points known to be different, as read from a store."""
        self._append(self._prepare(energies, fingerprints, xs), slice(None))

    def loosen(self, tolerance: IdentityTolerance) -> None:
        """Widen the tolerance; points already in the index stay apart."""
        self.tolerance = self.tolerance.loosest(tolerance)
        if self._energy_width < 4 * self.tolerance.energy:
            self._energy_width = 4 * self.tolerance.energy
            self._regrid()

    def _prepare(self, energies, fingerprints, xs) -> "_Query":
        energies = np.asarray(energies, np.float64)
        xs = np.asarray(xs, np.float64)
        fingerprints = np.asarray(fingerprints, np.float64)
        if self._fingerprints is None or self._xs is None:
            width = fingerprints.shape[1]
            # Weights whose absolute values add up to one: the projection then changes by no
            # more than the largest difference of two fingerprints.
            weights = np.random.default_rng(0).uniform(-1.0, 1.0, width)
            self._weights = weights / max(np.sum(np.abs(weights)), 1e-300)
            # Single precision resolves every tolerance but the tightest, at half the memory.
            single = self.tolerance.distance >= 1e-5
            self._fingerprints = GrowingArray((width,), np.float32 if single else np.float64)
            self._xs = GrowingArray((xs.shape[1] if self._confirm else 0,))
        bounds = self.tolerance.distance * (1.0 + np.sqrt(np.mean(xs**2, axis=1)))
        widest = np.max(bounds, initial=0.0)
        if 2.5 * widest > self._distance_width:
            self._distance_width = 4 * widest
            self._regrid()
        projections = fingerprints @ self._weights
        return _Query(energies, fingerprints, xs, projections, bounds)

    def _find(self, query: "_Query", i: int) -> int:
        energy, bound = query.energies[i], query.bounds[i]
        low = self._cell(energy, query.projections[i], -1.5 * self.tolerance.energy, -1.1 * bound)
        high = self._cell(energy, query.projections[i], 1.5 * self.tolerance.energy, 1.1 * bound)
        candidates = [
            known
            for row in range(low[0], high[0] + 1)
            for column in range(low[1], high[1] + 1)
            for known in self._cells.get((row, column), ())
        ]
        if not candidates:
            return -1
        assert self._fingerprints is not None and self._xs is not None
        near = np.array(sorted(candidates))
        gap = np.abs(self._energies.array[near] - energy)
        near = near[gap <= self.tolerance.energy * max(1.0, abs(energy))]
        prints = self._fingerprints.array[near]
        distances = np.max(np.abs(prints - query.fingerprints[i]), axis=1, initial=0.0)
        # Nearest first; equal distances by age (the sort is stable).
        for j in np.argsort(distances, kind="stable"):
            if distances[j] > bound:
                return -1
            if not self._confirm or self._aligned(query.xs[i], self._xs.array[near[j]], bound):
                return int(near[j])
        return -1

    def _aligned(self, x, known, bound) -> bool:
        return self.symmetry.align(x, known)[1] < 10 * bound * np.sqrt(x.size)

    def _append(self, query: "_Query", rows: slice) -> None:
        assert self._fingerprints is not None and self._xs is not None
        first = len(self)
        self._projections.append(query.projections[rows])
        self._fingerprints.append(query.fingerprints[rows])
        self._xs.append(query.xs[rows][:, : None if self._confirm else 0])
        self._energies.append(query.energies[rows])
        self._enter(first)

    def _enter(self, first: int) -> None:
        energies = self._energies.array[first:]
        scaled = np.floor(_scaled(energies) / self._energy_width).astype(np.int64)
        shifts = self._projections.array[first:] / self._distance_width
        cells = zip(scaled.tolist(), np.floor(shifts).astype(np.int64).tolist(), strict=True)
        for position, cell in enumerate(cells, start=first):
            self._cells.setdefault(cell, []).append(position)

    def _regrid(self) -> None:
        self._cells = {}
        self._enter(0)

    def _cell(self, energy, projection, energy_shift, distance_shift) -> tuple[int, int]:
        return (
            int(np.floor((_scaled(energy) + energy_shift) / self._energy_width)),
            int(np.floor((projection + distance_shift) / self._distance_width)),
        )


@dataclasses.dataclass(frozen=True)
class _Query:
    energies: np.ndarray
    fingerprints: np.ndarray
    xs: np.ndarray
    projections: np.ndarray
    bounds: np.ndarray


def _scaled(energy):
    """The energy up to one, beyond it the logarithm: relative steps become even ones."""
    size = np.abs(energy)
    return np.where(size <= 1.0, energy, np.sign(energy) * (1.0 + np.log(np.maximum(size, 1.0))))
