"""`jaxscape convert`."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from jaxscape.cli._arguments import FOUND
from jaxscape.cli._exploring import STORE
from jaxscape.cli._surfaces import surface_of


def convert(arguments: argparse.Namespace) -> int:
    """Read a network in one format and write it in another; returns the exit code."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from jaxscape import io

    source = Path(arguments.source)
    if source.is_dir() and (source / STORE).exists():
        source = source / STORE
    surface = surface_of(arguments, None) if arguments.surface else None
    given = arguments.source_format or io.recognise(source)
    warm: dict[str, Any] = {}
    if arguments.temperature is not None:
        warm["temperature"] = arguments.temperature
    with warnings.catch_warnings(record=True) as differences:
        warnings.simplefilter("always", UserWarning)
        network = io.read(
            source,
            given,
            surface,
            **(warm if given == "discotress" else {"verify": surface is not None}),
        )
    for warning in differences:
        print(f"jaxscape: warning: {warning.message}", file=sys.stderr)
    wanted = arguments.target_format
    if wanted is None and Path(arguments.target).suffix == "":
        raise ValueError(
            f"{arguments.target} does not say its format: give --to, or a name such as network.json"
        )
    options = warm if wanted == "discotress" else {}
    io.write(network, arguments.target, wanted, overwrite=arguments.overwrite, **options)
    print(f"{network!r:.200} of {source} ({given}) written to {arguments.target}")
    return FOUND
