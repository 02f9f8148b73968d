"""topsearch's files: `min.data`, `ts.data`, `min.coords`, `ts.coords`, and what was tried.

`min.data` has number and energy of every minimum, `ts.data` the numbers of two minima (from 0)
and the energy of the transition state between them. The coordinates are text, one point a line.
`pairlist` are the pairs of minima tried, `attempted.coords` (newer versions) the starting points
of searches. Log products and point-group orders are not kept. Written energies have all their
digits; topsearch 0.0.3 itself writes five decimals.

Source: L. Dicks et al., topsearch, https://github.com/IBM/topography-searcher.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from jaxscape.io._contents import Contents, Network, contents_of, network_of
from jaxscape.io._errors import FormatError
from jaxscape.io._tables import (
    at_row,
    integers,
    lines_of,
    read_rows_of_any_width,
    read_table,
)
from jaxscape.io._targets import fresh_folder, write_file
from jaxscape.io.verification import verified
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface

_FILES = ("min.data", "ts.data", "min.coords", "ts.coords", "pairlist", "attempted.coords")


def read(
    folder, surface: Surface | None = None, *, verify: bool = False, suffix: str = ""
) -> Network:
    """The network in a folder; a `KineticNetwork` where there is no `min.coords`.

    **Arguments:**

    - `folder`: with `min.data`, and mostly the other files.
    - `surface`: the surface of the points; its symmetry finds the point-group orders.
    - `verify`: compute energies once more and warn where they differ; log products are found.
    - `suffix`: what topsearch appended to the names (its `text_string`).

    **Returns:** the minima by their numbers. Nothing is merged; no point is certified. Pairs
    become attempts of the kind "double_ended".

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.

    >>> import tempfile
    >>> landscape = Landscape.from_points({"x": np.eye(2), "energy": [0.0, 1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder)
    ...     read(folder).minima.energy.tolist()
    [0.0, 1.0]
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FormatError(folder, None, "a folder with min.data", "no such folder")
    minima, order = _read_minima(folder / f"min.data{suffix}")
    count = len(minima["energy"])
    states = _read_states(folder / f"ts.data{suffix}", count)
    if (path := folder / f"min.coords{suffix}").exists():
        minima["x"] = _read_coordinates(path, count, "min.data", surface)[order]
        path, dim = folder / f"ts.coords{suffix}", minima["x"].shape[1]
        size = len(states["energy"])
        states["x"] = (
            _read_coordinates(path, size, "ts.data", surface, dim) if size else np.zeros((0, dim))
        )
    elif (path := folder / f"ts.coords{suffix}").exists():
        raise FormatError(path.with_name(f"min.coords{suffix}"), None, "a file", "no such file")
    network = network_of(Contents(minima, states), surface)
    if verify:
        network = verified(network)  # type: ignore[arg-type]
    if isinstance(network, Landscape) and (folder / f"pairlist{suffix}").exists():
        pairs = read_pairs(folder / f"pairlist{suffix}", count)
        if len(pairs):
            network.record_attempts("double_ended", pairs[:, 0], pairs[:, 1])
    return network


def write(
    network: Network,
    folder,
    *,
    attempted: Float[np.ndarray, "starts dim"] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a network into a folder, which is made where there is none.

    **Arguments:**

    - `network`: a `Landscape`, or a `KineticNetwork` (no coordinates are written then, and
      topsearch itself cannot read the folder).
    - `attempted` `[n, dim]`: starting points of searches, for `attempted.coords`.
    - `overwrite`: replace files of the same names.

    topsearch 0.0.3 keeps one transition state for each pair of minima: of several it takes the
    last.

    **Raises:** `ValueError` if the files are there already.
    """
    contents = contents_of(network)
    folder = fresh_folder(folder, _FILES, overwrite)
    energies = enumerate(contents.minima["energy"].tolist())
    write_file(folder / "min.data", lines_of(list(energies)))
    columns = [contents.states[name].tolist() for name in ("plus", "minus", "energy")]
    write_file(folder / "ts.data", lines_of(list(zip(*columns, strict=True))))
    if contents.has_points:
        write_file(folder / "min.coords", lines_of(contents.minima["x"].tolist()))
        write_file(folder / "ts.coords", lines_of(contents.states["x"].tolist()))
    pairs = np.zeros((0, 2), np.int64)
    if isinstance(network, Landscape):
        tried = network.attempts.b >= 0
        pairs = np.stack([network.attempts.a, network.attempts.b], axis=1)[tried]
    write_file(folder / "pairlist", lines_of(pairs.tolist()))
    if attempted is not None:
        write_file(folder / "attempted.coords", lines_of(np.asarray(attempted, float).tolist()))


def read_pairs(path, minima: int | None = None) -> Int[np.ndarray, "pairs 2"]:
    """Ids of the pairs of minima in a `pairlist`.

    **Raises:** `FormatError` for lines that are not two minima.
    """
    path = Path(path)
    table = read_table(path, ["two minima"] * 2, empty=True)
    return np.stack([_ends(path, table, column, minima) for column in (0, 1)], axis=1)


def read_attempted(path) -> Float[np.ndarray, "starts dim"]:
    """The starting points in an `attempted.coords`, one a row; `[0, 0]` where it is empty.

    **Raises:** `FormatError` for lines that are not points of one width.
    """
    path = Path(path)
    if path.is_file() and not path.read_bytes().strip():
        return np.zeros((0, 0))
    return read_rows_of_any_width(path, "coordinates")


def _read_minima(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    table = read_table(path, ["number", "energy"])
    ids = integers(path, table, 0, "the number of a minimum")
    order = np.argsort(ids, kind="stable")
    again = np.zeros(len(ids), bool)
    again[order[1:]] = np.diff(ids[order]) == 0
    wrong = np.flatnonzero(again | (ids >= len(ids)))
    if len(wrong):
        row = int(wrong[0])
        told = f"{ids[row]}{' again' if again[row] else ''}"
        raise at_row(path, row, f"the numbers 0 to {len(ids) - 1}, each once", told)
    return {"energy": table[order, 1]}, order


def _read_states(path: Path, minima: int) -> dict[str, np.ndarray]:
    if not path.exists():
        none = np.zeros(0, np.int64)
        return {"energy": np.zeros(0), "plus": none, "minus": none}
    table = read_table(path, ["two minima", "two minima", "energy"], empty=True)
    ends = {side: _ends(path, table, i, minima) for i, side in enumerate(("plus", "minus"))}
    return ends | {"energy": table[:, 2]}


def _ends(path: Path, table: np.ndarray, column: int, minima: int | None) -> np.ndarray:
    ids = integers(path, table, column, "the number of a minimum")
    if minima is not None and len(wrong := np.flatnonzero(ids >= minima)):
        expected = f"a minimum from 0 to {minima - 1}, as min.data has them"
        raise at_row(path, int(wrong[0]), expected, str(ids[wrong[0]]))
    return ids


def _read_coordinates(
    path: Path, count: int, beside: str, surface: Surface | None, dim: int | None = None
) -> np.ndarray:
    x = read_rows_of_any_width(path, "coordinates")
    dim = dim or (surface.dim if surface is not None else None) or x.shape[1]
    if x.shape[1] != dim:
        raise at_row(path, 0, f"{dim} coordinates", str(x.shape[1]))
    if len(x) != count:
        raise FormatError(path, None, f"{count} points, as many as {beside} has", str(len(x)))
    return x
