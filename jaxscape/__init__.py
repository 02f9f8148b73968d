"""Energy and loss landscapes from JAX functions: minima, transition states and their network."""

from jaxscape import (
    adapters as adapters,
    io as io,
    models as models,
    plot as plot,
    potentials as potentials,
    symmetry as symmetry,
    systems as systems,
)
from jaxscape.analysis import (
    AutoNEB as AutoNEB,
    BarrierTable as BarrierTable,
    Committor as Committor,
    Connections as Connections,
    Continuation as Continuation,
    Contributions as Contributions,
    Curvature as Curvature,
    Derivatives as Derivatives,
    DifferentiableLandscape as DifferentiableLandscape,
    DisconnectivityTree as DisconnectivityTree,
    EscapeDirections as EscapeDirections,
    Exclusions as Exclusions,
    FirstPassageDistribution as FirstPassageDistribution,
    FreeEnergyBarriers as FreeEnergyBarriers,
    GaussNewton as GaussNewton,
    GraphTransformation as GraphTransformation,
    HeatCapacity as HeatCapacity,
    IndexProfile as IndexProfile,
    KineticPath as KineticPath,
    LinearSolve as LinearSolve,
    MemoryBound as MemoryBound,
    Microcanonical as Microcanonical,
    NetworkQuantities as NetworkQuantities,
    PassageTimes as PassageTimes,
    Path as Path,
    RateConstants as RateConstants,
    RateConvergence as RateConvergence,
    RateMatrix as RateMatrix,
    Rates as Rates,
    RateSensitivity as RateSensitivity,
    Reactions as Reactions,
    ReactiveFlux as ReactiveFlux,
    Regrouped as Regrouped,
    RelaxationModes as RelaxationModes,
    SpectralDensity as SpectralDensity,
    StepRates as StepRates,
    Sweep as Sweep,
    Trajectories as Trajectories,
    barrier as barrier,
    barrier_table as barrier_table,
    committor as committor,
    curvature as curvature,
    derivatives as derivatives,
    differentiable as differentiable,
    disconnectivity_tree as disconnectivity_tree,
    escape_directions as escape_directions,
    fastest_paths as fastest_paths,
    fill_points as fill_points,
    first_passage_distribution as first_passage_distribution,
    follow as follow,
    free_energies as free_energies,
    free_energy_barriers as free_energy_barriers,
    free_energy_tree as free_energy_tree,
    frequencies as frequencies,
    frustration as frustration,
    frustration_contributions as frustration_contributions,
    heat_capacity as heat_capacity,
    heat_capacity_convergence as heat_capacity_convergence,
    index_profile as index_profile,
    k_means_landscape as k_means_landscape,
    kemeny_constant as kemeny_constant,
    kinetic_monte_carlo as kinetic_monte_carlo,
    kinetic_path_sampling as kinetic_path_sampling,
    log_partition_functions as log_partition_functions,
    lowest_path as lowest_path,
    mass_weighted_eigenvalues as mass_weighted_eigenvalues,
    mean_first_passage_matrix as mean_first_passage_matrix,
    mean_first_passage_times as mean_first_passage_times,
    memory_bound as memory_bound,
    microcanonical as microcanonical,
    missing_transition_states as missing_transition_states,
    mode_connectivity as mode_connectivity,
    normal_modes as normal_modes,
    occupation as occupation,
    parameter_names as parameter_names,
    quantum_heat_capacity as quantum_heat_capacity,
    rate_convergence as rate_convergence,
    rate_matrix as rate_matrix,
    rate_sensitivity as rate_sensitivity,
    rates as rates,
    reactions as reactions,
    reactive_flux as reactive_flux,
    reduce_network as reduce_network,
    regroup as regroup,
    relaxation_modes as relaxation_modes,
    residence_times as residence_times,
    select_batch as select_batch,
    spectral_density as spectral_density,
    stationary as stationary,
    step_rates as step_rates,
    sweep_minima as sweep_minima,
    wavenumbers as wavenumbers,
    with_masses as with_masses,
    zero_point_energies as zero_point_energies,
)
from jaxscape.check import CheckReport as CheckReport, check as check
from jaxscape.data_roughness import (
    DataRoughness as DataRoughness,
    data_roughness as data_roughness,
)
from jaxscape.data_set_landscape import data_set_landscape as data_set_landscape
from jaxscape.explore import (
    Connection as Connection,
    connect as connect,
    explore as explore,
    strategies as strategies,
)
from jaxscape.landscape import (
    IdentityTolerance as IdentityTolerance,
    KineticNetwork as KineticNetwork,
    Landscape as Landscape,
    Reconvergence as Reconvergence,
    StoreError as StoreError,
    load as load,
)
from jaxscape.search import moves as moves
from jaxscape.search.any_index import (
    EigenvectorFollowing as EigenvectorFollowing,
    find_stationary_points as find_stationary_points,
)
from jaxscape.search.basin_hopping import basin_hopping as basin_hopping
from jaxscape.search.budget import Budget as Budget
from jaxscape.search.clashes import remove_clashes as remove_clashes
from jaxscape.search.eigenvector_following import (
    HybridEigenvectorFollowing as HybridEigenvectorFollowing,
)
from jaxscape.search.evolution import Evolution as Evolution, evolve as evolve
from jaxscape.search.geodesic import Geodesic as Geodesic
from jaxscape.search.hopping_chain import BasinHopping as BasinHopping
from jaxscape.search.internal_coordinates import (
    internal_coordinates as internal_coordinates,
    with_dihedrals as with_dihedrals,
)
from jaxscape.search.interpolation import (
    IDPP as IDPP,
    DihedralInterpolation as DihedralInterpolation,
)
from jaxscape.search.lbfgs import LBFGS as LBFGS
from jaxscape.search.lowest_mode import LowestModes as LowestModes, lowest_modes as lowest_modes
from jaxscape.search.minimise import minimise as minimise
from jaxscape.search.neb import NEB as NEB, Paths as Paths, neb as neb
from jaxscape.search.relaxed_scan import Scan as Scan, relaxed_scan as relaxed_scan
from jaxscape.search.results import (
    StationaryPoints as StationaryPoints,
    TransitionStates as TransitionStates,
)
from jaxscape.search.status import Status as Status
from jaxscape.search.string import String as String
from jaxscape.search.transition_states import find_transition_states as find_transition_states
from jaxscape.surface import Surface as Surface, Units as Units
