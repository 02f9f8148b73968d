"""Columns that grow: how the network keeps its points in plain arrays."""

import numpy as np
from numpy.typing import DTypeLike

_COMMON = {
    "energy": np.float64,
    "rms_gradient": np.float64,
    "index": np.int64,
    "lowest_eigenvalue": np.float64,
    "log_product": np.float64,
    "order": np.int64,
    "active": np.int64,
    "hits": np.int64,
    "certified": np.bool_,
}


class GrowingArray:
    """An array to whose leading axis rows are appended at amortised constant cost.

    >>> rows = GrowingArray((2,))
    >>> rows.append(np.ones((3, 2)))
    >>> rows.array.shape
    (3, 2)
    """

    def __init__(self, shape: tuple[int, ...] = (), dtype: DTypeLike = np.float64):
        self._buffer = np.empty((16, *shape), dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def array(self) -> np.ndarray:
        """The rows so far `[size, ...]`; read-only."""
        view = self._buffer[: self._size]
        view.flags.writeable = False
        return view

    def append(self, rows) -> None:
        """Add rows `[n, ...]`."""
        rows = np.asarray(rows, self._buffer.dtype)
        needed = self._size + len(rows)
        if needed > len(self._buffer):
            grown = np.empty((max(needed, 2 * len(self._buffer)), *rows.shape[1:]), rows.dtype)
            grown[: self._size] = self._buffer[: self._size]
            self._buffer = grown
        self._buffer[self._size : needed] = rows
        self._size = needed

    def put(self, position: int, row) -> None:
        """Overwrite one row."""
        if not 0 <= position < self._size:
            raise ValueError(f"row {position} does not exist: there are {self._size}")
        self._buffer[position] = row

    def truncate(self, size: int) -> None:
        """Forget the rows from `size` on."""
        self._size = min(self._size, size)


class MinimaView:
    """The minima of a landscape: read-only arrays in order of discovery.

    Row `i` belongs to the minimum with id `i`; ids are never reused or renumbered.
    `x` `[M, dim]`; `energy` `[M]`; `rms_gradient` `[M]`; `index` `[M]` (negative eigenvalues);
    `lowest_eigenvalue` `[M]`; `log_product` `[M]` (sum of the logarithms of the positive
    eigenvalues); `order` `[M]` (point-group order); `active` `[M]` (coordinates held by a
    bound); `hits` `[M]` (times met); `certified` `[M]` (False for points taken on trust from
    elsewhere).
    """

    _vectors: tuple[str, ...] = ("x",)
    _scalars: dict[str, type] = _COMMON

    def __init__(self, dim: int | None = None):
        self._dim = dim
        self._columns = {name: GrowingArray((), dtype) for name, dtype in self._scalars.items()}
        self._columns |= {name: GrowingArray((dim or 0,)) for name in self._vectors}
        self.changed: set[int] = set()

    def __len__(self) -> int:
        return min(len(column) for column in self._columns.values())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} points>"

    @property
    def ids(self) -> np.ndarray:
        """`[M]`, the ids: 0, 1, 2, ... in order of discovery."""
        return np.arange(len(self))

    @property
    def x(self) -> np.ndarray:
        """`[M, dim]`, the coordinates."""
        return self._columns["x"].array

    @property
    def energy(self) -> np.ndarray:
        """`[M]`, in the surface's unit."""
        return self._columns["energy"].array

    @property
    def rms_gradient(self) -> np.ndarray:
        """`[M]`, root mean square of the gradient over the free coordinates."""
        return self._columns["rms_gradient"].array

    @property
    def index(self) -> np.ndarray:
        """`[M]`, number of negative eigenvalues of the projected Hessian."""
        return self._columns["index"].array

    @property
    def lowest_eigenvalue(self) -> np.ndarray:
        """`[M]`, of the projected Hessian."""
        return self._columns["lowest_eigenvalue"].array

    @property
    def log_product(self) -> np.ndarray:
        """`[M]`, sum of the logarithms of the positive eigenvalues."""
        return self._columns["log_product"].array

    @property
    def order(self) -> np.ndarray:
        """`[M]`, point-group order."""
        return self._columns["order"].array

    @property
    def active(self) -> np.ndarray:
        """`[M]`, number of coordinates held by a bound."""
        return self._columns["active"].array

    @property
    def hits(self) -> np.ndarray:
        """`[M]`, how many times the point was met."""
        return self._columns["hits"].array

    @property
    def certified(self) -> np.ndarray:
        """`[M]`, False for points taken on trust."""
        return self._columns["certified"].array

    def lowest(self) -> int:
        """Position (which is the id) of the point of lowest energy.

        **Raises:** `ValueError` if there is none.
        """
        if not len(self):
            raise ValueError("there are no points yet: explore the surface, or add some")
        return int(np.argmin(self.energy))

    def columns(self) -> dict[str, np.ndarray]:
        """Every column by name: scalars first, then vectors."""
        return {name: column.array for name, column in self._columns.items()}

    # The landscape writes through these; nobody else should.

    def _set_dim(self, dim: int) -> None:
        if self._dim is None:
            self._dim = dim
            self._columns |= {name: GrowingArray((dim,)) for name in self._vectors}

    def _append(self, rows: dict[str, np.ndarray]) -> None:
        size = len(self)
        for name, column in self._columns.items():
            # An interrupt between two columns leaves them uneven: start from the shortest.
            column.truncate(size)
            column.append(rows[name])

    def _replace(self, position: int, row: dict) -> None:
        for name, value in row.items():
            self._columns[name].put(position, value)
        self.changed.add(position)

    def _count_hit(self, position: int) -> None:
        self._columns["hits"].put(position, self.hits[position] + 1)
        self.changed.add(position)


class TransitionStatesView(MinimaView):
    """The transition states of a landscape: read-only arrays in order of discovery.

    The fields of `MinimaView`, and `eigenvector` `[T, dim]` (unit vector of the negative
    mode), `plus` `[T]` and `minus` `[T]` (ids of the minima on either side).
    """

    _vectors = ("x", "eigenvector")
    _scalars = _COMMON | {"plus": np.int64, "minus": np.int64}

    @property
    def eigenvector(self) -> np.ndarray:
        """`[T, dim]`, unit vector of the negative mode."""
        return self._columns["eigenvector"].array

    @property
    def plus(self) -> np.ndarray:
        """`[T]`, id of the minimum downhill from `x + eigenvector`."""
        return self._columns["plus"].array

    @property
    def minus(self) -> np.ndarray:
        """`[T]`, id of the minimum downhill from `x - eigenvector`."""
        return self._columns["minus"].array
