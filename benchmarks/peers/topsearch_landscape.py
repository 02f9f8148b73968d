"""The LJ8 landscape with topsearch, set up as in its own atomic example (there for LJ7).

Basin-hopping, then connection attempts between nearest minima, repeated until the CPU budget is
spent (the example makes one round). Every stored point is judged by an analytic gradient and
Hessian; to be generous, points that a few Newton steps carry to a true stationary point within 0.1
count as distinct ones too.

    python topsearch_landscape.py --budget 240
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import warnings
from importlib.metadata import version

import numpy as np
from _common import (
    Array,
    Distinct,
    energy_gradient,
    hessian,
    index,
    options,
    quiet,
    rms_gradient,
    show,
)
from topsearch.data.coordinates import AtomicCoordinates
from topsearch.data.kinetic_transition_network import KineticTransitionNetwork
from topsearch.global_optimisation.basin_hopping import BasinHopping
from topsearch.global_optimisation.perturbations import AtomicPerturbation
from topsearch.potentials.atomic import LennardJones
from topsearch.sampling.exploration import NetworkSampling
from topsearch.similarity.molecular_similarity import MolecularSimilarity
from topsearch.transition_states.hybrid_eigenvector_following import HybridEigenvectorFollowing
from topsearch.transition_states.nudged_elastic_band import NudgedElasticBand


class Spent(Exception):
    """The CPU budget is used up."""


class Budgeted(LennardJones):
    """topsearch's own potential, which stops the run when the budget is spent."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = time.process_time() + seconds
        self.calls = 0

    def _count(self) -> None:
        self.calls += 1
        if time.process_time() > self.end:
            raise Spent

    def gradient(self, position: Array) -> Array:
        self._count()
        return super().gradient(position)

    def function_gradient(self, position: Array) -> tuple[float, Array]:
        self._count()
        return super().function_gradient(position)


def polished(x: Array, steps: int = 20) -> Array | None:
    """The stationary point that Newton steps reach from `x` within 0.1, if any."""
    y = x.copy()
    for _ in range(steps):
        if rms_gradient(y) < 1e-10:
            break
        y = y - np.linalg.pinv(hessian(y), rcond=1e-7) @ energy_gradient(y)[1]
        if np.linalg.norm(y - x) > 0.1:
            return None
    return y if rms_gradient(y) < 1e-8 else None


def judge(points: list[Array], wanted: int) -> dict[str, int]:
    rms = np.array([rms_gradient(x) for x in points])
    distinct = Distinct()
    for x in points:
        y = polished(x)
        if y is not None and index(y) == wanted:
            distinct.add(y, energy_gradient(y)[0])
    return {
        "stored": len(points),
        "rms_below_1e-6": int(np.sum(rms < 1e-6)),
        "rms_below_1e-4": int(np.sum(rms < 1e-4)),
        "distinct_true_after_polish": len(distinct),
    }


def main() -> None:
    parser = options(__doc__, budget=240.0, seed=0, hops=150, neighbours=4)
    parser.add_argument("--tolerances", choices=("documented", "tight"), default="documented")
    args = parser.parse_args()
    tight = args.tolerances == "tight"
    minimum_tolerance, state_tolerance = (1e-6, 1e-6) if tight else (1e-5, 1e-4)
    warnings.simplefilter("ignore")
    random.seed(args.seed)
    np.random.seed(args.seed)
    cube = 3.0 * np.array(list(np.ndindex(2, 2, 2)), dtype=float)
    coords = AtomicCoordinates(atom_labels=["C"] * 8, position=cube.ravel(), bond_cutoff=1.5)
    # The package writes its log to the current folder.
    os.chdir(tempfile.mkdtemp())
    cpu, wall = time.process_time(), time.perf_counter()
    potential = Budgeted(args.budget)
    similarity = MolecularSimilarity(distance_criterion=0.1, energy_criterion=5e-2, weighted=False)
    network = KineticTransitionNetwork()
    hopping = BasinHopping(
        ktn=network,
        potential=potential,
        similarity=similarity,
        step_taking=AtomicPerturbation(max_displacement=0.5, max_atoms=3),
    )
    following = HybridEigenvectorFollowing(
        potential=potential,
        ts_conv_crit=state_tolerance,
        ts_steps=150,
        pushoff=1e-1,
        steepest_descent_conv_crit=min(1e-6, 0.1 * state_tolerance),
        max_uphill_step_size=0.3,
        positive_eigenvalue_step=0.3,
    )
    band = NudgedElasticBand(
        potential=potential,
        force_constant=50.0,
        image_density=10.0,
        max_images=20,
        neb_conv_crit=1e-2,
    )
    explorer = NetworkSampling(
        ktn=network,
        coords=coords,
        global_optimiser=hopping,
        single_ended_search=following,
        double_ended_search=band,
        similarity=similarity,
    )
    rounds, error, hopping_cpu = 0, None, 0.0
    with quiet():
        try:
            explorer.get_minima(coords, args.hops, minimum_tolerance, 1.0, test_valid=True)
            hopping_cpu = time.process_time() - cpu
            while True:
                before = potential.calls
                explorer.get_transition_states(
                    "ClosestEnumeration", args.neighbours + rounds, remove_bounds_minima=False
                )
                rounds += 1
                if potential.calls == before:
                    break
        except Spent:
            pass
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    minima = [np.array(network.get_minimum_coords(i), dtype=float) for i in range(network.n_minima)]
    states = [np.array(network.get_ts_coords(u, v), dtype=float) for u, v in network.G.edges]
    show(
        {
            "benchmark": "landscape",
            "peer": f"topsearch, {args.tolerances} tolerances",
            "version": version("topsearch"),
            "scipy": version("scipy"),
            "n_atoms": 8,
            "seed": args.seed,
            "minima": judge(minima, 0),
            "transition_states": judge(states, 1),
            "rounds_of_connections": rounds,
            "gradient_calls": potential.calls,
            "stopped_by": error
            or ("budget" if potential.end < time.process_time() else "nothing left to try"),
            "basin_hopping_cpu_s": round(hopping_cpu, 2),
            "cpu_s": round(cpu, 2),
            "wall_s": round(wall, 2),
        }
    )


if __name__ == "__main__":
    main()
