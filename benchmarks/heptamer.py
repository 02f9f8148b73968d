"""Saddles out of the compact platinum heptamer, from the same displacements as ASE's dimer method.

    python benchmarks/heptamer.py --starts 48

Each start moves one atom of the island and its neighbours by 1 to 3 Angstrom; the first mode is
that displacement. Both search until no atom feels more than 0.001 eV/Angstrom (ours stops on the
root mean square that implies it), on the same energy: ASE's dimer method gets it as a calculator.
Points count as saddles if a dense Hessian has exactly one negative eigenvalue. One thread.

OptBench's task, http://optbench.org/hTST.html, is to find all 15 saddles below 1.3 eV: `--all`
explores until they are in, and tells how many evaluations that took.
"""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _measure import Array, Clock, flag, js, options, show

FORCE = 1e-3  # eV / Angstrom, of any atom
KNOWN = {0.601: 2, 0.620: 1, 0.986: 2, 0.987: 2, 0.989: 2, 1.196: 2, 1.197: 2, 1.207: 2}


def starts(surface: Any, compact: Array, count: int, seed: int) -> tuple[Array, Array]:
    """Points and first modes `[count, dim]`."""
    rng = np.random.default_rng(seed)
    atoms = compact.reshape(-1, 3)
    directions = np.zeros((count, *atoms.shape))
    for one in directions:
        apart = surface.symmetry.nearest_image(atoms - atoms[rng.integers(7)])
        near = np.linalg.norm(apart, axis=1) <= 3.5
        one[near] = rng.normal(size=(int(near.sum()), 3))
    modes = directions.reshape(count, -1)
    modes /= np.linalg.norm(modes, axis=1, keepdims=True)
    return compact + 3.0 ** rng.uniform(size=(count, 1)) * modes, modes


def ours(surface: Any, x0: Array, modes: Array, steps: int) -> tuple[Array, Array, Clock]:
    from jaxscape.search.transition_states import follow

    method, rms = js.HybridEigenvectorFollowing(), FORCE / x0.shape[1] ** 0.5
    clock = Clock()
    for limit in (1, steps):  # the first compiles
        clock = Clock()
        with clock:
            found, _ = follow(surface, x0, modes, method, rms, limit, None, False, js.Budget())
    return np.asarray(found.x), np.asarray(found.evaluations), clock


def dimers(surface: Any, x0: Array, modes: Array, steps: int) -> tuple[Array, Array, Clock]:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from ase.mep import DimerControl, MinModeAtoms, MinModeTranslate

    call = jax.jit(lambda x: surface.value_and_grad(x))

    class Counted(Calculator):
        implemented_properties = ["energy", "forces"]
        calls = 0

        def calculate(self, atoms=None, properties=("energy",), system_changes=()):
            super().calculate(atoms, properties, system_changes)
            self.calls += 1
            energy, gradient = call(jnp.asarray(self.atoms.positions.ravel()))
            self.results = {"energy": float(energy), "forces": -np.asarray(gradient).reshape(-1, 3)}

    jax.block_until_ready(call(jnp.asarray(x0[0])))
    clock, points, evaluations = Clock(), [], []
    for x, mode in zip(x0, modes, strict=True):
        atoms = Atoms(f"Pt{x.size // 3}", positions=x.reshape(-1, 3))
        atoms.calc = Counted()
        control = DimerControl(logfile=None)
        with clock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dimer = MinModeAtoms(atoms, control, eigenmodes=[mode.reshape(-1, 3)], random_seed=0)
            try:
                MinModeTranslate(dimer, logfile=None).run(fmax=FORCE, steps=steps)
            except (RuntimeError, ValueError):
                pass  # diverged; what it cost counts
        points.append(atoms.positions.ravel().copy())
        evaluations.append(atoms.calc.calls)
    return np.array(points), np.array(evaluations), clock


def judged(surface: Any, compact: float, x: Array) -> tuple[Array, Array]:
    """Which points are saddles `[count]`, and their energies above the compact island."""
    energy, gradient = (np.asarray(v) for v in jax.lax.map(surface.value_and_grad, jnp.asarray(x)))
    forces = np.linalg.norm(gradient.reshape(len(x), -1, 3), axis=2).max(axis=1)
    good = forces <= FORCE * (1 + 1e-6)
    hessian = jax.jit(lambda point: surface.hessian(point))
    for row in np.flatnonzero(good):
        lowest = np.linalg.eigvalsh(np.asarray(hessian(jnp.asarray(x[row]))))[:2]
        good[row] = lowest[0] < -1e-3 and lowest[1] > 1e-3
    return good, energy - compact


def everything(surface: Any, compact: Array, seed: int, searches: int) -> dict[str, Any]:
    """Explore until all saddles of OptBench's list are in."""
    landscape, clock = js.Landscape(surface), Clock()
    missing = set(KNOWN)
    while missing and len(landscape.attempts) < searches:
        with clock:
            js.explore(
                surface, None if len(landscape.minima) else compact[None], landscape=landscape,
                key=jax.random.key(seed), searches=32, batch=32, connect=False, max_steps=250,
                strategy=js.strategies.SingleEnded(minima=(0,), centres=tuple(range(7))),
                method=js.HybridEigenvectorFollowing(), displacement=(1.0, 3.0), progress=False,
            )  # fmt: skip
        states, energy = landscape.transition_states, landscape.minima.energy[0]
        out = (states.plus == 0) | (states.minus == 0)
        missing = {b for b in KNOWN if not np.any(np.abs(states.energy[out] - energy - b) < 5e-4)}
    return {
        "benchmark": "all saddles out of the compact Pt heptamer below 1.3 eV",
        "program": "jaxscape",
        "jax": jax.__version__,
        "searches": len(landscape.attempts) - 1,
        "evaluations": int(landscape.attempts.evaluations.sum()),
        "found": sum(copies for barrier, copies in KNOWN.items() if barrier not in missing),
        "wanted": sum(KNOWN.values()),
        "cpu_s": round(clock.cpu, 1),
        "wall_s": round(clock.wall, 1),
    }


def main(words: list[str] | None = None) -> None:
    parser = options(__doc__, starts=48, seed=0, steps=500, searches=1280)
    flag(parser, "all", "explore until OptBench's 15 saddles are found")
    args = parser.parse_args(words)
    surface = js.systems.pt_heptamer()
    point = js.minimise(surface, np.asarray(surface.sampler.point)[None])
    compact, energy = np.asarray(point.x[0]), float(point.energy[0])
    if args.all:
        show(everything(surface, compact, args.seed, args.searches))
        return
    x0, modes = starts(surface, compact, args.starts, args.seed)
    from importlib.metadata import version

    for name, search in (("jaxscape", ours), ("ase", dimers)):
        x, evaluations, clock = search(surface, x0, modes, args.steps)
        good, above = judged(surface, energy, x)
        low = np.round(above[good & (above < 1.3)], 3)
        show(
            {
                "benchmark": "saddles out of the compact Pt heptamer",
                "program": name,
                "version": jax.__version__ if name == "jaxscape" else version("ase"),
                "starts": args.starts,
                "largest_force": FORCE,
                "saddles": int(good.sum()),
                "different": len(np.unique(np.round(above[good], 3))),
                "below_1.3_eV": sorted(set(low.tolist())),
                "evaluations": int(evaluations.sum()),
                "evaluations_per_search": round(float(evaluations.mean()), 1),
                "evaluations_per_saddle": round(float(evaluations.sum() / max(1, good.sum())), 1),
                "cpu_s": round(clock.cpu, 1),
            }
        )


if __name__ == "__main__":
    main()
