"""What a certificate takes from a symmetric matrix, without all of its eigenvectors.

On a CPU a matrix is made tridiagonal once, a quarter of the work of an eigendecomposition. Sturm
sequences count its eigenvalues below any number and bracket the lowest one (Parlett, The Symmetric
Eigenvalue Problem, 1998, section 3.3 and chapter 7), their pivots give the determinant, and a
twisted factorisation the lowest mode (Dhillon, Parlett, Linear Algebra Appl. 387, 1 (2004)).
Matrices that are out of the ordinary are left to the eigendecomposition.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

_SHIFTS = 16  # Sturm sequences side by side: a pass divides a bracket by one more
_PASSES = 14  # to the last digit: 17**14 > 2**53
_SMALL = 32  # coordinates up to which an eigendecomposition costs less than compiling more


class Inertia(eqx.Module):
    """Signs of the eigenvalues, the lowest of them with its mode, and the determinant."""

    negative: Int[Array, " batch"]
    degenerate: Bool[Array, " batch"]
    lowest: Float[Array, " batch"]
    mode: Float[Array, "batch dim"]
    log_product: Float[Array, " batch"]


def inertia(
    matrices: Float[Array, "batch dim dim"],
    lifted: Int[Array, " batch"],
    lift: Float[Array, " batch"],
) -> Inertia:
    """Inertia of finite symmetric matrices whose `lifted` eigenvalues equal `lift`, above the rest.

    Lifted eigenvalues do not count. Those within `0.1 sqrt(eps)` of zero, relative to the
    largest, are neither negative nor positive and make a matrix `degenerate`. `log_product` is
    the sum of the logarithms of the positive ones.
    """
    if matrices.shape[1] <= _SMALL:
        return _from_eigenvalues(matrices, lifted, lift)
    return lax.platform_dependent(matrices, lifted, lift, cpu=_by_parts, default=_from_eigenvalues)


def _from_eigenvalues(matrices, lifted, lift):
    del lift
    dim = matrices.shape[1]
    values, vectors = jnp.linalg.eigh(matrices)
    real = jnp.arange(dim) < (dim - lifted)[:, None]
    threshold = _threshold(jnp.max(jnp.where(real, jnp.abs(values), 0.0), axis=1))[:, None]
    positive = real & (values > threshold)
    logs = jnp.where(positive, jnp.log(jnp.where(positive, values, 1.0)), 0.0)
    return Inertia(
        negative=jnp.sum(real & (values < -threshold), axis=1, dtype=jnp.int32),
        degenerate=jnp.any(real & (jnp.abs(values) <= threshold), axis=1),
        lowest=values[:, 0],
        mode=vectors[:, :, 0],
        log_product=jnp.sum(logs, axis=1),
    )


def _threshold(largest):
    return 0.1 * jnp.finfo(largest.dtype).eps ** 0.5 * largest


def _by_parts(matrices, lifted, lift):
    """Each matrix from its tridiagonal form where that is enough, else from its eigenvalues."""
    quick, enough = _from_tridiagonal(matrices, lifted, lift)

    def slowly(quick):
        slow = _from_eigenvalues(matrices, lifted, lift)
        return jax.tree.map(
            lambda q, s: jnp.where(enough.reshape(-1, *[1] * (q.ndim - 1)), q, s), quick, slow
        )

    return lax.cond(jnp.all(enough), lambda quick: quick, slowly, quick)


def _from_tridiagonal(matrices, lifted, lift):
    """At most one negative eigenvalue and none in doubt; and where that is so."""
    dim, dtype = matrices.shape[1], matrices.dtype
    reflectors, diagonal, off, taus = lax.linalg.tridiagonal(
        matrices / lift[:, None, None], lower=True
    )
    # Lanes trail in what follows. A zero beside the diagonal closes the recurrences.
    diagonal, off = diagonal.T, jnp.concatenate([off.T, jnp.zeros((1, len(lift)), dtype)])
    radius = jnp.max(jnp.abs(diagonal) + jnp.abs(off) + jnp.abs(jnp.roll(off, 1, axis=0)), axis=0)
    lowest, top = _eigenvalues(
        diagonal, off, jnp.stack([jnp.zeros_like(lifted), dim - 1 - lifted]), radius
    )
    threshold = _threshold(jnp.maximum(jnp.abs(top), jnp.abs(lowest)))
    shifts = jnp.stack([jnp.zeros_like(lowest), -threshold, threshold, lowest])
    pivots = _pivots(diagonal, off, shifts)
    negative, doubtful = jnp.sum(pivots[:, 1:3] < 0, axis=0, dtype=jnp.int32)
    degenerate = doubtful > negative

    mode, residual = _mode(diagonal, off, lowest, pivots[:, 3])
    logs = jnp.sum(jnp.log(jnp.abs(pivots[:, 0])), axis=0)
    logs = logs - jnp.where(negative == 1, jnp.log(jnp.abs(lowest)), 0.0)
    logs = logs + (dim - lifted - negative) * jnp.log(lift)
    exact = residual < 30 * dim**0.5 * jnp.finfo(dtype).eps * radius
    enough = exact & (negative <= 1) & ~degenerate & (lifted < dim)
    mode = _reflected(reflectors, taus, mode)
    enough = enough & jnp.all(jnp.isfinite(mode), axis=1)
    found = Inertia(negative, degenerate, lowest * lift, mode, logs)
    return found, enough


def _pivots(diagonal, off, shifts):
    """Pivots `[dim, n, lanes]` of T less each of `shifts [n, lanes]`.

    As many are negative as eigenvalues lie below the shift, and their product is the determinant.
    """

    def eliminate(pivot, row):
        pivot = _next_pivot(pivot, row, shifts)
        return pivot, pivot

    return lax.scan(eliminate, jnp.ones_like(shifts), _rows(diagonal, off))[1]


def _rows(diagonal, off):
    """Of every row its diagonal element, and the square of what links it to the row before."""
    return diagonal, jnp.roll(off * off, 1, axis=0)


def _next_pivot(pivot, row, shifts):
    """The pivot of the next row of T - shifts; never zero."""
    diagonal, square = row
    tiny = jnp.finfo(diagonal.dtype).tiny ** 0.5
    pivot = diagonal - shifts - square / pivot
    return jnp.where(jnp.abs(pivot) < tiny, -tiny, pivot)


def _eigenvalues(diagonal, off, which, radius):
    """Eigenvalues number `which [n, lanes]`, from zero, of spectra within the radius."""
    fractions = jnp.arange(1, _SHIFTS + 1, dtype=radius.dtype)[:, None, None] / (_SHIFTS + 1)
    rows = _rows(diagonal, off)

    def narrow(_, bracket):
        low, high = bracket
        shifts = low + (high - low) * fractions

        def eliminate(carry, row):
            pivot, below = carry
            pivot = _next_pivot(pivot, row, shifts)
            return (pivot, below + (pivot < 0)), None

        start = (jnp.ones_like(shifts), jnp.zeros(shifts.shape, jnp.int32))
        above = lax.scan(eliminate, start, rows)[0][1] > which
        # The bracket ends at the first shift that has more than `which` below it.
        return (
            jnp.max(jnp.where(above, low, shifts), axis=0),
            jnp.min(jnp.where(above, shifts, high), axis=0),
        )

    radius = jnp.broadcast_to(radius, which.shape)
    low, high = lax.fori_loop(0, _PASSES, narrow, (-radius, radius))
    return 0.5 * (low + high)


def _mode(diagonal, off, value, down):
    """Unit eigenvector `[dim, lanes]` of the tridiagonal matrix, and its residual.

    `down` are the pivots of T - value from above. They meet those from below where the vector
    is large, and the rest of it follows from that entry.
    """
    flipped = jnp.roll(off[::-1], -1, axis=0)  # the matrix upside down
    up = _pivots(diagonal[::-1], flipped, value[None])[::-1, 0]
    mismatch = jnp.abs(down + up - (diagonal - value))
    twist = jnp.argmin(mismatch, axis=0)
    rows = jnp.arange(len(diagonal))[:, None]

    def follow(entries, row):
        factors, middle, outside = row
        entries = jnp.where(middle, 1.0, jnp.where(outside, factors * entries, 0.0))
        return entries, entries

    # Both ways from the twist at once: upwards is downwards in the matrix upside down.
    factors = jnp.stack([(-off / down)[::-1], -jnp.roll(off, 1, axis=0) / up], axis=1)
    middle = jnp.stack([(rows == twist)[::-1], rows == twist], axis=1)
    outside = jnp.stack([(rows < twist)[::-1], rows > twist], axis=1)
    entries = lax.scan(follow, jnp.zeros_like(factors[0]), (factors, middle, outside))[1]
    mode = jnp.where(rows < twist, entries[::-1, 0], entries[:, 1])
    size = jnp.sqrt(jnp.sum(mode * mode, axis=0))
    return mode / size, jnp.min(mismatch, axis=0) / size


def _reflected(reflectors, taus, mode):
    """The mode of the matrix `[batch, dim]` from that of its tridiagonal form `[dim, batch]`."""
    dim = len(mode)
    rows = jnp.arange(dim)[:, None]

    def reflect(vector, reflector):
        index, column, tau = reflector
        column = jnp.where(rows > index + 1, column, jnp.where(rows == index + 1, 1.0, 0.0))
        return vector - tau * jnp.sum(column * vector, axis=0) * column, None

    # [column, row, lanes]
    columns = jnp.transpose(reflectors, (2, 1, 0))[: dim - 1]
    return lax.scan(reflect, mode, (jnp.arange(dim - 1), columns, taus.T), reverse=True)[0].T
