"""The spectral density of a Hessian by stochastic Lanczos quadrature."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.search.arguments import checked_starts, positive
from jaxscape.surface import Surface, as_surface


class SpectralDensity(eqx.Module):
    """A Hessian's eigenvalues as weighted nodes, estimated without the Hessian.

    `nodes` and `weights` `[B, probes, steps]`: each probe's weights add up to one; `dim`
    coordinates. Means over probes are unbiased; `error` is their standard error.
    """

    nodes: Float[np.ndarray, "batch probes steps"]
    weights: Float[np.ndarray, "batch probes steps"]
    dim: int

    def sum(self, function: Callable) -> Float[np.ndarray, " batch"]:
        """The sum of `function(eigenvalue)` over all eigenvalues."""
        return self.dim * np.mean(np.sum(self.weights * function(self.nodes), axis=2), axis=1)

    def error(self, function: Callable) -> Float[np.ndarray, " batch"]:
        """Standard error of `sum`, from the scatter of the probes."""
        each = np.sum(self.weights * function(self.nodes), axis=2)
        return self.dim * np.std(each, axis=1, ddof=1) / np.sqrt(each.shape[1])

    def negative(self, threshold: float = 0.0) -> Float[np.ndarray, " batch"]:
        """About how many eigenvalues are below `-threshold`."""
        return self.sum(lambda value: value < -threshold)

    def near_zero(self, threshold: float) -> Float[np.ndarray, " batch"]:
        """About how many eigenvalues are within `threshold` of zero."""
        return self.sum(lambda value: np.abs(value) <= threshold)

    def effective_dimension(self, regularisation: float) -> Float[np.ndarray, " batch"]:
        """Directions that data determine: the sum of `h / (h + regularisation)`, `h` positive.

        D. J. C. MacKay, Neural Comput. 4, 415 (1992).
        """
        if not regularisation > 0:
            raise ValueError(f"regularisation is {regularisation}; it must be positive")
        return self.sum(lambda value: np.maximum(value, 0) / (np.abs(value) + regularisation))

    def density(self, grid: Float[np.ndarray, " n"], width: float) -> Float[np.ndarray, "batch n"]:
        """The density of eigenvalues on a grid, each node a normal curve of this `width`.

        It integrates to one.
        """
        if not width > 0:
            raise ValueError(f"width is {width}; it must be positive")
        nodes = self.nodes.reshape(len(self.nodes), -1)
        weights = self.weights.reshape(len(self.nodes), -1) / self.nodes.shape[1]
        bells = np.exp(-0.5 * ((np.asarray(grid)[:, None] - nodes[:, None]) / width) ** 2)
        return np.sum(bells * weights[:, None], axis=2) / (width * np.sqrt(2 * np.pi))


def spectral_density(
    surface,
    x: Float[Array | np.ndarray, "batch dim"],
    *,
    key: PRNGKeyArray,
    probes: int = 8,
    steps: int = 48,
    product: Callable | None = None,
) -> SpectralDensity:
    """Estimate the distribution of all Hessian eigenvalues from a few Lanczos runs.

    Each probe is a random vector and costs `steps` Hessian-vector products; the ends of the
    spectrum are resolved best. Lanczos comes from `matfree` (the extra `spectra`).

    **Arguments:**

    - `x`: points `[B, dim]`, one after the other.
    - `key`: draws the probes.
    - `product`: another symmetric operator `(x, v) -> A v` in place of the Hessian.

    **Returns:** `SpectralDensity`. Zero modes are not left out.

    **Raises:** `ImportError` without matfree; `ValueError` for points as in `minimise`.

    ```python
    surface = jaxscape.systems.iris_mlp(10)
    spectrum = jaxscape.spectral_density(surface, minima.x, key=jax.random.key(0))
    print(spectrum.effective_dimension(1e-2))
    ```

    G. H. Golub and G. Meurant, Matrices, Moments and Quadrature (1994);
    B. Ghorbani, S. Krishnan and Y. Xiao, ICML 36, 2232 (2019).
    """
    try:
        from matfree import decomp
    except ImportError as error:
        raise ImportError(
            'spectral densities need matfree: pip install "jaxscape-landscapes[spectra]"'
        ) from error
    surface = as_surface(surface)
    x = checked_starts(surface, x, "x")
    dim = x.shape[1]
    positive("probes", probes)
    if probes < 2:
        raise ValueError("probes is 1; two or more also tell the error")
    steps = min(positive("steps", steps), dim - 1 if dim > 1 else 1)
    lanczos = decomp.tridiag_sym(steps, reortho="full")
    times = product or _hessian_product(surface)

    @eqx.filter_jit
    def one(point, probe):
        found = lanczos(lambda v: times(point, v), probe)
        matrix, basis = jnp.asarray(found.J_small), jnp.asarray(found.Q_tall)
        # Where no new direction was left (few distinct eigenvalues), the next vector is rounding,
        # and not orthogonal to those before.
        overlap = jnp.max(jnp.abs(jnp.triu(basis @ basis.T, 1)), axis=0)
        sound = jnp.cumprod(overlap < 10 * jnp.finfo(matrix.dtype).eps ** 0.4)
        links = jnp.diagonal(matrix, 1) * sound[1:]
        matrix = jnp.diag(jnp.diagonal(matrix)) + jnp.diag(links, 1) + jnp.diag(links, -1)
        values, vectors = jnp.linalg.eigh(matrix)
        return values, vectors[0] ** 2

    nodes, weights = [], []
    keys = jax.random.split(key, probes)
    for row in x:
        for probe_key in keys:
            probe = jax.random.rademacher(probe_key, (dim,), x.dtype)
            value, weight = one(jnp.asarray(row), probe)
            nodes.append(np.asarray(value, np.float64))
            weights.append(np.asarray(weight, np.float64))
    shape = (len(x), probes, steps)
    return SpectralDensity(np.array(nodes).reshape(shape), np.array(weights).reshape(shape), dim)


def _hessian_product(surface: Surface):
    def times(x, v):
        return jax.jvp(jax.grad(surface.function), (x,), (v,))[1]

    return times
