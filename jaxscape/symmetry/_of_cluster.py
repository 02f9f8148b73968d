"""What symmetries of molecules take from the cluster of their atoms."""

import equinox as eqx

from jaxscape.symmetry._base import Symmetry
from jaxscape.symmetry.cluster import Cluster


class OfCluster(Symmetry):
    """A symmetry whose atoms, and what moving them costs, are those of `cluster`."""

    cluster: eqx.AbstractVar[Cluster]

    @property
    def species(self) -> tuple:
        """The kinds of the atoms."""
        return self.cluster.species or ()

    @property
    def masses(self) -> tuple[float, ...] | None:
        """The masses of the atoms, if given."""
        return self.cluster.masses

    @property
    def inversion(self) -> bool:
        """Whether mirror images are the same."""
        return self.cluster.inversion

    @property
    def confirm_by_alignment(self) -> bool:
        """Whether equal fingerprints leave a doubt: distances do not see handedness."""
        return self.cluster.confirm_by_alignment

    def generators(self, x):
        return self.cluster.generators(x)
