"""The file of a landscape: SQLite, one transaction a batch, readable by anyone.

Coordinates are little-endian float64 blobs; NaN is NULL. A store that is written as the search
goes is in WAL mode: what was committed survives a killed process. `synchronous=FULL` makes it
survive a power cut, too, for one flush to the disk a batch.
"""

import contextlib
import dataclasses
import os
import shutil
import sqlite3
import tempfile
import weakref
from pathlib import Path

import numpy as np

from jaxscape.landscape._schema import (
    APPLICATION_ID,
    COLUMNS,
    FORMAT,
    TABLES,
    Header,
    StoreError,
    create_tables,
    read_header,
    read_table,
    table_rows,
    write_header,
)
from jaxscape.landscape.attempts import Attempts
from jaxscape.landscape.columns import MinimaView, TransitionStatesView


@dataclasses.dataclass
class Contents:
    """Everything a store holds."""

    header: Header
    minima: MinimaView
    transition_states: TransitionStatesView
    attempts: Attempts


class Store:
    """An open store that grows with its landscape.

    `open_store` makes one. `write` adds what is new since the last call in one transaction and
    returns when it is committed.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, contents: Contents):
        self.path = path
        self._connection = connection
        self._close = weakref.finalize(self, connection.close)
        self._written = _sizes(contents)
        self._version = self._data_version()

    def write(self, contents: Contents) -> None:
        """Commit everything new or changed.

        **Raises:** `StoreError` if the disk is full, the file cannot be written or another
        process writes to it; nothing is lost in memory, and the next call tries again.
        """
        if not self._close.alive:
            raise StoreError(f"store {self.path} is closed")
        sizes = _sizes(contents)
        self._roll_back()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._refuse_other_writers()
            write_header(self._connection, contents.header)
            for table, view in _views(contents):
                ids = sorted(view.changed | set(range(self._written[table], sizes[table])))
                _insert(self._connection, table, table_rows(view, ids))
            rows = contents.attempts.rows(self._written["attempts"])
            _insert(
                self._connection,
                "attempts",
                [(i, *row) for i, row in enumerate(rows, start=self._written["attempts"])],
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise StoreError(
                f"{explain(error, self.path)} Nothing is lost in memory: what is missing in the "
                "file is written at the next call, or save the landscape elsewhere."
            ) from error
        except BaseException:
            self._roll_back()
            raise
        self._version = self._data_version()
        self._written = sizes
        for _, view in _views(contents):
            view.changed.clear()

    def is_at(self, path) -> bool:
        """Whether this is the store at `path`."""
        return self.path == _resolved(path)

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        if self._close.alive:
            # One plain file from now on: reading one in WAL mode would leave files beside it.
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA journal_mode=DELETE")
        self._close()

    def _roll_back(self) -> None:
        # Another error here would hide the first; what is left open is rolled back next time.
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _data_version(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def _refuse_other_writers(self) -> None:
        # Two writers would give one id to two points. The version changes only with commits of
        # other connections, so an interrupted call of our own is not mistaken for one.
        if self._data_version() == self._version:
            return
        for table, size in self._written.items():
            found = self._connection.execute(f"SELECT COALESCE(MAX(id) + 1, 0) FROM {table}")
            if found.fetchone()[0] != size:
                raise StoreError(
                    f"another process has written to {self.path}: only one exploration can "
                    "write to a store. Nothing is lost in memory: save the landscape elsewhere."
                )


def open_store(path, header: Header | None, contents: Contents) -> tuple[Store, Contents]:
    """A store to go on writing to, and what it holds; a new one (of `contents`) if there is none.

    **Raises:** `StoreError` if the file is not a landscape, is damaged, cannot be written or
    belongs to another surface than `header`.
    """
    path = _resolved(path)
    if not path.exists():
        save_store(path, contents)
    existing = read_store(path, header)
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise StoreError(
                f"{place} is read-only, so nothing new could be kept: copy the store to a folder "
                "you may write to, or load it with jaxscape.load for analysis only"
            )
    try:
        connection = _connect(path, "rw")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
            return Store(path, connection, existing), existing
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from error


def read_store(path, header: Header | None = None) -> Contents:
    """Everything in a store; refused where it belongs to another surface than `header`.

    **Raises:** `StoreError`, with what is wrong with the file.
    """
    path = _resolved(path)
    _check_magic(path)
    try:
        return _read(path, header, "ro")
    except sqlite3.OperationalError as error:
        # The shared memory of WAL mode cannot be made in a folder that cannot be written. Copied
        # elsewhere, the store and the log that a killed run left behind can be read.
        if "unable to open" in str(error) or "readonly" in str(error):
            return _read_copy(path, header)
        raise StoreError(explain(error, path)) from error
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from error


def save_store(path, contents: Contents) -> None:
    """Write a complete file next to `path`, then rename it into place.

    **Raises:** `StoreError` if the folder cannot be written, the disk is full, or `path` holds
    something that is not a landscape of this surface; a file already there stays as it was.
    """
    path = _resolved(path)
    if path.is_dir():
        raise StoreError(f"{path} is a folder: give a file name, such as {path / 'lj8.sqlite'}")
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent}: create it, or choose another")
    if not os.access(path.parent, os.W_OK):
        raise StoreError(f"{path.parent} is read-only: choose a folder you may write to")
    if path.exists():
        _check_replaceable(path, contents.header)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        connection = _connect(partial, "rwc")
        try:
            # No journal: if anything goes wrong, the whole file is thrown away.
            connection.execute("PRAGMA journal_mode=OFF")
            create_tables(connection)
            connection.execute("BEGIN")
            write_header(connection, contents.header)
            for table, view in _views(contents):
                _insert(connection, table, table_rows(view, range(len(view))))
            rows = contents.attempts.rows()
            _insert(connection, "attempts", [(i, *row) for i, row in enumerate(rows)])
            connection.execute("COMMIT")
        finally:
            connection.close()
        os.replace(partial, path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"{explain(error, path)} Nothing is lost in memory, and no file was changed."
        ) from error
    finally:
        _discard(partial)


def explain(error: Exception, path: Path) -> str:
    """What an error of SQLite or of the system means for the user."""
    text = str(error).lower()
    if "full" in text or "disk i/o" in text or "no space" in text or "quota" in text:
        return f"The disk is full or failing at {path} ({error}): free space or save elsewhere."
    if "readonly" in text or "read-only" in text or "permission" in text:
        return f"{path} or its folder is read-only ({error}): choose a place you may write to."
    if "locked" in text:
        return f"{path} is in use by another process ({error}): wait for it or stop it."
    if "malformed" in text or "not a database" in text or "no such" in text:
        return f"{path} is damaged or truncated ({error}): restore it from a copy."
    if "unable to open" in text:
        return f"{path} cannot be opened ({error}): check that its folder exists and is writable."
    return f"{path}: {error}."


def _read(path: Path, header: Header | None, mode: str) -> Contents:
    connection = _connect(path, mode)
    try:
        found = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if found != APPLICATION_ID:
            raise StoreError(
                f"{path} is an SQLite file, but not a landscape of jaxscape: choose another file"
            )
        if version > FORMAT:
            raise StoreError(
                f"{path} has format {version}, this jaxscape reads up to {FORMAT}: upgrade jaxscape"
            )
        # One transaction: a run that goes on writing meanwhile cannot show half a batch.
        connection.execute("BEGIN")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(f"{path} is damaged or truncated: restore it from a copy ({verdict})")
        stored = read_header(connection, path)
        if header is not None:
            stored.refuse_other(header, path)
        minima, states = MinimaView(stored.dim), TransitionStatesView(stored.dim)
        read_table(connection, "minima", minima, stored.dim, path)
        read_table(connection, "transition_states", states, stored.dim, path)
        _check_ends(minima, states, path)
        attempts = Attempts()
        columns = ", ".join(COLUMNS["attempts"])
        attempts.extend(connection.execute(f"SELECT {columns} FROM attempts ORDER BY id"))
        return Contents(stored, minima, states, attempts)
    finally:
        connection.close()


def _read_copy(path: Path, header: Header | None) -> Contents:
    with tempfile.TemporaryDirectory() as folder:
        try:
            for source in (path, path.with_name(path.name + "-wal")):
                if source.exists():
                    shutil.copyfile(source, Path(folder) / source.name)
            return _read(Path(folder) / path.name, header, "rw")
        except (sqlite3.Error, OSError) as error:
            raise StoreError(explain(error, path)) from error


def _check_ends(minima, transition_states, path: Path) -> None:
    ends = np.concatenate([transition_states.plus, transition_states.minus])
    if ends.size and not (0 <= ends.min() and ends.max() < len(minima)):
        raise StoreError(
            f"{path} is damaged: a transition state joins minimum {ends.max()}, but there are "
            f"{len(minima)} minima. Restore it from a copy."
        )


def _check_magic(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder, not a stored landscape")
    if not path.exists():
        raise StoreError(f"there is no file {path}: check the name")
    try:
        with path.open("rb") as file:
            magic = file.read(16)
    except OSError as error:
        raise StoreError(explain(error, path)) from error
    if magic != b"SQLite format 3\0":
        kind = "empty" if not magic else "not an SQLite file"
        raise StoreError(f"{path} is {kind}, so it is no stored landscape")


def _check_replaceable(path: Path, header: Header) -> None:
    try:
        _check_magic(path)
        connection = _connect(path, "ro")
        try:
            found = connection.execute("PRAGMA application_id").fetchone()[0]
            if found != APPLICATION_ID:
                raise StoreError("it is not a landscape of jaxscape")
            read_header(connection, path).refuse_other(header, path)
        finally:
            connection.close()
        log = path.with_name(path.name + "-wal")
        if log.exists():
            # A log left beside a replaced file would be applied to the new one.
            connection = _connect(path, "rw")
            try:
                connection.execute("PRAGMA journal_mode=DELETE")
            finally:
                connection.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} exists and is not replaced: {explain(error, path)} "
            "Choose another name, or delete it first."
        ) from error
    except StoreError as error:
        raise StoreError(
            f"{path} exists and is not replaced: {error}. Choose another name, or delete it first."
        ) from None


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = path.as_uri() + f"?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)


def _insert(connection: sqlite3.Connection, table: str, rows) -> None:
    names = ("id", *COLUMNS[table])
    marks = ", ".join("?" * len(names))
    connection.executemany(
        f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})", rows
    )


def _views(contents: Contents):
    return [(table, getattr(contents, table)) for table in TABLES if table != "attempts"]


def _sizes(contents: Contents) -> dict[str, int]:
    return {table: len(getattr(contents, table)) for table in TABLES}


def _resolved(path) -> Path:
    return Path(path).expanduser().resolve()


def _discard(partial: Path) -> None:
    with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)
