"""Units of energy, length and time: what a surface declares, and what a chemist asks for."""

import math

import equinox as eqx
import numpy as np
from scipy import constants

_JOULES = {
    "eV": constants.electron_volt,
    "kcal/mol": 1e3 * constants.calorie / constants.Avogadro,
    "kJ/mol": 1e3 / constants.Avogadro,
    "hartree": constants.value("Hartree energy"),
    "cm^-1": 100.0 * constants.h * constants.c,
    "K": constants.k,
}
_METRES = {"Angstrom": constants.angstrom, "bohr": constants.value("Bohr radius")}


class Units(eqx.Module):
    """The units of a surface, for tables and axes; empty where a quantity has none.

    Energies in eV, kcal/mol, kJ/mol, hartree, cm^-1 or K, and lengths in Angstrom or bohr, can be
    converted. Masses are atomic mass units then, and `seconds` is the unit of time.

    >>> units = Units("eV", "Angstrom")
    >>> f"{units.per('kJ/mol'):.4f} {units.kT(298.15):.6f} {units.seconds:.3e}"
    '96.4853 0.025693 1.018e-14'
    """

    energy: str = eqx.field(static=True, default="")
    length: str = eqx.field(static=True, default="")

    def per(self, energy: str) -> float:
        """One unit of energy in others: `units.per("kJ/mol")`.

        **Raises:** `ValueError` for units that are not known.
        """
        return 1.0 if energy == self.energy else self.joules / _known(_JOULES, energy)

    def kT(self, kelvin: float) -> float:
        """The temperature as an energy, as `rates` and others take it."""
        if not (np.isfinite(kelvin) and kelvin > 0):
            raise ValueError(f"the temperature is {kelvin} K: pass a positive number")
        return kelvin * constants.k / self.joules

    @property
    def joules(self) -> float:
        """One unit of energy, of a single molecule, in joules."""
        return _known(_JOULES, self.energy)

    @property
    def metres(self) -> float:
        """One unit of length in metres."""
        return _known(_METRES, self.length)

    @property
    def seconds(self) -> float:
        """One unit of time where masses are in atomic mass units: rates divided by it are 1 / s."""
        return math.sqrt(constants.atomic_mass / self.joules) * self.metres


def _known(table: dict[str, float], name: str) -> float:
    if name not in table:
        raise ValueError(f"the unit {name!r} is none of {', '.join(table)}: give the surface units")
    return table[name]
