"""The crystals that sums over near pairs are timed on, the same for every program."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from _common import Array

CUTOFF, SKIN = 2.5, 0.25


def crystal(cells: int) -> tuple[Array, float]:
    """`4 cells^3` atoms near face-centred cubic sites at density 1 `[3 n]`, and the cell's edge."""
    base = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    sites = np.concatenate([base + shift for shift in np.ndindex(cells, cells, cells)])
    edge = (4 * cells**3) ** (1 / 3)
    atoms = sites * edge / cells + np.random.default_rng(0).normal(0.0, 0.05, sites.shape)
    return np.mod(atoms, edge).ravel(), float(edge)


def least_cpu_ms(call: Callable[[], object], calls: int) -> float:
    """CPU milliseconds of the quickest of some calls."""
    call()
    spent = []
    for _ in range(calls):
        begun = time.process_time()
        call()
        spent.append(time.process_time() - begun)
    return round(1e3 * min(spent), 3)
