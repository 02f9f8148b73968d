"""Energies whose gradients are written out, differentiable to any order all the same.

A potential has two methods: `energy_and_gradient(x)`, quick, and `plain_energy(x)`, which
derivatives by the potential's own fields go through.
"""

import jax
import jax.numpy as jnp
import numpy as np


@jax.custom_jvp
def lean_energy(potential, x):
    """The energy, with the potential's own gradient as its derivative by position."""
    return potential.energy_and_gradient(x)[0]


def _jvp(primals, tangents):
    potential, x = primals
    dpotential, dx = tangents
    energy, gradient = potential.energy_and_gradient(x)
    tangent = jnp.zeros_like(energy)
    if not _is_zero(dx):
        tangent = tangent + jnp.sum(gradient * dx, axis=0)
    if not all(_is_zero(t) for t in jax.tree.leaves(dpotential, is_leaf=_is_zero)):
        change = jax.tree.map(_as_array, dpotential, is_leaf=_is_zero)
        tangent = tangent + jax.jvp(lambda p: p.plain_energy(x), (potential,), (change,))[1]
    return energy, tangent


def _is_zero(tangent) -> bool:
    return isinstance(tangent, jax.custom_derivatives.SymbolicZero)


def _as_array(tangent):
    if not _is_zero(tangent):
        return tangent
    if tangent.aval.dtype == jax.dtypes.float0:  # of whole numbers
        return np.zeros(tangent.aval.shape, jax.dtypes.float0)
    return jnp.zeros(tangent.aval.shape, tangent.aval.dtype)


lean_energy.defjvp(_jvp, symbolic_zeros=True)
