"""Quench Lennard-Jones starts with vmapped optimistix and optax L-BFGS.

Both get the same plain JAX energy (pair differences as separate planes, which XLA vectorises) and
stop on the RMS gradient: optimistix's own Cauchy test certifies nothing. The batch is cut into
groups of `--lanes`, each one vmapped loop, which lasts as long as its slowest lane. Compilation is
timed apart.

    python jax_minimisers.py --atoms 38 --quenches 256 --lanes 64 [--starts starts38.npy]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix as optx
from _common import Clock, load_starts, options, quench_row, show, starts_options
from jax import lax

jax.config.update("jax_enable_x64", True)


def energy(x: jax.Array, args: Any = None) -> jax.Array:
    """Lennard-Jones energy of one flat point `x [3N]`."""
    planes = x.reshape(-1, 3).T
    r2 = sum((p[:, None] - p[None]) ** 2 for p in planes)
    self_pair = jnp.eye(planes.shape[1], dtype=bool)
    i6 = jnp.where(self_pair, 0.0, 1.0 / jnp.where(self_pair, 1.0, r2)) ** 3
    return 2.0 * jnp.sum(i6 * (i6 - 1.0))


class GradientLBFGS(optx.LBFGS):
    """optimistix's L-BFGS, stopped by the RMS gradient of the last accepted point."""

    def terminate(self, fn, y, args, options, state, tags):  # noqa: ANN001, ANN201
        small = jnp.sqrt(jnp.mean(state.f_info.grad**2)) <= self.atol
        return small & ~state.first_step, state.result


Quench = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


def optimistix_quench(tolerance: float, history: int, max_steps: int) -> Quench:
    solver = GradientLBFGS(rtol=0.0, atol=tolerance, history_length=history)

    def quench(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        solution = optx.minimise(energy, solver, x, max_steps=max_steps, throw=False)
        return solution.value, solution.stats["num_steps"]

    return quench


def optax_quench(tolerance: float, history: int, max_steps: int) -> Quench:
    solver = optax.lbfgs(memory_size=history)
    value_and_grad = optax.value_and_grad_from_state(energy)

    def quench(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        def unfinished(carry: Any) -> jax.Array:
            _, state, steps, _ = carry
            gradient = optax.tree.get(state, "grad")
            return (steps == 0) | (
                (steps < max_steps) & (jnp.sqrt(jnp.mean(gradient**2)) > tolerance)
            )

        def step(carry: Any) -> Any:
            x, state, steps, evaluations = carry
            value, gradient = value_and_grad(x, state=state)
            updates, state = solver.update(
                gradient, state, x, value=value, grad=gradient, value_fn=energy
            )
            calls = optax.tree.get(state, "num_linesearch_steps")
            return optax.apply_updates(x, updates), state, steps + 1, evaluations + calls

        x, _, _, evaluations = lax.while_loop(unfinished, step, (x, solver.init(x), 0, 1))
        return x, evaluations

    return quench


def main() -> None:
    parser = options(
        __doc__,
        atoms=38,
        quenches=256,
        lanes=64,
        seed=0,
        tolerance=1e-5,
        history=10,
        max_steps=5_000,
    )
    parser.add_argument(
        "--peers", nargs="+", choices=("optimistix", "optax"), default=("optimistix", "optax")
    )
    args = starts_options(parser).parse_args()
    starts = load_starts(args, args.quenches)
    starts = starts[: len(starts) // args.lanes * args.lanes]
    makers = {"optimistix": optimistix_quench, "optax": optax_quench}
    for distribution in args.peers:
        quench = jax.jit(
            jax.vmap(makers[distribution](args.tolerance, args.history, args.max_steps))
        )
        compiling, clock = Clock(), Clock()
        with compiling:
            compiled = quench.lower(jnp.asarray(starts[: args.lanes])).compile()
        with clock:
            found = [
                compiled(jnp.asarray(group))
                for group in starts.reshape(-1, args.lanes, starts.shape[1])
            ]
            found = jax.tree.map(lambda *a: np.concatenate(a), *found)
        x, evaluations = found
        row = quench_row(
            f"{distribution} LBFGS, vmapped",
            distribution,
            args,
            clock,
            list(x),
            evaluations.astype(float),
        )
        useful = evaluations.reshape(-1, args.lanes)
        show(
            row
            | {
                "jax": jax.__version__,
                "lanes": args.lanes,
                "history": args.history,
                "useful_lane_share": round(float(useful.mean() / useful.max(1).mean()), 3),
                "compile_cpu_s": round(compiling.cpu, 2),
                "compile_wall_s": round(compiling.wall, 2),
            }
        )


if __name__ == "__main__":
    main()
