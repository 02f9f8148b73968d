"""The command line: explore a surface, and look at what was found.

Heavy imports happen inside the commands that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jaxscape.cli._arguments import BAD_INPUT, FOUND, INTERRUPTED, parser
from jaxscape.cli._converting import convert
from jaxscape.cli._exploring import STORE, explore
from jaxscape.cli._pictures import labels, save, use_files_only


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; see `jaxscape --help`.

    >>> main(["systems"])
    mueller_brown
    ...
    0
    """
    arguments = parser(
        {
            "explore": explore,
            "plot": _plot,
            "info": _info,
            "rates": _rates,
            "systems": _systems,
            "convert": convert,
        }
    ).parse_args(argv)
    try:
        return arguments.run(arguments)
    except BrokenPipeError:
        # The reader, such as `head`, has had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND
    except (ValueError, OSError) as error:
        print(f"jaxscape: error: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("jaxscape: interrupted", file=sys.stderr)
        return INTERRUPTED


def _plot(arguments: argparse.Namespace) -> int:
    import jaxscape as js
    from jaxscape import plot

    store = _store(arguments.store)
    landscape = js.load(store)
    name = "landscape.html" if arguments.kind == "html" else f"{arguments.kind}.png"
    output = Path(arguments.output or store.parent / name)
    if arguments.kind == "html":
        print(plot.html(landscape, output, structures=arguments.structures, units=arguments.units))
        return FOUND
    use_files_only()
    if arguments.kind == "network":
        ax = plot.network(landscape, units=arguments.units)
    else:
        ax = plot.disconnectivity(
            landscape,
            levels=arguments.levels,
            colour=arguments.colour,
            label=labels(landscape) if arguments.label is None else arguments.label,
            max_minima=arguments.max_minima,
            structures=arguments.structures,
            units=arguments.units,
        )
    save(ax, output)
    print(output)
    return FOUND


def _info(arguments: argparse.Namespace) -> int:
    import jaxscape as js

    print(js.load(_store(arguments.store)).summary())
    return FOUND


def _rates(arguments: argparse.Namespace) -> int:
    import jaxscape as js
    from jaxscape.cli._tables import rates_table

    landscape = js.load(_store(arguments.store))
    found = [
        js.rates(
            landscape,
            arguments.a,
            arguments.b,
            kt,
            friction=arguments.friction,
            frequencies=not arguments.no_frequencies,
        )  # fmt: skip
        for kt in arguments.temperature
    ]
    print(rates_table(found, landscape.units))
    return FOUND


def _systems(arguments: argparse.Namespace) -> int:
    from jaxscape import systems

    print("\n".join(systems.names()))
    return FOUND


def _store(path: str) -> Path:
    """The store at a path, or in a folder that `explore` made."""
    found = Path(path)
    return found / STORE if found.is_dir() else found


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
