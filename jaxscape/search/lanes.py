"""The one driver of all batched searches.

A search is a state machine: `init` makes the states of new jobs, `step` does a fixed amount of
work on every lane, and a lane whose status leaves `RUNNING` is harvested and refilled from the
queue. Lanes are the *trailing* axis of every array: loops vectorise over them, a number per
lane broadcasts against a vector per lane, and code written for one point, `[dim]`, is the
code for many, `[dim, lanes]`.

Compiled code always works on tiles of `width` lanes. How many tiles run at once, on which
device, and for how many steps at a time never changes what one lane computes.
"""

import math
import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from tqdm.auto import tqdm

from jaxscape.search.history import History
from jaxscape.search.status import Status


class Search(Protocol):
    """What the driver needs of an algorithm; arrays carry lanes as their trailing axis."""

    stride: int

    def init(self, surface, job) -> Any:
        """States of new jobs; evaluates nothing. Has a field `status` `[lanes]`."""
        ...

    def step(self, surface, clock, state) -> Any:
        """One step of every lane. `clock` is shared by all lanes."""
        ...

    def output(self, surface, state) -> Any:
        """What is kept of a lane that has ended."""
        ...

    def advance(self, surface, state) -> Any:
        """The state in which an ended lane goes on; one that stays ended is refilled."""
        ...


class Budget:
    """When to stop: a deadline in seconds, or an interrupt from the keyboard."""

    def __init__(self, seconds: float | None = None):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"a budget of {seconds} seconds leaves nothing to do; give more")
        self.deadline = math.inf if seconds is None else time.monotonic() + seconds
        self.interrupted = False

    @property
    def spent(self) -> bool:
        """True once nothing more may be started."""
        return self.interrupted or time.monotonic() >= self.deadline


class LaneStatistics(eqx.Module):
    """Where the work of one run went: `useful / total` lane-steps, and seconds in device code."""

    total_lane_steps: int
    useful_lane_steps: int
    device_seconds: float
    wall_seconds: float


