"""Energies of other packages as surfaces; each needs its own extra."""

from jaxscape.adapters.ase import ase as ase, to_atoms as to_atoms
from jaxscape.adapters.rdkit import rdkit as rdkit
