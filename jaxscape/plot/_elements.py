"""How elements are drawn: the colours viewers agree on, and the sizes of balls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from jaxscape.plot._style import CYCLE
from jaxscape.symmetry._bonds import BONDED, RADII

# Atoms that are no elements are joined up to this multiple of the usual distance between nearest
# ones: the second shell of close packing is at 1.41.
NEIGHBOURS = 1.22

# Those of Jmol, http://jmol.sourceforge.net/jscolors, carbon darker to stand out from hydrogen.
_TABLE = """
    H ffffff He d9ffff Li cc80ff Be c2ff00 B ffb5b5 C 606060 N 3050f8 O ff0d0d F 90e050 Ne b3e3f5
    Na ab5cf2 Mg 8aff00 Al bfa6a6 Si f0c8a0 P ff8000 S e6c820 Cl 1ff01f Ar 80d1e3 K 8f40d4
    Ca 3dff00 Sc e6e6e6 Ti bfc2c7 V a6a6ab Cr 8a99c7 Mn 9c7ac7 Fe e06633 Co f090a0 Ni 50d050
    Cu c88033 Zn 7d80b0 Ga c28f8f Ge 668f8f As bd80e3 Se ffa100 Br a62929 Kr 5cb8d1 Rb 702eb0
    Sr 00ff00 Y 94ffff Zr 94e0e0 Nb 73c2c9 Mo 54b5b5 Tc 3b9e9e Ru 248f8f Rh 0a7d8c Pd 006985
    Ag c0c0c0 Cd ffd98f In a67573 Sn 668080 Sb 9e63b5 Te d47a00 I 940094 Xe 429eb0 Cs 57178f
    Ba 00c900 La 70d4ff Ce ffffc7 Pr d9ffc7 Nd c7ffc7 Pm a3ffc7 Sm 8fffc7 Eu 61ffc7 Gd 45ffc7
    Tb 30ffc7 Dy 1fffc7 Ho 00ff9c Er 00e675 Tm 00d452 Yb 00bf38 Lu 00ab24 Hf 4dc2ff Ta 4da6ff
    W 2194d6 Re 267dab Os 266696 Ir 175487 Pt d0d0e0 Au ffd123 Hg b8b8d0 Tl a6544d Pb 575961
    Bi 9e4fb5 Po ab5c00 At 754f45 Rn 428296 Fr 420066 Ra 007d00 Ac 70abfa Th 00baff Pa 00a1ff
    U 008fff Np 0080ff Pu 006bff Am 545cf2 Cm 785ce3
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


def looks(species: Sequence[str], usual: float) -> dict[str, list]:
    """What pages know of atoms: colours, radii of balls, and how far their bonds reach.

    Two atoms are joined up to the sum of their reaches; `usual` is the usual distance between
    neighbours, for atoms that are no elements.
    """
    if elements(species):
        sizes, reach = balls(species), BONDED * radii(species)
    else:
        sizes, reach = (np.full(len(species), s * usual) for s in (0.31, 0.5 * NEIGHBOURS))
    return {"shades": shades(species), "balls": sizes.tolist(), "reach": reach.tolist()}
