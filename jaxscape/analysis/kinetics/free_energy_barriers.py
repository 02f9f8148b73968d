"""Free-energy barriers of molecules: rigid rotors, quantum oscillators, and all paths at once."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy import constants

from jaxscape.analysis.kinetics.rates import Rates, rates
from jaxscape.analysis.thermodynamics.quantum import mass_weighted_eigenvalues
from jaxscape.analysis.thermodynamics.vibrations import known_masses
from jaxscape.landscape import KineticNetwork, Landscape, as_network


@dataclasses.dataclass(frozen=True, eq=False)
class FreeEnergyBarriers:
    """Barriers between two sets of minima, a row for each temperature; prints as a table.

    - `kelvin` `[n]`: temperatures.
    - `forward`, `backward` `[n]`: free-energy barriers in `units`, by Eyring's equation.
    - `forward_rate`, `backward_rate` `[n]`: in 1 / s.
    - `rates`: the `Rates` at each temperature, in the surface's own units.
    """

    kelvin: Float[np.ndarray, " n"]
    forward: Float[np.ndarray, " n"]
    backward: Float[np.ndarray, " n"]
    forward_rate: Float[np.ndarray, " n"]
    backward_rate: Float[np.ndarray, " n"]
    rates: tuple[Rates, ...]
    units: str

    def __str__(self) -> str:
        names = (f"forward ({self.units})", f"back ({self.units})", "forward (1/s)", "back (1/s)")
        lines = ["       K" + "".join(f"{name:>19}" for name in names)]
        for k, *barriers, forward, back in zip(
            self.kelvin, self.forward, self.backward, self.forward_rate, self.backward_rate,
            strict=True,
        ):  # fmt: skip
            numbers = "".join(f"{barrier:19.3f}" for barrier in barriers)
            lines.append(f"{k:8.2f}{numbers}{forward:19.4g}{back:19.4g}")
        return "\n".join(lines)


def free_energy_barriers(
    landscape: Landscape,
    a,
    b,
    kelvin: float | Float[np.ndarray, " n"] = 298.15,
    *,
    units: str = "kJ/mol",
    masses=None,
    quantum: bool = True,
) -> FreeEnergyBarriers:
    """Free-energy barriers and rates between two sets of minima, over all paths of a network.

    Partition functions are those of rigid rotors and harmonic oscillators; the rate constant of
    all paths together (as `rates` has it) becomes a barrier by `k = kT / h exp(-G / kT)`.
    Tunnelling is left out.

    **Arguments:**

    - `landscape`: with its surface, in units of energy and length.
    - `a`, `b`: ids of minima, one or many.
    - `kelvin`: one temperature or several.
    - `units`: of the barriers: eV, kcal/mol, kJ/mol, hartree, cm^-1 or K.
    - `masses`: of the atoms in atomic mass units; default those of the surface's symmetry.
    - `quantum`: oscillators have zero-point energies and discrete levels; otherwise classical.

    **Returns:** `FreeEnergyBarriers`.

    **Raises:** `ValueError` without surface, units or masses, for points that are no minima or
    transition states on it; and as `rates`.

    ```python
    print(jaxscape.free_energy_barriers(landscape, 1, 0, [250.0, 298.15]))
    ```

    H. Eyring, J. Chem. Phys. 3, 107 (1935).
    """
    surface = landscape.surface if isinstance(landscape, Landscape) else None
    if surface is None:
        raise ValueError(
            "partition functions come from a surface: load the landscape with "
            "jaxscape.load(path, surface)"
        )
    own = surface.units
    planck = constants.h / (own.joules * own.seconds)
    masses = known_masses(surface, masses)
    temperatures = np.atleast_1d(np.asarray(kelvin, np.float64))
    network = as_network(landscape)
    minima, states = landscape.minima, landscape.transition_states
    of_minima = mass_weighted_eigenvalues(surface, minima.x, masses)
    of_states = mass_weighted_eigenvalues(surface, states.x, masses)
    for name, found, negative in (("minimum", of_minima, 0), ("transition state", of_states, 1)):
        wrong = [i for i, v in enumerate(found) if np.sum(v < 0) != negative]
        if wrong:
            raise ValueError(f"{name} {wrong[0]} is none on this surface: search it again")
    found, barriers = [], []
    for one in temperatures:
        kt = own.kT(float(one))
        hot = _at(network, landscape, of_minima, of_states, masses, kt, planck, quantum)
        found.append(rates(hot, a, b, kt))
        logs = np.array([found[-1].forward.log_rate, found[-1].backward.log_rate])
        barriers.append(own.per(units) * kt * (np.log(kt / planck) - logs))
    forward, backward = np.array(barriers).T
    there, back = (
        np.array([getattr(one, side).rate for one in found]) / own.seconds
        for side in ("forward", "backward")
    )
    return FreeEnergyBarriers(temperatures, forward, backward, there, back, tuple(found), units)


def _at(
    network: KineticNetwork, landscape, of_minima, of_states, masses, kt, planck, quantum
) -> KineticNetwork:
    """A network whose log products make harmonic rates those of the partition functions.

    Those rates are `exp((log_product - ts_log_product) / 2) / 2 pi`, with one mode less at the
    transition state.
    """
    vibrations = len(of_minima[0])
    thermal = 2 * np.log(2 * np.pi * kt / planck)  # (kT / hbar)^2, for each mode
    logs = []
    for points, found, negative in ((landscape.minima.x, of_minima, 0),
                                    (landscape.transition_states.x, of_states, 1)):  # fmt: skip
        part = [
            _log_vibrations(values[negative:], kt, planck, quantum)
            + _log_rotation(x, x.size - len(values), masses, kt, planck)
            for x, values in zip(points, found, strict=True)
        ]
        logs.append(-2.0 * np.array(part) + (vibrations - negative) * thermal)
    return dataclasses.replace(
        network,
        log_product=logs[0],
        ts_log_product=logs[1],
        modes=np.full(len(of_minima), vibrations),
        ts_modes=np.full(len(of_states), vibrations - 1),
    )


def _log_vibrations(eigenvalues, kt, planck, quantum) -> float:
    half = planck * np.sqrt(eigenvalues) / (4 * np.pi * kt)
    logs = -half - np.log(-np.expm1(-2 * half)) if quantum else -np.log(2 * half)
    return float(np.sum(logs))


def _log_rotation(x, zero_modes, masses, kt, planck) -> float:
    """Of a rigid rotor without its symmetry number; nothing where rotation is not free."""
    if zero_modes < 5:
        return 0.0
    atoms, mass = x.reshape(-1, 3), np.broadcast_to(masses, x.size // 3)[:, None]
    atoms = atoms - np.sum(mass * atoms, axis=0) / mass.sum()
    spread = np.linalg.svd(np.sqrt(mass) * atoms, compute_uv=False) ** 2
    inertia = spread.sum() - spread  # rising: the axis of a linear molecule comes first
    thermal = 8 * np.pi**2 * inertia * kt / planck**2
    if zero_modes == 5:
        return float(np.log(thermal[-1]))
    return float(0.5 * np.log(np.pi) + 0.5 * np.sum(np.log(thermal)))
