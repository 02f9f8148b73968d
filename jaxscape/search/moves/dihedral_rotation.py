"""A move of basin-hopping for molecules: groups turned about the bonds that are free to turn."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxscape.search.moves.turning import turned


@dataclasses.dataclass(frozen=True)
class DihedralRotation:
    """Groups turned about free bonds, each by a random angle; rings stay as they are.

    Called for one lane as `move(key, x, size)`: a point `[3 n]`; `size` is not used. A bond is
    free if it is part of no ring and has further atoms on both sides.

    - `bonds`: pairs of atom numbers, such as `surface.symmetry.bonds`.
    - `turn`: largest angle in radians.
    - `share`: the probability of each free bond to turn; at least one does.
    - `rigid`: bonds that do not turn, such as double bonds and amides.

    **Raises:** `ValueError` if no bond is free, or one names an atom twice.

    >>> move = DihedralRotation([(0, 1), (1, 2), (2, 3)])
    >>> move.free
    ((1, 2),)

    Z. Li and H. A. Scheraga, PNAS 84, 6611 (1987).
    """

    bonds: tuple[tuple[int, int], ...]
    turn: float = np.pi
    share: float = 0.3
    rigid: tuple[tuple[int, int], ...] = ()

    def __init__(
        self,
        bonds: Sequence[tuple[int, int]],
        turn: float = np.pi,
        share: float = 0.3,
        rigid: Sequence[tuple[int, int]] = (),
    ):
        pairs = [tuple(sorted((int(i), int(j)))) for i, j in bonds]
        if any(i == j or i < 0 for i, j in pairs):
            raise ValueError(f"bonds has {[p for p in pairs if p[0] == p[1] or p[0] < 0][0]}")
        if not 0 < turn <= np.pi or not 0 < share <= 1:
            raise ValueError(
                f"turn is {turn} and share {share}: pass 0 < turn <= pi, 0 < share <= 1"
            )
        held = tuple(sorted(tuple(sorted((int(i), int(j)))) for i, j in rigid))
        object.__setattr__(self, "bonds", tuple(sorted(set(pairs))))
        object.__setattr__(self, "turn", float(turn))
        object.__setattr__(self, "share", float(share))
        object.__setattr__(self, "rigid", held)
        if not self.free:
            raise ValueError("no bond is free to turn: rings, ends and rigid bonds are not")

    @property
    def free(self) -> tuple[tuple[int, int], ...]:
        """The bonds that turn; the first atom is on the side that stays."""
        return tuple((a, b) for a, b, _ in self._turns())

    def _turns(self) -> list[tuple[int, int, list[int]]]:
        return free_turns(self.bonds, self.rigid)

    def __call__(self, key, x, size):
        del size
        turns = self._turns()
        chosen, angle, sure = jax.random.split(key, 3)
        atoms = x.reshape(-1, 3)
        last = max(map(max, self.bonds))
        if last >= len(atoms):
            raise ValueError(f"bonds names atom {last}, and the point has {len(atoms)} atoms")
        count = len(turns)
        turning = jax.random.uniform(chosen, (count,)) < self.share
        turning = turning | (jnp.arange(count) == jax.random.randint(sure, (), 0, count))
        angles = self.turn * jax.random.uniform(angle, (count,), x.dtype, -1.0, 1.0)
        angles = jnp.where(turning, angles, 0.0)
        for (a, b, side), by in zip(turns, angles, strict=True):
            axis = atoms[b] - atoms[a]
            axis = axis / jnp.sqrt(jnp.sum(axis * axis))
            moves = np.isin(np.arange(len(atoms)), side)[:, None]
            atoms = jnp.where(moves, atoms[b] + turned(atoms - atoms[b], axis, by), atoms)
        return atoms.reshape(x.shape)


def free_turns(bonds, rigid=()) -> list[tuple[int, int, list[int]]]:
    """`(a, b, atoms)`: what turns about each free bond, `a` on the side that stays."""
    near: dict[int, set[int]] = {}
    for i, j in bonds:
        near.setdefault(i, set()).add(j)
        near.setdefault(j, set()).add(i)
    found = []
    for i, j in bonds:
        if (i, j) in rigid or len(near[i]) < 2 or len(near[j]) < 2:
            continue
        there = beyond(near, i, j)
        if i in there:
            continue  # a ring
        other = beyond(near, j, i)
        small, pair = (there, (i, j)) if len(there) <= len(other) else (other, (j, i))
        found.append((*pair, sorted(small)))
    return found


def amide_bonds(species, bonds) -> list[tuple[int, int]]:
    """Bonds of a nitrogen to a carbon that holds an oxygen or sulphur with no other bond.

    Half double, they turn over some 20 kcal/mol, and nothing about a molecule's conformers hangs
    on whether they do.
    """
    near: dict[int, set[int]] = {}
    for i, j in bonds:
        near.setdefault(i, set()).add(j)
        near.setdefault(j, set()).add(i)
    acyl = {
        i
        for i, others in near.items()
        if species[i] == "C"
        and len(others) == 3
        and any(species[k] in ("O", "S") and len(near[k]) == 1 for k in others)
    }
    kinds = (("C", "N"), ("N", "C"))
    return [
        (i, j)
        for i, j in bonds
        if (species[i], species[j]) in kinds and (i if species[i] == "C" else j) in acyl
    ]


def beyond(near, i, j) -> set[int]:
    """Atoms that hang on `j` when its bond to `i` is cut."""
    reached, queue = {j}, [j]
    for here in queue:
        new = {k for k in near[here] - reached if (here, k) != (j, i)}
        reached |= new
        queue += sorted(new)
    return reached
