"""OPTIM's `path.info`: minimum, transition state, minimum; and so on.

For every point a line with its energy, a line with point-group order and name, its Hessian
eigenvalues (the largest first, zero modes included) and its coordinates, three numbers a line.
PATHSAMPLE adds the files of finished paths to its database.

Source: D. J. Wales, OPTIM, https://www-wales.ch.cam.ac.uk/OPTIM/.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from jaxscape.io._errors import FormatError, shortened
from jaxscape.io._tables import number, read_bytes
from jaxscape.io._targets import write_file
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface

_NUMBERS = "numbers (eigenvalues, then coordinates, three a line)"


@dataclasses.dataclass(frozen=True)
class PathInfo:
    """The points of a `path.info`, three for each transition state: minimum, it, minimum.

    `energy` `[3 T]`; `order` `[3 T]`; `group` (names of the point groups, such as "C2v");
    `eigenvalues` `[3 T, k]`; `x` `[3 T, dim]`.
    """

    energy: Float[np.ndarray, " points"]
    order: Int[np.ndarray, " points"]
    group: list[str]
    eigenvalues: Float[np.ndarray, "points k"]
    x: Float[np.ndarray, "points dim"]

    def landscape(self, surface: Surface | None = None) -> Landscape:
        """A landscape of all points; minima met twice stay two, nothing is certified.

        Log products are those of the positive eigenvalues, zero modes (below 1e-6 of the
        largest) left out.
        """
        size = np.max(np.abs(self.eigenvalues), axis=1, initial=0.0)
        real = self.eigenvalues > 1e-6 * size[:, None]
        logs = np.sum(np.log(np.where(real, self.eigenvalues, 1.0)), axis=1)
        unknown = self.eigenvalues.shape[1] == 0
        lowest = np.full(len(size), np.nan) if unknown else np.min(self.eigenvalues, axis=1)
        columns = {
            "x": self.x,
            "energy": self.energy,
            "order": self.order,
            "log_product": np.full(len(size), np.nan) if unknown else logs,
        }
        states = {name: column[1::3] for name, column in columns.items()}
        states["lowest_eigenvalue"] = lowest[1::3]
        kept = np.arange(len(size)) % 3 != 1
        rows = 2 * np.arange(len(size) // 3)
        return Landscape.from_points(
            {name: column[kept] for name, column in columns.items()},
            states | {"plus": rows, "minus": rows + 1},
            surface=surface,
        )


def read(path, dim: int | None = None) -> PathInfo:
    """The points of a `path.info`.

    **Arguments:**

    - `path`: the file.
    - `dim`: number of coordinates. By default as many as eigenvalues, half of a point's numbers.

    **Raises:** `FormatError` (a `ValueError`) with the line of what is broken, truncated or
    ragged.

    >>> import tempfile
    >>> point = dict(order=np.ones(3, int), group=["C1"] * 3, x=np.eye(3))
    >>> info = PathInfo(np.array([0.0, 1.0, 0.5]), eigenvalues=np.ones((3, 3)), **point)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(info, folder + "/path.info")
    ...     read(folder + "/path.info").energy.tolist()
    [0.0, 1.0, 0.5]
    """
    path = Path(path)
    lines = read_bytes(path).decode("latin1").splitlines()
    while not lines[-1].strip():
        lines.pop()
    starts = _starts(path, lines)
    ends = [*starts[1:], len(lines)]
    energy, order, group, rows = [], [], [], []
    for start, end in zip(starts, ends, strict=True):
        energy.append(_numbers(path, lines, start, start + 1)[0])
        words = lines[start + 1].split(maxsplit=1)
        order.append(int(words[0]))
        group.append("".join(words[1].split()))
        rows.append(_numbers(path, lines, start + 2, end))
        if len(rows[-1]) != len(rows[0]):
            expected = f"{len(rows[0])} {_NUMBERS} as of the points before"
            raise FormatError(path, end, expected, f"{len(rows[-1])} when the point ends here")
    if len(rows) % 3:
        expected = "minimum, transition state, minimum: a multiple of three points"
        raise FormatError(path, len(lines), expected, f"{len(rows)} points")
    width = len(rows[0]) / 2 if dim is None else dim
    if width != int(width) or not 0 < width <= len(rows[0]):
        raise FormatError(
            path, ends[0], f"{'equally many' if dim is None else dim} coordinates after the "
            "eigenvalues of a point (pass dim=)", f"{len(rows[0])} numbers in all",
        )  # fmt: skip
    table = np.array(rows)
    split = len(rows[0]) - int(width)
    return PathInfo(
        np.array(energy), np.array(order, np.int64), group, table[:, :split], table[:, split:]
    )


def write(info: PathInfo, path, *, overwrite: bool = False) -> None:
    """Write a `path.info`, numbers to their last digit.

    **Raises:** `ValueError` if the file is there already, or the points are not in threes.
    """
    if len(info.energy) % 3:
        raise ValueError(f"{len(info.energy)} points: minimum, transition state, minimum are three")
    lines = []
    for i, energy in enumerate(info.energy.tolist()):
        lines += [repr(energy), f"{int(info.order[i])} {info.group[i]}"]
        for numbers in (info.eigenvalues[i].tolist(), info.x[i].tolist()):
            triples = (numbers[k : k + 3] for k in range(0, len(numbers), 3))
            lines += [" ".join(map(repr, triple)) for triple in triples]
    write_file(path, "\n".join(lines) + "\n", overwrite)


def of_landscape(landscape: Landscape, states=None) -> PathInfo:
    """Transition states with their minima, eigenvalues computed by the landscape's surface.

    **Arguments:**

    - `landscape`: with its surface.
    - `states`: ids of transition states, in order; all by default.

    Names of point groups are not known here: "C1" stands for all of them, the order is right.

    **Raises:** `ValueError` if the landscape has no surface or an id does not exist.
    """
    surface = landscape.surface
    if surface is None:
        raise ValueError("a path.info needs Hessian eigenvalues: load the landscape with surface=")
    view, minima = landscape.transition_states, landscape.minima
    ids = np.arange(len(view)) if states is None else np.atleast_1d(np.asarray(states))
    if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(view)):
        raise ValueError(f"{ids.tolist()} are not ids of the {len(view)} transition states")
    parts = [(minima, view.plus[ids]), (view, ids), (minima, view.minus[ids])]

    def threes(name: str) -> np.ndarray:
        columns = [getattr(part, name)[rows] for part, rows in parts]
        return np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:])

    x = threes("x")
    eigenvalues = jax.jit(lambda point: jnp.linalg.eigvalsh(surface.hessian(point))[::-1])
    values = [np.asarray(eigenvalues(jnp.asarray(point, float)), np.float64) for point in x]
    return PathInfo(
        threes("energy"), threes("order"), ["C1"] * len(x), np.array(values).reshape(x.shape), x
    )


def _starts(path: Path, lines: list[str]) -> list[int]:
    """Lines with an energy, before a line with an order and the name of a point group."""
    starts = []
    for i, line in enumerate(lines):
        words = line.split()
        if len(words) > 1 and words[0].isdecimal() and words[1][0].isalpha():
            if i == 0 or len(lines[i - 1].split()) != 1:
                raise FormatError(path, i, "an energy by itself", shortened(lines[i - 1].strip()))
            starts.append(i - 1)
    if not starts or starts[0]:
        found = shortened(lines[0].strip()) if not starts else f"points from line {starts[0] + 1}"
        expected = "an energy, and below it point-group order and name, such as '1 C1'"
        raise FormatError(path, 1, expected, found)
    return starts


def _numbers(path: Path, lines: list[str], first: int, last: int) -> list[float]:
    try:
        return [float(word) for line in lines[first:last] for word in line.split()]
    except ValueError:
        pass
    found = []
    for i in range(first, last):
        for word in lines[i].split():
            try:
                found.append(number(word))
            except ValueError:
                raise FormatError(path, i + 1, _NUMBERS, shortened(lines[i].strip())) from None
    return found