def default_width(dim: int, batch: int, bytes_per_coordinate: int, backend: str) -> int:
    """Lanes in one tile: enough to vectorise, few enough for cache (CPU) or memory (GPU)."""
    memory = 768 * 1024 if backend == "cpu" else 2**31
    most = 128 if backend == "cpu" else 8192
    width = max(1, memory // max(1, dim * bytes_per_coordinate))
    width = min(most, 2 ** int(math.log2(width)))
    floor = 16 if backend == "cpu" and dim <= 4096 else 1
    width = max(width, floor)
    return min(width, 2 ** math.ceil(math.log2(max(batch, 1))))


def run(
    search: Search,
    surface,
    jobs: Any,
    *,
    width: int,
    lanes: int | None = None,
    budget: Budget | None = None,
    progress: bool | str = False,
    events: bool = False,
):
    """Run every job to its end and return the outputs in the order of the jobs.

    **Arguments:**

    - `jobs`: a pytree of NumPy arrays `[B, ...]`.
    - `width`: lanes in a compiled tile; `lanes`: lanes busy at once (default: a tile on every
      core or device).
    - `events`: the search emits several outputs per job; returned as they came, with the
      job of each, sorted by job and then by order within it.

    **Returns:** `(outputs, finished [B] bool, statistics)`, or with `events`
    `(outputs, owners, statistics)`. Rows of jobs that never finished are zeros.
    """
    batch = jax.tree.leaves(jobs)[0].shape[0]
    budget = budget or Budget()
    queue = _Queue(jobs, batch)
    bar = _bar(progress, batch)
    sink = _Sink(bar)
    tiles = _tiles(width, batch, lanes)
    per_tile = width if lanes is None else max(1, min(width, lanes // len(tiles)))
    started = time.monotonic()
    workers = [_Tile(search, surface, width, per_tile, device, budget) for device in tiles]
    try:
        if len(workers) == 1:
            _alone(workers[0], queue, sink, budget)
        else:
            _together(workers, queue, sink, budget)
    finally:
        bar.close()
    statistics = LaneStatistics(
        sum(w.total_steps for w in workers),
        sum(w.useful_steps for w in workers),
        sum(w.device_seconds for w in workers),
        time.monotonic() - started,
    )
    outputs, owners = sink.collect()
    if outputs is None:
        outputs = _empty(search, surface, jobs)
        owners = np.zeros(0, np.int32)
    if events:
        order = np.argsort(owners, kind="stable")
        return jax.tree.map(lambda a: a[order], outputs), owners[order], statistics
    finished = np.zeros(batch, bool)
    finished[owners] = True

    def in_order(leaf):
        full = np.zeros((batch, *leaf.shape[1:]), leaf.dtype)
        full[owners] = leaf
        return full

    return jax.tree.map(in_order, outputs), finished, statistics


class _Queue:
    """Jobs not yet handed out. Thread-safe."""

    def __init__(self, jobs, batch):
        self.jobs = jax.tree.map(np.asarray, jobs)
        self.batch = batch
        self.next = 0
        self.lock = threading.Lock()

    def take(self, most):
        with self.lock:
            ids = np.arange(self.next, min(self.next + most, self.batch))
            self.next += len(ids)
        return ids

    def left(self):
        return self.batch - self.next


class _Sink:
    """Outputs as they come. Thread-safe."""

    def __init__(self, bar):
        self.parts = []
        self.bar = bar
        self.failed = 0
        self.lock = threading.Lock()

    def put(self, outputs, owners, status, finished, busy):
        with self.lock:
            if len(owners):
                self.parts.append((outputs, owners))
            self.failed += int(np.sum(status != Status.CONVERGED))
            self.bar.update(finished)
            self.bar.set_postfix(lanes=busy, failed=self.failed, refresh=False)

    def collect(self):
        if not self.parts:
            return None, None
        owners = np.concatenate([owners for _, owners in self.parts])
        outputs = jax.tree.map(
            lambda *leaves: np.concatenate(leaves), *[outputs for outputs, _ in self.parts]
        )
        return outputs, owners


class _Tile:
    """One tile of lanes on one device, with its share of the queue."""

    def __init__(self, search, surface, width, active, device, budget):
        self.device = device
        self.surface = surface if device is None else _to_device(surface, device)
        self.search = search if device is None else _to_device(search, device)
        self.width, self.active = width, active
        self.budget = budget
        self.total_steps = self.useful_steps = 0
        self.device_seconds = 0.0

    def work(self, queue, sink, share):
        carry, rounds, waiting = None, 4, np.zeros(0, int)
        last = None
        while not self.budget.spent:
            # Take no more than this tile's share of what is left, so that tiles end together.
            want = min(self.active, max(1, math.ceil(queue.left() / share))) - len(waiting)
            waiting = np.concatenate([waiting, queue.take(max(0, want))]).astype(int)
            if carry is None and len(waiting) == 0:
                return
            buffer, owners = self._buffer(queue.jobs, waiting)
            if carry is None:
                carry = _idle(self.search, self.surface, buffer, self.width, self.active)
            begun = time.monotonic()
            more = queue.left() > 0
            last = _chunk(
                (self.search, self.surface),
                carry,
                buffer,
                owners,
                np.int32(len(waiting)),
                np.bool_(more),
                np.int32(rounds),
            )
            carry, harvest = last
            counts = jax.device_get(harvest.counts)
            spent = time.monotonic() - begun
            self.device_seconds += spent
            self.total_steps += int(counts.lane_steps)
            self.useful_steps += int(counts.useful_steps)
            waiting = waiting[int(counts.used) :]
            self._deliver(harvest, counts, sink)
            rounds = _rounds(rounds, spent)
            if counts.busy == 0 and len(waiting) == 0 and queue.left() == 0:
                return

    def _buffer(self, jobs, ids):
        padded = np.zeros(self.width, np.int32)
        padded[: len(ids)] = ids
        take = ids if len(ids) else padded[:1]
        pad = np.concatenate([take, np.full(self.width - len(take), take[0])])
        buffer = jax.tree.map(lambda a: np.moveaxis(a[pad], 0, -1), jobs)
        return (buffer if self.device is None else jax.device_put(buffer, self.device)), padded

    def _deliver(self, harvest, counts, sink):
        n = int(counts.emitted)
        outputs, owners = jax.device_get((harvest.outputs, harvest.owners))
        outputs = jax.tree.map(lambda a: np.moveaxis(a, -1, 0)[:n].copy(), outputs)
        status = outputs.status if hasattr(outputs, "status") else np.zeros(0)
        sink.put(outputs, owners[:n], status, int(counts.finished), int(counts.busy))


def _alone(worker, queue, sink, budget):
    try:
        worker.work(queue, sink, 1)
    except KeyboardInterrupt:
        budget.interrupted = True


def _together(workers, queue, sink, budget):
    with ThreadPoolExecutor(len(workers)) as pool:
        running = {pool.submit(w.work, queue, sink, len(workers)) for w in workers}
        while running:
            try:
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
            except KeyboardInterrupt:
                budget.interrupted = True
            except BaseException:
                budget.interrupted = True
                raise


def _tiles(width, batch, lanes):
    """A device (or None, the default one) for each tile."""
    default = jax.config.jax_default_device
    devices = jax.local_devices() if default is None else [default]
    if len(devices) > 1:
        homes = devices
    elif devices[0].platform == "cpu":
        homes = [None] * (os.process_cpu_count() if hasattr(os, "process_cpu_count") else _cores())
    else:
        homes = [None]
    useful = math.ceil(batch / width)
    allowed = len(homes) if lanes is None else math.ceil(lanes / width)
    tiles = [homes[i % len(homes)] for i in range(max(1, min(useful, allowed)))]
    return tiles if lanes is not None else tiles[: len(homes)]


def _to_device(tree, device):
    """Arrays of a tree moved, functions and options left as they are."""
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, device), rest)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _rounds(rounds, seconds):
    """Chunks of about a fifth of a second: rare host turns, prompt interrupts."""
    if seconds < 0.1:
        return min(2 * rounds, 1 << 20)
    return max(1, rounds // 2) if seconds > 0.4 else rounds


def _bar(progress, total):
    label = progress if isinstance(progress, str) else "searches"
    return tqdm(total=total, desc=label, disable=not progress, unit="search", leave=False)


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
    state = search.init(surface, buffer)
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
            lambda s, o, h: _refill(
                search, surface, s, o, h, buffer, buffer_owners, waiting
            ),
            lambda s, o, h: (s, o, h),
            state,
            owners,
            harvest,
        )

        def steps(_, inner):
            clock, state, useful = inner
            running = jnp.sum((state.status == Status.RUNNING) & (owners >= 0), dtype=jnp.int32)
            state = search.step(surface, clock, state)
            return clock + 1, state, useful + running

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
    harvest = eqx.tree_at(
        lambda h: h.counts.busy, harvest, jnp.sum(owners >= 0, dtype=jnp.int32)
    )
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


def _empty(search, surface, jobs):
    """Outputs of no jobs at all, with the right shapes."""
    one = jax.tree.map(lambda a: np.moveaxis(np.asarray(a)[:1], 0, -1), jobs)
    shapes = eqx.filter_eval_shape(
        lambda job: search.output(surface, search.init(surface, job)), one
    )
    return jax.tree.map(lambda s: np.zeros((0, *s.shape[:-1]), s.dtype), shapes)
