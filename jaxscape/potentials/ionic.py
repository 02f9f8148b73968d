"""Ions in a periodic cell: charges by Ewald's sum, and what else two of them feel."""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import erfc
from jaxtyping import Array, Float

from jaxscape._compilation import is_traced
from jaxscape.potentials._fourier import Fourier
from jaxscape.potentials._images import checked_cell
from jaxscape.potentials._lean import lean_energy
from jaxscape.potentials._pair import PairPotential, slope_of
from jaxscape.potentials.periodic import Periodic

COULOMB = 14.399645478  # eV Angstrom: e^2 / (4 pi epsilon_0), CODATA 2018


class Buckingham(PairPotential):
    """`A e^{-r / rho} - C / r^6`, with a wall inside `core`.

    **Arguments:**

    - `A` (energy), `rho` (length), `C` (energy times length^6): differentiable.
    - `wall`, `core`: below `core` the law gets `wall (core^2 / r^2 - 1)^4` on top, without which
      atoms fall through the barrier into the well that `-C / r^6` makes at short distances.
      Beyond it nothing changes, and three derivatives are continuous there.

    **Raises:** `ValueError` for a `rho` that is not positive, or a negative `core`.

    R. A. Buckingham, Proc. R. Soc. Lond. A 168, 264 (1938).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    >>> round(float(Buckingham(1000.0, 0.3, 64.0)(pair)), 4)
    0.2726
    """

    A: Float[Array, "..."]
    rho: Float[Array, "..."]
    C: Float[Array, "..."]
    wall: Float[Array, "..."]
    core: Float[Array, "..."]

    def __init__(self, A=0.0, rho=1.0, C=0.0, *, wall=0.0, core=0.0):
        given = (A, rho, C, wall, core)
        self.A, self.rho, self.C, self.wall, self.core = (jnp.asarray(v, float) for v in given)
        if not is_traced(rho) and not float(rho) > 0:
            raise ValueError(f"rho is {rho}; pass a positive length")
        if not is_traced(core) and not float(core) >= 0:
            raise ValueError(f"core is {core}; pass a length, or 0 for no wall")

    def phi_and_slope(self, squared_distance):
        p = jax.tree.map(lambda leaf: leaf.astype(squared_distance.dtype), self)

        def phi(square):
            inverse = 1.0 / square
            inside = jnp.maximum(p.core * p.core * inverse - 1.0, 0.0)
            wall = p.wall * (inside * inside) * (inside * inside)
            far = p.C * inverse * inverse * inverse
            return p.A * jnp.exp(-jnp.sqrt(square) / p.rho) - far + wall

        return slope_of(phi, squared_distance)


class _Screened(PairPotential):
    """A law that is switched off, and the part of Coulomb's that images near by bring."""

    law: PairPotential
    strength: Float[Array, "..."]
    onset: Float[Array, "..."]
    cutoff: Float[Array, "..."]
    eta: float = eqx.field(static=True)

    def phi_and_slope(self, squared_distance):
        dtype = squared_distance.dtype
        begin, end = (one.astype(dtype) ** 2 for one in (self.onset, self.cutoff))

        def phi(square):
            t = jnp.clip((end - square) / (end - begin), 0.0, 1.0)
            switch = t * t * t * (10.0 - t * (15.0 - 6.0 * t))
            r = jnp.sqrt(square)
            far = self.strength.astype(dtype) * erfc(self.eta * r) / r
            return switch * self.law.phi_and_slope(square)[0] + far

        return slope_of(phi, squared_distance)


