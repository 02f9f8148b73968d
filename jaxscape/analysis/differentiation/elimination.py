"""Mean first passage times and committors by state elimination in logarithms, differentiable.

Eliminating a state joins its neighbours by the paths through it. Only positive numbers are added,
so that values and derivatives keep their digits at any temperature.

W. K. Grassmann, M. I. Taksar and D. P. Heyman, Oper. Res. 33, 1107 (1985);
D. J. Wales, J. Chem. Phys. 130, 204111 (2009).
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

# The logarithm of a rate that does not exist: infinity has no derivatives.
MISSING = -1e30


def log_rate_matrix(
    size: int, source: np.ndarray, target: np.ndarray, logs: Float[Array, " steps"]
) -> Float[Array, "M M"]:
    """Logarithms of rate constants from row to column, summed over the steps of each pair.

    >>> rates = log_rate_matrix(2, np.array([0, 0]), np.array([1, 1]), jnp.zeros(2))
    >>> round(float(rates[0, 1]), 4)
    0.6931
    """
    place = source * size + target
    level = jax.ops.segment_max(lax.stop_gradient(logs), place, size * size)
    total = jax.ops.segment_sum(jnp.exp(logs - level[place]), place, size * size)
    some = total > 0
    found = jnp.log(jnp.where(some, total, 1.0)) + jnp.where(some, level, MISSING)
    return found.reshape(size, size)


def log_absorption(
    rates: Float[Array, "M M"], sets: list[np.ndarray]
) -> tuple[Float[Array, " M"], Float[Array, "sets M"]]:
    """Mean times until one of several sets is reached, and which of them it is, from every state.

    Work grows as `M**3`, memory as `M**2.5` where gradients are taken backwards.

    **Arguments:**

    - `rates` `[M, M]`: logarithms of rate constants; `MISSING` where there is none.
    - `sets`: rows of the states of each set, disjoint.

    **Returns:** the logarithm of the mean time, `[M]` (-inf within the sets, inf where they may
    never be reached), and the logarithms of the probabilities of each set, `[sets, M]`.

    >>> times, _ = log_absorption(jnp.zeros((3, 3)), [np.array([2])])
    >>> times.round(4).tolist()
    [0.0, 0.0, -inf]
    """
    size = len(rates)
    inner = np.setdiff1d(np.arange(size), np.concatenate(sets))
    times = jnp.full(size, -jnp.inf, rates.dtype)
    chances = jnp.full((len(sets), size), -jnp.inf, rates.dtype)
    for number, rows in enumerate(sets):
        chances = chances.at[number, rows].set(0.0)
    if not len(inner):
        return times, chances
    among = rates[np.ix_(inner, inner)]
    out = [jax.nn.logsumexp(rates[np.ix_(inner, rows)], axis=1) for rows in sets]
    # Columns: the states, the sets, and what is added up on the way (here: time).
    table = jnp.column_stack([among, *out, jnp.zeros(len(inner), rates.dtype)])
    found = _solved(table, len(inner))
    lost = found[:, -1] > -0.1 * MISSING
    times = times.at[inner].set(jnp.where(lost, jnp.inf, found[:, -1]))
    chances = chances.at[:, inner].set(jnp.where(lost, jnp.nan, found[:, :-1].T))
    return times, chances


@functools.partial(jax.jit, static_argnums=1)
def _solved(table, count: int):
    """Columns beyond the states, for every state, as `[count, sets + 1]`."""
    width = table.shape[1]
    states, columns = jnp.arange(count), jnp.arange(width)

    def leaving(row, k):
        used = (columns < k) | ((columns >= count) & (columns < width - 1))
        return jax.nn.logsumexp(jnp.where(used, row, MISSING))

    def eliminate(table, k):
        row = table[k]
        weight = table[:, k] - leaving(row, k)
        through = jnp.logaddexp(table, weight[:, None] + row)
        used = ((columns < k) | (columns >= count)) & (columns != states[:, None])
        return jnp.where(used & (states < k)[:, None], through, table), None

    # Backwards in blocks, each computed again for gradients: memory for one block only.
    block = max(1, int(count**0.5))
    order = np.arange(count - 1, 0, -1)
    order = np.append(order, np.full(-len(order) % block, -1)).reshape(-1, block)
    table, _ = lax.scan(
        jax.checkpoint(lambda table, ks: lax.scan(eliminate, table, ks)), table, jnp.asarray(order)
    )

    def substitute(found, k):
        row = table[k]
        before = jnp.where((states < k)[:, None], row[:count, None] + found, MISSING)
        total = jax.nn.logsumexp(jnp.vstack([before, row[count:]]), axis=0)
        return found.at[k].set(total - leaving(row, k)), None

    start = jnp.zeros((count, width - count), table.dtype)
    return lax.scan(substitute, start, states)[0]


def log_committors(
    rates: Float[Array, "M M"], a: np.ndarray, b: np.ndarray
) -> tuple[Float[Array, " M"], Float[Array, " M"]]:
    """Logarithms of the probabilities to reach `a` before `b`, and `b` before `a`.

    >>> rates = log_rate_matrix(3, np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1]), jnp.zeros(4))
    >>> jnp.exp(log_committors(rates, np.array([0]), np.array([2]))[1]).round(4).tolist()
    [0.0, 0.5, 1.0]
    """
    _, chances = log_absorption(rates, [a, b])
    return chances[0], chances[1]


@functools.partial(jax.jit, static_argnums=(3, 4))
def lowest_pass(
    source: np.ndarray, target: np.ndarray, height: Float[Array, " steps"], size: int, start: int
) -> Float[Array, " M"]:
    """Highest transition state on the lowest path from `start` to every minimum, `[M]`.

    >>> lowest_pass(np.array([0]), np.array([1]), jnp.array([2.0]), 2, 0)[1].item()
    2.0
    """

    def once(_, reached):
        onwards = jnp.maximum(reached[source], height)
        return jnp.minimum(reached, jax.ops.segment_min(onwards, target, size))

    return lax.fori_loop(0, size - 1, once, jnp.full(size, -MISSING).at[start].set(MISSING))
