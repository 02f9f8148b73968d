"""What became of each lane of a batched search."""

import enum

import numpy as np


class Status(enum.IntEnum):
    """Outcome of one search, stored as an int32; `advice` says what to try.

    >>> Status.STALLED.advice
    'the point no longer moved: use float64, or a looser tolerance'
    """

    RUNNING = 0
    CONVERGED = 1
    MAX_STEPS = 2
    STALLED = 3
    NOT_FINITE = 4
    WRONG_INDEX = 5
    DEGENERATE = 6
    NO_MINIMUM = 7
    LEFT_BOUNDS = 8
    INTERRUPTED = 9

    @property
    def advice(self) -> str:
        """One sentence on what happened and what to try."""
        return _ADVICE[self]


_ADVICE = {
    Status.RUNNING: "the search has not ended",
    Status.CONVERGED: "the point satisfies its certificate",
    Status.MAX_STEPS: "the steps ran out: raise max_steps, or start closer",
    Status.STALLED: "the point no longer moved: use float64, or a looser tolerance",
    Status.NOT_FINITE: "the function returned NaN or infinity: look at it with jaxscape.check",
    Status.WRONG_INDEX: (
        "stationary, but with another number of negative eigenvalues than asked for: "
        "displace it along its eigenvector and search again"
    ),
    Status.DEGENERATE: (
        "stationary, but the Hessian has a zero eigenvalue: "
        "give the surface its symmetry, or add a small l2 term"
    ),
    Status.NO_MINIMUM: "no certified minimum was reached downhill on one side",
    Status.LEFT_BOUNDS: "the search ended on a bound of the box",
    Status.INTERRUPTED: "stopped by the user or a budget before it ended",
}


def count_statuses(status) -> dict[str, int]:
    """Number of searches that ended in each status, by name.

    >>> count_statuses([1, 1, 3])
    {'CONVERGED': 2, 'STALLED': 1}
    """
    values, counts = np.unique(np.asarray(status), return_counts=True)
    return {Status(int(v)).name: int(c) for v, c in zip(values, counts, strict=True)}
