"""Hybrid eigenvector-following: uphill along the lowest mode, downhill in all others."""

import dataclasses
import math

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from jaxscape.search.history import History
from jaxscape.search.lbfgs import count_active, free_gradient, into_bounds, rms
from jaxscape.search.ritz import dot, lowest_of_three, unit, unit_of_rest, without
from jaxscape.search.status import Status
from jaxscape.surface import Surface, lane_hvp, lane_value_and_grad


@dataclasses.dataclass(frozen=True)
class HybridEigenvectorFollowing:
    """Options of the transition-state search.

    - `max_uphill`: longest step along the mode, in units of the surface's `scale`.
    - `max_step`: largest root-mean-square displacement orthogonal to it, in the same units.
    - `climb`: in a convex region, the step along the mode is at most `climb` times
      `max_uphill` for equal gradients along and across the mode, so that the search keeps to the
      valley floor.
    - `slack`: the same where the mode has negative curvature; `math.inf` for no such limit.
    - `history`: correction pairs kept for the orthogonal space.
    - `mode_steps`: mode iterations before the first move.
    - `relaxations`: moves between two measurements of the mode, each for one gradient. More of
      them (5, with a history of 12) save evaluations where the first mode is good.
    - `settle`: steps of plain minimisation before anything else. Noise on a guess lies in stiff
      directions, which relax in a dozen steps; the soft mode of the saddle hardly moves.
    - `mode_products`: at most so many Hessian-vector products on the first mode, at a point that
      stays where it is, until its eigenvalue is negative and falls no further.

    The last two are for guesses near a saddle, see `near_saddle`.

    Munro & Wales, Phys. Rev. B 59, 3969 (1999); Kumeda, Wales & Munro, Chem. Phys. Lett. 341,
    185 (2001). A step is two Hessian-vector products, one for the mode and one for the direction
    that improves it (a locally optimal conjugate-gradient step, preconditioned by the curvature
    pairs), and the gradient that comes with them; a move; then `relaxations` times a gradient
    and a move. It counts as `4 + relaxations` evaluations.
    """

    max_uphill: float = 0.05
    max_step: float = 0.04
    climb: float = 0.3
    slack: float = 3.0
    history: int = 6
    mode_steps: int = 2
    relaxations: int = 2
    settle: int = 0
    mode_products: int = 0

    @classmethod
    def near_saddle(cls) -> "HybridEigenvectorFollowing":
        """Options for guesses that are a saddle but for some noise.

        The mode is found first and then seldom measured again: for LJ38, displaced by 0.05 a
        coordinate, less than half the evaluations of the defaults, and the very saddle more
        often. Starts near minima all end in the same few saddles that way.
        """
        return cls(settle=12, mode_products=40, mode_steps=0, relaxations=10, history=20)

    def __post_init__(self):
        for name in ("max_uphill", "max_step", "climb", "slack"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")
        for name in ("history", "mode_steps", "relaxations", "settle", "mode_products"):
            least = 1 if name == "history" else 0
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least {least}")


class HEFState(eqx.Module):
    """`mode`: lowest mode; `search`: what improves it; `last`: the direction it last turned to."""

    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    gradient: Float[Array, "dim *lanes"]
    mode: Float[Array, "dim *lanes"]
    search: Float[Array, "dim *lanes"]
    last: Float[Array, "dim *lanes"]
    last_curvature: Float[Array, "*lanes"]
    eigenvalue: Float[Array, "*lanes"]
    moved: Float[Array, "dim *lanes"]
    history: History
    outside: Int[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class HEFOutput(eqx.Module):
    """Where a search ended."""

    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    rms_gradient: Float[Array, "*lanes"]
    eigenvalue: Float[Array, "*lanes"]
    mode: Float[Array, "dim *lanes"]
    active: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]
    evaluations: Int[Array, "*lanes"]


class HEFSearch(eqx.Module):
    """Jobs are `{"x": [B, dim], "mode": [B, dim]}`: where to start, and the first mode."""

    options: HybridEigenvectorFollowing = eqx.field(static=True)
    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=4)

    def init(self, surface: Surface, job) -> HEFState:
        x, mode = job["x"], job["mode"]
        lanes = x.shape[1:]
        zero = jnp.zeros(lanes, x.dtype)
        count = jnp.zeros(lanes, jnp.int32)
        return HEFState(
            x=x,
            energy=zero,
            gradient=jnp.zeros_like(x),
            mode=mode,
            search=jnp.zeros_like(x),
            last=jnp.zeros_like(x),
            last_curvature=zero,
            eigenvalue=zero,
            moved=jnp.zeros_like(x),
            history=History.empty(self.options.history, x),
            outside=count,
            steps=count,
            status=jnp.full(lanes, Status.RUNNING, jnp.int32),
        )

    def step(self, surface, clock, state):
        return hef_step(self.options, surface, clock, state, self.tolerance, self.max_steps)

    def output(self, surface, state):
        return HEFOutput(
            state.x,
            state.energy,
            rms(state.gradient),
            state.eigenvalue,
            state.mode,
            count_active(surface, state.x, state.gradient),
            state.status,
            (4 + self.options.relaxations) * state.steps,
        )

    def advance(self, surface, state):
        return state


