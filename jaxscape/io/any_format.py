"""One entry to all formats, which are recognised by content and by name."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from jaxscape.io import (
    discotress,
    graphml,
    network_json,
    path_info,
    pathsample,
    pele,
    topsearch,
    xyz,
)
from jaxscape.io._contents import Network
from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._targets import check_target
from jaxscape.io.verification import verified
from jaxscape.landscape import Landscape, load
from jaxscape.landscape._schema import APPLICATION_ID
from jaxscape.surface import Surface


class _Format(NamedTuple):
    read: Callable[..., Network]
    write: Callable[..., None]
    names: tuple[str, ...]  # how such a file is called


def _read_store(path, surface: Surface | None = None, *, verify: bool = False) -> Landscape:
    landscape = load(path, surface)
    return verified(landscape) if verify else landscape


def _write_store(network: Network, path, *, overwrite: bool = False) -> None:
    if not isinstance(network, Landscape):
        raise ValueError(
            "a store of jaxscape holds points, and this network has no coordinates: "
            "write it as json or graphml"
        )
    check_target(path, overwrite)
    network.save(path)


def _read_path_info(path, surface: Surface | None = None, *, verify: bool = False) -> Landscape:
    landscape = path_info.read(path, surface.dim if surface else None).landscape(surface)
    return verified(landscape) if verify else landscape


def _write_path_info(network: Network, path, *, states: Any = None, overwrite: bool = False):
    if not isinstance(network, Landscape):
        raise ValueError("path.info holds points, and this network has no coordinates")
    path_info.write(path_info.of_landscape(network, states), path, overwrite=overwrite)


_FORMATS = {
    "pathsample": _Format(pathsample.read, pathsample.write, ()),
    "topsearch": _Format(topsearch.read, topsearch.write, ()),
    "discotress": _Format(discotress.read, discotress.write, ()),
    "jaxscape": _Format(_read_store, _write_store, (".sqlite",)),
    "pele": _Format(pele.read, pele.write, (".db",)),
    "path.info": _Format(_read_path_info, _write_path_info, (".info",)),
    "graphml": _Format(graphml.read, graphml.write, (".graphml",)),
    "json": _Format(network_json.read, network_json.write, (".json",)),
    "xyz": _Format(xyz.read, xyz.write, (".xyz", ".extxyz")),
}
_OF_FOLDERS = ("pathsample", "topsearch", "discotress")


def formats() -> list[str]:
    """The formats that `read` and `write` know; the first three are folders of files.

    >>> formats()[:3]
    ['pathsample', 'topsearch', 'discotress']
    """
    return list(_FORMATS)


def read(
    path, format: str | None = None, surface: Surface | None = None, **options: Any
) -> Network:
    """Read a network of any format.

    **Arguments:**

    - `path`: a file, or a folder of files.
    - `format`: one of `formats()`; recognised by the content where it is not given.
    - `surface`: the surface of the points. Analysis does without; adding points needs it.
    - `options`: of the format's own `read`: `verify=True` computes all numbers once more and
      warns where they differ (`jaxscape.io.verify`), `temperature=` is for DISCOTRESS.

    **Returns:** a `Landscape` where there are coordinates, else a `KineticNetwork`. Nothing is
    merged: rows of the file are ids.

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there;
    `ValueError` for a format or an option that does not exist.

    >>> import tempfile
    >>> landscape = Landscape.from_points({"x": [[0.0], [1.0]], "energy": [0.0, 1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder + "/small.json")
    ...     read(folder + "/small.json")
    <Landscape '': 2 minima, 0 transition states>
    """
    path = Path(path).expanduser()
    name = recognise(path) if format is None else format
    reader = _known(name).read
    _check_options(name, reader, options)
    return reader(path, surface, **options)


def write(network: Network, path, format: str | None = None, **options: Any) -> None:
    """Write a network in any format.

    **Arguments:**

    - `network`: a `Landscape` or a `KineticNetwork`.
    - `path`: a file, whose ending says the format (`.json`, `.graphml`, `.xyz`, `.db` for pele,
      `.sqlite` for jaxscape's store), or a folder, with `format`.
    - `format`: one of `formats()`.
    - `options`: of the format's own `write`, such as `overwrite=True`, `a=`, `b=`,
      `temperature=`, `species=`.

    **Raises:** `ValueError` for a format that is unknown or not said, an option that does not
    exist, what the format cannot hold, and files that are there already.
    """
    path = Path(path).expanduser()
    name = format or _by_name(path)
    if name is None:
        raise ValueError(
            f"{path.name!r} does not say the format: pass format= (one of {', '.join(_FORMATS)}), "
            "or a name such as network.json"
        )
    writer = _known(name).write
    _check_options(name, writer, options)
    writer(network, path, **options)


def recognise(path) -> str:
    """The format of a file or folder, by its content, then by its name.

    **Raises:** `FormatError` if it is none of those known, or a mixture of them.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if not path.exists():
        raise FormatError(path, None, "a file or folder", "nothing of that name")
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise FormatError(path, None, "data", "an empty file")
    if start.startswith(b"SQLite format 3\0"):
        return _of_database(path)
    text = start.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return "graphml"
    if text.startswith("{"):
        return "json"
    lines = text.splitlines()
    if len(lines) > 1 and lines[0].strip().isdecimal() and "=" in lines[1]:
        return "xyz"
    words = lines[1].split() if len(lines) > 1 else []
    if len(words) > 1 and words[0].isdecimal() and words[1][0].isalpha():
        return "path.info"
    if path.name in ("min.data", "ts.data", "points.min", "points.ts", "edge_conns.dat"):
        raise FormatError(path, None, "the folder of its files", "one of them: name the folder")
    found = _by_name(path)
    if found is None or found in _OF_FOLDERS:
        expected = f"one of the formats {', '.join(_FORMATS)}"
        raise FormatError(path, None, expected, f"a file that begins {shortened(lines[0])}")
    return found


def _of_folder(path: Path) -> str:
    present = {file.name for file in path.iterdir()}
    if {"edge_conns.dat", "edge_weights.dat", "stat_prob.dat"} & present:
        found = ["discotress"]
    else:
        found = []
    if {"points.min", "points.ts", "min.A", "min.B", "pairs.data"} & present:
        found.append("pathsample")
    if {"min.coords", "ts.coords", "pairlist"} & present:
        found.append("topsearch")
    if len(found) > 1:
        expected = "the files of one program"
        raise FormatError(path, None, expected, f"those of {' and '.join(found)}: pass format=")
    if found:
        return found[0]
    if "min.data" in present:
        with (path / "min.data").open("rb") as file:
            return "topsearch" if len(file.readline().split()) == 2 else "pathsample"
    if "landscape.sqlite" in present:
        expected = "a network"
        raise FormatError(path, None, expected, "a folder of jaxscape: name its landscape.sqlite")
    expected = "min.data, or edge_conns.dat and edge_weights.dat"
    raise FormatError(path, None, expected, "a folder without them")


def _of_database(path: Path) -> str:
    try:
        connection = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return "jaxscape"
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "tbl_minima" in {row[0] for row in tables}:
                return "pele"
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise FormatError(path, None, "an SQLite database", str(error)) from error
    raise FormatError(path, None, "a database of jaxscape or pele", "other tables")


def _by_name(path: Path) -> str | None:
    if path.name.startswith("path.info"):
        return "path.info"
    endings = {ending: name for name, entry in _FORMATS.items() for ending in entry.names}
    return endings.get(path.suffix.lower())


def _known(name: str) -> _Format:
    if name not in _FORMATS:
        raise ValueError(f"unknown format {name!r}; known: {', '.join(_FORMATS)}")
    return _FORMATS[name]


def _check_options(name: str, function: Callable, options: dict) -> None:
    known = [
        key
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for key in options:
        if key not in known:
            raise ValueError(f"{name} has no option {key!r}; its options: {', '.join(known)}")
