"""Extended XYZ: minima, transition states and paths of atoms, for viewers and other programs.

A frame is the number of atoms, a line of `key=value`, and a line for each atom: species,
position, and for transition states the eigenvector. The keys are `kind` (minimum,
transition_state or image), `energy`, `log_product`, `order`, `plus`, `minus` and `eigenvalue`;
`energy_unit` and `length_unit` name the units, `Lattice` the cell of a crystal. ASE, OVITO and
others open such files. The first frames are the minima.

Source: the specification of extended XYZ, https://github.com/libAtoms/extxyz.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from jaxscape.io._contents import Contents, contents_of, network_of
from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._tables import number, read_bytes
from jaxscape.io._targets import check_target, write_file
from jaxscape.io.verification import verified
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Crystal

_PAIR = re.compile(r"""([A-Za-z_][\w.-]*)\s*=\s*("[^"]*"|'[^']*'|\{[^}]*\}|\S+)|(\S+)""")
_POSITION = "species:S:1:pos:R:3"
_NUMBERS = {"energy": float, "log_product": float, "order": int}
_OF_STATES = {"plus": int, "minus": int, "eigenvalue": float}


class Frames(NamedTuple):
    """Structures as they are in a file.

    `species` (names of the atoms); `x` `[F, 3 n]`; `vectors` `[F, 3 n]` (eigenvectors, NaN where
    there are none); `keys` (the `key=value` of every frame, as text); `lines` (the line each
    frame begins in).
    """

    species: tuple[str, ...]
    x: Float[np.ndarray, "frames dim"]
    vectors: Float[np.ndarray, "frames dim"]
    keys: list[dict[str, str]]
    lines: list[int]


def read(path, surface: Surface | None = None, *, verify: bool = False) -> Landscape:
    """The minima and transition states in a file.

    **Arguments:**

    - `path`: the file. Frames without `kind` are taken for minima; images of paths are left out.
    - `surface`: the surface of the points.
    - `verify`: compute all numbers once more, and warn where they differ.

    **Returns:** points in the order of the file; nothing is merged, and none is certified.

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.

    >>> import tempfile
    >>> landscape = Landscape.from_points({"x": [[0.0, 0, 0, 0, 0, 1.12]], "energy": [-1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder + "/pair.xyz", species=["Ar", "Ar"])
    ...     read(folder + "/pair.xyz").minima.x.tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0, 1.12]]
    """
    path = Path(path).expanduser()
    frames = read_frames(path)
    kinds = [keys.get("kind", "minimum") for keys in frames.keys]
    of_minima = [i for i, kind in enumerate(kinds) if kind == "minimum"]
    of_states = [i for i, kind in enumerate(kinds) if kind == "transition_state"]
    for i, kind in enumerate(kinds):
        if kind not in ("minimum", "transition_state", "image"):
            expected = "kind=minimum, transition_state or image"
            raise FormatError(path, frames.lines[i] + 1, expected, shortened(kind))
    if not of_minima:
        raise FormatError(path, None, "frames of minima", f"{len(kinds)} frames of other kinds")
    minima = _columns(path, frames, of_minima, _NUMBERS)
    states = _columns(path, frames, of_states, _NUMBERS | _OF_STATES)
    for name in ("plus", "minus"):
        wrong = np.flatnonzero((states[name] < 0) | (states[name] >= len(of_minima)))
        if len(wrong):
            expected = f"{name}, a minimum from 0 to {len(of_minima) - 1}"
            line = frames.lines[of_states[wrong[0]]] + 1
            raise FormatError(path, line, expected, str(states[name][wrong[0]]))
    states["lowest_eigenvalue"] = states.pop("eigenvalue")
    states["eigenvector"] = frames.vectors[of_states]
    units = {name: frames.keys[0].get(f"{name}_unit", "") for name in ("energy", "length")}
    contents = Contents(minima, states, frames.keys[0].get("surface", ""), Units(**units))
    if surface is not None and surface.dim not in (None, frames.x.shape[1]):
        expected = f"{surface.dim} coordinates, as {surface.name} has"
        raise FormatError(path, 1, expected, str(frames.x.shape[1]))
    landscape: Any = network_of(contents, surface)
    return verified(landscape) if verify else landscape


