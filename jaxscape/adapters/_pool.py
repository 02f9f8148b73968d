"""Worker processes that survive whatever a calculation does: raise, crash, or never end."""

import contextlib
import os
import pickle
import selectors
import struct
import subprocess
import sys
import time
import traceback
import weakref
from pathlib import Path

import numpy as np

_WORKER = Path(__file__).with_name("_worker.py")
_PATIENCE = 120.0  # seconds a worker may take to import its packages


class Pool:
    """Computes points `[m, dim]` on several processes; what fails or takes too long is NaN.

    - `kind`, `options`: what the workers compute, see `_worker`.
    - `workers`: processes; each uses one core.
    - `time_limit`: seconds for one calculation; a worker above it is killed and replaced.

    A point whose worker ends without an answer is tried once more: somebody else may have ended
    it, the system for want of memory, say.

    `last_failure` is the text of the latest failure.
    """

    def __init__(self, kind: str, options: dict, dim: int, workers: int, time_limit: float):
        self.job = pickle.dumps((list(sys.path), pickle.dumps((kind, options))))
        self.dim, self.time_limit = dim, time_limit
        self.last_failure = ""
        self.workers: list[_Worker | None] = [None] * workers
        # Workers end by themselves when their input does; one that hangs would not.
        weakref.finalize(self, _stop, self.workers)

    def __call__(self, points):
        energies = np.full(len(points), np.nan)
        gradients = np.full((len(points), self.dim), np.nan)
        waiting = list(range(len(points)))[::-1]
        busy: dict[int, tuple[int, float]] = {}  # slot: point, deadline
        again: set[int] = set()
        with selectors.DefaultSelector() as selector:
            while waiting or busy:
                for slot in range(len(self.workers)):
                    if slot in busy or not waiting:
                        continue
                    row = waiting.pop()
                    worker = self._asked(slot, points[row])
                    if worker is None:
                        continue
                    busy[slot] = row, time.monotonic() + self.time_limit
                    selector.register(worker.stdout, selectors.EVENT_READ, slot)
                if not busy:
                    continue
                soonest = min(deadline for _, deadline in busy.values())
                events = selector.select(max(0.0, soonest - time.monotonic()))
                answered = {key.data for key, _ in events}
                now = time.monotonic()
                for slot in [s for s in busy if s in answered or busy[s][1] <= now]:
                    row, _ = busy.pop(slot)
                    worker = self.workers[slot]
                    assert worker is not None
                    selector.unregister(worker.stdout)
                    if slot not in answered:
                        self._lost(slot, f"no answer within {self.time_limit:g} s")
                        continue
                    answer = worker.answer(self.dim)
                    if answer is None:
                        self._lost(slot, "the worker crashed")
                        if row not in again:
                            again.add(row)
                            waiting.append(row)
                        continue
                    energies[row], gradients[row] = answer[0][0], answer[0][1:]
                    self.last_failure = answer[1] or self.last_failure
        return energies, gradients

    def start(self) -> str:
        """Start one worker; the reason if it cannot."""
        worker = self._ready(0)
        return "" if worker is not None else self.last_failure

    def _ready(self, slot) -> "_Worker | None":
        worker = self.workers[slot]
        if worker is None:
            worker = _Worker(self.job)
            reason = worker.greeting()
            if reason:
                worker.kill()
                self.last_failure = reason
                return None
            self.workers[slot] = worker
        return worker

    def _asked(self, slot, point) -> "_Worker | None":
        """The worker to whom a point was sent; one that has died meanwhile is replaced."""
        for _ in range(2):
            worker = self._ready(slot)
            if worker is None or worker.ask(point):
                return worker
            self._lost(slot, "the worker ended before it was asked")
        return None

    def _lost(self, slot, reason) -> None:
        self.last_failure = reason
        worker, self.workers[slot] = self.workers[slot], None
        if worker is not None:
            worker.kill()


class InProcess:
    """Computes points one after the other in this process; what raises is NaN.

    - `evaluate`: `x [dim] -> (energy, gradient [dim])`.
    """

    def __init__(self, evaluate, dim: int):
        self.evaluate, self.dim = evaluate, dim
        self.last_failure = ""

    def __call__(self, points):
        energies = np.full(len(points), np.nan)
        gradients = np.full((len(points), self.dim), np.nan)
        for row, point in enumerate(points):
            try:
                energies[row], gradients[row] = self.evaluate(point)
            except Exception:  # one bad point must not end the others
                self.last_failure = traceback.format_exc()
        return energies, gradients


def try_out(compute, x, what: str) -> None:
    """Raise `ValueError` unless the starting point can be computed, with the reason."""
    energy, gradient = compute(x[None])
    if not (np.isfinite(energy).all() and np.isfinite(gradient).all()):
        lines = compute.last_failure.strip().splitlines()
        reason = lines[-1] if lines else "energy or forces are not finite"
        raise ValueError(f"{what} cannot compute the given atoms: {reason}")


class _Worker:
    """One process, and what is said to it and by it."""

    def __init__(self, job: bytes):
        # One thread each: the parallelism is that of the pool.
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | threads,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self._send(job)

    def ask(self, x) -> bool:
        """Send a point; False if there is nobody any more."""
        return self._send(np.ascontiguousarray(x, np.float64).tobytes())

    def answer(self, dim: int):
        """Energy and gradient in one array, and the reason if they are NaN."""
        data = self.stdout.read(8 * (dim + 1))
        reason = self._text()
        if len(data) < 8 * (dim + 1) or reason is None:
            return None
        return np.frombuffer(data, np.float64), reason

    def greeting(self) -> str:
        """Empty once the worker is ready, else why it is not."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ)
            if not selector.select(_PATIENCE):
                return f"the worker was not ready within {_PATIENCE:g} s"
        text = self._text()
        return "the worker ended while it started" if text is None else text

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        with contextlib.suppress(OSError):
            self.stdin.close()
        self.stdout.close()
        self.process.wait()

    def _text(self) -> str | None:
        size = self.stdout.read(8)
        return None if len(size) < 8 else self.stdout.read(struct.unpack("q", size)[0]).decode()

    def _send(self, data: bytes) -> bool:
        try:
            self.stdin.write(struct.pack("q", len(data)) + data)
            self.stdin.flush()
        except OSError:
            return False
        return True


def _stop(workers) -> None:
    for worker in workers:
        if worker is not None:
            worker.kill()
