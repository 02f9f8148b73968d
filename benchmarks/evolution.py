"""Cut-and-splice between Lennard-Jones minima to the global minimum, population by population.

    python benchmarks/evolution.py --atoms 38 --runs 32 --generations 150
    python benchmarks/evolution.py --atoms 38 --compression 20 --restart-after 5

Figures to the target are totals over all runs, failed ones included, for each run that reached it.
Starts are those of `peers/pele_basin_hopping.py`, one seed a run for all of its first population.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from _measure import both, js, options, random_starts, rms_gradient, row, show
from basin_hopping import TARGETS


def evolved(args: Any, method: js.Evolution, seed: int, generations: int) -> js.StationaryPoints:
    return js.evolve(
        js.systems.lennard_jones(args.atoms),
        random_starts(args.atoms, method.population, seed),
        key=jax.random.key(seed),
        generations=generations,
        method=method,
        target=TARGETS[args.atoms],
        keep=1,
    )


def main(argv: list[str] | None = None) -> None:
    default = js.Evolution()
    parser = options(__doc__, atoms=38, runs=32, generations=150, seed=0)
    parser.add_argument("--population", type=int, default=default.population)
    parser.add_argument("--offspring", type=int, default=default.offspring)
    parser.add_argument("--mutation", type=float, default=default.mutation)
    parser.add_argument("--restart-after", type=int, default=default.restart_after)
    parser.add_argument("--compression", type=float, default=default.hopping.compression)
    args = parser.parse_args(argv)
    method = js.Evolution(
        population=args.population,
        offspring=args.offspring,
        mutation=args.mutation,
        restart_after=args.restart_after,
        hopping=js.BasinHopping(compression=args.compression),
    )
    seeds = range(args.seed, args.seed + args.runs)

    def work() -> list[js.StationaryPoints]:
        return [evolved(args, method, seed, args.generations) for seed in seeds]

    runs, record, compiling = both(lambda: [evolved(args, method, args.seed, 1)], work)
    assert all(rms_gradient(np.asarray(run.x)[0]) < 1e-6 for run in runs)
    reached = np.array([run.steps_to_target for run in runs])
    hits, evaluations = int(np.sum(reached > 0)), sum(int(run.evaluations.sum()) for run in runs)
    show(
        row(
            "basin-hopping, cut and splice",
            record,
            n_atoms=args.atoms,
            target=TARGETS[args.atoms],
            population=method.population,
            offspring=method.offspring,
            mutation=method.mutation,
            restart_after=method.restart_after,
            compression=method.hopping.compression,
            runs=args.runs,
            generations_at_most=args.generations,
            reached=hits,
            lowest=round(min(float(run.energy[0]) for run in runs), 6),
            evaluations=evaluations,
            evaluations_to_target=round(evaluations / hits) if hits else None,
            cpu_s_to_target=round(record.whole.cpu / hits, 2) if hits else None,
            quenches_to_target=sorted(reached[reached > 0].tolist()),
            **compiling,
        )
    )


if __name__ == "__main__":
    main()
