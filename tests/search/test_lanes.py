import _thread
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

import jaxscape as js
from jaxscape.search import lanes as engine
from jaxscape.search.budget import Budget
from jaxscape.search.lanes import default_width, narrow, run
from jaxscape.search.status import Status

ROOT = Path(__file__).parents[2]


class _State(eqx.Module):
    value: Array
    left: Array
    events: Array
    steps: Array
    status: Array


class _Output(eqx.Module):
    value: Array
    vector: Array
    steps: Array
    status: Array


class Countdown(eqx.Module):
    """Jobs `{"seed", "steps", "events"}`: a random-number generator stepped so many times.

    Integers, so that the outcome is known exactly; `events` repetitions each emit an output.
    """

    stride: int = eqx.field(static=True, default=4)

    def init(self, surface, job):
        zero = jnp.zeros_like(job["steps"])
        status = jnp.where(job["steps"] < 0, Status.NOT_FINITE, Status.RUNNING)
        return _State(job["seed"], job["steps"], job["events"], zero, status.astype(jnp.int32))

    def step(self, surface, clock, state):
        running = state.status == Status.RUNNING
        value = state.value * jnp.uint32(1664525) + jnp.uint32(1013904223)
        steps = state.steps + running
        over = running & (steps >= state.left)
        return _State(
            jnp.where(running, value, state.value),
            state.left,
            state.events,
            steps,
            jnp.where(over, Status.CONVERGED, state.status).astype(jnp.int32),
        )

    def output(self, surface, state):
        vector = jnp.stack([state.value, state.value + jnp.uint32(1)])
        return _Output(state.value, vector, state.steps, state.status)

    def advance(self, surface, state):
        events = state.events - 1
        again = (events > 0) & (state.status == Status.CONVERGED)
        return _State(
            state.value,
            state.left,
            events,
            jnp.where(again, 0, state.steps),
            jnp.where(again, Status.RUNNING, state.status).astype(jnp.int32),
        )


def countdown_jobs(batch=150, longest=40, events=1, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "seed": rng.integers(2**32, size=batch, dtype=np.uint32),
        "steps": rng.integers(1, longest, size=batch, dtype=np.int32),
        "events": np.full(batch, events, np.int32),
    }


def generated(seed, steps):
    value = int(seed)
    for _ in range(steps):
        value = (value * 1664525 + 1013904223) % 2**32
    return value


