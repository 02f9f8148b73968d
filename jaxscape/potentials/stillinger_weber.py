"""Silicon: pairs and triples of neighbours, in free space or in a periodic cell."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxscape.potentials._images import Images, deformed, flat, numbered, planes
from jaxscape.potentials._lean import lean_energy


class StillingerWeber(eqx.Module):
    """Pairs, and triples that favour the tetrahedral angle, within a cutoff of `1.8 sigma`.

    `sum over pairs epsilon A (B / s^4 - 1) e^{1 / (s - a)} + sum over triples epsilon lambda
    (cos theta + 1/3)^2 e^{gamma / (s_1 - a)} e^{gamma / (s_2 - a)}` with `s = r / sigma`; every
    derivative is continuous at the cutoff. Triples are not enumerated: as the square of the
    cosine is a product of components, the sum over them is one of squared sums over neighbours.

    **Arguments:**

    - `cell`: rows are the vectors of a periodic cell, `[3, 3]`, in the unit of `sigma`; None for
      atoms in free space. It may be smaller than the cutoff.
    - `epsilon` (2.1683 eV), `sigma` (2.0951 Angstrom), `strength` (lambda): differentiable, as
      is `cell`.
    - `slack`: by which share the cell may shrink before images are missed; after more than that
      make a new potential.

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
    images: Images

    def __init__(self, cell=None, *, epsilon=2.1683, sigma=2.0951, strength=21.0, slack=0.05):
        self.epsilon = jnp.asarray(epsilon, float)
        self.sigma = jnp.asarray(sigma, float)
        self.strength = jnp.asarray(strength, float)
        self.images = Images(cell, _CUTOFF * float(sigma), slack)

    @property
    def trailing_lanes(self) -> bool:
        return True

    @property
    def cell(self) -> Float[Array, "3 3"] | None:
        """Rows are the vectors of the cell."""
        return self.images.cell

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return lean_energy(self, x)

    def energy_and_gradient(self, x):
        """Energy and gradient in two passes over the pairs: sums over neighbours, then forces."""
        return self.strained(x, None)[:2]

    def plain_energy(self, x):
        """The energy that parameters are differentiated through."""
        return jnp.sum(self._per_atom(*self._sums(x, [], None, [])), axis=0)

    def strained(self, x: Float[Array, "dim *lanes"], deformation):
        """Energy, gradient by positions in the reference cell, and by the deformation.

        `deformation[a][b]` are numbers or `[*lanes]`: every separation, as a row, is multiplied
        by that matrix. None stands for the reference cell, and then there is no third gradient.
        """
        return self.strained_products(x, [], deformation, [])[0]

    def products(self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]):
        """Energy, gradient and `k` Hessian-vector products in two passes over the pairs."""
        (energy, gradient, _), changes = self.strained_products(x, v, None, [None] * len(v))
        return energy, gradient, jnp.stack([change[1] for change in changes])

    def energy_gradient_hessian(self, x: Float[Array, "dim *lanes"]):
        """Energy, gradient and dense Hessian, by products with every unit vector."""
        energy, gradient, _ = self.strained(x, None)
        units = jnp.eye(x.shape[0], dtype=x.dtype).reshape(-1, x.shape[0], *(1,) * (x.ndim - 1))

        def row(unit):
            return self.products(x, jnp.broadcast_to(unit, x.shape)[None])[2][0]

        return energy, gradient, lax.map(row, units)

    def strained_products(self, x, v, deformation, kicks):
        """As `strained`, and its changes along `v[k]` and `kicks[k]`, `k` triples."""
        # An atom each, so that derivatives by it are those of the atom's own pairs.
        each = lambda matrix: jax.tree.map(lambda b: b + jnp.zeros_like(x[::3]), matrix)  # noqa: E731
        deformation, kicks = each(deformation), each(kicks)
        sums = self._sums(x, v, deformation, kicks)
        primal, changes = list(sums[:_TERMS]), _groups(sums[_TERMS:], _TERMS)
        slopes = jax.grad(lambda s: jnp.sum(self._per_atom(*s)))
        # What an atom's energy owes to each of its sums, and how that changes.
        weights = slopes(primal)
        turns = [jax.jvp(slopes, (primal,), (change,))[1] for change in changes]
        energy = jnp.sum(self._per_atom(*primal), axis=0)
        results: list = [energy]
        for change in changes:
            results.append(
                sum(jnp.sum(w * c, axis=0) for w, c in zip(weights, change, strict=True))
            )
        width = 3 if deformation is None else 12

        def force(apart, bends, own, other, near):
            """Of a pair: both atoms' weights times the derivatives of their terms."""
            both = [w + p * u for w, p, u in zip(own, _PARITY, other, strict=True)]

            def terms(d, b):
                return self._terms(deformed(d, b), near)

            by_position, by_cell = jax.vjp(terms, apart, bends)[1](both)
            if bends is None:
                return by_position
            return [*by_position, *(0.5 * part for line in by_cell for part in line)]

        def add(j, near, apart, moves, sums):
            at = lambda planes: [lax.dynamic_index_in_dim(p, j, 0) for p in planes]  # noqa: E731
            new, given = [], (apart, deformation, weights, at(weights))
            if not moves:
                new = force(*given, near)
            for move, kick, turn in zip(moves, kicks, turns, strict=True):
                changed = (move, kick, turn, at(turn))
                if deformation is None:
                    value, change = jax.jvp(
                        lambda d, w, u: force(d, None, w, u, near),
                        (apart, *given[2:]),
                        (move, *changed[2:]),
                    )
                else:
                    value, change = jax.jvp(
                        lambda d, b, w, u: force(d, b, w, u, near), given, changed
                    )
                new = [*(new or value), *change]
            return [total + more for total, more in zip(sums, new, strict=True)]

        zero = jnp.zeros_like(x[::3])
        sums = self._over_pairs(x, v, add, [zero] * (width * (1 + len(v))))
        found = []
        for value, part in zip(results, _groups(sums, width), strict=True):
            nine = [jnp.sum(one, axis=0) for one in part[3:]]
            by_cell = [nine[0:3], nine[3:6], nine[6:9]] if nine else None
            found.append((value, flat(part[:3], x), by_cell))
        return found[0], found[1:]

    def _sums(self, x, v, deformation, kicks):
        """Every atom's sums over its neighbours, then their changes along each of `v`."""

        def add(j, near, apart, moves, sums):
            del j
            new = []
            if not moves:
                new = self._terms(deformed(apart, deformation), near)
            for move, kick in zip(moves, kicks, strict=True):
                if deformation is None:
                    value, change = jax.jvp(lambda d: self._terms(d, near), (apart,), (move,))
                else:
                    value, change = jax.jvp(
                        lambda d, b: self._terms(deformed(d, b), near),
                        (apart, deformation),
                        (move, kick),
                    )
                new = [*(new or value), *change]
            return [total + more for total, more in zip(sums, new, strict=True)]

        zero = jnp.zeros_like(x[::3])
        return self._over_pairs(x, v, add, [zero] * (_TERMS * (1 + len(v))))

    def _over_pairs(self, x, v, add, sums):
        rows, moved = planes(x), [planes(move) for move in v]
        labels = numbered(rows[0].shape[0], x.ndim - 1)

        def pair(j, itself, shift, other, sums):
            changes = [[p - lax.dynamic_index_in_dim(p, j, 0) for p in move] for move in moved]
            return add(j, labels != itself, self.images.apart(rows, other, shift), changes, sums)

        return self.images.sweep(rows, pair, sums)

    def _terms(self, apart, others):
        """What a neighbour adds to an atom's sums: scalars, a vector, a symmetric tensor."""
        square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
        sigma = self.sigma.astype(square.dtype)
        near = others & (square < (_CUTOFF * sigma) ** 2)
        # An argument that is good everywhere keeps derivatives finite beyond the cutoff.
        s = jnp.sqrt(jnp.where(near, square, sigma * sigma)) / sigma
        room = 1.0 / (s - _CUTOFF)
        fourth = 1.0 / (s * s * s * s)
        pair = jnp.where(near, _A * (_B * fourth - 1.0) * jnp.exp(room), 0.0)
        weight = jnp.where(near, jnp.exp(_GAMMA * room), 0.0)
        inverse = 1.0 / (s * sigma)
        u = [d * inverse for d in apart]
        first = [weight * one for one in u]
        return [pair, weight, weight * weight, *first, *(first[a] * u[b] for a, b in _COMPONENTS)]

    def _per_atom(self, pair, weight, own, *rest):
        first, second = rest[:3], rest[3:]
        # All pairs of neighbours, each twice, and each neighbour with itself (cosine one).
        triples = weight * weight / 9.0 + 2.0 / 3.0 * sum(v * v for v in first)
        triples = triples - 16.0 / 9.0 * own
        for (a, b), value in zip(_COMPONENTS, second, strict=True):
            triples = triples + (1.0 if a == b else 2.0) * value * value
        energy = 0.5 * pair + 0.5 * self.strength.astype(pair.dtype) * triples
        return self.epsilon.astype(pair.dtype) * energy


_A, _B, _GAMMA, _CUTOFF = 7.049556277, 0.6022245584, 1.2, 1.8
_COMPONENTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_TERMS = 12
_PARITY = (1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)  # seen from the other


def _groups(items, size):
    return [list(items[k : k + size]) for k in range(0, len(items), size)]
