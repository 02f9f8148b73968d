"""The harmonic superposition approximation: every minimum a harmonic well of its own.

F. H. Stillinger and T. A. Weber, Science 225, 983 (1984);
D. J. Wales, Mol. Phys. 78, 151 (1993).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import KineticNetwork, Landscape, as_network


def checked_temperature(temperature) -> float:
    """`kT` as a float.

    **Raises:** `ValueError` unless it is a positive, finite number.
    """
    value = np.asarray(temperature)
    if value.ndim or value.dtype.kind not in "iuf" or not (np.isfinite(value) and value > 0):
        raise ValueError(
            f"temperature is {temperature!r}: give kT, a positive number in the unit of energy"
        )
    return float(value)


def log_weights(
    network: KineticNetwork, temperature: float, frequencies: bool = True
) -> Float[np.ndarray, " M"]:
    """Logarithms of Boltzmann weights, relative to the lowest minimum without its symmetry.

    `-(E - E_0) / kT - (log_product - log_product_0) / 2 - log(order)`, and `log kT` for every
    vibration a minimum has more than the lowest.
    """
    if not len(network):
        return np.zeros(0)
    lowest = int(np.argmin(network.energy))
    logs = -(network.energy - network.energy[lowest]) / temperature - np.log(network.order)
    if frequencies:
        if network.log_product is None:
            raise ValueError(missing_products())
        logs = logs - 0.5 * (network.log_product - network.log_product[lowest])
        if network.modes is not None:
            logs = logs + (network.modes - network.modes[lowest]) * np.log(temperature)
    return logs


def missing_products() -> str:
    """What to do without log products."""
    return (
        "this network has no log products (sums of the logarithms of the positive Hessian "
        "eigenvalues) of all its points: certify them with jaxscape.minimise and "
        "jaxscape.find_transition_states (up to 768 coordinates), give log_product and "
        "ts_log_product to KineticNetwork, or leave frequencies out with frequencies=False"
    )


def log_partition_functions(
    network: Landscape | KineticNetwork, temperature: float, *, frequencies: bool = True
) -> Float[np.ndarray, " M"]:
    """Logarithm of the classical harmonic partition function of every minimum.

    `log Z_a = -E_a / kT - log o_a + sum log(kT / omega)`, with `hbar = 1`, the factor `2 N!` for
    the versions of a structure left out.

    **Arguments:**

    - `temperature`: `kT` in the network's unit of energy.
    - `frequencies`: with False, vibrations are left out.

    **Returns:** `[M]`, in the order of `network.minima`.

    **Raises:** `ValueError` for a temperature that is not positive, and for missing log products.

    >>> network = KineticNetwork([0.0, 1.0], plus=[], minus=[], ts_energy=[], order=[1, 2])
    >>> log_partition_functions(network, 1.0, frequencies=False).round(6).tolist()
    [-0.0, -1.693147]
    """
    network = as_network(network)
    temperature = checked_temperature(temperature)
    logs = -network.energy / temperature - np.log(network.order)
    if frequencies:
        if network.log_product is None:
            raise ValueError(missing_products())
        modes = 0 if network.modes is None else network.modes
        logs = logs - 0.5 * network.log_product + modes * np.log(temperature)
    return logs


def occupation(
    network: Landscape | KineticNetwork, temperature: float, *, frequencies: bool = True
) -> Float[np.ndarray, " M"]:
    """Equilibrium probability of every minimum, `[M]`; arguments as `log_partition_functions`.

    >>> network = KineticNetwork([0.0, 0.0], plus=[], minus=[], ts_energy=[], order=[1, 3])
    >>> occupation(network, 1.0, frequencies=False).round(12).tolist()
    [0.75, 0.25]
    """
    network = as_network(network)
    logs = log_weights(network, checked_temperature(temperature), frequencies)
    return np.exp(logs - np.logaddexp.reduce(logs)) if len(logs) else logs


def free_energies(
    network: Landscape | KineticNetwork, temperature: float, *, frequencies: bool = True
) -> tuple[Float[np.ndarray, " M"], Float[np.ndarray, " T"]]:
    """Free energies of minima and of transition states, in the network's unit of energy.

    Such that `k(a -> b) = (kT / 2 pi hbar) exp(-(F_ts - F_a) / kT)`, with `hbar = 1`. Without
    `frequencies`, `F = E + kT log(order)`.

    **Returns:** `[M]` and `[T]`. **Raises:** as `log_partition_functions`.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0], minus=[1], ts_energy=[1.0], ts_order=[2])
    >>> [f.round(4).tolist() for f in free_energies(network, 1.0, frequencies=False)]
    [[0.0, 0.5], [1.6931]]
    """
    network, temperature = as_network(network), checked_temperature(temperature)
    minima = -temperature * log_partition_functions(network, temperature, frequencies=frequencies)
    logs = -network.ts_energy / temperature - np.log(network.ts_order)
    if frequencies:
        if network.ts_log_product is None:
            raise ValueError(missing_products())
        if network.ts_modes is not None:
            modes = network.ts_modes
        else:
            # One vibration of the minima has become the reaction.
            modes = -1 if network.modes is None else network.modes[network.plus] - 1
        logs = logs - 0.5 * network.ts_log_product + modes * np.log(temperature)
    return minima + 0.0, -temperature * logs


@dataclasses.dataclass(frozen=True, eq=False)
class HeatCapacity:
    """Heat capacity against temperature, and what each minimum adds to it.

    - `temperature` `[n]`: `kT`. `total` `[n]`: `C_v / k`, kinetic energy of the vibrations
      included. `mean_energy` `[n]`.
    - `vibrational` `[n]`: the mean heat capacity of single wells; `landscape` `[n]`: the rest,
      from minima changing places. Both together are `total`.
    - `ids` `[M]`, `minima` `[n, M]`: the contribution of each minimum to `landscape`,
      `p (U - <U>)^2 / kT^2`: they are not negative and sum to it.
    """

    temperature: Float[np.ndarray, " n"]
    total: Float[np.ndarray, " n"]
    mean_energy: Float[np.ndarray, " n"]
    vibrational: Float[np.ndarray, " n"]
    landscape: Float[np.ndarray, " n"]
    ids: Int[np.ndarray, " M"]
    minima: Float[np.ndarray, "n M"]

    def peak(self) -> tuple[float, float]:
        """Temperature and height of the maximum; between temperatures by a parabola."""
        top = int(np.argmax(self.total))
        if not 0 < top < len(self.total) - 1:
            return float(self.temperature[top]), float(self.total[top])
        near = slice(top - 1, top + 2)
        at = self.temperature[top]
        a, b, c = np.polyfit(self.temperature[near] - at, self.total[near], 2)
        return float(at - b / (2 * a)), float(c - b * b / (4 * a))


def heat_capacity(
    network: Landscape | KineticNetwork,
    temperatures,
    *,
    vibrations: int | None = None,
    frequencies: bool = True,
) -> HeatCapacity:
    """Heat capacity of the classical harmonic superposition.

    **Arguments:**

    - `temperatures` `[n]`: values of `kT`.
    - `vibrations`: of every minimum, `3 N - 6` for a cluster, for networks that do not know.
    - `frequencies`: with False, all minima have equal frequencies.

    **Returns:** a `HeatCapacity`. **Raises:** `ValueError` for a temperature that is not
    positive, missing log products or an unknown number of vibrations.

    >>> network = KineticNetwork([0.0, 1.0], plus=[], minus=[], ts_energy=[])
    >>> curve = heat_capacity(network, [0.2, 0.4], vibrations=1, frequencies=False)
    >>> curve.total.round(4).tolist()
    [1.1662, 1.4381]
    """
    network = as_network(network)
    kt = np.array([checked_temperature(t) for t in np.atleast_1d(temperatures)])
    modes = vibrations_of(network, vibrations)
    if not len(network):
        raise ValueError("the network has no minima: explore its surface first")
    if frequencies:
        network = dataclasses.replace(network, modes=modes)
    logs = np.stack([log_weights(network, t, frequencies) for t in kt])
    share = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
    energy = network.energy + modes * kt[:, None]
    mean = np.sum(share * energy, axis=1)
    parts = share * ((energy - mean[:, None]) / kt[:, None]) ** 2
    vibrational = share @ modes.astype(float)
    landscape = parts.sum(axis=1)
    return HeatCapacity(
        kt, vibrational + landscape, mean, vibrational, landscape, network.ids, parts
    )


def heat_capacity_convergence(
    network: Landscape | KineticNetwork, temperature: float, counts=None, **options
) -> tuple[Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """The heat capacity from the lowest 1, 2, 4, ... minima alone.

    **Arguments:** `counts`: numbers of minima; the rest as `heat_capacity`.

    **Returns:** numbers of minima and heat capacities, `[c]` each; the last has all minima.

    >>> network = KineticNetwork([0.0, 1.0], plus=[], minus=[], ts_energy=[])
    >>> [v.round(3).tolist() for v in heat_capacity_convergence(network, 0.4, vibrations=1,
    ...                                                         frequencies=False)]
    [[1, 2], [1.0, 1.438]]
    """
    network = as_network(network)
    size = len(network)
    if counts is None:
        counts = np.unique(np.append(2 ** np.arange(max(size, 1).bit_length()), size))
        counts = counts[counts <= size]
    counts = np.atleast_1d(np.asarray(counts))
    if not counts.size or counts.min() < 1 or counts.max() > size:
        raise ValueError(f"counts are {counts.tolist()}: give numbers from 1 to {size}")
    order = np.argsort(network.energy, kind="stable")
    totals = [
        heat_capacity(lowest_minima(network, order[:count]), [temperature], **options).total[0]
        for count in counts
    ]
    return counts, np.array(totals)


def lowest_minima(network: KineticNetwork, rows: np.ndarray) -> KineticNetwork:
    """The minima of these rows alone, without transition states."""
    columns: dict[str, Any] = {
        name: None if (column := getattr(network, name)) is None else column[rows]
        for name in ("energy", "log_product", "order", "modes", "ids")
    }
    none = np.zeros(0, np.int64)
    return KineticNetwork(plus=none, minus=none, ts_energy=np.zeros(0), **columns)


def vibrations_of(network: KineticNetwork, vibrations: int | None) -> np.ndarray:
    """`[M]`, numbers of vibrations: those of the network, or one for all."""
    if vibrations is None:
        if network.modes is None:
            raise ValueError(
                "the network does not know how many vibrations its minima have: give "
                "vibrations= (3 N - 6 for a cluster of N atoms), or modes to KineticNetwork"
            )
        return network.modes
    if vibrations < 0:
        raise ValueError(f"vibrations is {vibrations}: give a number from zero up")
    return np.full(len(network), vibrations)
