"""Surfaces by name, as the command line takes them."""

import difflib
import re
from collections.abc import Callable
from typing import NamedTuple

from jaxscape.surface import Surface
from jaxscape.systems.analytic import mueller_brown, schwefel, six_hump_camel
from jaxscape.systems.classifiers import (
    breast_cancer_mlp,
    digits_mlp,
    iris_mlp,
    three_atoms_mlp,
    wine_mlp,
)
from jaxscape.systems.clusters import lennard_jones, morse, thomson
from jaxscape.systems.crystals import kob_andersen, pt_heptamer, silica, silicon
from jaxscape.systems.lattices import phi_four, xy
from jaxscape.systems.mixtures import carbon, dzugutov, gupta, sutton_chen, water
from jaxscape.systems.networks import xor_mlp
from jaxscape.systems.spins import p_spin


class _Named(NamedTuple):
    make: Callable[..., Surface]
    argument: str = ""  # what a number behind the name stands for, if anything
    default: int | None = None


_SYSTEMS = {
    "mueller_brown": _Named(mueller_brown),
    "six_hump_camel": _Named(six_hump_camel),
    "schwefel": _Named(schwefel, "dim", 2),
    "lj": _Named(lennard_jones, "n"),
    "morse": _Named(morse, "n"),
    "thomson": _Named(thomson, "n"),
    "dzugutov": _Named(dzugutov, "n"),
    "carbon": _Named(carbon, "n"),
    "water": _Named(water, "n"),
    "silicon": _Named(silicon, "cells", 1),
    "silica": _Named(silica, "cells", 1),
    "pt_heptamer": _Named(pt_heptamer),
    "kob_andersen": _Named(kob_andersen, "n"),
    "xy": _Named(xy, "n"),
    "phi_four": _Named(phi_four, "n"),
    "p_spin": _Named(p_spin, "n"),
    "iris_mlp": _Named(iris_mlp, "hidden", 3),
    "wine_mlp": _Named(wine_mlp, "hidden", 3),
    "breast_cancer_mlp": _Named(breast_cancer_mlp, "hidden", 3),
    "digits_mlp": _Named(digits_mlp, "hidden", 8),
    "three_atoms_mlp": _Named(three_atoms_mlp, "hidden", 3),
    "xor_mlp": _Named(xor_mlp, "hidden", 2),
}
# Behind these stands a formula, as in gupta_ag7cu6.
_METALS = {"gupta": gupta, "sutton_chen": sutton_chen}


def names() -> list[str]:
    """The names that `by_name` takes; braces hold a number, as in `lj13` for `lj{n}`.

    >>> names()[3]
    'lj{n}'
    """
    return [
        f"{name}{{{entry.argument}}}" if entry.argument else name
        for name, entry in _SYSTEMS.items()
    ] + [f"{name}_{{formula}}" for name in _METALS]


def by_name(name: str) -> Surface:
    """The surface called `name`, such as `lj8`, `gupta_ag7cu6` or `mueller_brown`.

    **Raises:** `ValueError` for an unknown name, with all names and the closest one.

    >>> by_name("lj8").dim
    24
    """
    plain = name.strip().lower().replace("-", "_")
    for stem, make in _METALS.items():
        formula = plain.removeprefix(f"{stem}_")
        if formula != plain:
            return make("".join(part.capitalize() for part in re.split(r"(?<=\d)", formula)))
    match = re.fullmatch(r"(.*?)(\d*)", plain)
    stem, digits = match.groups() if match else (name, "")
    entry = _SYSTEMS.get(stem)
    if entry is None:
        raise ValueError(f"unknown system {name!r}{_closest(stem, digits)}; known: {_listed()}")
    if not entry.argument:
        if digits:
            raise ValueError(
                f"unknown system {name!r}: {stem} takes no number; did you mean {stem}?"
            )
        return entry.make()
    if not digits and entry.default is None:
        raise ValueError(
            f"system {name!r} needs a number behind its name, as in {stem}8; known: {_listed()}"
        )
    return entry.make(int(digits) if digits else entry.default)


def _listed():
    return ", ".join(names())


def _closest(stem, digits):
    found = difflib.get_close_matches(stem, _SYSTEMS, n=1, cutoff=0.5)
    if not found:
        return ""
    entry = _SYSTEMS[found[0]]
    number = (digits or f"{{{entry.argument}}}") if entry.argument else ""
    return f", did you mean {found[0]}{number}?"
