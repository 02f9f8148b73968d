"""A network as GraphML: minima as nodes, transition states as edges, columns as their data.

networkx, Gephi, Cytoscape, igraph and yEd open such files. Numbers have all their digits;
coordinates and eigenvectors are texts, their numbers apart by blanks; what is unknown (NaN) is
left out. Of other programs' files, nodes and edges need an `energy`.

Source: U. Brandes et al., GraphML, http://graphml.graphdrawing.org/.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from jaxscape.io._contents import Contents, Network, contents_of
from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._tables import read_bytes
from jaxscape.io._targets import check_target, write_file
from jaxscape.io.network_json import COLUMNS, INTEGERS, VECTORS, check_ends, finished
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface, Units

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_GRAPH_DATA = ("name", "energy_unit", "length_unit", "symmetry", "attempts")


def read(path, surface: Surface | None = None, *, verify: bool = False) -> Network:
    """The network in a GraphML file; a `KineticNetwork` where there are no coordinates.

    **Arguments:**

    - `path`: the file. Data of other names than the columns of a landscape are left aside.
    - `surface`: the surface of the points. Without it none can be added.
    - `verify`: compute all numbers once more, and warn where they differ.

    **Returns:** nodes and edges in the order of the file; for a file of `write` the network as
    it was, certificates included (anybody can edit such a file; `verify` tells).

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.

    >>> import tempfile
    >>> landscape = Landscape.from_points({"x": np.eye(2), "energy": [0.1, 1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(landscape, folder + "/small.graphml")
    ...     read(folder + "/small.graphml").minima.energy.tolist()
    [0.1, 1.0]
    """
    path = Path(path).expanduser()
    found = _Reader(path)
    found.parse(read_bytes(path))
    minima, states = found.columns("node"), found.columns("edge")
    place = {name: row for row, name in enumerate(found.nodes)}
    for side, names in (("plus", found.sources), ("minus", found.targets)):
        for name, line in zip(names, found.edge_lines, strict=True):
            if name not in place:
                raise FormatError(path, line, "an edge between nodes", f"the node {name!r}")
        states[side] = np.array([place[name] for name in names], np.int64)
    data = found.data
    units = Units(data.get("energy_unit", ""), data.get("length_unit", ""))
    contents = Contents(minima, states, data.get("name", ""), units, data.get("symmetry") or None)
    check_ends(path, contents)
    try:
        attempts = json.loads(data.get("attempts", "[]"))
    except json.JSONDecodeError as error:
        raise FormatError(path, None, "attempts as JSON", error.msg) from error
    return finished(path, contents, surface, verify, attempts)


def write(network: Network, path, *, overwrite: bool = False) -> None:
    """Write a network as GraphML.

    **Raises:** `ValueError` if the file is there already.
    """
    check_target(path, overwrite)
    contents = contents_of(network)
    values = [contents.name, contents.units.energy, contents.units.length, contents.symmetry, ""]
    if isinstance(network, Landscape) and len(network.attempts):
        values[-1] = json.dumps(network.attempts.rows())
    data = {name: value for name, value in zip(_GRAPH_DATA, values, strict=True) if value}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<graphml xmlns="{_NAMESPACE}">']
    lines += [_key("graph", name, "string") for name in data]
    parts = {"node": contents.minima, "edge": contents.states}
    for kind, columns in parts.items():
        kept = [name for name in columns if name not in ("plus", "minus")]
        lines += [_key(kind, name, _type(columns[name])) for name in kept]
    lines.append('<graph id="landscape" edgedefault="undirected">')
    lines += [f'<data key="graph_{k}">{escape(str(v))}</data>' for k, v in data.items()]
    lines += [
        f'<node id="{row}">{text}</node>' for row, text in enumerate(_data("node", contents.minima))
    ]
    states = contents.states
    ends = zip(states["plus"].tolist(), states["minus"].tolist(), strict=True)
    lines += [
        f'<edge id="{row}" source="{plus}" target="{minus}">{text}</edge>'
        for row, ((plus, minus), text) in enumerate(zip(ends, _data("edge", states), strict=True))
    ]
    write_file(path, "\n".join([*lines, "</graph>", "</graphml>"]) + "\n")


class _Reader:
    """Nodes, edges and their data, each with the line it stands in."""

    def __init__(self, path: Path):
        self.path = path
        self.nodes: dict[str, int] = {}
        self.sources: list[str] = []
        self.targets: list[str] = []
        self.edge_lines: list[int] = []
        self.data: dict[str, str] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        self._values: dict[tuple[str, str], tuple[list, list, list]] = {}
        self._inside = "graph"
        self._key: str | None = None
        self._text: list[str] = []
        self._root = ""

    def parse(self, raw: bytes) -> None:
        """Read the whole file."""
        parser = self._parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        try:
            parser.Parse(raw, True)
        except expat.ExpatError as error:
            text = expat.errors.messages[error.code]
            raise FormatError(self.path, error.lineno, "GraphML, to its end", text) from error

    def columns(self, kind: str) -> dict[str, np.ndarray]:
        """Columns of nodes or edges; NaN where there were no data."""
        size = len(self.nodes) if kind == "node" else len(self.sources)
        found = {} if size else {"energy": np.zeros(0)}
        for (of, name), (rows, texts, lines) in self._values.items():
            if of == kind and name in COLUMNS:
                found[name] = self._column(name, size, rows, texts, lines)
        return found

    def _column(self, name: str, size: int, rows: list, texts: list, lines: list) -> np.ndarray:
        whole = name in INTEGERS or name == "certified"
        if (whole or name == "energy") and len(rows) < size:
            missing = sorted(set(range(size)) - set(rows))[0]
            raise FormatError(self.path, None, f"{name} of every point", f"none for row {missing}")
        convert = _truth if name == "certified" else int if name in INTEGERS else float
        values = []
        for text, line in zip(texts, lines, strict=True):
            try:
                values.append(
                    [float(word) for word in text.split()] if name in VECTORS else convert(text)
                )
            except ValueError:
                what = "numbers" if name in VECTORS else "a whole number" if whole else "a number"
                raise FormatError(self.path, line, f"{name}, {what}", shortened(text)) from None
            if name in VECTORS and len(values[-1]) != len(values[0]):
                expected = f"{name}, {len(values[0])} numbers as before"
                raise FormatError(self.path, line, expected, str(len(values[-1])))
        array = np.array(values)
        if len(rows) == size and rows == list(range(size)):
            return array
        full = np.full((size, *array.shape[1:]), np.nan)
        full[rows] = array
        return full

    def _start(self, tag: str, attributes: dict) -> None:
        tag = tag.rsplit(":", 1)[-1]
        line = self._parser.CurrentLineNumber
        if not self._root:
            self._root = tag
            if tag != "graphml":
                raise FormatError(self.path, line, "the element graphml", shortened(tag))
        try:
            if tag == "data":
                self._key = attributes["key"]
                self._text.clear()
            elif tag == "node":
                self._inside = "node"
                self.nodes[attributes["id"]] = line
            elif tag == "edge":
                self._inside = "edge"
                self.sources.append(attributes["source"])
                self.targets.append(attributes["target"])
                self.edge_lines.append(line)
            elif tag == "key":
                name = attributes.get("attr.name", attributes["id"])
                self._keys[attributes["id"]] = attributes.get("for", "all"), name
        except KeyError as error:
            raise FormatError(self.path, line, f"the attribute {error}", f"<{tag}>") from None

    def _end(self, tag: str) -> None:
        tag = tag.rsplit(":", 1)[-1]
        if tag in ("node", "edge"):
            self._inside = "graph"
        if tag != "data" or self._key is None:
            return
        _, name = self._keys.get(self._key, ("all", self._key))
        text = "".join(self._text)
        if self._inside == "graph":
            self.data[name] = text
        else:
            row = len(self.nodes if self._inside == "node" else self.sources) - 1
            rows, texts, lines = self._values.setdefault((self._inside, name), ([], [], []))
            rows.append(row)
            texts.append(text)
            lines.append(self._parser.CurrentLineNumber)
        self._key = None


def _key(kind: str, name: str, type_name: str) -> str:
    name = quoteattr(name)
    return f'<key id="{kind}_{name[1:-1]}" for="{kind}" attr.name={name} attr.type="{type_name}"/>'


def _type(column: np.ndarray) -> str:
    if column.ndim > 1:
        return "string"
    return {"f": "double", "b": "boolean"}.get(column.dtype.kind, "long")


def _data(kind: str, columns: dict[str, np.ndarray]):
    """The data of every point, as text."""
    texts = []
    for name, column in columns.items():
        if name not in ("plus", "minus"):
            before = f'<data key="{kind}_{name}">'
            texts.append([f"{before}{t}</data>" if t else "" for t in _texts(column)])
    return ["".join(row) for row in zip(*texts, strict=True)]


def _texts(column: np.ndarray) -> list[str]:
    if column.ndim > 1:
        # A vector is known as a whole or not at all.
        return ["" if np.isnan(row).any() else " ".join(map(repr, row.tolist())) for row in column]
    if column.dtype.kind == "b":
        return ["true" if value else "false" for value in column.tolist()]
    return [repr(value) if value == value else "" for value in column.tolist()]


def _truth(text: str) -> bool:
    if text.strip().lower() not in ("true", "false", "1", "0"):
        raise ValueError
    return text.strip().lower() in ("true", "1")
