"""Radial basis functions through data, as a smooth function of the features."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float

from jaxscape.models._data import checked_points, checked_values
from jaxscape.models._kernels import KERNELS


class Interpolation(eqx.Module):
    """A radial-basis-function fit to scattered data, `x[features] -> scalar`.

    The same function as SciPy's `RBFInterpolator`, whose arguments these are, with derivatives.

    **Arguments:**

    - `points`: `[samples, features]`, all different; `values`: `[samples]`.
    - `smoothing`: 0 goes through every value; larger numbers follow them less closely.
    - `kernel`: `"thin_plate_spline"`, `"cubic"`, `"quintic"`, `"multiquadric"`,
      `"inverse_multiquadric"`, `"inverse_quadratic"`, `"gaussian"` or `"linear"` (which has
      kinks at the data).
    - `epsilon`: shape parameter, which the last kernels but the linear one need.
    - `degree`: of the polynomial added; default is the least one that is well posed.

    Data and fit are arrays: a fit to other data of the same size compiles nothing anew.

    **Raises:** `ValueError` for NaN, too few points, points that coincide, and points on a line
    or plane that leave the polynomial undetermined.

    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.4]])
    >>> fit = Interpolation(points, np.arange(5.0))
    >>> round(float(fit(jnp.array([1.0, 0.0]))), 6)
    1.0

    Wahba, *Spline Models for Observational Data*, SIAM 1990; Fasshauer, *Meshfree Approximation
    Methods with MATLAB*, World Scientific 2007.
    """

    trailing_lanes = True

    points: Float[Array, "samples features"]
    weights: Float[Array, " samples"]
    epsilon: Float[Array, ""]
    shift: Float[Array, " features"]
    stretch: Float[Array, " features"]
    coefficients: Float[Array, " monomials"]
    powers: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    kernel: str = eqx.field(static=True)

    def __init__(
        self,
        points: Float[Array | np.ndarray, "samples features"],
        values: Float[Array | np.ndarray, " samples"],
        *,
        smoothing: float = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: float | None = None,
        degree: int | None = None,
    ):
        if kernel not in KERNELS:
            raise ValueError(f"kernel is {kernel!r}; known are {', '.join(KERNELS)}")
        shape = KERNELS[kernel]
        if not smoothing >= 0:
            raise ValueError(f"smoothing is {smoothing}; pass zero or a positive number")
        if epsilon is None and shape.scaled:
            raise ValueError(f"kernel {kernel!r} needs epsilon, an inverse length")
        if epsilon is not None and not epsilon > 0:
            raise ValueError(f"epsilon is {epsilon}; pass a positive number")
        degree = max(shape.degree, 0) if degree is None else degree
        if degree < shape.degree or degree < -1:
            raise ValueError(
                f"degree is {degree}; kernel {kernel!r} needs {max(shape.degree, -1)} or more"
            )
        y = checked_points(points)
        d = checked_values(values, len(y))
        self.powers = _monomials(y.shape[1], degree)
        if len(y) < max(1, len(self.powers)):
            raise ValueError(
                f"{len(y)} points are too few for a polynomial of degree {degree} in "
                f"{y.shape[1]} features: {len(self.powers)} or more are needed"
            )
        _check_apart(y)
        scale = 1.0 if epsilon is None else float(epsilon)
        shift = 0.5 * (y.max(axis=0) + y.min(axis=0))
        stretch = 0.5 * (y.max(axis=0) - y.min(axis=0))
        stretch[stretch == 0.0] = 1.0
        weights, coefficients = _fit(
            y, d, smoothing, shape.function, scale, self.powers, shift, stretch
        )
        self.kernel = kernel
        self.points, self.weights = jnp.asarray(y, float), jnp.asarray(weights, float)
        self.epsilon = jnp.asarray(scale, float)
        self.shift, self.stretch = jnp.asarray(shift, float), jnp.asarray(stretch, float)
        self.coefficients = jnp.asarray(coefficients, float)

    def __call__(self, x: Float[Array, "features *lanes"]) -> Float[Array, "*lanes"]:
        _, square = self._differences(x)
        value = KERNELS[self.kernel].function(square)[0]
        energy = jnp.tensordot(self.weights.astype(x.dtype), value, axes=(0, 0))
        return energy + self._polynomial(x) if self.powers else energy

    def products(self, x: Float[Array, "features *lanes"], v: Float[Array, "k features *lanes"]):
        """Energy, gradient and `k` Hessian-vector products, all from one pass over the data."""
        difference, square = self._differences(x)
        value, slope, bend = KERNELS[self.kernel].function(square)
        weights = self.weights.reshape(-1, *(1,) * (square.ndim - 1))
        scale = self.epsilon**2
        energy = jnp.tensordot(self.weights.astype(x.dtype), value, axes=(0, 0))
        slope = 2.0 * scale * weights * slope
        bend = 4.0 * scale**2 * weights * bend
        gradient = jnp.sum(slope * difference, axis=1)
        total = jnp.sum(slope, axis=0)
        along = jnp.sum(difference * v[:, :, None], axis=1)
        curved = total * v + jnp.sum((bend * along)[:, None] * difference, axis=2)
        if not self.powers:
            return energy, gradient, curved

        rise, tilt, bent = self._polynomial_products(x, v)
        return energy + rise, gradient + tilt, curved + bent

    def padded(self, samples: int) -> "Interpolation":
        """The same function with points of no weight added, up to `samples` of them.

        Fits padded to one number of samples share their compiled searches.
        """
        more = samples - len(self.weights)
        if more < 0:
            raise ValueError(f"samples is {samples}, but the fit has {len(self.weights)}")
        points = jnp.pad(self.points, ((0, more), (0, 0)), mode="edge")
        return eqx.tree_at(
            lambda fit: (fit.points, fit.weights), self, (points, jnp.pad(self.weights, (0, more)))
        )

    def _differences(self, x):
        points = self.points.astype(x.dtype).T
        difference = x[:, None] - points.reshape(*points.shape, *(1,) * (x.ndim - 1))
        return difference, self.epsilon.astype(x.dtype) ** 2 * jnp.sum(difference**2, axis=0)

    def _polynomial_products(self, x, v):
        def tangent(y):
            rise, pullback = jax.vjp(self._polynomial, y)
            return pullback(jnp.ones_like(rise))[0], rise

        def push(t):
            return jax.jvp(tangent, (x,), (t,), has_aux=True)

        tilt, bent, rise = jax.vmap(push, out_axes=(None, 0, None))(v)
        return rise, tilt, bent

    def _polynomial(self, x):
        lanes = (1,) * (x.ndim - 1)
        z = (x - self.shift.reshape(-1, *lanes)) / self.stretch.reshape(-1, *lanes)
        total = jnp.zeros(x.shape[1:], x.dtype)
        for coefficient, powers in zip(self.coefficients, self.powers, strict=True):
            term = coefficient
            for feature, power in enumerate(powers):
                for _ in range(power):
                    term = term * z[feature]
            total = total + term
        return total


def _monomials(features: int, degree: int) -> tuple[tuple[int, ...], ...]:
    """Exponents of every monomial up to `degree`, the constant first."""
    found = []
    for total in range(degree + 1):
        for chosen in itertools.combinations_with_replacement(range(features), total):
            found.append(tuple(chosen.count(feature) for feature in range(features)))
    return tuple(found)


def _fit(y, d, smoothing, function, epsilon, powers, shift, stretch):
    """Weights of the kernel and coefficients of the polynomial."""
    samples, terms = len(y), len(powers)
    square = np.sum((y[:, None] - y) ** 2, axis=2) * epsilon**2
    with jax.enable_x64(True):
        kernel = np.asarray(function(jnp.asarray(square))[0])
    z = (y - shift) / stretch
    polynomial = np.ones((samples, terms))
    for column, exponents in enumerate(powers):
        polynomial[:, column] = np.prod(z ** np.array(exponents), axis=1)
    if terms and np.linalg.matrix_rank(polynomial) < terms:
        raise ValueError(
            "the points lie on a line, plane or other simple curve, so that the polynomial of the "
            "fit is not determined: leave out constant or dependent features, or lower degree"
        )
    matrix = np.zeros((samples + terms, samples + terms))
    matrix[:samples, :samples] = kernel + smoothing * np.eye(samples)
    matrix[:samples, samples:] = polynomial
    matrix[samples:, :samples] = polynomial.T
    solved = scipy.linalg.solve(
        matrix, np.concatenate([d, np.zeros(terms)]), assume_a="gen", check_finite=False
    )
    return solved[:samples], solved[samples:]


def _check_apart(y: np.ndarray) -> None:
    _, first, counts = np.unique(y, axis=0, return_index=True, return_counts=True)
    repeated = int(np.sum(counts > 1))
    if repeated:
        row = int(first[counts > 1][0])
        raise ValueError(
            f"{repeated} points occur more than once, one of them is row {row}: "
            "jaxscape.models.DataSet(...).without_duplicates() keeps the first of each"
        )
