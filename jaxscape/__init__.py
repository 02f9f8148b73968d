"""Energy and loss landscapes from JAX functions: minima, transition states and their network."""

from jaxscape import (
    io as io,
    models as models,
    plot as plot,
    potentials as potentials,
    symmetry as symmetry,
    systems as systems,
)
from jaxscape.analysis import (
    DisconnectivityTree as DisconnectivityTree,
    Path as Path,
    barrier as barrier,
    disconnectivity_tree as disconnectivity_tree,
    lowest_path as lowest_path,
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
