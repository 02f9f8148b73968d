"""Extreme eigenpairs of a Hessian from products with vectors: nothing is dense in the dimension."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh, minres

from jaxscape.surface import Surface

# Vectors, and bytes, of the largest basis.
_WIDEST, _ROOM = 256, 2**28


class HessianOperator:
    """`v -> H v` at a point, on the host, with the symmetry's zero modes projected out.

    - `held`: coordinates `[dim]` that are projected out, too.
    - `product`: another symmetric operator `(x, v) -> A v` in place of the Hessian.

    `count` is the number of products so far, `zero_modes` `[k, dim]` what is projected out of
    the symmetry, `free_dimensions` the number of directions that are left.
    """

    def __init__(self, surface: Surface, x, product: Callable | None = None, held=None):
        self.surface, self.x = surface, jnp.asarray(x)
        modes = np.asarray(_zero_modes(surface, self.x), np.float64)
        self.zero_modes = modes[np.sum(modes * modes, axis=1) > 0.5]
        self.free = np.ones(self.x.size, bool) if held is None else ~np.asarray(held)
        self.free_dimensions = max(0, int(self.free.sum()) - len(self.zero_modes))
        self.other = None if product is None else eqx.filter_jit(product)
        self.count = 0

    def project(self, v):
        """What is left of a vector."""
        return np.where(self.free, self._without_zero_modes(v), 0.0)

    def random_vector(self, seed: int):
        """A direction to begin with."""
        return self.project(np.random.default_rng(seed).normal(size=self.x.size))

    def __call__(self, v):
        self.count += 1
        v = self.project(np.asarray(v, np.float64).reshape(-1))
        on_device = jnp.asarray(v, self.x.dtype)
        if self.other is None:
            out = _product(self.surface, self.x, on_device)
        else:
            out = self.other(self.x, on_device)
        # The other way round than before the product: the operator stays symmetric.
        return self._without_zero_modes(np.where(self.free, np.asarray(out, np.float64), 0.0))

    def solve(self, b, tolerance: float, max_products: int):
        """`v` with `H v = b`, nearly, by MINRES: the Hessian may have any index."""
        linear = LinearOperator((b.size, b.size), matvec=self, dtype=np.float64)  # type: ignore
        return self.project(minres(linear, b, rtol=tolerance, maxiter=max_products)[0])

    def _without_zero_modes(self, v):
        return v - self.zero_modes.T @ (self.zero_modes @ v)


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
    has not converged is NaN. Eigenvalues that are there several times come as often.
    """
    top, up, fine = _with_copies(operator, max(highest, 1), start, tolerance, max_products)
    # Turned around and lifted by the largest, so that errors are relative to that, and zero
    # modes lie at the other end.
    lift = float(np.nanmax(np.append(np.abs(top), 1e-300)))

    def turned(v):
        v = np.asarray(v, np.float64).reshape(-1)
        return lift * operator.project(v) - operator(v)

    low, down, good = _with_copies(turned, lowest, start, tolerance, max_products)
    keep = slice(len(top) - highest, None)
    return lift - low[::-1], down[::-1], top[keep], up[keep], fine and good


def basis_size(count: int, dim: int) -> int:
    """Vectors that are kept for so many eigenpairs, where they converge at once."""
    # Eigenvalues of networks crowd around zero: a small basis would be restarted for ever.
    return min(dim, max(2 * count + 1, 64))


def largest_basis(count: int, dim: int) -> int:
    """Vectors that are kept once where they do not: more, as long as they take little memory."""
    room = min(_WIDEST, _ROOM // (8 * dim))
    return max(basis_size(count, dim), min(dim, room))


def _largest(operator, count, start, tolerance, max_products):
    """The largest eigenvalues, ascending, their vectors as rows, and whether all converged."""
    dim = start.size
    if count == 0:
        return np.zeros(0), np.zeros((0, dim)), True
    good = True
    try:
        value, vector = _eigsh(operator, count, start, tolerance, max_products)
    except ArpackNoConvergence as failed:
        missing = count - len(failed.eigenvalues)
        value = np.concatenate([failed.eigenvalues, np.full(missing, np.nan)])
        gap = np.full((dim, missing), np.nan)
        vector, good = np.concatenate([failed.eigenvectors.reshape(dim, -1), gap], axis=1), False
    except ArpackError:  # no direction to start with: the operator takes everything to zero
        value, vector, good = np.full(count, np.nan), np.full((dim, count), np.nan), False
    order = np.argsort(np.where(np.isnan(value), -np.inf, value))
    return value[order], vector[:, order].T, good


def _with_copies(operator, count, start, tolerance, max_products):
    """As `_largest`, and looked over for copies that a Krylov space has no direction of."""
    value, vector, good = _largest(operator, count, start, tolerance, max_products)
    dim, seed = start.size, 0
    while good and 1 < count < dim - 1 and seed < count:
        seed += 1
        fresh = np.random.default_rng(seed).normal(size=dim)
        fresh = fresh - vector.T @ (vector @ fresh)
        rest = _beside(operator, vector)
        more, direction, good = _largest(rest, 1, fresh, tolerance, max_products)
        # Where all others are negative, those left out, with zero, are the largest.
        inside = np.linalg.norm(vector @ direction[0]) < 0.5
        if not (good and inside) or more[0] <= value[0] + tolerance * abs(value[0]):
            break
        order = np.argsort(np.append(value[1:], more))
        value = np.append(value[1:], more)[order]
        vector = np.vstack([vector[1:], direction])[order]
    return value, vector, good


def _beside(operator, found):
    """The operator in what is left beside orthonormal rows."""

    def rest(v):
        return v - found.T @ (found @ v)

    def product(v):
        return rest(operator(rest(np.asarray(v, np.float64).reshape(-1))))

    return product


def _eigsh(operator, count, start, tolerance, max_products):
    dim = start.size
    narrow, wide = basis_size(count, dim), largest_basis(count, dim)
    linear = LinearOperator((dim, dim), matvec=operator, dtype=np.float64)  # type: ignore

    def found(width, restarts):
        return eigsh(
            linear, k=count, which="LA", v0=start, tol=tolerance, ncv=width,
            maxiter=max(1, restarts),
        )  # fmt: skip

    # What stands apart from the rest takes few products; of what does not, one wide basis often
    # tells enough. Restarting that over and over would cost more than restarting a narrow one.
    if narrow < wide <= max_products:
        for width, restarts in ((narrow, 2), (wide, 1)):
            with contextlib.suppress(ArpackNoConvergence):
                return found(width, restarts)
    return found(narrow, max_products // narrow)


@eqx.filter_jit
def _product(surface: Surface, x, v):
    return jax.jvp(jax.grad(surface.function), (x,), (v,))[1]


@eqx.filter_jit
def _zero_modes(surface: Surface, x):
    return surface.symmetry.zero_modes(x)
