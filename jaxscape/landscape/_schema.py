"""Tables of a store, and how rows become arrays."""

import dataclasses
import json
import sqlite3
from pathlib import Path

import numpy as np

from jaxscape.landscape.columns import MinimaView
from jaxscape.landscape.identity import IdentityTolerance
from jaxscape.surface import Surface

APPLICATION_ID = 0x4A534350  # "JSCP"
FORMAT = 1
TABLES = ("minima", "transition_states", "attempts")

_POINT = {
    "energy": "REAL",
    "rms_gradient": "REAL",
    "index": "INTEGER",
    "lowest_eigenvalue": "REAL",
    "log_product": "REAL",
    "order": "INTEGER",
    "active": "INTEGER",
    "hits": "INTEGER",
    "certified": "INTEGER",
}
# "index" and "order" are words of SQL: their columns carry longer names.
_SQL_NAMES = {"index": "hessian_index", "order": "point_group_order"}
_FIELDS = {
    "minima": _POINT | {"x": "BLOB"},
    "transition_states": _POINT
    | {"plus": "INTEGER", "minus": "INTEGER", "x": "BLOB", "eigenvector": "BLOB"},
    # The outcome is an integer status or a text, so its column has no type.
    "attempts": {
        "kind": "TEXT",
        "a": "INTEGER",
        "b": "INTEGER",
        "outcome": "",
        "evaluations": "INTEGER",
        "time": "REAL",
    },
}
COLUMNS = {
    table: tuple(_SQL_NAMES.get(name, name) for name in fields) for table, fields in _FIELDS.items()
}


class StoreError(ValueError):
    """A file cannot be read or written as a landscape; the message says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a store says about its surface.

    `dim` is None until the first point is known; tolerances are those of `IdentityTolerance`.
    """

    name: str = ""
    dim: int | None = None
    symmetry: str = "none"
    energy_unit: str = ""
    length_unit: str = ""
    energy_tolerance: float = 1e-7
    distance_tolerance: float = 1e-4

    @staticmethod
    def of(surface: Surface | None, tolerance: IdentityTolerance) -> "Header":
        """What a new store of this surface says."""
        header = Header(energy_tolerance=tolerance.energy, distance_tolerance=tolerance.distance)
        if surface is None:
            return header
        return dataclasses.replace(
            header,
            name=surface.name,
            dim=surface.dim,
            symmetry=surface.symmetry.describe(),
            energy_unit=surface.units.energy,
            length_unit=surface.units.length,
        )

    def refuse_other(self, other: "Header", path: Path) -> None:
        """Raise `StoreError` unless `other` may be the same surface."""
        mine, theirs = (self.dim, self.symmetry), (other.dim, other.symmetry)
        widths_differ = None not in (self.dim, other.dim) and self.dim != other.dim
        if widths_differ or self.symmetry != other.symmetry:
            raise StoreError(
                f"{path} belongs to another surface: it holds {self.name or 'a surface'} with "
                f"{mine[0]} coordinates and symmetry {mine[1]!r}, not {other.name or 'one'} with "
                f"{theirs[0]} coordinates and symmetry {theirs[1]!r}"
            )


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the empty tables of a new store and mark the file as ours."""
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={FORMAT}")
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    for table, fields in _FIELDS.items():
        columns = [f"{_SQL_NAMES.get(name, name)} {kind}" for name, kind in fields.items()]
        connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(columns)})")


def write_header(connection: sqlite3.Connection, header: Header) -> None:
    """Keep the header; values are JSON."""
    rows = [(key, json.dumps(value)) for key, value in dataclasses.asdict(header).items()]
    known = dict(connection.execute("SELECT key, value FROM meta"))
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [row for row in rows if known.get(row[0]) != row[1]],
    )


def read_header(connection: sqlite3.Connection, path: Path) -> Header:
    """The header; keys it does not know are left aside."""
    rows = dict(connection.execute("SELECT key, value FROM meta"))
    names = [field.name for field in dataclasses.fields(Header)]
    try:
        return Header(**{name: json.loads(rows[name]) for name in names})
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged: its header lacks {error}") from error


def table_rows(view: MinimaView, ids) -> list[tuple]:
    """Rows of a table, as SQLite keeps them."""
    ids = list(ids)
    table = "minima" if type(view) is MinimaView else "transition_states"
    columns = view.columns()
    values = [ids]
    for name, kind in _FIELDS[table].items():
        rows = columns[name][ids]
        if kind == "BLOB":
            values.append([row.astype("<f8").tobytes() for row in rows])
        else:
            values.append((rows.astype(np.int64) if kind == "INTEGER" else rows).tolist())
    return list(zip(*values, strict=True))


def read_table(
    connection: sqlite3.Connection, table: str, view: MinimaView, dim: int | None, path: Path
) -> None:
    """Fill a view with the rows of a table."""
    names = ", ".join(("id", *COLUMNS[table]))
    rows = connection.execute(f"SELECT {names} FROM {table} ORDER BY id").fetchall()
    if not rows:
        return
    ids, *columns = zip(*rows, strict=True)
    if ids[0] != 0 or ids[-1] != len(ids) - 1:
        raise StoreError(f"{path} is damaged: there are gaps in the ids of its {table}")
    arrays = {}
    for (name, kind), column in zip(_FIELDS[table].items(), columns, strict=True):
        try:
            arrays[name] = _array(column, kind, dim)
        except (TypeError, ValueError) as error:
            raise StoreError(f"{path} is damaged: {table}.{name} ({error})") from error
    view._append(arrays)


def _array(column, kind: str, dim: int | None) -> np.ndarray:
    if kind != "BLOB":
        return np.array(column, np.float64 if kind == "REAL" else np.int64)
    if {len(blob) for blob in column} != {8 * (dim or 0)}:
        raise ValueError(f"coordinates are not {dim} wide")
    return np.frombuffer(b"".join(column), "<f8").reshape(len(column), dim or 0)
