"""Does it pay to sample a latent space where it is rough? A small autoencoder of the digits.

    python benchmarks/fill_points.py --seeds 16

An autoencoder with two latent coordinates is trained on some digits. Where its decoder changes
most, `fill_points` names places of the latent space; the unseen digits that are encoded next to
them join the training. The loss on a test set after some more training, beside what as many
digits bring that are taken at random, and none at all.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from _measure import Array, js, options, row, show, timed

OPTIMISER = optax.adam(1e-2)
SHAPES = [(64, 32), (32, 2), (2, 32), (32, 64)]


def encode(weights: Any, x: Any) -> Any:
    (a, b), (c, d) = weights[:2]
    return jnp.tanh(jnp.tanh(x @ a + b) @ c + d)


def decode(weights: Any, z: Any) -> Any:
    (a, b), (c, d) = weights[2:]
    return jax.nn.sigmoid(jnp.tanh(3 * z @ a + b) @ c + d)


@jax.jit
def loss(weights: Any, x: Any) -> Any:
    return jnp.mean((decode(weights, encode(weights, x)) - x) ** 2)


def start(seed: int) -> Any:
    keys = jax.random.split(jax.random.key(seed), len(SHAPES))
    return [
        (jax.random.normal(key, shape) / np.sqrt(shape[0]), jnp.zeros(shape[1]))
        for key, shape in zip(keys, SHAPES, strict=True)
    ]


def train(weights: Any, x: Array, steps: int) -> Any:
    return _train(weights, jnp.asarray(x), np.zeros(steps))


@jax.jit
def _train(weights: Any, x: Any, steps: Any) -> Any:
    def step(carry: Any, _: Any) -> Any:
        weights, state = carry
        change, state = OPTIMISER.update(jax.grad(loss)(weights, x), state)
        return (optax.apply_updates(weights, change), state), None

    return jax.lax.scan(step, (weights, OPTIMISER.init(weights)), steps)[0][0]


def rough_places(weights: Any, size: int, samples: int, seed: int) -> Array:
    """Up to `size` points of the latent space, the roughest first."""
    keys = jax.random.split(jax.random.key(1000 + seed))
    latent = js.models.latin_hypercube(keys[0], samples, [-1.0, -1.0], [1.0, 1.0])
    alike = js.models.neighbour_similarity(
        lambda z: np.asarray(decode(weights, jnp.array(z))), latent, key=keys[1], distance=0.1
    )
    space = js.models.DataSet(latent, alike).normalised()
    network = js.data_set_landscape(space, key=keys[0], searches=64)
    inside = space.inside_hull(network.minima.x)
    places = js.fill_points(network, size, keep=inside)
    low, high = latent.min(axis=0), latent.max(axis=0)
    return low + places * (high - low)


def nearest(codes: Array, places: Array, size: int) -> Array:
    """Rows of `codes` next to each place in turn, none twice."""
    apart = np.linalg.norm(codes[:, None] - places, axis=2)
    rows: list[int] = []
    for k in range(size):
        row = int(np.argmin(apart[:, k % len(places)]))
        apart[row] = np.inf
        rows.append(row)
    return np.array(rows)


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, seeds=16, train=200, more=20, samples=100, draws=5, steps=400)
    args = parser.parse_args(argv)
    digits, _ = js.models.digits()
    digits = np.asarray(digits)

    def work() -> Array:
        table = []
        for seed in range(args.seeds):
            rng = np.random.default_rng(seed)
            x = digits[rng.permutation(len(digits))]
            seen, pool, test = x[: args.train], x[args.train : 1000], x[1000:]
            weights = train(start(seed), seen, args.steps)

            def after(rows: Any, seen: Array = seen, pool: Array = pool, w: Any = weights) -> Any:
                return train(w, np.concatenate([seen, pool[rows]]), args.steps // 2)

            places = rough_places(weights, args.more, args.samples, seed)
            codes = np.asarray(encode(weights, jnp.asarray(pool)))
            rows = [rng.choice(len(pool), args.more, replace=False) for _ in range(args.draws)]
            table.append(
                (
                    float(loss(train(weights, seen, args.steps // 2), test)),
                    float(loss(after(nearest(codes, places, args.more)), test)),
                    float(np.mean([loss(after(chosen), test) for chosen in rows])),
                )
            )
        return np.array(table)

    found, record = timed(work)
    gains = found[:, 0] - found[:, 1:].T
    errors = gains.std(axis=1, ddof=1) / np.sqrt(args.seeds)
    show(
        row(
            "learning, filled latent space",
            record,
            seeds=args.seeds,
            seen=args.train,
            more=args.more,
            loss_without=float(f"{found[:, 0].mean():.5f}"),
            gain_at_rough_places=float(f"{gains[0].mean():.5f}"),
            gain_at_random=float(f"{gains[1].mean():.5f}"),
            standard_errors=[float(f"{e:.1g}") for e in errors],
        )
    )


if __name__ == "__main__":
    main()
