"""Grow the network of a Lennard-Jones cluster until the known count is complete.

    python benchmarks/landscape.py --atoms 8 --seeds 3
    python benchmarks/landscape.py --atoms 13 --seconds 120

CPU seconds count from the start of the process: interpreter, imports and compilation included, no
compilation cache. Every seed is a process of its own. Counts are judged once more by numpy (RMS
gradient, index, different by energy and sorted pair distances); that is not timed.
Known counts: Doye & Wales, J. Chem. Phys. 116, 3777 (2002); Doye & Massen, J. Chem. Phys. 122,
084105 (2005). For LJ10 and LJ13 the last few transition states are left out.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import jax
import numpy as np
from _measure import (
    Distinct,
    energy_gradient,
    index,
    js,
    options,
    rms_gradient,
    row,
    show,
    stages,
    started,
)

KNOWN = {4: (1, 1), 5: (1, 2), 6: (2, 3), 7: (4, 12), 8: (8, 42), 10: (64, 630), 13: (1505, 28000)}


class Watched(js.Landscape):
    """Notes CPU seconds and counts whenever they change; ends the exploration at the goal."""

    def __init__(self, surface: Any, goal: tuple[int, int]) -> None:
        super().__init__(surface)
        self.goal = goal
        self.curve: list[tuple[float, int, int]] = []

    def add(self, points: Any, **options: Any) -> Any:
        report = super().add(points, **options)
        minima, states = len(self.minima), len(self.transition_states)
        if not self.curve or self.curve[-1][1:] != (minima, states):
            self.curve.append((round(started(), 2), minima, states))
        if self.complete:
            raise KeyboardInterrupt
        return report

    @property
    def complete(self) -> bool:
        return len(self.minima) >= self.goal[0] and len(self.transition_states) >= self.goal[1]


def judged(view: Any, wanted: int, tolerance: float, most: int = 3000) -> int:
    """Different points of this index by numpy; of the first `most` ones in a large network."""
    distinct = Distinct()
    for x in np.asarray(view.x)[:most]:
        if rms_gradient(x) <= tolerance and index(x) == wanted:
            distinct.add(x, energy_gradient(x)[0])
    return len(distinct)


def explore(args: Any) -> dict[str, Any]:
    # Before the first clock: what the interpreter and the imports took.
    imports = started()
    wall = time.perf_counter()
    surface = js.systems.lennard_jones(args.atoms)
    goal = (args.minima, args.transition_states)
    network = Watched(surface, goal)
    given = {"batch": args.batch} if args.batch else {}
    with stages() as record:
        js.explore(
            surface,
            key=jax.random.key(args.seed),
            landscape=network,
            seconds=args.seconds,
            patience=10**9,
            progress=False,
            **given,
        )
    cpu = started()
    curve = network.curve
    step = max(1, len(curve) // 40)
    return row(
        "landscape",
        record,
        n_atoms=args.atoms,
        seed=args.seed,
        goal=list(goal),
        complete=network.complete,
        minima=len(network.minima),
        transition_states=len(network.transition_states),
        judged_minima=judged(network.minima, 0, 1e-6),
        judged_transition_states=judged(network.transition_states, 1, 1e-6),
        connected=len(network.components()) == 1,
        # The round that completes the network ends before it is recorded as attempts.
        evaluations=sum(stage.evaluations for stage in record.values()),
        import_cpu_s=round(imports, 2),
        # From here `cpu_s` is the whole process, `explore_cpu_s` the call alone.
        explore_cpu_s=round(record.whole.cpu, 2),
        explore_wall_s=round(time.perf_counter() - wall, 2),
        cpu_s_minima_states=[*curve[:-1:step], *curve[-1:]],
    ) | {"cpu_s": round(cpu, 2)}


def main(argv: list[str] | None = None) -> None:
    parser = options(
        __doc__, atoms=8, minima=0, transition_states=0, seconds=120.0, seed=0, seeds=1, batch=0
    )
    args = parser.parse_args(argv)
    goal = KNOWN.get(args.atoms, (10**9, 10**9))
    args.minima, args.transition_states = (
        args.minima or goal[0],
        args.transition_states or goal[1],
    )
    if args.seeds == 1:
        show(explore(args))
        return
    for seed in range(args.seed, args.seed + args.seeds):
        names = ("atoms", "minima", "transition_states", "seconds", "batch")
        given = [f"--{name.replace('_', '-')}={getattr(args, name)}" for name in names]
        subprocess.run([sys.executable, __file__, *given, f"--seed={seed}"], check=True)


if __name__ == "__main__":
    main()