class Ionic(eqx.Module):
    """Charged atoms in a periodic cell: Coulomb's law by Ewald's sum, and a pair law.

    **Arguments:**

    - `charges`: of each kind of atoms, `{"Si": 2.4, "O": -1.2}`, in elementary charges.
    - `cell`: rows are the vectors of the cell, `[3, 3]`, or three edges.
    - `species`: the kind of every atom. Their charges must add up to nothing.
    - `laws`: what two atoms feel beside their charges, `{("Si", "O"): Buckingham(...), ...}`, of
      one class; pairs that are left out feel nothing (`Buckingham`), or none may be left out.
      Default: charges alone.
    - `cutoff`: of the laws and of the sum over near images. The laws are switched off between
      `onset` (default 0.9 of it) and there, two derivatives continuous; the sum over waves has
      the rest of Coulomb's law.
    - `accuracy`: of Ewald's sum, the share of a charge's interaction that either part leaves out.
    - `slack`: by which share the cell may shrink or grow before images or waves are missed (see
      `VariableCell`).
    - `coulomb`: the energy of two unit charges at unit distance; default that in eV and Angstrom.

    Points are `[3 n, *lanes]`, Cartesian. Charges, parameters of the laws and `cell` are
    differentiable; not by elements off the diagonal of an upright cell, for which there is
    `VariableCell`. Charges and parameters may be traced where it is made; `cell` and `cutoff`,
    which tell how many images there are, may not. Around the crystal is a conductor, so that a
    dipole of the cell costs nothing.

    **Raises:** `ValueError` for a charged cell, kinds without a charge, or laws of pairs that are
    not there, or given both ways round and not the same.

    P. P. Ewald, Ann. Phys. 369, 253 (1921).

    >>> salt = Ionic({"Cs": 1, "Cl": -1}, [1.0] * 3, species=["Cs", "Cl"], coulomb=1.0, cutoff=2.0)
    >>> energy = float(salt(jnp.array([0.0, 0.0, 0.0, 0.5, 0.5, 0.5])))
    >>> round(-energy * 0.75**0.5, 6)  # Madelung's constant
    1.762675
    """

    pairs: Periodic
    charges: Float[Array, " k"]
    fourier: Fourier
    kinds: tuple[int, ...] = eqx.field(static=True)
    coulomb: float = eqx.field(static=True)

    def __init__(
        self,
        charges: Mapping[Any, float],
        cell,
        *,
        species: Sequence,
        laws: Mapping[tuple[Any, Any], PairPotential] | None = None,
        cutoff: float = 10.0,
        onset: float | None = None,
        accuracy: float = 1e-9,
        slack: float = 0.0,
        coulomb: float = COULOMB,
    ):
        species = tuple(np.asarray(species).tolist())
        names = list(dict.fromkeys(species))
        missing = [name for name in names if name not in charges]
        if missing:
            raise ValueError(f"charges has none for {missing}: give one for every kind of atoms")
        if not is_traced(charges):  # under `jit` there are no numbers to look at
            total = sum(charges[one] for one in species)
            if not abs(total) <= 1e-9 * max(1.0, sum(abs(charges[one]) for one in species)):
                raise ValueError(
                    f"the cell has a charge of {total:g}: charges of all atoms must add up to "
                    "nothing"
                )
        if not (np.isfinite(cutoff) and cutoff > 0):
            raise ValueError(f"cutoff is {cutoff!r}; it must be a positive distance")
        if not 0 < accuracy < 1e-2:
            raise ValueError(f"accuracy is {accuracy!r}; pass a small share, such as 1e-9")
        onset = 0.9 * cutoff if onset is None else onset
        if not 0 < onset < cutoff:
            raise ValueError(f"onset is {onset!r}; pass a distance below cutoff {cutoff}")
        cell = checked_cell(cell)
        # erfc(eta cutoff) and e^{-k^2 / 4 eta^2} both are the accuracy, or so.
        depth = float(np.sqrt(-np.log(accuracy)))
        eta = depth / cutoff
        table = {}
        given = _checked_laws(laws or {}, names)
        nothing = Buckingham()
        if given and not all(isinstance(law, Buckingham) for law in given.values()):
            nothing = None
        for a in names:
            for b in names:
                law = given.get((a, b), given.get((b, a), nothing))
                if law is None:
                    raise ValueError(f"laws has none for {(a, b)!r}: give one for every pair")
                strength = jnp.asarray(coulomb * charges[a] * charges[b], float)
                ends = jnp.asarray(onset, float), jnp.asarray(cutoff, float)
                table[a, b] = _Screened(law, strength, *ends, eta)
        self.pairs = Periodic(table, cell, cutoff=cutoff, species=species, slack=slack)
        self.charges = jnp.asarray([charges[name] for name in names], float)
        self.fourier = Fourier(cell, eta, 2.0 * eta * depth * (1.0 + slack))
        self.kinds, self.coulomb = tuple(names.index(one) for one in species), float(coulomb)

    @property
    def trailing_lanes(self) -> bool:
        return True

    @property
    def cell(self) -> Float[Array, "3 3"]:
        """Rows are the vectors of the cell."""
        return self.pairs.cell

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return lean_energy(self, x)

    def energy_and_gradient(self, x):
        """Energy and gradient: near images, then waves."""
        return self.strained(x, None)[:2]

    def plain_energy(self, x):
        """The energy that parameters are differentiated through."""
        return self.strained(x, None)[0]

    def strained(self, x: Float[Array, "dim *lanes"], deformation):
        """Energy, gradient by positions in the reference cell, and by the deformation."""
        far, _ = self._far(x, [], deformation, [])
        near = self._near().strained(x, deformation)
        return self._whole(near, far, x.dtype)

    def products(self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]):
        """Energy, gradient and `k` Hessian-vector products."""
        (energy, gradient, _), changes = self.strained_products(x, v, None, [None] * len(v))
        return energy, gradient, jnp.stack([change[1] for change in changes])

    def strained_products(self, x, v, deformation, kicks):
        """As `strained`, and its changes along `v[k]` and `kicks[k]`, `k` triples."""
        near, near_changes = self._near().strained_products(x, v, deformation, kicks)
        far, far_changes = self._far(x, list(v), deformation, kicks)
        changes = [_sum(*pair) for pair in zip(near_changes, far_changes, strict=True)]
        return self._whole(near, far, x.dtype), changes

    def energy_gradient_hessian(self, x: Float[Array, "dim *lanes"]):
        """Energy, gradient and dense Hessian: blocks of pairs, and waves by unit vectors."""
        energy, gradient, hessian = self._near().energy_gradient_hessian(x)
        far, _ = self._far(x, [], None, [])
        units = jnp.eye(x.shape[0], dtype=x.dtype).reshape(-1, x.shape[0], *(1,) * (x.ndim - 1))

        def row(unit):
            return self._far(x, [jnp.broadcast_to(unit, x.shape)], None, [None])[1][0][1]

        whole = self._whole((energy, gradient, None), far, x.dtype)
        return *whole[:2], hessian + lax.map(row, units)

    def _near(self):
        """Pairs with the strengths of today's charges."""
        strengths = self.coulomb * self.charges[:, None] * self.charges
        return eqx.tree_at(lambda p: p.law.strength, self.pairs, strengths)

    def _far(self, x, v, deformation, kicks):
        """The sum over waves in units of energy, and its changes."""
        column = self.charges.astype(x.dtype)[np.array(self.kinds)]
        if 3 * len(self.kinds) != x.shape[0]:
            raise ValueError(
                f"species names {len(self.kinds)} atoms and the point has {x.shape[0]} "
                "coordinates: name the kind of every atom"
            )
        column = self.coulomb**0.5 * column.reshape(-1, *(1,) * (x.ndim - 1))
        column = column + jnp.zeros_like(x[::3])
        cell = self.cell.astype(x.dtype)
        return self.fourier.strained_products(x, column, cell, v, deformation, kicks)

    def _whole(self, near, far, dtype):
        energy, *rest = _sum(near, far)
        own = jnp.sum(self.charges.astype(dtype)[np.array(self.kinds)] ** 2)
        return energy - self.coulomb * self.fourier.eta / np.pi**0.5 * own, *rest


