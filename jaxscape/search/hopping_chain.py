"""One chain of basin-hopping as a search for the driver of lanes: quench, accept, perturb."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from jaxscape.search.arguments import positive
from jaxscape.search.chunk import select
from jaxscape.search.lbfgs import (
    LBFGS,
    LBFGSState,
    count_active,
    into_bounds,
    quench_step,
    rms,
    start_quench,
)
from jaxscape.search.moves import Displacement, Move
from jaxscape.search.status import Status
from jaxscape.surface import Surface, lane_energy


@dataclasses.dataclass(frozen=True)
class BasinHopping:
    """Options of the Monte Carlo over minima.

    - `temperature`: of the Metropolis test, in units of energy.
    - `step_size`: half width of the uniform displacement of every coordinate, in units of the
      surface's `scale`; the start of the adaptive one.
    - `acceptance`: the fraction of accepted steps that `step_size` is adapted to, by 5% every
      `interval` steps; `None` keeps it fixed.
    - `restart_after`: a chain that has not found anything lower in this many steps starts
      afresh from a random point (`None`: never).
    - `move`: how minima are perturbed, see `jaxscape.moves`; by default every coordinate is
      displaced.
    - `quench_tolerance`: gradient at which a quench ends, relative to the certified one.
    - `compression`: for clusters of atoms, springs from every atom to the centroid while the first
      part of each quench lasts, in units of energy by `scale` squared. Compact structures come
      up far sooner: for LJ38 compressed by 20, forty times sooner.

    Li & Scheraga, PNAS 84, 6611 (1987); Wales & Doye, J. Phys. Chem. A 101, 5111 (1997);
    compression: Doye, Phys. Rev. E 62, 8753 (2000).
    """

    temperature: float = 1.0
    step_size: float = 0.36
    acceptance: float | None = 0.5
    interval: int = 20
    restart_after: int | None = None
    quench_tolerance: float = 1e4
    compression: float = 0.0
    quench: LBFGS = LBFGS()
    move: Move = Displacement()

    def __post_init__(self):
        for name in ("temperature", "step_size", "quench_tolerance"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")
        for name in ("interval", "restart_after"):
            value = getattr(self, name)
            if value is not None:
                positive(name, value)
        if not self.compression >= 0:
            raise ValueError(f"compression is {self.compression}; it must not be negative")
        if self.acceptance is not None and not 0 < self.acceptance < 1:
            raise ValueError(f"acceptance is {self.acceptance}; it lies between 0 and 1")


class HoppingState(eqx.Module):
    """A quench in progress, and the chain it belongs to."""

    quench: LBFGSState
    compressed: Bool[Array, "*lanes"]
    chain: Int[Array, "*lanes"]
    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    best: Float[Array, "*lanes"]
    since: Int[Array, "*lanes"]
    step_size: Float[Array, "*lanes"]
    accepted: Int[Array, "*lanes"]
    hops: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]


class HoppingOutput(eqx.Module):
    """One quench of a chain."""

    x: Float[Array, "dim *lanes"]
    energy: Float[Array, "*lanes"]
    rms_gradient: Float[Array, "*lanes"]
    active: Int[Array, "*lanes"]
    hop: Int[Array, "*lanes"]
    accepted: Int[Array, "*lanes"]
    status: Int[Array, "*lanes"]
    evaluations: Int[Array, "*lanes"]


class HoppingSearch(eqx.Module):
    """Jobs are `{"x": [B, dim], "chain": [B]}`; every quench of a chain is an output."""

    options: BasinHopping = eqx.field(static=True)
    key: PRNGKeyArray
    tolerance: Float[Array, ""]
    steps: Int[Array, ""]
    target: Float[Array, ""]
    stride: int = eqx.field(static=True, default=8)

    def init(self, surface, job):
        x = job["x"]
        lanes = x.shape[1:]
        count = jnp.zeros(lanes, jnp.int32)
        highest = jnp.full(lanes, jnp.inf, x.dtype)
        return HoppingState(
            quench=start_quench(self.options.quench, into_bounds(surface, x)),
            compressed=jnp.full(lanes, self.options.compression > 0),
            chain=job["chain"],
            x=x,
            energy=highest,
            best=highest,
            since=count,
            step_size=jnp.full(lanes, self.options.step_size, x.dtype),
            accepted=count,
            hops=count,
            status=jnp.full(lanes, Status.RUNNING, jnp.int32),
        )

    def step(self, surface, clock, state):
        if not self.options.compression:
            quench = quench_step(
                self.options.quench, surface, clock, state.quench, self.tolerance, 10_000
            )
            return eqx.tree_at(lambda s: (s.quench, s.status), state, (quench, quench.status))
        return self._compressed_step(surface, clock, state)

    def _compressed_step(self, surface, clock, state):
        """A quench with springs first, loosely; then without them from where that ended."""
        stiffness = jnp.where(state.compressed, self.options.compression, 0.0)
        squeezed = eqx.tree_at(
            lambda s: s.function, surface, _Compressed(surface, stiffness.astype(state.x.dtype))
        )
        tolerance = jnp.where(state.compressed, 100.0 * self.tolerance, self.tolerance)
        quench = quench_step(self.options.quench, squeezed, clock, state.quench, tolerance, 10_000)
        through = state.compressed & (quench.status != Status.RUNNING)
        released = start_quench(self.options.quench, quench.x)
        released = eqx.tree_at(lambda q: q.steps, released, quench.steps)
        quench = select(through, released, quench)
        return eqx.tree_at(
            lambda s: (s.quench, s.compressed, s.status),
            state,
            (quench, state.compressed & ~through, quench.status),
        )

    def output(self, surface, state):
        q = state.quench
        return HoppingOutput(
            q.x,
            q.energy,
            rms(q.gradient),
            count_active(surface, q.x, q.gradient),
            state.hops,
            self._metropolis(state).astype(jnp.int32),
            q.status,
            q.steps,
        )

    def advance(self, surface, state):
        """Accept or reject the quenched minimum, and perturb for the next quench."""
        o, q = self.options, state.quench
        accept = self._metropolis(state)
        x = jnp.where(accept, q.x, state.x)
        energy = jnp.where(accept, q.energy, state.energy)
        lower = q.energy < state.best - 1e-6 * jnp.abs(state.best)
        lower = (lower | ~jnp.isfinite(state.best)) & (q.status == Status.CONVERGED)
        since = jnp.where(lower, 0, state.since + 1)
        hops = state.hops + 1
        accepted = state.accepted + accept
        step_size = state.step_size
        if o.acceptance is not None:
            due = hops % o.interval == 0
            factor = jnp.where(accepted > o.acceptance * o.interval, 1 / 0.95, 0.95)
            step_size = jnp.where(due, step_size * factor.astype(x.dtype), step_size)
            accepted = jnp.where(due, 0, accepted)
        keys = self._keys(state.chain, hops, 1)
        size = surface.scale.astype(x.dtype) * step_size
        trial = jax.vmap(o.move, in_axes=(0, -1, -1), out_axes=-1)(keys, x, size)
        trial = into_bounds(surface, trial)
        best = jnp.where(lower, q.energy, state.best)
        if o.restart_after is not None:
            restart = since >= o.restart_after
            fresh_keys = self._keys(state.chain, hops, 2)
            fresh = jax.vmap(surface.sampler or surface._uniform_sampler(), out_axes=-1)(fresh_keys)
            trial = jnp.where(restart, fresh.astype(x.dtype), trial)
            energy = jnp.where(restart, jnp.inf, energy)
            best = jnp.where(restart, jnp.inf, best)
            since = jnp.where(restart, 0, since)
        over = (hops >= self.steps) | (q.energy <= self.target)
        status = jnp.where(over, Status.CONVERGED, Status.RUNNING).astype(jnp.int32)
        fresh_quench = start_quench(o.quench, trial)
        return HoppingState(
            quench=eqx.tree_at(lambda s: s.status, fresh_quench, status),
            compressed=jnp.full(status.shape, o.compression > 0),
            chain=state.chain,
            x=x,
            energy=energy,
            best=best,
            since=since,
            step_size=step_size,
            accepted=accepted,
            hops=hops,
            status=status,
        )

    def _metropolis(self, state):
        q = state.quench
        keys = self._keys(state.chain, state.hops, 0)
        chance = jax.vmap(lambda k: jax.random.uniform(k, (), q.energy.dtype))(keys)
        rise = q.energy - state.energy
        allowed = chance < jnp.exp(-jnp.maximum(rise, 0.0) / self.options.temperature)
        return (q.status == Status.CONVERGED) & (allowed | ~jnp.isfinite(state.energy))

    def _keys(self, chain, hops, use):
        def one(c, h):
            return jax.random.fold_in(jax.random.fold_in(self.key, c), 3 * h + use)

        return jax.vmap(one)(chain, hops)


class _Compressed(eqx.Module):
    """A function with springs `[lanes]` that pull every atom to the centroid."""

    surface: Surface
    stiffness: Float[Array, "*lanes"]

    @property
    def trailing_lanes(self):
        return True

    def __call__(self, x):
        atoms = x.reshape(-1, 3, *x.shape[1:])
        apart = atoms - jnp.mean(atoms, axis=0)
        spring = 0.5 * self.stiffness / self.surface.scale.astype(x.dtype) ** 2
        return lane_energy(self.surface, x) + spring * jnp.sum(apart**2, axis=(0, 1))
