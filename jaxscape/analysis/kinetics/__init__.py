"""Kinetics of networks: rates, first passage times, committors, fluxes and paths."""

from jaxscape.analysis.kinetics._absorption import (
    GraphTransformation as GraphTransformation,
    LinearSolve as LinearSolve,
)
from jaxscape.analysis.kinetics.committors import (
    Committor as Committor,
    ReactiveFlux as ReactiveFlux,
    committor as committor,
    reactive_flux as reactive_flux,
)
from jaxscape.analysis.kinetics.convergence import (
    RateConvergence as RateConvergence,
    rate_convergence as rate_convergence,
)
from jaxscape.analysis.kinetics.fastest_paths import (
    KineticPath as KineticPath,
    fastest_paths as fastest_paths,
)
from jaxscape.analysis.kinetics.first_passage import (
    FirstPassageDistribution as FirstPassageDistribution,
    first_passage_distribution as first_passage_distribution,
)
from jaxscape.analysis.kinetics.free_energy_barriers import (
    FreeEnergyBarriers as FreeEnergyBarriers,
    free_energy_barriers as free_energy_barriers,
)
from jaxscape.analysis.kinetics.monte_carlo import (
    Trajectories as Trajectories,
    kinetic_monte_carlo as kinetic_monte_carlo,
)
from jaxscape.analysis.kinetics.passage_times import (
    PassageTimes as PassageTimes,
    kemeny_constant as kemeny_constant,
    mean_first_passage_matrix as mean_first_passage_matrix,
    mean_first_passage_times as mean_first_passage_times,
    residence_times as residence_times,
)
from jaxscape.analysis.kinetics.path_sampling import (
    kinetic_path_sampling as kinetic_path_sampling,
)
from jaxscape.analysis.kinetics.rate_matrix import (
    RateMatrix as RateMatrix,
    rate_matrix as rate_matrix,
)
from jaxscape.analysis.kinetics.rates import (
    RateConstants as RateConstants,
    Rates as Rates,
    rates as rates,
)
from jaxscape.analysis.kinetics.reduction import (
    Regrouped as Regrouped,
    reduce_network as reduce_network,
    regroup as regroup,
)
from jaxscape.analysis.kinetics.relaxation import (
    RelaxationModes as RelaxationModes,
    relaxation_modes as relaxation_modes,
)
from jaxscape.analysis.kinetics.sensitivity import (
    RateSensitivity as RateSensitivity,
    rate_sensitivity as rate_sensitivity,
)
from jaxscape.analysis.kinetics.steps import StepRates as StepRates, step_rates as step_rates
