"""Clocks, rows and the look inside a search shared by the benchmarks of jaxscape."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE / "peers", HERE.parent):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import numpy as np  # noqa: E402
from _common import (  # noqa: E402
    Array,
    Clock,
    Distinct,
    energy_gradient,
    index,
    load_starts,
    options,
    random_starts,
    rms_gradient,
    show,
    starts_options,
)

import jaxscape as js  # noqa: E402

__all__ = [
    "Array", "Clock", "Distinct", "Stages", "both", "energy_gradient", "index", "js", "load_starts",
    "minima_from", "options", "random_starts", "rms_gradient", "row", "show", "stages",
    "starts_options", "timed",
]  # fmt: skip


@dataclass
class Stage:
    """What one kind of work cost, over all its calls."""

    calls: int = 0
    clock: Clock = field(default_factory=Clock)
    device_s: float = 0.0
    thread_s: float = 0.0
    lane_steps: int = 0
    useful: int = 0
    evaluations: int = 0


class Stages(dict[str, Stage]):
    """Stages by name: each lane search by its class, the certificates, and the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = Clock()

    def at(self, name: str) -> Stage:
        return self.setdefault(name, Stage())

    @property
    def useful_lane_share(self) -> float | None:
        """Useful lane-steps of all lane searches together."""
        total = sum(s.lane_steps for s in self.values())
        return round(sum(s.useful for s in self.values()) / total, 3) if total else None

    def evaluations(self, name: str) -> int:
        return self[name].evaluations if name in self else 0

    def table(self) -> dict[str, dict[str, Any]]:
        """For each stage: CPU seconds, its share of all CPU time, time in device code, lanes."""
        whole = max(self.whole.cpu, 1e-9)
        rows: dict[str, dict[str, Any]] = {}
        for name, s in self.items():
            rows[name] = {
                "calls": s.calls,
                "cpu_s": round(s.clock.cpu, 3),
                "wall_s": round(s.clock.wall, 3),
                "cpu_share": round(s.clock.cpu / whole, 3),
            }
            if s.lane_steps:
                rows[name] |= {
                    "device_share": round(s.device_s / max(s.thread_s, 1e-9), 3),
                    "useful_lane_share": round(s.useful / s.lane_steps, 3),
                    "evaluations": s.evaluations,
                }
        inside = sum(s.clock.cpu for s in self.values())
        rows["elsewhere"] = {
            "cpu_s": round(whole - inside, 3),
            "cpu_share": round((whole - inside) / whole, 3),
        }
        return rows


@contextlib.contextmanager
def stages() -> Iterator[Stages]:
    """Record what the searches called inside cost, stage by stage.

    `device_share` is the part of the drivers' wall time spent waiting for compiled code.
    """
    lanes = importlib.import_module("jaxscape.search.lanes")
    minimise = importlib.import_module("jaxscape.search.minimise")
    run, certify = lanes.run, minimise.certify_points
    record = Stages()

    def timed_run(search: Any, surface: Any, jobs: Any, **options: Any) -> Any:
        stage = record.at(type(search).__name__)
        before = stage.clock.wall
        with stage.clock:
            result = run(search, surface, jobs, **options)
        outputs, _, statistics = result
        batch = len(jax.tree.leaves(jobs)[0])
        tiles = len(lanes._tiles(options["width"], batch, options.get("lanes")))
        stage.calls += 1
        stage.thread_s += tiles * (stage.clock.wall - before)
        stage.device_s += statistics.device_seconds
        stage.lane_steps += statistics.total_lane_steps
        stage.useful += statistics.useful_lane_steps
        stage.evaluations += int(np.sum(getattr(outputs, "evaluations", 0)))
        return result

    def timed_certify(*args: Any, **options: Any) -> Any:
        stage = record.at("certify")
        stage.calls += 1
        with stage.clock:
            return certify(*args, **options)

    lanes.run, minimise.certify_points = timed_run, timed_certify
    try:
        with record.whole:
            yield record
    finally:
        lanes.run, minimise.certify_points = run, certify


def timed(work: Callable[[], Any]) -> tuple[Any, Stages]:
    """The result of `work()` and what its stages cost."""
    with stages() as record:
        result = work()
    return result, record


def both(
    first: Callable[[], Any], again: Callable[[], Any], repeat: int = 1
) -> tuple[Any, Stages, dict[str, float]]:
    """A first call that compiles, then the timed ones: result, the cheapest run, compile time.

    `first` does the same work (then compile time is the difference) or next to none of it.
    """
    _, cold = timed(first)
    runs = [timed(again) for _ in range(max(1, repeat))]
    result, best = min(runs, key=lambda run: run[1].whole.cpu)
    less = best.whole if first is again else Clock()
    compiling = {
        "compile_cpu_s": round(max(0.0, cold.whole.cpu - less.cpu), 2),
        "compile_wall_s": round(max(0.0, cold.whole.wall - less.wall), 2),
    }
    return result, best, compiling


def row(benchmark: str, record: Stages, **fields: Any) -> dict[str, Any]:
    """One JSON row: what was done, CPU and wall seconds, lanes, stages."""
    return {
        "benchmark": benchmark,
        "program": "jaxscape",
        "version": jaxscape_version(),
        "jax": jax.__version__,
        "device": jax.devices()[0].platform,
        **fields,
        "cpu_s": round(record.whole.cpu, 3),
        "wall_s": round(record.whole.wall, 3),
        "useful_lane_share": record.useful_lane_share,
        "stages": record.table(),
    }


def jaxscape_version() -> str:
    try:
        return version("jaxscape-landscapes")
    except PackageNotFoundError:
        return "checkout"


def minima_from(surface: Any, starts: Array) -> Array:
    """The certified minima of these starts, those without one left out."""
    points = js.minimise(surface, starts)
    return np.asarray(points.x)[points.ok]


def started() -> float:
    """CPU seconds of this process since it began: interpreter, imports, compiling, work."""
    return time.process_time()


def flag(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    parser.add_argument("--" + name, action="store_true", help=text)