def hef_step(options, surface, clock, state, tolerance, max_steps) -> HEFState:
    """Improve the mode and move; then move on with the mode held."""
    clock = clock * (1 + options.relaxations)

    def measure(state):
        return _with_better_mode(options, surface, clock, state, max_steps)

    def evaluate(state):
        energy, gradient = lane_value_and_grad(surface, state.x)
        return _Measured.of(state), energy, free_gradient(surface, state.x, gradient)

    # One loop over both kinds of step, with all lanes in the same branch: moves are compiled once.
    def advance(k, state):
        measured, energy, gradient = lax.cond(k == 0, measure, evaluate, state)
        state = measured.put_in(state)
        return _move(options, surface, clock + k, state, energy, gradient, tolerance)

    return lax.fori_loop(0, 1 + options.relaxations, advance, state)


class _Measured(eqx.Module):
    """What a measurement of the mode changes in the state."""

    mode: Float[Array, "dim *lanes"]
    search: Float[Array, "dim *lanes"]
    last: Float[Array, "dim *lanes"]
    last_curvature: Float[Array, "*lanes"]
    eigenvalue: Float[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]

    @classmethod
    def of(cls, state) -> "_Measured":
        return cls(**{f.name: getattr(state, f.name) for f in dataclasses.fields(cls)})

    def put_in(self, state):
        changed = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return dataclasses.replace(state, **changed)


def _with_better_mode(options, surface, clock, state, max_steps):
    """Measure gradient and curvature at `x`, and improve the mode."""
    x = state.x
    zero_modes = surface.symmetry.zero_modes(x)

    def clean(v):
        return surface.symmetry.project(zero_modes, v)

    mode = unit(clean(state.mode))
    last = unit_of_rest(state.last, [mode])
    search = unit_of_rest(state.search, [mode, last])
    energy, gradient, (curved, curved_search) = lane_hvp(surface, x, jnp.stack([mode, search]))
    gradient = free_gradient(surface, x, gradient)
    mode, last, eigenvalue, last_curvature, residual = _lowest_in_span(
        (mode, search, last), curved, curved_search, state.last_curvature
    )
    # Gradients and products have no zero modes but for rounding; what becomes the next mode must
    # not collect them.
    residual = clean(residual)
    # The residual, preconditioned by the curvature found so far.
    default = 0.01 * surface.scale.astype(x.dtype) ** 2 + jnp.zeros_like(energy)
    stiff = -state.history.multiply(clock - 1, without(mode, residual), default)
    steps = state.steps + (state.status == Status.RUNNING)
    status = jnp.where(
        (state.status == Status.RUNNING) & (steps >= max_steps), Status.MAX_STEPS, state.status
    )
    measured = _Measured(
        mode=mode,
        search=without(mode, stiff),
        last=last,
        last_curvature=last_curvature,
        eigenvalue=eigenvalue,
        steps=steps,
        status=status.astype(jnp.int32),
    )
    return measured, energy, gradient


