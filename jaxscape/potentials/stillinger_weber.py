"""Silicon: pairs and triples of neighbours, in free space or in a periodic cell."""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float


class StillingerWeber(eqx.Module):
    """Pairs, and triples that favour the tetrahedral angle, within a cutoff of `1.8 sigma`.

    `sum over pairs epsilon A (B / s^4 - 1) e^{1 / (s - a)} + sum over triples epsilon lambda
    (cos theta + 1/3)^2 e^{gamma / (s_1 - a)} e^{gamma / (s_2 - a)}` with `s = r / sigma`; every
    derivative is continuous at the cutoff. Triples are not enumerated: as the square of the
    cosine is a product of components, the sum over them is one of squared sums over neighbours.

    **Arguments:**

    - `cell`: rows are the vectors of a periodic cell, `[3, 3]`, in the unit of `sigma`; None for
      atoms in free space. It may be smaller than the cutoff. Which images are looked at follows
      from this cell: after a strain of more than some percent make a new potential.
    - `epsilon` (2.1683 eV), `sigma` (2.0951 Angstrom), `strength` (lambda): differentiable, as
      is `cell`.

    Points are `[3 n, *lanes]`, Cartesian also in a cell.

    **Raises:** `ValueError` for a cell that is not `[3, 3]` or has no volume.

    F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 2.0 ** (1 / 6), 0.0, 0.0])
    >>> round(float(StillingerWeber(epsilon=1.0, sigma=1.0)(pair)), 6)
    -1.0
    """

    epsilon: Float[Array, ""]
    sigma: Float[Array, ""]
    strength: Float[Array, ""]
    cell: Float[Array, "3 3"] | None
    shifts: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def __init__(self, cell=None, *, epsilon=2.1683, sigma=2.0951, strength=21.0):
        self.epsilon = jnp.asarray(epsilon, float)
        self.sigma = jnp.asarray(sigma, float)
        self.strength = jnp.asarray(strength, float)
        self.cell, self.shifts = None, ((0, 0, 0),)
        if cell is not None:
            cell = _checked(cell)
            self.cell = jnp.asarray(cell, float)
            self.shifts = _images(cell, 1.05 * _CUTOFF * float(sigma))

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
        atoms = x.reshape(-1, 3, *x.shape[1:])
        n, images = atoms.shape[0], len(self.shifts)
        shifts = jnp.asarray(self.shifts, x.dtype)
        sigma = self.sigma.astype(x.dtype)
        number = jnp.arange(n).reshape(-1, *(1,) * (x.ndim - 1))

        def add(t, sums):
            j, shift = t // images, shifts[t % images]
            apart = self._apart(atoms, j, shift)
            square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
            itself = (number == j) & jnp.all(shift == 0)
            near = ~itself & (square < (_CUTOFF * sigma) ** 2)
            # An argument that is good everywhere keeps derivatives finite beyond the cutoff.
            s = jnp.sqrt(jnp.where(near, square, sigma * sigma)) / sigma
            room = 1.0 / (s - _CUTOFF)
            fourth = 1.0 / (s * s * s * s)
            pair = jnp.where(near, _A * (_B * fourth - 1.0) * jnp.exp(room), 0.0)
            weight = jnp.where(near, jnp.exp(_GAMMA * room), 0.0)
            u = [d / (s * sigma) for d in apart]
            new = [pair, weight, weight * weight, *(weight * one for one in u)]
            new += [weight * u[a] * u[b] for a, b in _COMPONENTS]
            return tuple(total + more for total, more in zip(sums, new, strict=True))

        zero = jnp.zeros_like(atoms[:, 0])
        sums = lax.fori_loop(0, n * images, add, (zero,) * 12)
        pair, weight, own, *rest = sums
        first, second = rest[:3], rest[3:]
        # All pairs of neighbours, each twice, and each neighbour with itself (cosine one).
        triples = weight * weight / 9.0 + 2.0 / 3.0 * sum(v * v for v in first)
        triples = triples - 16.0 / 9.0 * own
        for (a, b), value in zip(_COMPONENTS, second, strict=True):
            triples = triples + (1.0 if a == b else 2.0) * value * value
        energy = 0.5 * pair + 0.5 * self.strength.astype(x.dtype) * triples
        return self.epsilon.astype(x.dtype) * jnp.sum(energy, axis=0)

    def _apart(self, atoms, j, shift):
        """Vectors from atom `j` to all atoms, in the nearest image and then shifted."""
        other = lax.dynamic_index_in_dim(atoms, j, 0)
        apart = [atoms[:, k] - other[:, k] for k in range(3)]
        if self.cell is None:
            return apart
        cell = self.cell.astype(atoms.dtype)
        inverse = jnp.linalg.inv(cell)
        turns = []
        for k in range(3):
            part = apart[0] * inverse[0, k] + apart[1] * inverse[1, k] + apart[2] * inverse[2, k]
            turns.append(shift[k] - lax.stop_gradient(jnp.round(part)))
        return [
            apart[k] + turns[0] * cell[0, k] + turns[1] * cell[1, k] + turns[2] * cell[2, k]
            for k in range(3)
        ]


_A, _B, _GAMMA, _CUTOFF = 7.049556277, 0.6022245584, 1.2, 1.8
_COMPONENTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def _checked(cell):
    cell = np.asarray(cell, np.float64)
    if cell.shape != (3, 3):
        raise ValueError(f"cell has shape {cell.shape}; pass three vectors as rows [3, 3]")
    size = np.max(np.abs(cell))
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) <= 1e-9 * size**3:
        raise ValueError(f"cell has no volume: {cell.tolist()}")
    return cell


def _images(cell, cutoff) -> tuple[tuple[int, ...], ...]:
    """Shifts of a nearest image that may bring it within the cutoff."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    most = np.floor(cutoff / heights + 0.5).astype(int)
    return tuple(itertools.product(*(range(-m, m + 1) for m in most.tolist())))
