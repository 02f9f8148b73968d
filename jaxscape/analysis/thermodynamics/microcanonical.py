"""The harmonic superposition at constant energy.

D. J. Wales and J. P. K. Doye, J. Chem. Phys. 103, 3061 (1995).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln

from jaxscape.analysis.thermodynamics.superposition import missing_products, vibrations_of
from jaxscape.landscape import KineticNetwork, Landscape, as_network


@dataclasses.dataclass(frozen=True, eq=False)
class Microcanonical:
    """What belongs to each total energy.

    - `energy` `[n]`: total energy. `entropy` `[n]`: `log Omega(E)`, with `hbar = 1` and without
      the factor `2 N!` of versions; -inf below the lowest minimum.
    - `temperature` `[n]`: `(dS / dE)^-1`; it falls where the caloric curve bends back.
    - `occupation` `[n, M]`: probabilities of the minima.
    """

    energy: Float[np.ndarray, " n"]
    entropy: Float[np.ndarray, " n"]
    temperature: Float[np.ndarray, " n"]
    occupation: Float[np.ndarray, "n M"]


def microcanonical(
    network: Landscape | KineticNetwork, energies, *, vibrations: int | None = None
) -> Microcanonical:
    """Density of states, entropy and temperature against total energy.

    `Omega(E) = sum_a (E - E_a)^(s - 1) / (Gamma(s) o_a prod omega_a)` over minima below `E`, with
    `s` vibrations, kinetic energy included.

    **Arguments:** `energies` `[n]`: total energies; `vibrations`: as `heat_capacity`.

    **Raises:** `ValueError` for missing log products, fewer than two vibrations, or energies that
    are not finite.

    >>> network = KineticNetwork([0.0], plus=[], minus=[], ts_energy=[], log_product=[0.0])
    >>> found = microcanonical(network, [1.0, 2.0], vibrations=3)
    >>> found.temperature.tolist(), np.exp(found.entropy).round(12).tolist()
    ([0.5, 1.0], [0.5, 2.0])
    """
    network = as_network(network)
    modes = vibrations_of(network, vibrations)
    if network.log_product is None:
        raise ValueError(missing_products())
    if len(modes) and modes.min() < 2:
        raise ValueError(f"{modes.min()} vibrations: a density of states needs two at least")
    energy = np.atleast_1d(np.asarray(energies, np.float64))
    if not np.isfinite(energy).all():
        raise ValueError(f"energies are {energy.tolist()}: give finite numbers")
    above = energy[:, None] - network.energy
    open_ = above > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(
            open_,
            (modes - 1) * np.log(np.where(open_, above, 1.0))
            - gammaln(modes)
            - np.log(network.order)
            - 0.5 * network.log_product,
            -np.inf,
        )
        entropy = np.logaddexp.reduce(logs, axis=1)
        share = np.where(open_, np.exp(logs - entropy[:, None]), 0.0)
        slope = np.sum(np.where(open_, share * (modes - 1) / above, 0.0), axis=1)
        temperature = np.where(slope > 0, 1.0 / slope, 0.0)
    return Microcanonical(energy, entropy, temperature, share)
