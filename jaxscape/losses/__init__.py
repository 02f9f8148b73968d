"""From a loss of any pytree of parameters to a function of a flat vector."""

from jaxscape.losses.function import LossFunction as LossFunction
from jaxscape.losses.layout import Layout as Layout, lay_out as lay_out
from jaxscape.losses.metrics import Metrics as Metrics, measured as measured
from jaxscape.losses.starts import (
    NormalStarts as NormalStarts,
    RaveledStarts as RaveledStarts,
    Unravel as Unravel,
)
