"""Quench Lennard-Jones starts with SciPy's L-BFGS-B and ASE's LBFGS.

SciPy gets the numpy energy and gradient of `_common.py`; its own stop is switched off in favour of
the RMS gradient. ASE gets its own LennardJones calculator, without a cutoff that matters.

    python python_minimisers.py --atoms 13 --quenches 100 [--starts starts13.npy]
"""

from __future__ import annotations

import warnings

import numpy as np
from _common import (
    Array,
    Clock,
    energy_gradient,
    load_starts,
    options,
    quench_row,
    show,
    starts_options,
)
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.optimize import LBFGS
from scipy.optimize import minimize


def scipy_quench(x: Array, tolerance: float, max_steps: int) -> tuple[Array, int]:
    """L-BFGS-B, stopped by the RMS gradient of an accepted step."""
    last: dict[str, Array] = {}

    def function(y: Array) -> tuple[float, Array]:
        energy, gradient = energy_gradient(y)
        last["x"], last["g"] = y.copy(), gradient
        return energy, gradient

    def stop(intermediate_result: object) -> None:
        if np.sqrt(np.mean(last["g"] ** 2)) <= tolerance:
            raise StopIteration

    result = minimize(
        function,
        x,
        jac=True,
        method="L-BFGS-B",
        callback=stop,
        options={
            "ftol": 0.0,
            "gtol": 0.0,
            "maxiter": max_steps,
            "maxfun": 10 * max_steps,
            "maxcor": 10,
        },
    )
    return result.x, result.nfev


class RmsLBFGS(LBFGS):
    """ASE stops on the largest force of an atom; here the RMS gradient decides, as elsewhere."""

    rms_tolerance = 1e-5

    def gradient_converged(self, gradient: Array) -> bool:
        return float(np.sqrt(np.mean(np.asarray(gradient) ** 2))) <= self.rms_tolerance


class Counted(LennardJones):
    calls = 0

    def calculate(self, *args: object, **kwargs: object) -> None:
        self.calls += 1
        super().calculate(*args, **kwargs)


def ase_quench(x: Array, tolerance: float, max_steps: int) -> tuple[Array, int]:
    atoms = Atoms(f"Ar{x.size // 3}", positions=x.reshape(-1, 3))
    atoms.calc = Counted(sigma=1.0, epsilon=1.0, rc=1e3, smooth=False)
    optimiser = RmsLBFGS(atoms, logfile=None)
    optimiser.rms_tolerance = tolerance
    optimiser.run(fmax=tolerance, steps=max_steps)
    return atoms.positions.ravel().copy(), atoms.calc.calls


def main() -> None:
    parser = options(__doc__, atoms=13, quenches=100, seed=0, tolerance=1e-5, max_steps=5_000)
    parser.add_argument("--peers", nargs="+", choices=("scipy", "ase"), default=("scipy", "ase"))
    args = starts_options(parser).parse_args()
    warnings.simplefilter("ignore")
    starts = load_starts(args, args.quenches)
    peers = {"scipy": ("scipy L-BFGS-B", scipy_quench), "ase": ("ase LBFGS", ase_quench)}
    for distribution in args.peers:
        name, quench = peers[distribution]
        clock = Clock()
        with clock:
            found = [quench(x, args.tolerance, args.max_steps) for x in starts]
        evaluations = np.array([calls for _, calls in found], dtype=float)
        show(quench_row(name, distribution, args, clock, [x for x, _ in found], evaluations))


if __name__ == "__main__":
    main()
