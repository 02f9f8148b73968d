"""One energy and gradient of a Lennard-Jones crystal by pele's C++ sum over all pairs.

python pele_near_pairs.py --cells 5 8 10

pele 0.1.2 has lists of neighbours for other laws only.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from _common import options, show
from near_pair_cases import CUTOFF, crystal, least_cpu_ms
from pele.potentials import LJCut


def main() -> None:
    parser = options(__doc__, calls=3)
    parser.add_argument("--cells", type=int, nargs="+", default=[5, 8, 10])
    args = parser.parse_args()
    for cells in args.cells:
        x, edge = crystal(cells)
        potential = LJCut(rcut=CUTOFF, boxl=np.full(3, edge))
        show(
            {
                "benchmark": "near pairs",
                "program": "pele",
                "version": version("pele"),
                "by": "all pairs",
                "n_atoms": len(x) // 3,
                "cpu_ms": least_cpu_ms(lambda p=potential, y=x: p.getEnergyGradient(y), args.calls),
            }
        )


if __name__ == "__main__":
    main()
