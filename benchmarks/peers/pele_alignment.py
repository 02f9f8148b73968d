"""Align scrambled copies, and different minima, of a Lennard-Jones cluster with pele.

python pele_alignment.py --atoms 38 --pairs 100 [--iterations 10]
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from _common import Clock, load_starts, options, show, starts_options
from alignment_cases import pairs_of, scrambled
from pele.mindist import MinPermDistAtomicCluster
from pele.optimize import lbfgs_cpp
from pele.potentials import LJ


def main() -> None:
    parser = options(__doc__, atoms=38, pairs=100, seed=0, iterations=10)
    args = starts_options(parser).parse_args()
    points, potential = load_starts(args, args.pairs + 1), LJ()
    if not args.starts:
        points = np.array(
            [lbfgs_cpp(x, potential, tol=1e-6, nsteps=100_000).coords for x in points]
        )
    np.random.seed(args.seed)
    align = MinPermDistAtomicCluster(niter=args.iterations, can_invert=True)
    for name, (a, b) in (
        ("copies", (points[:-1], scrambled(points[:-1], args.seed))),
        ("different minima", pairs_of(points)),
    ):
        clock = Clock()
        with clock:
            distances = np.array([align(x.copy(), y.copy())[0] for x, y in zip(a, b, strict=True)])
        show(
            {
                "benchmark": f"alignment, {name}",
                "program": "pele",
                "version": version("pele"),
                "n_atoms": args.atoms,
                "pairs": len(a),
                "iterations": args.iterations,
                "cpu_ms": round(1e3 * clock.cpu / len(a), 3),
                "wall_ms": round(1e3 * clock.wall / len(a), 3),
                "mean_distance": float(np.mean(distances)),
                "largest_distance": float(np.max(distances)),
            }
        )


if __name__ == "__main__":
    main()
