"""A landscape as a differentiable function of its surface."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from jaxscape.analysis.differentiation.points import point_quantities, relative_gaps
from jaxscape.analysis.differentiation.quantities import NetworkQuantities, Topology
from jaxscape.landscape import Landscape
from jaxscape.search.arguments import default_tolerance, positive, positive_number
from jaxscape.search.certify import DENSE_LIMIT, certify
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface


class DifferentiableLandscape(eqx.Module):
    """Certified points of a landscape, callable with a surface; made by `differentiable`.

    - `surface`: the surface at whose parameters the points are stationary.
    - `x` `[M, dim]`, `ts_x` `[T, dim]`: the points; rows are the ids of the landscape.
    - `status` `[M]`, `ts_status` `[T]` (`Status`): `DEGENERATE` near a bifurcation; derivatives of
      points that are not `CONVERGED` are NaN.
    - `gap` `[M]`, `ts_gap` `[T]`: smallest absolute eigenvalue beyond zero modes, relative to the
      largest: zero at a bifurcation.

    A pytree: handed to a compiled function as an argument, points at other parameters need no
    further compilation.
    """

    surface: Surface
    x: Float[Array | np.ndarray, "M dim"]
    ts_x: Float[Array | np.ndarray, "T dim"]
    status: Int[Array | np.ndarray, " M"]
    ts_status: Int[Array | np.ndarray, " T"]
    gap: Float[Array | np.ndarray, " M"]
    ts_gap: Float[Array | np.ndarray, " T"]
    topology: Topology = eqx.field(static=True)
    order: int = eqx.field(static=True, default=2)
    threshold: float = eqx.field(static=True, default=1e-6)
    strict: bool = eqx.field(static=True, default=True)

    def __repr__(self) -> str:
        text = f"{len(self.x)} minima, {len(self.ts_x)} transition states"
        bad = "" if isinstance(self.status, Tracer) else self.report()
        return f"<DifferentiableLandscape: {text}{'; ' if bad else ''}{bad}>"

    def __call__(self, surface) -> NetworkQuantities:
        """The numbers of the network as a function of the surface's parameters.

        The values are those at the parameters of `self.surface`: to move on, see `at`. Use it
        within `jax.grad`, `jax.jacfwd`, `eqx.filter_grad` and the like, at these parameters.
        """
        count = len(self.x)
        points = jnp.concatenate([self.x, self.ts_x])
        saddle = jnp.arange(len(points)) >= count
        ok = jnp.concatenate([self.status, self.ts_status]) == Status.CONVERGED
        found = point_quantities(as_surface(surface), points, saddle, order=self.order, ok=ok)
        return NetworkQuantities(
            x=found.x[:count],
            energy=found.energy[:count],
            log_product=found.log_product[:count],
            ts_x=found.x[count:],
            ts_energy=found.energy[count:],
            ts_log_product=found.log_product[count:],
            ts_eigenvalue=found.eigenvalue[count:],
            topology=self.topology,
        )

    def at(self, surface) -> DifferentiableLandscape:
        """The same points converged anew at somewhat other parameters.

        By Newton's method from where they are: for steps of an optimiser. Over larger distances
        points may get lost: see `jaxscape.follow`.

        **Raises:** `ValueError` as `differentiable`, where that was strict.
        """
        return _certified(
            as_surface(surface), np.asarray(self.x), np.asarray(self.ts_x), self.topology, None,
            self.order, self.threshold, self.strict,
        )  # fmt: skip

    def report(self) -> str:
        """Which points have no derivatives, and why; empty where all have."""
        parts = []
        groups = (
            ("minima", np.asarray(self.status), self.gap),
            ("transition states", np.asarray(self.ts_status), self.ts_gap),
        )
        for name, statuses, gaps in groups:
            for status in np.unique(statuses[statuses != Status.CONVERGED]).tolist():
                rows = np.flatnonzero(statuses == status)
                few = ", ".join(f"{row} (gap {gaps[row]:.1e})" for row in rows[:5])
                more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
                parts.append(f"{name} {Status(status).name}: {few}{more}")
        return "; ".join(parts)


def differentiable(
    landscape: Landscape,
    surface=None,
    *,
    order: int = 2,
    strict: bool = True,
    threshold: float = 1e-6,
    tolerance: float | None = None,
) -> DifferentiableLandscape:
    """A landscape as a differentiable function of the parameters of its surface.

    Every point is polished and certified once, here. The result, called with a surface, gives
    `NetworkQuantities`: positions, energies and log products whose derivatives follow from the
    implicit function theorem, and barriers, rates, times, committors and heat capacities.

    Parameters are the arrays in the surface's function: fields of an `equinox.Module`, `l2` and
    the data of `Surface.from_loss`. Point-group orders and the network itself stay as they are,
    coordinates held by a bound do not move.

    **Arguments:**

    - `landscape`: with coordinates, up to 768 of them.
    - `surface`: where the landscape was loaded without its own, or slightly other parameters.
    - `order`: the highest derivative that will be asked for.
    - `strict`: raise `ValueError` where a point is not fit for derivatives; with False, its
      derivatives are NaN, and `status` and `report()` tell why.
    - `threshold`: smallest absolute eigenvalue, zero modes aside and relative to the largest, of a
      point that is not taken for a bifurcation.
    - `tolerance`: largest root-mean-square gradient, 1e-8 in float64.

    >>> import numpy as np, equinox as eqx
    >>> from jaxscape.search.minimise import minimise
    >>> class Well(eqx.Module):
    ...     depth: Array
    ...     def __call__(self, x):
    ...         return self.depth * jnp.sum((x**2 - 1) ** 2)
    >>> surface = Surface(Well(jnp.array(2.0)), dim=1)
    >>> landscape = Landscape(surface)
    >>> _ = landscape.add(minimise(surface, np.array([[0.8]], surface.scale.dtype)))
    >>> network = differentiable(landscape)
    >>> gradient = eqx.filter_grad(lambda s: network(s).log_product[0])(surface)
    >>> round(float(gradient.function.depth), 4)
    0.5
    """
    if not isinstance(landscape, Landscape):
        raise ValueError(
            f"landscape is a {type(landscape).__name__}: derivatives need the coordinates of a "
            "Landscape"
        )
    surface = landscape.surface if surface is None else as_surface(surface)
    if surface is None:
        raise ValueError(
            "this landscape was loaded without its surface: pass surface=, or load it with "
            "jaxscape.load(path, surface)"
        )
    minima, states = landscape.minima, landscape.transition_states
    if not len(minima):
        raise ValueError("the landscape has no minima: explore its surface first")
    dim = minima.x.shape[1]
    if dim > DENSE_LIMIT:
        raise ValueError(
            f"the points have {dim} coordinates; derivatives need dense Hessians, up to "
            f"{DENSE_LIMIT}"
        )
    empty = np.zeros(0, np.int64)
    topology = Topology(
        plus=states.plus, minus=states.minus, order=minima.order, ts_order=states.order,
        modes=empty, ts_modes=empty,
    )  # fmt: skip
    dtype = np.asarray(surface.scale).dtype
    ts_x = states.x if len(states) else np.zeros((0, dim))
    return _certified(
        surface, minima.x.astype(dtype), ts_x.astype(dtype), topology, tolerance,
        positive("order", order), positive_number("threshold", threshold), bool(strict),
    )  # fmt: skip


def _certified(
    surface, x, ts_x, topology, tolerance, order, threshold, strict
) -> DifferentiableLandscape:
    count = len(x)
    points = np.concatenate([x, ts_x])
    tolerance = default_tolerance(points.dtype, tolerance)
    found = certify(surface, points, tolerance=tolerance)
    wanted = np.arange(len(points)) >= count
    gap = np.asarray(relative_gaps(surface, found.x))
    status = np.where(found.index == wanted, Status.CONVERGED, Status.WRONG_INDEX)
    near = found.degenerate | (gap < threshold)
    status = np.where(near, Status.DEGENERATE, status)
    status = np.where(found.rms_gradient <= tolerance, status, Status.STALLED)
    status = np.where(found.index < 0, Status.NOT_FINITE, status).astype(np.int32)
    # Zero modes count held coordinates, too.
    modes = points.shape[1] - np.asarray(found.zero_modes, np.int64)
    net = Topology(**(topology.columns() | {"modes": modes[:count], "ts_modes": modes[count:] - 1}))
    made = DifferentiableLandscape(
        surface, np.asarray(found.x[:count]), np.asarray(found.x[count:]), status[:count],
        status[count:], gap[:count], gap[count:], net, order, threshold, strict,
    )  # fmt: skip
    if strict and (bad := made.report()):
        raise ValueError(
            f"no derivatives at {bad}. DEGENERATE: an eigenvalue is near zero, at a bifurcation or "
            "for want of a symmetry or an l2 term; STALLED or WRONG_INDEX: no such point at these "
            "parameters. Leave the points out, or pass strict=False for NaN in their place"
        )
    return made
