"""Crystals whose cell may change, under pressure."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from jaxscape.potentials._images import checked_cell
from jaxscape.potentials._lean import lean_energy

# Strains by name: xx, yy, zz, yz, xz, xy. Off-diagonal ones come twice, hence the root.
_ENTRIES = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
_WEIGHT = (1.0, 1.0, 1.0, 0.5**0.5, 0.5**0.5, 0.5**0.5)


class VariableCell(eqx.Module):
    """The enthalpy `E + pressure V` of atoms and the cell they are in.

    A point `[3 n + 6]` holds the positions in the reference cell and a symmetric strain: cell
    and positions are those of the reference multiplied by `1 + strain`. A symmetric strain leaves
    no rotation, so that translations are the only zero modes.

    **Arguments:**

    - `function`: a potential with a cell (`Periodic`, `StillingerWeber`), or any function
      `(positions [3 n], cell [3, 3]) -> energy`.
    - `atoms`: their number.
    - `cell`: the reference `[3, 3]`; default that of the potential. Take one near the crystal
      looked for: images of atoms are those of this cell, with the potential's `slack`.
    - `pressure`: in units of energy by volume; differentiable.

    The last six coordinates are lengths, strains times `length = (V / n)^(1/3) n^(1/2)`: a cell
    then is about as stiff as an atom. D. Sheppard, P. Xiao, W. Chemelewski, D. D. Johnson and
    G. Henkelman, J. Chem. Phys. 136, 074103 (2012).

    **Raises:** `ValueError` for a potential with held atoms, or without a cell.

    >>> from jaxscape.potentials import StillingerWeber
    >>> silicon = VariableCell(StillingerWeber([5.431] * 3), atoms=8)
    >>> x = silicon.point(np.zeros(24), 5.5 * np.eye(3))
    >>> silicon.cell_of(x).diagonal().round(3).tolist()
    [5.5, 5.5, 5.5]
    """

    function: Callable
    cell: Float[Array, "3 3"]
    pressure: Float[Array, ""]
    atoms: int = eqx.field(static=True)

    def __init__(self, function: Callable, *, atoms: int, cell=None, pressure: float = 0.0):
        if not callable(function):
            raise ValueError(f"function is {function!r}; pass a potential, or (x, cell) -> energy")
        if hasattr(function, "strained"):
            own = function.cell
            if own is None:
                raise ValueError("the potential has no cell: make it with one, the reference")
            if cell is not None and not np.allclose(checked_cell(cell), own):
                raise ValueError(
                    f"cell is {np.asarray(cell).tolist()}, and the potential has another: leave "
                    "it out, or make the potential with it"
                )
        if cell is None:
            cell = getattr(function, "cell", None)
        if cell is None:
            raise ValueError("the potential has no cell: pass cell=, the reference")
        if getattr(function, "frozen", None) is not None:
            raise ValueError("the potential holds atoms, which cannot follow a cell")
        if isinstance(atoms, bool) or int(atoms) != atoms or atoms < 1:
            raise ValueError(f"atoms is {atoms!r}; pass how many there are")
        if not np.isfinite(pressure):
            raise ValueError(f"pressure is {pressure}; it must be finite")
        self.function, self.atoms = function, int(atoms)
        self.cell = jnp.asarray(checked_cell(cell), float)
        self.pressure = jnp.asarray(pressure, float)

    @property
    def trailing_lanes(self) -> bool:
        return self._lean

    @property
    def _lean(self) -> bool:
        return hasattr(self.function, "strained")

    @property
    def dim(self) -> int:
        """Three coordinates for every atom and six for the cell."""
        return 3 * self.atoms + 6

    @property
    def length(self) -> Float[Array, ""]:
        """What strains are multiplied with to be coordinates."""
        volume = jnp.abs(jnp.linalg.det(self.cell))
        return (volume / self.atoms) ** (1 / 3) * self.atoms**0.5

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] != self.dim:
            raise ValueError(
                f"x has {x.shape[0]} coordinates: three for each of {self.atoms} atoms and six "
                f"for the cell are {self.dim}"
            )
        return lean_energy(self, x) if self._lean else self.plain_energy(x)

    def positions_of(self, x: Float[Array, "dim"]) -> Float[Array, "n 3"]:
        """Cartesian positions at a point."""
        bent = jnp.asarray(_deformation(x, self.length))
        return jnp.asarray(x)[:-6].reshape(-1, 3) @ bent

    def cell_of(self, x: Float[Array, "dim"]) -> Float[Array, "3 3"]:
        """The cell at a point, vectors as rows."""
        return self.cell @ jnp.asarray(_deformation(jnp.asarray(x), self.length))

    def frames_of(self, points: Float[np.ndarray, "frames dim"]):
        """Positions `[frames, 3 n]` and cells `[frames, 3, 3]` of many points, as NumPy arrays."""
        x = jnp.asarray(points)
        places = np.asarray(jax.vmap(self.positions_of)(x))
        return places.reshape(len(places), -1), np.asarray(jax.vmap(self.cell_of)(x))

    def point(self, positions, cell) -> Float[np.ndarray, " dim"]:
        """The point of given positions `[n, 3]` in a given cell, turned as it has to be."""
        cell, reference = checked_cell(cell), np.asarray(self.cell, np.float64)
        bend = np.linalg.solve(reference, cell)
        # bend = turned (1 + strain): the polar decomposition.
        u, stretch, vt = np.linalg.svd(bend)
        strain = (u * stretch) @ u.T - np.eye(3)
        places = np.reshape(positions, (self.atoms, 3)) @ np.linalg.inv(cell) @ reference
        six = [strain[i, j] / w for (i, j), w in zip(_ENTRIES, _WEIGHT, strict=True)]
        return np.concatenate([places.ravel(), float(self.length) * np.array(six)])

    def stress(self, x: Float[Array, "dim"]) -> Float[Array, "3 3"]:
        """The stress of the atoms at a point, positive under tension: `-pressure` at rest.

        The derivative of the energy by a strain of the cell at this point, over its volume.
        """
        x = jnp.asarray(x)
        bent = jnp.asarray(_deformation(x, self.length))
        at_rest = self.cell @ bent

        def energy(strain):
            return self._energy_in(x[:-6], bent @ (jnp.eye(3) + 0.5 * (strain + strain.T)))

        slope = jax.grad(energy)(jnp.zeros((3, 3), x.dtype))
        return slope / jnp.abs(jnp.linalg.det(at_rest))

    def _energy_in(self, places, bent):
        if self._lean:
            return self.function.strained(
                places, [[bent[a, b] for b in range(3)] for a in range(3)]
            )[0]  # type: ignore  # noqa: E501
        return self.function((places.reshape(-1, 3) @ bent).reshape(-1), self.cell @ bent)

    def plain_energy(self, x):
        """The energy that parameters are differentiated through."""
        bent = _deformation(x, self.length.astype(x.dtype))
        if self._lean:
            energy = self.function.strained(x[:-6], bent)[0]  # type: ignore
        else:
            energy = self._energy_in(x[:-6], jnp.stack([jnp.stack(line) for line in bent]))
        return energy + self._work(bent, x.dtype)

    def energy_and_gradient(self, x):
        """Enthalpy and gradient in as many passes over the pairs as the potential needs."""
        return self._assembled(x, lambda bent: (self.function.strained(x[:-6], bent), []))[0]  # type: ignore  # noqa: E501

    @property
    def products(self):
        """Enthalpy, gradient and `k` Hessian-vector products; None without a lean potential."""
        return self._products if self._lean else None

    def _products(self, x, v):
        length = self.length.astype(x.dtype)
        zero = _deformation(jnp.zeros_like(x), length)
        kicks = [
            [[a - b for a, b in zip(*pair, strict=True)] for pair in zip(bent, zero, strict=True)]
            for bent in (_deformation(one, length) for one in v)
        ]

        def parts(bent):
            return self.function.strained_products(x[:-6], [one[:-6] for one in v], bent, kicks)  # type: ignore  # noqa: E501

        (energy, gradient), changes = self._assembled(x, parts, kicks)
        return energy, gradient, jnp.stack(changes)

    @property
    def energy_gradient_hessian(self):
        """Enthalpy, gradient and dense Hessian; None without a lean potential."""
        return self._hessian if self._lean else None

    def _hessian(self, x):
        energy, gradient = self.energy_and_gradient(x)
        units = jnp.eye(x.shape[0], dtype=x.dtype).reshape(-1, x.shape[0], *(1,) * (x.ndim - 1))
        rows = lax.map(lambda u: self._products(x, jnp.broadcast_to(u, x.shape)[None])[2][0], units)
        return energy, gradient, rows

    def _assembled(self, x, parts, kicks=()):
        length = self.length.astype(x.dtype)
        bent = _deformation(x, length)
        (energy, gradient, by_cell), changes = parts(bent)
        work, slopes = jax.vjp(lambda b: self._work(b, x.dtype), bent)

        def pull(b):
            return jax.vjp(lambda b: self._work(b, x.dtype), b)[1](jnp.ones_like(work))[0]

        total = jax.tree.map(jnp.add, by_cell, slopes(jnp.ones_like(work))[0])
        found = []
        for (_, change, by), kick in zip(changes, kicks, strict=True):
            by = jax.tree.map(jnp.add, by, jax.jvp(pull, (bent,), (kick,))[1])
            found.append(jnp.concatenate([change, _six(by, length)]))
        return (energy + work, jnp.concatenate([gradient, _six(total, length)])), found

    def _work(self, bent, dtype):
        volume = jnp.abs(jnp.linalg.det(self.cell)).astype(dtype)
        a, b, c = bent
        stretched = (
            a[0] * (b[1] * c[2] - b[2] * c[1])
            - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
        return self.pressure.astype(dtype) * volume * stretched


def _deformation(x, length):
    """`1 + strain` as `[3][3]` numbers or lanes."""
    six = [w * x[k - 6] / length for k, w in enumerate(_WEIGHT)]
    bent: list[list] = [[None] * 3 for _ in range(3)]
    for (i, j), value in zip(_ENTRIES, six, strict=True):
        bent[i][j] = bent[j][i] = value + 1.0 if i == j else value
    return bent


def _six(by_cell, length):
    """The derivative by the last six coordinates from that by the deformation."""
    return jnp.stack(
        [
            w / length * (by_cell[i][j] if i == j else by_cell[i][j] + by_cell[j][i])
            for (i, j), w in zip(_ENTRIES, _WEIGHT, strict=True)
        ]
    )
