"""Molecules from SMILES: MMFF94 with RDKit's parameters, and conformers to start from."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.adapters._arguments import missing
from jaxscape.adapters._mmff import force_field
from jaxscape.adapters._starts import Rattled
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Molecule

if TYPE_CHECKING:
    from rdkit.Chem import Mol

_VARIANTS = ("MMFF94", "MMFF94s")


def rdkit(
    molecule: "str | Mol",
    *,
    conformers: int = 100,
    variant: str = "MMFF94",
    seed: int = 0,
    rattle: float = 0.05,
    name: str = "",
) -> Surface:
    """The MMFF94 energy of a molecule as a surface, with conformers from distance geometry.

    RDKit reads the molecule, assigns the parameters and embeds conformers (ETKDG); the energy
    itself is JAX, so that derivatives are exact and searches run in batches, on GPUs as well.

    **Arguments:**

    - `molecule`: SMILES, or an RDKit molecule; hydrogens are added where they are missing. Its
      own conformers, if any, are starts, too.
    - `conformers`: how many to embed.
    - `variant`: `"MMFF94"`, or `"MMFF94s"` with planar nitrogens.
    - `seed`: of the embedding.
    - `rattle`: samples are conformers with every coordinate moved by up to this, in Angstrom.

    **Returns:** a `Surface` in kcal/mol and Angstrom with the symmetry `Molecule`: conformers
    that differ by hydrogens of a methyl group are one, enantiomers are two, and points with other
    bonds are refused. `surface.sampler.points` `[m, dim]` holds the conformers.

    **Raises:** `ImportError` without RDKit; `ValueError` for SMILES that cannot be read, molecules
    of one atom or of several that are not bonded, and atoms without parameters.

    >>> surface = rdkit("CCO", conformers=5)
    >>> surface.dim, surface.units.energy
    (27, 'kcal/mol')

    T. A. Halgren, J. Comput. Chem. 17, 490 (1996); S. Riniker and G. A. Landrum, J. Chem. Inf.
    Model. 55, 2562 (2015).
    """
    if variant not in _VARIANTS:
        raise ValueError(f"variant is {variant!r}; pass one of {', '.join(_VARIANTS)}")
    if isinstance(conformers, bool) or int(conformers) != conformers or conformers < 1:
        raise ValueError(f"conformers is {conformers!r}; pass a whole number, 1 or more")
    if isinstance(seed, bool) or int(seed) != seed or seed < 0:
        raise ValueError(f"seed is {seed!r}; pass a whole number, 0 or more")
    whole, own = _read(molecule)
    function = force_field(whole, variant)
    points = np.concatenate([own, _embedded(whole, int(conformers), seed)])
    from rdkit import Chem

    title = Chem.MolToSmiles(Chem.RemoveHs(whole))
    return Surface(
        function,
        symmetry=Molecule(
            [atom.GetSymbol() for atom in whole.GetAtoms()],
            [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in whole.GetBonds()],
            masses=[atom.GetMass() for atom in whole.GetAtoms()],
        ),
        sampler=Rattled(points, rattle),
        dim=points.shape[1],
        scale=1.0,
        name=name or f"{variant.lower()} {title}",
        units=Units("kcal/mol", "Angstrom"),
    )


def _read(molecule) -> tuple[Any, np.ndarray]:
    """The molecule with all hydrogens, and its own conformers `[m, dim]`."""
    with missing("rdkit", "rdkit"):
        from rdkit import Chem, rdBase
    if isinstance(molecule, str):
        # What RDKit would print about it is part of the error instead.
        with rdBase.BlockLogs():
            found = Chem.MolFromSmiles(molecule)
        if found is None:
            raise ValueError(f"RDKit cannot read the SMILES {molecule!r}")
    elif isinstance(molecule, Chem.Mol):
        found = molecule
    else:
        raise ValueError(f"molecule is {molecule!r}; pass SMILES or an RDKit molecule")
    whole = Chem.AddHs(found, addCoords=True)
    if whole.GetNumAtoms() < 2:
        raise ValueError(
            f"{Chem.MolToSmiles(whole)!r} has {whole.GetNumAtoms()} atom(s): pass more"
        )
    parts = Chem.GetMolFrags(whole)
    if len(parts) > 1:
        raise ValueError(
            f"{Chem.MolToSmiles(found)!r} consists of {len(parts)} molecules that are not bonded: "
            "pass one of them"
        )
    own = [np.array(c.GetPositions()).ravel() for c in whole.GetConformers() if c.Is3D()]
    return whole, np.array(own).reshape(len(own), 3 * whole.GetNumAtoms())


def _embedded(whole, count, seed) -> np.ndarray:
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom

    fresh = Chem.Mol(whole)
    fresh.RemoveAllConformers()
    options = rdDistGeom.ETKDGv3()
    options.randomSeed = seed + 1  # zero would make all conformers the same
    options.numThreads = min(8, os.cpu_count() or 1)
    numbers = list(rdDistGeom.EmbedMultipleConfs(fresh, count, options))
    if not numbers:
        options.useRandomCoords = True
        numbers = list(rdDistGeom.EmbedMultipleConfs(fresh, count, options))
    if not numbers and not whole.GetNumConformers():
        raise ValueError(
            f"RDKit finds no geometry for {Chem.MolToSmiles(whole)!r}: pass a molecule with a "
            "conformer of your own"
        )
    found = [np.array(fresh.GetConformer(n).GetPositions()).ravel() for n in numbers]
    return np.array(found).reshape(len(found), 3 * whole.GetNumAtoms())
