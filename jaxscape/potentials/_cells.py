"""Near pairs without a list: atoms sorted into a grid of boxes no narrower than the cutoff.

Each atom meets those of its own box and of the 26 around it. Boxes have room for so many atoms,
and a point that crowds one of them is told.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

_NEIGHBOURS = 3  # boxes along each edge, at least: fewer, and an atom would be met twice
_SPARE = 1.2  # times the fullest box of the reference


class Grid(NamedTuple):
    """Boxes along each vector of a cell, and for how many atoms each has room."""

    boxes: tuple[int, int, int]
    room: int


class Sorted(NamedTuple):
    """Which slot of the grid each atom is in, and which atom is in each slot (-1: none).

    `fullest` is the largest number of atoms in a box, which may be more than there is room for.
    """

    slots: Int[Array, " n"]
    atoms: Int[Array, "i j k room"]
    fullest: Int[Array, ""]


def grid_for(atoms: Float[np.ndarray, "n 3"], cell, cutoff: float) -> Grid | None:
    """A grid for these atoms and others like them; None where it would save nothing."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    boxes = np.floor(heights / cutoff).astype(int)
    if boxes.min() < _NEIGHBOURS:
        return None
    parts = atoms @ np.linalg.inv(cell)
    places = np.minimum(((parts - np.floor(parts)) * boxes).astype(int), boxes - 1)
    counts = np.bincount(np.ravel_multi_index(tuple(places.T), tuple(boxes)))
    room = int(np.ceil(_SPARE * counts.max()))
    if 27 * room**2 * boxes.prod() >= len(atoms) ** 2:
        return None
    return Grid((int(boxes[0]), int(boxes[1]), int(boxes[2])), room)


def sorted_atoms(grid: Grid, rows, cell) -> Sorted:
    """Atoms of one point, planes `[n]`, in the slots of a grid."""
    inverse = lax.stop_gradient(jnp.linalg.inv(cell))
    box = jnp.zeros(rows[0].shape, jnp.int32)
    for axis, count in enumerate(grid.boxes):
        part = sum(row * inverse[k, axis] for k, row in enumerate(rows))
        place = ((part - jnp.floor(part)) * count).astype(jnp.int32)
        box = box * count + jnp.clip(place, 0, count - 1)
    number, total = len(rows[0]), grid.room * int(np.prod(grid.boxes))
    order = jnp.argsort(box)
    ordered = box[order]
    rank = jnp.arange(number) - jnp.searchsorted(ordered, ordered)
    slot = jnp.where(rank < grid.room, ordered * grid.room + rank, total)
    slots = jnp.zeros(number, jnp.int32).at[order].set(slot.astype(jnp.int32))
    atoms = jnp.full(total, -1, jnp.int32).at[slot].set(order.astype(jnp.int32), mode="drop")
    atoms = atoms.reshape(*grid.boxes, grid.room)
    return Sorted(slots, atoms, 1 + jnp.max(rank).astype(jnp.int32))


def over_near(grid: Grid, fullest, planes, add, sums):
    """`add(others, sums)` for every slot with all those near it, which come as planes, too.

    Slots beyond the `fullest` box are empty everywhere.
    """
    padded = [jnp.pad(plane, ((1, 1),) * 3 + ((0, 0),), mode="wrap") for plane in planes]
    sizes = (*grid.boxes, 1)

    def step(k, sums):
        slot, box = k // 27, k % 27
        start = (box // 9, box // 3 % 3, box % 3, slot)
        return tuple(add([lax.dynamic_slice(plane, start, sizes) for plane in padded], sums))

    return lax.fori_loop(0, 27 * jnp.minimum(fullest, grid.room), step, tuple(sums))
