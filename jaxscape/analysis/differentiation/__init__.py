"""Derivatives of landscapes by the parameters of their surfaces, and following points along them.

The implicit function theorem makes every stationary point a function of the parameters; energies,
log products, rates and heat capacities follow by the chain rule.
"""

from jaxscape.analysis.differentiation.continuation import (
    Continuation as Continuation,
    Event as Event,
    EventKind as EventKind,
    follow as follow,
)
from jaxscape.analysis.differentiation.differentiable import (
    DifferentiableLandscape as DifferentiableLandscape,
    differentiable as differentiable,
)
from jaxscape.analysis.differentiation.network_derivatives import (
    Derivatives as Derivatives,
    derivatives as derivatives,
    parameter_names as parameter_names,
)
from jaxscape.analysis.differentiation.points import (
    PointQuantities as PointQuantities,
    stationary as stationary,
)
from jaxscape.analysis.differentiation.quantities import (
    NetworkQuantities as NetworkQuantities,
)
