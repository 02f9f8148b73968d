"""Energies of metals: pairs, and the square root of a density at every atom.

`sum over i < j of phi(r_ij) - sum over i of weight_i sqrt(sum over j of psi(r_ij))`. Energy,
gradient and Hessian-vector products take two passes over the pairs, the first of which collects
the densities; everything else is as for pair potentials.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxscape.potentials._lean import lean_energy
from jaxscape.potentials._pair import apart_from, over_atoms, planes


class EmbeddedAtoms(eqx.Module):
    """A subclass gives pair energy and density as functions of the squared distance.

    Points are flat, `[3 n]`, with lanes as trailing axes. Differentiable to any order in
    positions and in the fields of the subclass.
    """

    @property
    def trailing_lanes(self) -> bool:
        return True

    @abc.abstractmethod
    def of_atoms(self, count: int, lanes: int) -> tuple[Callable[..., Callable], Array]:
        """What gives, for atom `j`, the function of its pairs with all atoms; and the weights.

        The function takes squared distances and returns pair energy and density. Weights are
        `[count, 1, ...]` with `lanes` ones, or a scalar.
        """

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
        return lean_energy(self, x)

    def energy_and_gradient(self, x):
        """Energy and gradient in two passes over the pairs."""
        return _energy_and_gradient(self, x)

    def plain_energy(self, x):
        """The same energy with nothing written out: parameters are differentiated through it."""
        return _plain_energy(self, x)

    def products(self, x, v):
        """Energy, gradient and `k` Hessian-vector products in two passes over the pairs."""
        return _products(self, x, v)

    def energy_gradient_hessian(self, x):
        """Energy, gradient and dense Hessian: blocks of pairs, then one term for each density."""
        return _hessian(self, x)


def _embedding(density, weight):
    """Energy of an atom in a density, and its first two derivatives; zero without neighbours."""
    # Below this the second derivative is beyond the largest number.
    some = density > float(jnp.finfo(density.dtype).tiny) ** 0.5
    weight = weight.astype(density.dtype)
    safe = jnp.where(some, density, 1.0)
    root = weight * jnp.sqrt(safe)
    slope = 0.5 * root / safe
    return (
        jnp.where(some, -root, 0.0),
        jnp.where(some, -slope, 0.0),
        jnp.where(some, 0.5 * slope / safe, 0.0),
    )


def _squares(apart, other):
    """Squared distances, good everywhere."""
    return jnp.where(other, apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2], 1.0)


def _slopes(function, apart, other):
    """Pair energy and density of a row, and twice their derivatives by the squared distance."""
    square = _squares(apart, other)
    values, slopes = jax.jvp(function, (square,), (jnp.ones_like(square),))
    return [jnp.where(other, v, 0.0) for v in (*values, 2.0 * slopes[0], 2.0 * slopes[1])]


def _bends(function, apart, other):
    """As `_slopes`, and then four times the second derivatives."""
    square = _squares(apart, other)
    one = jnp.ones_like(square)

    def slopes(s):
        values, first = jax.jvp(function, (s,), (one,))
        return *values, *first

    (pair, density, d_pair, d_density), (_, _, dd_pair, dd_density) = jax.jvp(
        slopes, (square,), (one,)
    )
    found = (pair, density, 2.0 * d_pair, 2.0 * d_density, 4.0 * dd_pair, 4.0 * dd_density)
    return [jnp.where(other, value, 0.0) for value in found]


def _plain_energy(potential, x):
    atoms, labels = planes(x)
    pairs_of, weight = potential.of_atoms(len(labels), x.ndim - 1)

    def add_column(sums, j):
        other = labels != j
        found = pairs_of(j)(_squares(apart_from(atoms, j), other))
        return tuple(s + jnp.where(other, f, 0.0) for s, f in zip(sums, found, strict=True)), None

    zero = jnp.zeros_like(atoms[0])
    pair, density = lax.scan(add_column, (zero, zero), jnp.arange(len(labels)))[0]
    return jnp.sum(0.5 * pair + _embedding(density, weight)[0], axis=0)


def _energy_and_gradient(potential, x):
    atoms, labels = planes(x)
    pairs_of, weight = potential.of_atoms(len(labels), x.ndim - 1)

    def collect(j, sums):
        apart, other = apart_from(atoms, j), labels != j
        pair, density = pairs_of(j)(_squares(apart, other))
        return (
            sums[0] + jnp.where(other, pair, 0.0),
            sums[1] + jnp.where(other, density, 0.0),
        )

    zero = jnp.zeros_like(atoms[0])
    pair, density = over_atoms(collect, [zero] * 2)
    embedding, pull, _ = _embedding(density, weight)

    def push(j, sums):
        apart, other = apart_from(atoms, j), labels != j
        _, _, slope, steep = _slopes(pairs_of(j), apart, other)
        slope = slope + (pull + lax.dynamic_index_in_dim(pull, j, 0)) * steep
        return tuple(s + slope * d for s, d in zip(sums, apart, strict=True))

    gradient = jnp.stack(over_atoms(push, [zero] * 3), axis=1).reshape(x.shape)
    return jnp.sum(0.5 * pair + embedding, axis=0), gradient


def _products(potential, x, v):
    atoms, labels = planes(x)
    moves = [planes(one)[0] for one in v]
    pairs_of, weight = potential.of_atoms(len(labels), x.ndim - 1)

    def collect(j, sums):
        apart, other = apart_from(atoms, j), labels != j
        pair, density, _, steep = _slopes(pairs_of(j), apart, other)
        new = [sums[0] + pair, sums[1] + density]
        for total, move in zip(sums[2:], moves, strict=True):
            new.append(total + steep * _dot(apart, apart_from(move, j)))
        return tuple(new)

    zero = jnp.zeros_like(atoms[0])
    pair, density, *changes = over_atoms(collect, [zero] * (2 + len(moves)))
    embedding, pull, stiffen = _embedding(density, weight)
    changes = [stiffen * change for change in changes]

    def push(j, sums):
        apart, other = apart_from(atoms, j), labels != j
        _, _, slope, steep, bend, curve = _bends(pairs_of(j), apart, other)
        both = pull + lax.dynamic_index_in_dim(pull, j, 0)
        slope, bend = slope + both * steep, bend + both * curve
        new = [total + slope * d for total, d in zip(sums[:3], apart, strict=True)]
        for k, (move, change) in enumerate(zip(moves, changes, strict=True)):
            turn = apart_from(move, j)
            stretch = bend * _dot(apart, turn)
            stretch = stretch + steep * (change + lax.dynamic_index_in_dim(change, j, 0))
            own = sums[3 + 3 * k : 6 + 3 * k]
            new += [s + slope * t + stretch * d for s, t, d in zip(own, turn, apart, strict=True)]
        return tuple(new)

    sums = over_atoms(push, [zero] * (3 + 3 * len(moves)))
    vectors = [jnp.stack(sums[k : k + 3], axis=1).reshape(x.shape) for k in range(0, len(sums), 3)]
    return jnp.sum(0.5 * pair + embedding, axis=0), vectors[0], jnp.stack(vectors[1:])


def _hessian(potential, x):
    atoms, labels = planes(x)
    n, lanes = labels.shape[0], x.shape[1:]
    pairs_of, weight = potential.of_atoms(n, x.ndim - 1)

    def collect(i):
        apart, other = [-d for d in apart_from(atoms, i)], labels != i
        pair, density, _, steep = _slopes(pairs_of(i), apart, other)
        # How the density at atom i changes with every coordinate.
        pushed = jnp.stack([-steep * d for d in apart], axis=1)
        own = (labels == i).astype(x.dtype)[:, None]
        pushed = pushed - own * jnp.sum(pushed, axis=0, keepdims=True)
        return jnp.sum(pair, axis=0), jnp.sum(density, axis=0), pushed.reshape(x.shape)

    pair, density, pushed = lax.map(collect, jnp.arange(n))
    embedding, pull, stiffen = _embedding(density, weight)

    def row(i):
        apart, other = [-d for d in apart_from(atoms, i)], labels != i
        _, _, slope, steep, bend, curve = _bends(pairs_of(i), apart, other)
        both = pull + lax.dynamic_index_in_dim(pull, i, 0)
        slope, bend = slope + both * steep, bend + both * curve
        gradient = jnp.stack([jnp.sum(slope * d, axis=0) for d in apart])
        block = jnp.stack(
            [
                jnp.stack([bend * p * q + (slope if a == b else 0.0) for b, q in enumerate(apart)])
                for a, p in enumerate(apart)
            ]
        )  # [3, 3, n, *lanes]
        own = (labels == i).astype(x.dtype)
        block = own * jnp.sum(block, axis=2, keepdims=True) - block
        return gradient, jnp.moveaxis(block, 2, 1)

    gradient, rows = lax.map(row, jnp.arange(n))
    hessian = rows.reshape(3 * n, 3 * n, *lanes)
    hessian = hessian + jnp.einsum("k...,ka...,kb...->ab...", stiffen, pushed, pushed)
    return jnp.sum(0.5 * pair + embedding, axis=0), gradient.reshape(x.shape), hessian


def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
