"""Distances between minima: cheap ones that rank, and exact ones where it matters."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from jaxscape.landscape import Landscape


class Distances:
    """Distances between the minima of a growing network.

    `estimated` compares fingerprints, which costs nothing; `exact` aligns two minima, once.
    """

    def __init__(self, network: Landscape):
        self.network = network
        self._prints: np.ndarray | None = None
        self._exact: dict[tuple[int, int], float] = {}

    def estimated(self, i, j) -> Float[np.ndarray, "I J"]:
        """Between all minima `i` and all minima `j` (ids), in units of fingerprints."""
        prints = self._fingerprints()
        i, j = np.asarray(i, np.int64), np.asarray(j, np.int64)
        first, second = prints[i], prints[j]
        square = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)[None, :]
        return np.sqrt(np.maximum(square - 2.0 * first @ second.T, 0.0))

    def exact(self, a: int, b: int) -> float:
        """Between two minima (ids), aligned as well as the symmetry allows."""
        key = (a, b) if a < b else (b, a)
        if key not in self._exact:
            x = self.network.minima.x
            _, distance = self.symmetry.align(x[key[0]], x[key[1]])
            self._exact[key] = float(distance)
        return self._exact[key]

    def nearest(self, pairs: list[tuple[int, int]], number: int) -> list[tuple[int, int]]:
        """The nearest `number` of some pairs, the nearest first: ranked, then measured."""
        if not pairs:
            return []
        a, b = np.array(pairs, np.int64).T
        prints = self._fingerprints()
        rough = np.linalg.norm(prints[a] - prints[b], axis=1)
        short = np.argsort(rough, kind="stable")[: 2 * number]
        measured = [self.exact(int(a[k]), int(b[k])) for k in short]
        return [pairs[short[k]] for k in np.argsort(measured, kind="stable")[:number]]

    @property
    def symmetry(self):
        """That of the surface, which tells what is near."""
        if self.network.symmetry is None:
            raise ValueError("this landscape has no surface: load it with its surface")
        return self.network.symmetry

    def _fingerprints(self) -> np.ndarray:
        x = self.network.minima.x
        known = 0 if self._prints is None else len(self._prints)
        if self._prints is None or known < len(x):
            new = np.asarray(self.symmetry.fingerprint(x[known:]), np.float64)
            self._prints = new if self._prints is None else np.concatenate([self._prints, new])
        return self._prints
