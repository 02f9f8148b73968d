"""Relaxed scans: one internal coordinate held at value after value, all else minimised."""

import dataclasses
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.search.arguments import checked_starts, default_tolerance, positive, positive_number
from jaxscape.search.budget import Budget
from jaxscape.search.internal_coordinates import coordinate as internal
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.minimise import minimise
from jaxscape.search.status import Status
from jaxscape.surface import as_surface


@dataclasses.dataclass(frozen=True)
class Scan:
    """A relaxed scan, a row for each value.

    `values` `[V]`; `reached` `[V]`, the coordinate as it is; `x` `[V, dim]`; `energy` `[V]`, of the
    surface alone; `slope` `[V]`, its derivative by the coordinate; `status` `[V]` (`Status`);
    `evaluations` `[V]`.
    """

    values: Float[np.ndarray, " V"]
    reached: Float[np.ndarray, " V"]
    x: Float[np.ndarray, "V dim"]
    energy: Float[np.ndarray, " V"]
    slope: Float[np.ndarray, " V"]
    status: Int[np.ndarray, " V"]
    evaluations: Int[np.ndarray, " V"]

    @property
    def ok(self):
        """True where the gradient along all other coordinates vanishes."""
        return self.status == Status.CONVERGED


class _Held(eqx.Module):
    """A function and what holds a coordinate, an augmented Lagrangian."""

    function: Callable
    coordinate: Callable
    period: float | None = eqx.field(static=True)
    value: Float[Array, ""]
    stiffness: Float[Array, ""]
    force: Float[Array, ""]

    @property
    def costly(self) -> bool:
        return getattr(self.function, "costly", False)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        off = _off(self.coordinate(x) - self.value, self.period)
        return self.function(x) + off * (self.force + 0.5 * self.stiffness * off)


def relaxed_scan(
    surface,
    x: Float[Array | np.ndarray, " dim"],
    atoms: Sequence[int] | Callable,
    values: Sequence[float] | Float[np.ndarray, " V"],
    *,
    stiffness: float | None = None,
    rounds: int = 20,
    method: LBFGS = LBFGS(),
    tolerance: float | None = None,
    max_steps: int = 10_000,
    budget: Budget | None = None,
) -> Scan:
    """The lowest energy at every value of a distance, an angle or a dihedral, each from the last.

    The maximum of a scan is a guess of a transition state, not one:
    `find_transition_states(surface, scan.x[[np.argmax(scan.energy)]], ...)` finds it.

    **Arguments:**

    - `surface`: of atoms, three coordinates each; or any, with a coordinate of your own.
    - `x` `[dim]`: where the scan starts, usually a minimum.
    - `atoms`: two atoms for a distance, three for an angle, four for a dihedral (both in degrees);
      or a function `x[dim] -> scalar`.
    - `values` `[V]`: in order; each step starts from the point before.
    - `stiffness`: of the spring that leads to a value, in energy per square of the coordinate; by
      default 300 per squared `scale` of the surface. It changes the work, not the result.
    - `rounds`: at most so many corrections of the force that holds the coordinate.
    - `method`, `tolerance`, `max_steps`: as in `minimise`.
    - `budget`: as in `explore`; Ctrl-C ends the scan.

    **Returns:** a `Scan`. Values that are not reached have their status, and NaN where a search
    failed.

    **Raises:** `ValueError` for atoms that are not there or not distinct, values that are not
    finite, or a point that does not fit.

    >>> bowl = lambda x: (x[1] - x[0] ** 2) ** 2 + x[0]
    >>> scan = relaxed_scan(bowl, np.zeros(2, "float32"), lambda x: x[0], [0.5, 1.0])
    >>> scan.x.round(2).tolist()
    [[0.5, 0.25], [1.0, 1.0]]
    """
    surface = as_surface(surface)
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}: pass one point [dim]")
    here = checked_starts(surface, x[None], "x")
    values = np.atleast_1d(np.asarray(values, np.float64))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f"values are {values}: pass a list of finite numbers")
    tolerance = default_tolerance(here.dtype, tolerance, surface)
    rounds = positive("rounds", rounds)
    coordinate, period = internal(atoms, here.shape[1])
    slope = np.linalg.norm(jax.grad(coordinate)(jnp.asarray(here[0])))
    if not (np.isfinite(slope) and slope > 0):
        raise ValueError("the coordinate has no gradient at x (a linear angle?): start beside it")
    if stiffness is None:
        stiffness = 300.0 / (float(surface.scale) * max(float(slope), 1e-6)) ** 2
    stiffness = positive_number("stiffness", stiffness)
    rows, budget = [], budget or Budget()
    force, used = 0.0, here.dtype
    for value in values:
        evaluations, status, q, last = 0, Status.MAX_STEPS, np.nan, np.inf
        for _ in range(rounds):
            if budget.spent:
                status = Status.INTERRUPTED
                break
            held = _Held(
                surface.function, coordinate, period,
                *(jnp.asarray(v, used) for v in (value, stiffness, force)),
            )  # fmt: skip
            bare = eqx.tree_at(lambda s: s.function, surface, held)
            found = minimise(
                bare,
                here,
                method=method,
                tolerance=tolerance,
                max_steps=max_steps,
                certify=False,
                budget=budget,
            )
            evaluations += int(found.evaluations[0])
            status = int(found.status[0])
            if status != Status.CONVERGED:
                break
            here = np.asarray(found.x)
            q = float(coordinate(jnp.asarray(here[0])))
            off = float(_off(q - value, period))
            force += stiffness * off
            status = Status.MAX_STEPS
            # What is left of the error is a gradient below the tolerance.
            if stiffness * abs(off) * float(slope) <= 10 * tolerance * here.shape[1] ** 0.5:
                status = Status.CONVERGED
                break
            if abs(off) > 0.25 * last:
                stiffness *= 4.0  # Nocedal and Wright, Numerical Optimization, section 17.4
            last = abs(off)
        reached = status in (Status.CONVERGED, Status.MAX_STEPS) and np.isfinite(q)
        energy = float(surface(jnp.asarray(here[0]))) if reached else np.nan
        point = here[0] if reached else np.full_like(here[0], np.nan)
        slope_there = -force if reached else np.nan
        rows.append((value, q, point, energy, slope_there, status, evaluations))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Scan(*columns)


def _off(difference, period):
    if period is None:
        return difference
    return (difference + 0.5 * period) % period - 0.5 * period
