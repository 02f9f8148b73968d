"""How basin-hopping perturbs a minimum: moves of atoms and cells, and mixtures of them."""

from jaxscape.search.moves.clash_removal import ClashRemoval as ClashRemoval
from jaxscape.search.moves.cut_and_splice import cut_and_splice as cut_and_splice
from jaxscape.search.moves.dihedral_rotation import DihedralRotation as DihedralRotation
from jaxscape.search.moves.move import (
    Displacement as Displacement,
    MixedMoves as MixedMoves,
    Move as Move,
)
from jaxscape.search.moves.rigid_bodies import RigidBodies as RigidBodies, Twist as Twist
from jaxscape.search.moves.species_exchange import SpeciesExchange as SpeciesExchange
from jaxscape.search.moves.strain import Strain as Strain
from jaxscape.search.moves.surface_atoms import SurfaceAtoms as SurfaceAtoms
from jaxscape.search.moves.symmetrised import Symmetrised as Symmetrised
