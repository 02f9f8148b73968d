"""Two-dimensional surfaces seen from above, with their stationary points and their connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from jaxscape.landscape import Landscape
from jaxscape.plot._style import INK, VERMILION, axes_for, energy_label, quantity
from jaxscape.surface import Surface, as_surface, check_scalar, lane_energy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEPS = 1200


def contour(
    surface: Surface | Callable,
    *,
    landscape: Landscape | None = None,
    bounds=None,
    levels: int | Any = 24,
    points: int = 301,
    connections: bool = True,
    legend: bool = True,
    cmap: str = "YlGnBu_r",
    ax: Axes | None = None,
) -> Axes:
    """Draw a surface of two coordinates, and the stationary points of its landscape.

    Each transition state is joined to its two minima by paths of steepest descent. Energies far
    above the stationary points are left blank, so that a steep wall does not hide the rest.

    **Arguments:**

    - `landscape`: whose minima (circles; squares on bounds) and transition states (diamonds) to
      draw.
    - `bounds`: `(lower, upper)`, each a number or `[2]`. Default: the surface's own finite bounds,
      else a box around the stationary points.
    - `levels`: how many contours, or their energies.
    - `points`: grid points along each axis.
    - `connections`: draw the paths. `legend`: say above the picture what the marks are.
    - `ax`: axes to draw into; a new figure otherwise.

    **Returns:** the axes.

    **Raises:** `ValueError` unless surface and landscape have two coordinates, bounds are known
    and right, and the surface is finite somewhere between them.

    ```python
    surface = jaxscape.systems.mueller_brown()
    landscape = jaxscape.explore(surface, key=jax.random.key(0))
    jaxscape.plot.contour(surface, landscape=landscape)
    ```
    """
    from matplotlib import colormaps

    surface = as_surface(surface)
    if landscape is not None and len(landscape.minima) == 0:
        landscape = None
    _check_width(surface, landscape)
    lower, upper = _box(surface, landscape, bounds)
    x, y, energy = _grid(surface, lower, upper, points)
    heights = _levels(levels, energy, landscape)
    ax = axes_for(ax, (6.4, 5.2))
    colours = colormaps[cmap].with_extremes(over="#fffff3")
    filled = ax.contourf(x, y, energy, heights, cmap=colours, extend="max", zorder=0)
    # Filled polygons with nothing between them leave white hairlines in vector files.
    filled.set_edgecolor("face")
    ax.contour(
        x,
        y,
        energy,
        heights,
        colors="white",
        linewidths=0.4,
        linestyles="solid",
        alpha=0.7,
        zorder=1,
    )
    ax.figure.colorbar(
        filled, ax=ax, label=energy_label(surface.units.energy), pad=0.02, spacing="proportional"
    )
    if landscape is not None:
        if connections and len(landscape.transition_states):
            _draw_paths(ax, surface, landscape, float(np.linalg.norm(upper - lower)))
        _mark(ax, landscape, legend)
    ax.set_xlim(lower[0], upper[0])
    ax.set_ylim(lower[1], upper[1])
    ax.set_xlabel(quantity("$x_1$", surface.units.length))
    ax.set_ylabel(quantity("$x_2$", surface.units.length))
    return ax


def _check_width(surface: Surface, landscape: Landscape | None) -> None:
    if surface.dim not in (None, 2):
        raise ValueError(
            f"surface {surface.name!r} has dim {surface.dim}; contour draws surfaces of two "
            "coordinates: use disconnectivity or network for others"
        )
    if landscape is not None and landscape.dim != 2:
        raise ValueError(f"the landscape has dim {landscape.dim}; contour draws two coordinates")
    check_scalar(surface, np.zeros(2, jnp.result_type(float)))


def _box(surface: Surface, landscape: Landscape | None, bounds):
    """Lower and upper corner `[2]`."""
    if bounds is not None:
        own = Surface(surface.function, bounds=bounds, dim=2)
        lower, upper = own.lower, own.upper
    else:
        lower, upper = surface.lower, surface.upper
    if lower is not None and upper is not None:
        corners = [np.broadcast_to(np.asarray(c, float), (2,)) for c in (lower, upper)]
        if np.isfinite(corners).all():
            return corners[0], corners[1]
        if bounds is not None:
            raise ValueError(f"bounds are {bounds!r}; a picture needs finite ones")
    if landscape is None:
        raise ValueError("the surface has no finite bounds: pass bounds=(lower, upper) to draw it")
    known = np.concatenate([landscape.minima.x, landscape.transition_states.x])
    room = 0.3 * np.ptp(known, axis=0).max() or float(surface.scale)
    return known.min(axis=0) - room, known.max(axis=0) + room


def _grid(surface: Surface, lower, upper, points: int):
    if isinstance(points, bool) or points < 2:
        raise ValueError(f"points is {points!r}; a grid needs two or more along each axis")
    x, y = (np.linspace(lower[k], upper[k], points) for k in range(2))
    columns = np.stack(np.meshgrid(x, y)).reshape(2, -1)
    energy = np.asarray(eqx.filter_jit(lane_energy)(surface, jnp.asarray(columns)), float)
    energy = energy.reshape(points, points)
    if not np.isfinite(energy).any():
        raise ValueError(f"surface {surface.name!r} is nowhere finite between {lower} and {upper}")
    return x, y, np.ma.masked_invalid(energy)


def _levels(levels, energy, landscape: Landscape | None) -> np.ndarray:
    if not isinstance(levels, int | np.integer):
        heights = np.unique(np.asarray(levels, float))
        if heights.ndim != 1 or len(heights) < 2 or not np.isfinite(heights).all():
            raise ValueError(f"levels is {levels!r}; pass their number, or two energies or more")
        return heights
    if isinstance(levels, bool) or levels < 2:
        raise ValueError(f"levels is {levels!r}; ask for two or more")
    low, high = float(energy.min()), float(energy.max())
    if landscape is not None and len(landscape.transition_states):
        top = float(landscape.transition_states.energy.max())
        high = min(high, max(top + 0.4 * (top - low), float(landscape.minima.energy.max())))
    else:
        # Half of the picture lies below the median: walls have no say in it.
        high = min(high, low + 2.5 * (float(np.ma.median(energy)) - low))
    if not high > low:
        high = low + max(1e-12, abs(low))
    from matplotlib.ticker import MaxNLocator

    # Round numbers, which the colour bar shows.
    rounded = MaxNLocator(int(levels), steps=[1, 2, 2.5, 5, 10])
    return np.asarray(rounded.tick_values(low, high))


def steepest_descent(
    surface: Surface, start: Float[Array, "paths 2"], step: float, steps: int = _STEPS
) -> Float[Array, "paths steps 2"]:
    """Paths downhill along the gradient, in steps of about `step`, within the surface's bounds.

    Each step follows the gradient of the local quadratic model exactly, which neither zigzags
    in a narrow valley nor runs past its end. M. Page and J. W. McIver Jr., J. Chem. Phys. 88,
    922 (1988).
    """
    bounded = surface.lower is not None and surface.upper is not None
    lower = surface.lower if bounded else -jnp.inf
    upper = surface.upper if bounded else jnp.inf

    def move(x, _):
        gradient, hessian = jax.grad(surface)(x), surface.hessian(x)
        free = ~(((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0)))
        gradient = jnp.where(free, gradient, 0.0)
        both = free[:, None] & free[None, :]
        curvature, modes = jnp.linalg.eigh(jnp.where(both, hessian, jnp.eye(len(x))))
        size = jnp.linalg.norm(gradient)
        time = step / jnp.where(size > 0, size, 1.0)
        # (1 - exp(-curvature * time)) / curvature, also where the curvature vanishes.
        flat = jnp.abs(curvature * time) < 1e-8
        safe = jnp.where(flat, 1.0, curvature)
        gain = jnp.where(flat, time, -jnp.expm1(-jnp.clip(safe * time, -20.0)) / safe)
        change = -modes @ (gain * (modes.T @ gradient))
        length = jnp.linalg.norm(change)
        change = change * jnp.minimum(1.0, 2.0 * step / jnp.where(length > 0, length, 1.0))
        moved = jnp.clip(x + change, lower, upper)
        moved = jnp.where(jnp.isfinite(moved).all(), moved, x)
        return moved, moved

    def path(x):
        return jnp.concatenate([x[None], lax.scan(move, x, length=steps)[1]])

    return jax.jit(jax.vmap(path))(start)


def _draw_paths(ax: Axes, surface: Surface, landscape: Landscape, diagonal: float) -> None:
    from matplotlib import patheffects
    from matplotlib.collections import LineCollection

    states = landscape.transition_states
    step = diagonal / 500.0
    starts = np.concatenate(
        [states.x + step * states.eigenvector, states.x - step * states.eigenvector]
    )
    if surface.lower is not None and surface.upper is not None:
        starts = np.clip(starts, surface.lower, surface.upper)
    paths = np.asarray(steepest_descent(surface, jnp.asarray(starts), step))
    lines = []
    saddles = np.concatenate([states.x, states.x])
    ends = landscape.minima.x[np.concatenate([states.plus, states.minus])]
    for saddle, path, end in zip(saddles, paths, ends, strict=True):
        line = np.concatenate([saddle[None], path])
        # Symmetric copies share an id, so a path need not end at the copy that was kept.
        near = np.linalg.norm(line[-1] - end) < 10.0 * step
        lines.append(np.concatenate([line, end[None]]) if near else line)
    outlined = [patheffects.Stroke(linewidth=2.6, foreground="white"), patheffects.Normal()]
    ax.add_collection(
        LineCollection(
            lines, colors=VERMILION, linewidths=1.4, zorder=2, path_effects=outlined,
            label="steepest descent", capstyle="round", joinstyle="round",
        ),
        autolim=False,
    )  # fmt: skip


def _mark(ax: Axes, landscape: Landscape, legend: bool) -> None:
    minima, states = landscape.minima, landscape.transition_states
    size = 9.0 if len(minima) + len(states) <= 30 else 6.0
    handles = []
    for name, x, marker, colour, scale in (
        ("minimum", minima.x[minima.active == 0], "o", "white", 1.0),
        ("minimum on a bound", minima.x[minima.active > 0], "s", "white", 0.9),
        ("transition state", states.x[states.active == 0], "D", VERMILION, 0.75),
        ("transition state on a bound", states.x[states.active > 0], "d", "#f6c6a8", 0.9),
    ):
        if len(x):
            handles += ax.plot(
                x[:, 0], x[:, 1], marker, label=name, color=colour, markersize=scale * size,
                markeredgecolor=INK, markeredgewidth=1.0, zorder=3, clip_on=False,
            )  # fmt: skip
    if legend and handles:
        ax.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False,
            ncols=2, borderaxespad=0.2, handletextpad=0.3, columnspacing=1.2,
        )  # fmt: skip
