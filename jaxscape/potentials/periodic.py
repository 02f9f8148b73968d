"""Pair potentials in a periodic cell, cut off, between several kinds of atoms, some held."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from jaxscape._compilation import is_traced
from jaxscape.potentials._images import (
    Images,
    checked_cell,
    deformed,
    flat,
    numbered,
    planes,
)
from jaxscape.potentials._lean import lean_energy
from jaxscape.potentials._pair import PairPotential


class Periodic(eqx.Module):
    """A pair potential in a periodic cell, with all images within its cutoff.

    **Arguments:**

    - `law`: a pair potential such as `LennardJones()`; for several kinds of atoms a mapping from
      pairs of kinds to potentials of one class, `{("A", "A"): ..., ("A", "B"): ..., ...}`.
    - `cell`: rows are the vectors of the cell, `[3, 3]`, or three edges; it may be smaller than
      the cutoff. A slab is a cell with room above it.
    - `cutoff`: the distance beyond which nothing interacts; one number, or a mapping as `law`.
    - `smoothness`: how many derivatives of the pair energy are continuous at the cutoff, 0 to 2.
      A polynomial in the squared distance is taken off: with 0 a constant ("shifted"), with 1
      the form of Stoddard and Ford, with 2 Hessians are continuous, too.
    - `species`: the kind of every atom, held ones last; needed where `law` is a mapping.
    - `frozen`: positions `[m, 3]` of atoms that stay where they are. They are no part of points,
      and pairs between them no part of the energy.
    - `slack`: by which share the cell may shrink before images are missed (see `VariableCell`).

    Points are `[3 n, *lanes]`, Cartesian. Parameters of the law, `cell`, `cutoff` and `frozen` are
    differentiable; of a cell given with right angles only its edges are.

    **Raises:** `ValueError` for a cell without volume, or kinds without a law.

    S. D. Stoddard and J. Ford, Phys. Rev. A 8, 1504 (1973).

    >>> from jaxscape.potentials import LennardJones
    >>> box = Periodic(LennardJones(), [5.0, 5.0, 5.0], cutoff=2.5, smoothness=0)
    >>> round(float(box(jnp.array([0.1, 0.0, 0.0, 4.9, 0.0, 1.0]))), 4)
    -0.3784
    """

    law: PairPotential
    images: Images
    cutoff: Float[Array, "..."]
    frozen: Float[Array, "m 3"] | None
    kinds: tuple[int, ...] | None = eqx.field(static=True)
    smoothness: int = eqx.field(static=True)

    def __init__(
        self,
        law: PairPotential | Mapping[tuple[Any, Any], PairPotential],
        cell,
        *,
        cutoff: float | Mapping[tuple[Any, Any], float],
        smoothness: int = 2,
        species: Sequence | None = None,
        frozen=None,
        slack: float = 0.0,
    ):
        if smoothness not in (0, 1, 2):
            raise ValueError(f"smoothness is {smoothness!r}; pass 0, 1 or 2")
        species = None if species is None else tuple(np.asarray(species).tolist())
        names = list(dict.fromkeys(species or ()))
        if isinstance(law, Mapping):
            if not names:
                raise ValueError("law is a mapping: pass species=, the kind of every atom")
            for pair, one in law.items():
                other = law.get(pair[::-1], one)
                if not is_traced((one, other)) and not eqx.tree_equal(one, other):
                    raise ValueError(f"law has {pair!r} both ways round, and they differ")
            table = [[_between(law, a, b, "law") for b in names] for a in names]
            classes = sorted({type(one).__name__ for row in table for one in row})
            if len(classes) > 1:
                raise ValueError(f"law mixes {classes}; pass potentials of one class")
            self.law = jax.tree.map(lambda *leaves: _square(leaves), *itertools.chain(*table))
            self.kinds = tuple(names.index(one) for one in species or ())
        else:
            if species is not None:
                raise ValueError(
                    "species is given and law is one potential: pass a mapping of pairs, or "
                    "leave species out"
                )
            if type(_innermost(law)).of_atoms is not PairPotential.of_atoms:
                raise ValueError(
                    f"law is a {type(_innermost(law)).__name__}, whose pairs depend on the atoms: "
                    "pass a mapping {('A', 'A'): LennardJones(...), ...} and species="
                )
            self.law, self.kinds = law, None
        if isinstance(cutoff, Mapping):
            if self.kinds is None:
                raise ValueError("cutoff is a mapping and law is not: pass one number")
            reach = np.array([[_between(cutoff, a, b, "cutoff") for b in names] for a in names])
        else:
            reach = np.full((len(names),) * 2 if self.kinds is not None else (), float(cutoff))
        if not (np.isfinite(reach) & (reach > 0)).all():
            raise ValueError(f"cutoff is {cutoff!r}; it must be a positive distance")
        self.cutoff = jnp.asarray(reach, float)
        self.images = Images(checked_cell(cell), float(reach.max()), slack)
        self.smoothness = int(smoothness)
        self.frozen = None
        if frozen is not None and len(frozen):
            frozen = np.asarray(frozen, np.float64)
            if frozen.ndim != 2 or frozen.shape[1] != 3 or not np.isfinite(frozen).all():
                raise ValueError(f"frozen has shape {frozen.shape}; pass finite positions [m, 3]")
            self.frozen = jnp.asarray(frozen, float)

    @property
    def trailing_lanes(self) -> bool:
        return True

    @property
    def cell(self) -> Float[Array, "3 3"]:
        """Rows are the vectors of the cell."""
        assert self.images.cell is not None
        return self.images.cell

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return lean_energy(self, x)

    def energy_and_gradient(self, x):
        """Energy and gradient in one pass over the pairs."""
        return self.strained(x, None)[:2]

    def plain_energy(self, x):
        """The energy that parameters are differentiated through."""
        return self.strained(x, None)[0]

    def strained(self, x: Float[Array, "dim *lanes"], deformation):
        """Energy, gradient by positions in the reference cell, and by the deformation.

        `deformation[a][b]` are numbers or `[*lanes]`: every separation, as a row, is multiplied
        by that matrix. None stands for the reference cell, and then there is no third gradient.
        """
        zero = jnp.zeros_like(x[::3])
        width = 4 if deformation is None else 13

        def add(terms, apart, _, sums):
            new = terms(apart, deformation)
            return [total + more for total, more in zip(sums, new, strict=True)]

        return _collected(self._over_pairs(x, [], add, [zero] * width), x)

    def products(self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]):
        """Energy, gradient and `k` Hessian-vector products in one pass over the pairs."""
        (energy, gradient, _), changes = self.strained_products(x, v, None, [None] * len(v))
        return energy, gradient, jnp.stack([change[1] for change in changes])

    def strained_products(self, x, v, deformation, kicks):
        """As `strained`, and its changes along `v[k]` and `kicks[k]`, `k` triples."""
        zero = jnp.zeros_like(x[::3])
        width = 4 if deformation is None else 13

        def add(terms, apart, moves, sums):
            new = []
            for move, kick in zip(moves, kicks, strict=True):
                if deformation is None:
                    value, change = jax.jvp(lambda d: terms(d, None), (apart,), (move,))
                else:
                    value, change = jax.jvp(terms, (apart, deformation), (move, kick))
                new = [*(new or value), *change]
            return [total + more for total, more in zip(sums, new, strict=True)]

        sums = self._over_pairs(x, list(v), add, [zero] * (width * (1 + len(v))))
        parts = [_collected(sums[k : k + width], x) for k in range(0, len(sums), width)]
        return parts[0], parts[1:]

    def energy_gradient_hessian(self, x: Float[Array, "dim *lanes"]):
        """Energy, gradient and dense Hessian: a block for every pair."""
        rows, held = planes(x), self._held(x)
        count, lanes = rows[0].shape[0], x.ndim - 1
        labels, shifts = numbered(count, lanes), jnp.asarray(self.images.shifts, x.dtype)
        of_free, of_held = self._laws(x, count)
        energy, gradient, _ = self.strained(x, None)

        def blocks(columns, i, law, others):
            """What an atom at `columns` feels as atom `i` moves, `[3, 3, columns, *lanes]`."""
            own = [lax.dynamic_index_in_dim(p, i, 0) for p in rows]

            def image(k, total):
                apart = [-d for d in self.images.apart(columns, own, -shifts[k])]
                # An atom and its own images move together: what is on the diagonal cancels.
                terms = self.terms(law, others | jnp.any(shifts[k] != 0), 1.0)
                change = []
                for axis in range(3):
                    unit = [jnp.full_like(d, float(axis == b)) for b, d in enumerate(apart)]
                    change += jax.jvp(lambda d: terms(d, None)[1:], (apart,), (unit,))[1]
                return total + jnp.stack(change)

            shape = (9, *jnp.broadcast_shapes(columns[0].shape, own[0].shape))
            total = lax.fori_loop(0, self.images.count, image, jnp.zeros(shape, x.dtype))
            return total.reshape(3, 3, *shape[1:])

        def row(i):
            block = blocks(rows, i, of_free(i), labels != i)
            own = (labels == i).astype(x.dtype)
            diagonal = jnp.sum(block, axis=2, keepdims=True)
            if held is not None:
                rest = blocks(held, i, of_held(i), True)
                diagonal = diagonal + jnp.sum(rest, axis=2, keepdims=True)
            return jnp.moveaxis(own * diagonal - block, 2, 1)

        hessian = lax.map(row, jnp.arange(count))
        return energy, gradient, hessian.reshape(*x.shape[:1] * 2, *x.shape[1:])

    def _over_pairs(self, x, moves, add, sums):
        """`add(terms, separations, their changes, sums)` for all atoms with every other atom."""
        rows, moved, held = planes(x), [planes(move) for move in moves], self._held(x)
        count = rows[0].shape[0]
        labels = numbered(count, x.ndim - 1)
        laws = self._laws(x, count)[0]

        def free(j, itself, shift, other, sums):
            terms = self.terms(laws(j), labels != itself, 0.5)
            changes = [[p - lax.dynamic_index_in_dim(p, j, 0) for p in move] for move in moved]
            return add(terms, self.images.apart(rows, other, shift), changes, sums)

        sums = self.images.sweep(rows, free, sums)
        if held is None:
            return sums

        def fixed(j, itself, shift, other, sums):
            del itself
            terms = self.terms(laws(count + j), True, 1.0)
            return add(terms, self.images.apart(rows, other, shift), moved, sums)

        return self.images.sweep(held, fixed, sums)

    def terms(self, law, others, share):
        """Energy and gradients of pairs by their separations; `share` where pairs come twice."""
        law, reach, tail = law

        def terms(apart, deformation):
            d = deformed(apart, deformation)
            square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
            near = (square < reach) & others
            beyond = jnp.where(near, square, reach) - reach
            energy, slope = law.phi_and_slope(beyond + reach)
            if self.smoothness == 2:
                slope = slope - tail[1] - 2.0 * tail[2] * beyond
                energy = energy - tail[0] - beyond * (tail[1] + tail[2] * beyond)
            elif self.smoothness == 1:
                slope, energy = slope - tail[1], energy - tail[0] - beyond * tail[1]
            else:
                energy = energy - tail[0]
            energy = share * jnp.where(near, energy, 0.0)
            force = [jnp.where(near, 2.0 * slope, 0.0) * one for one in d]
            if deformation is None:
                return [energy, *force]
            back = [sum(force[b] * deformation[a][b] for b in range(3)) for a in range(3)]
            return [energy, *back, *(share * apart[a] * f for a in range(3) for f in force)]

        return terms

    def laws_of(self, dtype, one, other):
        """The laws of atoms `one` with atoms `other`, numbers of any shape."""
        table = self._table(dtype)
        if self.kinds is None:
            return table
        kinds = jnp.asarray(self.kinds)
        return jax.tree.map(lambda leaf: leaf[kinds[one], kinds[other]], table)

    def _table(self, dtype):
        """The law, where it ends, and what is taken off it, for every two kinds."""
        reach = (self.cutoff * self.cutoff).astype(dtype)
        law = jax.tree.map(lambda leaf: leaf.astype(dtype), self.law)
        (energy, slope), (_, bend) = jax.jvp(law.phi_and_slope, (reach,), (jnp.ones_like(reach),))
        return law, reach, (energy, slope, 0.5 * bend)

    def _laws(self, x, count):
        """For atom `j`: its law with all free atoms, and with all held ones."""
        table = self._table(x.dtype)
        if self.kinds is None:
            return (lambda j: table,) * 2
        held = 0 if self.frozen is None else len(self.frozen)
        if len(self.kinds) != count + held:
            raise ValueError(
                f"species names {len(self.kinds)} atoms, but there are {count} free and {held} held"
            )
        kinds = jnp.asarray(self.kinds)

        def of(rows):
            def column(j):
                shape = (-1, *(1,) * (x.ndim - 1))
                return jax.tree.map(lambda leaf: leaf[rows, kinds[j]].reshape(shape), table)

            return column

        return of(kinds[:count]), of(kinds[count:])

    def _held(self, x):
        if self.frozen is None:
            return None
        held = self.frozen.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))
        return planes(held)


def _collected(sums, x):
    """Energy `[*lanes]`, gradient `[3 n, *lanes]`, and `[3][3]` planes by the deformation."""
    energy, by_cell = jnp.sum(sums[0], axis=0), None
    if len(sums) > 4:
        nine = [jnp.sum(one, axis=0) for one in sums[4:]]
        by_cell = [nine[0:3], nine[3:6], nine[6:9]]
    return energy, flat(sums[1:4], x), by_cell


def _between(table, a, b, name):
    for pair in ((a, b), (b, a)):
        if pair in table:
            return table[pair]
    raise ValueError(f"{name} has no entry for {(a, b)!r}: give one for every pair of kinds")


def _square(leaves):
    size = round(len(leaves) ** 0.5)
    return jnp.stack([jnp.asarray(leaf, float) for leaf in leaves]).reshape(size, size)


def _innermost(law):
    """A law without what cuts it off."""
    while hasattr(law, "potential"):
        law = law.potential
    return law
