"""Minimise thousands of Lennard-Jones atoms with jax-md's FIRE and its neighbour lists.

python jax_md_large_quench.py --cells 10
"""

from __future__ import annotations

from importlib.metadata import version

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
from _common import Clock, options, show  # noqa: E402
from jax_md import energy, minimize, partition, space  # noqa: E402
from near_pair_cases import CUTOFF, SKIN, crystal  # noqa: E402

STEPS = 20  # between looks at the gradient, and new lists


def main() -> None:
    parser = options(__doc__, cells=10, tolerance=1e-6, max_steps=5000)
    args = parser.parse_args()
    x, edge = crystal(args.cells)
    atoms = jnp.asarray(x.reshape(-1, 3))
    displacement, shift = space.periodic(edge)
    # The same law: cut at the same distance, energies and forces smooth there.
    neighbours, function = energy.lennard_jones_neighbor_list(
        displacement, edge, r_onset=2.0, r_cutoff=CUTOFF, dr_threshold=SKIN,
        format=partition.OrderedSparse,
    )  # fmt: skip
    init, apply = minimize.fire_descent(function, shift)

    @jax.jit
    def some(state, near):
        state = jax.lax.fori_loop(0, STEPS, lambda _, s: apply(s, neighbor=near), state)
        return state, jnp.sqrt(jnp.mean(state.force**2))

    for most in (1, args.max_steps):  # the first compiles
        clock, steps, rms = Clock(), 0, jnp.inf
        with clock:
            near = neighbours.allocate(atoms)
            state = init(atoms, neighbor=near)
            while float(rms) > args.tolerance and steps < most:
                state, rms = some(state, near)
                near = near.update(state.position)
                if near.did_buffer_overflow:
                    near = neighbours.allocate(state.position)
                steps += STEPS
    show(
        {
            "benchmark": "large quench",
            "program": "jax-md FIRE",
            "version": version("jax-md"),
            "jax": jax.__version__,
            "n_atoms": len(atoms),
            "rms_tolerance": args.tolerance,
            "rms_gradient": float(rms),
            "evaluations": steps,
            "energy_per_atom": float(function(state.position, neighbor=near)) / len(atoms),
            "cpu_s": round(clock.cpu, 2),
            "wall_s": round(clock.wall, 2),
        }
    )


if __name__ == "__main__":
    main()
