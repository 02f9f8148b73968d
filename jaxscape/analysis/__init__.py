"""What follows from a network: barriers, paths, trees."""

from jaxscape.analysis.disconnectivity import (
    DisconnectivityTree as DisconnectivityTree,
    disconnectivity_tree as disconnectivity_tree,
)
from jaxscape.analysis.paths import (
    Path as Path,
    barrier as barrier,
    lowest_path as lowest_path,
)
