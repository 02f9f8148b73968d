"""Harmonic superposition: the thermodynamics of a set of minima."""

from jaxscape.analysis.thermodynamics.free_energy_tree import free_energy_tree as free_energy_tree
from jaxscape.analysis.thermodynamics.microcanonical import (
    Microcanonical as Microcanonical,
    microcanonical as microcanonical,
)
from jaxscape.analysis.thermodynamics.quantum import (
    frequencies as frequencies,
    mass_weighted_eigenvalues as mass_weighted_eigenvalues,
    quantum_heat_capacity as quantum_heat_capacity,
    with_masses as with_masses,
)
from jaxscape.analysis.thermodynamics.superposition import (
    HeatCapacity as HeatCapacity,
    free_energies as free_energies,
    heat_capacity as heat_capacity,
    heat_capacity_convergence as heat_capacity_convergence,
    log_partition_functions as log_partition_functions,
    occupation as occupation,
)
from jaxscape.analysis.thermodynamics.vibrations import (
    BarrierTable as BarrierTable,
    barrier_table as barrier_table,
    normal_modes as normal_modes,
    wavenumbers as wavenumbers,
    zero_point_energies as zero_point_energies,
)
