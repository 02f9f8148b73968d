"""Keeping linear algebra on a CPU from waiting for itself.

jaxlib hands the matrices of a batch to XLA's threads, from one of these threads, and waits for
them. Two such calls at once, of one program or of two, can wait for each other for ever: with as
many calls as threads nobody is left to work. A matrix by itself is worked on at once. So batches
that hold linear algebra are looped over on a CPU.
"""

from collections.abc import Callable

import jax
from jax import lax
from jax.extend import core

_CALLS = {
    *("cholesky", "cholesky_update", "eig", "eigh", "geqrf", "geqp3", "hessenberg"),
    *("householder_product", "lu", "ormqr", "qr", "schur", "svd", "symmetric_product"),
    *("triangular_solve", "tridiagonal", "tridiagonal_solve"),
}


def loops_over_batches() -> bool:
    """Whether batches of matrices have to be looped over where programs run by default."""
    return jax.default_backend() == "cpu"


def over_columns(function: Callable, out_axes, x):
    """`vmap` over the last axis of `x`; a loop where that might wait for itself."""
    one = jax.ShapeDtypeStruct(x.shape[:-1], x.dtype)
    if not (loops_over_batches() and holds_linear_algebra(function, one)):
        return jax.vmap(function, in_axes=-1, out_axes=out_axes)(x)
    # The identity puts the axes where they belong.
    return jax.vmap(lambda one: one, out_axes=out_axes)(lax.map(function, x.T))


def holds_linear_algebra(function: Callable, *arguments) -> bool:
    """Whether `function` factorises matrices or solves with them."""
    # Through a function of its own: what is not an array stays out of it.
    return _found(jax.make_jaxpr(lambda *values: function(*values))(*arguments).jaxpr)


def _found(jaxpr: core.Jaxpr) -> bool:
    for equation in jaxpr.eqns:
        if equation.primitive.name in _CALLS:
            return True
        for value in jax.tree.leaves(
            list(equation.params.values()),
            is_leaf=lambda v: isinstance(v, core.Jaxpr | core.ClosedJaxpr),
        ):
            inner = getattr(value, "jaxpr", value)
            if isinstance(inner, core.Jaxpr) and _found(inner):
                return True
    return False
