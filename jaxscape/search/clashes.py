"""Starts whose atoms overlap are pushed apart before a potential sees them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape._compilation import jit_quickly
from jaxscape.search.moves import ClashRemoval
from jaxscape.surface import Surface, as_surface
from jaxscape.symmetry import Crystal


def remove_clashes(
    surface: Surface,
    x: Float[Array | np.ndarray, "batch dim"],
    *,
    closest: float | None = None,
    rounds: int = 200,
) -> Float[np.ndarray, "batch dim"]:
    """Starts whose atoms keep a distance: those that overlap are pushed apart, evenly.

    Potentials are steep, or not finite, where atoms overlap. Of a molecule bond lengths and angles
    are kept as far as possible, by distances between atoms up to two bonds apart. Points without
    overlaps come back as they are.

    **Arguments:**

    - `surface`: of atoms in free space; its symmetry tells their kinds and bonds.
    - `x` `[batch, 3 n]`: the starts, such as those of `with_dihedrals`.
    - `closest`: the least distance, in units of length; by default 1.5 times the sum of the
      covalent radii, for atoms in Angstrom whose symmetry names elements.
    - `rounds`: of pushing, each all pairs at once. Where there is no room, overlaps are left.

    **Returns:** `[batch, 3 n]`.

    **Raises:** `ValueError` for periodic cells, atoms held fixed, points of another shape, or atoms
    without radii.

    >>> from jaxscape.systems import lennard_jones
    >>> apart = remove_clashes(lennard_jones(3), np.zeros((1, 9)), closest=0.9)
    >>> atoms = apart.reshape(3, 3)
    >>> bool(np.linalg.norm(atoms[0] - atoms[1]) > 0.89)
    True

    M. Mueller et al., J. Vis. Commun. Image Represent. 18, 109 (2007), for distances held by moves.
    """
    surface = as_surface(surface)
    if isinstance(surface.symmetry, Crystal):
        raise ValueError(f"{surface.name!r} is periodic: clashes are removed in free space only")
    if getattr(surface.symmetry, "frozen", None) is not None:
        raise ValueError(f"{surface.name!r} has atoms held fixed, which would not be seen")
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] % 3 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(f"x has shape {x.shape} and dtype {x.dtype}: pass floats [batch, 3 n]")
    species = getattr(surface.symmetry, "species", None)
    if closest is None and species is None:
        raise ValueError(f"the atoms of {surface.name!r} have no radii: pass closest=, a distance")
    bonds = getattr(surface.symmetry, "bonds", ())
    radii = getattr(surface.symmetry, "radii", None)
    kinds = () if closest is not None or species is None else species
    move = ClashRemoval(_Nothing(), closest, kinds, bonds, rounds, radii=radii)
    return np.asarray(_pushed(move, jnp.asarray(x)))


@jit_quickly
def _pushed(move, points):
    return jax.vmap(move.pushed)(points)


@dataclasses.dataclass(frozen=True)
class _Nothing:
    def __call__(self, key, x, size):
        del key, size
        return x
