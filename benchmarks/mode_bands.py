"""Bands between trained networks: ours, and AutoNEB with the optimiser it was published with.

    python benchmarks/mode_bands.py                     # 690 parameters, all pairs of four copies
    python benchmarks/mode_bands.py --steps 100 --rates 0.1 1 10

The published AutoNEB for networks (F. Draxler et al., ICML 35, 1309 (2018), settings of the
authors' own code for CIFAR-10) starts with three images between the ends, moves them down the
gradient across the path (improved tangent) with momentum, spaces them evenly after every step, and
puts two more in after every thousand steps where the loss between images is highest. Here that is
optax's momentum with the whole data as the batch, one pair after the other; `--rates` are its
learning rates, `--steps` those between insertions. Everybody gets the same aligned ends, and as
many images in the end; barriers are looked at between images, too.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from _measure import Array, Clock, js, options, row, show, timed
from jax import lax
from learning import certificates, digits, trained

BETWEEN = 9  # points looked at between images


def published(surface: Any) -> Callable:
    """`(path [P, dim], rate, steps) -> path` after so many steps of the published optimiser."""
    value_and_grad = jax.vmap(jax.value_and_grad(surface.function))

    def force(path: jax.Array) -> jax.Array:
        energy, gradient = value_and_grad(path)
        steps = jnp.diff(path, axis=0)
        steps = steps / jnp.maximum(jnp.linalg.norm(steps, axis=1, keepdims=True), 1e-300)
        rise = jnp.diff(energy)
        before, after = rise[:-1], rise[1:]
        # The improved tangent: uphill, and weighted by the rises at an extremum.
        most = jnp.maximum(jnp.abs(before), jnp.abs(after))
        least = jnp.minimum(jnp.abs(before), jnp.abs(after))
        up = energy[2:] > energy[:-2]
        weights = jnp.stack([jnp.where(up, least, most), jnp.where(up, most, least)])
        climbing = jnp.stack([(before <= 0) | (after <= 0), (before > 0) | (after > 0)])
        weights = jnp.where(before * after > 0, climbing, weights)
        tangent = weights[0][:, None] * steps[:-1] + weights[1][:, None] * steps[1:]
        length = jnp.linalg.norm(tangent, axis=1, keepdims=True)
        tangent = tangent / jnp.maximum(length, 1e-300)
        inner = gradient[1:-1]
        across = inner - jnp.sum(inner * tangent, axis=1, keepdims=True) * tangent
        return jnp.zeros_like(path).at[1:-1].set(across)

    def evenly(path: jax.Array) -> jax.Array:
        lengths = jnp.linalg.norm(jnp.diff(path, axis=0), axis=1)
        at = jnp.concatenate([jnp.zeros(1), jnp.cumsum(lengths)])
        even = jnp.linspace(0.0, at[-1], len(path))
        place = jnp.clip(jnp.searchsorted(at, even, side="right") - 1, 0, len(path) - 2)
        share = (even - at[place]) / jnp.maximum(lengths[place], 1e-300)
        return path[place] + share[:, None] * (path[place + 1] - path[place])

    @jax.jit
    def run(path: jax.Array, rate: float, steps: int) -> jax.Array:
        solver = optax.sgd(rate, momentum=0.9)

        def body(_: Any, carry: Any) -> Any:
            path, state = carry
            change, state = solver.update(force(path), state)
            return evenly(path + jnp.asarray(change)), state

        return lax.fori_loop(0, steps, body, (path, solver.init(path)))[0]

    return run


def between(path: Array, count: int) -> Array:
    """Images, and `count` points between each two."""
    shares = np.arange(count + 1)[:, None] / (count + 1)
    inner = path[:-1, None] + shares * np.diff(path, axis=0)[:, None]
    return np.concatenate([inner.reshape(-1, path.shape[1]), path[-1:]])


def inserted(surface: Any, path: Array, count: int) -> Array:
    """New images in the gaps with the highest loss between their ends."""
    energy = np.asarray(jax.lax.map(surface.function, jnp.asarray(between(path, BETWEEN))))
    inside = energy[:-1].reshape(-1, BETWEEN + 1)[:, 1:]
    gaps = np.argsort(-inside.max(axis=1))[:count]
    return np.insert(path, gaps + 1, 0.5 * (path[gaps] + path[gaps + 1]), axis=0)


def one_by_one(
    surface: Any, run: Callable, ends: Array, insertions: int, steps: int, rate: float
) -> tuple[Array, int]:
    """Bands of all pairs, one after the other; and the evaluations they took."""
    bands, evaluations = [], 0
    for start, end in ends:
        path = start + np.linspace(0.0, 1.0, 5)[:, None] * (end - start)
        for turn in range(insertions + 1):
            path = np.asarray(run(jnp.asarray(path), rate, steps))
            evaluations += steps * len(path)
            if turn < insertions:
                path = inserted(surface, path, 2)
        bands.append(path)
    return np.array(bands), evaluations


def barriers(surface: Any, bands: Array) -> Array:
    """The highest loss of each band above that of the higher end."""
    dense = np.array([between(band, BETWEEN) for band in bands])
    energy = np.asarray(lax.map(jax.vmap(surface.function), jnp.asarray(dense)))
    return energy.max(axis=1) - np.maximum(energy[:, 0], energy[:, -1])


def main(argv: list[str] | None = None) -> None:
    parser = options(
        __doc__, copies=4, seed=0, samples=300, l2=1e-3, tolerance=1e-10, insertions=2,
        max_steps=100_000, escapes=8,
    )  # fmt: skip
    parser.add_argument("--hidden", nargs="+", type=int, default=[9])
    parser.add_argument("--steps", nargs="+", type=int, default=[100, 1000])
    parser.add_argument("--rates", nargs="+", type=float, default=[0.1, 1.0])
    parser.add_argument("--ours", nargs="+", type=int, default=[20, 60, 200])
    parser.add_argument("--align", action=argparse.BooleanOptionalAction, default=False)
    args = parser.parse_args(argv)
    surface = digits(args)
    x, told = certificates(surface, trained(surface, args, args.copies), args)
    pairs = np.array(list(itertools.combinations(range(len(x)), 2)))
    common = {
        "parameters": surface.dim,
        "samples": args.samples,
        "l2": args.l2,
        "certified": told["certified"],
        "pairs": len(pairs),
        "aligned": args.align,
        "images": 5 + 2 * args.insertions,
    }

    def fields(bands: Array, evaluations: int, compiling: Clock) -> dict[str, Any]:
        found = barriers(surface, bands)
        return common | {
            "mean_barrier": float(f"{found.mean():.4g}"),
            "highest_barrier": float(f"{found.max():.4g}"),
            "evaluations": evaluations,
            "compile_cpu_s": round(compiling.cpu, 2),
        }

    ends = x[pairs]
    for steps in args.ours:
        method = js.AutoNEB(images=5, insertions=args.insertions, inserted=2, steps=steps)

        def ours(method: Any = method) -> Any:
            return js.mode_connectivity(surface, x, pairs=pairs, method=method, align=args.align)

        compiling = Clock()
        with compiling:
            ours()
        found, record = timed(ours)
        ends = found.images[:, [0, -1]]
        compiling.cpu -= record.whole.cpu
        told = fields(found.images, found.evaluations, compiling) | {"steps": steps}
        show(row("learning, bands", record, **told))
    run, compiling = published(surface), Clock()
    with compiling:
        one_by_one(surface, run, ends[:1], args.insertions, 1, args.rates[0])
    for steps, rate in itertools.product(args.steps, args.rates):
        clock = Clock()
        with clock:
            bands, evaluations = one_by_one(surface, run, ends, args.insertions, steps, rate)
        show(
            {"benchmark": "learning, bands", "peer": "optax, AutoNEB as published"}
            | {"version": optax.__version__, "rate": rate, "steps": steps}
            | fields(bands, evaluations, compiling)
            | {"cpu_s": round(clock.cpu, 2), "wall_s": round(clock.wall, 2)}
        )


if __name__ == "__main__":
    main()
