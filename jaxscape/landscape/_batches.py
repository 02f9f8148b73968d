"""Batches of search results as rows of the network."""

import dataclasses

import numpy as np

from jaxscape.search.results import StationaryPoints
from jaxscape.symmetry import Symmetry

_CHUNK = 2048  # points whose fingerprints are computed at once
_FIELDS = ("x", "energy", "rms_gradient", "index", "lowest_eigenvalue", "log_product", "active")


def rows_of(points: StationaryPoints, good: np.ndarray, verified: bool, extra: dict) -> dict:
    """Columns of the points at positions `good`, each met once; `extra` has further columns."""
    rows = {name: np.asarray(getattr(points, name))[good] for name in _FIELDS}
    rows |= {name: np.asarray(column)[good] for name, column in extra.items()}
    rows["hits"] = np.ones(len(good), np.int64)
    rows["certified"] = np.full(len(good), verified)
    return rows


def fingerprints(symmetry: Symmetry, x: np.ndarray) -> np.ndarray:
    """`[B, f]`, fingerprints of points `[B, dim]`, a bounded number at a time."""
    x = np.asarray(x, np.float64)
    parts = [symmetry.fingerprint(x[start : start + _CHUNK]) for start in range(0, len(x), _CHUNK)]
    return np.concatenate([np.asarray(part) for part in parts])


def interleaved(plus: StationaryPoints, minus: StationaryPoints) -> StationaryPoints:
    """Points of two batches in turn: plus, minus, plus, minus, ..."""
    fields = {}
    for field in dataclasses.fields(StationaryPoints):
        pair = [np.asarray(getattr(side, field.name)) for side in (plus, minus)]
        if pair[0].ndim:
            fields[field.name] = np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:])
    return StationaryPoints(**fields)
