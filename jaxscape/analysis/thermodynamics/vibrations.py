"""Vibrations and barriers in a chemist's units."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int
from scipy import constants

from jaxscape.analysis.thermodynamics.quantum import (
    mass_weighted_eigenvalues,
    mass_weighted_modes,
)
from jaxscape.landscape import Landscape
from jaxscape.surface import Surface


def wavenumbers(
    surface: Surface, x: Float[np.ndarray, "batch dim"], *, masses=None
) -> list[Float[np.ndarray, " n"]]:
    """Harmonic vibrations of stationary points in cm^-1, rising; imaginary ones are negative.

    **Arguments:**

    - `surface`: one with units of energy (eV, kcal/mol, kJ/mol, hartree, cm^-1) and length
      (Angstrom, bohr).
    - `x` `[batch, dim]`: stationary points.
    - `masses`: of the atoms in atomic mass units; default those of the surface's symmetry.

    **Returns:** one array for each point: `dim` less the zero modes of the symmetry.

    **Raises:** `ValueError` for a surface without units or masses.

    >>> import jax.numpy as jnp
    >>> from jaxscape.surface import Units
    >>> units = Units("eV", "Angstrom")
    >>> surface = Surface(lambda x: 5.0 * jnp.sum(x**2), dim=3, units=units)
    >>> wavenumbers(surface, np.zeros((1, 3)), masses=[1.0])[0].round(1).tolist()
    [1649.0, 1649.0, 1649.0]
    """
    factor, masses = _factor(surface), known_masses(surface, masses)
    values = mass_weighted_eigenvalues(surface, x, masses)
    return [factor * np.sign(v) * np.sqrt(np.abs(v)) for v in values]


def normal_modes(
    surface: Surface, x: Float[np.ndarray, " dim"], *, masses=None
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n dim"]]:
    """Wavenumbers of one stationary point in cm^-1, rising, and how its atoms move in each mode.

    **Arguments:** as `wavenumbers`, for one point `[dim]`.

    **Returns:** `[n]`, and unit vectors of the displacements `[n, dim]`, for
    `jaxscape.io.xyz.write_mode`.

    **Raises:** `ValueError` as `wavenumbers`.

    >>> import jax.numpy as jnp
    >>> from jaxscape.surface import Units
    >>> units = Units("eV", "Angstrom")
    >>> surface = Surface(lambda x: 5.0 * jnp.sum(x**2 * jnp.array([1.0, 4.0])), dim=2, units=units)
    >>> values, modes = normal_modes(surface, np.zeros(2), masses=1.0)
    >>> values.round(1).tolist(), np.abs(modes).round(3).tolist()
    ([1649.0, 3298.1], [[1.0, 0.0], [0.0, 1.0]])
    """
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}: pass one point [dim]")
    factor, masses = _factor(surface), known_masses(surface, masses)
    (values,), (modes,) = mass_weighted_modes(surface, x[None], masses)
    modes = modes / np.linalg.norm(modes, axis=1, keepdims=True)
    return factor * np.sign(values) * np.sqrt(np.abs(values)), modes


def zero_point_energies(
    surface: Surface, x: Float[np.ndarray, "batch dim"], *, masses=None
) -> Float[np.ndarray, " batch"]:
    """Half the sum of all real wavenumbers, in the surface's unit of energy.

    **Arguments:** as `wavenumbers`: minima, or transition states, whose imaginary mode has none.

    **Returns:** `[batch]`. **Raises:** `ValueError` as `wavenumbers`.

    >>> import jax.numpy as jnp
    >>> from jaxscape.surface import Units
    >>> units = Units("cm^-1", "Angstrom")
    >>> surface = Surface(lambda x: 1e4 * jnp.sum(x**2), dim=2, units=units)
    >>> float(zero_point_energies(surface, np.zeros((1, 2)), masses=1.0)[0].round(1))
    821.2
    """
    unit = 1.0 / surface.units.per("cm^-1")
    found = wavenumbers(surface, x, masses=masses)
    return np.array([0.5 * unit * values[values > 0].sum() for values in found])


@dataclasses.dataclass(frozen=True)
class BarrierTable:
    """The transition states of a landscape, the lowest first; prints as a table.

    `ids`, `plus`, `minus` `[T]`: of the transition states and the minima on their sides;
    `energy` `[T]` above the lowest minimum, `forward` and `backward` `[T]` above `plus` and
    `minus`, all in `units`; `imaginary` `[T]` in cm^-1, negative, NaN where there are no masses.
    """

    ids: Int[np.ndarray, " T"]
    plus: Int[np.ndarray, " T"]
    minus: Int[np.ndarray, " T"]
    energy: Float[np.ndarray, " T"]
    forward: Float[np.ndarray, " T"]
    backward: Float[np.ndarray, " T"]
    imaginary: Float[np.ndarray, " T"]
    units: str

    def __str__(self) -> str:
        columns = f"{'energy':>10} {'forward':>10} {'back':>10} {'imaginary':>10}"
        lines = [f"{'ts':>4} {'from':>5} {'to':>5} {columns}"]
        lines.append(" " * 17 + f"{self.units:>10} " * 3 + f"{'cm^-1':>10}")
        for row in zip(
            self.ids, self.plus, self.minus, self.energy, self.forward, self.backward,
            self.imaginary, strict=True,
        ):  # fmt: skip
            lines.append("{:4d} {:5d} {:5d} {:10.3f} {:10.3f} {:10.3f} {:10.1f}".format(*row))
        return "\n".join(lines)


def barrier_table(landscape: Landscape, *, units: str | None = None, masses=None) -> BarrierTable:
    """Barriers of all transition states and their imaginary wavenumbers.

    **Arguments:**

    - `units`: of energies (eV, kcal/mol, kJ/mol, hartree, cm^-1); default those of the landscape.
    - `masses`: as in `wavenumbers`. Without masses, or without a surface, there are no
      wavenumbers.

    **Returns:** a `BarrierTable`.

    **Raises:** `ValueError` for units that cannot be converted.

    ```python
    print(jaxscape.barrier_table(landscape, units="kJ/mol"))
    ```
    """
    own = landscape.units.energy
    factor = 1.0 if units is None else landscape.units.per(units)
    states, minima = landscape.transition_states, landscape.minima
    order = np.argsort(states.energy, kind="stable")
    plus, minus = states.plus[order], states.minus[order]
    energy = states.energy[order]
    surface = landscape.surface
    known = surface is not None and (
        masses is not None or getattr(surface.symmetry, "masses", None) is not None
    )
    imaginary = np.full(len(order), np.nan)
    if known and surface is not None and len(order):
        found = wavenumbers(surface, states.x[order], masses=masses)
        imaginary = np.array([values[0] for values in found])
    return BarrierTable(
        np.asarray(states.ids)[order],
        plus,
        minus,
        factor * (energy - minima.energy.min(initial=np.inf)),
        factor * (energy - minima.energy[plus]),
        factor * (energy - minima.energy[minus]),
        imaginary,
        units or own,
    )


def _factor(surface: Surface) -> float:
    """Wavenumber in cm^-1 of a mass-weighted eigenvalue of one, in the surface's units and u."""
    return 1.0 / (2e2 * np.pi * constants.c * surface.units.seconds)


def known_masses(surface: Surface, masses):
    """Masses that were given, or those of the surface's symmetry."""
    masses = getattr(surface.symmetry, "masses", None) if masses is None else masses
    if masses is None:
        raise ValueError(
            f"surface {surface.name!r} knows no masses: pass masses=, in atomic mass units"
        )
    return masses
