"""OpenMM's force fields, AMBER's among them, as surfaces."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from jaxscape.adapters._arguments import checked_numbers, missing
from jaxscape.adapters._callback import Calculated, Evaluations
from jaxscape.adapters._pool import InProcess, Pool, try_out
from jaxscape.adapters._starts import Rattled, checked_positions
from jaxscape.adapters._worker import openmm_energy
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Crystal, Molecule, NoSymmetry, Symmetry

if TYPE_CHECKING:
    from openmm import System
    from openmm.app import Topology

_KCAL = 4.184  # kJ


def openmm(
    system: "System",
    positions: Float[np.ndarray, "..."],
    *,
    topology: "Topology | None" = None,
    symmetry: Symmetry | None = None,
    platform: str = "Reference",
    workers: int = 0,
    time_limit: float = 60.0,
    difference: float = 3e-4,
    tolerance: float = 1e-5,
    rattle: float = 0.05,
    name: str = "",
) -> Surface:
    """The potential energy of an OpenMM system, such as one with an AMBER force field.

    Gradients are OpenMM's forces, Hessian-vector products central differences of them.

    **Arguments:**

    - `system`: an `openmm.System` without constraints and virtual sites, as
      `ForceField.createSystem(topology, constraints=None, rigidWater=False)` makes it. Particles
      without mass are frozen.
    - `positions`: one geometry `[n, 3]`, or several `[m, n, 3]`, all of them starts; in Angstrom,
      or with OpenMM's units.
    - `topology`: the bonds. With it like atoms that the bonds make equivalent may change
      places (`Molecule`); without, every atom is of its own kind.
    - `symmetry`: instead of that. Periodic systems have that of their box (`Crystal`): like atoms
      may change places if the topology has no bonds, otherwise none may. Those with frozen atoms
      have none.
    - `platform`: `"Reference"` computes in double precision; others may be too coarse for
      certificates.
    - `workers`, `time_limit`, `rattle`: as in `ase`; 0 workers compute in this process.
    - `difference`: displacement in Angstrom for differences of forces.
    - `tolerance`: default largest root-mean-square gradient of searches, in kcal/mol/Angstrom.

    **Returns:** a `Surface` in kcal/mol and Angstrom.

    **Raises:** `ImportError` without OpenMM; `ValueError` for constraints, virtual sites, or
    positions that do not fit the system or cannot be computed.

    ```python
    system = ForceField("amber14-all.xml").createSystem(topology)
    surface = jaxscape.adapters.openmm(system, positions, topology=topology)
    ```

    P. Eastman et al., J. Phys. Chem. B 128, 109 (2024).
    """
    with missing("openmm", "openmm"):
        import openmm as package
    if not isinstance(system, package.System):
        raise ValueError(f"system is {system!r}; pass an openmm.System")
    checked_numbers(workers, time_limit=time_limit, difference=difference, tolerance=tolerance)
    count = system.getNumParticles()
    if system.getNumConstraints():
        raise ValueError(
            f"system has {system.getNumConstraints()} constraints, along which there are no "
            "forces: make it with constraints=None, rigidWater=False"
        )
    if any(system.isVirtualSite(i) for i in range(count)):
        raise ValueError("system has virtual sites, which do not move freely: remove them")
    masses = np.array([system.getParticleMass(i)._value for i in range(count)])
    free = np.flatnonzero(masses > 0)
    if not len(free):
        raise ValueError("no particle of the system has a mass: nothing can move")
    points = checked_positions(_angstrom(positions), count)
    options = {
        "system": package.XmlSerializer.serialize(system),
        "platform": platform,
        "start": points[0],
        "free": free,
    }
    starts = points[:, free].reshape(len(points), -1)
    dim = starts.shape[1]
    compute = (
        Pool("openmm", options, dim, workers, time_limit)
        if workers
        else InProcess(openmm_energy(**options), dim)
    )
    try_out(compute, starts[0], "system")
    if symmetry is None:
        whole, cell = len(free) == count, _cell(system)
        symmetry = _symmetry(topology, masses, cell) if whole else NoSymmetry()
    return Surface(
        Calculated(Evaluations(compute, dim), difference),
        symmetry=symmetry,
        sampler=Rattled(starts, rattle),
        dim=dim,
        name=name or f"openmm {count} atoms",
        units=Units("kcal/mol", "Angstrom"),
        tolerance=tolerance,
    )


def _angstrom(positions) -> np.ndarray:
    from openmm import unit

    if unit.is_quantity(positions):
        positions = positions.value_in_unit(unit.angstrom)
    return np.array(positions, np.float64)


def _cell(system) -> np.ndarray | None:
    """Box vectors in Angstrom, None where there are none."""
    if not system.usesPeriodicBoundaryConditions():
        return None
    vectors = system.getDefaultPeriodicBoxVectors()
    return np.array([_angstrom(vector) for vector in vectors])


def _symmetry(topology: Any, masses, cell) -> Symmetry:
    kinds: list = list(range(len(masses)))  # each of its own
    if topology is None:
        if cell is not None:
            return Crystal(cell=cell, species=kinds, masses=masses, inversion=False)
        return Cluster(species=kinds, masses=masses, inversion=False)
    atoms = list(topology.atoms())
    if len(atoms) != len(masses):
        raise ValueError(f"topology has {len(atoms)} atoms, but system {len(masses)} particles")
    unknown = [atom.index for atom in atoms if atom.element is None]
    if unknown:
        raise ValueError(f"topology does not say what element atom {unknown[0]} is")
    bonds = [(bond[0].index, bond[1].index) for bond in topology.bonds()]
    symbols = [atom.element.symbol for atom in atoms]
    if cell is not None:
        # Permutations of a crystal know nothing of bonds.
        return Crystal(
            cell=cell, species=kinds if bonds else symbols, masses=masses, inversion=False
        )
    return Molecule(symbols, bonds, masses=masses)
