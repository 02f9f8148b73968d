"""Atoms that overlap are pushed apart before a potential sees them."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape._compilation import jit_quickly
from jaxscape.search.moves import Move
from jaxscape.surface import Surface, as_surface
from jaxscape.symmetry import Crystal
from jaxscape.symmetry._bonds import reaches, steps_apart

# Times the sum of two covalent radii: beyond every bond, and short of atoms in usual contact.
_CLOSEST = 1.5


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
class ClashRemoval:
    """Another move, after which atoms that overlap are pushed apart.

    - `move`: such as `js.DihedralRotation(bonds)` or `Displacement()`.
    - `closest`: the least distance; None for 1.5 times the sum of the covalent radii of `species`.
    - `species`: chemical symbols of the atoms, for `closest=None`.
    - `bonds`: atoms up to two of these apart keep their distances as far as possible.
    - `rounds`: of pushing, each all pairs at once.
    - `radii`: covalent radii in Angstrom of kinds that are no elements, `{"X": 1.2}`.

    **Raises:** `ValueError` for a distance that is not positive, or kinds without a radius.

    >>> from jaxscape.search.moves import Displacement
    >>> move = ClashRemoval(Displacement(), closest=0.8)
    >>> x = move(jax.random.key(0), jnp.zeros(6), 0.1)
    >>> bool(jnp.linalg.norm(x[:3] - x[3:]) > 0.79)
    True
    """

    move: Move
    closest: float | None = None
    species: tuple[str, ...] = ()
    bonds: tuple[tuple[int, int], ...] = ()
    rounds: int = 200
    radii: tuple[tuple[str, float], ...] = ()

    def __init__(
        self,
        move: Move,
        closest: float | None = None,
        species: Sequence[str] = (),
        bonds: Sequence[tuple[int, int]] = (),
        rounds: int = 200,
        radii: Mapping[str, float] | None = None,
    ):
        if closest is None and not len(species):
            raise ValueError("closest is None: pass a distance, or species of known radii")
        if closest is not None and not 0 < closest < np.inf:
            raise ValueError(f"closest is {closest}; it must be a positive length")
        if rounds < 1:
            raise ValueError(f"rounds is {rounds}; pass a positive number")
        if closest is None:
            reaches(species, radii)
        object.__setattr__(self, "move", move)
        object.__setattr__(self, "closest", None if closest is None else float(closest))
        object.__setattr__(self, "species", tuple(species))
        object.__setattr__(self, "bonds", tuple((int(i), int(j)) for i, j in bonds))
        object.__setattr__(self, "rounds", int(rounds))
        object.__setattr__(self, "radii", tuple(sorted(dict(radii or {}).items())))

    def __call__(self, key, x, size):
        return self.pushed(self.move(key, x, size))

    def pushed(self, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """`x` without overlaps; atoms near along bonds keep the distances they have in `x`."""
        n = x.size // 3
        if self.species and len(self.species) != n or max((*sum(self.bonds, ()), 0)) >= n:
            raise ValueError(
                f"the point has {n} atoms: species names {len(self.species)}, or a bond another"
            )
        least = self.closest
        if least is None:
            least = _CLOSEST * reaches(self.species, dict(self.radii))
        least = np.broadcast_to(least, (n, n))
        near = np.zeros((n, n), bool)
        if self.bonds:
            near = steps_apart(n, self.bonds) <= 2
        other = ~np.eye(n, dtype=bool)
        held, free = jnp.array(near & other), jnp.array(np.where(near | ~other, 0.0, least))
        free = free.astype(x.dtype)
        # Atoms on one spot part in directions that are always the same.
        sides = np.random.default_rng(0).normal(size=(n, n, 3))
        sides = jnp.array(sides - sides.transpose(1, 0, 2), x.dtype)
        atoms = x.reshape(n, 3)
        kept = _distances(atoms)

        def push(_, atoms):
            apart = atoms[:, None] - atoms
            length = _distances(atoms)
            spot = length < 1e-6
            way = jnp.where(spot[..., None], sides, apart)
            size = jnp.sqrt(jnp.sum(way * way, axis=2))
            way = way / jnp.where(size > 0, size, 1.0)[..., None]
            short = jnp.where(held, kept - length, jnp.maximum(free - length, 0.0))
            # Half by either atom; of several pushes an atom takes the mean.
            count = jnp.sum(
                (held & (jnp.abs(length - kept) > 1e-6 * kept)) | (free > length), axis=1
            )
            step = 0.5 * jnp.sum(short[..., None] * way, axis=1)
            return atoms + 1.2 * step / jnp.maximum(0.5 * count, 1.0)[:, None]

        return jax.lax.fori_loop(0, self.rounds, push, atoms).reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class _Nothing:
    def __call__(self, key, x, size):
        del key, size
        return x


def _distances(atoms):
    square = jnp.sum((atoms[:, None] - atoms) ** 2, axis=2)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
