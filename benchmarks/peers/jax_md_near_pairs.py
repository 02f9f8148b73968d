"""One energy and gradient of a Lennard-Jones crystal by jax-md's neighbour lists.

python jax_md_near_pairs.py --cells 5 8 10 13
"""

from __future__ import annotations

from importlib.metadata import version

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
from _common import options, show  # noqa: E402
from jax_md import energy, partition, space  # noqa: E402
from near_pair_cases import CUTOFF, SKIN, crystal, least_cpu_ms  # noqa: E402


def main() -> None:
    parser = options(__doc__, calls=10)
    parser.add_argument("--cells", type=int, nargs="+", default=[5, 8, 10, 13])
    args = parser.parse_args()
    for cells in args.cells:
        x, edge = crystal(cells)
        atoms = jnp.asarray(x.reshape(-1, 3))
        displacement, _ = space.periodic(edge)
        for form in (partition.Sparse, partition.OrderedSparse, partition.Dense):
            neighbours, function = energy.lennard_jones_neighbor_list(
                displacement, edge, r_onset=2.0, r_cutoff=CUTOFF, dr_threshold=SKIN, format=form
            )
            near = neighbours.allocate(atoms)
            call = jax.jit(jax.value_and_grad(lambda r, n, f=function: f(r, neighbor=n)))
            show(
                {
                    "benchmark": "near pairs",
                    "program": "jax-md",
                    "version": version("jax-md"),
                    "jax": jax.__version__,
                    "by": form.name,
                    "n_atoms": len(atoms),
                    "cpu_ms": least_cpu_ms(
                        lambda c=call, n=near, r=atoms: jax.block_until_ready(c(r, n)), args.calls
                    ),
                }
            )


if __name__ == "__main__":
    main()
