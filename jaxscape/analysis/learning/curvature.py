"""Extreme eigenpairs of a Hessian from products with vectors: nothing is dense in the dimension."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from jaxscape.search.arguments import checked_starts, positive
from jaxscape.surface import Surface, as_surface


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

    Implicitly restarted Lanczos (ARPACK through SciPy) on exact Hessian-vector products. The
    lowest eigenvalue of a minimum certifies it in any dimension: it is positive, and the residual
    says how sure that is.

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
    width = _basis(max(lowest, highest), dim)
    return Curvature(
        *columns,
        products=sum(f[7] for f in found),
        memory=int((width + lowest + highest + 6) * dim * 8),
    )


def _of_point(x, surface, lowest, highest, tolerance, max_products, seed, product):
    modes = np.asarray(_modes(surface, jnp.asarray(x)), np.float64)
    modes = modes[np.sum(modes * modes, axis=1) > 0.5]
    hessian = _Operator(surface, x, modes, product)
    start = hessian.project(np.random.default_rng(seed).normal(size=x.size))
    top, up, fine = _largest(hessian, max(highest, 1), start, tolerance, max_products)
    # Turned around and lifted by the largest, so that errors are relative to that, and zero
    # modes lie at the other end.
    lift = float(np.nanmax(np.append(np.abs(top), 1e-300)))
    turned = _Lifted(hessian, lift)
    low, down, good = _largest(turned, lowest, start, tolerance, max_products)
    low, down = lift - low[::-1], down[::-1]
    keep = slice(len(top) - highest, None)
    top, up = top[keep], up[keep]
    residuals = [
        np.linalg.norm(hessian(v) - a * v) if np.isfinite(a) else np.nan
        for a, v in zip([*low, *top], [*down, *up], strict=True)
    ]
    return (
        low, top, down, up, np.array(residuals), np.int64(len(modes)), np.bool_(fine and good),
        hessian.count,
    )  # fmt: skip


def _largest(operator, count, start, tolerance, max_products):
    """The largest eigenvalues, ascending, their vectors as rows, and whether all converged."""
    dim = start.size
    if count == 0:
        return np.zeros(0), np.zeros((0, dim)), True
    width, good = _basis(count, dim), True
    linear = LinearOperator((dim, dim), matvec=operator, dtype=np.float64)  # type: ignore
    try:
        value, vector = eigsh(
            linear, k=count, which="LA", v0=start, tol=tolerance, ncv=width,
            maxiter=max(1, max_products // width),
        )  # fmt: skip
    except ArpackNoConvergence as failed:
        missing = count - len(failed.eigenvalues)
        value = np.concatenate([failed.eigenvalues, np.full(missing, np.nan)])
        gap = np.full((dim, missing), np.nan)
        vector, good = np.concatenate([failed.eigenvectors.reshape(dim, -1), gap], axis=1), False
    order = np.argsort(np.where(np.isnan(value), -np.inf, value))
    return value[order], vector[:, order].T, good


def _basis(count, dim) -> int:
    # Eigenvalues of networks crowd around zero: a small basis would be restarted for ever.
    return min(dim, max(2 * count + 1, 64))


class _Operator:
    """`v -> H v` on the host, zero modes projected out."""

    def __init__(self, surface, x, modes, product):
        self.surface, self.x, self.modes = surface, jnp.asarray(x), modes
        self.other = None if product is None else eqx.filter_jit(product)
        self.count = 0

    def project(self, v):
        return v - self.modes.T @ (self.modes @ v)

    def __call__(self, v):
        self.count += 1
        v = self.project(np.asarray(v, np.float64).reshape(-1))
        on_device = jnp.asarray(v, self.x.dtype)
        if self.other is None:
            out = _product(self.surface, self.x, on_device)
        else:
            out = self.other(self.x, on_device)
        return self.project(np.asarray(out, np.float64))


class _Lifted:
    """`v -> lift v - H v`, zero for zero modes."""

    def __init__(self, operator, lift):
        self.operator, self.lift = operator, lift

    def __call__(self, v):
        v = np.asarray(v, np.float64).reshape(-1)
        return self.lift * self.operator.project(v) - self.operator(v)


@eqx.filter_jit
def _product(surface: Surface, x, v):
    return jax.jvp(jax.grad(surface.function), (x,), (v,))[1]


@eqx.filter_jit
def _modes(surface: Surface, x):
    return surface.symmetry.zero_modes(x)
