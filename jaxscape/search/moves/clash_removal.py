"""A move of basin-hopping: another one, after which atoms that overlap are pushed apart."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.search.moves.move import Move
from jaxscape.symmetry._bonds import reaches, steps_apart

# Times the sum of two covalent radii: beyond every bond, and short of atoms in usual contact.
_CLOSEST = 1.5


@dataclasses.dataclass(frozen=True)
class ClashRemoval:
    """Another move, after which atoms that overlap are pushed apart.

    - `move`: such as `js.moves.DihedralRotation(bonds)` or `Displacement()`.
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


def _distances(atoms):
    square = jnp.sum((atoms[:, None] - atoms) ** 2, axis=2)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
