"""Energies of other packages as surfaces; each needs its own extra."""

from jaxscape.adapters.ase import ase as ase, from_atoms as from_atoms, to_atoms as to_atoms
from jaxscape.adapters.jax_md import jax_md as jax_md
from jaxscape.adapters.openmm import openmm as openmm
from jaxscape.adapters.pyscf import pyscf as pyscf
from jaxscape.adapters.rdkit import rdkit as rdkit
