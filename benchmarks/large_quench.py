"""Minimise thousands of Lennard-Jones atoms in a periodic cell.

    python benchmarks/large_quench.py --cells 10

The crystals of `near_pair_cases.py`, pairs cut off at 2.5, to an RMS gradient of 1e-6.
`--certify` adds the certificate: Newton's method and the lowest eigenvalue, by Hessian-vector
products. Memory is the peak of the process, compiling included, and `dense_mib` what one dense
Hessian would take.
"""

from __future__ import annotations

import resource

import jax
from _measure import Clock, flag, js, options, show
from near_pair_cases import CUTOFF, SKIN, crystal


def main(words: list[str] | None = None) -> None:
    parser = options(__doc__, cells=10, tolerance=1e-6)
    flag(parser, "certify", "certify the minimum")
    args = parser.parse_args(words)
    x, edge = crystal(args.cells)
    pairs = js.potentials.Periodic(js.potentials.LennardJones(), [edge] * 3, cutoff=CUTOFF)
    surface = js.Surface(
        js.potentials.Listed(pairs, x, skin=SKIN),
        symmetry=js.symmetry.Crystal(cell=[edge] * 3),
        dim=x.size,
    )
    for _ in range(2):  # the first compiles
        clock = Clock()
        with clock:
            found = js.minimise(surface, x[None], tolerance=args.tolerance, certify=args.certify)
    show(
        {
            "benchmark": "large quench",
            "program": "jaxscape",
            "jax": jax.__version__,
            "n_atoms": x.size // 3,
            "certified": args.certify,
            "ok": bool(found.ok[0]),
            "index": int(found.index[0]),
            "lowest_eigenvalue": None if not args.certify else float(found.lowest_eigenvalue[0]),
            "rms_tolerance": args.tolerance,
            "rms_gradient": float(found.rms_gradient[0]),
            "evaluations": int(found.evaluations[0]),
            "energy_per_atom": float(found.energy[0]) / (x.size // 3),
            "cpu_s": round(clock.cpu, 2),
            "wall_s": round(clock.wall, 2),
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "dense_mib": round(8 * x.size**2 / 2**20),
        }
    )


if __name__ == "__main__":
    main()
