"""Cost of one more stationary point against the size of the network, with made-up points.

    python benchmarks/size.py --points 100000

A third of the points are minima, the others transition states between random pairs of them.
They are entered in batches as an exploration enters them, with a store attached: identity by
fingerprint, columns, one SQLite transaction a batch. Every tenth point has been met before.
Then the disconnectivity tree of the whole. `--atoms 13` uses the fingerprints and point-group
orders of clusters instead of plain coordinates: they cost the same at every size.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _measure import Array, Clock, Stages, js, options, row, show


def points(x: Array, energy: Array, index: int) -> dict[str, Any]:
    size = len(x)
    return {
        "x": x,
        "energy": energy,
        "rms_gradient": np.full(size, 1e-9),
        "index": np.full(size, index, np.int32),
        "lowest_eigenvalue": np.full(size, -1.0 if index else 1.0),
        "log_product": np.full(size, 2.5),
        "active": np.zeros(size, np.int32),
        "status": np.full(size, int(js.Status.CONVERGED), np.int32),
        "evaluations": np.full(size, 10, np.int32),
    }


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, points=100_000, batch=1000, dim=24, atoms=0, seed=0, rows=10)
    args = parser.parse_args(argv)
    dim = 3 * args.atoms if args.atoms else args.dim
    surface = js.Surface(
        lambda x: 0.0 * x.sum(),
        dim=dim,
        symmetry=js.symmetry.Cluster() if args.atoms else None,
        name="made-up",
    )
    rng = np.random.default_rng(args.seed)
    known_x, known_energy = np.zeros((0, dim)), np.zeros(0)
    adding, total = Clock(), Stages()
    sizes = np.linspace(0, args.points, args.rows + 1)[1:]
    marks: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, total.whole:
        store = Path(folder) / "network.sqlite"
        # Its energies are made up, so it writes on its own, without a surface to check them.
        network = js.Landscape(surface, store=store)
        before = 0
        while len(network.minima) + len(network.transition_states) < args.points:
            n = args.batch
            fresh = max(1, n // 3)
            x = 1.5 * rng.normal(size=(fresh, dim))
            energy = rng.normal(size=fresh)
            again = rng.integers(len(known_x), size=min(len(known_x), fresh // 10))
            batch = points(
                np.concatenate([x, known_x[again]]),
                np.concatenate([energy, known_energy[again]]),
                0,
            )
            with adding:
                network.add(js.StationaryPoints(**batch))
            known_x = np.concatenate([known_x, x])
            known_energy = np.concatenate([known_energy, energy])
            ends = rng.integers(len(known_x), size=(2, n - fresh))
            energy = np.max(known_energy[ends], axis=0) + rng.exponential(size=n - fresh)
            states = points(1.5 * rng.normal(size=(n - fresh, dim)), energy, 1)
            sides = [
                js.StationaryPoints(**points(known_x[end], known_energy[end], 0)) for end in ends
            ]
            with adding:
                network.add(
                    js.TransitionStates(
                        **states, eigenvector=states["x"], plus=sides[0], minus=sides[1]
                    )
                )
            size = len(network.minima) + len(network.transition_states)
            if size >= sizes[len(marks)] or size >= args.points:
                us = 1e6 * adding.cpu / max(1, size - before)
                with (tree_clock := Clock()):
                    tree = js.disconnectivity_tree(network)
                marks.append(
                    {
                        "points": size,
                        "add_us_per_point": round(us, 1),
                        "tree_cpu_s": round(tree_clock.cpu, 3),
                        "file_mb": round(
                            sum(f.stat().st_size for f in store.parent.iterdir()) / 1e6, 1
                        ),
                    }
                )
                before, adding = size, Clock()
        with (loading := Clock()):
            network.close()
            assert len(js.load(store).minima) == len(network.minima)
    show(
        row(
            "size",
            total,
            n_atoms=args.atoms or None,
            dim=dim,
            points=len(network.minima) + len(network.transition_states),
            minima=len(network.minima),
            transition_states=len(network.transition_states),
            leaves=len(tree),
            load_cpu_s=round(loading.cpu, 2),
            peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            curve=marks,
        )
    )


if __name__ == "__main__":
    main()
