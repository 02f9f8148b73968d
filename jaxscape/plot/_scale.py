"""How energies are drawn: as they are, or in other units above the lowest minimum."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from jaxscape.plot._style import energy_label
from jaxscape.units import Units


@dataclasses.dataclass(frozen=True)
class Scale:
    """`factor * (energy - zero)` in `units`; `zero` is None where energies stay as they are."""

    units: Units
    factor: float = 1.0
    zero: float | None = None

    def __call__(self, energies) -> np.ndarray:
        energies = np.asarray(energies)
        return energies if self.zero is None else self.factor * (energies - self.zero)

    def label(self, name: str = "Energy") -> str:
        """What an axis of energies is called."""
        above = "" if self.zero is None else " above the lowest minimum"
        return energy_label(self.units.energy, name + above)


def scale_of(own: Units, asked: Units | str | None, lowest: float) -> Scale:
    """The scale for `units=`: a name such as "kJ/mol" converts, `Units` only name.

    **Raises:** `ValueError` for units that cannot be converted.
    """
    if not isinstance(asked, str):
        return Scale(asked or own)
    return Scale(Units(asked, own.length), own.per(asked), float(lowest))


def plain_numbers(axis: Any) -> None:
    """Numbers at an axis in full: -313.24, not 0.76 beside a small -3.14e2."""
    axis.get_major_formatter().set_useOffset(False)
