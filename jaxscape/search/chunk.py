"""The compiled part of the lane driver: a chunk of steps, with harvest and refill inside.

Everything here runs on the device. Lanes are the trailing axis; `owners` names the job in each
lane, -1 for a lane that waits for one and -2 for a lane that never gets one.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from jaxscape.search.history import History
from jaxscape.search.status import Status


class _Counts(eqx.Module):
    emitted: Any
    finished: Any
    used: Any
    busy: Any
    lane_steps: Any
    useful_steps: Any


class _Harvest(eqx.Module):
    outputs: Any
    owners: Any
    counts: _Counts


@eqx.filter_jit
def _idle(search, surface, buffer, width, active):
    """A carry in which `active` lanes wait for a job and the rest never get one."""
    # Of the types that a chunk returns, or the second chunk would be compiled anew.
    state = search.init(surface, buffer)
    state = jax.tree.map(lambda leaf: lax.convert_element_type(leaf, leaf.dtype), state)
    owners = jnp.where(jnp.arange(width) < active, -1, -2).astype(jnp.int32)
    return jnp.zeros((), jnp.int32), state, owners


@eqx.filter_jit(donate="all-except-first")
def _chunk(shared, carry, buffer, buffer_owners, waiting, more, max_rounds):
    """Up to `max_rounds` times `stride` steps, harvesting and refilling in between."""
    search, surface = shared
    clock, state, owners = carry
    width = owners.shape[0]
    blank = jax.tree.map(
        lambda leaf: jnp.zeros((*leaf.shape[:-1], 2 * width), leaf.dtype),
        eqx.filter_eval_shape(search.output, surface, state),
    )
    zero = jnp.zeros((), jnp.int32)
    counts = _Counts(zero, zero, zero, zero, zero, zero)
    harvest = _Harvest(blank, jnp.zeros(2 * width, jnp.int32), counts)

    def proceed(loop):
        rounds, _, _, owners, harvest = loop
        idle = jnp.any(owners == -1)
        unused = harvest.counts.used < waiting
        room = harvest.counts.emitted <= width
        busy = jnp.any(owners >= 0) | unused
        return (rounds < max_rounds) & room & busy & ~(idle & ~unused & more)

    def one_round(loop):
        rounds, clock, state, owners, harvest = loop
        state, owners, harvest = lax.cond(
            jnp.any(owners == -1) & (harvest.counts.used < waiting),
            lambda s, o, h: _refill(search, surface, s, o, h, buffer, buffer_owners, waiting),
            lambda s, o, h: (s, o, h),
            state,
            owners,
            harvest,
        )

        def steps(_, inner):
            clock, state, useful = inner
            running = jnp.sum((state.status == Status.RUNNING) & (owners >= 0), dtype=jnp.int32)
            after = search.step(surface, clock, state)
            if getattr(surface, "costly", False):
                # A lane that has ended must not ask for energies at new points.
                after = select(state.status != Status.RUNNING, state, after)
            return clock + 1, after, useful + running

        clock, state, useful = lax.fori_loop(0, search.stride, steps, (clock, state, zero))
        n = harvest.counts
        n = eqx.tree_at(
            lambda c: (c.lane_steps, c.useful_steps),
            n,
            (n.lane_steps + search.stride * width, n.useful_steps + useful),
        )
        harvest = eqx.tree_at(lambda h: h.counts, harvest, n)
        ended = (state.status != Status.RUNNING) & (owners >= 0)
        state, owners, harvest = lax.cond(
            jnp.any(ended),
            lambda s, o, h: _emit(search, surface, s, o, h, ended),
            lambda s, o, h: (s, o, h),
            state,
            owners,
            harvest,
        )
        return rounds + 1, clock, state, owners, harvest

    loop = (zero, clock, state, owners, harvest)
    _, clock, state, owners, harvest = lax.while_loop(proceed, one_round, loop)
    harvest = eqx.tree_at(lambda h: h.counts.busy, harvest, jnp.sum(owners >= 0, dtype=jnp.int32))
    return (clock, state, owners), harvest


def _emit(search, surface, state, owners, harvest, ended):
    """Write the outputs of ended lanes; let those go on that have more to do."""
    size = harvest.owners.shape[0]
    rank = jnp.cumsum(ended, dtype=jnp.int32) - 1
    place = jnp.where(ended, harvest.counts.emitted + rank, size)
    outputs = jax.tree.map(
        lambda kept, new: kept.at[..., place].set(new, mode="drop"),
        harvest.outputs,
        search.output(surface, state),
    )
    kept = harvest.owners.at[place].set(owners, mode="drop")
    state = select(ended, search.advance(surface, state), state)
    finished = ended & (state.status != Status.RUNNING)
    owners = jnp.where(finished, -1, owners)
    counts = eqx.tree_at(
        lambda c: (c.emitted, c.finished),
        harvest.counts,
        (
            harvest.counts.emitted + jnp.sum(ended, dtype=jnp.int32),
            harvest.counts.finished + jnp.sum(finished, dtype=jnp.int32),
        ),
    )
    return state, owners, _Harvest(outputs, kept, counts)


def _refill(search, surface, state, owners, harvest, buffer, buffer_owners, waiting):
    """Give each idle lane the next waiting job."""
    idle = owners == -1
    index = harvest.counts.used + jnp.cumsum(idle, dtype=jnp.int32) - 1
    fill = idle & (index < waiting)
    source = jnp.where(fill, index, 0)
    fresh = search.init(surface, jax.tree.map(lambda leaf: leaf[..., source], buffer))
    state = select(fill, fresh, state)
    owners = jnp.where(fill, buffer_owners[source], owners)
    used = harvest.counts.used + jnp.sum(fill, dtype=jnp.int32)
    return state, owners, eqx.tree_at(lambda h: h.counts.used, harvest, used)


def select(mask, new, old):
    """`new` in the lanes of `mask`, `old` elsewhere; histories are only cleared, not copied."""

    def leaf(n, o):
        if isinstance(n, History):
            return o.forget(mask)
        return jnp.where(mask, n, o)

    return jax.tree.map(leaf, new, old, is_leaf=lambda node: isinstance(node, History))
