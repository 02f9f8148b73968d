"""Which search next: from starting points to a connected network, or from one point to another."""

from jaxscape.explore import strategies as strategies
from jaxscape.explore.connect import Connection as Connection, connect as connect
from jaxscape.explore.explore import explore as explore
