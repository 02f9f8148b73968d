"""One energy and gradient of a Lennard-Jones crystal of thousands of atoms, by lists of near pairs.

    python benchmarks/near_pairs.py --cells 5 8 10 13

Atoms near the sites of `cells^3` face-centred cubes at density 1, pairs cut off at 2.5. Three rows
a size: where the list holds, where atoms have left its skin (boxes), and the sum over all pairs.
The least of some calls counts. `peers/jax_md_near_pairs.py` and `pele_near_pairs.py` do the same.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _measure import js, options, show
from near_pair_cases import SKIN, crystal, least_cpu_ms


def main(argv: list[str] | None = None) -> None:
    parser = options(__doc__, calls=10)
    parser.add_argument("--cells", type=int, nargs="+", default=[5, 8, 10, 13])
    args = parser.parse_args(argv)
    call = eqx.filter_jit(lambda potential, x: potential.energy_and_gradient(x))
    for cells in args.cells:
        x, edge = crystal(cells)
        pairs = js.potentials.Periodic(js.potentials.LennardJones(), [edge] * 3, cutoff=2.5)
        listed = js.potentials.Listed(pairs, x, skin=SKIN)
        # A kick to one atom, after which the list no longer holds.
        kicked = x.copy()
        kicked[0] += SKIN
        for name, potential, point in (
            ("list", listed, x),
            ("boxes", listed, kicked),
            ("all pairs", pairs, x),
        ):
            point = jnp.asarray(point)
            energy, gradient = call(potential, point)
            wanted = call(pairs, point)
            np.testing.assert_allclose(energy, wanted[0], rtol=1e-11)
            np.testing.assert_allclose(gradient, wanted[1], atol=1e-8)
            show(
                {
                    "benchmark": "near pairs",
                    "program": "jaxscape",
                    "jax": jax.__version__,
                    "by": name,
                    "n_atoms": len(x) // 3,
                    "cpu_ms": least_cpu_ms(
                        lambda p=potential, y=point: jax.block_until_ready(call(p, y)), args.calls
                    ),
                }
            )


if __name__ == "__main__":
    main()