def _move(options, surface, clock, state, energy, gradient, tolerance):
    """Step uphill along the mode and downhill in all other directions."""
    x, dim, mode, eigenvalue = state.x, state.x.shape[0], state.mode, state.eigenvalue
    finite = jnp.isfinite(energy) & jnp.isfinite(dot(gradient, gradient))
    # Curvature pairs of the space orthogonal to the mode.
    change = gradient - state.gradient
    history = state.history.push(
        clock,
        without(mode, state.moved),
        without(mode, change),
        jnp.any(state.moved != 0, axis=0) & finite,
    )
    scale = surface.scale.astype(x.dtype)
    default = 0.01 * scale**2 + jnp.zeros_like(energy)
    along = dot(mode, gradient)
    level = gradient - along * mode
    down = -history.multiply(clock, level, default)
    down = without(mode, down)
    down = jnp.where(dot(down, level) > 0, -down, down)
    down = _cap(down, scale * options.max_step * dim**0.5)

    bend = jnp.abs(eigenvalue)
    ratio = along / jnp.where(bend > 0, bend, 1.0)
    newton = 2.0 * ratio / (1.0 + jnp.sqrt(1.0 + 4.0 * ratio * ratio / scale**2))
    longest = scale * options.max_uphill
    # Keep to the valley floor: climb only as the other directions relax, in a convex region
    # above all. Far from the floor the slope along the mode is mostly that of stiff directions.
    across = jnp.sqrt(dot(level, level))
    slope = jnp.where(across > 0, jnp.abs(along) / jnp.where(across > 0, across, 1.0), jnp.inf)
    reach = longest
    if math.isfinite(options.slack):
        reach = longest * jnp.minimum(1.0, options.slack * slope)
    climb = longest * jnp.minimum(1.0, options.climb * slope)
    uphill = jnp.where(
        eigenvalue < 0,
        jnp.clip(newton, -reach, reach),
        jnp.where(along >= 0, climb, -climb),
    )
    ready = state.steps > options.mode_steps
    move = jnp.where(ready, uphill * mode + down, 0.0)
    trial = into_bounds(surface, x + move)
    outside = jnp.where(jnp.any(trial != x + move, axis=0), state.outside + 1, 0)

    flat = rms(gradient) <= tolerance
    status = jnp.where(
        ~finite,
        Status.NOT_FINITE,
        jnp.where(
            flat & (eigenvalue < 0) & ready,
            Status.CONVERGED,
            jnp.where(
                outside >= 10 * (1 + options.relaxations), Status.LEFT_BOUNDS, Status.RUNNING
            ),
        ),
    ).astype(jnp.int32)
    running = state.status == Status.RUNNING
    go = running & (status == Status.RUNNING)
    return dataclasses.replace(
        state,
        x=jnp.where(go, trial, x),
        energy=jnp.where(running, energy, state.energy),
        gradient=jnp.where(running, gradient, state.gradient),
        moved=jnp.where(go, trial - x, 0.0),
        history=history,
        outside=outside,
        status=jnp.where(running, status, state.status),
    )


def _lowest_in_span(vectors, curved, curved_search, last_curvature):
    """Rayleigh-Ritz in the span of mode, search and last direction (orthonormal, or zero).

    The Hessian times `last` is not known at this point, but by symmetry every element of the
    projected matrix is, except `last . H last`, for which the value of the step before stands in.
    """
    mode, search, last = vectors
    a, b, c = dot(mode, curved), dot(search, curved), dot(search, curved_search)
    d, e = dot(last, curved), dot(last, curved_search)
    f = last_curvature
    absent = 1.0 + jnp.abs(a)  # keeps a missing direction out of the lowest state
    has_search, has_last = dot(search, search) > 0.5, dot(last, last) > 0.5
    b, c, e = (jnp.where(has_search, v, w) for v, w in ((b, 0.0), (c, absent), (e, 0.0)))
    d, e, f = (jnp.where(has_last, v, w) for v, w in ((d, 0.0), (e, 0.0), (f, absent)))
    eigenvalue, (u, v, w) = lowest_of_three(a, b, c, d, e, f)
    sign = jnp.where(u < 0, -1.0, 1.0)
    u, v, w = sign * u, sign * v, sign * w
    turned = v * search + w * last
    new = u * mode + turned
    other = unit_of_rest(turned, [new])
    # other = (u turned - (v^2 + w^2) mode) / |.|, so its curvature follows from the matrix.
    t = v * v + w * w
    quad = c * v * v + 2.0 * e * v * w + f * w * w
    cross = b * v + d * w
    norm = jnp.where(t > 0, t, 1.0)
    curvature = (u * u * quad - 2.0 * u * t * cross + t * t * a) / norm
    # Residual at this point; the part along `last`, whose product is unknown, is left out.
    weight = jnp.where(u * u + v * v > 0, jnp.sqrt(u * u + v * v), 1.0)
    image = (u * curved + v * curved_search) / weight
    direction = (u * mode + v * search) / weight
    return new, other, eigenvalue, curvature, image - direction * dot(direction, image)


def _cap(v, longest):
    norm = jnp.sqrt(dot(v, v))
    return v * jnp.minimum(1.0, longest / jnp.where(norm > 0, norm, 1.0))
