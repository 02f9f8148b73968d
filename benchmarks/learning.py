"""Losses of neural networks: minimisers side by side, aligned paths, and a million parameters.

    python benchmarks/learning.py                              # against optax and SciPy
    python benchmarks/learning.py --connect --hidden 134       # 10,060 parameters, eight copies
    python benchmarks/learning.py --size --hidden 280 280      # 99,690; 960 960: 994,570

The race: a classifier of the irises from the same starts to the same RMS gradient, everybody in
one process; compilation is timed apart. optax's L-BFGS and Adam are vmapped loops over all starts
that last as long as their slowest lane, SciPy's L-BFGS-B goes from start to start with a compiled
value and gradient. Every end is judged by the same gradient.

`--connect`: copies of a digits classifier trained from as many seeds, certified, and joined along
straight lines and elastic bands, as they are and with their neurons in the same order.

`--size`: one large digits classifier: two minima, the path between them, the lowest eigenvalue.
`bound_mib` is what the vectors kept and the arrays of the loss add up to, told beforehand by
`jaxscape.memory_bound`; `peak_mib` is the largest size of the process, `program_mib` that of one
that does the same with 310 parameters: what there is beside the bound.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy.optimize
from _measure import Array, Clock, both, js, options, row, show, timed
from jax import lax


def rms(surface: Any, x: Array) -> Array:
    gradients = jax.jit(lambda x: lax.map(jax.grad(surface.function), x))(jnp.asarray(x))
    return np.sqrt(np.mean(np.asarray(gradients) ** 2, axis=1))


def optax_lbfgs(surface: Any, tolerance: float, steps: int) -> Callable:
    solver = optax.lbfgs(memory_size=10)
    value_and_grad = optax.value_and_grad_from_state(surface.function)

    def one(x: jax.Array) -> jax.Array:
        def unfinished(carry: Any) -> jax.Array:
            _, state, step = carry
            gradient = optax.tree.get(state, "grad")
            return (step == 0) | ((step < steps) & (jnp.sqrt(jnp.mean(gradient**2)) > tolerance))

        def body(carry: Any) -> Any:
            x, state, step = carry
            value, gradient = value_and_grad(x, state=state)
            change, state = solver.update(
                gradient, state, x, value=value, grad=gradient, value_fn=surface.function
            )
            return optax.apply_updates(x, change), state, step + 1

        return lax.while_loop(unfinished, body, (x, solver.init(x), 0))[0]

    return jax.jit(jax.vmap(one))


def optax_adam(surface: Any, tolerance: float, steps: int) -> Callable:
    # A rate that falls off, or the steps never become as small as the gradient has to be.
    solver = optax.adam(optax.cosine_decay_schedule(0.05, steps))
    gradient_of = jax.grad(surface.function)

    def one(x: jax.Array) -> jax.Array:
        def unfinished(carry: Any) -> jax.Array:
            _, _, gradient, step = carry
            return (step < steps) & (jnp.sqrt(jnp.mean(gradient**2)) > tolerance)

        def body(carry: Any) -> Any:
            x, state, gradient, step = carry
            change, state = solver.update(gradient, state, x)
            x = optax.apply_updates(x, change)
            return x, state, gradient_of(x), step + 1

        return lax.while_loop(unfinished, body, (x, solver.init(x), gradient_of(x), 0))[0]

    return jax.jit(jax.vmap(one))


def scipy_lbfgs(surface: Any, tolerance: float, steps: int) -> Callable:
    value_and_grad = jax.jit(jax.value_and_grad(surface.function))

    def one(x: Array) -> Array:
        def objective(x: Array) -> tuple[float, Array]:
            value, gradient = value_and_grad(x)
            return float(value), np.asarray(gradient)

        limits = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 0.0, "gtol": tolerance}
        found = scipy.optimize.minimize(
            objective, x, jac=True, method="L-BFGS-B", options=limits | {"maxcor": 10}
        )
        return found.x

    return lambda x: np.stack([one(np.asarray(row)) for row in x])


def race(args: Any) -> None:
    surface = js.systems.iris_mlp(args.hidden[0], args.l2)
    starts = np.asarray(surface.sample(jax.random.key(args.seed), args.starts))
    common = {
        "benchmark": "learning, minimise",
        "loss": surface.name,
        "parameters": surface.dim,
        "starts": args.starts,
        "rms_tolerance": args.tolerance,
    }

    def told(reached: Array, cpu: float, x: Array) -> dict[str, Any]:
        energy = jax.jit(lambda x: lax.map(surface.function, x))(jnp.asarray(x))
        return {
            "reached": int(reached.sum()),
            "minima_per_cpu_s": round(float(reached.sum()) / cpu, 2),
            "mean_loss": round(float(np.mean(energy)), 6),
        }

    for certify in (False, True):  # the plain one first: its compilation is its own

        def ours(certify: bool = certify) -> Any:
            return js.minimise(surface, starts, tolerance=args.tolerance, certify=certify)

        points, record, compiling = both(ours, ours)
        reached = rms(surface, points.x) <= args.tolerance
        fields = common | told(reached, record.whole.cpu, points.x) | compiling
        show(row(record=record, **fields, certified=certify))
    for name, make in (
        ("optax L-BFGS, vmapped", optax_lbfgs),
        ("optax Adam, vmapped", optax_adam),
        ("scipy L-BFGS-B", scipy_lbfgs),
    ):
        if name.split()[0] not in args.peers:
            continue
        run, compiling, clock = make(surface, args.tolerance, args.steps), Clock(), Clock()
        with compiling:
            if hasattr(run, "lower"):
                run = run.lower(jnp.asarray(starts)).compile()
            else:
                run(starts[:1])
        with clock:
            x = np.asarray(run(jnp.asarray(starts)))
        reached = rms(surface, x) <= 1.01 * args.tolerance
        show(
            common
            | {"peer": name, "version": peer_version(name)}
            | told(reached, clock.cpu, x)
            | {
                "cpu_s": round(clock.cpu, 2),
                "wall_s": round(clock.wall, 2),
                "compile_cpu_s": round(compiling.cpu, 2),
            }
        )


def peer_version(name: str) -> str:
    return {"optax": optax.__version__, "scipy": scipy.__version__}[name.split()[0]]


def digits(args: Any) -> Any:
    inputs, targets = js.models.digits()
    seen, held = slice(0, args.samples), slice(-500, None)
    if args.samples > len(inputs) - 500:
        raise SystemExit(f"--samples {args.samples}: 500 of {len(inputs)} are kept for the test")
    hidden = args.hidden if len(args.hidden) > 1 else args.hidden[0]
    return js.systems.mlp(
        inputs[seen],
        targets[seen],
        hidden,
        args.l2,
        test=(inputs[held], targets[held]),
        name="digits",
    )


def trained(surface: Any, args: Any, copies: int) -> Any:
    """Copies from small normal starts; a minimum by its gradient, for the time being."""
    params = surface.unravel(surface.sample(jax.random.key(args.seed), 1)[0])
    scale = surface.ravel(
        {name: jnp.full(p.shape, (2.0 / sum(p.shape)) ** 0.5) for name, p in params.items()}
    )
    starts = np.asarray(surface.sample(jax.random.key(args.seed), copies) * scale)
    return js.minimise(
        surface, starts, tolerance=args.tolerance, certify=False, lanes=2, max_steps=args.max_steps
    )


def certificates(surface: Any, points: Any, args: Any) -> tuple[Array, dict[str, Any]]:
    """Points with the certificates of `minimise`.

    Training may end on a saddle: from there it goes on, downhill along the lowest mode.
    """
    work = {"lanes": 2, "max_steps": args.max_steps}
    energy, gradient = np.array(points.energy), np.array(points.rms_gradient)
    x, left, evaluations, clock = np.array(points.x), np.arange(len(points.x)), 0, Clock()
    ok, lowest, saddles = np.zeros(len(x), bool), np.full(len(x), np.nan), 0
    with clock:
        while len(left):
            # Looser by a hundred than the training: it asks for no further step.
            found = js.minimise(
                surface, x[left], tolerance=100 * args.tolerance, certify=True, **work
            )
            ok[left], lowest[left] = found.ok, found.lowest_eigenvalue
            evaluations += int(found.evaluations.sum())
            left = left[found.status == js.Status.WRONG_INDEX]
            saddles += len(left)
            if not len(left) or saddles > args.escapes * len(x):
                break
            down = js.curvature(surface, x[left], lowest=1, highest=0, max_products=20_000)
            push = 0.3 * down.lowest_vectors[:, 0]
            again = js.minimise(
                surface, x[left] + push, tolerance=args.tolerance, certify=False, **work
            )
            x[left], energy[left], gradient[left] = again.x, again.energy, again.rms_gradient
            evaluations += int(again.evaluations.sum())
    return x, {
        "saddles_left": saddles,
        "certified": int(np.sum(ok & (gradient <= args.tolerance))),
        "losses": [round(float(e), 8) for e in energy],
        "rms_gradients": [float(f"{g:.2g}") for g in gradient],
        "lowest_eigenvalues": [float(f"{e:.3g}") if np.isfinite(e) else None for e in lowest],
        "certificates_cpu_s": round(clock.cpu, 1),
        "certificates_evaluations": evaluations,
    }


def along(found: Any, *, linear: bool, pairs: int = 8, grid: int = 25) -> list[list[float]]:
    """Losses at even shares of the length of the first few paths."""
    shares, energies = found.shares[:pairs], (found.linear if linear else found.energies)[:pairs]
    even = np.linspace(0.0, 1.0, grid)
    return [
        [round(float(e), 5) for e in np.interp(even, *path)]
        for path in zip(shares, energies, strict=True)
    ]


def accuracies(surface: Any, x: Array, found: Any) -> list[float]:
    """Share of unseen digits told rightly: mean of the networks, and of the middles of lines."""
    ends = found.images[:, [0, -1]]
    middles = surface.measure(0.5 * (ends[:, 0] + ends[:, 1]))["accuracy"]
    return [round(float(np.mean(a)), 4) for a in (surface.measure(x)["accuracy"], middles)]


def connect(args: Any) -> None:
    surface = digits(args)
    points, training = timed(lambda: trained(surface, args, args.starts))
    x, told = certificates(surface, points, args)
    pairs = np.array(list(itertools.combinations(range(len(points)), 2)))
    pairs = np.random.default_rng(args.seed).permutation(pairs)[: args.pairs]
    method = js.AutoNEB(images=5, insertions=1, steps=args.band_steps)
    fields: dict[str, Any] = {}
    clock = Clock()
    for name, align in (("aligned", True), ("as_trained", False)):
        with clock:
            found = js.mode_connectivity(surface, x, pairs=pairs, method=method, align=align)
        for kind, linear in (("straight", True), ("band", False)):
            barriers = found.barriers(linear=linear)[tuple(pairs.T)]
            fields[f"{name}_{kind}"] = [round(float(b), 5) for b in barriers]
            fields[f"{name}_{kind}_profiles"] = along(found, linear=linear)
        fields[f"{name}_accuracy"] = accuracies(surface, x, found)
        fields[f"{name}_evaluations"] = found.evaluations
    show(
        row(
            "learning, connect",
            training,
            parameters=surface.dim,
            samples=args.samples,
            l2=args.l2,
            copies=len(points),
            training_evaluations=int(points.evaluations.sum()),
            **told,
            pairs=len(pairs),
            connect_cpu_s=round(clock.cpu, 1),
            **fields,
        )
    )


def size(args: Any) -> None:
    surface = digits(args)
    program = 0 if args.hidden == [4] else peak_of_a_small_one(args)
    bound = js.memory_bound(surface, lanes=2, images=5)
    print(bound, flush=True) if args.verbose else None
    points, training = timed(lambda: trained(surface, args, 2))
    x, told = certificates(surface, points, args)
    method = js.AutoNEB(images=5, insertions=0, steps=args.band_steps)
    clock = Clock()
    with clock:
        found = js.mode_connectivity(surface, x, method=method, align=args.align)
    show(
        row(
            "learning, size",
            training,
            parameters=surface.dim,
            samples=args.samples,
            l2=args.l2,
            training_evaluations=int(points.evaluations.sum()),
            **told,
            straight=round(float(found.barriers(linear=True)[0, 1]), 5),
            band=round(float(found.barriers()[0, 1]), 5),
            path_cpu_s=round(clock.cpu, 1),
            bound_mib=round(bound.total / 2**20),
            peak_mib=peak(),
            program_mib=program,
            dense_hessian_mib=round(8 * surface.dim**2 / 2**20),
        )
    )


def peak(who: int = resource.RUSAGE_SELF) -> int:
    """Largest resident size so far, in MiB."""
    return resource.getrusage(who).ru_maxrss // 1024


def peak_of_a_small_one(args: Any) -> int:
    """What the same takes with 310 parameters: Python, JAX, and what XLA needs to compile."""
    words = ["--size", "--hidden", 4, "--samples", 50, "--l2", args.l2, "--band-steps", 2]
    subprocess.run(
        [sys.executable, __file__, *map(str, words)], check=True, stdout=subprocess.DEVNULL
    )
    return peak(resource.RUSAGE_CHILDREN)


def main(argv: list[str] | None = None) -> None:
    parser = options(
        __doc__,
        starts=64,
        seed=0,
        samples=300,
        tolerance=1e-6,
        l2=1e-2,
        steps=5000,
        pairs=28,
        band_steps=20,
        max_steps=100_000,
        escapes=8,
    )
    parser.add_argument("--hidden", nargs="+", type=int, default=[10])
    parser.add_argument(
        "--peers", nargs="*", choices=("optax", "scipy"), default=("optax", "scipy")
    )
    parser.add_argument("--connect", action="store_true")
    parser.add_argument("--size", action="store_true")
    parser.add_argument("--align", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--verbose", action="store_true", help="print the bound as a table")
    args = parser.parse_args(argv)
    (connect if args.connect else size if args.size else race)(args)


if __name__ == "__main__":
    main()
