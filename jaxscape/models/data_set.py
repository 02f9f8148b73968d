"""A table of features and a response, made ready for fits."""

import warnings
from collections.abc import Sequence

import numpy as np
import scipy
from jaxtyping import Bool, Float
from scipy.spatial import Delaunay, cKDTree  # type: ignore

from jaxscape.models._data import checked_points, checked_values

_DELAUNAY = 5  # a triangulation grows like samples^(features / 2): beyond, a linear programme


class DataSet:
    """Features `[samples, features]` and a response `[samples]`; NumPy arrays, never changed.

    **Arguments:**

    - `inputs`, `response`: finite numbers.
    - `names`: of the features; by default `x0`, `x1`, ...
    - `drop`: leave out constant and repeated columns instead of refusing them.

    **Raises:** `ValueError` for NaN, shapes that do not belong together, constant or repeated
    columns, and fewer than two samples.

    >>> table = np.array([[0.0, 5.0], [2.0, 7.0], [2.0, 7.0], [4.0, 5.0]])
    >>> data = DataSet(table, [1.0, 2.0, 2.0, 5.0]).without_duplicates().normalised()
    >>> data.inputs.tolist(), data.response.tolist()
    ([[0.0, 0.0], [0.5, 1.0], [1.0, 0.0]], [0.0, 0.25, 1.0])
    """

    def __init__(
        self,
        inputs: Float[np.ndarray, "samples features"],
        response: Float[np.ndarray, " samples"],
        *,
        names: Sequence[str] | None = None,
        drop: bool = False,
    ):
        table = checked_points(inputs, "inputs", least=2)
        values = checked_values(response, len(table), "response")
        labels = [f"x{i}" for i in range(table.shape[1])] if names is None else list(names)
        if len(labels) != table.shape[1] or len(set(labels)) != len(labels):
            raise ValueError(
                f"names are {labels}; pass {table.shape[1]} different ones, one a column"
            )
        useless = _useless_columns(table, labels)
        if useless and not drop:
            raise ValueError(
                "; ".join(useless.values()) + ": leave such columns out, or pass drop=True"
            )
        keep = [i for i in range(table.shape[1]) if i not in useless]
        if not keep:
            raise ValueError("every column is constant: there is nothing to fit")
        self._inputs, self._response = table[:, keep], values
        self._names = tuple(labels[i] for i in keep)

    @property
    def inputs(self) -> Float[np.ndarray, "samples features"]:
        """The features, one column each."""
        return self._inputs

    @property
    def response(self) -> Float[np.ndarray, " samples"]:
        """What is measured at each sample."""
        return self._response

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return self._names

    def __len__(self) -> int:
        return len(self._inputs)

    def __repr__(self) -> str:
        return f"<DataSet of {len(self)} samples: {', '.join(self._names)}>"

    def features(self, chosen: Sequence[int | str]) -> "DataSet":
        """Some of the features, by position or name; see `without_duplicates` afterwards.

        **Raises:** `ValueError` for a feature that does not exist.
        """
        columns = [self._column(one) for one in chosen]
        return DataSet(
            self._inputs[:, columns], self._response, names=[self._names[i] for i in columns]
        )

    def without_duplicates(
        self, tolerance: float = 1e-7, *, average: bool | None = None
    ) -> "DataSet":
        """The first of samples whose features agree within `tolerance` (Euclidean).

        With `average` it gets the mean response of those it stands for, with `average=False` it
        keeps its own. Without a word it keeps its own, and a warning tells of responses that
        contradict each other by more than `tolerance` times their range.
        """
        pairs = cKDTree(self._inputs).query_pairs(tolerance, output_type="ndarray")
        first = np.arange(len(self))
        for i, j in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]:
            first[j] = min(first[j], first[i])
        keep = np.flatnonzero(first == np.arange(len(self)))
        if average is None:
            self._warn_of_contradictions(first, tolerance)
        response = self._response[keep]
        if average:
            total = np.bincount(first, weights=self._response, minlength=len(self))[keep]
            response = total / np.bincount(first, minlength=len(self))[keep]
        return DataSet(self._inputs[keep], response, names=self._names)

    def _warn_of_contradictions(self, first, tolerance) -> None:
        apart = np.abs(self._response - self._response[first])
        rows = np.flatnonzero(apart > tolerance * np.ptp(self._response))
        if len(rows):
            worst = rows[np.argmax(apart[rows])]
            warnings.warn(
                f"{len(rows)} samples repeat the features of others with another response, such "
                f"as row {worst} ({self._response[worst]:g}) those of row {first[worst]} "
                f"({self._response[first[worst]]:g}): pass average=True for their mean, or "
                "average=False to keep the first of them",
                stacklevel=3,
            )

    def normalised(self) -> "DataSet":
        """Every feature, and the response, between 0 and 1.

        **Raises:** `ValueError` for a constant response.
        """
        return self._shifted(np.min, np.ptp)

    def standardised(self) -> "DataSet":
        """Every feature, and the response, of mean 0 and standard deviation 1.

        **Raises:** `ValueError` for a constant response.
        """
        return self._shifted(np.mean, np.std)

    def inside_hull(self, x: Float[np.ndarray, "batch features"]) -> Bool[np.ndarray, " batch"]:
        """True for points of the convex hull of the features, its edge included.

        By triangulation up to five features, by linear programming beyond.
        """
        x = np.asarray(x, np.float64)
        if x.ndim != 2 or x.shape[1] != self._inputs.shape[1]:
            raise ValueError(f"x has shape {x.shape}; pass [batch, {self._inputs.shape[1]}]")
        if self._inputs.shape[1] == 1:
            return ((x >= self._inputs.min()) & (x <= self._inputs.max()))[:, 0]
        if self._inputs.shape[1] <= _DELAUNAY:
            # Points on the edge belong to it, whatever rounding says.
            return Delaunay(self._inputs).find_simplex(x, tol=1e-9) >= 0
        return np.array([self._combines(point) for point in x], bool)

    def _combines(self, point) -> bool:
        rows = np.concatenate([self._inputs.T, np.ones((1, len(self)))])
        found = scipy.optimize.linprog(np.zeros(len(self)), A_eq=rows, b_eq=np.append(point, 1.0))
        return found.status == 0

    def _shifted(self, origin, width) -> "DataSet":
        if np.ptp(self._response) == 0.0:
            raise ValueError(
                f"the response is {self._response[0]} everywhere: there is no landscape to look at"
            )
        inputs = (self._inputs - origin(self._inputs, axis=0)) / width(self._inputs, axis=0)
        response = (self._response - origin(self._response)) / width(self._response)
        return DataSet(inputs, response, names=self._names)

    def _column(self, one) -> int:
        if isinstance(one, str) and one in self._names:
            return self._names.index(one)
        if isinstance(one, int | np.integer) and 0 <= one < len(self._names):
            return int(one)
        raise ValueError(
            f"there is no feature {one!r}: pass positions 0 to {len(self._names) - 1} or names, "
            f"{', '.join(self._names)}"
        )


def _useless_columns(table, labels) -> dict[int, str]:
    """Columns that say nothing, and why."""
    found = {}
    seen: dict[bytes, int] = {}
    for i, column in enumerate(table.T):
        # Adding zero makes one of the two zeros of floating-point numbers.
        twin = seen.setdefault((column + 0.0).tobytes(), i)
        if np.ptp(column) == 0.0:
            found[i] = f"column {i} ({labels[i]}) is constant, {column[0]:g}"
        elif twin != i:
            found[i] = f"column {i} ({labels[i]}) repeats column {twin} ({labels[twin]})"
    return found