def write(
    landscape: Landscape, path, *, species: Sequence[Any] | None = None, overwrite: bool = False
) -> None:
    """Write all minima, then all transition states.

    **Arguments:**

    - `landscape`: of atoms: three coordinates each. Crystals are written with their cells, those
      of cells that vary at the positions they have in them (and cannot be read back as points).
    - `species`: names of the atoms; by default those of the surface's symmetry, else "X".
    - `overwrite`: replace the file.

    **Raises:** `ValueError` if there are no coordinates, or not three for every atom.
    """
    contents = contents_of(landscape)
    if not contents.has_points:
        raise ValueError("this network has no coordinates, so there are no structures to write")
    symmetry = landscape.symmetry
    if species is None:
        species = getattr(symmetry, "species", None)
        held = getattr(symmetry, "frozen", None)
        if species is not None and held is not None:
            species = species[: len(species) - len(held)]  # points hold free atoms only
    common = {"surface": contents.name}
    common |= {"energy_unit": contents.units.energy, "length_unit": contents.units.length}
    frames = []
    for kind, part in (("minimum", contents.minima), ("transition_state", contents.states)):
        names = [*_NUMBERS, "plus", "minus"] if kind == "transition_state" else [*_NUMBERS]
        columns = {name: part[name].tolist() for name in names}
        if kind == "transition_state":
            columns["eigenvalue"] = part["lowest_eigenvalue"].tolist()
        vectors = part.get("eigenvector")
        positions, cells = _in_cells(landscape, part["x"])
        for i, x in enumerate(positions):
            keys = {"kind": kind} | {name: column[i] for name, column in columns.items()} | common
            vector = None if vectors is None or vectors[i].shape != x.shape else vectors[i]
            vector = None if vector is None or np.isnan(vector).any() else vector
            frames.append(_frame(x, species, keys, vector, None if cells is None else cells[i]))
    write_file(check_target(path, overwrite), "".join(frames))


def write_path(
    images: Float[np.ndarray, "images dim"],
    path,
    *,
    energies: Float[np.ndarray, " images"] | None = None,
    species: Sequence[Any] | None = None,
    units: Units | None = None,
    cell=None,
    overwrite: bool = False,
) -> None:
    """Write the images of a path, such as a row of `jaxscape.neb(...).images`.

    **Arguments:**

    - `images` `[P, 3 n]`, `energies` `[P]`.
    - `species`: names of the atoms, "X" by default.
    - `units`: of energy and length, named in every frame.
    - `cell`: vectors of a periodic cell as rows `[3, 3]`, such as `surface.symmetry.cell`.

    **Raises:** `ValueError` for other shapes, or if the file is there already.
    """
    images = np.asarray(images, np.float64)
    values = None if energies is None else np.asarray(energies, np.float64)
    if images.ndim != 2 or (values is not None and values.shape != images.shape[:1]):
        told = "none" if values is None else values.shape
        raise ValueError(
            f"images have shape {images.shape} and energies {told}: pass [images, 3 n] and [images]"
        )
    common = {} if units is None else {"energy_unit": units.energy, "length_unit": units.length}
    frames = []
    for i, x in enumerate(images):
        keys = {"kind": "image"} | ({} if values is None else {"energy": float(values[i])})
        frames.append(_frame(x, species, keys | common, None, cell))
    write_file(check_target(path, overwrite), "".join(frames))


