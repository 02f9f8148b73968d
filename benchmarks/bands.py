"""Evaluations of elastic bands and strings, from several first guesses, to converged paths.

    python benchmarks/bands.py                      # LJ7, and pentane by MMFF94
    python benchmarks/bands.py --systems lj7 hcn    # HCN to HNC by GFN2-xTB

A row for each method and first guess: evaluations until the forces across the path vanish, and
how far the first guess and the converged path rise above the higher of their ends.
"""

from __future__ import annotations

import jax
import numpy as np
from _measure import Clock, js, options, show


def lj7(seed: int):
    """All pairs of the four minima."""
    surface = js.systems.lennard_jones(7)
    found = js.minimise(surface, surface.sample(jax.random.key(seed), 64))
    x = found.x[np.unique(found.energy.round(6), return_index=True)[1]]
    a, b = np.triu_indices(len(x), 1)
    return surface, x[a], x[b], {"geodesic": js.Geodesic()}


def pentane(seed: int):
    """Conformers next to each other: one dihedral turned."""
    surface = js.adapters.rdkit("CCCCC", conformers=1)
    turns = [(180, 180), (180, 65), (65, 65), (65, -95)]
    starts = js.with_dihedrals(
        np.asarray(surface.sampler.points[0]), [(0, 1, 2, 3), (1, 2, 3, 4)], turns,
        surface.symmetry.bonds,
    )  # fmt: skip
    x = js.minimise(surface, starts).x
    guesses = {"geodesic": js.Geodesic(surface.symmetry.species)}
    guesses["dihedrals"] = js.DihedralInterpolation(surface.symmetry.bonds)
    return surface, x[:-1], x[1:], guesses


def hcn(seed: int):
    """The hydrogen of HCN goes to the nitrogen; GFN2-xTB."""
    from ase import Atoms
    from tblite.ase import TBLite

    ends = [[[0, 0, -1.07], [0, 0, 0], [0, 0, 1.15]], [[0, 0.02, 2.16], [0, 0, 0], [0, 0, 1.17]]]
    calculator = TBLite(method="GFN2-xTB", verbosity=0, accuracy=0.01)
    surface = js.adapters.ase(calculator, [Atoms("HCN", e) for e in ends], workers=0)
    x = js.minimise(surface, surface.sampler.points).x
    return surface, x[:1], x[1:], {"geodesic": js.Geodesic("HCN")}


SYSTEMS = {"lj7": (lj7, 1e-2), "pentane": (pentane, 5e-2), "hcn": (hcn, 5e-2)}


def main(words: list[str] | None = None) -> None:
    parser = options(__doc__, seed=0)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=["lj7", "pentane"])
    parser.add_argument("--images", type=int, default=13)
    parser.add_argument("--steps", type=int, default=1000, help="at most so many")
    args = parser.parse_args(words)
    for name in args.systems:
        make, tolerance = SYSTEMS[name]
        surface, start, end, more = make(args.seed)
        for guess, bend in ({"line": None, "IDPP": js.IDPP()} | more).items():
            for method in (js.NEB, js.String):
                kind = method(images=args.images, interpolation=bend)
                first = js.neb(surface, start, end, method=kind, max_steps=1)
                clock = Clock()
                with clock:
                    paths = js.neb(
                        surface, start, end, method=kind, tolerance=tolerance, max_steps=args.steps
                    )
                higher = np.maximum(paths.energies[:, 0], paths.energies[:, -1])
                show(
                    {
                        "benchmark": f"paths, {name}",
                        "program": "jaxscape",
                        "method": f"{method.__name__}, {guess}",
                        "paths": len(paths),
                        "converged": int(paths.ok.sum()),
                        "rms_tolerance": tolerance,
                        "mean_evaluations": float(paths.evaluations.mean()),
                        "first_top": float(np.mean(first.energies.max(axis=1) - higher)),
                        "top": float(np.mean(paths.energies.max(axis=1) - higher)),
                        "cpu_s": round(clock.cpu, 2),
                    }
                )


if __name__ == "__main__":
    main()
