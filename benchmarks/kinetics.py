"""Mean first passage times of large networks: time, memory and digits.

    python benchmarks/kinetics.py --states 1000 10000 50000
    python benchmarks/kinetics.py --states 1000 --peers

Made-up networks, each minimum joined to an older one and as many transition states again, three
for each minimum in all: `--kind random` (no structure at all, the worst case for any elimination),
`funnel` (older and lower minima are hubs, as in real landscapes) or `space` (neighbours in three
dimensions). Between one pair of minima, at every temperature: graph transformation, the sparse LU
solve with its error bound, and with `--peers` what others do, where they are installed: PyGT's
block graph transformation, and the sparse solve of pele's linear algebra without a guard. Digits
are those of the mean time, against graph transformation.
"""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
from _measure import js, options, show
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import spsolve


def network(size: int, kind: str, seed: int) -> Any:
    """A connected network of `size` minima and three times as many transition states."""
    rng = np.random.default_rng(seed)
    energy = np.sort(rng.gamma(4.0, size=size))
    newer = np.arange(1, size)
    if kind == "space":
        from scipy.spatial import cKDTree

        points = rng.random((size, 3))
        _, near = cKDTree(points).query(points, 4)
        plus, minus = np.repeat(np.arange(size), 3), near[:, 1:].ravel()
    else:
        power = 3 if kind == "funnel" else 1
        more = 2 * size
        older = (rng.random(size - 1) ** power * newer).astype(int)
        ends = (rng.random(more) ** power * size).astype(int)
        plus = np.concatenate([newer, rng.integers(size, size=more)])
        minus = np.concatenate([older, ends])
    barrier = np.maximum(energy[plus], energy[minus]) + rng.exponential(size=len(plus))
    return js.KineticNetwork(energy, plus, minus, barrier)


def component(network: Any) -> tuple[int, int]:
    """The lowest minimum, and the highest one connected with it."""
    times = js.mean_first_passage_times(network, 0, 1.0, frequencies=False).time
    return int(np.flatnonzero(np.isfinite(times))[-1]), 0


def measured(work: Any) -> tuple[float | None, float, str]:
    """Logarithm of the mean time, seconds, and what went wrong."""
    start = time.perf_counter()
    try:
        value, problem = work(), ""
    except Exception as error:  # a peer may fail in any way
        value, problem = None, f"{type(error).__name__}: {error}"[:120]
    return value, time.perf_counter() - start, problem


def sparse_solve(matrix: Any, a: int, b: int) -> float:
    """As pele does it: generator without the target, `spsolve`, no check."""
    generator = matrix.generator()
    inner = np.setdiff1d(np.arange(len(matrix)), [b])
    inner = inner[np.isfinite(matrix.log_escape[inner])]
    times = spsolve(csc_array(-generator[inner][:, inner]), np.ones(len(inner)))
    return float(np.log(times[np.searchsorted(inner, a)]))


def pygt(matrix: Any, a: int, b: int) -> float:
    """PyGT removes all states but two, twenty at a time."""
    import PyGT

    rates = matrix.matrix().tocsc()
    escape = np.asarray(rates.sum(axis=1)).ravel()
    # PyGT's matrices lead from column to row.
    branching = csc_array((diags_array(1 / escape) @ rates).T)
    gone = np.ones(len(escape), bool)
    gone[[a, b]] = False
    from scipy.sparse import csr_matrix

    left, waiting = PyGT.GT.blockGT(
        gone, csr_matrix(branching), 1.0 / escape, block=20, screen=False
    )[:2]
    left = left.todense() if hasattr(left, "todense") else left
    first = 0 if a < b else 1
    return float(np.log(waiting[first] / np.asarray(left)[1 - first, first]))


def rows(args: Any, size: int, kt: float, made: Any, ends: tuple[int, int]) -> None:
    a, b = ends
    matrix = js.rate_matrix(made, kt, frequencies=False)
    best = js.GraphTransformation()
    strict = js.LinearSolve(tolerance=np.inf, fallback=False)
    works: dict[str, Any] = {
        "jaxscape graph transformation": lambda: js.rates(matrix, a, b, method=best),
        "jaxscape linear solve": lambda: js.rates(matrix, a, b, method=strict),
    }
    works = {name: (lambda work=work: work().forward.log_mean_time) for name, work in works.items()}
    if size > args.most_solved:
        del works["jaxscape linear solve"]
    if args.peers:
        works |= {
            "pele-style sparse solve": lambda: sparse_solve(matrix, a, b),
            "PyGT": lambda: pygt(matrix, a, b),
        }
    exact = None
    for name, work in works.items():
        value, seconds, problem = measured(work)
        exact = value if exact is None else exact
        row: dict[str, Any] = {
            "benchmark": "kinetics", "program": name, "states": size, "kind": args.kind,
            "transition_states": len(made.plus), "temperature": kt, "seconds": round(seconds, 3),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }  # fmt: skip
        if value is not None:
            row |= {"log_mean_time": value, "error": abs(float(np.expm1(value - (exact or value))))}
        if problem:
            row["problem"] = problem
        show(row)


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, seed=0)
    parser.add_argument("--states", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.5, 0.05, 0.005])
    parser.add_argument("--kind", choices=("random", "funnel", "space"), default="funnel")
    parser.add_argument("--most-solved", type=int, default=20_000, help="largest linear solve")
    parser.add_argument("--peers", action="store_true", help="PyGT, and pele's linear algebra")
    args = parser.parse_args(argv)
    for size in args.states:
        made = network(size, args.kind, args.seed)
        ends = component(made)
        for kt in args.temperatures:
            rows(args, size, kt, made, ends)


if __name__ == "__main__":
    main()