def write_mode(
    x: Float[np.ndarray, " dim"],
    mode: Float[np.ndarray, " dim"],
    path,
    *,
    amplitude: float = 0.5,
    frames: int = 24,
    species: Sequence[Any] | None = None,
    units: Units | None = None,
    cell=None,
    overwrite: bool = False,
) -> None:
    """Write one period of a vibration as frames that viewers play, such as a normal mode.

    **Arguments:**

    - `x` `[3 n]`; `mode` `[3 n]`, such as a row of `jaxscape.normal_modes(...)[1]`.
    - `amplitude`: how far the atom that moves most does.
    - `frames`: of one period. Others as in `write_path`.

    **Raises:** `ValueError` for a mode of another shape or without a direction, or if the file is
    there already.
    """
    x, mode = np.asarray(x, np.float64), np.asarray(mode, np.float64)
    if x.ndim != 1 or mode.shape != x.shape or x.size % 3:
        raise ValueError(f"x has shape {x.shape} and mode {mode.shape}: pass [3 n] and [3 n]")
    longest = np.max(np.linalg.norm(mode.reshape(-1, 3), axis=1), initial=0.0)
    if not (np.isfinite(longest) and longest > 0):
        raise ValueError("mode is zero or not finite: it has no direction")
    if frames < 4 or not amplitude > 0:
        raise ValueError(f"frames is {frames} and amplitude {amplitude}: pass 4 or more, and > 0")
    swing = amplitude / longest * np.sin(2 * np.pi * np.arange(frames) / frames)
    film = x + swing[:, None] * mode
    write_path(film, path, species=species, units=units, cell=cell, overwrite=overwrite)


def read_frames(path) -> Frames:
    """All structures in a file, which have to be of the same atoms; keys are not interpreted.

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.
    """
    path = Path(path).expanduser()
    lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    while not lines[-1].strip():
        lines.pop()
    species, x, vectors, keys, starts = (), [], [], [], []
    at = 0
    while at < len(lines):
        if not lines[at].strip().isdecimal() or not int(lines[at]):
            raise FormatError(path, at + 1, "the number of atoms", shortened(lines[at]))
        size = int(lines[at])
        if at + 2 + size > len(lines):
            expected = f"{size} atoms and the line before them"
            raise FormatError(path, at + 1, expected, f"{len(lines) - at - 1} lines to the end")
        found = _keys(lines[at + 1])
        names, position, vector = _atoms(path, lines, at, size, found)
        if keys and names != species:
            raise FormatError(path, at + 1, "the atoms of the first frame", "other atoms")
        species = names
        starts.append(at + 1)
        keys.append(found)
        x.append(position)
        vectors.append(vector)
        at += size + 2
    return Frames(species, np.array(x), np.array(vectors), keys, starts)


def _atoms(path: Path, lines: list[str], at: int, size: int, keys: dict[str, str]):
    """Species, positions `[3 n]` and vectors `[3 n]` of one frame."""
    columns = keys.get("Properties", _POSITION).split(":")
    places, width = {}, 0
    try:
        for name, count in zip(columns[0::3], columns[2::3], strict=True):
            places[name] = width
            width += int(count)
    except ValueError:
        raise FormatError(
            path, at + 2, f"Properties={_POSITION}", shortened(str(columns))
        ) from None
    rows = [line.split() for line in lines[at + 2 : at + 2 + size]]
    for i, row in enumerate(rows):
        if len(row) < width or "pos" not in places:
            expected = f"an atom ({', '.join(columns[0::3])}: {width} columns)"
            raise FormatError(path, at + 3 + i, expected, shortened(lines[at + 2 + i]))
    names = tuple(row[places["species"]] for row in rows) if "species" in places else ("X",) * size
    parts = []
    for name in ("pos", "eigenvector"):
        start = places.get(name)
        if start is None:
            parts.append(np.full(3 * size, np.nan))
            continue
        try:
            values = [float(word) for row in rows for word in row[start : start + 3]]
        except ValueError:
            values = _slowly(path, lines, at, rows, start)
        parts.append(np.array(values))
    if not np.isfinite(parts[0]).all():
        row = int(np.argmin(np.isfinite(parts[0]))) // 3
        raise FormatError(path, at + 3 + row, "finite positions", shortened(lines[at + 2 + row]))
    return names, *parts


