"""Basin-hopping of a Lennard-Jones cluster to its global minimum, chains in lanes.

    python benchmarks/basin_hopping.py --atoms 38 --chains 32 --steps 2000
    python benchmarks/basin_hopping.py --atoms 38 --compression 20 --temperature 0.8
    python benchmarks/basin_hopping.py --atoms 75 --compression 20 --symmetrised --restart-after 60
    python benchmarks/basin_hopping.py --atoms 38 --temperature 0.6 0.8 1.0 --step-size 0.36 0.42

Several values of an option make a scan with a row for each combination. Figures to the target
are totals over all chains, failed ones included, for each chain that reached it. Starts are those
of `peers/pele_basin_hopping.py`, one seed a chain.
"""

from __future__ import annotations

import itertools
from typing import Any

import jax
import numpy as np
from _measure import both, js, options, random_starts, rms_gradient, row, show

TARGETS = {13: -44.326801, 38: -173.928427, 75: -397.492331}


def hop(args: Any, method: js.BasinHopping) -> dict[str, Any]:
    surface = js.systems.lennard_jones(args.atoms)
    seeds = range(args.seed, args.seed + args.chains)
    starts = np.concatenate([random_starts(args.atoms, 1, seed) for seed in seeds])

    def run(steps: int) -> js.StationaryPoints:
        return js.basin_hopping(
            surface,
            starts,
            key=jax.random.key(args.seed),
            steps=steps,
            method=method,
            target=args.target,
            keep=1,
            lanes=args.lanes or None,
            budget=js.Budget(args.seconds),
        )

    points, record, compiling = both(lambda: run(1), lambda: run(args.steps))
    reached = np.asarray(points.steps_to_target)
    hits = int(np.sum(reached > 0))
    evaluations = record.evaluations("HoppingSearch")
    cpu = record.whole.cpu
    assert rms_gradient(np.asarray(points.x)[0]) < 1e-6
    return row(
        "basin-hopping",
        record,
        n_atoms=args.atoms,
        target=args.target,
        quench_rms_tolerance=method.quench_tolerance * 1e-8,
        temperature=method.temperature,
        step_size=method.step_size,
        acceptance=method.acceptance,
        restart_after=method.restart_after,
        compression=method.compression,
        symmetrised=isinstance(method.move, js.moves.Symmetrised),
        chains=args.chains,
        steps_at_most=args.steps,
        reached=hits,
        lowest=round(float(points.energy[0]), 6),
        evaluations=evaluations,
        cpu_s_to_target=round(cpu / hits, 2) if hits else None,
        wall_s_to_target=round(record.whole.wall / hits, 2) if hits else None,
        evaluations_to_target=round(evaluations / hits) if hits else None,
        us_per_evaluation=round(1e6 * cpu / max(evaluations, 1), 2),
        steps_to_target=sorted(reached[reached > 0].tolist()),
        **compiling,
    )


def main(argv: list[str] | None = None) -> None:
    default = js.BasinHopping()
    parser = options(
        __doc__, atoms=38, target=0.0, chains=32, steps=2000, seed=0, lanes=0, seconds=120.0
    )
    parser.add_argument("--temperature", type=float, nargs="+", default=[default.temperature])
    parser.add_argument("--step-size", type=float, nargs="+", default=[default.step_size])
    parser.add_argument(
        "--acceptance", type=float, nargs="+", default=[default.acceptance or 0.0], help="0: fixed"
    )
    parser.add_argument(
        "--restart-after", type=int, nargs="+", default=[default.restart_after or 0], help="0: no"
    )
    parser.add_argument(
        "--quench-tolerance", type=float, nargs="+", default=[default.quench_tolerance]
    )
    parser.add_argument("--compression", type=float, nargs="+", default=[default.compression])
    parser.add_argument("--symmetrised", action="store_true")
    args = parser.parse_args(argv)
    move = js.moves.Symmetrised() if args.symmetrised else default.move
    args.target = args.target or TARGETS[args.atoms]
    for temperature, step_size, acceptance, restart, tolerance, compression in itertools.product(
        args.temperature,
        args.step_size,
        args.acceptance,
        args.restart_after,
        args.quench_tolerance,
        args.compression,
    ):
        method = js.BasinHopping(
            temperature=temperature,
            step_size=step_size,
            acceptance=acceptance or None,
            restart_after=restart or None,
            quench_tolerance=tolerance,
            compression=compression,
            move=move,
        )
        show(hop(args, method))


if __name__ == "__main__":
    main()
