"""Transition-state searches from displaced Lennard-Jones minima, and from near saddles.

    python benchmarks/transition_states.py --atoms 13 --attempts 300 [--starts minima13.npy]
    python benchmarks/transition_states.py --near-saddles --attempts 100

Like `peers/pele_transition_states.py`: a minimum (not timed), every coordinate displaced by a
normal deviate of 0.1 from the same generator, a search, then downhill to either side. Timed is
all of it: search, certificate (RMS gradient below 1e-8, exactly one negative eigenvalue of the
exact Hessian), both quenches and their certificates. A success is judged once more by numpy.

`--near-saddles`: as OptBench's `tsopt`, which starts LJ38 from highest images of bands near a
transition state and stops at a gradient 2-norm of 1e-3. Its structures are not at hand, so
saddles are found here first (seed 1) and every coordinate is displaced by a normal deviate of
`--near` (0.05: about 0.53 away for LJ38). The first mode is random, and the options are those of
`HybridEigenvectorFollowing.near_saddle` unless `--defaults` is given. An energy and gradient counts
one, a Hessian-vector product two. A failure is a run that does not converge or whose point is not
of index one. `--near-saddles --bands` starts from the highest image of a loose band between the
two minima of each saddle, the protocol to the letter; the first mode is then the band's tangent.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np
from _measure import (
    Array,
    Distinct,
    both,
    energy_gradient,
    flag,
    index,
    js,
    load_starts,
    minima_from,
    options,
    random_starts,
    rms_gradient,
    row,
    show,
    starts_options,
)


def displaced(minima: Array, size: float, seed: int) -> Array:
    """The generator and the order of draws are those of the peer script."""
    return minima + size * np.random.default_rng(seed).normal(size=minima.shape)


def certified(states: js.TransitionStates, tolerance: float) -> tuple[int, int]:
    """How many are transition states with two minima, and how many different ones, by numpy."""
    good, distinct = 0, Distinct()
    for i in np.flatnonzero(states.ok):
        sides = [(np.asarray(states.x)[i], 1)]
        sides += [(np.asarray(side.x)[i], 0) for side in (states.plus, states.minus)]
        if all(rms_gradient(x) <= tolerance and index(x) == wanted for x, wanted in sides):
            good += 1
            distinct.add(sides[0][0], energy_gradient(sides[0][0])[0])
    return good, len(distinct)


def searches(args: Any, method: js.HybridEigenvectorFollowing) -> dict[str, Any]:
    surface = js.systems.lennard_jones(args.atoms)
    minima = minima_from(surface, load_starts(args, args.attempts))
    starts = displaced(minima, args.displacement, args.seed)

    def run() -> js.TransitionStates:
        return js.find_transition_states(
            surface,
            starts,
            key=jax.random.key(args.seed),
            method=method,
            lanes=args.lanes or None,
        )

    states, record, compiling = both(run, run, args.repeat)
    good, distinct = certified(states, args.tolerance)
    evaluations = sum(int(np.sum(part.evaluations)) for part in (states, states.plus, states.minus))
    return row(
        "transition states, single-ended",
        record,
        n_atoms=args.atoms,
        displacement=args.displacement,
        rms_tolerance=1e-8,
        attempts=len(starts),
        converged=int(np.sum(states.index == 1)),
        successes=good,
        distinct=distinct,
        statuses=states.counts(),
        evaluations=evaluations,
        mean_evaluations=round(evaluations / len(starts), 1),
        mean_search_evaluations=round(record.evaluations("HEFSearch") / len(starts), 1),
        cpu_ms_per_attempt=round(1e3 * record.whole.cpu / len(starts), 3),
        certified_per_cpu_s=round(good / record.whole.cpu, 2),
        **compiling,
    )


def known_saddles(surface: Any, args: Any) -> js.TransitionStates:
    minima = minima_from(surface, random_starts(args.atoms, 2 * args.attempts, 1))
    found = js.find_transition_states(
        surface, displaced(minima, args.displacement, 1), key=jax.random.key(1)
    )
    return found.take(np.flatnonzero(found.ok)[: args.attempts])


def near_saddles(args: Any, method: js.HybridEigenvectorFollowing) -> dict[str, Any]:
    surface = js.systems.lennard_jones(args.atoms)
    saddles = known_saddles(surface, args)
    if args.bands:
        x0, modes = highest_images(surface, saddles)
    else:
        x0 = displaced(np.asarray(saddles.x), args.near, 2)
        modes = np.random.default_rng(3).normal(size=x0.shape)
    follow = _follow(surface, x0, modes, method, 1e-3 / x0.shape[1] ** 0.5)
    points, record, _ = both(follow, follow, args.repeat)
    x, evaluations = np.asarray(points.x), np.asarray(points.evaluations)
    small = np.array([np.linalg.norm(energy_gradient(p)[1]) for p in x]) <= 1e-3 * (1 + 1e-6)
    # At this gradient the index is read off as it is, without polishing the point.
    good = small & (np.array([index(p, threshold=1e-3) for p in x]) == 1)
    return row(
        "transition states, near saddles" + (" (bands)" if args.bands else ""),
        record,
        n_atoms=args.atoms,
        displacement=None if args.bands else args.near,
        rms_from_saddle=round(float(np.mean(_apart(x0, np.asarray(saddles.x)))), 4),
        gradient_norm=1e-3,
        attempts=len(x0),
        failures=int(np.sum(~good)),
        unconverged=int(np.sum(~small)),
        mean_evaluations=round(float(np.mean(evaluations[good])), 1) if good.any() else None,
        median_evaluations=float(np.median(evaluations[good])) if good.any() else None,
        min_evaluations=int(np.min(evaluations)),
        max_evaluations=int(np.max(evaluations)),
        cpu_ms_per_attempt=round(1e3 * record.whole.cpu / len(x0), 3),
    )


def _apart(a: Array, b: Array) -> Array:
    return np.sqrt(np.mean((a - b) ** 2, axis=1))


def _follow(surface: Any, x0: Array, modes: Array, method: Any, rms: float) -> Any:
    """Eigenvector-following alone, not certified."""
    from jaxscape.search.transition_states import follow

    def run() -> js.StationaryPoints:
        return follow(surface, x0, modes, method, rms, 2000, None, False, js.Budget())[0]

    return run


def highest_images(surface: Any, saddles: js.TransitionStates) -> tuple[Array, Array]:
    """Of each loose band between a saddle's two minima, the highest image and its tangent."""
    ends = [np.asarray(side.x) for side in (saddles.plus, saddles.minus)]
    paths = js.neb(surface, *ends, method=js.NEB(images=9), max_steps=50)
    images, energies = np.asarray(paths.images), np.asarray(paths.energies)
    inner = 1 + np.argmax(energies[:, 1:-1], axis=1)
    rows = np.arange(len(images))
    return images[rows, inner], images[rows, inner + 1] - images[rows, inner - 1]


