"""Zero modes, alignment and identity of points, for atoms and neurons alike."""

from jaxscape.symmetry._base import NoSymmetry as NoSymmetry, Symmetry as Symmetry
from jaxscape.symmetry.cluster import Cluster as Cluster
from jaxscape.symmetry.crystal import Crystal as Crystal
from jaxscape.symmetry.molecule import Molecule as Molecule
from jaxscape.symmetry.molecules import Molecules as Molecules
from jaxscape.symmetry.probing import find_relabelling as find_relabelling
from jaxscape.symmetry.relabelling import Blocks as Blocks, Relabelling as Relabelling
from jaxscape.symmetry.sphere import Sphere as Sphere
from jaxscape.symmetry.torus import Torus as Torus
