"""Extreme eigenpairs of a Hessian from products with vectors: nothing is dense in the dimension."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh, minres

from jaxscape.surface import Surface


class HessianOperator:
    """`v -> H v` at a point, on the host, with the symmetry's zero modes projected out.

    - `held`: coordinates `[dim]` that are projected out, too.
    - `product`: another symmetric operator `(x, v) -> A v` in place of the Hessian.

    `count` is the number of products so far, `zero_modes` `[k, dim]` what is projected out of
    the symmetry.
    """

    def __init__(self, surface: Surface, x, product: Callable | None = None, held=None):
        self.surface, self.x = surface, jnp.asarray(x)
        modes = np.asarray(_zero_modes(surface, self.x), np.float64)
        self.zero_modes = modes[np.sum(modes * modes, axis=1) > 0.5]
        self.free = None if held is None else ~np.asarray(held)
        self.other = None if product is None else eqx.filter_jit(product)
        self.count = 0

    def project(self, v):
        """What is left of a vector."""
        v = v - self.zero_modes.T @ (self.zero_modes @ v)
        return v if self.free is None else np.where(self.free, v, 0.0)

    def __call__(self, v):
        self.count += 1
        v = self.project(np.asarray(v, np.float64).reshape(-1))
        on_device = jnp.asarray(v, self.x.dtype)
        if self.other is None:
            out = _product(self.surface, self.x, on_device)
        else:
            out = self.other(self.x, on_device)
        return self.project(np.asarray(out, np.float64))

    def solve(self, b, tolerance: float, max_products: int):
        """`v` with `H v = b`, nearly, by MINRES: the Hessian may have any index."""
        linear = LinearOperator((b.size, b.size), matvec=self, dtype=np.float64)  # type: ignore
        return self.project(minres(linear, b, rtol=tolerance, maxiter=max_products)[0])


def extreme_eigenpairs(
    operator: HessianOperator,
    lowest: int,
    highest: int,
    start,
    tolerance: float,
    max_products: int,
):
    """The lowest and the highest eigenvalues, ascending, and their vectors as rows.

    **Returns:** `(lowest [k], vectors [k, dim], highest [m], vectors [m, dim], converged)`; what
    has not converged is NaN.
    """
    top, up, fine = _largest(operator, max(highest, 1), start, tolerance, max_products)
    # Turned around and lifted by the largest, so that errors are relative to that, and zero
    # modes lie at the other end.
    lift = float(np.nanmax(np.append(np.abs(top), 1e-300)))

    def turned(v):
        v = np.asarray(v, np.float64).reshape(-1)
        return lift * operator.project(v) - operator(v)

    low, down, good = _largest(turned, lowest, start, tolerance, max_products)
    keep = slice(len(top) - highest, None)
    return lift - low[::-1], down[::-1], top[keep], up[keep], fine and good


def basis_size(count: int, dim: int) -> int:
    """Vectors that are kept for so many eigenpairs."""
    # Eigenvalues of networks crowd around zero: a small basis would be restarted for ever.
    return min(dim, max(2 * count + 1, 64))


def _largest(operator, count, start, tolerance, max_products):
    """The largest eigenvalues, ascending, their vectors as rows, and whether all converged."""
    dim = start.size
    if count == 0:
        return np.zeros(0), np.zeros((0, dim)), True
    width, good = basis_size(count, dim), True
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


@eqx.filter_jit
def _product(surface: Surface, x, v):
    return jax.jvp(jax.grad(surface.function), (x,), (v,))[1]


@eqx.filter_jit
def _zero_modes(surface: Surface, x):
    return surface.symmetry.zero_modes(x)
