"""PATHSAMPLE's files: `min.data`, `ts.data`, `points.min`, `points.ts`, and groups and pairs.

Of every minimum `min.data` has a line with its energy, the logarithm of the product of its
positive Hessian eigenvalues, its point-group order and its three principal moments of inertia;
`ts.data` has the numbers of the two minima (from 1) after the order. `points.min` and
`points.ts` are the coordinates, little-endian float64 without a header. `min.A` and `min.B`
list the minima of two groups, their number first; `pairs.data` the pairs tried.

Source: D. J. Wales, PATHSAMPLE, https://www-wales.ch.cam.ac.uk/PATHSAMPLE/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from jaxscape.io._contents import Contents, Network, contents_of, log_products, network_of, rows_of
from jaxscape.io._errors import FormatError
from jaxscape.io._tables import at_row, integers, lines_of, read_bytes, read_table
from jaxscape.io._targets import fresh_folder, write_file
from jaxscape.io.verification import verified
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface
from jaxscape.symmetry import Cluster

_MINIMUM = ["energy", "log product", "point-group order", "three moments of inertia"]
_STATE = [*_MINIMUM[:3], "two minima", _MINIMUM[3]]
_FILES = ("min.data", "ts.data", "points.min", "points.ts", "min.A", "min.B", "pairs.data")


def read(folder, surface: Surface | None = None, *, verify: bool = False) -> Network:
    """The network in a folder; a `KineticNetwork` where there is no `points.min`.

    **Arguments:**

    - `folder`: with `min.data`, and mostly `ts.data`, `points.min`, `points.ts`,
      `pairs.data`. Moments of inertia may be missing.
    - `surface`: the surface of the points. `verify` needs it, and so does adding points.
    - `verify`: compute all numbers once more, and warn where they differ
      (`jaxscape.io.verify`).

    **Returns:** the minima in the order of the file, so that minimum 1 of PATHSAMPLE is
    minimum 0 here. Nothing is merged; no point is certified; the eigenvectors of transition
    states are unknown (NaN). Pairs become attempts of the kind "double_ended".

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.

    >>> import tempfile
    >>> from jaxscape.landscape import KineticNetwork
    >>> network = KineticNetwork(
    ...     [0.0, 0.5], [0], [1], [1.0], log_product=[3.0, 2.5], ts_log_product=[2.0]
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(network, folder)
    ...     read(folder)
    <KineticNetwork: 2 minima, 1 transition state>
    """
    folder = Path(folder).expanduser()
    contents = Contents(*_read_numbers(folder))
    sizes = contents.sizes
    if (folder / "points.min").exists():
        x = _read_points(folder / "points.min", sizes[0], "min.data", surface)
        contents.minima["x"] = x
        if sizes[1] or (folder / "points.ts").exists():
            path = folder / "points.ts"
            contents.states["x"] = _read_points(path, sizes[1], "ts.data", surface, x.shape[1])
        else:
            contents.states["x"] = np.zeros((0, x.shape[1]))
    elif (folder / "points.ts").exists():
        raise FormatError(folder / "points.min", None, "a file beside points.ts", "no such file")
    network = network_of(contents, surface)
    if verify:
        network = verified(network)  # type: ignore[arg-type]
    pairs = read_pairs(folder, sizes[0]) if (folder / "pairs.data").exists() else None
    if isinstance(network, Landscape) and pairs is not None and len(pairs):
        network.record_attempts("double_ended", pairs[:, 0], pairs[:, 1])
    return network


def write(
    network: Network,
    folder,
    *,
    a: Any = None,
    b: Any = None,
    inertia: bool = True,
    overwrite: bool = False,
) -> None:
    """Write a network into a folder, which is made where there is none.

    **Arguments:**

    - `network`: a `Landscape`, or a `KineticNetwork` (no points are written then).
    - `a`, `b`: ids of the minima of the two groups, for `min.A` and `min.B`.
    - `inertia`: write the moments of inertia, which PATHSAMPLE expects; those of anything but
      a cluster are 1.
    - `overwrite`: replace files of the same names.

    Numbers are written to their last digit. What the files have no room for: gradients,
    eigenvalues, hits and units.

    **Raises:** `ValueError` if log products are unknown, an id does not exist, or the files are
    there already.
    """
    contents = contents_of(network)
    logs = log_products(contents, "PATHSAMPLE")
    groups = {"min.A": a, "min.B": b}
    rows = {name: rows_of(network, ids).tolist() for name, ids in groups.items() if ids is not None}
    folder = fresh_folder(folder, _FILES, overwrite)
    for name, part, log in (
        ("min.data", contents.minima, logs[0]),
        ("ts.data", contents.states, logs[1]),
    ):
        columns = [part["energy"].tolist(), log.tolist(), part["order"].tolist()]
        if name == "ts.data":
            columns += [(part[side] + 1).tolist() for side in ("plus", "minus")]
        if inertia:
            columns += _inertia(network, part).T.tolist()
        write_file(folder / name, lines_of(list(zip(*columns, strict=True))))
    if contents.has_points:
        for name, part in (("points.min", contents.minima), ("points.ts", contents.states)):
            write_file(folder / name, part["x"].astype("<f8").tobytes())
    for name, members in rows.items():
        text = f"{len(members)}\n" + "".join(f"{row + 1}\n" for row in members)
        write_file(folder / name, text)
    if isinstance(network, Landscape):
        tried = network.attempts.b >= 0
        pairs = np.stack([network.attempts.a, network.attempts.b], axis=1)[tried]
        if len(pairs):
            write_file(folder / "pairs.data", lines_of((pairs + 1).tolist()))


def read_group(path, minima: int | None = None) -> Int[np.ndarray, " members"]:
    """Ids (from 0) of the minima in `min.A` or `min.B`; `minima` is how many there are.

    **Raises:** `FormatError` if they are not as many as the file says, or do not exist.
    """
    path = Path(path)
    words = [
        (line, word)
        for line, text in enumerate(read_bytes(path).decode("latin1").splitlines(), 1)
        for word in text.split()
    ]
    values = []
    for line, word in words:
        if not word.isdecimal():
            raise FormatError(path, line, "a whole number", repr(word))
        values.append(int(word))
        if len(values) > 1 and not 1 <= values[-1] <= (minima or values[-1]):
            raise FormatError(path, line, f"a minimum from 1 to {minima or '...'}", word)
    if len(values) - 1 != values[0]:
        expected = f"{values[0]} minima, as the first line says"
        raise FormatError(path, words[-1][0], expected, str(len(values) - 1))
    return np.array(values[1:], np.int64) - 1


def read_pairs(folder, minima: int | None = None) -> Int[np.ndarray, "pairs 2"]:
    """Ids (from 0) of the pairs of minima in `pairs.data` that were tried.

    **Raises:** `FormatError` for lines that are not two minima.
    """
    path = Path(folder) / "pairs.data"
    table = read_table(path, ["two minima"] * 2, empty=True)
    return np.stack([_minima(path, table, i, minima) for i in (0, 1)], axis=1)


def _read_numbers(folder: Path) -> tuple[dict, dict]:
    path = folder / "min.data"
    if not folder.is_dir():
        raise FormatError(folder, None, "a folder with min.data", "no such folder")
    table = read_table(path, _MINIMUM, (6, 3))
    minima = _numbers(path, table)
    path = folder / "ts.data"
    if not path.exists():
        none = np.zeros(0, np.int64)
        empty = {"energy": np.zeros(0), "log_product": np.zeros(0), "order": none}
        return minima, empty | {"plus": none, "minus": none}
    table = read_table(path, _STATE, (8, 5), empty=True)
    states = _numbers(path, table)
    for column, side in ((3, "plus"), (4, "minus")):
        states[side] = _minima(path, table, column, len(minima["energy"]))
    return minima, states


def _numbers(path: Path, table: np.ndarray) -> dict[str, np.ndarray]:
    order = integers(path, table, 2, "the point-group order", least=1)
    return {"energy": table[:, 0], "log_product": table[:, 1], "order": order}


def _minima(path: Path, table: np.ndarray, column: int, minima: int | None) -> np.ndarray:
    ids = integers(path, table, column, "the number of a minimum", least=1)
    if minima is not None and len(wrong := np.flatnonzero(ids > minima)):
        expected = f"a minimum from 1 to {minima}, as many as min.data has"
        raise at_row(path, int(wrong[0]), expected, str(ids[wrong[0]]))
    return ids - 1


def _read_points(
    path: Path, count: int, beside: str, surface: Surface | None, dim: int | None = None
) -> Float[np.ndarray, "points dim"]:
    raw = path.read_bytes() if path.is_file() else b""
    if not raw and count:
        found = "an empty file" if path.is_file() else "no such file"
        raise FormatError(path, None, f"the coordinates of {count} points", found)
    dim = dim or (surface.dim if surface is not None else None)
    size = len(raw)
    if dim is None:
        if not count or size % (8 * count):
            expected = f"8 bytes a coordinate for each of the {count} points of {beside}"
            raise FormatError(path, None, expected, f"{size} bytes")
        dim = size // (8 * count)
    if size != 8 * dim * count:
        expected = f"{8 * dim * count} bytes ({count} points of {beside}, {dim} coordinates each)"
        raise FormatError(path, None, expected, f"{size} bytes ({size / (8 * dim):g} points)")
    x = np.frombuffer(raw, "<f8").reshape(count, dim).astype(np.float64)
    good = np.isfinite(x).all(axis=1) & (np.abs(x) < 1e30).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        expected = f"finite coordinates of point {row + 1}, little-endian float64"
        raise FormatError(path, None, expected, str(x[row][:3].tolist())[:60])
    return x


def _inertia(network: Network, part: dict) -> Float[np.ndarray, "points 3"]:
    symmetry = network.symmetry if isinstance(network, Landscape) else None
    if not isinstance(symmetry, Cluster) or symmetry.frozen is not None:
        return np.ones((len(part["energy"]), 3))
    points = part["x"]
    atoms = points.reshape(len(points), points.shape[1] // 3, 3)
    masses = np.ones(atoms.shape[1]) if symmetry.masses is None else np.array(symmetry.masses)
    weighted = atoms * masses[:, None]
    centred = atoms - weighted.sum(axis=1, keepdims=True) / masses.sum()
    second = np.einsum("bai,baj,a->bij", centred, centred, masses)
    trace = np.trace(second, axis1=1, axis2=2)
    return np.linalg.eigvalsh(trace[:, None, None] * np.eye(3) - second)
