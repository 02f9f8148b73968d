"""Grow the network of a Lennard-Jones cluster with single-ended pele searches.

pele's own double-ended connect leaves most of these transition states out, so this driver starts
a displaced single-ended search from the minimum searched least so far, adds the certified
transition state and both its minima, and goes on until the network is complete or the CPU budget
is spent. Points are the same if energies agree to 3e-6 and sorted pair distances to 2e-3.

    python pele_landscape.py --atoms 8 --minima 8 --transition-states 42
"""

from __future__ import annotations

import time
from importlib.metadata import version

import numpy as np
from _common import Distinct, options, random_starts, show
from _pele import SETTINGS, Searcher


def main() -> None:
    parser = options(
        __doc__,
        atoms=8,
        minima=8,
        transition_states=42,
        budget=180.0,
        seed=0,
        tolerance=1e-6,
        quenches=20,
    )
    parser.add_argument("--settings", choices=tuple(SETTINGS), default="tuned")
    parser.add_argument(
        "--displacement",
        type=float,
        nargs=2,
        default=(0.05, 0.5),
        help="range of the standard deviation",
    )
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    np.random.seed(args.seed)
    searcher = Searcher(args.settings, args.tolerance)
    minima, states, tries, history = Distinct(), Distinct(), [], []
    pairs: set[tuple[int, int]] = set()
    attempts = evaluations = 0
    start_cpu, start_wall = time.process_time(), time.perf_counter()

    def spent() -> float:
        return time.process_time() - start_cpu - searcher.check.cpu

    def add(x: np.ndarray, energy: float) -> int:
        which, new = minima.add(x, energy)
        if new:
            tries.append(0)
        return which

    for x in random_starts(args.atoms, args.quenches, args.seed):
        result = searcher.quench(x)
        evaluations += int(result.nfev)
        add(np.array(result.coords), result.energy)
    complete = False
    while not complete and spent() < args.budget:
        which = int(np.argmin(tries))
        tries[which] += 1
        attempts += 1
        x = minima.x[which]
        found = searcher.search(x + rng.uniform(*args.displacement) * rng.normal(size=x.size))
        evaluations += found.evaluations
        if found.ts is None:
            continue
        ends = [add(side, searcher.potential.getEnergy(side)) for side in (found.plus, found.minus)]
        pairs.add((min(ends), max(ends)))
        if states.add(found.ts, found.energy)[1]:
            history.append((round(spent(), 2), len(minima), len(states)))
        complete = len(minima) >= args.minima and len(states) >= args.transition_states
    step = max(1, len(history) // 10)
    show(
        {
            "benchmark": "landscape",
            "peer": f"pele, single-ended driver, {args.settings} settings",
            "version": version("pele"),
            "n_atoms": args.atoms,
            "seed": args.seed,
            "rms_tolerance": args.tolerance,
            "displacement": list(args.displacement),
            "complete": complete,
            "minima": len(minima),
            "transition_states": len(states),
            "connected_pairs": len(pairs),
            "lowest": round(min(minima.energies), 6),
            "attempts": attempts,
            "evaluations": evaluations,
            "cpu_s": round(spent(), 2),
            "wall_s": round(time.perf_counter() - start_wall - searcher.check.wall, 2),
            "certification_cpu_s": round(searcher.check.cpu, 2),
            "cpu_s_minima_states": [*history[step - 1 : -1 : step], *history[-1:]],
        }
    )


if __name__ == "__main__":
    main()
