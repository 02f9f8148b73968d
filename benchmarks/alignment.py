"""Align scrambled copies, and different minima, of a Lennard-Jones cluster.

    python benchmarks/alignment.py --atoms 38 --pairs 100

Two rows: every minimum with a copy of itself, rotated, permuted and perhaps mirrored, where the
distance must vanish; and pairs of different minima, where a smaller mean distance is better.
Minima are quenched from random starts, or are those of `--starts`.
"""

from __future__ import annotations

import jax
import numpy as np
from _measure import Clock, js, load_starts, options, show, starts_options
from alignment_cases import pairs_of, scrambled


def main(words: list[str] | None = None) -> None:
    parser = options(__doc__, atoms=38, pairs=100, seed=0)
    args = starts_options(parser).parse_args(words)
    points = load_starts(args, args.pairs + 1)
    if not args.starts:
        points = np.asarray(js.minimise(js.systems.lennard_jones(args.atoms), points).x)
    cluster = js.symmetry.Cluster()
    for name, (a, b) in (
        ("copies", (points[:-1], scrambled(points[:-1], args.seed))),
        ("different minima", pairs_of(points)),
    ):
        clock = Clock()
        with clock:
            images, distances = cluster.align_many(a, b)
        assert np.allclose(np.linalg.norm(images - a, axis=1), distances)
        show(
            {
                "benchmark": f"alignment, {name}",
                "program": "jaxscape",
                "jax": jax.__version__,
                "n_atoms": args.atoms,
                "pairs": len(a),
                "cpu_ms": round(1e3 * clock.cpu / len(a), 3),
                "wall_ms": round(1e3 * clock.wall / len(a), 3),
                "mean_distance": float(np.mean(distances)),
                "largest_distance": float(np.max(distances)),
            }
        )


if __name__ == "__main__":
    main()
