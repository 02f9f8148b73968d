"""Single-ended transition-state searches from displaced Lennard-Jones minima with pele.

Each attempt: a minimum (a quench of a random start, not timed), every coordinate displaced by a
normal deviate, FindTransitionState, then a quench to either side. A success has RMS gradients
below the tolerance, exactly one negative eigenvalue of the exact Hessian (zero modes projected
out), and a minimum on either side. The checks are numpy and not timed.

    python pele_transition_states.py --atoms 13 --attempts 300
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from _common import Distinct, load_starts, options, show, starts_options
from _pele import SETTINGS, Searcher


def main() -> None:
    parser = options(
        __doc__, atoms=13, attempts=300, seed=0, tolerance=1e-6, displacement=0.1, budget=240.0
    )
    parser.add_argument("--settings", choices=tuple(SETTINGS), default="tuned")
    args = starts_options(parser).parse_args()
    rng = np.random.default_rng(args.seed)
    np.random.seed(args.seed)
    searcher = Searcher(args.settings, args.tolerance)
    starts = load_starts(args, args.attempts)
    minima = [np.array(searcher.quench(x).coords) for x in starts]
    distinct, attempts, converged, successes, evaluations = Distinct(), 0, 0, 0, 0
    for x in minima:
        if searcher.clock.cpu > args.budget:
            break
        found = searcher.search(x + args.displacement * rng.normal(size=x.size))
        attempts += 1
        converged += found.converged
        evaluations += found.evaluations
        if found.ts is not None:
            successes += 1
            distinct.add(found.ts, found.energy)
    clock = searcher.clock
    show(
        {
            "benchmark": "transition states, single-ended",
            "peer": f"pele FindTransitionState, {args.settings} settings",
            "version": version("pele"),
            "n_atoms": args.atoms,
            "displacement": args.displacement,
            "rms_tolerance": args.tolerance,
            "attempts": attempts,
            "converged": converged,
            "successes": successes,
            "distinct": len(distinct),
            "mean_evaluations": round(evaluations / attempts, 1),
            "cpu_s": round(clock.cpu, 2),
            "wall_s": round(clock.wall, 2),
            "cpu_ms_per_attempt": round(1e3 * clock.cpu / attempts, 2),
            "certified_per_cpu_s": round(successes / clock.cpu, 2),
        }
    )


if __name__ == "__main__":
    main()
