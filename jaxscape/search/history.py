"""The correction pairs of limited-memory BFGS, for lanes that start and stop at any time."""

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


class History(eqx.Module):
    """Steps `s` and gradient changes `y`, `[m, dim, *lanes]`, in a ring all lanes share.

    The slot is chosen by the shared clock, so a write touches one contiguous slab instead of
    scattering over lanes. A lane that has no pair for a slot has `weight` zero there.
    `weight` is `1 / (s.y)` `[m, *lanes]`; `scale` `[*lanes]` is the initial inverse Hessian.
    """

    s: Float[Array, "m dim *lanes"]
    y: Float[Array, "m dim *lanes"]
    weight: Float[Array, "m *lanes"]
    scale: Float[Array, "*lanes"]

    @staticmethod
    def empty(m: int, like: Float[Array, "dim *lanes"]) -> "History":
        """No pairs yet."""
        zeros = jnp.zeros((m, *like.shape), like.dtype)
        return History(zeros, zeros, zeros[:, 0], jnp.zeros(like.shape[1:], like.dtype))

    def forget(self, mask) -> "History":
        """Drop all pairs of the lanes in `mask`."""
        return History(
            self.s, self.y, jnp.where(mask, 0.0, self.weight), jnp.where(mask, 0.0, self.scale)
        )

    def push(self, clock, s, y, keep) -> "History":
        """Store a pair in the slot of `clock` where `keep` and its curvature is positive."""
        sy = jnp.sum(s * y, axis=0)
        yy = jnp.sum(y * y, axis=0)
        keep = keep & (sy > 1e-12 * yy * self.scale) & (yy > 0) & jnp.isfinite(sy)
        slot = clock % self.s.shape[0]
        return History(
            lax.dynamic_update_index_in_dim(self.s, jnp.where(keep, s, 0.0), slot, 0),
            lax.dynamic_update_index_in_dim(self.y, jnp.where(keep, y, 0.0), slot, 0),
            lax.dynamic_update_index_in_dim(
                self.weight, jnp.where(keep, 1.0 / jnp.where(keep, sy, 1.0), 0.0), slot, 0
            ),
            jnp.where(keep, sy / jnp.where(keep, yy, 1.0), self.scale),
        )

    def widen(self, s, y, keep) -> "History":
        """Have steps double off a saddle: pairs of negative curvature are not stored, and lanes
        without any pair would creep along a gradient that is small in the units of the energy.
        """
        yy = jnp.sum(y * y, axis=0)
        scale = jnp.abs(jnp.sum(s * y, axis=0)) / jnp.where(yy > 0, yy, 1.0)
        empty = jnp.all(self.weight == 0, axis=0)
        wider = keep & empty & (scale > self.scale) & jnp.isfinite(scale)
        return History(self.s, self.y, self.weight, jnp.where(wider, scale, self.scale))

    def multiply(self, clock, gradient, default_scale):
        """Approximate inverse Hessian times `gradient`, by the two-loop recursion.

        `clock` is that of the newest pair; `default_scale` serves lanes without any.
        Nocedal, Math. Comp. 35, 773 (1980).
        """
        m = self.s.shape[0]

        def slot(age):
            index = (clock - age) % m
            return [
                lax.dynamic_index_in_dim(a, index, 0, keepdims=False)
                for a in (self.s, self.y, self.weight)
            ]

        # Loops instead of unrolled code: a third of the compile time, as fast to run.
        def backward(age, carry):
            q, alphas = carry
            s, y, weight = slot(age)
            alpha = weight * jnp.sum(s * q, axis=0)
            return q - alpha * y, lax.dynamic_update_index_in_dim(alphas, alpha, age, 0)

        def forward(step, q):
            age = m - 1 - step
            s, y, weight = slot(age)
            alpha = lax.dynamic_index_in_dim(alphas, age, 0, keepdims=False)
            return q + s * (alpha - weight * jnp.sum(y * q, axis=0))

        q, alphas = lax.fori_loop(0, m, backward, (gradient, jnp.zeros_like(self.weight)))
        q = q * jnp.where(self.scale > 0, self.scale, default_scale)
        return lax.fori_loop(0, m, forward, q)
