"""A move of basin-hopping for crystals whose cell may change: the lattice strained."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxscape.search.moves.move import Move

# Where the strains xx, yy, zz, yz, xz, xy of a point are in the matrix, and what they are times
# there: as in `potentials.VariableCell`.
_ROWS, _COLUMNS = np.array([0, 1, 2, 1, 0, 0]), np.array([0, 1, 2, 2, 2, 1])
_WEIGHT = np.array([1.0, 1.0, 1.0, 0.5**0.5, 0.5**0.5, 0.5**0.5])


@dataclasses.dataclass(frozen=True)
class Strain:
    """The cell strained at random, its atoms at the same fractions of it, and moved after that.

    For points `[3 n + 6]` of `potentials.VariableCell`, whose last six coordinates are the cell's.
    Moves of atoms take these for two atoms more: with `move` they see the atoms alone.

    - `cell`: the reference, as that of the potential: vectors as rows `[3, 3]`, or three edges.
    - `amount`: every strain changes by this at most, uniformly; with 0 the cell stays.
    - `most`: no principal strain from the reference is larger after the move, or it is cut to
      this. A potential that sees the images of the reference cell is right within its `slack`.
    - `move`: of the atoms, such as `Displacement()`, in the reference cell; None leaves them.

    **Raises:** `ValueError` for a cell without volume, or numbers that are no strains.

    The cells of a population are varied like this by C. W. Glass, A. R. Oganov and N. Hansen,
    Comput. Phys. Commun. 175, 713 (2006).

    >>> move = Strain(cell=[2.0, 2.0, 2.0], amount=0.1)
    >>> x = move(jax.random.key(0), jnp.ones(12), 0.1)
    >>> bool(jnp.all(x[:6] == 1.0)), bool(jnp.any(x[6:] != 1.0))
    (True, True)
    """

    cell: tuple[tuple[float, ...], ...]
    amount: float = 0.1
    most: float = 0.2
    move: Move | None = None

    def __init__(self, cell, amount: float = 0.1, most: float = 0.2, move: Move | None = None):
        cell = np.asarray(cell, np.float64)
        cell = np.diag(cell) if cell.shape == (3,) else cell
        if cell.shape != (3, 3) or not abs(np.linalg.det(cell)) > 0:
            raise ValueError(f"cell is {cell.tolist()}; pass three vectors as rows, or edges")
        if not 0 <= amount < 1 or not 0 < most < 1:
            raise ValueError(
                f"amount is {amount} and most {most}: pass 0 <= amount < 1, 0 < most < 1"
            )
        object.__setattr__(self, "cell", tuple(map(tuple, cell.tolist())))
        object.__setattr__(self, "amount", float(amount))
        object.__setattr__(self, "most", float(most))
        object.__setattr__(self, "move", move)

    def __call__(self, key, x, size):
        count = (x.size - 6) // 3
        if x.size % 3 or count < 1:
            raise ValueError(
                f"the point has {x.size} coordinates: a crystal whose cell may change has three "
                "for each atom and six for the cell"
            )
        by, atoms = jax.random.split(key)
        places = x[:-6] if self.move is None else self.move(atoms, x[:-6], size)
        if not self.amount:
            return jnp.concatenate([places, x[-6:]])
        # As potentials.VariableCell.length.
        volume = abs(np.linalg.det(np.array(self.cell)))
        length = (volume / count) ** (1 / 3) * count**0.5
        weight = jnp.array(_WEIGHT / length, x.dtype)
        six = weight * x[-6:] + self.amount * jax.random.uniform(by, (6,), x.dtype, -1.0, 1.0)
        bent = jnp.zeros((3, 3), x.dtype).at[_ROWS, _COLUMNS].set(six)
        bent = bent.at[_COLUMNS, _ROWS].set(six)
        sizes, axes = jnp.linalg.eigh(bent)
        kept = (axes * jnp.clip(sizes, -self.most, self.most)) @ axes.T
        return jnp.concatenate([places, kept[_ROWS, _COLUMNS] / weight])
