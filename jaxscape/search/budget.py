"""When to stop: out of time, or told to by the keyboard."""

import contextlib
import copy
import math
import signal
import threading
import time
from collections.abc import Iterator


class Budget:
    """When to stop: a deadline in seconds, or an interrupt from the keyboard."""

    def __init__(self, seconds: float | None = None):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"a budget of {seconds} seconds leaves nothing to do; give more")
        self.deadline = math.inf if seconds is None else time.monotonic() + seconds
        self._interrupt = threading.Event()

    def part(self, share: float) -> "Budget":
        """A share of the time left, for what must leave some for its sequel.

        An interrupt of either ends both.
        """
        part = copy.copy(self)
        now = time.monotonic()
        part.deadline = now + share * (self.deadline - now)
        return part

    @property
    def interrupted(self) -> bool:
        """True after Ctrl-C; once set, it stays."""
        return self._interrupt.is_set()

    @interrupted.setter
    def interrupted(self, value: bool) -> None:
        if value:
            self._interrupt.set()

    @property
    def spent(self) -> bool:
        """True once nothing more may be started."""
        return self.interrupted or time.monotonic() >= self.deadline

    @contextlib.contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """Ctrl-C ends the block, also while it is left, and goes no further."""
        try:
            with self.heeding_interrupts():
                yield
        except KeyboardInterrupt:
            self.interrupted = True

    @contextlib.contextmanager
    def heeding_interrupts(self) -> Iterator[None]:
        """Notes Ctrl-C in the block, even where its exception is lost.

        Python throws `KeyboardInterrupt` into whatever is running. Out of a callback of the
        garbage collector, and JAX has one, or out of a `__del__`, it goes no further.
        """
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            yield
            return

        def note(number, frame):
            try:
                before(number, frame)
            except KeyboardInterrupt:
                self.interrupted = True
                raise

        try:
            signal.signal(signal.SIGINT, note)
            yield
        finally:
            signal.signal(signal.SIGINT, before)
