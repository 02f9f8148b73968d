"""Quench random Lennard-Jones starts with pele's C++ L-BFGS on its C++ potential.

python pele_quench.py --atoms 38 --quenches 1000 [--starts starts38.npy]
"""

from __future__ import annotations

import numpy as np
from _common import Clock, load_starts, options, quench_row, show, starts_options
from pele.optimize import lbfgs_cpp
from pele.potentials import LJ


def main() -> None:
    parser = options(
        __doc__,
        atoms=38,
        quenches=1000,
        seed=0,
        tolerance=1e-5,
        memory=4,
        max_step=0.1,
        max_steps=100_000,
    )
    args = starts_options(parser).parse_args()
    starts, potential, clock = load_starts(args, args.quenches), LJ(), Clock()
    settings = dict(tol=args.tolerance, M=args.memory, maxstep=args.max_step, nsteps=args.max_steps)
    lbfgs_cpp(starts[0], potential, **settings)
    with clock:
        found = [lbfgs_cpp(x, potential, **settings) for x in starts]
    evaluations = np.array([r.nfev for r in found], dtype=float)
    row = quench_row(
        "pele lbfgs_cpp", "pele", args, clock, [np.array(r.coords) for r in found], evaluations
    )
    show(row | {"memory": args.memory, "max_step": args.max_step})


if __name__ == "__main__":
    main()
