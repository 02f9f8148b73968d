"""Batched minimisation, from any starts to certified minima."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import checked_starts, default_tolerance, loosened, positive
from jaxscape.search.budget import Budget
from jaxscape.search.certify import DENSE_LIMIT, certify as certify_points
from jaxscape.search.certify_large import NOT_REACHED
from jaxscape.search.lbfgs import LBFGS, LBFGSSearch
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.surface import Surface, as_surface


def minimise(
    surface,
    x0: Float[Array | np.ndarray, "batch dim"],
    *,
    method: LBFGS = LBFGS(),
    tolerance: float | None = None,
    max_steps: int = 10_000,
    certify: bool | None = None,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> StationaryPoints:
    """Minimise from every row of `x0`, all at once.

    **Arguments:**

    - `surface`: a `Surface`, or any function `x[dim] -> scalar`.
    - `x0`: starting points `[B, dim]`; their dtype rules.
    - `tolerance`: largest root-mean-square gradient of a converged point, in units of the
      surface. Default 1e-8 in float64, 1e-4 in float32, or that of the surface.
    - `max_steps`: energy and gradient evaluations per start.
    - `certify`: polish each point by Newton's method and count negative eigenvalues of its
      Hessian; a stationary point that is no minimum gets `Status.WRONG_INDEX`. Default: for
      `dim` up to 768; beyond, the lowest eigenvalues come from Hessian-vector products, point by
      point, and `log_product` is NaN. Without it `index` is -1 and `CONVERGED` speaks of the
      gradient only.
    - `lanes`: searches busy at once; never changes a result.
    - `progress`: show a progress bar.

    **Returns:** `StationaryPoints`, in the order of `x0`. Ctrl-C returns what is finished.

    **Raises:** `ValueError` for starts that are empty, of the wrong width or not finite, and for
    a function that is no real scalar.

    >>> import numpy as np
    >>> points = minimise(lambda x: jnp.sum((x**2 - 1) ** 2), np.array([[0.3, 2.0]], "float32"))
    >>> bool(points.ok[0]), int(points.index[0])
    (True, 0)
    """
    surface = as_surface(surface)
    x0 = checked_starts(surface, x0)
    tolerance = default_tolerance(x0.dtype, tolerance, surface)
    max_steps = positive("max_steps", max_steps)
    certify = x0.shape[1] <= DENSE_LIMIT if certify is None else certify
    budget = budget or Budget()
    work = (max_steps, lanes, progress, budget)
    if certify:
        return certified_quench(surface, x0, method, tolerance, *work)[0]
    return quench(surface, x0, method, tolerance, *work)


def quench(surface, x0, method, tolerance, max_steps, lanes, progress, budget, width=None):
    """L-BFGS alone: points whose `CONVERGED` speaks of the gradient only."""
    batch, dim = x0.shape
    search = LBFGSSearch(
        method, jnp.asarray(tolerance, x0.dtype), jnp.asarray(max_steps, jnp.int32)
    )
    out, finished, _ = engine.run(
        search,
        surface,
        {"x": x0},
        width=width or tile_width(surface, dim, batch, 2 * method.history + 6, x0.dtype),
        lanes=lanes,
        budget=budget,
        progress=progress,
    )
    missing = np.full(batch, np.nan, x0.dtype)
    return StationaryPoints(
        x=np.where(finished[:, None], out.x, x0),
        energy=np.where(finished, out.energy, np.nan),
        rms_gradient=np.where(finished, out.rms_gradient, np.nan),
        index=np.full(batch, -1, np.int32),
        lowest_eigenvalue=missing,
        log_product=missing.copy(),
        active=out.active,
        status=np.where(finished, out.status, Status.INTERRUPTED).astype(np.int32),
        evaluations=out.evaluations,
    )


def certified_quench(
    surface, x0, method, tolerance, max_steps, lanes, progress, budget, width=None
):
    """Quench loosely, polish and certify; what does not hold is quenched to the full tolerance.

    A loose gradient can lie on a plateau beside a saddle, from where Newton's method climbs.
    """
    batch, dim = x0.shape
    width = width or tile_width(surface, dim, batch, 2 * method.history + 6, x0.dtype)
    work = (max_steps, lanes, progress, budget, width)
    loose = quench(surface, x0, method, loosened(surface, tolerance, 10.0, dim), *work)
    found = certified(surface, loose, tolerance, 0, budget)
    failed = np.isin(found[0].status, (Status.STALLED, Status.WRONG_INDEX)) & loose.ok
    rows = np.flatnonzero(failed)
    if len(rows) and not budget.spent:
        tight = quench(surface, np.asarray(loose.x)[rows], method, tolerance, *work)
        found = replaced(found, rows, certified(surface, tight, tolerance, 0, budget))
    return found


def replaced(found, rows, again):
    """Points and modes with those of some rows found again; evaluations add up."""
    points, modes = found
    new, new_modes = again
    fields = {}
    for field in dataclasses.fields(StationaryPoints):
        old = getattr(points, field.name)
        if old is None:
            continue
        value = np.array(old)
        spent = value[rows] if field.name == "evaluations" else 0
        value[rows] = getattr(new, field.name) + spent
        fields[field.name] = value
    modes = np.array(modes)
    modes[rows] = new_modes
    return StationaryPoints(**fields), modes


def certified_minima(surface: Surface, points: StationaryPoints, tolerance, budget=None):
    """Polish converged points and let only certified minima keep `CONVERGED`."""
    return certified(surface, points, tolerance, 0, budget)[0]


def certified(surface: Surface, points: StationaryPoints, tolerance, index, budget=None):
    """Polish converged points, demand `index` negative eigenvalues; also the lowest modes.

    `index` is a number, or one for each point; -1 takes any.
    """
    todo = np.flatnonzero(points.ok)
    modes = np.zeros_like(points.x)
    if len(todo) == 0:
        return points, modes
    if budget is not None and budget.interrupted:
        # Without its certificate nothing may be called converged.
        status = np.where(points.ok, Status.INTERRUPTED, points.status).astype(np.int32)
        return eqx.tree_at(lambda p: p.status, points, status), modes
    found = certify_points(surface, np.asarray(points.x)[todo], tolerance=tolerance, budget=budget)
    wanted = np.broadcast_to(index, points.status.shape)[todo]
    right = (wanted < 0) | (found.index == wanted)
    status = np.where(right, Status.CONVERGED, Status.WRONG_INDEX)
    status = np.where(found.degenerate, Status.DEGENERATE, status)
    status = np.where(found.rms_gradient <= tolerance, status, Status.STALLED)
    status = np.where(found.index < 0, Status.NOT_FINITE, status)
    status = np.where(found.index == NOT_REACHED, Status.INTERRUPTED, status).astype(np.int32)
    reached = found.index != NOT_REACHED
    fields = {}
    for name in (
        "x",
        "energy",
        "rms_gradient",
        "index",
        "lowest_eigenvalue",
        "log_product",
        "active",
    ):
        value = np.array(getattr(points, name))
        value[todo[reached]] = getattr(found, name)[reached]
        fields[name] = value
    new_status = np.array(points.status)
    new_status[todo] = status
    evaluations = np.array(points.evaluations)
    evaluations[todo] += found.evaluations
    modes[todo] = found.eigenvector
    return StationaryPoints(**fields, status=new_status, evaluations=evaluations), modes


def tile_width(surface: Surface, dim, batch, vectors, dtype):
    """Lanes of one tile for a search that keeps `vectors` vectors of `dim` a lane."""
    del surface
    return engine.default_width(
        dim, batch, vectors * np.dtype(dtype).itemsize, jax.default_backend()
    )
