"""Every search ever tried, so that none is repeated and all can be resumed."""

import collections
import time

import numpy as np


class Attempts:
    """The searches tried on a landscape: read-only arrays, oldest first.

    `kind` (list of names), `a` `[N]` and `b` `[N]` (ids of minima, -1 for none), `outcome`
    (list of statuses or short texts), `evaluations` `[N]`, `time` `[N]` (seconds since 1970).

    >>> attempts = Attempts()
    >>> attempts.record("from_minimum", a=[0, 0], outcomes=["new", "known"], evaluations=[90, 70])
    >>> attempts.counts("from_minimum")
    {(0, -1): 2}
    """

    def __init__(self):
        self._rows: list[tuple[str, int, int, int | str, int, float]] = []
        self._counts: dict[str, collections.Counter] = {}
        self._evaluations = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<{len(self)} attempts, {self._evaluations} evaluations>"

    @property
    def kind(self) -> list[str]:
        """What was tried."""
        return [row[0] for row in self._rows]

    @property
    def a(self) -> np.ndarray:
        """`[N]`, the minimum it started from, -1 for none."""
        return np.array([row[1] for row in self._rows], np.int64)

    @property
    def b(self) -> np.ndarray:
        """`[N]`, the minimum it was to end at, -1 for none."""
        return np.array([row[2] for row in self._rows], np.int64)

    @property
    def outcome(self) -> list[int | str]:
        """How it ended: a `Status` as an integer, or a short text."""
        return [row[3] for row in self._rows]

    @property
    def evaluations(self) -> np.ndarray:
        """`[N]`, energy and gradient evaluations spent."""
        return np.array([row[4] for row in self._rows], np.int64)

    @property
    def time(self) -> np.ndarray:
        """`[N]`, when it was recorded, in seconds since 1970."""
        return np.array([row[5] for row in self._rows], np.float64)

    @property
    def total_evaluations(self) -> int:
        """Evaluations of all attempts together."""
        return self._evaluations

    def counts(self, kind: str) -> dict[tuple[int, int], int]:
        """How often each pair `(a, b)` was tried in this way."""
        return dict(self._counts.get(kind, {}))

    def kinds(self) -> dict[str, int]:
        """How many attempts there were of each kind."""
        return {kind: counter.total() for kind, counter in sorted(self._counts.items())}

    def record(self, kind: str, a=None, b=None, outcomes=None, evaluations=None) -> None:
        """Note a batch of searches; a missing column is filled with -1, "" or 0.

        **Raises:** `ValueError` if the columns differ in length.
        """
        if not isinstance(kind, str) or not kind:
            raise ValueError(f"kind is {kind!r}; name what was tried, such as 'from_minimum'")
        given = {"a": a, "b": b, "outcomes": outcomes, "evaluations": evaluations}
        lengths = {name: len(column) for name, column in given.items() if column is not None}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of the attempts differ in length: {lengths}")
        size = max(lengths.values(), default=0)
        now = time.time()
        self.extend(
            zip(
                [kind] * size,
                _integers(a, size, -1),
                _integers(b, size, -1),
                [""] * size if outcomes is None else [_outcome(value) for value in outcomes],
                _integers(evaluations, size, 0),
                [now] * size,
                strict=True,
            )
        )

    def extend(self, rows) -> None:
        """Take over rows as they are, as read from a store."""
        for row in rows:
            self._counts.setdefault(row[0], collections.Counter())[row[1], row[2]] += 1
            self._evaluations += row[4]
            self._rows.append(row)

    def rows(self, first: int = 0) -> list[tuple]:
        """The rows from `first` on, as a store keeps them."""
        return self._rows[first:]


def _integers(column, size: int, default: int) -> list[int]:
    return [default] * size if column is None else [int(value) for value in column]


def _outcome(value) -> int | str:
    return value if isinstance(value, str) else int(value)
