"""A network as columns, whether it has coordinates or not: what every format reads and writes."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Int

from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.surface import Surface, Units

Network = Landscape | KineticNetwork
_NUMBERS = ("energy", "log_product", "order", "modes", "ids")


@dataclasses.dataclass
class Contents:
    """Columns of minima and transition states by name; `x` is there where points are known."""

    minima: dict[str, np.ndarray]
    states: dict[str, np.ndarray]
    name: str = ""
    units: Units = dataclasses.field(default_factory=Units)
    symmetry: str | None = None

    @property
    def has_points(self) -> bool:
        """Whether coordinates are known."""
        return "x" in self.minima

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of minima and transition states."""
        return len(self.minima["energy"]), len(self.states["energy"])


def contents_of(network: Network) -> Contents:
    """The columns of a network.

    **Raises:** `ValueError` if it is neither a `Landscape` nor a `KineticNetwork`.
    """
    if isinstance(network, Landscape):
        header = network._contents.header
        return Contents(
            network.minima.columns(),
            network.transition_states.columns(),
            network.name,
            network.units,
            header.symmetry,
        )
    if not isinstance(network, KineticNetwork):
        raise ValueError(
            f"the network is a {type(network).__name__}: pass a Landscape or a KineticNetwork"
        )
    minima = {name: getattr(network, name) for name in _NUMBERS}
    states = {name: getattr(network, f"ts_{name}") for name in _NUMBERS}
    states |= {"plus": network.plus, "minus": network.minus}
    present = [{k: v for k, v in part.items() if v is not None} for part in (minima, states)]
    return Contents(present[0], present[1], network.name, network.units)


def network_of(contents: Contents, surface: Surface | None = None) -> Network:
    """A `Landscape` where coordinates are known, else a `KineticNetwork`."""
    minima, states = contents.minima, contents.states
    if contents.has_points:
        for name in ("x", "eigenvector"):
            # Formats that list points one by one cannot say how wide none of them are.
            if not len(states["energy"]):
                states[name] = np.zeros((0, *minima["x"].shape[1:]))
        return Landscape.from_points(
            minima,
            states if "x" in states else None,
            surface=surface,
            name=contents.name,
            units=contents.units,
            symmetry=contents.symmetry,
        )
    of_states = {
        name if name in ("plus", "minus") else f"ts_{name}": column
        for name, column in states.items()
    }
    return KineticNetwork(
        **minima,
        **of_states,
        name=contents.name or (surface.name if surface else ""),
        units=surface.units if surface else contents.units,
    )


def log_products(contents: Contents, program: str) -> tuple[np.ndarray, np.ndarray]:
    """Log products of minima and transition states, for a format that cannot do without.

    **Raises:** `ValueError` where one is unknown.
    """
    found = []
    for kind, columns in (("minimum", contents.minima), ("transition state", contents.states)):
        values = columns.get("log_product", np.full(len(columns["energy"]), np.nan))
        if np.isnan(values).any():
            row = int(np.argmax(np.isnan(values)))
            raise ValueError(
                f"the log product of {kind} {row} is unknown, and {program} needs all of them: "
                "read the network with surface= and verify=True (--surface on the command line), "
                "which finds them"
            )
        found.append(values)
    return found[0], found[1]


def rows_of(network: Network, ids) -> Int[np.ndarray, " members"]:
    """Rows of the minima with these ids.

    **Raises:** `ValueError` for an id that does not exist.
    """
    if isinstance(network, Landscape):
        none = np.zeros(0, np.int64)
        network = KineticNetwork(network.minima.energy, none, none, np.zeros(0))
    return network.rows(ids)
