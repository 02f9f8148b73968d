"""Quench random Lennard-Jones starts to an RMS gradient, or as OptBench asks.

    python benchmarks/quench.py --atoms 38 --quenches 1000 [--starts starts38.npy]
    python benchmarks/quench.py --optbench --quenches 1000

`--starts` takes a file of `peers/_common.py`, so that peers get the very same starts. `--optbench`
stops at a gradient 2-norm of 0.01 and counts evaluations (LJ38; optbench.org, `minimization`).
Success is judged by the numpy gradient of `peers/_common.py`; that is not timed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from _measure import (
    both,
    energy_gradient,
    flag,
    js,
    load_starts,
    options,
    rms_gradient,
    row,
    show,
    starts_options,
)


def quench(args: Any, method: js.LBFGS, tolerance: float) -> dict[str, Any]:
    surface = js.systems.lennard_jones(args.atoms)
    starts = load_starts(args, args.quenches)

    def run(max_steps: int) -> Any:
        return js.minimise(
            surface,
            starts,
            method=method,
            tolerance=tolerance,
            certify=False,
            max_steps=max_steps,
            lanes=args.lanes or None,
        )

    points, record, compiling = both(lambda: run(2), lambda: run(10_000), args.repeat)
    x, evaluations = np.asarray(points.x), np.asarray(points.evaluations)
    good = np.array([rms_gradient(p) for p in x]) <= tolerance * (1 + 1e-6)
    energies = np.array([energy_gradient(p)[0] for p in x[good]])
    return row(
        "quench, OptBench protocol" if args.optbench else "quench",
        record,
        n_atoms=args.atoms,
        starts=args.starts.name if args.starts else f"{args.shape}, seed {args.seed}",
        rms_tolerance=tolerance,
        history=method.history,
        max_step=method.max_step,
        quenches=len(x),
        failures=int(np.sum(~good)),
        mean_energy=round(float(np.mean(energies)), 4) if good.any() else None,
        evaluations=int(evaluations.sum()),
        mean_evaluations=round(float(np.mean(evaluations)), 1),
        min_evaluations=int(np.min(evaluations)),
        max_evaluations=int(np.max(evaluations)),
        us_per_evaluation=round(1e6 * record.whole.cpu / float(np.sum(evaluations)), 2),
        quenches_per_cpu_s=round(float(np.sum(good)) / record.whole.cpu, 2),
        **compiling,
    )


def main(argv: list[str] | None = None) -> None:
    default = js.LBFGS()
    parser = options(__doc__, atoms=38, quenches=1000, seed=0, tolerance=1e-5, lanes=0, repeat=1)
    flag(parser, "optbench", "stop at a gradient 2-norm of 0.01")
    parser.add_argument("--history", type=int, nargs="+", help="correction pairs; several: a scan")
    parser.add_argument("--max-step", type=float, nargs="+", help="RMS step; several: a scan")
    args = starts_options(parser).parse_args(argv)
    tolerance = 0.01 / (3 * args.atoms) ** 0.5 if args.optbench else args.tolerance
    for history in args.history or [default.history]:
        for max_step in args.max_step or [default.max_step]:
            show(quench(args, js.LBFGS(history=history, max_step=max_step), tolerance))


if __name__ == "__main__":
    main()
