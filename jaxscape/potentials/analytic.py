"""Small analytic surfaces whose stationary points are known to many digits."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class MuellerBrown(eqx.Module):
    """Four Gaussians in the plane: three minima, two transition states.

    `sum_k A_k exp(a_k (x - x0_k)^2 + b_k (x - x0_k)(y - y0_k) + c_k (y - y0_k)^2)`; the fields
    are `[4]` each and differentiable. Points are `[2, *lanes]`.
    K. Mueller and L. D. Brown, Theor. Chim. Acta 53, 75 (1979).

    >>> import jax.numpy as jnp
    >>> round(float(MuellerBrown()(jnp.array([-0.5582236346, 1.4417258418]))), 1)
    -146.7
    """

    amplitude: Float[Array, " 4"]
    a: Float[Array, " 4"]
    b: Float[Array, " 4"]
    c: Float[Array, " 4"]
    x0: Float[Array, " 4"]
    y0: Float[Array, " 4"]

    def __init__(self):
        self.amplitude = jnp.asarray([-200.0, -100.0, -170.0, 15.0], float)
        self.a = jnp.asarray([-1.0, -1.0, -6.5, 0.7], float)
        self.b = jnp.asarray([0.0, 0.0, 11.0, 0.6], float)
        self.c = jnp.asarray([-10.0, -10.0, -6.5, 0.7], float)
        self.x0 = jnp.asarray([1.0, 0.0, -0.5, -1.0], float)
        self.y0 = jnp.asarray([0.0, 0.5, 1.5, 1.0], float)

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "2 *lanes"]) -> Float[Array, "*lanes"]:
        _check_width("Mueller-Brown", x, 2)
        energy = jnp.zeros(x.shape[1:], x.dtype)
        for k in range(4):
            right, up = x[0] - self._of(self.x0, k, x), x[1] - self._of(self.y0, k, x)
            quadratic = (
                self._of(self.a, k, x) * right**2
                + self._of(self.b, k, x) * right * up
                + self._of(self.c, k, x) * up**2
            )
            energy = energy + self._of(self.amplitude, k, x) * jnp.exp(quadratic)
        return energy

    def _of(self, field, k, x):
        return field[k].astype(x.dtype)


class SixHumpCamel(eqx.Module):
    """`(4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2`: 6 minima, 7 transition states.

    Points are `[2, *lanes]`. L. C. W. Dixon and G. P. Szego, Towards Global Optimisation 2
    (North-Holland, 1978).

    >>> import jax.numpy as jnp
    >>> round(float(SixHumpCamel()(jnp.array([0.0898420131, -0.712656403]))), 6)
    -1.031628
    """

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "2 *lanes"]) -> Float[Array, "*lanes"]:
        _check_width("six-hump camel", x, 2)
        a, b = x[0] ** 2, x[1] ** 2
        return (4.0 - 2.1 * a + a * a / 3.0) * a + x[0] * x[1] + (4.0 * b - 4.0) * b


class Schwefel(eqx.Module):
    """`418.9829 dim - sum_i x_i sin(sqrt |x_i|)`: a separable surface with far-apart minima.

    Points are `[dim, *lanes]`, meant for the box of +-500. Second derivatives diverge at
    `x_i = 0`, where the gradient vanishes; there they are taken as zero, so that nothing is
    NaN and the point counts as degenerate.
    H.-P. Schwefel, Numerical Optimization of Computer Models (Wiley, 1981).

    >>> import jax.numpy as jnp
    >>> round(float(Schwefel()(jnp.full(2, 420.968746))), 3)
    0.0
    """

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        size = jnp.abs(x)
        zero = size == 0.0
        # Both branches of a `where` are differentiated: the square root must not see the zero.
        root = jnp.sqrt(jnp.where(zero, 1.0, size))
        terms = jnp.where(zero, 0.0, x * jnp.sin(root))
        return 418.9829 * x.shape[0] - jnp.sum(terms, axis=0)


def _check_width(name, x, dim):
    if x.shape[0] != dim:
        raise ValueError(f"the {name} surface takes points of {dim} coordinates, not {x.shape[0]}")
