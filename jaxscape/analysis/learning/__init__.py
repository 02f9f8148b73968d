"""Trained networks understood: what connects them, how they curve, how many there are."""

from jaxscape.analysis.learning.connectivity import (
    AutoNEB as AutoNEB,
    Connections as Connections,
    mode_connectivity as mode_connectivity,
)
from jaxscape.analysis.learning.curvature import Curvature as Curvature, curvature as curvature
from jaxscape.analysis.learning.escape import (
    EscapeDirections as EscapeDirections,
    escape_directions as escape_directions,
)
from jaxscape.analysis.learning.gauss_newton import GaussNewton as GaussNewton
from jaxscape.analysis.learning.memory import (
    MemoryBound as MemoryBound,
    memory_bound as memory_bound,
)
from jaxscape.analysis.learning.spectrum import (
    SpectralDensity as SpectralDensity,
    spectral_density as spectral_density,
)
from jaxscape.analysis.learning.sweep import Sweep as Sweep, sweep_minima as sweep_minima
