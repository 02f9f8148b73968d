"""pele's databases: SQLite files whose coordinates are pickled NumPy arrays.

Pickles can run code when they are loaded, so none is: `jaxscape.io._unpickling` decodes only
arrays of numbers and refuses everything else. `user_data` and system properties, which may hold
any object, are not read.

Source: pele 0.1.2, `pele/storage/database.py`, https://github.com/pele-python/pele.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import numpy as np

from jaxscape.io._contents import Contents, Network, contents_of, network_of
from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._tables import read_bytes
from jaxscape.io._targets import check_target
from jaxscape.io._unpickling import array_from_pickle, pickle_of_array
from jaxscape.io.verification import verified
from jaxscape.surface import Surface

_VERSION = 2
_POINT = "_id, energy, coords, fvib, pgorder"
_STATE = f"{_POINT}, _minimum1_id, _minimum2_id, eigenval, eigenvec"
# As pele 0.1.2 makes them; it refuses files of another `user_version`.
_SCHEMA = """
CREATE TABLE tbl_minima (_id INTEGER NOT NULL, energy FLOAT, coords BLOB, fvib FLOAT,
    pgorder INTEGER, invalid INTEGER, user_data BLOB, PRIMARY KEY (_id));
CREATE INDEX idx_minimum_energy ON tbl_minima (energy);
CREATE INDEX idx_transition_state_energy ON tbl_minima (energy);
CREATE TABLE tbl_transition_states (_id INTEGER NOT NULL, energy FLOAT, coords BLOB,
    _minimum1_id INTEGER, _minimum2_id INTEGER, eigenval FLOAT, eigenvec BLOB, fvib FLOAT,
    pgorder INTEGER, invalid INTEGER, user_data BLOB, PRIMARY KEY (_id),
    FOREIGN KEY(_minimum1_id) REFERENCES tbl_minima (_id),
    FOREIGN KEY(_minimum2_id) REFERENCES tbl_minima (_id));
CREATE INDEX idx_transition_states ON tbl_transition_states (_minimum1_id, _minimum2_id);
CREATE TABLE tbl_system_property (_id INTEGER NOT NULL, property_name VARCHAR,
    int_value INTEGER, float_value FLOAT, string_value VARCHAR, pickle_value BLOB,
    PRIMARY KEY (_id));
