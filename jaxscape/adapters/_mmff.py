"""The terms and parameters of MMFF94 for one molecule, as RDKit assigns them."""

import itertools

import jax.numpy as jnp
import numpy as np

from jaxscape.potentials import MMFF94

# Of MMFFPROP.PAR: central atoms whose bonds are in line.
_LINEAR = {4, 53, 61}


def force_field(molecule, variant: str = "MMFF94") -> MMFF94:
    """The force field of an RDKit molecule with explicit hydrogens.

    **Raises:** `ValueError` for a molecule with atoms the force field has no type for.
    """
    from rdkit.Chem import rdForceFieldHelpers

    # RDKit asks for ring information that molecules made atom by atom do not have yet.
    molecule.UpdatePropertyCache()
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=variant)
    if properties is None:
        kinds = sorted({atom.GetSymbol() for atom in molecule.GetAtoms()})
        raise ValueError(
            f"{variant} has no parameters for this molecule of {', '.join(kinds)}: use another "
            "method, such as GFN2-xTB through jaxscape.adapters.ase"
        )
    neighbours = [sorted(b.GetIdx() for b in a.GetNeighbors()) for a in molecule.GetAtoms()]
    return MMFF94(
        **_bonds(molecule, properties),
        **_angles(molecule, properties, neighbours),
        **_planes(molecule, properties, neighbours),
        **_torsions(molecule, properties, neighbours),
        **_pairs(molecule, properties),
    )


def _bonds(molecule, properties):
    index, k, length = [], [], []
    for bond in molecule.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        _, stiffness, rest = properties.GetMMFFBondStretchParams(molecule, i, j)
        index.append((i, j))
        k.append(stiffness)
        length.append(rest)
    return {"bonds": _indices(index, 2), "bond_k": _numbers(k), "bond_length": _numbers(length)}


def _angles(molecule, properties, neighbours):
    index, k, angle, linear, mixed, lengths = [], [], [], [], [], []
    for j, ends in enumerate(neighbours):
        straight = properties.GetMMFFAtomType(j) in _LINEAR
        for i, m in itertools.combinations(ends, 2):
            found = properties.GetMMFFAngleBendParams(molecule, i, j, m)
            if not found:
                continue
            index.append((i, j, m))
            k.append(found[1])
            angle.append(found[2])
            linear.append(float(straight))
            both = None if straight else properties.GetMMFFStretchBendParams(molecule, i, j, m)
            mixed.append(both[1:] if both else (0.0, 0.0))
            lengths.append(
                [properties.GetMMFFBondStretchParams(molecule, j, end)[2] for end in (i, m)]
            )
    return {
        "angles": _indices(index, 3),
        "angle_k": _numbers(k),
        "angle": _numbers(angle),
        "linear": _numbers(linear),
        "stretch_bend": _numbers(mixed, 2),
        "stretch_lengths": _numbers(lengths, 2),
    }


def _planes(molecule, properties, neighbours):
    index, k = [], []
    for j, ends in enumerate(neighbours):
        if len(ends) != 3:
            continue
        found = properties.GetMMFFOopBendParams(molecule, ends[0], j, ends[1], ends[2])
        if found:
            for off in range(3):
                index.append((j, *(ends[:off] + ends[off + 1 :]), ends[off]))
                k.append(found)
    return {"planes": _indices(index, 4), "plane_k": _numbers(k)}


def _torsions(molecule, properties, neighbours):
    index, v = [], []
    for bond in molecule.GetBonds():
        j, k = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if any(
            str(molecule.GetAtomWithIdx(a).GetHybridization()) not in ("SP2", "SP3") for a in (j, k)
        ):
            continue
        for i, m in itertools.product(neighbours[j], neighbours[k]):
            if i == k or m == j or i == m:
                continue
            found = properties.GetMMFFTorsionParams(molecule, i, j, k, m)
            if found:
                index.append((i, j, k, m))
                v.append(found[1:])
    return {"torsions": _indices(index, 4), "torsion_v": _numbers(v, 3)}


def _pairs(molecule, properties):
    from rdkit.Chem import GetDistanceMatrix

    apart = GetDistanceMatrix(molecule)
    charge = [properties.GetMMFFPartialCharge(i) for i in range(len(apart))]
    index = np.argwhere(np.triu(apart > 2.5))
    found = [properties.GetMMFFVdWParams(int(i), int(j)) for i, j in index]
    scale = [0.75 if apart[i, j] < 3.5 else 1.0 for i, j in index]
    return {
        "pairs": _indices(index, 2),
        "radius": _numbers([f[2] for f in found]),
        "depth": _numbers([f[3] for f in found]),
        "charges": _numbers(
            [s * charge[i] * charge[j] for s, (i, j) in zip(scale, index, strict=True)]
        ),
    }


def _indices(rows, width):
    return jnp.asarray(np.array(rows, np.int32).reshape(-1, width))


def _numbers(values, width=None):
    values = np.array(values, np.float64)
    return jnp.asarray(values if width is None else values.reshape(-1, width), float)
