"""The roughness of a data set, for every pair of its features, with two seeds.

    python benchmarks/roughness.py                   # topsearch's example data, six pairs
    python benchmarks/roughness.py --pairs 1,2 --count

Minima and transition states inside of the convex hull of the data and the frustration, beside the
result that comes with the data. `--count` adds how many transition states are missing in the box:
minima minus saddles plus maxima are one where all are found (Euler, Morse).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from _measure import js, options, row, show, timed

DATA = Path(__file__).resolve().parents[1] / "tests/reference/topsearch_data.json"


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, searches=256, samples=0)
    parser.add_argument("--pairs", nargs="+", help="of features, such as 0,1; all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--count", action="store_true")
    args = parser.parse_args(argv)
    source = json.loads(DATA.read_text())
    stored = source["stored"]
    many = args.samples or None
    table = np.array(source["features"], float).T[:many]
    data = js.models.DataSet(table, source["response"][:many])
    pairs = args.pairs or list(stored)
    parts = [
        data.features([int(one) for one in pair.split(",")])
        .without_duplicates(average=False)
        .normalised()
        for pair in pairs
    ]
    # As `data_roughness` does: as many centres for every pair, so that one compilation is enough.
    most = max(map(len, parts))
    for seed in args.seeds:
        for pair, part in zip(pairs, parts, strict=True):

            def work(part: Any = part, seed: int = seed) -> Any:
                key = jax.random.key(seed)
                return js.data_set_landscape(part, key=key, searches=args.searches, samples=most)

            network, record = timed(work)
            states, inside = network.transition_states, part.inside_hull(network.minima.x)
            fields = {
                "features": [int(one) for one in pair.split(",")],
                "seed": seed,
                "minima": int(inside.sum()),
                "transition_states": int(np.sum(inside[states.plus] & inside[states.minus])),
                "frustration": round(js.frustration(network, keep=inside), 6),
                "in_the_box": [len(network.minima), len(states)],
                "stored": stored[pair],
            }
            if args.count:
                missing = js.missing_transition_states(network, part.inputs, tolerance=1e-6)
                fields |= {"missing": missing}
            show(row("learning, roughness", record, **fields))


if __name__ == "__main__":
    main()
