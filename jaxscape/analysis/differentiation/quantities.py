"""What follows from a network, as pure JAX functions of its energies and log products."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jaxtyping import Array, Float

from jaxscape.analysis.differentiation.elimination import (
    log_absorption,
    log_committors,
    log_rate_matrix,
    lowest_pass,
)
from jaxscape.analysis.thermodynamics.superposition import checked_temperature


class Topology:
    """The whole numbers of a network, which no parameter changes.

    `plus`, `minus` `[T]`: the minima of each transition state; `order` `[M]`, `ts_order` `[T]`:
    point-group orders; `modes` `[M]`, `ts_modes` `[T]`: numbers of positive eigenvalues. Equal
    ones compile once.
    """

    def __init__(self, **columns: np.ndarray):
        self.plus, self.minus, self.order, self.ts_order, self.modes, self.ts_modes = (
            np.array(columns[name], np.int64)
            for name in ("plus", "minus", "order", "ts_order", "modes", "ts_modes")
        )
        self._key = tuple(column.tobytes() for column in self.columns().values())

    def columns(self) -> dict[str, np.ndarray]:
        """All of them by name."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __eq__(self, other) -> bool:
        return isinstance(other, Topology) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class NetworkQuantities(eqx.Module):
    """The numbers of a network, and what follows from them; differentiable throughout.

    `x` `[M, dim]`, `energy` `[M]`, `log_product` `[M]` of the minima; `ts_x` `[T, dim]`,
    `ts_energy`, `ts_log_product`, `ts_eigenvalue` (the negative one) `[T]` of the transition
    states. Minima are named by their rows, which are the ids of the landscape. Temperatures are
    `kT` in the surface's unit of energy; rates have the unit of frequency.

    Rates are harmonic, as in `jaxscape.step_rates`; sets of minima `a`, `b` are single ids or
    sequences of them.
    """

    x: Float[Array, "M dim"]
    energy: Float[Array, " M"]
    log_product: Float[Array, " M"]
    ts_x: Float[Array, "T dim"]
    ts_energy: Float[Array, " T"]
    ts_log_product: Float[Array, " T"]
    ts_eigenvalue: Float[Array, " T"]
    topology: Topology = eqx.field(static=True)

    def log_rates(self, temperature) -> tuple[Float[Array, " T"], Float[Array, " T"]]:
        """Logarithms of the rate constants of every transition state, from `plus` and `minus`.

        `k(a -> b) = (o_a / o_ts) sqrt(prod lambda_a / prod lambda_ts) / (2 pi)
        exp(-(E_ts - E_a) / kT)`; degenerate rearrangements count twice.

        **Raises:** `ValueError` for a temperature that is not positive, and where a transition
        state has not one vibration less than its minima.
        """
        kt, net = _checked(temperature), self.topology
        _check_modes(net)
        twice = np.where(net.plus == net.minus, np.log(2.0), 0.0)

        def from_side(side):
            orders = np.log(net.order[side]) - np.log(net.ts_order)
            products = 0.5 * (self.log_product[side] - self.ts_log_product) - np.log(2.0 * np.pi)
            return orders + twice + products - (self.ts_energy - self.energy[side]) / kt

        return from_side(net.plus), from_side(net.minus)

    def barrier(self, a: int, b: int) -> Float[Array, ""]:
        """Energy of the highest point of the lowest path from `a` to `b`, above `a`.

        **Raises:** `ValueError` if an id does not exist, or no path joins them.
        """
        (row_a,), (row_b,) = self._sets([a], [b])
        net, size = self.topology, len(self.energy)
        source = np.concatenate([net.plus, net.minus])
        target = np.concatenate([net.minus, net.plus])
        height = jnp.concatenate([self.ts_energy, self.ts_energy])
        reached = lowest_pass(source, target, height, size, int(row_a))
        return reached[row_b] - self.energy[row_a]

    def log_occupation(self, temperature) -> Float[Array, " M"]:
        """Logarithms of the equilibrium probabilities, `[M]`, by harmonic superposition."""
        return jax.nn.log_softmax(self._log_weights(_checked(temperature)))

    def log_mean_first_passage_times(self, targets, temperature) -> Float[Array, " M"]:
        """Logarithms of the mean times from every minimum until one of a set is reached, `[M]`.

        -inf for the targets, inf for minima that no path joins to them.

        **Raises:** `ValueError` for ids that do not exist, and as `log_rates`.
        """
        return log_absorption(self._rate_matrix(temperature), [self._rows("targets", targets)])[0]

    def log_rate(self, a, b, temperature) -> Float[Array, ""]:
        """Logarithm of the rate constant from `a` to `b`, through the whole network.

        The mean over local equilibrium in `a` of the inverse mean first passage time to `b`, as
        `rate` of `jaxscape.rates`.

        **Raises:** `ValueError` for sets that are empty, overlap, hold unknown ids or are not
        joined by any path, and as `log_rates`.
        """
        rows_a, rows_b = self._sets(a, b)
        times = log_absorption(self._rate_matrix(temperature), [rows_b])[0]
        weights = jax.nn.log_softmax(self._log_weights(_checked(temperature))[rows_a])
        return jax.nn.logsumexp(weights - times[rows_a])

    def committor(self, a, b, temperature) -> Float[Array, " M"]:
        """Probability to reach `b` before `a`, from every minimum, `[M]`.

        NaN where neither is reached. **Raises:** as `log_rate`.
        """
        rows_a, rows_b = self._sets(a, b)
        return jnp.exp(log_committors(self._rate_matrix(temperature), rows_a, rows_b)[1])

    def heat_capacity(self, temperatures: Float[Array, " n"]) -> Float[Array, " n"]:
        """`C_v / k` of the classical harmonic superposition, kinetic energy included, `[n]`.

        The temperatures may be traced: derivatives by them work, too.
        """
        for given in jax.tree.leaves(temperatures):
            for kt in () if isinstance(given, Tracer) else np.atleast_1d(given):
                checked_temperature(kt)
        return jax.vmap(self._heat_capacity)(jnp.atleast_1d(jnp.asarray(temperatures, float)))

    def heat_capacity_peak(self, low, high) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Temperature and height of the highest peak of the heat capacity between two temperatures.

        The best of 400 temperatures, then Newton's method; differentiable as the solution of
        `dC/dT = 0`. Without a maximum inside, both are NaN.

        **Raises:** `ValueError` unless `0 < low < high`.
        """
        low, high = checked_temperature(low), checked_temperature(high)
        if not low < high:
            raise ValueError(f"low is {low} and high is {high}: give two temperatures, low < high")
        return _peak(self, low, high)

    def _heat_capacity(self, kt) -> Array:
        modes = self.topology.modes
        share = jnp.exp(jax.nn.log_softmax(self._log_weights(kt)))
        energy = self.energy - jnp.min(self.energy) + modes * kt
        mean = jnp.sum(share * energy)
        return jnp.sum(share * (modes + ((energy - mean) / kt) ** 2))

    def _log_weights(self, kt) -> Array:
        net = self.topology
        logs = -(self.energy - jnp.min(self.energy)) / kt - np.log(net.order)
        return logs - 0.5 * self.log_product + (net.modes - net.modes.min()) * jnp.log(kt)

    def _rate_matrix(self, temperature) -> Array:
        net = self.topology
        logs = jnp.concatenate(self.log_rates(temperature))
        ends = np.concatenate([net.plus, net.minus]), np.concatenate([net.minus, net.plus])
        return log_rate_matrix(len(self.energy), *ends, logs)

    def _rows(self, name: str, ids) -> np.ndarray:
        rows = np.unique(np.atleast_1d(np.asarray(ids)))
        size = len(self.energy)
        if not rows.size or rows.dtype.kind not in "iu":
            raise ValueError(f"{name} is {ids!r}: give ids of minima, whole numbers")
        if rows[0] < 0 or rows[-1] >= size:
            wrong = rows[0] if rows[0] < 0 else rows[-1]
            raise ValueError(f"{name} holds {wrong}: ids count from 0 to {size - 1}")
        return rows

    def _sets(self, a, b) -> tuple[np.ndarray, np.ndarray]:
        rows_a, rows_b = self._rows("a", a), self._rows("b", b)
        both = np.intersect1d(rows_a, rows_b)
        if both.size:
            raise ValueError(f"minimum {both[0]} is in a and in b: the sets may not overlap")
        net = self.topology
        reached = np.isin(np.arange(len(self.energy)), rows_b)
        for _ in range(len(reached)):
            more = reached.copy()
            np.logical_or.at(more, net.plus, reached[net.minus])
            np.logical_or.at(more, net.minus, reached[net.plus])
            if (more == reached).all():
                break
            reached = more
        if not reached[rows_a].all():
            lost = rows_a[~reached[rows_a]][0]
            raise ValueError(
                f"no path joins minimum {lost} to b {rows_b.tolist()}: explore further"
            )
        return rows_a, rows_b


def _checked(temperature) -> Any:
    """`kT`, a traced number as it is."""
    return temperature if eqx.is_array(temperature) else checked_temperature(temperature)


def _check_modes(net: Topology) -> None:
    for side in (net.plus, net.minus):
        wrong = np.flatnonzero((net.ts_modes != net.modes[side] - 1) & (net.plus != net.minus))
        if wrong.size:
            state = int(wrong[0])
            raise ValueError(
                f"transition state {state} has {net.ts_modes[state]} vibrations and its minimum "
                f"{side[state]} {net.modes[side[state]]}: harmonic rates need one less (a linear "
                "molecule or a point on a bound has others)"
            )


@eqx.filter_jit
def _peak(quantities: NetworkQuantities, low: float, high: float):
    grid = jnp.linspace(low, high, 400)
    curve = lax.stop_gradient(quantities.heat_capacity(grid))
    top = jnp.argmax(curve)
    slope = jax.grad(lambda t: quantities._heat_capacity(t))
    at, spacing = lax.stop_gradient(grid[top]), (high - low) / 399
    for _ in range(8):
        step = slope(at) / jax.grad(slope)(at)
        at = lax.stop_gradient(at - jnp.clip(step, -spacing, spacing))
    # Two steps that gradients see: derivatives up to the second.
    bend = lax.stop_gradient(jax.grad(slope)(at))
    for _ in range(2):
        at = at - slope(at) / bend
    inside = (top > 0) & (top < 399)
    return jnp.where(inside, at, jnp.nan), jnp.where(inside, quantities._heat_capacity(at), jnp.nan)
