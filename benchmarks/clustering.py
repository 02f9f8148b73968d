"""K-means on the irises: the minima of 10,000 Lloyd runs, and how many of them are in the network.

    python benchmarks/clustering.py --clusters 2 3 4 5 6

The runs start from random samples as centres and are made by NumPy, from the same starts; an end
counts where no sample is as close to two centres.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import jax
import numpy as np
from _measure import Array, js, options, row, show, timed

# Beyond four clusters: neighbouring ridges only; for six, of the minima of the runs alone.
LESS: dict[int, dict[str, Any]] = {5: {"neighbours": 20}, 6: {"neighbours": 10, "generations": 1}}


def irises() -> Array:
    lines = (resources.files("jaxscape.models") / "data/iris.csv").read_text().splitlines()[1:]
    return np.array([[float(value) for value in line.split(",")[:4]] for line in lines])


def lloyd(points: Array, centres: Array) -> Array:
    """Costs of the strict ends of Lloyd's iterations from a batch of centres."""
    ends: list[float] = []
    clusters = np.arange(centres.shape[1])[:, None]
    for _ in range(200):
        square = ((centres[:, :, None] - points) ** 2).sum(axis=3)
        member = square.argmin(axis=1)[:, None] == clusters
        sizes = member.sum(axis=2)
        new = member @ points / np.maximum(sizes, 1)[..., None]
        still = (np.abs(new - centres) < 1e-12).all(axis=(1, 2))
        two = np.sort(square[still], axis=1)
        strict = (two[:, 1] - two[:, 0] > 1e-9).all(axis=1)
        ends += two[strict, 0].sum(axis=1).tolist()
        left = ~still & (sizes > 0).all(axis=1)
        if not left.any():
            break
        centres = new[left]
    return np.array(ends)


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, runs=10_000, seed=0)
    parser.add_argument("--clusters", nargs="+", type=int, default=[2, 3, 4, 5, 6])
    args = parser.parse_args(argv)
    points, key = irises(), jax.random.key(args.seed)
    for clusters in args.clusters:
        more = LESS.get(clusters, {})

        def work(clusters: int = clusters, more: Any = more) -> Any:
            return js.k_means_landscape(points, clusters, key=key, runs=args.runs, **more)

        network, record = timed(work)
        energy = np.sort(network.minima.energy)
        starts = np.asarray(network.surface.sample(key, args.runs)).reshape(-1, clusters, 4)
        parts = np.split(starts, range(500, len(starts), 500))
        ends = np.unique(np.concatenate([lloyd(points, part) for part in parts]).round(7))
        near = np.minimum(np.searchsorted(energy, ends - 1e-6), len(energy) - 1)
        show(
            row(
                "learning, clustering",
                record,
                clusters=clusters,
                runs=args.runs,
                costs_of_the_runs=len(ends),
                of_them_found=int(np.sum(np.abs(energy[near] - ends) < 1e-6)),
                minima=len(energy),
                transition_states=len(network.transition_states),
                components=len(network.components()),
                lowest=round(float(energy[0]), 6),
                **more,
            )
        )


if __name__ == "__main__":
    main()
