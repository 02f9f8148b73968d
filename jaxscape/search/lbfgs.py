"""Limited-memory BFGS: one energy and gradient a step, no line search."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxscape.search.history import History
from jaxscape.search.status import Status
from jaxscape.surface import Surface, lane_value_and_grad


@dataclasses.dataclass(frozen=True)
class LBFGS:
    """Options of the minimiser.

    - `history`: correction pairs kept.
    - `max_step`: largest root-mean-square displacement of one step, in units of the
      surface's `scale`.
    - `max_rise`: energy rise accepted in one step, relative to the energy's rounding.

    Liu & Nocedal, Math. Program. 45, 503 (1989), with the step control of GMIN: the step is
    capped, and one that raises the energy is shortened.
    """

    history: int = 6
    max_step: float = 0.03
    max_rise: float = 100.0

    def __post_init__(self):
        if self.history < 1:
            raise ValueError(f"history is {self.history}; keep at least one pair")
        if not self.max_step > 0:
            raise ValueError(f"max_step is {self.max_step}; it must be positive")


class LBFGSState(eqx.Module):
    """`x`, `energy`, `gradient`: the last accepted point; `trial`: where to evaluate next."""

    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    gradient: Float[Array, "dim *lanes"]
    trial: Float[Array, "dim *lanes"]
    history: History
    rejections: Int[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class LBFGSOutput(eqx.Module):
    """What a quench leaves behind."""

    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    rms_gradient: Float[Array, "*lanes"]
    active: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]
    evaluations: Int[Array, "*lanes"]


class LBFGSSearch(eqx.Module):
    """Minimisation as a lane search; jobs are starting points `{"x": [B, dim]}`."""

    options: LBFGS = eqx.field(static=True)
    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=8)

    def init(self, surface: Surface, job) -> LBFGSState:
        return start_quench(self.options, job["x"])

    def step(self, surface, clock, state):
        return quench_step(self.options, surface, clock, state, self.tolerance, self.max_steps)

    def output(self, surface, state):
        return LBFGSOutput(
            state.x,
            state.energy,
            rms(state.gradient),
            count_active(surface, state.x, state.gradient),
            state.status,
            state.steps,
        )

    def advance(self, surface, state):
        return state


def start_quench(options: LBFGS, x) -> LBFGSState:
    """The state before the first evaluation."""
    lanes = x.shape[1:]
    zero = jnp.zeros(lanes, jnp.int32)
    return LBFGSState(
        x=x,
        energy=jnp.full(lanes, jnp.inf, x.dtype),
        gradient=jnp.zeros_like(x),
        trial=x,
        history=History.empty(options.history, x),
        rejections=zero,
        steps=zero,
        status=jnp.full(lanes, Status.RUNNING, jnp.int32),
    )


def quench_step(options, surface, clock, state, tolerance, max_steps) -> LBFGSState:
    """Evaluate the trial point, accept it or shorten the step, and propose the next."""
    energy, gradient = lane_value_and_grad(surface, state.trial)
    gradient = free_gradient(surface, state.trial, gradient)
    slope = jnp.sum(gradient * gradient, axis=0)
    finite = jnp.isfinite(energy) & jnp.isfinite(slope)
    first = jnp.isinf(state.energy)  # nothing accepted yet; `steps` may go on from before
    eps = jnp.finfo(state.x.dtype).eps
    rise = options.max_rise * eps * jnp.abs(state.energy)
    if surface.tolerance is not None:
        # Energies are as coarse as gradients.
        rise = rise + 0.1 * surface.tolerance * surface.scale.astype(state.x.dtype)
    accept = finite & (first | (energy <= state.energy + rise))

    moved, turned = state.trial - state.x, gradient - state.gradient
    history = state.history.push(clock, moved, turned, accept & ~first)
    history = history.widen(moved, turned, accept & ~first)
    x = jnp.where(accept, state.trial, state.x)
    energy = jnp.where(accept, energy, state.energy)
    gradient = jnp.where(accept, gradient, state.gradient)
    rejections = jnp.where(accept, 0, state.rejections + 1)

    # Ten shorter steps failed: forget the curvature once, then give up.
    stuck = rejections >= 10
    empty = jnp.all(history.weight == 0, axis=0)
    history = history.forget(stuck & ~empty)
    rejections = jnp.where(stuck & ~empty, 0, rejections)

    norm = jnp.sqrt(jnp.sum(gradient * gradient, axis=0))
    scale = surface.scale.astype(x.dtype)
    size = scale * options.max_step * x.shape[0] ** 0.5
    first_scale = 0.1 * jnp.minimum(size / jnp.where(norm > 0, norm, 1.0), scale**2)
    onto, free = nearly_active(surface, x, gradient)
    step = -history.multiply(clock, free, first_scale)
    if surface.lower is not None:
        # What points out of the box would use up the length of the step.
        step = jnp.where(free == 0.0, 0.0, step)
    step = jnp.where(jnp.sum(step * free, axis=0) > 0, -step, step)
    length = jnp.sqrt(jnp.sum(step * step, axis=0))
    step = step * jnp.minimum(1.0, size / jnp.where(length > 0, length, 1.0))
    onwards = accept | (stuck & ~empty)
    trial = into_bounds(surface, jnp.where(onwards, onto + step, x + 0.1 * moved))

    steps = state.steps + 1
    converged = (norm <= tolerance * x.shape[0] ** 0.5) & (accept | ~first)
    stalled = (stuck & empty) | (jnp.all(trial == x, axis=0) & empty)
    status = jnp.where(
        converged,
        Status.CONVERGED,
        jnp.where(
            first & ~finite,
            Status.NOT_FINITE,
            jnp.where(
                stalled,
                Status.STALLED,
                jnp.where(steps >= max_steps, Status.MAX_STEPS, Status.RUNNING),
            ),
        ),
    ).astype(jnp.int32)
    running = state.status == Status.RUNNING
    return LBFGSState(
        x=jnp.where(running, x, state.x),
        energy=jnp.where(running, energy, state.energy),
        gradient=jnp.where(running, gradient, state.gradient),
        trial=trial,
        history=history,
        rejections=rejections,
        steps=jnp.where(running, steps, state.steps),
        status=jnp.where(running, status, state.status),
    )


def rms(v: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
    """Root mean square over coordinates."""
    return jnp.sqrt(jnp.mean(v * v, axis=0))


def active_bounds(surface: Surface, x, gradient):
    """Coordinates at a bound with the energy falling outwards `[dim, *lanes]` (or None)."""
    if surface.lower is None:
        return None
    low, high = _pressed(x, gradient, *_bounds(surface, x))
    return low | high


def count_active(surface: Surface, x, gradient):
    """How many coordinates sit on a bound."""
    if surface.lower is None:
        return jnp.zeros(x.shape[1:], jnp.int32)
    lower, upper = _bounds(surface, x)
    return jnp.sum((x <= lower) | (x >= upper), axis=0, dtype=jnp.int32)


def free_gradient(surface: Surface, x, gradient):
    """The gradient without components that push against a bound."""
    active = active_bounds(surface, x, gradient)
    return gradient if active is None else jnp.where(active, 0.0, gradient)


def nearly_active(surface: Surface, x, gradient):
    """`x` with coordinates put on a bound that they press against from nearby, and the gradient
    without theirs.

    Left to the other coordinates' steps, which may be refused and shortened time and again, they
    would creep up to the bound. Bertsekas, SIAM J. Control Optim. 20, 221 (1982).
    """
    if surface.lower is None:
        return x, gradient
    lower, upper = _bounds(surface, x)
    low, high = _pressed(x, gradient, lower, upper, 1e-3 * surface.scale.astype(x.dtype))
    onto = jnp.where(low, lower, jnp.where(high, upper, x))
    return onto, jnp.where(low | high, 0.0, gradient)


def into_bounds(surface: Surface, x):
    """The nearest point of the box; what lies a rounding away from a bound is on it.

    A run that creeps up to a bound would otherwise never be held by it.
    """
    if surface.lower is None:
        return x
    lower, upper = _bounds(surface, x)
    near = jnp.finfo(x.dtype).eps ** 0.75 * surface.scale.astype(x.dtype)
    x = jnp.where(x <= lower + near, lower, x)
    return jnp.where(x >= upper - near, upper, x)


def _pressed(x, gradient, lower, upper, near: Array | float = 0.0):
    """Where the energy falls outwards at, or `near`, the lower and the upper bound."""
    return (x <= lower + near) & (gradient > 0), (x >= upper - near) & (gradient < 0)


def _bounds(surface, x):
    """Lower and upper bounds `[dim, 1]`, as many ones as `x` has axes for lanes."""
    bounds = (jnp.broadcast_to(b, x.shape[:1]) for b in (surface.lower, surface.upper))
    return [bound.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1)) for bound in bounds]
