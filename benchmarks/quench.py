"""Quench random Lennard-Jones starts to an RMS gradient, or as OptBench asks.

    python benchmarks/quench.py --atoms 38 --quenches 1000 [--starts starts38.npy]
    python benchmarks/quench.py --optbench --quenches 1000

`--starts` takes a file of `peers/_common.py`, so that peers get the very same starts. `--optbench`
stops at a gradient 2-norm of 0.01 and counts evaluations (LJ38; optbench.org, `minimization`), from
clusters grown as OptBench grows them; `--write-starts` writes those for a peer.
Success is judged by the numpy gradient of `peers/_common.py`; that is not timed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from _measure import (
    Array,
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


def grown_starts(n_atoms: int, count: int, seed: int) -> Array:
    """Clusters grown atom by atom, as OptBench's `random_cluster.py` does.

    Each atom falls uniformly into a cube of which the atoms so far would fill a tenth, until its
    nearest neighbour is 0.8 to 1.3 bond lengths away. The bond length is taken as 2^(1/6).
    """
    rng, bond = np.random.default_rng(seed), 2 ** (1 / 6)
    starts = np.zeros((count, n_atoms, 3))
    for atoms in starts:
        for i in range(1, n_atoms):
            side = ((i + 1) * 4 / 3 * np.pi * (bond / 2) ** 3 / 0.1) ** (1 / 3)
            while True:
                tries = rng.uniform(-side / 2, side / 2, (32, 3))
                apart = np.linalg.norm(tries[:, None] - atoms[None, :i], axis=2).min(axis=1) / bond
                good = np.flatnonzero((apart > 0.8) & (apart < 1.3))
                if len(good):
                    atoms[i] = tries[good[0]]
                    break
    return starts.reshape(count, -1)


def quench(args: Any, method: js.LBFGS, tolerance: float) -> dict[str, Any]:
    surface = js.systems.lennard_jones(args.atoms)
    if args.optbench and args.starts is None:
        starts = grown_starts(args.atoms, args.quenches, args.seed)
    else:
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
        starts=args.starts.name
        if args.starts
        else f"{'grown' if args.optbench else args.shape}, seed {args.seed}",
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
    parser.add_argument("--write-starts", help="only write grown clusters to this file")
    parser.add_argument("--history", type=int, nargs="+", help="correction pairs; several: a scan")
    parser.add_argument("--max-step", type=float, nargs="+", help="RMS step; several: a scan")
    args = starts_options(parser).parse_args(argv)
    if args.write_starts:
        np.save(args.write_starts, grown_starts(args.atoms, args.quenches, args.seed))
        return
    tolerance = 0.01 / (3 * args.atoms) ** 0.5 if args.optbench else args.tolerance
    for history in args.history or [default.history]:
        for max_step in args.max_step or [default.max_step]:
            show(quench(args, js.LBFGS(history=history, max_step=max_step), tolerance))


if __name__ == "__main__":
    main()
