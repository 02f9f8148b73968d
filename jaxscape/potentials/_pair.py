"""Energies that are sums over pairs of atoms.

Atoms are rows of `[n, 3]`, lanes trail, and the pairs of all atoms with atom `j` are added to
running sums, one `j` at a time: temporaries of many lanes stay in cache, and every operation
is elementwise, so that it vectorises over lanes (a sum over `j` fused with what it sums does
not). The gradient is written out as `sum_j w_ij (r_i - r_j)` with `w = 2 dphi/dr^2`.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxscape.potentials._lean import lean_energy


class PairPotential(eqx.Module):
    """`sum over i < j of phi(|r_i - r_j|^2)`; a subclass gives `phi` and its slope.

    Points are flat, `[3 n]`, with lanes as trailing axes. Differentiable to any order in
    positions and in the fields of the subclass.
    """

    @property
    def trailing_lanes(self) -> bool:
        return True

    @abc.abstractmethod
    def phi_and_slope(
        self, squared_distance: Float[Array, "..."]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Energy of one pair as a function of its squared distance, and its derivative.

        A potential without a cheap derivative returns `slope_of(phi, squared_distance)`.
        """

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
        return lean_energy(self, x)

    def of_atoms(self, count: int, lanes: int) -> Callable[..., "PairPotential"]:
        """What gives, for atom `j`, the potential of its pairs with all atoms.

        Where parameters depend on the atoms, their fields are then columns `[count, 1, ...]`
        with `lanes` ones.
        """
        del count, lanes
        return lambda j: self

    def energy_and_gradient(self, x):
        """Energy and gradient in one pass over the pairs."""
        return _energy_and_gradient(self, x)

    def plain_energy(self, x):
        """The same energy with nothing written out: parameters are differentiated through it."""
        return _plain_energy(self, x)

    def products(
        self, x: Float[Array, "dim *lanes"], v: Float[Array, "k dim *lanes"]
    ) -> tuple[Float[Array, "*lanes"], Float[Array, "dim *lanes"], Float[Array, "k dim *lanes"]]:
        """Energy, gradient and `k` Hessian-vector products in one pass over the pairs.

        Written out, because XLA's code for the derivative of a loop is several times slower.
        """
        return _products(self, x, v)

    def energy_gradient_hessian(
        self, x: Float[Array, "dim *lanes"]
    ) -> tuple[Float[Array, "*lanes"], Float[Array, "dim *lanes"], Float[Array, "dim dim *lanes"]]:
        """Energy, gradient and dense Hessian in one pass over the pairs."""
        return _hessian(self, x)


def slope_of(phi, squared_distance):
    """`phi` and its derivative by forward differentiation."""
    return jax.jvp(phi, (squared_distance,), (jnp.ones_like(squared_distance),))


