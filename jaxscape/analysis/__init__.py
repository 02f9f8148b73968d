"""What follows from a network: barriers, paths, trees, thermodynamics and kinetics."""

from jaxscape.analysis.batch_selection import (
    Exclusions as Exclusions,
    select_batch as select_batch,
)
from jaxscape.analysis.differentiation import (
    Continuation as Continuation,
    Derivatives as Derivatives,
    DifferentiableLandscape as DifferentiableLandscape,
    NetworkQuantities as NetworkQuantities,
    derivatives as derivatives,
    differentiable as differentiable,
    follow as follow,
    parameter_names as parameter_names,
    stationary as stationary,
)
from jaxscape.analysis.disconnectivity import (
    DisconnectivityTree as DisconnectivityTree,
    disconnectivity_tree as disconnectivity_tree,
)
from jaxscape.analysis.fill_points import fill_points as fill_points
from jaxscape.analysis.frustration import (
    Contributions as Contributions,
    frustration as frustration,
    frustration_contributions as frustration_contributions,
)
from jaxscape.analysis.index_profile import (
    IndexProfile as IndexProfile,
    index_profile as index_profile,
)
from jaxscape.analysis.k_means import k_means_landscape as k_means_landscape
from jaxscape.analysis.kinetics import (
    Committor as Committor,
    FirstPassageDistribution as FirstPassageDistribution,
    FreeEnergyBarriers as FreeEnergyBarriers,
    GraphTransformation as GraphTransformation,
    KineticPath as KineticPath,
    LinearSolve as LinearSolve,
    PassageTimes as PassageTimes,
    RateConstants as RateConstants,
    RateConvergence as RateConvergence,
    RateMatrix as RateMatrix,
    Rates as Rates,
    RateSensitivity as RateSensitivity,
    ReactiveFlux as ReactiveFlux,
    Regrouped as Regrouped,
    RelaxationModes as RelaxationModes,
    StepRates as StepRates,
    Trajectories as Trajectories,
    committor as committor,
    fastest_paths as fastest_paths,
    first_passage_distribution as first_passage_distribution,
    free_energy_barriers as free_energy_barriers,
    kemeny_constant as kemeny_constant,
    kinetic_monte_carlo as kinetic_monte_carlo,
    kinetic_path_sampling as kinetic_path_sampling,
    mean_first_passage_matrix as mean_first_passage_matrix,
    mean_first_passage_times as mean_first_passage_times,
    rate_convergence as rate_convergence,
    rate_matrix as rate_matrix,
    rate_sensitivity as rate_sensitivity,
    rates as rates,
    reactive_flux as reactive_flux,
    reduce_network as reduce_network,
    regroup as regroup,
    relaxation_modes as relaxation_modes,
    residence_times as residence_times,
    step_rates as step_rates,
)
from jaxscape.analysis.learning import (
    AutoNEB as AutoNEB,
    Connections as Connections,
    Curvature as Curvature,
    EscapeDirections as EscapeDirections,
    GaussNewton as GaussNewton,
    MemoryBound as MemoryBound,
    SpectralDensity as SpectralDensity,
    Sweep as Sweep,
    curvature as curvature,
    escape_directions as escape_directions,
    memory_bound as memory_bound,
    mode_connectivity as mode_connectivity,
    spectral_density as spectral_density,
    sweep_minima as sweep_minima,
)
from jaxscape.analysis.missing import missing_transition_states as missing_transition_states
from jaxscape.analysis.paths import (
    Path as Path,
    barrier as barrier,
    lowest_path as lowest_path,
)
from jaxscape.analysis.reactions import Reactions as Reactions, reactions as reactions
from jaxscape.analysis.thermodynamics import (
    BarrierTable as BarrierTable,
    HeatCapacity as HeatCapacity,
    Microcanonical as Microcanonical,
    barrier_table as barrier_table,
    free_energies as free_energies,
    free_energy_tree as free_energy_tree,
    frequencies as frequencies,
    heat_capacity as heat_capacity,
    heat_capacity_convergence as heat_capacity_convergence,
    log_partition_functions as log_partition_functions,
    mass_weighted_eigenvalues as mass_weighted_eigenvalues,
    microcanonical as microcanonical,
    normal_modes as normal_modes,
    occupation as occupation,
    quantum_heat_capacity as quantum_heat_capacity,
    wavenumbers as wavenumbers,
    with_masses as with_masses,
    zero_point_energies as zero_point_energies,
)
