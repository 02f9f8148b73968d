"""The two halves of a network's Hessian: of the loss in its outputs, and of the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class GaussNewton(eqx.Module):
    """`H = G + R` for a loss of a model's outputs.

    `G = J^T L J`, with the Jacobian `J` of the outputs and the Hessian `L` of the loss in them,
    has no negative eigenvalue where the loss is convex in the outputs; `R`, the curvature of
    the outputs weighted by how wrong they are, has what is negative.

    **Arguments:**

    - `outputs`: `x[dim] -> outputs`, any array or pytree, such as the logits of all samples.
    - `loss`: `outputs -> scalar`.
    - `surface`: with it, its `l2` and everything else it adds counts to `R`.

    Both products are what `curvature` and `spectral_density` take as `product`.

    >>> split = GaussNewton(lambda x: x[0] * x[1:], lambda z: jnp.sum((z - 1.0) ** 2))
    >>> x, v = jnp.array([1.0, 2.0]), jnp.array([1.0, 0.0])
    >>> split.gauss_newton(x, v).tolist(), split.residual(x, v).tolist()
    ([8.0, 4.0], [0.0, 2.0])

    J. Martens, J. Mach. Learn. Res. 21, 146 (2020).
    """

    outputs: Callable
    loss: Callable
    surface: Any = None

    def gauss_newton(self, x: Float[Array, " dim"], v: Float[Array, " dim"]):
        """`G v` at `x`."""
        values, push = jax.linearize(self.outputs, x)
        curved = jax.jvp(jax.grad(self.loss), (values,), (push(v),))[1]
        return jax.linear_transpose(push, x)(curved)[0]

    def residual(self, x: Float[Array, " dim"], v: Float[Array, " dim"]):
        """`R v = H v - G v` at `x`."""
        return self.hessian(x, v) - self.gauss_newton(x, v)

    def hessian(self, x: Float[Array, " dim"], v: Float[Array, " dim"]):
        """`H v` at `x`."""

        def value(y):
            return self.loss(self.outputs(y)) if self.surface is None else self.surface(y)

        return jax.jvp(jax.grad(value), (x,), (v,))[1]

    def traces(self, x: Float[Array, " dim"], key, probes: int = 16):
        """Estimates of the traces of `G` and of `R` (Hutchinson's, random signs)."""
        signs = jax.random.rademacher(key, (probes, x.size), x.dtype)

        def one(v):
            return jnp.sum(v * self.gauss_newton(x, v)), jnp.sum(v * self.residual(x, v))

        first, second = jax.lax.map(one, signs)
        return jnp.mean(first), jnp.mean(second)
