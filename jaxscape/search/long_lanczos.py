"""The lowest eigenpair of a Hessian by Lanczos iterations that keep no basis.

Without orthogonalising again, and without restarts, a run may be as long as it has to be: three
vectors are kept, every step costs one product, and only two numbers of it go to the host.
Rounding brings copies of eigenvalues that have converged, and no others (C. C. Paige, IMA J. Appl.
Math. 18, 341 (1976)); nobody counts them here. A vector takes a second run over the same steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.linalg import eigh_tridiagonal, eigvalsh_tridiagonal

from jaxscape.search.lanczos import HessianOperator

_CHUNK = 64
# The chance that an eigenvalue lies lower than `Ritz.unseen` says.
_CHANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Ritz:
    """What a run knows of the lowest eigenvalue.

    - `value`: an upper bound of it; `error`: some eigenvalue is this close to `value`.
    - `largest`: of the absolute eigenvalues, to two digits or so.
    - `unseen`: that the lowest eigenvalue is more than this below `value` has a chance below one
      in ten thousand. After m steps from a random start in n dimensions that is
      `(log(1.648 sqrt(n) / chance) / (2 m - 1))^2` of the spectrum's width (J. Kuczynski and
      H. Wozniakowski, SIAM J. Matrix Anal. Appl. 13, 1094 (1992)).
    """

    value: float
    error: float
    largest: float
    unseen: float


def lowest_eigenpair(
    hessian: HessianOperator,
    max_products: int,
    enough: Callable[[Ritz], bool],
    accurate: Callable[[Ritz], bool],
    *,
    beside=None,
    seed: int = 0,
) -> tuple[Ritz, np.ndarray, bool]:
    """The lowest eigenvalue, its unit vector `[dim]`, and whether that is `enough`.

    **Arguments:**

    - `max_products`: of the Hessian with vectors; half of them for finding the vector.
    - `enough`: when to stop; `accurate`: how many of the steps go into the vector.
    - `beside`: orthonormal rows `[k, dim]` to leave out.
    """
    left_out = hessian.zero_modes if beside is None else np.vstack([hessian.zero_modes, beside])
    run, known = _Run(hessian, left_out, seed), None
    while True:
        run.advance()
        ritz, weights = run.lowest()
        if known is None and accurate(ritz):
            known = weights  # later ones may be those of a copy that rounding brought
        done = run.exhausted or not np.isfinite(ritz.value) or enough(ritz)
        if done or 2 * run.steps >= max_products:
            break
    vector = run.vector(weights if known is None else known)
    image = hessian(vector)
    value = float(vector @ image)
    error = float(np.linalg.norm(image - value * vector))
    return dataclasses.replace(ritz, value=value, error=error), vector, done


class _Run:
    """A Lanczos recursion from one random vector, to be gone through twice."""

    def __init__(self, hessian: HessianOperator, left_out, seed: int):
        self.hessian = hessian
        dtype = hessian.x.dtype
        start = hessian.random_vector(seed)
        start = start - left_out.T @ (left_out @ start)
        start = start / max(np.linalg.norm(start), 1e-300)
        zero = np.zeros_like(start)
        self.fixed = jnp.asarray(left_out, dtype), jnp.asarray(hessian.free)
        self.start = tuple(jnp.asarray(a, dtype) for a in (zero, start, 0.0, zero))
        self.state = self.start
        self.diagonal, self.links = np.zeros(0), np.zeros(0)
        self.exhausted = False
        self.dim = max(1, hessian.x.size - len(left_out))

    @property
    def steps(self) -> int:
        return len(self.diagonal)

    def advance(self) -> None:
        """Some more steps, unless the Krylov space ends."""
        # A tenth more at a time: looking at them costs in proportion to how many there are.
        for _ in range(1 + self.steps // (10 * _CHUNK)):
            self.state, (diagonal, links) = self._chunk(self.state, np.zeros(_CHUNK))
            self.diagonal = np.append(self.diagonal, np.asarray(diagonal, np.float64))
            self.links = np.append(self.links, np.asarray(links, np.float64))
        rounding = 4.0 * np.finfo(self.start[0].dtype).eps
        ends = self.links <= rounding * np.maximum.accumulate(np.abs(self.diagonal) + self.links)
        if ends.any():
            whole = int(np.argmax(ends)) + 1
            self.diagonal, self.links = self.diagonal[:whole], self.links[:whole]
            self.exhausted = True

    def lowest(self) -> tuple[Ritz, np.ndarray]:
        """The lowest Ritz value, and its vector's weights on the steps."""
        diagonal, links = self.diagonal, self.links[:-1]
        if not (np.isfinite(diagonal).all() and np.isfinite(links).all()):
            return Ritz(np.nan, np.nan, np.nan, np.nan), np.zeros(len(diagonal))
        last = len(diagonal) - 1
        low, weights = eigh_tridiagonal(diagonal, links, select="i", select_range=(0, 0))
        top = eigvalsh_tridiagonal(diagonal, links, select="i", select_range=(last, last))
        low, top, error = float(low[0]), float(top[0]), self.links[-1] * abs(weights[-1, 0])
        share = (np.log(1.648 * self.dim**0.5 / _CHANCE) / (2 * len(diagonal) - 1)) ** 2
        if self.exhausted:
            error = share = 0.0
        ritz = Ritz(low, float(error), max(abs(low), abs(top)), share * (top - low))
        return ritz, weights[:, 0]

    def vector(self, weights) -> np.ndarray:
        """The sum of the steps' vectors with these weights, normalised."""
        state = self.start
        padded = np.zeros(-(-len(weights) // _CHUNK) * _CHUNK)
        padded[: len(weights)] = weights
        for part in padded.reshape(-1, _CHUNK):
            state, _ = self._chunk(state, part)
        total = np.asarray(state[3], np.float64)
        return total / max(np.linalg.norm(total), 1e-300)

    def _chunk(self, state, weights):
        h = self.hessian
        h.count += _CHUNK
        weights = jnp.asarray(weights, h.x.dtype)
        return _steps(h.surface, h.other, h.x, *self.fixed, state, weights)


@eqx.filter_jit
def _steps(surface, other, x, left_out, free, state, weights):
    """Three-term recursions; the vectors they meet are summed up with `weights`."""
    if other is None:
        # Linearised once, not at every step.
        _, product = jax.linearize(jax.grad(surface.function), x)
    else:
        product = lambda v: other(x, v)  # noqa: E731

    def rest(v):
        v = jnp.where(free, v, 0.0)
        return v - left_out.T @ (left_out @ v)

    def step(state, weight):
        before, now, link, total = state
        image = rest(product(now)) - link * before
        diagonal = jnp.vdot(now, image)
        # Again: what was left out creeps back in with rounding.
        image = rest(image - diagonal * now)
        link = jnp.linalg.norm(image)
        after = image / jnp.where(link > 0, link, 1.0)
        return (now, after, link, total + weight * now), (diagonal, link)

    return lax.scan(step, state, weights)