"""


def read(path, surface: Surface | None = None, *, verify: bool = False) -> Network:
    """The network in a database; a `KineticNetwork` where no point has coordinates.

    **Arguments:**

    - `path`: the file.
    - `surface`: the surface of the points.
    - `verify`: compute all numbers once more, and warn where they differ.

    **Returns:** minima and transition states in the order of pele's ids, which begin at 1 and
    may have gaps; a `KineticNetwork` keeps them as `ids`. Nothing is merged, and no point is
    certified. Numbers that pele has not computed (`fvib`, `pgorder`) are NaN and 1.

    **Raises:** `FormatError` (a `ValueError`) with table and id of what is wrong.

    >>> import tempfile
    >>> from jaxscape.landscape import Landscape
    >>> landscape = Landscape.from_points({"x": np.eye(2), "energy": [0.0, 1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder + "/small.db")
    ...     read(folder + "/small.db").minima.x.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    path = Path(path).expanduser()
    if read_bytes_of_magic(path) != b"SQLite format 3\0":
        raise FormatError(path, None, "an SQLite database of pele", "another kind of file")
    uri = path.resolve().as_uri() + "?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            minima = connection.execute(f"SELECT {_POINT} FROM tbl_minima ORDER BY _id")
            of_minima = minima.fetchall()
            states = connection.execute(f"SELECT {_STATE} FROM tbl_transition_states ORDER BY _id")
            of_states = states.fetchall()
    except sqlite3.Error as error:
        raise FormatError(path, None, "the tables of pele's version 2", f"{error}") from error
    if version != _VERSION:
        found = f"version {version}; update it with pele's scripts/migrate_db.py"
        raise FormatError(path, None, f"a database of pele's version {_VERSION}", found)
    if not of_minima:
        raise FormatError(path, None, "minima", "none in tbl_minima")
    contents = Contents(
        _columns(path, "tbl_minima", of_minima),
        _columns(path, "tbl_transition_states", of_states),
    )
    _add_ends(path, contents, of_states)
    _add_points(path, contents, of_minima, of_states, surface)
    network = network_of(contents, surface)
    return verified(network) if verify else network  # type: ignore[arg-type]


def write(network: Network, path, *, overwrite: bool = False) -> None:
    """Write a database that pele opens.

    **Arguments:**

    - `network`: a `Landscape`, or a `KineticNetwork`, whose points get the placeholder
      `zeros(1)` that pele's own converter uses.
    - `overwrite`: replace the file.

    pele wants the lower id first: where `plus` is above `minus`, they change places and the
    eigenvector its sign, so that it still points to the first.

    **Raises:** `ValueError` if the file is there already.
    """
    contents = contents_of(network)
    minima, states = contents.minima, contents.states
    path = check_target(path, overwrite)
    ids = minima.get("ids") if not contents.has_points else None
    ids = np.arange(1, len(minima["energy"]) + 1) if ids is None or ids.min() < 1 else ids
    ends = ids[states["plus"]], ids[states["minus"]]
    swapped = ends[0] > ends[1]
    pairs = np.where(swapped, ends[1], ends[0]), np.where(swapped, ends[0], ends[1])
    vectors: list = [None] * len(swapped)
    if "eigenvector" in states:
        signed = np.where(swapped[:, None], -1.0, 1.0) * states["eigenvector"]
        vectors = [pickle_of_array(v) if np.isfinite(v).all() else None for v in signed]
    rows = zip(*_values(minima, ids), strict=True)
    of_states = zip(
        *_values(states, np.arange(1, len(swapped) + 1)),
        *(pair.tolist() for pair in pairs),
        _or_null(states.get("lowest_eigenvalue", np.full(len(swapped), np.nan))),
        vectors,
        strict=True,
    )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(partial)) as connection:
            connection.executescript(f"PRAGMA user_version={_VERSION};" + _SCHEMA)
            for table, columns, values in (
                ("tbl_minima", _POINT, rows),
                ("tbl_transition_states", _STATE, of_states),
            ):
                marks = ", ".join("?" * len(columns.split(",")))
                connection.executemany(
                    f"INSERT INTO {table} ({columns}, invalid) VALUES ({marks}, 0)", values
                )
            connection.commit()
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_bytes_of_magic(path: Path) -> bytes:
    """The first 16 bytes of a file that has to be there, by which SQLite is known."""
    if not path.is_file() or not path.stat().st_size:
        read_bytes(path)  # raises, and says what is there instead
    with path.open("rb") as file:
        return file.read(16)


def _columns(path: Path, table: str, rows: list) -> dict[str, np.ndarray]:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    for row in rows:
        if not isinstance(row[1], float | int):
            raise FormatError(path, None, f"an energy of {table} {row[0]}", shortened(str(row[1])))
    try:
        return {
            "energy": np.array(columns[1], np.float64),
            "log_product": np.array(columns[3], np.float64),
            "order": np.array([value or 1 for value in columns[4]], np.int64),
            "ids": np.array(columns[0], np.int64),
        }
    except (TypeError, ValueError) as error:
        raise FormatError(path, None, f"numbers in {table}", str(error)) from error


def _add_ends(path: Path, contents: Contents, rows: list) -> None:
    ids = contents.minima["ids"]
    place = {pele: row for row, pele in enumerate(ids.tolist())}
    for column, side in ((5, "plus"), (6, "minus")):
        for row in rows:
            if row[column] not in place:
                expected = f"a minimum of transition state {row[0]} that tbl_minima has"
                raise FormatError(path, None, expected, f"the id {row[column]}")
        contents.states[side] = np.array([place[row[column]] for row in rows], np.int64)


def _add_points(path: Path, contents: Contents, minima: list, states: list, surface) -> None:
    x = _arrays(path, "tbl_minima", minima, 2)
    of_states = _arrays(path, "tbl_transition_states", states, 2)
    if all(point is None or (point.size == 1 and not point.any()) for point in x + of_states):
        for part in (contents.minima, contents.states):
            if np.isnan(part["log_product"]).all():
                del part["log_product"]
        return
    known = [point.size for point in x if point is not None]
    dim = surface.dim if surface is not None and surface.dim else known[0] if known else 0
    tables = ("tbl_minima", x, minima), ("tbl_transition_states", of_states, states)
    for (table, points, rows), part in zip(tables, (contents.minima, contents.states), strict=True):
        for row, point in zip(rows, points, strict=True):
            if point is None or point.size != dim:
                found = "none" if point is None else str(point.size)
                raise FormatError(path, None, f"{dim} coordinates of {table} {row[0]}", found)
        part["x"] = np.array([point.reshape(dim) for point in points if point is not None])
        part["x"] = part["x"].reshape(len(rows), dim)
        del part["ids"]
    vectors = _arrays(path, "tbl_transition_states", states, 8)
    unknown = np.full(dim, np.nan)
    contents.states["eigenvector"] = np.array(
        [unknown if v is None or v.size != dim else v.reshape(dim) for v in vectors]
    ).reshape(len(states), dim)
    values = [row[7] for row in states]
    contents.states["lowest_eigenvalue"] = np.array(values, np.float64)


def _arrays(path: Path, table: str, rows: list, column: int) -> list[np.ndarray | None]:
    out: list[np.ndarray | None] = []
    before = None
    for row in rows:
        raw = row[column]
        try:
            # Placeholders are one pickle over and over.
            same = bool(out) and raw == before
            out.append(None if raw is None else out[-1] if same else array_from_pickle(raw))
            before = raw
        except ValueError as error:
            expected = f"a pickled array of numbers in {table} {row[0]}"
            raise FormatError(path, None, expected, str(error)) from error
    return out


def _values(part: dict, ids: np.ndarray) -> list[list]:
    size = len(part["energy"])
    nothing = pickle_of_array(np.zeros(1))
    x = [pickle_of_array(point) for point in part["x"]] if "x" in part else [nothing] * size
    logs = part.get("log_product", np.full(size, np.nan))
    return [ids.tolist(), part["energy"].tolist(), x, _or_null(logs), part["order"].tolist()]


def _or_null(values: np.ndarray) -> list:
    return [None if value != value else value for value in values.tolist()]
