"""Which search next: from starting points to a connected network."""

from jaxscape.explore.explore import explore as explore
