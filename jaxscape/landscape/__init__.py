"""The network of stationary points, and the file it lives in."""

from jaxscape.landscape._schema import StoreError as StoreError
from jaxscape.landscape.attempts import Attempts as Attempts
from jaxscape.landscape.bulk import take_points as take_points
from jaxscape.landscape.certificates import AddReport as AddReport
from jaxscape.landscape.columns import (
    MinimaView as MinimaView,
    TransitionStatesView as TransitionStatesView,
)
from jaxscape.landscape.identity import (
    IdentityIndex as IdentityIndex,
    IdentityTolerance as IdentityTolerance,
)
from jaxscape.landscape.kinetic_network import (
    KineticNetwork as KineticNetwork,
    as_network as as_network,
)
from jaxscape.landscape.loading import load as load
from jaxscape.landscape.network import Landscape as Landscape
from jaxscape.landscape.reconverging import Reconvergence as Reconvergence
