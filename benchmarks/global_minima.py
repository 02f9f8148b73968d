"""Global minima of Lennard-Jones clusters from random starts, within one budget for all sizes.

    python benchmarks/global_minima.py --atoms 2 60
    python benchmarks/global_minima.py --atoms 38 38 --chains 64

Chains are compressed and symmetrised; where none of them arrives, as many slightly compressed ones
with plain steps follow, twice as long. A size counts as reached where a chain ended within 1e-5
of the energy of the Cambridge Cluster Database at a certified minimum.
"""

from __future__ import annotations

import json
from typing import Any

import jax
import numpy as np
from _measure import HERE, both, js, options, row, show

# The method and its share of the steps. Symmetrised moves find what is symmetrical in a few hundred
# evaluations and stand in the way of what is not.
METHODS = (
    (
        js.BasinHopping(
            temperature=0.8, compression=20.0, move=js.moves.Symmetrised(), restart_after=60
        ),
        1,
    ),
    (js.BasinHopping(temperature=0.8, compression=2.0), 2),
)


def search(n: int, target: float, chains: int, steps: int) -> dict[str, Any]:
    surface = js.systems.lennard_jones(n)
    starts = np.asarray(surface.sample(jax.random.key(n), chains))
    rows: list[dict[str, Any]] = []
    for method, share in METHODS:
        rows.append(hop(surface, starts, method, share * steps, n, target))
        if rows[-1]["reached"]:
            break
    evaluations = sum(each["evaluations"] for each in rows)
    hits = rows[-1]["chains_that_reached"]
    return rows[-1] | {
        "searches": len(rows),
        "evaluations": evaluations,
        "evaluations_to_target": round(evaluations / hits) if hits else None,
        "cpu_s": round(sum(each["cpu_s"] for each in rows), 3),
    }


def hop(surface, starts, method, steps: int, n: int, target: float) -> dict[str, Any]:
    """One run of chains, compilation apart."""

    def run(steps: int) -> js.StationaryPoints:
        key = jax.random.key(1000 + n)
        return js.basin_hopping(
            surface, starts, key=key, steps=steps, method=method, target=target, keep=1
        )

    points, record, compiling = both(lambda: run(1), lambda: run(steps))
    hits = int(np.sum(np.asarray(points.steps_to_target) > 0))
    lowest = float(points.energy[0])
    return row(
        "global minimum",
        record,
        n_atoms=n,
        target=target,
        lowest=round(lowest, 6),
        reached=bool(hits and abs(lowest - target) < 1e-5 and points.ok[0]),
        chains=len(starts),
        chains_that_reached=hits,
        steps_at_most=steps,
        evaluations=record.evaluations("HoppingSearch"),
        **compiling,
    )


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, chains=16, steps=200)
    parser.add_argument("--atoms", type=int, nargs=2, default=(2, 60), metavar=("FROM", "TO"))
    args = parser.parse_args(argv)
    table = json.loads((HERE / "lennard_jones_minima.json").read_text())["energies"]
    first, last = args.atoms
    rows = []
    for n in range(first, last + 1):
        rows.append(search(n, table[str(n)], args.chains, args.steps))
        show(rows[-1])
    reached = [each["n_atoms"] for each in rows if each["reached"]]
    missed = [each["n_atoms"] for each in rows if not each["reached"]]
    show(
        {
            "benchmark": "global minima",
            "program": "jaxscape",
            "sizes": [first, last],
            "reached": len(reached),
            "missed": missed,
            "evaluations": sum(each["evaluations"] for each in rows),
            "cpu_s": round(sum(each["cpu_s"] for each in rows), 1),
        }
    )


if __name__ == "__main__":
    main()
