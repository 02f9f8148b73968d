"""Displacements of a few neighbouring atoms, to begin a search with."""

import numpy as np
from jaxtyping import Float

from jaxscape.search.draws import generators
from jaxscape.symmetry import Symmetry


def local_directions(
    key, jobs, x: Float[np.ndarray, "jobs dim"], symmetry: Symmetry, centres, radius: float
) -> Float[np.ndarray, "jobs dim"]:
    """Random unit vectors that move one of the atoms `centres`, and those within `radius` of it.

    Neighbours are looked for across the boundaries of a periodic cell. That of job `i` depends on
    the key and `i`.

    **Raises:** `ValueError` for points that are no atoms, or a centre that does not exist.
    """
    # A variable cell's own coordinates come last.
    free = x.shape[1] - 6 * bool(getattr(symmetry, "variable_cell", False))
    if free % 3 or max(centres) >= free // 3:
        raise ValueError(
            f"centres is {tuple(centres)!r}, and there are {free / 3:g} atoms that move: pass "
            f"numbers from 0 to {free // 3 - 1}"
        )
    nearest = getattr(symmetry, "nearest_image", lambda apart: apart)
    directions = np.zeros(x.shape, x.dtype)
    for row, generator in enumerate(generators(key, 2, jobs)):
        atoms = x[row, :free].reshape(-1, 3)
        centre = atoms[centres[generator.integers(len(centres))]]
        near = np.linalg.norm(nearest(atoms - centre), axis=1) <= radius
        kick = np.zeros(atoms.shape)
        kick[near] = generator.normal(size=(int(near.sum()), 3))
        directions[row, :free] = (kick / np.linalg.norm(kick)).reshape(-1)
    return directions
