"""`jaxscape explore --strategy`: a member of `jaxscape.strategies` from what the user typed."""

from __future__ import annotations

import argparse
import dataclasses
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jaxscape as js

# Fields of strategies and the options that fill them; the others keep their defaults.
_OPTIONS = {
    "a": "--from",
    "b": "--to",
    "products": "--to",
    "reference": "--to",
    "minima": "--minima",
    "below": "--below",
    "temperature": "--temperature",
    "barrier": "--barrier",
}
_ORDER = tuple(dict.fromkeys(_OPTIONS.values()))
_DEFAULT = "single-ended"


def strategies_by_name() -> dict[str, type]:
    """Every strategy under its name on the command line.

    >>> list(strategies_by_name())[0]
    'connect-region'
    """
    from jaxscape.explore import strategies

    bases = strategies.Strategy, strategies.SingleEnded
    kinds = [kind for kind in vars(strategies).values() if isinstance(kind, type)]
    kinds = [kind for kind in kinds if issubclass(kind, bases) and kind is not bases[0]]
    names = {re.sub("(?<!^)([A-Z])", r"-\1", kind.__name__).lower(): kind for kind in kinds}
    return dict(sorted(names.items()))


def strategy_of(arguments: argparse.Namespace, fresh: bool) -> dict[str, Any]:
    """The arguments `strategy` and `until` of `jaxscape.explore`.

    **Raises:** `ValueError` for an unknown strategy, an option that is missing or not for it, and
    ids of minima where none has been found yet (`fresh`).
    """
    from jaxscape.explore.strategies import RateConverged

    name, known = arguments.strategy or _DEFAULT, strategies_by_name()
    if name not in known:
        raise ValueError(f"there is no strategy {name!r}: choose from {', '.join(known)}")
    given = {
        option: tuple(value) if isinstance(value, list) else value
        for option in _ORDER
        if (value := getattr(arguments, _attribute(option))) is not None
    }
    until = arguments.until_rate
    used = set() if until is None else {"--from", "--to"}
    if missing := used - set(given):
        raise ValueError(f"--until-rate is of a rate between two ends: give {_listed(missing)}")
    if fresh and (named := {"--from", "--to", "--minima"} & set(given)):
        raise ValueError(
            f"{_listed(named)}: no minimum has an id yet; explore first without a strategy, into "
            "the same folder"
        )
    options: dict[str, Any] = {}
    for field in dataclasses.fields(known[name]):
        option = _OPTIONS.get(field.name)
        if option in given:
            options[field.name] = given[option]
            used.add(option)
        elif field.default is dataclasses.MISSING:
            raise ValueError(f"--strategy {name} needs {option}")
    if unused := set(given) - used:
        hint = "" if arguments.strategy else ": name one that does"
        raise ValueError(f"--strategy {name} takes no {_listed(unused, 'or')}{hint}")
    chosen: dict[str, Any] = {"strategy": known[name](**options)}
    if until is not None:
        chosen["until"] = RateConverged(given["--from"], given["--to"], until)
    return chosen


def convergence(landscape: js.Landscape, chosen: dict[str, Any]) -> str:
    """How well the rate that was asked for has converged; empty where none was."""
    import jaxscape as js

    if "until" not in chosen:
        return ""
    until = chosen["until"]
    try:
        return str(
            js.rate_convergence(landscape, until.a, until.b, until.temperature, last=until.searches)
        )
    except ValueError as error:
        return f"no rate yet: {error}"


def _attribute(option: str) -> str:
    """Where the parser keeps an option; `from` is no name in Python."""
    return {"--from": "a", "--to": "b"}.get(option, option[2:])


def _listed(options: set[str], word: str = "and") -> str:
    return f" {word} ".join(option for option in _ORDER if option in options)