def leaves_equal(a, b):
    return all(
        np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


@pytest.mark.parametrize("lanes", [None, 1, 7, 16, 40, 500])
def test_every_job_is_run_once_and_in_order(lanes):
    jobs = countdown_jobs()
    out, finished, statistics = run(Countdown(), None, jobs, width=16, lanes=lanes)
    expected = [generated(s, n) for s, n in zip(jobs["seed"], jobs["steps"], strict=True)]
    assert finished.all()
    np.testing.assert_array_equal(out.value, np.array(expected, np.uint32))
    np.testing.assert_array_equal(out.vector[:, 1], out.value + np.uint32(1))
    np.testing.assert_array_equal(out.steps, jobs["steps"])
    # Useful steps are those the jobs needed, not one more.
    assert statistics.useful_lane_steps == jobs["steps"].sum()
    assert statistics.total_lane_steps >= statistics.useful_lane_steps
    assert statistics.total_lane_steps % (16 * Countdown().stride) == 0
    assert 0 < statistics.device_seconds


@pytest.mark.parametrize("width", [1, 8, 64])
def test_width_of_tiles_changes_nothing(width):
    jobs = countdown_jobs()
    reference = run(Countdown(), None, jobs, width=16)[0]
    assert leaves_equal(reference, run(Countdown(), None, jobs, width=width)[0])


def test_lanes_are_refilled():
    """One job of 4000 steps beside 63 of 4: the others do not wait for it."""
    jobs = countdown_jobs(batch=64)
    jobs["steps"][:] = 4
    jobs["steps"][5] = 4000
    out, finished, statistics = run(Countdown(), None, jobs, width=8, lanes=8)
    assert finished.all()
    # Without refill: eight batches of eight, one of them 4000 steps long.
    assert statistics.total_lane_steps <= 8 * (4000 + 100)
    jobs["steps"][:] = 100
    statistics = run(Countdown(), None, jobs, width=8, lanes=8)[2]
    assert statistics.useful_lane_steps == 6400
    assert statistics.total_lane_steps < 1.2 * 6400


@pytest.mark.parametrize("rounds", [1, 3, 1 << 20])
def test_chunk_length_changes_nothing(monkeypatch, rounds):
    jobs = countdown_jobs(events=3)
    reference = run(Countdown(), None, jobs, width=16, events=True)
    monkeypatch.setattr(engine, "_rounds", lambda *_: rounds)
    again = run(Countdown(), None, jobs, width=16, events=True)
    assert leaves_equal(reference[:2], again[:2])


@pytest.mark.parametrize("lanes", [1, 7, None])
def test_several_outputs_of_a_job_keep_their_order(lanes):
    jobs = countdown_jobs(batch=50, longest=9)
    jobs["events"] = np.arange(50, dtype=np.int32) % 5 + 1
    out, owners, _ = run(Countdown(), None, jobs, width=8, lanes=lanes, events=True)
    np.testing.assert_array_equal(owners, np.repeat(np.arange(50), jobs["events"]))
    expected = [
        generated(jobs["seed"][i], int(jobs["steps"][i]) * (k + 1))
        for i in range(50)
        for k in range(jobs["events"][i])
    ]
    np.testing.assert_array_equal(out.value, np.array(expected, np.uint32))


def test_jobs_that_end_at_once_are_returned():
    jobs = countdown_jobs(batch=40)
    jobs["steps"][::3] = -1
    out, finished, _ = run(Countdown(), None, jobs, width=8)
    assert finished.all()
    np.testing.assert_array_equal(out.status == Status.NOT_FINITE, jobs["steps"] == -1)


def test_default_width():
    assert default_width(21, 10_000, 144, "cpu") <= 128
    assert default_width(21, 5, 144, "cpu") == 8  # no more than the batch needs
    assert default_width(10**6, 1000, 144, "cpu") >= 1
    assert default_width(21, 10**6, 144, "gpu") > default_width(21, 10**6, 144, "cpu")
    for dim in (1, 100, 10**7):
        width = default_width(dim, 1000, 144, "cpu")
        assert width & (width - 1) == 0


def test_tiles_are_narrower_for_searches_of_different_lengths():
    assert narrow(128, 39, "cpu") == 32
    assert narrow(128, 2, "cpu") == 128  # few coordinates need many lanes to vectorise
    assert narrow(16, 1000, "cpu") == 16
    assert narrow(8192, 39, "gpu") == 8192


@pytest.mark.parametrize("lanes", [0, -3, 2.5])
def test_number_of_lanes_is_checked(camel, lanes):
    with pytest.raises(ValueError, match=f"lanes is {lanes}"):
        js.minimise(camel, np.zeros((3, 2)), lanes=lanes)


class Ticks:
    """Stands for tqdm."""

    made: list = []

    def __init__(self, *, total, desc, disable, **_):
        self.total, self.desc, self.disable = total, desc, disable
        self.done, self.closed, self.postfix = 0, False, {}
        Ticks.made.append(self)

    def update(self, n):
        self.done += n

    def set_postfix(self, **fields):
        self.postfix = fields

    def close(self):
        self.closed = True


def test_progress_bar_counts_searches(camel, monkeypatch):
    monkeypatch.setattr(engine, "tqdm", Ticks)
    monkeypatch.setattr(Ticks, "made", [])
    starts = np.asarray(camel.sample(jax.random.key(0), 100))
    js.minimise(camel, starts, progress=True)
    shown = [bar for bar in Ticks.made if not bar.disable]
    (bar,) = shown
    assert (bar.total, bar.done, bar.closed) == (100, 100, True)
    assert bar.postfix["failed"] == 0
    Ticks.made.clear()
    js.minimise(camel, starts)
    assert all(bar.disable for bar in Ticks.made)


def test_progress_bar_counts_chains_not_quenches(monkeypatch):
    monkeypatch.setattr(engine, "tqdm", Ticks)
    monkeypatch.setattr(Ticks, "made", [])
    run(Countdown(), None, countdown_jobs(batch=30, events=4), width=8, events=True, progress=True)
    (bar,) = Ticks.made
    assert (bar.total, bar.done) == (30, 30)


def test_progress_is_written_to_the_terminal(camel, capfd):
    js.minimise(camel, np.asarray(camel.sample(jax.random.key(0), 100)), progress=True)
    text = capfd.readouterr().err
    assert "searches" in text and "/100" in text


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_budget_has_to_leave_something(seconds):
    with pytest.raises(ValueError, match="budget of"):
        Budget(seconds)


def test_spent_budget_returns_what_is_finished():
    jobs = countdown_jobs(batch=64)
    jobs["steps"][:32] = 5
    jobs["steps"][32:] = 2**31 - 1  # would take days
    started = time.monotonic()
    out, finished, _ = run(Countdown(), None, jobs, width=64, budget=Budget(0.5))
    assert time.monotonic() - started < 10.0
    np.testing.assert_array_equal(finished, jobs["steps"] == 5)
    np.testing.assert_array_equal(out.status[:32], Status.CONVERGED)


def test_budget_holds_after_many_short_jobs():
    """Chunks must not have grown without limit by the time that only long jobs are left."""
    jobs = countdown_jobs(batch=2_000)
    jobs["steps"][:] = 1
    jobs["steps"][-8:] = 2**31 - 1
    run(Countdown(), None, countdown_jobs(batch=32), width=16)  # compile
    finished = run(Countdown(), None, jobs, width=16, budget=Budget(6.0))[1]
    assert finished.sum() == 2_000 - 8
    # A chunk that ended early says nothing about how long a full one takes.
    assert engine._rounds(64, 3, 0.01) == 64
    assert engine._rounds(64, 64, 0.01) == 128
    assert engine._rounds(64, 64, 1.0) == 32


def test_minimise_within_a_budget(lj7, lj7_starts):
    budget = Budget(60.0)
    budget.deadline = 0.0
    found = js.minimise(lj7, lj7_starts, budget=budget)
    assert found.counts() == {"INTERRUPTED": len(lj7_starts)}
    assert np.isnan(found.energy).all() and (found.index == -1).all()
    np.testing.assert_array_equal(found.x, lj7_starts)


def interrupt_after(monkeypatch, chunks):
    """Ctrl-C once so many chunks have been worked off, whichever thread does."""
    plain, count = engine._chunk, [0]

    def chunk(*args):
        count[0] += 1
        if count[0] == chunks:
            if threading.current_thread() is threading.main_thread():
                raise KeyboardInterrupt
            _thread.interrupt_main()
        return plain(*args)

    monkeypatch.setattr(engine, "_chunk", chunk)
    monkeypatch.setattr(engine, "_rounds", lambda *_: 4)


@pytest.mark.parametrize("lanes", [16, 64])
def test_keyboard_interrupt_returns_what_is_finished(monkeypatch, lanes):
    jobs = countdown_jobs(batch=400)
    jobs["steps"][350:] = 2**31 - 1
    run(Countdown(), None, jobs | {"steps": jobs["steps"] % 7}, width=16, lanes=lanes)
    interrupt_after(monkeypatch, 30)
    out, finished, _ = run(Countdown(), None, jobs, width=16, lanes=lanes)
    assert 0 < finished.sum() <= 350
    done = np.flatnonzero(finished)
    expected = [generated(jobs["seed"][i], jobs["steps"][i]) for i in done]
    np.testing.assert_array_equal(out.value[done], np.array(expected, np.uint32))


def test_interrupted_minimisation_keeps_certificates(lj7, lj7_starts, lj7_minima, monkeypatch):
    interrupt_after(monkeypatch, 6)
    found = js.minimise(lj7, lj7_starts, lanes=32)
    halted = found.status == Status.INTERRUPTED
    assert halted.any()
    # Whatever is called ok has its certificate, and is what it would have been.
    assert (found.rms_gradient[found.ok] < 1e-8).all()
    assert (found.index[found.ok] == 0).all()
    assert leaves_equal(lj7_minima.take(found.ok), found.take(found.ok))


def test_error_in_a_tile_is_raised(monkeypatch):
    def chunk(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(engine, "_chunk", chunk)
    for lanes in (16, 64):
        with pytest.raises(RuntimeError, match="out of memory"):
            run(Countdown(), None, countdown_jobs(), width=16, lanes=lanes)


def test_an_interrupt_that_something_swallows_still_ends_the_run(monkeypatch):
    plain = engine._Tile._deliver

    def deliver(*args):
        with contextlib.suppress(KeyboardInterrupt):  # as a callback of the garbage collector does
            signal.raise_signal(signal.SIGINT)
        return plain(*args)

    jobs = countdown_jobs(batch=16)
    jobs["steps"][:] = 2**31 - 1
    monkeypatch.setattr(engine._Tile, "_deliver", deliver)
    monkeypatch.setattr(engine, "_rounds", lambda *_: 4)
    before = signal.getsignal(signal.SIGINT)
    _, finished, _ = run(Countdown(), None, jobs, width=16)
    assert not finished.any()
    assert signal.getsignal(signal.SIGINT) is before


SIGNALLED = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
import jaxscape as js

surface = js.Surface(lambda x: jax.numpy.sum((x**2 - 1) ** 2) + 0.3 * x[0], dim=2)
x0 = np.random.default_rng(0).uniform(-2, 2, (3_000_000, 2))
js.minimise(surface, x0[:256], certify=False)
print("ready", flush=True)
found = js.minimise(surface, x0, certify=False)
print("ok", int(found.ok.sum()), "interrupted", found.counts().get("INTERRUPTED", 0), flush=True)
"""


def python(script, **environment):
    variables = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"} | environment
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_returns_what_is_finished():
    process = python(SIGNALLED)
    try:
        assert process.stdout.readline().strip() == "ready"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    words = out.split()
    assert int(words[1]) > 0 and int(words[3]) > 0
