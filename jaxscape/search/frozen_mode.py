"""The end of a transition-state search: the mode is held, and every step is one gradient."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.search import lanes as engine
from jaxscape.search.budget import Budget
from jaxscape.search.history import History
from jaxscape.search.lbfgs import LBFGSOutput, count_active, free_gradient, into_bounds, rms
from jaxscape.search.minimise import tile_width
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.surface import Surface, lane_value_and_grad

_HISTORY = 10


class _State(eqx.Module):
    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    gradient: Float[Array, "dim *lanes"]
    turned: Float[Array, "dim *lanes"]
    mode: Float[Array, "dim *lanes"]
    moved: Float[Array, "dim *lanes"]
    history: History
    first: Float[Array, "*lanes"]
    steps: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class FrozenModeSearch(eqx.Module):
    """Limited-memory BFGS on the gradient with its part along a mode turned round.

    Near a transition state whose mode is known that is the gradient of a function with a minimum
    there. Jobs are `{"x": [B, dim], "mode": [B, dim]}`, the modes of unit length.
    """

    tolerance: Float[Array, ""]
    max_steps: Int[Array, ""]
    stride: int = eqx.field(static=True, default=8)

    def init(self, surface: Surface, job) -> _State:
        x, mode = job["x"], job["mode"]
        del surface
        lanes = x.shape[1:]
        zero, count = jnp.zeros(lanes, x.dtype), jnp.zeros(lanes, jnp.int32)
        nothing = jnp.zeros_like(x)
        return _State(
            x=x,
            energy=zero,
            gradient=nothing,
            turned=nothing,
            mode=mode,
            moved=nothing,
            history=History.empty(_HISTORY, x),
            first=zero,
            steps=count,
            status=jnp.full(lanes, Status.RUNNING, jnp.int32),
        )

    def step(self, surface, clock, state):
        x, dim = state.x, state.x.shape[0]
        energy, gradient = lane_value_and_grad(surface, x)
        gradient = free_gradient(surface, x, gradient)
        along = jnp.sum(state.mode * gradient, axis=0)
        turned = gradient - 2.0 * along * state.mode
        size = rms(gradient)
        finite = jnp.isfinite(energy) & jnp.isfinite(size)
        begun = state.steps > 0
        first = jnp.where(begun, state.first, size)
        history = state.history.push(clock, state.moved, turned - state.turned, begun & finite)
        scale = surface.scale.astype(x.dtype)
        step = -history.multiply(clock, turned, 0.01 * scale**2 + jnp.zeros_like(energy))
        length = jnp.sqrt(jnp.sum(step * step, axis=0))
        longest = 0.02 * scale * dim**0.5
        step = step * jnp.minimum(1.0, longest / jnp.where(length > 0, length, 1.0))
        trial = into_bounds(surface, x + step)
        steps = state.steps + 1
        lost = ~finite | (size > 30.0 * first) | (steps >= self.max_steps)
        status = jnp.where(
            finite & (size <= self.tolerance),
            Status.CONVERGED,
            jnp.where(lost, Status.STALLED, Status.RUNNING),
        ).astype(jnp.int32)
        running = state.status == Status.RUNNING
        go = running & (status == Status.RUNNING)
        return _State(
            x=jnp.where(go, trial, x),
            energy=energy,
            gradient=gradient,
            turned=turned,
            mode=state.mode,
            moved=jnp.where(go, trial - x, 0.0),
            history=history,
            first=first,
            steps=jnp.where(running, steps, state.steps),
            status=jnp.where(running, status, state.status),
        )

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
        del surface
        return state


def hold_mode(
    surface: Surface,
    points: StationaryPoints,
    modes: Float[np.ndarray, "batch dim"],
    tolerance: float,
    max_steps: int,
    budget: Budget,
    *,
    lanes: int | None = None,
    width: int | None = None,
) -> StationaryPoints:
    """Bring points near transition states to a small gradient at one evaluation a step.

    Rows that are not `ok`, and those where the held mode does not do, stay as they are.
    """
    rows = np.flatnonzero(points.ok & (points.rms_gradient > tolerance))
    if not len(rows) or budget.spent:
        return points
    x = np.asarray(points.x)
    out, finished, _ = engine.run(
        FrozenModeSearch(jnp.asarray(tolerance, x.dtype), jnp.asarray(max_steps, jnp.int32)),
        surface,
        {"x": x[rows], "mode": np.asarray(modes, x.dtype)[rows]},
        width=width or tile_width(surface, x.shape[1], len(x), 2 * _HISTORY + 8, x.dtype),
        lanes=lanes,
        budget=budget,
        progress=False,
    )
    done = finished & (out.status == Status.CONVERGED)
    kept = rows[done]
    fields = {}
    for name in ("x", "energy", "rms_gradient", "active"):
        fields[name] = np.array(getattr(points, name))
        fields[name][kept] = getattr(out, name)[done]
    fields["evaluations"] = np.array(points.evaluations)
    fields["evaluations"][rows] += np.where(finished, out.evaluations, 0)
    return dataclasses.replace(points, **fields)
