"""How full lanes are kept: every search over a queue of ten times its lanes.

    python benchmarks/lanes.py --atoms 13 38

A row for each search: the share of lane-steps of lanes still searching, of wall time in compiled
code, and of CPU time outside it. Bands go between neighbouring minima in the order of energies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from _measure import both, js, options, random_starts, row, show


def searches(n_atoms: int, jobs: int, lanes: int) -> dict[str, Callable[[], Any]]:
    """Every search by the name of its stage."""
    surface = js.systems.lennard_jones(n_atoms)
    key = jax.random.key(0)
    starts = random_starts(n_atoms, jobs)
    minima = np.asarray(js.minimise(surface, starts).x)
    displaced = minima + 0.1 * np.random.default_rng(0).normal(size=minima.shape)
    return {
        "LBFGSSearch": lambda: js.minimise(surface, starts, lanes=lanes),
        "HEFSearch": lambda: js.find_transition_states(surface, displaced, key=key, lanes=lanes),
        "BandSearch": lambda: js.neb(
            surface, minima[:-1], minima[1:], method=js.NEB(images=7), tolerance=0.05,
            max_steps=300, lanes=lanes,
        ),
        "HoppingSearch": lambda: js.basin_hopping(
            surface, starts, key=key, steps=10, method=js.BasinHopping(temperature=0.8),
            lanes=lanes,
        ),
    }  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, lanes=128, queue=10)
    parser.add_argument("--atoms", type=int, nargs="+", default=[13, 38])
    args = parser.parse_args(argv)
    for n_atoms in args.atoms:
        jobs = args.queue * args.lanes
        for name, search in searches(n_atoms, jobs, args.lanes).items():
            _, record, compiling = both(search, search)
            stage = record.table()[name]
            show(
                row(
                    "lanes",
                    record,
                    search=name,
                    n_atoms=n_atoms,
                    lanes=args.lanes,
                    jobs=jobs,
                    useful_share=stage["useful_lane_share"],
                    device_share=stage["device_share"],
                    **compiling,
                )
            )


if __name__ == "__main__":
    main()
