"""Quench rates against the lanes of a tile and against the number of atoms.

python benchmarks/throughput.py --lanes 1 4 16 64 256 --atoms 7 13 38 75
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from _measure import both, js, options, random_starts, row, show


def rate(n_atoms: int, quenches: int, width: int | None, tolerance: float) -> dict[str, Any]:
    surface = js.systems.lennard_jones(n_atoms)
    starts = random_starts(n_atoms, quenches)
    module = importlib.import_module("jaxscape.search.minimise")

    def run(max_steps: int) -> Any:
        # The stage below `minimise`, where the width of a tile may be given.
        return module.quench(
            surface, starts, js.LBFGS(), tolerance, max_steps, None, False, js.Budget(), width
        )

    points, record, compiling = both(lambda: run(2), lambda: run(10_000))
    evaluations = int(np.sum(points.evaluations))
    return row(
        "throughput",
        record,
        n_atoms=n_atoms,
        lanes=width,
        quenches=quenches,
        evaluations=evaluations,
        us_per_evaluation=round(1e6 * record.whole.cpu / evaluations, 2),
        quenches_per_cpu_s=round(float(np.sum(points.ok)) / record.whole.cpu, 2),
        quenches_per_s=round(float(np.sum(points.ok)) / record.whole.wall, 2),
        **compiling,
    )


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, lanes_atoms=38, per_lane=8, tolerance=1e-5)
    parser.add_argument("--lanes", type=int, nargs="*", default=[1, 4, 16, 64, 256])
    parser.add_argument("--atoms", type=int, nargs="*", default=[7, 13, 25, 38, 55, 75])
    args = parser.parse_args(argv)
    for width in args.lanes:
        # Enough starts for two tiles, each to be refilled.
        quenches = min(args.per_lane * width, 1024) if width > 1 else 4 * args.per_lane
        show(rate(args.lanes_atoms, quenches, width, args.tolerance) | {"axis": "lanes"})
    for n_atoms in args.atoms:
        quenches = max(8, min(1024, args.per_lane * 4000 // n_atoms))
        show(rate(n_atoms, quenches, None, args.tolerance) | {"axis": "atoms"})


if __name__ == "__main__":
    main()
