"""Pairs of atoms in a periodic cell: every one of them visited once from either end.

As in `_pair`, the pairs of all atoms with atom `j` (and one image of it) are added to running
sums, one `j` at a time, planes of coordinates apart and lanes trailing. Where a cell may change
its shape, positions are those in the reference cell, and separations are deformed.
"""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float


class Images(eqx.Module):
    """A periodic cell, and which images of an atom may be within a cutoff.

    `cell` rows are the vectors; `shifts` are added to the nearest image. Without a cell every
    atom has one image.
    """

    cell: Float[Array, "3 3"] | None
    shifts: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    upright: bool = eqx.field(static=True)

    def __init__(self, cell, cutoff: float, slack: float = 0.0):
        self.cell, self.shifts, self.upright = None, ((0, 0, 0),), True
        if not 0 <= slack < 1:
            raise ValueError(f"slack is {slack}; pass a share, 0 <= slack < 1")
        if cell is not None:
            cell = checked_cell(cell)
            self.cell = jnp.asarray(cell, float)
            self.shifts = _shifts(cell, cutoff / (1.0 - slack))
            self.upright = bool(np.count_nonzero(cell - np.diag(np.diag(cell))) == 0)

    @property
    def count(self) -> int:
        return len(self.shifts)

    def apart(self, rows, other, shift):
        """Vectors from `other` to all `rows`, plane by plane, nearest image and then shifted."""
        apart = [p - q for p, q in zip(rows, other, strict=True)]
        if self.cell is None:
            return apart
        cell = self.cell.astype(apart[0].dtype)
        if self.upright:
            edges = [cell[k, k] for k in range(3)]
            # Turns are whole numbers: no derivative.
            turns = [shift[k] - lax.stop_gradient(jnp.round(apart[k] / edges[k])) for k in range(3)]
            return [apart[k] + turns[k] * edges[k] for k in range(3)]
        inverse = lax.stop_gradient(jnp.linalg.inv(cell))
        parts = [sum(apart[a] * inverse[a, k] for a in range(3)) for k in range(3)]
        turns = [shift[k] - lax.stop_gradient(jnp.round(parts[k])) for k in range(3)]
        return [apart[k] + sum(turns[a] * cell[a, k] for a in range(3)) for k in range(3)]

    def sweep(self, columns, add, sums):
        """`add(j, itself, shift, planes of atom j, sums) -> sums` over all atoms and images.

        `itself` is `j` where the shift is none, and else no atom's number.
        """
        shifts = jnp.asarray(self.shifts, columns[0].dtype)

        # Two loops: a division of counters would be done anew for every pair.
        def image(k, sums):
            home = jnp.all(shifts[k] == 0)

            def atom(j, sums):
                other = [lax.dynamic_index_in_dim(p, j, 0) for p in columns]
                return tuple(add(j, jnp.where(home, j, -1), shifts[k], other, sums))

            return lax.fori_loop(0, columns[0].shape[0], atom, sums)

        if self.count == 1:
            return image(0, tuple(sums))
        return lax.fori_loop(0, self.count, image, tuple(sums))


def planes(x):
    """x, y and z `[n, *lanes]` of points `[3 n, *lanes]`."""
    if x.shape[0] % 3:
        raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
    atoms = x.reshape(-1, 3, *x.shape[1:])
    return [atoms[:, 0], atoms[:, 1], atoms[:, 2]]


def flat(planes, like):
    """The inverse of `planes`."""
    return jnp.stack(planes, axis=1).reshape(like.shape)


def numbered(count: int, lanes: int):
    """Labels of atoms as a column beside `lanes` trailing axes."""
    return jnp.arange(count).reshape(-1, *(1,) * lanes)


def deformed(apart, deformation):
    """Separations in the deformed cell; `deformation[a][b]` are numbers or lanes."""
    if deformation is None:
        return apart
    return [sum(apart[a] * deformation[a][b] for a in range(3)) for b in range(3)]


def checked_cell(cell, name: str = "cell"):
    """A cell as `[3, 3]` float64, or a `ValueError`."""
    cell = np.asarray(cell, np.float64)
    if cell.shape == (3,):
        cell = np.diag(cell)
    if cell.shape != (3, 3):
        raise ValueError(
            f"{name} has shape {cell.shape}; pass three vectors as rows [3, 3], or three edges"
        )
    size = np.max(np.abs(cell))
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) <= 1e-9 * size**3:
        raise ValueError(f"{name} has no volume: {cell.tolist()}")
    return cell


def _shifts(cell, cutoff) -> tuple[tuple[int, ...], ...]:
    """Shifts of a nearest image that may bring it within the cutoff."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    most = np.floor(cutoff / heights + 0.5).astype(int)
    grid = np.array(list(itertools.product(*(range(-m, m + 1) for m in most.tolist()))))
    # A nearest image is no further from the origin than the corners of the cell around it.
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) @ cell
    room = np.max(np.linalg.norm(corners, axis=1))
    kept = grid[np.linalg.norm(grid @ cell, axis=1) <= cutoff + room]
    return tuple(map(tuple, kept.tolist()))
