"""From every minimum in turn: how a network is explored when nothing else is asked."""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.explore.strategies._base import ids_of
from jaxscape.landscape import Landscape
from jaxscape.search.moves.dihedral_rotation import amide_bonds, free_turns


@dataclasses.dataclass(frozen=True)
class SingleEnded:
    """Transition states from randomly displaced minima, the least tried first.

    Of the whole network unconnected parts are joined, too (`connect` of `explore`).

    - `minima`: ids of the minima to start from; None for all, those found later included.
    - `below`: start from minima up to this energy only; None for all.
    - `centres`: atoms, counted from 0, of which each search moves one, drawn at random, and its
      neighbours up to `radius` away, and follows the mode along that displacement. Finds what
      happens at a defect or an adsorbate, where displacing all atoms finds the softest modes only.
      Longer displacements than the default, (1, 3) in Angstrom, find rarer events. None for all.
    - `bonds`: of a surface whose symmetry is a `Molecule`; every other search turns a part about
      one of them by 30 to 120 degrees, instead of displacing all atoms. Default: all that are
      free to turn, amide bonds apart; `()` for none.
    - `softest`: every other search starts along one of so many of the minimum's softest modes,
      either way, from a hundredth of the shortest displacement on. Finds passes next to a minimum,
      which random displacements step over: on losses, where a network stays in parts. Zero: none.

    >>> SingleEnded(below=-40.0).minima is None
    True
    """

    minima: tuple[int, ...] | None = None
    below: float | None = None
    centres: tuple[int, ...] | None = None
    radius: float = 3.5
    bonds: tuple[tuple[int, int], ...] | None = None
    softest: int = 0

    def __post_init__(self):
        if isinstance(self.softest, bool) or int(self.softest) != self.softest or self.softest < 0:
            raise ValueError(f"softest is {self.softest}; pass how many modes, or 0")
        if self.centres is not None:
            centres = tuple(int(i) for i in self.centres)
            if not centres or min(centres) < 0:
                raise ValueError(f"centres is {self.centres!r}; pass atoms, counted from 0")
            object.__setattr__(self, "centres", centres)
        if not 0 < self.radius < np.inf:
            raise ValueError(f"radius is {self.radius}; it must be a positive length")

    def turns(self, symmetry) -> list[tuple[int, int, list[int]]]:
        """`(a, b, atoms)`: what searches turn about a bond of a molecule.

        **Raises:** `ValueError` for a bond that is not there or not free to turn.
        """
        if self.centres is not None:
            return []
        bonds = getattr(symmetry, "bonds", ())
        if self.bonds is None:
            # Turns of amides lead to isomers, each with conformers of its own.
            return free_turns(bonds, amide_bonds(symmetry.species, bonds) if bonds else ())
        free = free_turns(bonds)
        wanted = {tuple(sorted((int(a), int(b)))) for a, b in self.bonds}
        unknown = wanted - {tuple(sorted(turn[:2])) for turn in free}
        if unknown:
            raise ValueError(
                f"bonds names {min(unknown)}, and nothing is free to turn about that: "
                f"{', '.join(str(tuple(sorted(turn[:2]))) for turn in free) or 'none'} would be"
            )
        return [turn for turn in free if tuple(sorted(turn[:2])) in wanted]

    @property
    def whole(self) -> bool:
        """Whether it starts from all minima."""
        return self.minima is None and self.below is None

    def starts(self, network: Landscape) -> np.ndarray:
        """Ids of the minima to start from."""
        size = len(network.minima)
        ids = np.arange(size) if self.minima is None else ids_of(network, self.minima, "minima")
        if self.below is not None:
            ids = ids[network.minima.energy[ids] <= self.below]
            if not len(ids):
                lowest = float(network.minima.energy.min())
                raise ValueError(
                    f"below is {self.below}, where there is no minimum: the lowest has {lowest}"
                )
        return ids
