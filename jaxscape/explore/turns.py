"""Starts of searches for molecules: a part turned about one of the bonds that are free to turn."""

import numpy as np
from jaxtyping import Float

from jaxscape.search.draws import generators
from jaxscape.search.moves.turning import turned

# Barriers of single bonds lie 60 degrees from their minima, others up to twice as far.
_LEAST, _MOST = np.radians(30.0), np.radians(120.0)


def turned_starts(
    key, jobs, x: Float[np.ndarray, "jobs dim"], turns
) -> tuple[Float[np.ndarray, "jobs dim"], Float[np.ndarray, "jobs dim"]]:
    """Points with a part turned about a bond drawn at random, and unit vectors of the turn.

    `turns` as `free_turns` gives them. That of job `i` depends on the key and `i`.
    """
    starts, modes = np.array(x), np.zeros_like(x)
    for row, generator in enumerate(generators(key, 5, jobs)):
        a, b, side = turns[generator.integers(len(turns))]
        angle = generator.uniform(_LEAST, _MOST) * generator.choice([-1.0, 1.0])
        atoms = starts[row].reshape(-1, 3)
        axis = atoms[b] - atoms[a]
        axis = axis / np.linalg.norm(axis)
        arms = turned(atoms[side] - atoms[b], axis, angle, np)
        atoms[side] = atoms[b] + arms
        way = modes[row].reshape(-1, 3)
        way[side] = np.cross(axis, arms)
        modes[row] /= np.linalg.norm(modes[row])
    return starts, modes
