"""Zero modes, alignment and identity of points, for atoms and neurons alike."""

from jaxscape.symmetry._base import NoSymmetry as NoSymmetry, Symmetry as Symmetry
from jaxscape.symmetry.cluster import Cluster as Cluster
from jaxscape.symmetry.relabelling import Relabelling as Relabelling
