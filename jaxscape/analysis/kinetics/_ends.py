"""The two ends of a reaction: sets of states, and whether they are connected."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from jaxscape.analysis.kinetics._absorption import finite_states
from jaxscape.analysis.kinetics.rate_matrix import RateMatrix


def rows_of(matrix: RateMatrix, ids, name: str) -> Int[np.ndarray, " n"]:
    """Rows of a set of states, each once.

    **Raises:** `ValueError` if the set is empty or an id does not exist.
    """
    if np.asarray(ids).size == 0:
        raise ValueError(f"{name} is empty: name at least one minimum by its id")
    return np.unique(matrix.rows(ids))


def ends_of(matrix: RateMatrix, a, b) -> tuple[Int[np.ndarray, " A"], Int[np.ndarray, " B"]]:
    """Rows of two sets of states that are apart, and connected.

    **Raises:** `ValueError` if they overlap, one is empty, or some state of one may never reach
    the other.
    """
    rows_a, rows_b = rows_of(matrix, a, "a"), rows_of(matrix, b, "b")
    both = np.intersect1d(rows_a, rows_b)
    if both.size:
        raise ValueError(
            f"a and b overlap in minimum {matrix.ids[both[0]]}: a minimum belongs to one end only"
        )
    for source, target in ((rows_a, rows_b), (rows_b, rows_a)):
        lost = source[~finite_states(matrix.chain, target)[source]]
        if lost.size:
            raise ValueError(
                f"no path leads from minimum {matrix.ids[lost[0]]} to minima "
                f"{matrix.ids[target][:5].tolist()}: leave it out, or explore longer "
                "(jaxscape.explore(surface, landscape=landscape, key=...)), which searches "
                "between components"
            )
    return rows_a, rows_b
