"""A network as JSON: everything a landscape or a network of numbers holds, column by column.

    {"format": "jaxscape network", "version": 1, "name": "lj8", "units": {...}, "symmetry": "...",
     "minima": {"energy": [...], "x": [[...], ...], ...},
     "transition_states": {"energy": [...], "plus": [...], "minus": [...], ...},
     "attempts": [["double_ended", 0, 1, "band", 90, 1700000000.0], ...]}

Columns have the names of `MinimaView`, `TransitionStatesView` and `KineticNetwork`. Numbers have
all their digits; null stands for NaN. JSON: RFC 8259, https://www.rfc-editor.org/rfc/rfc8259.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from jaxscape.io._contents import Contents, Network, contents_of, network_of
from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._tables import read_bytes
from jaxscape.io._targets import check_target, write_file
from jaxscape.io.verification import verified
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface, Units

FORMAT, VERSION = "jaxscape network", 1
INTEGERS = ("order", "index", "active", "hits", "modes", "ids", "plus", "minus")
VECTORS = ("x", "eigenvector")
_NUMBERS = ("energy", "log_product", "rms_gradient", "lowest_eigenvalue")
COLUMNS = {*INTEGERS, *VECTORS, *_NUMBERS, "certified"}
_TABLES = ("minima", "transition_states")


def read(path, surface: Surface | None = None, *, verify: bool = False) -> Network:
    """The network in a JSON file; a `KineticNetwork` where there are no coordinates.

    **Arguments:**

    - `path`: the file.
    - `surface`: the surface of the points. Without it none can be added.
    - `verify`: compute all numbers once more, and warn where they differ.

    **Returns:** the network as it was written, certificates included (anybody can edit such a
    file; `verify` tells).

    **Raises:** `FormatError` (a `ValueError`), with the line where the text is no JSON, else
    with the column.

    >>> import tempfile
    >>> landscape = Landscape.from_points({"x": np.eye(2), "energy": [0.1, 1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder + "/small.json")
    ...     read(folder + "/small.json").minima.energy.tolist()
    [0.1, 1.0]
    """
    path = Path(path).expanduser()
    try:
        found = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise FormatError(path, error.lineno, "JSON", error.msg) from error
    except UnicodeDecodeError as error:
        raise FormatError(path, None, "JSON in UTF-8", str(error)) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise FormatError(path, None, f'"format": "{FORMAT}"', shortened(str(found)[:60]))
    if found.get("version") != VERSION:
        expected = f'"version": {VERSION} (a newer jaxscape may read more)'
        raise FormatError(path, None, expected, str(found.get("version")))
    tables = [_table(path, found.get(name), name) for name in _TABLES]
    units = found.get("units") or {}
    contents = Contents(
        tables[0],
        tables[1],
        str(found.get("name") or ""),
        Units(str(units.get("energy", "")), str(units.get("length", ""))),
        found.get("symmetry"),
    )
    check_ends(path, contents)
    return finished(path, contents, surface, verify, found.get("attempts") or [])


def write(network: Network, path, *, overwrite: bool = False) -> None:
    """Write a network as JSON, numbers to their last digit.

    **Raises:** `ValueError` if the file is there already.
    """
    check_target(path, overwrite)
    contents = contents_of(network)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "name": contents.name,
        "units": {"energy": contents.units.energy, "length": contents.units.length},
        "symmetry": contents.symmetry,
    }
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for name, part in zip(_TABLES, (contents.minima, contents.states), strict=True):
        columns = [f"{json.dumps(k)}: {json.dumps(_listed(v))}" for k, v in part.items()]
        parts.append(json.dumps(name) + ": {\n  " + ",\n  ".join(columns) + "\n}")
    if isinstance(network, Landscape) and len(network.attempts):
        parts.append(f'"attempts": {json.dumps(network.attempts.rows())}')
    write_file(path, "{" + ",\n".join(parts) + "}\n")


def finished(path: Path, contents: Contents, surface, verify: bool, attempts: list) -> Network:
    """The network of columns that were checked one by one, with its attempts.

    **Raises:** `FormatError` where they do not fit together.
    """
    try:
        network = network_of(contents, surface)
        if verify:
            network = verified(network)  # type: ignore[arg-type]
        if isinstance(network, Landscape):
            network.attempts.extend(
                (str(kind), int(a), int(b), outcome, int(evaluations), float(time))
                for kind, a, b, outcome, evaluations, time in attempts
            )
    except (TypeError, ValueError) as error:
        raise FormatError(path, None, "columns that fit together", str(error)) from error
    return network


def check_ends(path: Path, contents: Contents) -> None:
    """Refuse tables without what every network has.

    **Raises:** `FormatError` with the column that is missing.
    """
    needed = {"minima": ("energy",), "transition_states": ("energy", "plus", "minus")}
    for part, (table, names) in zip(
        (contents.minima, contents.states), needed.items(), strict=True
    ):
        for name in names:
            if name not in part:
                raise FormatError(path, None, f"{table}.{name}", "none")


def _table(path: Path, table, name: str) -> dict[str, np.ndarray]:
    if not isinstance(table, dict):
        raise FormatError(path, None, f'"{name}": {{...}}', shortened(repr(table)))
    out = {}
    for column, values in table.items():
        place = f"{name}.{column}"
        if column not in COLUMNS or not isinstance(values, list):
            expected = f"columns among {', '.join(sorted(COLUMNS))}, each a list"
            raise FormatError(path, None, expected, f"{place}: {shortened(str(values)[:40])}")
        kind = int if column in INTEGERS else bool if column == "certified" else float
        out[column] = _column(path, place, values, kind, column in VECTORS)
    return out


def _column(path: Path, place: str, values: list, kind: type, vector: bool) -> np.ndarray:
    try:
        if np.array(values).dtype.kind not in ("b" if kind is bool else "iufO") and values:
            raise ValueError
        if kind is float:
            array = np.array(values, np.float64)  # null becomes NaN
        else:
            array = np.array(values, np.int64 if kind is int else bool)
            if not all(type(value) is kind for value in values):
                raise ValueError
        if array.ndim != 1 + vector and len(values):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        bad = next((i for i, v in enumerate(values) if not _fits(v, kind, vector)), None)
        shape = "a list of lists of equal length" if vector else "a list"
        expected = f"{place}, {shape} of {kind.__name__}"
        if bad is None:
            raise FormatError(path, None, expected, "lists of several lengths") from None
        found = shortened(json.dumps(values[bad])[:40])
        raise FormatError(path, None, expected, f"{found} at [{bad}]") from None
    return array.reshape(0, 0) if vector and not len(values) else array


def _fits(value, kind: type, vector: bool) -> bool:
    if vector:
        return isinstance(value, list) and all(_fits(v, kind, False) for v in value)
    if kind is float:
        return value is None or type(value) in (int, float)
    return type(value) is kind


def _listed(column: np.ndarray) -> list:
    if column.dtype.kind != "f" or not np.isnan(column).any():
        return column.tolist()
    listed = column.astype(object)
    listed[np.isnan(column)] = None
    return listed.tolist()
