"""What the command line takes."""

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

FOUND, NOTHING, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_EXIT_CODES = """\
exit codes:
  0    success
  1    the search found nothing that could be certified
  2    bad usage or input; the reason is on the standard error
  130  interrupted by Ctrl-C; what was found until then is in the store
"""
_EXPLORE = """\
examples:
  jaxscape explore lj8 --out lj8/
  jaxscape explore my_module:my_function --start points.npy --time 60

SURFACE is a name that `jaxscape systems` lists, or module:attribute. The module is looked for in
the current folder, too; the attribute is a jaxscape.Surface, or a JAX function x[dim] -> scalar.

The folder then holds landscape.sqlite, disconnectivity.png and .svg, and for two coordinates
contour.png and .svg. A second run goes on where the first one stopped, or with a purpose of its
own: --strategy says which searches come next. Ids of minima are those that the pictures show.

  single-ended                        from every minimum in turn (default), or from --minima
  missing-links, lower-pass           connect --from with --to; once more, by a lower way
  shortcut, shortcut-barrier          shorter and lower ways between --from and --to
  shortcut-rate                       the same round the slowest steps at --temperature
  untrap                              ways out of traps, to the products --to
  free-energy-pairs                   the same at --temperature, by groups over --barrier
  connect-unconnected                 minima without a way to the lowest, or to --to
  connect-region                      all near pairs, or those among --minima

  jaxscape explore lj8 --strategy shortcut-rate --from 5 --to 0 --temperature 0.1
  jaxscape explore lj8 --until-rate 0.1 --from 5 --to 0

"""
_CONVERT = """\
examples:
  jaxscape convert pathsample_run/ network.json --surface lj38
  jaxscape convert lj8/ pele.db
  jaxscape convert network.json rates/ --to discotress --temperature 0.1

FORMAT is one of pathsample, topsearch, discotress (folders of files), jaxscape (.sqlite),
pele (.db), path.info, graphml, json and xyz (files with these endings).

"""
_RATES = """\
examples:
  jaxscape rates lj8/ --from 1 --to 0 --temperature 0.1
  jaxscape rates lj8/ --from 2,3,4 --to 0 --temperature 0.05,0.1,0.2

One line for each temperature: rate constants (means of inverse passage times) and mean first
passage times both ways, then the population of the second set among both at equilibrium.

"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in two lines instead of repeating the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: error: {message}\nSee {self.prog} --help\n")


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None) -> NoReturn:
        from importlib import metadata

        try:
            version = metadata.version("jaxscape-landscapes")
        except metadata.PackageNotFoundError:
            version = "of a source tree that is not installed"
        print(f"jaxscape {version}")
        parser.exit(FOUND)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few: give a number above zero")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} leaves no time: give a number above zero")
    return value


def _kt(text: str) -> float:
    values = _temperatures(text)
    if len(values) > 1:
        raise argparse.ArgumentTypeError(f"{text!r} are several temperatures: give one kT")
    return values[0]


def _ids(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} names no minima: give ids, such as 4 or 0,1,7"
        ) from None


def _temperatures(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < math.inf for value in values):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no temperature: give kT above zero, such as 0.1 or 0.1,0.2"
        )
    return values


def parser(commands_by_name: dict[str, Callable[[argparse.Namespace], int]]):
    """The parser; its results have the command to run in `run`."""
    raw: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    top = _Parser(
        prog="jaxscape",
        description="Energy and loss landscapes from JAX functions.",
        epilog=_EXIT_CODES,
        **raw,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    explore = commands.add_parser(
        "explore", help="find minima, transition states and their network",
        description="Find the minima of a surface, the transition states between them, and draw "
        "their network.", epilog=_EXPLORE + _EXIT_CODES, **raw,
    )  # fmt: skip
    explore.set_defaults(run=commands_by_name["explore"])
    explore.add_argument("surface", metavar="SURFACE", help="such as lj8, or module:function")
    explore.add_argument("--out", metavar="FOLDER", help="default: the name of the surface")
    explore.add_argument("--seed", type=int, default=0, help="of all random numbers (default 0)")
    explore.add_argument("--time", type=_seconds, metavar="SECONDS", help="stop after so long")
    explore.add_argument(
        "--searches", type=_count, metavar="N", help="stop after so many transition-state searches"
    )
    explore.add_argument(
        "--patience", type=_count, metavar="N", help="stop after so many without anything new"
    )
    explore.add_argument(
        "--start", metavar="FILE", help="starting points [n, dim], as numpy.save writes them"
    )
    explore.add_argument(
        "--bounds", type=float, nargs=2, metavar=("LOW", "HIGH"), help="of every coordinate"
    )
    explore.add_argument("--dim", type=_count, metavar="N", help="number of coordinates")
    explore.add_argument(
        "--resume", action=argparse.BooleanOptionalAction, default=True,
        help="go on with the store in the folder, if there is one (default); with --no-resume "
        "such a folder is refused",
    )  # fmt: skip
    explore.add_argument(
        "--cache", metavar="FOLDER", help="keep compiled code there, so that later runs of the "
        "same surface start faster (default: keep none)",
    )  # fmt: skip
    purpose = explore.add_argument_group("a purpose", "see below; ids are of minima, such as 1,4")
    purpose.add_argument("--strategy", metavar="NAME", help="which searches come next")
    purpose.add_argument("--from", type=_ids, dest="a", metavar="IDS", help="one end")
    purpose.add_argument("--to", type=_ids, dest="b", metavar="IDS", help="the other, or products")
    purpose.add_argument("--minima", type=_ids, metavar="IDS", help="these alone")
    purpose.add_argument("--below", type=float, metavar="E", help="only minima up to this energy")
    purpose.add_argument("--temperature", type=_kt, metavar="KT", help="in units of energy")
    purpose.add_argument("--barrier", type=float, metavar="E", help="below which groups are one")
    purpose.add_argument(
        "--until-rate", type=_kt, metavar="KT",
        help="stop once the rate constants between --from and --to at this temperature no longer "
        "change, and say how they did",
    )  # fmt: skip
    explore.add_argument("-q", "--quiet", action="store_true", help="print errors only")

    plot = commands.add_parser("plot", help="draw a stored landscape", epilog=_EXIT_CODES, **raw)
    plot.set_defaults(run=commands_by_name["plot"])
    plot.add_argument("store", metavar="STORE", help="a store, or the folder it is in")
    plot.add_argument(
        "--kind", choices=("disconnectivity", "network", "html"), default="disconnectivity",
        help="html is one interactive page that works offline",
    )  # fmt: skip
    plot.add_argument(
        "--output", metavar="FILE",
        help="png, svg or pdf (default: KIND.png beside the store, or landscape.html)",
    )  # fmt: skip
    plot.add_argument("--levels", type=_count, metavar="N", help="join branches at N levels only")
    plot.add_argument("--colour", metavar="FIELD", help="of minima, such as order or hits")
    plot.add_argument("--label", type=int, metavar="N", help="write the ids of the N lowest")
    plot.add_argument("--max-minima", type=_count, metavar="N", help="show only the N lowest")
    plot.add_argument(
        "--structures", type=int, metavar="N",
        help="draw the structures of the N lowest; in a page, keep only those",
    )  # fmt: skip
    plot.add_argument(
        "--units", metavar="UNIT",
        help="convert energies to eV, kcal/mol, kJ/mol, ..., above the lowest minimum",
    )  # fmt: skip

    info = commands.add_parser("info", help="say what a store holds", epilog=_EXIT_CODES, **raw)
    info.set_defaults(run=commands_by_name["info"])
    info.add_argument("store", metavar="STORE", help="a store, or the folder it is in")

    _add_convert(commands, commands_by_name["convert"], raw)

    rates = commands.add_parser(
        "rates", help="rate constants between minima of a store",
        description="Rate constants both ways between two sets of minima, by graph "
        "transformation of harmonic rates.", epilog=_RATES + _EXIT_CODES, **raw,
    )  # fmt: skip
    rates.set_defaults(run=commands_by_name["rates"])
    rates.add_argument("store", metavar="STORE", help="a store, or the folder it is in")
    rates.add_argument(
        "--from", type=_ids, required=True, dest="a", metavar="IDS", help="of minima, such as 1,4"
    )
    rates.add_argument("--to", type=_ids, required=True, dest="b", metavar="IDS", help="of minima")
    rates.add_argument(
        "--temperature", type=_temperatures, required=True, metavar="KT",
        help="in units of energy; several with commas between",
    )  # fmt: skip
    rates.add_argument(
        "--friction", type=float, default=0.0, metavar="G", help="Kramers' (default: none)"
    )
    rates.add_argument(
        "--no-frequencies", action="store_true",
        help="leave vibrations out: the attempt frequency is the unit",
    )  # fmt: skip

    systems = commands.add_parser("systems", help="list the surfaces known by name", **raw)
    systems.set_defaults(run=commands_by_name["systems"])
    return top


def _add_convert(commands, run: Callable[[argparse.Namespace], int], raw: dict[str, Any]) -> None:
    convert = commands.add_parser(
        "convert", help="write a network in the format of another program",
        description="Read a network in any format and write it in another.",
        epilog=_CONVERT + _EXIT_CODES, **raw,
    )  # fmt: skip
    convert.set_defaults(run=run, bounds=None, dim=None)
    convert.add_argument("source", metavar="IN", help="a file, or a folder of files")
    convert.add_argument("target", metavar="OUT", help="a file, or a folder with --to")
    # Not `choices`: the formats would have to be imported for --help.
    convert.add_argument(
        "--from", dest="source_format", metavar="FORMAT", help="default: found by the content"
    )
    convert.add_argument(
        "--to", dest="target_format", metavar="FORMAT", help="default: by the ending of OUT"
    )
    convert.add_argument(
        "--surface", metavar="SURFACE", help="of the points, such as lj38 or module:function: all "
        "numbers are computed once more, differences are told, and missing ones found",
    )  # fmt: skip
    convert.add_argument(
        "--temperature", type=float, metavar="T", help="of DISCOTRESS's rates, in units of energy"
    )
    convert.add_argument("--overwrite", action="store_true", help="replace what OUT holds")
