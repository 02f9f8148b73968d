"""How a network is grown: rules that say which search comes next (`explore(strategy=)`)."""

from jaxscape.explore.strategies._base import Strategy as Strategy
from jaxscape.explore.strategies.converged import RateConverged as RateConverged
from jaxscape.explore.strategies.missing_links import (
    LowerPass as LowerPass,
    MissingLinks as MissingLinks,
)
from jaxscape.explore.strategies.parts import (
    ConnectRegion as ConnectRegion,
    ConnectUnconnected as ConnectUnconnected,
)
from jaxscape.explore.strategies.shortcuts import (
    Shortcut as Shortcut,
    ShortcutBarrier as ShortcutBarrier,
    ShortcutRate as ShortcutRate,
)
from jaxscape.explore.strategies.single_ended import SingleEnded as SingleEnded
from jaxscape.explore.strategies.traps import FreeEnergyPairs as FreeEnergyPairs, Untrap as Untrap
