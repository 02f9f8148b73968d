"""Inverse and determinant of small positive definite matrices inside of searches."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


@jax.custom_jvp
def inverse_and_log_det(
    matrix: Float[Array, "n n"],
) -> tuple[Float[Array, "n n"], Float[Array, ""]]:
    """By elimination in plain array operations: LAPACK's calls stall inside of compiled searches.

    NaN where the matrix is not positive definite. The derivatives, of any order, are those of
    the inverse itself and never go through the elimination.
    """
    n = matrix.shape[0]
    row = jnp.arange(n)

    def eliminate(j, both):
        pivot = both[j]
        factor = jnp.where(row > j, both[:, j] / pivot[j], 0.0)
        return both - factor[:, None] * pivot

    start = jnp.concatenate([matrix, jnp.eye(n, dtype=matrix.dtype)], axis=1)
    done = lax.fori_loop(0, n, eliminate, start)
    pivots = jnp.diagonal(done[:, :n])
    lower = done[:, n:] / jnp.sqrt(pivots)[:, None]  # the inverse of the Cholesky factor
    return lower.T @ lower, jnp.sum(jnp.log(pivots))


@inverse_and_log_det.defjvp
def _inverse_and_log_det_jvp(primals, tangents):
    (matrix,), (change,) = primals, tangents
    inverse, log_det = inverse_and_log_det(matrix)
    return (inverse, log_det), (-inverse @ change @ inverse, jnp.sum(inverse * change))
