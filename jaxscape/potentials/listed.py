"""Thousands of atoms: pairs that are near one another, listed once and used for a while."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int
from scipy.spatial import KDTree

from jaxscape.potentials._cells import Grid, grid_for, over_near, sorted_atoms
from jaxscape.potentials._images import flat, planes
from jaxscape.potentials._lean import lean_energy
from jaxscape.potentials.periodic import Periodic

_GRAIN = 16  # lists are as long as a multiple of this, so that most updates compile nothing
_ROWS = 256


class Listed(eqx.Module):
    """A potential in a large cell that looks at the near atoms of every atom only.

    The list holds the pairs within the cutoff and a `skin` around it at `x`. While no atom has
    moved by more than half the skin since then (the motion of all together apart) no other pair
    matters. Beyond that atoms are sorted into boxes as wide as the cutoff, and each meets those of
    the boxes around its own, which takes some ten times as long; where boxes would save nothing,
    or atoms crowd one of them, all pairs are summed. So the energy is always that
    of the potential, and quickest near `x`.

    **Arguments:**

    - `potential`: a `Periodic` without held atoms, in a cell wider than twice cutoff and skin.
    - `x`: where the list is made, `[3 n]`. Lists are for one structure and all points near it:
      searches from a minimum, or a quench in parts, with `at(x)` between them.
    - `skin`: default a tenth of the cutoff.

    **Raises:** `ValueError` for other potentials, and cells that are too small to gain anything.

    L. Verlet, Phys. Rev. 159, 98 (1967).

    >>> from jaxscape.potentials import LennardJones
    >>> box = Periodic(LennardJones(), [6.6] * 3, cutoff=2.5)
    >>> x = (1.1 * np.array(list(np.ndindex(6, 6, 6)))).ravel()
    >>> quick = Listed(box, x)
    >>> bool(np.isclose(quick(jnp.asarray(x)), box(jnp.asarray(x)), rtol=1e-12))
    True
    """

    potential: Periodic
    reference: Float[Array, " dim"]
    near: Int[Array, "most n"]
    skin: Float[Array, ""]
    grid: Grid | None = eqx.field(static=True)

    def __init__(self, potential: Periodic, x, *, skin: float | None = None):
        if not isinstance(potential, Periodic):
            raise ValueError(f"potential is a {type(potential).__name__}; pass a Periodic")
        if potential.frozen is not None:
            raise ValueError("the potential holds atoms, which lists do not have")
        cutoff = float(np.max(potential.cutoff))
        skin = 0.1 * cutoff if skin is None else float(skin)
        if not (np.isfinite(skin) and skin > 0):
            raise ValueError(f"skin is {skin}; pass a positive distance")
        cell = np.asarray(potential.cell, np.float64)
        width = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0).max()
        if 2.0 * (cutoff + skin) >= width:
            raise ValueError(
                f"the cell is {width:.3g} wide and cutoff with skin {cutoff + skin:.3g}: in so "
                "small a cell all atoms are near, use the potential as it is"
            )
        x = np.asarray(x, np.float64).reshape(-1)
        if x.size % 3 or not np.isfinite(x).all():
            raise ValueError(f"x has {x.size} coordinates; pass finite ones, three an atom")
        self.potential, self.skin = potential, jnp.asarray(skin, float)
        self.reference = jnp.asarray(x, float)
        atoms = x.reshape(-1, 3)
        self.near = _list(atoms, cell, cutoff + skin, potential.images.upright, 0)
        self.grid = grid_for(atoms, cell, cutoff)

    def at(self, x) -> "Listed":
        """The same with a new list, made at `x`. It is as long as the old one if that does."""
        p = self.potential
        x = np.asarray(x, np.float64).reshape(-1)
        cutoff, cell = float(np.max(p.cutoff)), np.asarray(p.cell, np.float64)
        reach, atoms = cutoff + float(self.skin), x.reshape(-1, 3)
        grid = grid_for(atoms, cell, cutoff)
        if grid is not None and self.grid is not None and grid.room > self.grid.room:
            return Listed(p, x, skin=float(self.skin))
        near = _list(atoms, cell, reach, p.images.upright, len(self.near))
        return eqx.tree_at(lambda s: (s.reference, s.near), self, (jnp.asarray(x, float), near))

    @property
    def trailing_lanes(self) -> bool:
        return True

    @property
    def cell(self) -> Float[Array, "3 3"]:
        """Rows are the vectors of the cell."""
        return self.potential.cell

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return lean_energy(self, x)

    def holds(self, x: Float[Array, "dim *lanes"]) -> Array:
        """Whether the list has every pair that matters at these points `[*lanes]`."""
        moved = x - self.reference.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))
        moved = moved.reshape(-1, 3, *x.shape[1:])
        moved = moved - jnp.mean(moved, axis=0)
        far = jnp.max(jnp.sum(moved**2, axis=1), axis=0)
        # Of points that are not finite nothing is to be had from all pairs either.
        return ~(far > (0.5 * self.skin.astype(x.dtype)) ** 2)

    def energy_and_gradient(self, x):
        """Energy and gradient in one pass over the list."""
        return self._by_list(
            self._near_ones, self._boxed_ones, self.potential.energy_and_gradient, x
        )

    def energy_gradient_hessian(self, x):
        """Energy, gradient and dense Hessian, by all pairs."""
        return self.potential.energy_gradient_hessian(x)

    def plain_energy(self, x):
        """The energy that parameters are differentiated through."""
        return self.potential.plain_energy(x)

    def products(self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]):
        """Energy, gradient and `k` Hessian-vector products in one pass over the list."""
        return self._by_list(
            self._near_products, self._boxed_products, self.potential.products, x, v
        )

    def _by_list(self, near, boxed, full, x, *rest):
        """`near` where the list holds; in other lanes `boxed`, or `full` where boxes are crowded.

        No lane depends on its company: each is summed by one of the three, to the last bit.
        """

        def mended(found, right, other):
            """What is not `right` replaced by what `other` finds."""

            def replaced(found, *arguments):
                both = zip(found, other(*arguments), strict=True)
                return tuple(jnp.where(right, one, new) for one, new in both)

            return lax.cond(jnp.all(right), lambda found, *_: found, replaced, found, x, *rest)

        holds = self.holds(x)
        found = tuple(near(x, *rest))
        if self.grid is None:
            return mended(found, holds, full)

        def elsewhere(found, *arguments):
            *sums, crowded = boxed(*arguments)
            found = tuple(jnp.where(holds, one, new) for one, new in zip(found, sums, strict=True))
            return mended(found, holds | ~crowded, full)

        return lax.cond(jnp.all(holds), lambda found, *_: found, elsewhere, found, x, *rest)

    def _boxed_ones(self, x):
        def sums(x, order, fullest):
            found = self._over_boxes(x, order, fullest, [], _alone)
            return jnp.sum(found[0]), flat(found[1:], x)

        return self._boxed(sums, x)

    def _boxed_products(self, x, v):
        def sums(x, order, fullest, v):
            moves = [planes(one) for one in v]
            found = self._over_boxes(x, order, fullest, moves, _with_changes)
            changes = [flat(found[k + 1 : k + 4], x) for k in range(4, len(found), 4)]
            return jnp.sum(found[0]), flat(found[1:4], x), jnp.stack(changes)

        return self._boxed(sums, x, v)

    def _boxed(self, sums, x, *rest):
        """What `sums(x, order, fullest, *rest)` finds for each lane, and where a box is crowded."""
        grid, cell = self.grid, self.cell.astype(x.dtype)
        assert grid is not None
        order = _each_lane(lambda x: sorted_atoms(grid, planes(x), cell), x.ndim - 1)(x)
        # One number for all lanes: a loop of each lane's own length would cost selects.
        fullest = jnp.max(order.fullest)
        one = _each_lane(lambda x, order, *rest: sums(x, order, fullest, *rest), x.ndim - 1)
        return *one(x, order, *rest), order.fullest > grid.room

    def _over_boxes(self, x, order, fullest, moves, add):
        """Sums of one lane over pairs in boxes side by side."""
        rows, atoms = planes(x), order.atoms
        own = jnp.maximum(atoms, 0)
        here = [row[own] for row in rows] + [p[own] for move in moves for p in move]

        def step(others, sums):
            label, *there = others
            filled = (label >= 0) & (atoms >= 0) & (label != atoms)
            laws = self.potential.laws_of(x.dtype, own, jnp.maximum(label, 0))
            terms = self.potential.terms(laws, filled, 0.5)
            apart = self.potential.images.apart(here[:3], there[:3], (0, 0, 0))
            changes = [p - q for p, q in zip(here[3:], there[3:], strict=True)]
            triples = [changes[k : k + 3] for k in range(0, len(changes), 3)]
            new = add(terms, apart, triples)
            return [total + more for total, more in zip(sums, new, strict=True)]

        blank = (jnp.zeros(atoms.shape, x.dtype),) * (4 * (1 + len(moves)))
        assert self.grid is not None
        sums = over_near(self.grid, fullest, [atoms, *here], step, blank)
        return [jnp.take(total.reshape(-1), order.slots, mode="clip") for total in sums]

    def _near_ones(self, x):
        energy, *force = self._over_list(x, [], _alone)
        return jnp.sum(energy, axis=0), flat(force, x)

    def _near_products(self, x, v):
        sums = self._over_list(x, [planes(one) for one in v], _with_changes)
        changes = [flat(sums[k + 1 : k + 4], x) for k in range(4, len(sums), 4)]
        return jnp.sum(sums[0], axis=0), flat(sums[1:4], x), jnp.stack(changes)

    def _over_list(self, x, moves, add):
        """Sums over the list of what `add(terms, separations, their changes)` returns."""
        rows, lanes = planes(x), x.ndim - 1
        own = jnp.arange(rows[0].shape[0])
        column = (-1, *(1,) * lanes)

        def step(m, sums):
            other = self.near[m]
            there = (other != own).reshape(column)
            laws = self.potential.laws_of(x.dtype, own.reshape(column), other.reshape(column))
            terms = self.potential.terms(laws, there, 0.5)
            apart = self.potential.images.apart(rows, [p[other] for p in rows], (0, 0, 0))
            changes = [[p - p[other] for p in move] for move in moves]
            new = add(terms, apart, changes)
            return tuple(total + more for total, more in zip(sums, new, strict=True))

        blank = (jnp.zeros_like(rows[0]),) * (4 * (1 + len(moves)))
        return lax.fori_loop(0, len(self.near), step, blank)


def _alone(terms, apart, moves):
    """Energies and gradients of pairs."""
    del moves
    return terms(apart, None)


def _with_changes(terms, apart, moves):
    """Energies and gradients of pairs, then their changes with each of `moves`."""
    new = []
    for move in moves:
        value, change = jax.jvp(lambda d: terms(d, None), (apart,), (move,))
        new = [*(new or value), *change]
    return new


def _each_lane(function, lanes):
    """What is written for one lane for `lanes` trailing axes of them."""
    for _ in range(lanes):
        function = jax.vmap(function, in_axes=-1, out_axes=-1)
    return function


def _list(atoms, cell, reach, upright, least) -> Int[Array, "most n"]:
    """The near atoms of every atom, one a row; an atom itself where there are no more."""
    n = len(atoms)
    if upright:
        edges = np.diag(cell)
        tree = KDTree(np.mod(atoms, edges) % edges, boxsize=edges)
        pairs = tree.query_pairs(reach, output_type="ndarray")
        first = np.concatenate([pairs[:, 0], pairs[:, 1]])
        second = np.concatenate([pairs[:, 1], pairs[:, 0]])
    else:
        found = [_row_pairs(atoms, cell, reach, i) for i in range(0, n, _ROWS)]
        first, second = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    counts = np.bincount(first, minlength=n)
    most = max(least, _GRAIN * -(-int(counts.max(initial=1)) // _GRAIN))
    near = np.tile(np.arange(n), (most, 1))
    place = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    near[place, first] = second
    return jnp.asarray(near, jnp.int32)


def _row_pairs(atoms, cell, reach, start):
    rows = atoms[start : start + _ROWS]
    parts = (rows[:, None] - atoms) @ np.linalg.inv(cell)
    apart = (parts - np.round(parts)) @ cell
    close = np.sum(apart**2, axis=2) < reach**2
    close[np.arange(len(rows)), start + np.arange(len(rows))] = False
    first, second = np.nonzero(close)
    return first + start, second
