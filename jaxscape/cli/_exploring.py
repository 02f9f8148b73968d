"""`jaxscape explore`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxscape.cli._arguments import FOUND, INTERRUPTED, NOTHING
from jaxscape.cli._pictures import labels, save, use_files_only
from jaxscape.cli._strategies import convergence, strategy_of
from jaxscape.cli._surfaces import has_starts, read_points, surface_of

if TYPE_CHECKING:
    import jaxscape as js

STORE = "landscape.sqlite"


def explore(arguments: argparse.Namespace) -> int:
    """Explore a surface into a folder; returns the exit code."""
    _switch_on_float64(arguments.cache)
    import jax

    import jaxscape as js

    start = None if arguments.start is None else read_points(arguments.start)
    surface = surface_of(arguments, start)
    folder = Path(arguments.out or arguments.surface.rsplit(":", 1)[-1])
    store = folder / STORE
    fresh = not store.exists()
    if not fresh and not arguments.resume:
        raise ValueError(
            f"{store} exists and --no-resume was given: name another folder with --out, "
            "or delete it first"
        )
    if fresh and start is None and not has_starts(surface):
        raise ValueError(
            f"nothing says where to start on {arguments.surface}: "
            "give --start POINTS.npy, or --bounds LOW HIGH with --dim N"
        )
    chosen = strategy_of(arguments, fresh)
    folder.mkdir(parents=True, exist_ok=True)
    budget = js.Budget()  # notes the interrupts, on which an exploration ends without telling
    with budget.heeding_interrupts():
        try:
            landscape = js.explore(
                surface,
                start,
                key=jax.random.key(arguments.seed),
                store=store,
                searches=arguments.searches,
                seconds=arguments.time,
                patience=arguments.patience,
                progress=not arguments.quiet and sys.stderr.isatty(),
                **chosen,
            )
            landscape.close()
        except KeyboardInterrupt:
            if not store.exists():
                raise
            landscape = js.load(store)
        except ValueError:
            if fresh:
                _remove_if_empty(store)
            raise
    if not arguments.quiet:
        print(landscape.summary())
        if told := convergence(landscape, chosen):
            print(told)
    if budget.interrupted:
        print(
            f"jaxscape: interrupted; what was found is in {store}, "
            "and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    if not len(landscape.minima):
        print(
            f"jaxscape: no minimum of {arguments.surface} could be certified: "
            "try other starts or more time, and see what jaxscape.check says of the function",
            file=sys.stderr,
        )
        return NOTHING
    _draw_all(landscape, surface, folder, arguments.quiet)
    return FOUND


def _draw_all(landscape: js.Landscape, surface: js.Surface, folder: Path, quiet: bool) -> None:
    from jaxscape import plot

    use_files_only()
    pictures: dict[str, Callable[[], Any]] = {
        "disconnectivity": lambda: plot.disconnectivity(landscape, label=labels(landscape))
    }
    if landscape.dim == 2:
        pictures["contour"] = lambda: plot.contour(surface, landscape=landscape)
    for name, draw in pictures.items():
        files = [folder / f"{name}.png", folder / f"{name}.svg"]
        save(draw(), *files)
        if not quiet:
            print(f"{name:<20}{', '.join(map(str, files))}")


def _remove_if_empty(store: Path) -> None:
    """A run that was refused leaves no store behind that a better one would trip over."""
    import jaxscape as js

    with contextlib.suppress(ValueError, OSError):
        if len(js.load(store).minima) == 0:
            for suffix in ("", "-wal", "-shm"):
                store.with_name(store.name + suffix).unlink(missing_ok=True)
            store.parent.rmdir()


def _switch_on_float64(cache: str | None) -> None:
    import jax

    jax.config.update("jax_enable_x64", True)
    if cache:
        Path(cache).mkdir(parents=True, exist_ok=True)
        jax.config.update("jax_compilation_cache_dir", str(Path(cache).resolve()))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
