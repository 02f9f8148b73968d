"""Rayleigh-Ritz in spaces of three vectors, in every lane: what mode searches share."""

import jax.numpy as jnp
from jax import lax


def lowest_of_three(a, b, c, d, e, f):
    """Lowest eigenpair of `[[a, b, d], [b, c, e], [d, e, f]]` in every lane.

    Cyclic Jacobi rotations: unlike a closed form they keep the vectors orthonormal where
    eigenvalues coincide, as those of symmetric minima do.
    """
    one, nil = jnp.ones_like(a), jnp.zeros_like(a)

    def sweep(_, carry):
        diagonal, off, columns = (list(part) for part in carry)
        # off[r] is the element between the two indices other than r.
        for r, p, q in ((2, 0, 1), (1, 0, 2), (0, 1, 2)):
            gap = diagonal[q] - diagonal[p]
            # The smaller root of t^2 + t gap / off - 1 = 0.
            root = jnp.sqrt(gap * gap + 4.0 * off[r] * off[r])
            below = jnp.abs(gap) + root
            t = 2.0 * off[r] * jnp.where(gap < 0, -1.0, 1.0) / jnp.where(below > 0, below, 1.0)
            cos = 1.0 / jnp.sqrt(1.0 + t * t)
            sin = t * cos
            diagonal[p], diagonal[q] = diagonal[p] - t * off[r], diagonal[q] + t * off[r]
            # Elements (r, p) and (r, q) are off[q] and off[p].
            off[q], off[p] = cos * off[q] - sin * off[p], sin * off[q] + cos * off[p]
            off[r] = nil
            columns[p], columns[q] = (
                tuple(cos * x - sin * y for x, y in zip(columns[p], columns[q], strict=True)),
                tuple(sin * x + cos * y for x, y in zip(columns[p], columns[q], strict=True)),
            )
        return tuple(diagonal), tuple(off), tuple(columns)

    start = ((a, c, f), (e, d, b), ((one, nil, nil), (nil, one, nil), (nil, nil, one)))
    diagonal, _, columns = lax.fori_loop(0, 4, sweep, start)
    value, vector = diagonal[0], columns[0]
    for other, column in zip(diagonal[1:], columns[1:], strict=True):
        lower = other < value
        value = jnp.where(lower, other, value)
        vector = tuple(jnp.where(lower, x, y) for x, y in zip(column, vector, strict=True))
    norm = jnp.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    return value, tuple(part / norm for part in vector)


def dot(a, b):
    """Scalar products, lane by lane."""
    return jnp.sum(a * b, axis=0)


def without(mode, v):
    """`v` without its part along the unit vector `mode`."""
    return v - mode * dot(mode, v)


def unit(v):
    """`v` at unit length; zero stays zero."""
    norm = jnp.sqrt(dot(v, v))
    return v / jnp.where(norm > 1e-30, norm, 1.0)


def unit_of_rest(v, others):
    """The unit vector of what is left of `v` beside `others`; zero where that is only rounding.

    The second pass matters: near convergence, and always in two dimensions, little is left.
    """
    rest = v
    for _ in range(2):
        for other in others:
            rest = without(other, rest)
    enough = dot(rest, rest) > 1e3 * jnp.finfo(v.dtype).eps ** 2 * dot(v, v)
    return jnp.where(enough, unit(rest), 0.0)
