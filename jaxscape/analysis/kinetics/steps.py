"""Rate constants of elementary steps: harmonic transition-state theory.

D. J. Wales, Energy Landscapes, Cambridge University Press (2003), chapter 7;
P. Hanggi, P. Talkner and M. Borkovec, Rev. Mod. Phys. 62, 251 (1990), on friction.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from jaxscape.analysis.thermodynamics.superposition import (
    checked_temperature,
    log_weights,
    missing_products,
)
from jaxscape.landscape import KineticNetwork, Landscape, as_network


@dataclasses.dataclass(frozen=True, eq=False)
class StepRates:
    """Rate constants of every transition state, both ways, as natural logarithms.

    - `ids` `[T]`: of the transition states; `plus`, `minus` `[T]`: ids of their minima.
    - `log_forward` `[T]`: from `plus` to `minus`; `log_backward` `[T]`: the other way. In units
      of frequency: sqrt(energy / mass) / length.
    - `degenerate` `[T]`: both sides are versions of one minimum. The rate then counts both sides
      of the transition state (a factor of two), and changes no state.
    """

    ids: Int[np.ndarray, " T"]
    plus: Int[np.ndarray, " T"]
    minus: Int[np.ndarray, " T"]
    log_forward: Float[np.ndarray, " T"]
    log_backward: Float[np.ndarray, " T"]
    degenerate: Bool[np.ndarray, " T"]

    @property
    def forward(self) -> np.ndarray:
        """`[T]`, rate constants from `plus` to `minus`."""
        return np.exp(self.log_forward)

    @property
    def backward(self) -> np.ndarray:
        """`[T]`, rate constants from `minus` to `plus`."""
        return np.exp(self.log_backward)


def step_rates(
    network: Landscape | KineticNetwork,
    temperature: float,
    *,
    friction: float = 0.0,
    frequencies: bool = True,
) -> StepRates:
    """Rate constants of every elementary step by harmonic transition-state theory.

    `k(a -> b) = (o_a / o_ts) (prod nu_a / prod nu_ts) exp(-(E_ts - E_a) / kT)`, with point-group
    orders `o` and frequencies `nu = sqrt(eigenvalue) / 2 pi`, zero modes and the negative mode
    left out. The two versions of a minimum on either side of a degenerate rearrangement are one
    state; every version then meets each such transition state from both of its sides, so the
    constant has a factor of two.

    **Arguments:**

    - `temperature`: `kT` in the network's unit of energy.
    - `friction`: the constant friction per mass of Langevin dynamics, in units of frequency. It
      slows every step by Kramers' factor, which needs the negative eigenvalues.
    - `frequencies`: with False, `prod nu_a / prod nu_ts` is 1 throughout: the attempt frequency is
      the unit, for networks without eigenvalues.

    **Raises:** `ValueError` for a temperature that is not positive, a transition state below one
    of its minima, missing log products, or numbers of modes that do not fit.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0])
    >>> step_rates(network, 0.5, frequencies=False).log_forward.tolist()
    [-2.0]
    """
    network = as_network(network)
    temperature = checked_temperature(temperature)
    _check_barriers(network)
    weights = log_weights(network, temperature, frequencies)
    conductance = log_conductances(network, temperature, friction, frequencies)
    plus, minus, ids = network.plus, network.minus, network.ids
    degenerate = plus == minus
    conductance = conductance + np.where(degenerate, np.log(2.0), 0.0)
    return StepRates(
        network.ts_ids,
        ids[plus],
        ids[minus],
        conductance - weights[plus],
        conductance - weights[minus],
        degenerate,
    )


def log_conductances(
    network: KineticNetwork, temperature: float, friction: float = 0.0, frequencies: bool = True
) -> Float[np.ndarray, " T"]:
    """Logarithm of population times rate constant of each transition state, the same both ways.

    In the populations of `log_weights`; one side of a degenerate rearrangement.
    """
    energy = network.energy.min() if len(network) else 0.0
    logs = -(network.ts_energy - energy) / temperature - np.log(network.ts_order)
    if frequencies:
        if network.log_product is None or network.ts_log_product is None:
            raise ValueError(missing_products())
        _check_modes(network)
        reference = network.log_product[np.argmin(network.energy)]
        logs = logs - 0.5 * (network.ts_log_product - reference) - np.log(2.0 * np.pi)
        if network.modes is not None:
            # As in the weights: vibrations more than those of the lowest minimum.
            more = network.modes[network.plus] - network.modes[np.argmin(network.energy)]
            logs = logs + more * np.log(temperature)
    return logs + _log_transmission(network, friction)


def _log_transmission(network: KineticNetwork, friction: float):
    if not (np.isfinite(friction) and friction >= 0):
        raise ValueError(f"friction is {friction}: give a number from zero up")
    if friction == 0:
        return 0.0
    if network.ts_eigenvalue is None:
        raise ValueError(
            "friction needs the negative eigenvalue of every transition state: give "
            "ts_eigenvalue to KineticNetwork, or leave friction out"
        )
    if (wrong := np.flatnonzero(network.ts_eigenvalue >= 0)).size:
        raise ValueError(
            f"ts_eigenvalue[{wrong[0]}] is {network.ts_eigenvalue[wrong[0]]}: the eigenvalue "
            "along the reaction is negative"
        )
    ratio = friction / (2.0 * np.sqrt(-network.ts_eigenvalue))
    # sqrt(1 + r^2) - r without the difference.
    return -np.arcsinh(ratio)


def _check_barriers(network: KineticNetwork) -> None:
    ends = np.stack([network.plus, network.minus])
    if not ends.size:
        return
    higher = network.energy[ends].max(axis=0)
    wrong = np.flatnonzero(network.ts_energy < higher)
    if wrong.size:
        state = int(wrong[0])
        side = ends[np.argmax(network.energy[ends[:, state]]), state]
        raise ValueError(
            f"transition state {network.ts_ids[state]} at {network.ts_energy[state]} lies below "
            f"its minimum {network.ids[side]} at {network.energy[side]} ({wrong.size} such in "
            "all): converge both further, or leave the transition state out"
        )


def _check_modes(network: KineticNetwork) -> None:
    if network.modes is None or network.ts_modes is None:
        return
    for side in (network.plus, network.minus):
        wrong = np.flatnonzero(
            (network.ts_modes != network.modes[side] - 1) & (network.plus != network.minus)
        )
        if wrong.size:
            state = int(wrong[0])
            raise ValueError(
                f"transition state {network.ts_ids[state]} has {network.ts_modes[state]} "
                f"vibrations and its minimum {network.ids[side[state]]} "
                f"{network.modes[side[state]]}: harmonic rates need one less (a linear molecule "
                "or a point on a bound has others); leave it out, or use frequencies=False"
            )
