"""Extreme eigenpairs of a Hessian from products with vectors: nothing is dense in the dimension."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float

from jaxscape.search.arguments import checked_starts, positive
from jaxscape.search.lanczos import HessianOperator, extreme_eigenpairs, largest_basis
from jaxscape.search.long_lanczos import lowest_eigenpair
from jaxscape.surface import as_surface


class Curvature(eqx.Module):
    """Extreme eigenpairs at points, zero modes of the symmetry projected out.

    `lowest` `[B, k]` and `highest` `[B, m]`, ascending; `lowest_vectors` `[B, k, dim]` and
    `highest_vectors` `[B, m, dim]`; `residuals` `[B, k + m]`, `|H v - lambda v|`, which bounds
    the error of an eigenvalue; `zero_modes` `[B]`, how many directions were projected out;
    `converged` `[B]`; `products`, Hessian-vector products spent; `memory`, bytes of the vectors
    kept at once.
    """

    lowest: Float[np.ndarray, "batch k"]
    highest: Float[np.ndarray, "batch m"]
    lowest_vectors: Float[np.ndarray, "batch k dim"]
    highest_vectors: Float[np.ndarray, "batch m dim"]
    residuals: Float[np.ndarray, "batch n"]
    zero_modes: np.ndarray
    converged: Bool[np.ndarray, " batch"]
    products: int
    memory: int

    def negative(self, threshold: float = 0.0) -> np.ndarray:
        """How many of the lowest eigenvalues are below `-threshold` by more than their error.

        A count as large as the number of eigenvalues asked for is a lower bound.
        """
        error = self.residuals[:, : self.lowest.shape[1]]
        return np.sum(self.lowest < -threshold - error, axis=1)


def curvature(
    surface,
    x: Float[Array | np.ndarray, "batch dim"],
    *,
    lowest: int = 4,
    highest: int = 1,
    tolerance: float = 1e-5,
    max_products: int = 3000,
    seed: int = 0,
    product: Callable | None = None,
) -> Curvature:
    """Lowest and highest eigenvalues of the Hessian and their directions, by Lanczos iterations.

    Implicitly restarted Lanczos (ARPACK through SciPy) on exact Hessian-vector products; for
    `lowest=1` one long run that keeps three vectors, several times cheaper. The lowest eigenvalue
    of a minimum certifies it in any dimension: it is positive, and the residual says how sure
    that is.

    **Arguments:**

    - `x`: points `[B, dim]`, one after the other.
    - `lowest`, `highest`: how many eigenpairs of either end.
    - `tolerance`: of the eigenvalues, relative to the largest.
    - `max_products`: Hessian-vector products for one end of one point; what has not converged by
      then is NaN.
    - `product`: another symmetric operator `(x, v) -> A v` in place of the Hessian, such as one
      half of a `GaussNewton` split.

    **Returns:** `Curvature`.

    **Raises:** `ValueError` for points as in `minimise`, or more eigenpairs than `dim - 1`.

    >>> import jax.numpy as jnp
    >>> surface = lambda x: jnp.sum(jnp.arange(-1.0, 19.0, 2.0) * x**2)
    >>> found = curvature(surface, np.zeros((1, 10), "float32"), lowest=2)
    >>> found.lowest.round(4).tolist(), found.highest.round(3).tolist(), found.negative().tolist()
    ([[-2.0, 2.0]], [[34.0]], [1])
    """
    surface = as_surface(surface)
    x = checked_starts(surface, x, "x")
    dim = x.shape[1]
    for name, count in (("lowest", lowest), ("highest", highest)):
        if count != 0:
            positive(name, count)
        if not count < dim:
            raise ValueError(f"{name} is {count}, but dim is {dim}: ask for fewer")
    work = (surface, lowest, highest, tolerance, max_products, seed, product)
    found = [_of_point(row, *work) for row in x]
    columns = [np.stack([f[i] for f in found]) for i in range(7)]
    width = largest_basis(max(lowest, highest), dim)
    return Curvature(
        *columns,
        products=sum(f[7] for f in found),
        memory=int((width + lowest + highest + 6) * dim * 8),
    )


def _of_point(x, surface, lowest, highest, tolerance, max_products, seed, product):
    hessian = HessianOperator(surface, x, product)
    start = hessian.random_vector(seed)
    work = (start, tolerance, max_products)
    if lowest == 1:
        low, down, good = _lowest_one(hessian, tolerance, max_products, seed)
        _, _, top, up, fine = extreme_eigenpairs(hessian, 0, highest, *work)
        good = good and fine
    else:
        low, down, top, up, good = extreme_eigenpairs(hessian, lowest, highest, *work)
    residuals = [
        np.linalg.norm(hessian(v) - a * v) if np.isfinite(a) else np.nan
        for a, v in zip([*low, *top], [*down, *up], strict=True)
    ]
    return (
        low, top, down, up, np.array(residuals), np.int64(len(hessian.zero_modes)),
        np.bool_(good), hessian.count,
    )  # fmt: skip


def _lowest_one(hessian, tolerance, max_products, seed):
    """A single one needs no basis, and no restarts."""

    def enough(ritz):
        return ritz.error <= tolerance * ritz.largest

    ritz, vector, good = lowest_eigenpair(hessian, max_products, enough, enough, seed=seed)
    if not good:
        return np.full(1, np.nan), np.full((1, vector.size), np.nan), False
    return np.array([ritz.value]), vector[None], True
