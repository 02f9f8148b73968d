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
    BarrierTable as BarrierTable,
    Committor as Committor,
    Continuation as Continuation,
    Derivatives as Derivatives,
    DifferentiableLandscape as DifferentiableLandscape,
    DisconnectivityTree as DisconnectivityTree,
    FirstPassageDistribution as FirstPassageDistribution,
    GraphTransformation as GraphTransformation,
    HeatCapacity as HeatCapacity,
    KineticPath as KineticPath,
    LinearSolve as LinearSolve,
    Microcanonical as Microcanonical,
    NetworkQuantities as NetworkQuantities,
    PassageTimes as PassageTimes,
    Path as Path,
    RateConstants as RateConstants,
    RateMatrix as RateMatrix,
    Rates as Rates,
    RateSensitivity as RateSensitivity,
    ReactiveFlux as ReactiveFlux,
    Regrouped as Regrouped,
    RelaxationModes as RelaxationModes,
    StepRates as StepRates,
    Trajectories as Trajectories,
    barrier as barrier,
    barrier_table as barrier_table,
    committor as committor,
    derivatives as derivatives,
    differentiable as differentiable,
    disconnectivity_tree as disconnectivity_tree,
    fastest_paths as fastest_paths,
    first_passage_distribution as first_passage_distribution,
    follow as follow,
    free_energies as free_energies,
    free_energy_tree as free_energy_tree,
    frequencies as frequencies,
    heat_capacity as heat_capacity,
    heat_capacity_convergence as heat_capacity_convergence,
    kemeny_constant as kemeny_constant,
    kinetic_monte_carlo as kinetic_monte_carlo,
    log_partition_functions as log_partition_functions,
    lowest_path as lowest_path,
    mass_weighted_eigenvalues as mass_weighted_eigenvalues,
    mean_first_passage_matrix as mean_first_passage_matrix,
    mean_first_passage_times as mean_first_passage_times,
    microcanonical as microcanonical,
    occupation as occupation,
    parameter_names as parameter_names,
    quantum_heat_capacity as quantum_heat_capacity,
    rate_matrix as rate_matrix,
    rate_sensitivity as rate_sensitivity,
    rates as rates,
    reactive_flux as reactive_flux,
    reduce_network as reduce_network,
    regroup as regroup,
    relaxation_modes as relaxation_modes,
    residence_times as residence_times,
    stationary as stationary,
    step_rates as step_rates,
    wavenumbers as wavenumbers,
    with_masses as with_masses,
)
from jaxscape.check import CheckReport as CheckReport, check as check
from jaxscape.explore import explore as explore
from jaxscape.landscape import (
    IdentityTolerance as IdentityTolerance,
    KineticNetwork as KineticNetwork,
    Landscape as Landscape,
    StoreError as StoreError,
    load as load,
)
from jaxscape.search.basin_hopping import (
    BasinHopping as BasinHopping,
    basin_hopping as basin_hopping,
)
from jaxscape.search.eigenvector_following import (
    HybridEigenvectorFollowing as HybridEigenvectorFollowing,
)
from jaxscape.search.lanes import Budget as Budget
from jaxscape.search.lbfgs import LBFGS as LBFGS
from jaxscape.search.minimise import minimise as minimise
from jaxscape.search.neb import NEB as NEB, Paths as Paths, neb as neb
from jaxscape.search.results import (
    StationaryPoints as StationaryPoints,
    TransitionStates as TransitionStates,
)
from jaxscape.search.status import Status as Status
from jaxscape.search.transition_states import find_transition_states as find_transition_states
from jaxscape.surface import Surface as Surface, Units as Units