def _slowly(path: Path, lines: list[str], at: int, rows: list, start: int) -> list[float]:
    values = []
    for i, row in enumerate(rows):
        for word in row[start : start + 3]:
            try:
                values.append(number(word))
            except ValueError:
                text = shortened(lines[at + 2 + i])
                raise FormatError(path, at + 3 + i, "three numbers for an atom", text) from None
    return values


def _keys(line: str) -> dict[str, str]:
    found = {}
    for key, value, _ in _PAIR.findall(line):
        if key:
            quoted = len(value) > 1 and value[0] in "\"'{"
            found[key] = value[1:-1] if quoted else value
    return found


def _columns(path: Path, frames: Frames, rows: list[int], kinds: dict) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {"x": frames.x[rows]}
    for name, kind in kinds.items():
        present = [name in frames.keys[i] for i in rows]
        if name == "order" and not any(present) and rows:
            continue  # found by the symmetry
        values = []
        for i in rows:
            text = frames.keys[i].get(name)
            if text is None and name in ("log_product", "eigenvalue"):
                values.append(np.nan)
                continue
            try:
                values.append(kind(number(text)) if kind is float else kind(text))  # type: ignore
            except (TypeError, ValueError, AttributeError):
                expected = f"{name}={'a number' if kind is float else 'a whole number'}"
                found = "none" if text is None else shortened(text)
                raise FormatError(path, frames.lines[i] + 1, expected, found) from None
        columns[name] = np.array(values, np.float64 if kind is float else np.int64)
    return columns


def _in_cells(landscape: Landscape, x) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions `[F, 3 n]`, and the cell of each `[F, 3, 3]` or None."""
    symmetry, surface = landscape.symmetry, landscape.surface
    if not isinstance(symmetry, Crystal) or not len(x):
        return x, None
    if not symmetry.variable_cell:
        return x, np.broadcast_to(symmetry.cell, (len(x), 3, 3))
    if surface is None or not hasattr(surface.function, "frames_of"):
        raise ValueError("points hold a cell that varies, and nothing says how: give the surface")
    return surface.function.frames_of(x)


def _frame(x: np.ndarray, species, keys: dict, vector: np.ndarray | None, cell=None) -> str:
    if x.size % 3 or not x.size:
        raise ValueError(f"{x.size} coordinates are not three for every atom: XYZ is for atoms")
    size = x.size // 3
    names = ["X"] * size if species is None else [str(name) for name in species]
    if len(names) != size:
        raise ValueError(f"species names {len(names)} atoms, but there are {size}")
    properties = _POSITION + (":eigenvector:R:3" if vector is not None else "")
    known = {k: v for k, v in keys.items() if v != "" and v == v}
    texts = [
        f"{k}={v!r}" if isinstance(v, float) else f"{k}={_quoted(v)}" for k, v in known.items()
    ]
    table = (
        x.reshape(size, 3)
        if vector is None
        else np.hstack([x.reshape(size, 3), vector.reshape(size, 3)])
    )
    rows = [
        f"{name} {' '.join(map(repr, row))}\n"
        for name, row in zip(names, table.tolist(), strict=True)
    ]
    period = 'pbc="F F F"'
    if cell is not None:
        cell = np.asarray(cell, np.float64)
        if cell.shape != (3, 3):
            raise ValueError(f"cell has shape {cell.shape}: pass three vectors as rows")
        period = f'Lattice="{" ".join(map(repr, cell.ravel().tolist()))}" pbc="T T T"'
    return f"{size}\nProperties={properties} {' '.join(texts)} {period}\n" + "".join(rows)


def _quoted(value) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w.+-]+", text) else f'"{text}"'
