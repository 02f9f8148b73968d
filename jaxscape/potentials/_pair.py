"""Energies that are sums over pairs of atoms.

Atoms are rows of `[n, 3]`, lanes trail, and one row of pairs is worked off at a time, so that
temporaries of a few lanes stay in cache and every loop vectorises over lanes. The gradient is
written out as `sum_j w_ij (r_i - r_j)` with `w = 2 dphi/dr^2`.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


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
        return _pair_energy(self, x)


def slope_of(phi, squared_distance):
    """`phi` and its derivative by forward differentiation."""
    return jax.jvp(phi, (squared_distance,), (jnp.ones_like(squared_distance),))


@jax.custom_jvp
def _pair_energy(potential, x):
    return _energy_and_gradient(potential, x)[0]


def _pair_energy_jvp(primals, tangents):
    potential, x = primals
    dpotential, dx = tangents
    energy, gradient = _energy_and_gradient(potential, x)
    tangent = jnp.zeros_like(energy)
    if not isinstance(dx, jax.custom_derivatives.SymbolicZero):
        tangent = tangent + jnp.sum(gradient * dx, axis=0)
    moved, fixed = eqx.partition(
        dpotential, lambda t: not isinstance(t, jax.custom_derivatives.SymbolicZero)
    )
    if jax.tree.leaves(moved):
        directions = jax.tree.map(
            lambda t: jnp.zeros(t.shape, t.dtype)
            if isinstance(t, jax.custom_derivatives.SymbolicZero)
            else t,
            eqx.combine(moved, fixed),
            is_leaf=lambda t: isinstance(t, jax.custom_derivatives.SymbolicZero),
        )
        tangent = tangent + jax.jvp(lambda p: _plain_energy(p, x), (potential,), (directions,))[1]
    return energy, tangent


_pair_energy.defjvp(_pair_energy_jvp, symbolic_zeros=True)


def _plain_energy(potential, x):
    """The same energy with nothing written out: what parameters are differentiated through."""

    atoms, labels = _atoms(x)

    def add_row(energy, i):
        square = sum((lax.dynamic_index_in_dim(p, i, 0) - p) ** 2 for p in atoms)
        other = labels != i
        pair = potential.phi_and_slope(jnp.where(other, square, 1.0))[0]
        return energy + jnp.sum(jnp.where(other, pair, 0.0), axis=0), None

    zero = jnp.zeros(x.shape[1:], x.dtype)
    return 0.5 * lax.scan(add_row, zero, jnp.arange(x.shape[0] // 3))[0]


def _energy_and_gradient(potential, x):
    atoms, labels = _atoms(x)

    def row(i):
        apart = [lax.dynamic_index_in_dim(p, i, 0) - p for p in atoms]
        other = labels != i
        square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
        energy, slope = potential.phi_and_slope(jnp.where(other, square, 1.0))
        # Without the barrier XLA recomputes both inside each of the sums below.
        energy, slope = lax.optimization_barrier(
            (jnp.where(other, energy, 0.0), jnp.where(other, 2.0 * slope, 0.0))
        )
        return jnp.sum(energy, axis=0), *(jnp.sum(slope * d, axis=0) for d in apart)

    energy, *gradient = lax.map(row, jnp.arange(x.shape[0] // 3))
    return 0.5 * jnp.sum(energy, axis=0), jnp.stack(gradient, axis=1).reshape(x.shape)


def _atoms(x):
    """Planes x, y, z of `[n, *lanes]`, and the labels of the atoms."""
    atoms = x.reshape(-1, 3, *x.shape[1:])
    labels = jnp.arange(atoms.shape[0]).reshape(-1, *(1,) * (x.ndim - 1))
    return (atoms[:, 0], atoms[:, 1], atoms[:, 2]), labels
