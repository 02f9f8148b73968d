"""Which atoms are of each kind."""

import numpy as np


def groups_of_kinds(species, count: int) -> list[np.ndarray]:
    """Rows of the atoms of each kind, kinds in order of appearance.

    **Raises:** `ValueError` unless `species` (None where all are alike) names `count` atoms.
    """
    species = ("",) * count if species is None else tuple(species)
    if len(species) != count:
        raise ValueError(f"species names {len(species)} atoms, and the point has {count}")
    return [np.flatnonzero([other == kind for other in species]) for kind in dict.fromkeys(species)]
