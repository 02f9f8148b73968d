"""How elements are drawn: the colours viewers agree on, and the sizes of balls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from jaxscape.plot._style import CYCLE
from jaxscape.symmetry._bonds import RADII

# Those of Jmol, http://jmol.sourceforge.net/jscolors, carbon darker to stand out from hydrogen.
_TABLE = """
    H ffffff He d9ffff Li cc80ff Be c2ff00 B ffb5b5 C 606060 N 3050f8 O ff0d0d F 90e050 Ne b3e3f5
    Na ab5cf2 Mg 8aff00 Al bfa6a6 Si f0c8a0 P ff8000 S e6c820 Cl 1ff01f Ar 80d1e3 K 8f40d4
    Ca 3dff00 Ti bfc2c7 V a6a6ab Cr 8a99c7 Mn 9c7ac7 Fe e06633 Co f090a0 Ni 50d050 Cu c88033
    Zn 7d80b0 Ga c28f8f Ge 668f8f As bd80e3 Se ffa100 Br a62929 Kr 5cb8d1 Pd 006985 Ag c0c0c0
    Sn 668080 I 940094 Pt d0d0e0 Au ffd123
""".split()
COLOURS: dict[str, str] = {
    kind: f"#{shade}" for kind, shade in zip(_TABLE[::2], _TABLE[1::2], strict=True)
}


def elements(species: Sequence[str]) -> bool:
    """Whether all of these are chemical elements whose colours and radii are known."""
    return len(species) > 0 and all(kind in COLOURS and kind in RADII for kind in species)


def radii(species: Sequence[str]) -> Float[np.ndarray, " atoms"]:
    """Covalent radii in Angstrom."""
    return np.array([RADII[kind] for kind in species])


def balls(species: Sequence[str]) -> Float[np.ndarray, " atoms"]:
    """Radii of the balls, in Angstrom: hydrogen is small, but seen."""
    return 0.16 + 0.32 * radii(species)


def shades(species: Sequence[str]) -> list[str]:
    """A colour for each atom; kinds that are no elements take turns."""
    if elements(species):
        return [COLOURS[kind] for kind in species]
    kinds = sorted(set(species))
    return [CYCLE[kinds.index(kind) % len(CYCLE)] for kind in species]


def looks(species: Sequence[str]) -> dict[str, list]:
    """What pages know of atoms: colours, and of elements radii of bonds and balls."""
    found: dict[str, list] = {"shades": shades(species)}
    if elements(species):
        found |= {"covalent": radii(species).tolist(), "balls": balls(species).tolist()}
    return found
