"""The one driver of all batched searches.

A search is a state machine: `init` makes the states of new jobs, `step` does a fixed amount of
work on every lane, and a lane whose status leaves `RUNNING` is harvested and refilled from the
queue. Lanes are the *trailing* axis of every array: loops vectorise over them, a number per
lane broadcasts against a vector per lane, and code written for one point, `[dim]`, is the
code for many, `[dim, lanes]`.

Compiled code always works on tiles of `width` lanes. How many tiles run at once, on which
device, and for how many steps at a time never changes what one lane computes.
"""

import contextlib
import math
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Protocol

import equinox as eqx
import jax
import numpy as np

from jaxscape._machine import cores, make_room_for_code
from jaxscape.search.arguments import positive
from jaxscape.search.bar import tqdm
from jaxscape.search.budget import Budget
from jaxscape.search.chunk import _chunk, _idle
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


def narrow(width: int, dim: int, backend: str) -> int:
    """A tile for searches of very different lengths: the longest keep few idle lanes waiting.

    On a CPU some 1,200 numbers a vector are enough to vectorise; a GPU wants all it can get.
    """
    if backend != "cpu":
        return width
    return min(width, max(32, 2 ** round(math.log2(1200 / max(1, dim)))))


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
    make_room_for_code()
    lanes = None if lanes is None else positive("lanes", lanes)
    batch = jax.tree.leaves(jobs)[0].shape[0]
    budget = budget or Budget()
    queue = _Queue(jobs, batch)
    bar = _bar(progress, batch)
    sink = _Sink(bar)
    tiles = _tiles(width, batch, lanes)
    per_tile = width if lanes is None else max(1, min(width, lanes // len(tiles)))
    started = time.monotonic()
    workers = [_Tile(search, surface, width, per_tile, device, budget) for device in tiles]
    with contextlib.closing(bar), budget.until_interrupted():
        if len(workers) == 1:
            workers[0].work(queue, sink, 1)
        else:
            _together(workers, queue, sink, budget)
    statistics = LaneStatistics(
        sum(w.total_steps for w in workers),
        sum(w.useful_steps for w in workers),
        sum(w.device_seconds for w in workers),
        time.monotonic() - started,
    )
    outputs, owners = sink.collect(lambda: _empty(search, surface, jobs))
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

    def collect(self, empty):
        if not self.parts:
            return empty(), np.zeros(0, np.int32)
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
        rounds = 1 if getattr(self.surface, "costly", False) else 4
        carry, waiting = None, np.zeros(0, int)
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
            done = int(counts.lane_steps) // (self.search.stride * self.width)
            rounds = _rounds(rounds, done, spent)
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
    default = getattr(jax.config, "jax_default_device", None)
    devices = jax.local_devices() if default is None else [default]
    if len(devices) > 1:
        homes = devices
    elif devices[0].platform == "cpu":
        homes = [None] * cores()
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


def _rounds(rounds, done, seconds):
    """Chunks of about a fifth of a second: rare host turns, prompt interrupts."""
    if done < rounds:
        return rounds  # ended early for want of jobs, which says nothing about its length
    if seconds < 0.1:
        return min(2 * rounds, 1 << 20)
    return max(1, rounds // 2) if seconds > 0.4 else rounds


def _bar(progress, total):
    label = progress if isinstance(progress, str) else "searches"
    return tqdm(total=total, desc=label, disable=not progress, unit="search", leave=False)


def _empty(search, surface, jobs):
    """Outputs of no jobs at all, with the right shapes."""
    one = jax.tree.map(lambda a: np.moveaxis(np.asarray(a)[:1], 0, -1), jobs)
    shapes = eqx.filter_eval_shape(
        lambda job: search.output(surface, search.init(surface, job)), one
    )
    return jax.tree.map(lambda s: np.zeros((0, *s.shape[:-1]), s.dtype), shapes)