def _plain_energy(potential, x):
    atoms, labels = planes(x)
    pairs_of = potential.of_atoms(len(labels), x.ndim - 1)

    def add_row(energy, i):
        square = sum((lax.dynamic_index_in_dim(p, i, 0) - p) ** 2 for p in atoms)
        other = labels != i
        pair = pairs_of(i).phi_and_slope(jnp.where(other, square, 1.0))[0]
        return energy + jnp.sum(jnp.where(other, pair, 0.0), axis=0), None

    zero = jnp.zeros(x.shape[1:], x.dtype)
    return 0.5 * lax.scan(add_row, zero, jnp.arange(x.shape[0] // 3))[0]


def _energy_and_gradient(potential, x):
    atoms, labels = planes(x)
    pairs_of = potential.of_atoms(len(labels), x.ndim - 1)

    def add_column(j, sums):
        apart = apart_from(atoms, j)
        square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
        other = labels != j
        energy, slope = pairs_of(j).phi_and_slope(jnp.where(other, square, 1.0))
        slope = jnp.where(other, 2.0 * slope, 0.0)
        return (
            sums[0] + jnp.where(other, energy, 0.0),
            *(total + slope * d for total, d in zip(sums[1:], apart, strict=True)),
        )

    sums = over_atoms(add_column, [jnp.zeros_like(atoms[0])] * 4)
    return 0.5 * jnp.sum(sums[0], axis=0), jnp.stack(sums[1:], axis=1).reshape(x.shape)


def _curvatures(potential, apart, other):
    """Energy, `2 phi'` and `4 phi''` of a row of pairs (derivatives by squared distance)."""
    square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
    square = jnp.where(other, square, 1.0)
    (energy, slope), (_, bend) = jax.jvp(
        potential.phi_and_slope, (square,), (jnp.ones_like(square),)
    )
    return (
        jnp.where(other, energy, 0.0),
        jnp.where(other, 2.0 * slope, 0.0),
        jnp.where(other, 4.0 * bend, 0.0),
    )


def _products(potential, x, v):
    atoms, labels = planes(x)
    pairs_of = potential.of_atoms(len(labels), x.ndim - 1)
    moves = [planes(one)[0] for one in v]

    def add_column(j, sums):
        apart = apart_from(atoms, j)
        energy, slope, bend = _curvatures(pairs_of(j), apart, labels != j)
        new = [sums[0] + energy]
        new += [total + slope * d for total, d in zip(sums[1:4], apart, strict=True)]
        for k, move in enumerate(moves):
            change = apart_from(move, j)
            stretch = bend * (apart[0] * change[0] + apart[1] * change[1] + apart[2] * change[2])
            own = sums[4 + 3 * k : 7 + 3 * k]
            new += [
                total + slope * c + stretch * d
                for total, c, d in zip(own, change, apart, strict=True)
            ]
        return tuple(new)

    sums = over_atoms(add_column, [jnp.zeros_like(atoms[0])] * (4 + 3 * len(moves)))
    vectors = [jnp.stack(sums[k : k + 3], axis=1).reshape(x.shape) for k in range(1, len(sums), 3)]
    return 0.5 * jnp.sum(sums[0], axis=0), vectors[0], jnp.stack(vectors[1:])


def _hessian(potential, x):
    atoms, labels = planes(x)
    pairs_of = potential.of_atoms(len(labels), x.ndim - 1)
    n, lanes = labels.shape[0], x.shape[1:]

    def row(i):
        apart = [-d for d in apart_from(atoms, i)]
        energy, slope, bend = _curvatures(pairs_of(i), apart, labels != i)
        gradient = jnp.stack([jnp.sum(slope * d, axis=0) for d in apart])
        block = jnp.stack(
            [
                jnp.stack([bend * p * q + (slope if a == b else 0.0) for b, q in enumerate(apart)])
                for a, p in enumerate(apart)
            ]
        )  # [3, 3, n, *lanes]
        own = (labels == i).astype(x.dtype)
        block = own * jnp.sum(block, axis=2, keepdims=True) - block
        return jnp.sum(energy, axis=0), gradient, jnp.moveaxis(block, 2, 1)

    energy, gradient, rows = lax.map(row, jnp.arange(n))
    return (
        0.5 * jnp.sum(energy, axis=0),
        gradient.reshape(x.shape),
        rows.reshape(3 * n, 3 * n, *lanes),
    )


def apart_from(planes, j):
    """Separations of all atoms from atom `j`, plane by plane."""
    return [p - lax.dynamic_index_in_dim(p, j, 0) for p in planes]


def over_atoms(add_column, sums):
    return lax.fori_loop(0, sums[0].shape[0], add_column, tuple(sums))


def planes(x):
    """Planes x, y, z of `[n, *lanes]`, and the labels of the atoms."""
    atoms = x.reshape(-1, 3, *x.shape[1:])
    labels = jnp.arange(atoms.shape[0]).reshape(-1, *(1,) * (x.ndim - 1))
    return (atoms[:, 0], atoms[:, 1], atoms[:, 2]), labels