def bks(cell, species: Sequence, *, cutoff: float = 10.0, slack: float = 0.0, **options) -> Ionic:
    """Silica after van Beest, Kramer and van Santen, in eV and Angstrom.

    **Arguments:**

    - `cell`: rows are its vectors `[3, 3]`, or three edges.
    - `species`: `"Si"` or `"O"` for every atom, two O for each Si.
    - `cutoff`, `slack`, `options`: as of `Ionic`.

    Below 1.45 (Si-O) and 2 Angstrom (O-O), far inside any bond, stands a wall.

    **Raises:** `ValueError` for other numbers of atoms.

    B. W. H. van Beest, G. J. Kramer and R. A. van Santen, Phys. Rev. Lett. 64, 1955 (1990).

    >>> cube = bks([6.0, 6.0, 6.0], ["Si", "O", "O"])
    >>> cube.charges.tolist()
    [2.4, -1.2]
    """
    laws = {
        ("Si", "O"): Buckingham(18003.7572, 1 / 4.87318, 133.5381, wall=1000.0, core=1.45),
        ("O", "O"): Buckingham(1388.7730, 1 / 2.76000, 175.0000, wall=1000.0, core=2.0),
    }
    charges = {"Si": 2.4, "O": -1.2}
    return Ionic(charges, cell, species=species, laws=laws, cutoff=cutoff, slack=slack, **options)


def _checked_laws(laws, names) -> dict[tuple[Any, Any], PairPotential]:
    given: dict[tuple[Any, Any], PairPotential] = {}
    for pair, law in laws.items():
        if not isinstance(pair, tuple) or len(pair) != 2 or not set(pair) <= set(names):
            raise ValueError(f"laws names {pair!r}; pass pairs of the kinds {names}")
        if not isinstance(law, PairPotential):
            raise ValueError(f"the law of {pair!r} is {law!r}; pass a potential of pairs")
        given[pair] = law
    return given


def _sum(one, other):
    return jax.tree.map(jnp.add, tuple(one), tuple(other))
