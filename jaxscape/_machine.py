"""What the machine has, and what it grants a process."""

import os
import time
import warnings
from pathlib import Path

import jax

_MAPS = Path("/proc/self/maps")
_MOST_MAPS = Path("/proc/sys/vm/max_map_count")
_EVERY = 2.0  # seconds: counting takes milliseconds
_last_count = -float("inf")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_room_for_code() -> None:
    """Have JAX forget its compiled functions before Linux grants no memory maps for more.

    On CPUs each function takes hundreds of maps, of 65,530 that a process has by default. After
    some eighty searches of different surfaces or options, the compiler would end the process.
    """
    global _last_count
    if time.monotonic() - _last_count < _EVERY:
        return
    _last_count = time.monotonic()
    used, most = memory_maps()
    if used > 0.8 * most:
        jax.clear_caches()
        warnings.warn(
            f"{used:,} of {most:,} memory maps were in use, most of them by compiled functions: "
            "JAX's caches were cleared, so what is called again is compiled again. "
            "`sysctl -w vm.max_map_count=1000000` makes more room.",
            RuntimeWarning,
            stacklevel=3,
        )


def memory_maps() -> tuple[int, float]:
    """Memory maps that this process has, and those that it is granted."""
    try:
        return _MAPS.read_bytes().count(b"\n"), int(_MOST_MAPS.read_text())
    except (OSError, ValueError):
        return 0, float("inf")  # other systems have no such limit
