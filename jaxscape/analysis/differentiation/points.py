"""Stationary points as functions of their surface's parameters, by the implicit function theorem.

Newton's iteration with the Hessian held fixed gains one order of the change of the parameters in
every step. From a point that is stationary already, `k` steps therefore leave it where it is and
have the right derivatives up to order `k`: the first step is `dx = -H^+ d(grad)`, the implicit
function theorem. Zero modes of the symmetry are projected out: points move at right angles to
them.

B. Christianson, Optim. Methods Softw. 3, 311 (1994);
J. Bolte, E. Pauwels and S. Vaiter, NeurIPS 36 (2023).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from jaxscape._compilation import jit_quickly
from jaxscape._linear_algebra import loops_over_batches
from jaxscape.search.lbfgs import active_bounds
from jaxscape.surface import Surface, as_surface, lane_energy, lane_hessian, lane_value_and_grad


class PointQuantities(eqx.Module):
    """Numbers of stationary points, as differentiable functions of the surface.

    `x` `[N, dim]`; `energy` `[N]`; `log_product` `[N]` (sum of the logarithms of the positive
    eigenvalues); `eigenvalue` `[N]` (the negative one, NaN for minima).
    """

    x: Float[Array, "N dim"]
    energy: Float[Array, " N"]
    log_product: Float[Array, " N"]
    eigenvalue: Float[Array, " N"]


def stationary(
    surface, x: Float[Array, "N dim"], *, order: int = 2, ok: Bool[Array, " N"] | None = None
) -> Float[Array, "N dim"]:
    """Stationary points as a differentiable function of the surface they belong to.

    Nothing is searched: `x` has to be stationary at the surface's parameters, whatever its index.
    Any JAX transformation of any expression of the result works; parameters are the array leaves
    of the surface, or whatever its function closes over.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `order`: the highest derivative that is asked for.
    - `ok`: derivatives of the other points are NaN.

    Zero modes of the surface's symmetry do not mix in; coordinates held by a bound do not move.

    >>> def position(p):
    ...     return stationary(lambda x: jnp.sum((x - p) ** 2 + x**4), jnp.zeros((1, 1)))[0, 0]
    >>> float(jax.grad(position)(0.0))
    1.0
    """
    surface = as_surface(surface)
    x = jnp.asarray(x)
    good = jnp.ones(len(x), bool) if ok is None else jnp.asarray(ok)

    def one(point, fine):
        return _moving(surface, point, fine, order)[0]

    return _in_chunks(one, (x, good), x.shape[1])


def point_quantities(
    surface: Surface,
    x: Float[Array, "N dim"],
    saddle: Bool[Array, " N"],
    *,
    order: int = 2,
    ok: Bool[Array, " N"] | None = None,
) -> PointQuantities:
    """Positions, energies and log products as differentiable functions of the surface.

    **Arguments:** `saddle`: which of the points are transition states; the rest as `stationary`.

    >>> points = point_quantities(Surface(lambda x: jnp.sum(x**2)), jnp.zeros((1, 2)),
    ...                           jnp.array([False]))
    >>> round(float(points.log_product[0]), 4)
    1.3863
    """
    x = jnp.asarray(x)
    good = jnp.ones(len(x), bool) if ok is None else jnp.asarray(ok)
    return _quantities(surface, x, good, jnp.asarray(saddle), order)


@jit_quickly
def _quantities(surface: Surface, x, good, saddle, order: int) -> PointQuantities:
    def one(point, fine, is_saddle):
        moving, held = _moving(surface, point, fine, order)
        energy = lane_energy(surface, moving)
        matrix, lifted = _lifted_hessian(surface, moving, held)
        logs = _log_abs_det(matrix) - lifted
        # Of minima the lowest eigenvalue may be degenerate, and is not asked for.
        spare = jnp.diag(jnp.arange(matrix.shape[0], dtype=matrix.dtype))
        lowest, _ = _lowest(jnp.where(is_saddle, matrix, spare))
        lowest = jnp.where(is_saddle, lowest, -1.0)
        logs = logs - jnp.log(-lowest)
        return PointQuantities(moving, energy, logs, jnp.where(is_saddle, lowest, jnp.nan))

    return _in_chunks(one, (x, good, saddle), x.shape[1])


@jit_quickly
def relative_gaps(surface: Surface, x: Float[Array, "N dim"]) -> Float[Array, " N"]:
    """Smallest absolute eigenvalue beyond zero modes, relative to the largest, of each point.

    >>> relative_gaps(Surface(lambda x: x[0]**2 + 0.5 * x[1]**2), jnp.zeros((1, 2))).tolist()
    [0.5]
    """

    def one(point):
        held = _held(surface, point)
        modes = surface.symmetry.zero_modes(point)
        matrix, lift = _hessian(surface, point, held)
        matrix = matrix + lift * (modes.T @ modes)
        lifted = jnp.sum(jnp.sum(modes * modes, axis=1) > 0.5) + jnp.sum(held)
        size = jnp.linalg.eigvalsh(jnp.where(jnp.isfinite(matrix), matrix, 0.0))
        # Zero modes were lifted above the rest of the spectrum.
        real = jnp.arange(len(size)) < len(size) - lifted
        size = jnp.abs(size)
        largest = jnp.max(jnp.where(real, size, 0.0))
        return jnp.min(jnp.where(real, size, largest)) / jnp.where(largest > 0, largest, 1.0)

    return _in_chunks(one, (jnp.asarray(x),), x.shape[1])


def newton_move(
    surface: Surface, x: Float[Array, " dim"], gradient: Float[Array, " dim"]
) -> Float[Array, " dim"]:
    """`-H^+ gradient` at one stationary point, held coordinates left out.

    >>> newton_move(Surface(lambda x: x[0]**2), jnp.zeros(1), jnp.ones(1)).tolist()
    [-0.5]
    """
    held = _held(surface, x)
    matrix, _ = _lifted_hessian(surface, x, held)
    return -jnp.linalg.solve(matrix, jnp.where(held, 0.0, gradient))


def _moving(surface: Surface, x, ok, order: int):
    """The point, to the given order in the parameters, and its held coordinates."""
    x = lax.stop_gradient(x)
    fixed = _without_gradient(surface)
    held = _held(fixed, x)
    matrix, _ = _lifted_hessian(fixed, x, held)
    # Stopped once more, for parameters that the function closes over. Gradients have no
    # components along zero modes, and the lifted Hessian does not mix them in.
    eye = jnp.eye(len(x), dtype=x.dtype)
    inverse = jnp.linalg.inv(jnp.where(ok, lax.stop_gradient(matrix), eye))
    for _ in range(order):
        gradient = lane_value_and_grad(surface, x)[1]
        x = x - jnp.where(ok, inverse @ jnp.where(held, 0.0, gradient), 0.0)
    return _guarded(x, ok), held


def _held(surface: Surface, x):
    gradient = lane_value_and_grad(surface, x)[1]
    held = active_bounds(surface, x, gradient)
    return lax.stop_gradient(jnp.zeros(x.shape, bool) if held is None else held)


def _hessian(surface: Surface, x, held):
    """The Hessian with held coordinates lifted above the rest of the spectrum, and how far."""
    _, _, rows = lane_hessian(surface, x)
    matrix = jnp.where(held[:, None] | held, 0.0, 0.5 * (rows + rows.T))
    lift = lax.stop_gradient(1.0 + jnp.sqrt(jnp.sum(matrix * matrix)))
    return matrix + lift * jnp.diag(held.astype(x.dtype)), lift


def _lifted_hessian(surface: Surface, x, held):
    """The Hessian with zero modes and held coordinates lifted, and what that adds to `log|det|`.

    By the tangent vectors of the symmetry as they are: differentiating an orthonormal basis takes
    longer to compile than all the rest.
    """
    matrix, lift = _hessian(surface, x, held)
    tangents = surface.symmetry.generators(x)
    lifted = jnp.sum(held) * jnp.log(lift)
    if tangents.shape[0]:
        matrix = matrix + lift * (tangents.T @ tangents)
        products = tangents @ tangents.T
        # Combinations that vanish, such as the turn of a linear molecule about its axis.
        sizes, vectors = jnp.linalg.eigh(lax.stop_gradient(products))
        vanish = sizes < float(jnp.finfo(x.dtype).eps) ** 0.8 * sizes[-1]
        none = (vectors * vanish) @ vectors.T
        lifted = lifted + _log_abs_det(lift * products + none)
    return matrix, lifted


@jax.custom_jvp
def _log_abs_det(matrix: Float[Array, "n n"]) -> Float[Array, ""]:
    return jnp.linalg.slogdet(matrix)[1]


@_log_abs_det.defjvp
def _log_abs_det_jvp(primals, tangents):
    # One inverse for all tangents, where the rule of slogdet solves for each.
    (matrix,), (change,) = primals, tangents
    return _log_abs_det(matrix), jnp.sum(jnp.linalg.inv(matrix).T * change)


@jax.custom_jvp
def _lowest(matrix: Float[Array, "n n"]) -> tuple[Float[Array, ""], Float[Array, " n"]]:
    values, vectors = jnp.linalg.eigh(matrix)
    return values[0], vectors[:, 0]


@_lowest.defjvp
def _lowest_jvp(primals, tangents):
    # The rule of eigh divides by the differences of all eigenvalues, and clusters have equal ones.
    (matrix,), (change,) = primals, tangents
    value, vector = _lowest(matrix)
    moved = change @ vector
    rise = vector @ moved
    shifted = matrix - value * jnp.eye(len(vector), dtype=matrix.dtype)
    shifted = shifted + jnp.outer(vector, vector)
    return (value, vector), (rise, -jnp.linalg.solve(shifted, moved - rise * vector))


@jax.custom_jvp
def _guarded(x, ok):
    del ok
    return x


@_guarded.defjvp
def _guarded_jvp(primals, tangents):
    (x, ok), (change, _) = primals, tangents
    return _guarded(x, ok), jnp.where(ok, 1.0, jnp.nan).astype(x.dtype) * change


def _without_gradient(surface: Surface) -> Surface:
    arrays, rest = eqx.partition(surface, eqx.is_inexact_array)
    return eqx.combine(lax.stop_gradient(arrays), rest)


def _in_chunks(function, columns: tuple, dim: int):
    """`vmap` over rows, a few at a time; of each chunk only its inputs are kept for gradients.

    On a CPU one at a time: batches of matrices may wait for each other for ever.
    """
    width = None if loops_over_batches() else max(1, min(64, int(4e6 / dim**2)))
    return lax.map(jax.checkpoint(lambda row: function(*row)), columns, batch_size=width)
