"""Elastic bands and strings of images, many paths times many images in one batch."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.search import lanes as engine
from jaxscape.search.arguments import checked_starts, positive, positive_number
from jaxscape.search.budget import Budget
from jaxscape.search.geodesic import Geodesic
from jaxscape.search.history import History
from jaxscape.search.interpolation import Interpolation
from jaxscape.search.lbfgs import into_bounds
from jaxscape.search.minimise import tile_width
from jaxscape.search.status import Status, count_statuses
from jaxscape.search.string import String, check_path_options, respaced
from jaxscape.surface import Surface, as_surface, lane_value_and_grad
from jaxscape.symmetry import Crystal


@dataclasses.dataclass(frozen=True)
class NEB:
    """Options of the nudged elastic band.

    - `images`: points on a path, both ends included.
    - `climbing`: the highest image climbs to the maximum instead of feeling the springs
      (Henkelman, Uberuaga & Jonsson, J. Chem. Phys. 113, 9901 (2000)).
    - `spring`: spring constant, relative to the curvature of the band's energy along the path.
    - `double_nudge`: keep part of the spring force across the path (Trygubenko & Wales,
      J. Chem. Phys. 120, 2082 (2004)).
    - `max_step`: largest root-mean-square displacement of an image, in units of `scale`.
    - `interpolation`: bends the straight paths between aligned ends that bands start from, such as
      `IDPP()` or `DihedralInterpolation(bonds)`; for atoms.
    - `history`: correction pairs of the limited-memory BFGS that relaxes the band. Its force is
      no gradient, so there is no energy guard.
    """

    images: int = 15
    climbing: bool = False
    spring: float = 1.0
    double_nudge: bool = True
    max_step: float = 0.05
    history: int = 4
    interpolation: Interpolation | None = None

    def __post_init__(self):
        check_path_options(self, ("spring", "max_step"))


class Candidates(eqx.Module):
    """Local maxima of paths: guesses of transition states.

    `x` `[K, dim]`; `mode` `[K, dim]`, the tangent there; `path` and `image` `[K]`, where from.
    """

    x: Float[np.ndarray, "k dim"]
    mode: Float[np.ndarray, "k dim"]
    path: Int[np.ndarray, " k"]
    image: Int[np.ndarray, " k"]


class Paths(eqx.Module):
    """Relaxed bands: `images` `[B, P, dim]`, `energies` `[B, P]`, `rms_force` `[B]`,
    `status` `[B]`, `evaluations` `[B]`.
    """

    images: Float[np.ndarray, "batch images dim"]
    energies: Float[np.ndarray, "batch images"]
    rms_force: Float[np.ndarray, " batch"]
    status: Int[np.ndarray, " batch"]
    evaluations: Int[np.ndarray, " batch"]

    @property
    def ok(self):
        """True where the band converged."""
        return self.status == Status.CONVERGED

    def __len__(self) -> int:
        return len(self.status)

    def counts(self) -> dict[str, int]:
        """How many bands ended in each status."""
        return count_statuses(self.status)

    def candidates(self) -> Candidates:
        """The local maxima along each path, ends excluded, in order of path and image."""
        e = self.energies
        with np.errstate(invalid="ignore"):
            top = (e[:, 1:-1] >= e[:, :-2]) & (e[:, 1:-1] > e[:, 2:])
        path, image = np.nonzero(top)
        image = image + 1
        mode = self.images[path, image + 1] - self.images[path, image - 1]
        norm = np.linalg.norm(mode, axis=1, keepdims=True)
        return Candidates(
            self.images[path, image],
            mode / np.where(norm > 0, norm, 1.0),
            path.astype(np.int32),
            image.astype(np.int32),
        )


class _State(eqx.Module):
    band: Float[Array, "flat *lanes"]
    energies: Float[Array, "images *lanes"]
    force: Float[Array, "flat *lanes"]
    moved: Float[Array, "flat *lanes"]
    history: History
    residual: Float[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class _Output(eqx.Module):
    band: Float[Array, "flat *lanes"]
    energies: Float[Array, "images *lanes"]
    residual: Float[Array, "*lanes"]
    status: Int[Array, "*lanes"]
    steps: Int[Array, "*lanes"]


class BandSearch(eqx.Module):
    """Jobs are `{"band": [B, images * dim]}`; the ends stay where they are."""

    options: NEB | String = eqx.field(static=True)
    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=8)

    def init(self, surface, job):
        del surface
        band = job["band"]
        lanes = band.shape[1:]
        count = jnp.zeros(lanes, jnp.int32)
        return _State(
            band=band,
            energies=jnp.zeros((self.options.images, *lanes), band.dtype),
            force=jnp.zeros_like(band),
            moved=jnp.zeros_like(band),
            history=History.empty(self.options.history, band),
            residual=jnp.full(lanes, jnp.inf, band.dtype),
            steps=count,
            status=jnp.full(lanes, Status.RUNNING, jnp.int32),
        )

    def step(self, surface: Surface, clock, state):
        o = self.options
        band = state.band.reshape(o.images, -1, *state.band.shape[1:])
        dim = band.shape[1]
        columns = jnp.moveaxis(band, 0, 1)
        energies, gradients = lane_value_and_grad(surface, columns)
        gradients = jnp.moveaxis(gradients, 1, 0)
        forces = _band_force(o, band, energies, gradients, state.steps)
        force = forces.reshape(state.band.shape)
        finite = jnp.all(jnp.isfinite(energies), axis=0) & jnp.isfinite(jnp.sum(force, axis=0))
        history = state.history.push(
            clock, state.moved, state.force - force, (state.steps > 0) & finite
        )
        residual = jnp.sqrt(jnp.sum(force * force, axis=0) / (dim * (o.images - 2)))
        scale = surface.scale.astype(band.dtype)
        step = history.multiply(clock, force, 0.01 * scale**2 + jnp.zeros_like(residual))
        step = jnp.where(jnp.sum(step * force, axis=0) < 0, -step, step)
        step = step.reshape(band.shape)
        length = jnp.sqrt(jnp.max(jnp.sum(step * step, axis=1), axis=0))
        longest = scale * o.max_step * dim**0.5
        step = step * jnp.minimum(1.0, longest / jnp.where(length > 0, length, 1.0))
        moved = band + step
        if isinstance(o, String):
            moved = respaced(moved, _climber(o, energies, state.steps))
        moved = jnp.moveaxis(into_bounds(surface, jnp.moveaxis(moved, 0, 1)), 1, 0)
        steps = state.steps + 1
        status = jnp.where(
            ~finite,
            Status.NOT_FINITE,
            jnp.where(
                (residual <= self.tolerance) & (_climbing(o, state.steps) | (not o.climbing)),
                Status.CONVERGED,
                jnp.where(steps >= self.max_steps, Status.MAX_STEPS, Status.RUNNING),
            ),
        ).astype(jnp.int32)
        running = state.status == Status.RUNNING
        go = running & (status == Status.RUNNING)
        new = jnp.where(go, moved.reshape(state.band.shape), state.band)
        return _State(
            band=new,
            energies=energies,
            force=force,
            moved=new - state.band,
            history=history,
            residual=residual,
            steps=jnp.where(running, steps, state.steps),
            status=jnp.where(running, status, state.status),
        )

    def output(self, surface, state):
        del surface
        return _Output(state.band, state.energies, state.residual, state.status, state.steps)

    def advance(self, surface, state):
        del surface
        return state


def _climbing(options, steps):
    """Whether an image climbs already: not on a path that is still far from its valley."""
    return options.climbing & (steps >= 20)


def _climber(options, energies, steps):
    """The image that climbs `[*lanes]`, 0 while none does or where an end is the highest."""
    top = jnp.max(energies[1:-1], axis=0) >= jnp.maximum(energies[0], energies[-1])
    highest = jnp.argmax(energies[1:-1], axis=0) + 1
    return jnp.where(_climbing(options, steps) & top, highest, 0)


def _band_force(options: NEB | String, band, energies, gradients, steps):
    """Force on every image `[P, dim, *lanes]`; zero at both ends."""
    ahead, behind = band[2:] - band[1:-1], band[1:-1] - band[:-2]
    before, here, after = energies[:-2, None], energies[1:-1, None], energies[2:, None]
    # Improved tangent: Henkelman & Jonsson, J. Chem. Phys. 113, 9978 (2000).
    up, down = jnp.abs(after - here), jnp.abs(before - here)
    larger, smaller = jnp.maximum(up, down), jnp.minimum(up, down)
    rising = after > before
    mixed = jnp.where(rising, ahead * larger + behind * smaller, ahead * smaller + behind * larger)
    tangent = jnp.where(
        (after > here) & (here > before),
        ahead,
        jnp.where((after < here) & (here < before), behind, mixed),
    )
    norm = jnp.sqrt(jnp.sum(tangent * tangent, axis=1, keepdims=True))
    tangent = tangent / jnp.where(norm > 0, norm, 1.0)

    gradient = gradients[1:-1]
    parallel = jnp.sum(gradient * tangent, axis=1, keepdims=True)
    true = -(gradient - parallel * tangent)
    force = true
    if isinstance(options, NEB):
        force = true + _springs(options, ahead, behind, tangent, true, gradient)
    number = jnp.arange(1, len(band) - 1).reshape(-1, *(1,) * steps.ndim)
    climbs = (number == _climber(options, energies, steps))[:, None]
    force = jnp.where(climbs, -(gradient - 2.0 * parallel * tangent), force)
    return jnp.concatenate([jnp.zeros_like(force[:1]), force, jnp.zeros_like(force[:1])])


def _springs(options: NEB, ahead, behind, tangent, true, gradient):
    """What keeps the images of a band apart `[P - 2, dim, *lanes]`."""
    gaps = [jnp.sqrt(jnp.sum(v * v, axis=1, keepdims=True)) for v in (ahead, behind)]
    # A spring constant in the units of the surface: its typical force over the typical gap.
    size = jnp.mean(jnp.sqrt(jnp.sum(gradient * gradient, axis=1, keepdims=True)), axis=0)
    gap = jnp.mean(gaps[0], axis=0)
    constant = options.spring * jnp.maximum(size / jnp.where(gap > 0, gap, 1.0), 1e-3)
    spring = constant * (gaps[0] - gaps[1]) * tangent
    if not options.double_nudge:
        return spring
    full = constant * (ahead - behind)
    across = full - jnp.sum(full * tangent, axis=1, keepdims=True) * tangent
    square = jnp.sum(true * true, axis=1, keepdims=True)
    share = jnp.sum(across * true, axis=1, keepdims=True) / jnp.where(square > 0, square, 1.0)
    nudge = across - share * true
    # Switched off as the true force vanishes, or the band would never settle.
    spread = jnp.sum(nudge * nudge, axis=1, keepdims=True)
    weight = 2.0 / jnp.pi * jnp.arctan2(square, jnp.where(spread > 0, spread, 1.0))
    return spring + weight * nudge


def neb(
    surface,
    start: Float[Array | np.ndarray, "batch dim"],
    end: Float[Array | np.ndarray, "batch dim"],
    *,
    method: NEB | String = NEB(),
    align: bool = True,
    path: Float[Array | np.ndarray, "batch images dim"] | None = None,
    tolerance: float = 1e-2,
    max_steps: int = 300,
    lanes: int | None = None,
    progress: bool = False,
    budget: Budget | None = None,
) -> Paths:
    """Minimum-energy paths between the rows of `start` and `end`.

    **Arguments:**

    - `start`, `end`: `[B, dim]`, usually minima.
    - `method`: `NEB(...)`, or `String(...)` for the string method.
    - `align`: bring each end as close to its start as the surface's symmetry allows.
    - `path`: the first guess `[B, images, dim]` instead of a straight line; it sets the number of
      images, and the ends are its own.
    - `tolerance`: largest root-mean-square force on the images; loose, because the maxima are
      meant to be handed to `find_transition_states`.
    - `max_steps`: band steps; each evaluates every image once.

    **Returns:** `Paths`; `.candidates()` are its local maxima. A band that has not converged
    is returned all the same, with its status.

    **Raises:** `ValueError` for ends of different shape, or as `minimise` does.

    >>> import numpy as np
    >>> double_well = lambda x: (x[0] ** 2 - 1) ** 2 + (x[1] - x[0] ** 2) ** 2
    >>> a, b = np.array([[-1.0, 1.0]], "float32"), np.array([[1.0, 1.0]], "float32")
    >>> top = neb(double_well, a, b).candidates()
    >>> bool(np.allclose(top.x, 0.0, atol=0.1))
    True
    """
    surface = as_surface(surface)
    if path is not None:
        path = np.asarray(path)
        if path.ndim != 3 or path.shape[1] < 3:
            raise ValueError(f"path has shape {path.shape}; pass [batch, images >= 3, dim]")
        if not np.isfinite(path).all():
            bad = np.flatnonzero(~np.isfinite(path).all(axis=(1, 2)))[0]
            raise ValueError(f"path is not finite in row {bad}: every image must be a point")
        method = dataclasses.replace(method, images=path.shape[1])
        start, end = path[:, 0], path[:, -1]
    start = checked_starts(surface, start, "start")
    end = checked_starts(surface, end, "end").astype(start.dtype)
    if start.shape != end.shape:
        raise ValueError(f"start has shape {start.shape} and end {end.shape}: pass pairs of rows")
    max_steps = positive("max_steps", max_steps)
    tolerance = positive_number("tolerance", tolerance)
    if path is None:
        check_interpolation(surface, method)
        home = surface if align else Surface(surface.function)
        path = first_paths(home, start, end, method)
    return relax(
        surface,
        np.ascontiguousarray(path, start.dtype),
        method,
        tolerance,
        max_steps,
        lanes,
        progress,
        budget,
    )


def straight(surface: Surface, start, end, images: int) -> Float[np.ndarray, "batch images dim"]:
    """Straight lines from each start to the nearest image of its end."""
    near = [surface.symmetry.align(a, b)[0] for a, b in zip(start, end, strict=True)]
    share = np.linspace(0.0, 1.0, images, dtype=start.dtype)[None, :, None]
    return (1.0 - share) * start[:, None] + share * np.stack(near).astype(start.dtype)[:, None]


def check_interpolation(surface: Surface, method: NEB | String) -> None:
    """Geodesics know distances in free space only."""
    if isinstance(method.interpolation, Geodesic) and isinstance(surface.symmetry, Crystal):
        raise ValueError(
            f"{surface.name!r} is periodic, and Geodesic() sees no images of atoms: leave "
            "interpolation out, or pass IDPP()"
        )


def first_paths(surface: Surface, start, end, method: NEB | String) -> np.ndarray:
    """What bands start from: straight lines, or what `interpolation` makes of them."""
    check_interpolation(surface, method)
    path = straight(surface, start, end, method.images)
    return path if method.interpolation is None else method.interpolation(path)


def relax(surface, path, method, tolerance, max_steps, lanes, progress, budget, width=None):
    """Relax given bands `[B, images, dim]`; the ends stay."""
    batch, images, dim = path.shape
    dtype = path.dtype
    method = dataclasses.replace(method, interpolation=None)  # of no concern to compiled code
    bands = path.reshape(batch, images * dim)
    out, finished, _ = engine.run(
        BandSearch(method, jnp.asarray(tolerance, dtype), jnp.asarray(max_steps, jnp.int32)),
        surface,
        {"band": bands},
        width=width or tile_width(surface, images * dim, batch, 2 * method.history + 8, dtype),
        lanes=lanes,
        budget=budget,
        progress="paths" if progress else False,
    )
    return Paths(
        images=np.where(finished[:, None], out.band, bands).reshape(batch, images, dim),
        energies=np.where(finished[:, None], out.energies, np.nan),
        rms_force=np.where(finished, out.residual, np.nan),
        status=np.where(finished, out.status, Status.INTERRUPTED).astype(np.int32),
        evaluations=(out.steps * images).astype(np.int32),
    )