def main(argv: list[str] | None = None) -> None:
    parser = options(
        __doc__,
        atoms=0,
        attempts=0,
        seed=0,
        tolerance=1e-6,
        displacement=0.1,
        near=0.05,
        lanes=0,
        repeat=1,
    )
    flag(parser, "near-saddles", "start near saddles, stop at a gradient 2-norm of 1e-3")
    flag(parser, "bands", "with --near-saddles: start from highest images of bands")
    flag(parser, "defaults", "with --near-saddles: not the options meant for it")
    parser.add_argument("--write-minima", help="only write minima of random starts to this file")
    for name in ("max_uphill", "max_step", "climb"):
        parser.add_argument("--" + name.replace("_", "-"), type=float)
    for name in ("history", "mode_steps", "relaxations", "settle", "mode_products"):
        parser.add_argument("--" + name.replace("_", "-"), type=int)
    args = starts_options(parser).parse_args(argv)
    args.atoms = args.atoms or (38 if args.near_saddles else 13)
    args.attempts = args.attempts or (100 if args.near_saddles else 300)
    fields = [f.name for f in dataclasses.fields(js.HybridEigenvectorFollowing)]
    given = {name: getattr(args, name) for name in fields if getattr(args, name, None) is not None}
    near = args.near_saddles and not args.defaults
    if near and args.bands:
        # The tangent is a good mode already, and a plain step would only lose the top.
        given = {"settle": 0, "mode_products": 0} | given
    method = js.HybridEigenvectorFollowing.near_saddle() if near else None
    method = dataclasses.replace(method or js.HybridEigenvectorFollowing(), **given)
    if args.write_minima:
        surface = js.systems.lennard_jones(args.atoms)
        np.save(args.write_minima, minima_from(surface, load_starts(args, args.attempts)))
        return
    show((near_saddles if args.near_saddles else searches)(args, method) | given)


if __name__ == "__main__":
    main()
