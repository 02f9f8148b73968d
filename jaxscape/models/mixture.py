"""Mixtures of Gaussians: the negative log likelihood of their parameters."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from jaxscape.models._data import checked_points


class GaussianMixture(eqx.Module):
    """Negative log likelihood per sample of a mixture of Gaussians.

    `x` holds for every component in turn its mean `[features]`, the logarithm of its standard
    deviations (`[features]`, or one if `spherical`), and the logarithm of its weight up to a
    common constant. Half the squared mean of the latter is added, which settles that constant
    and changes no weight.

    **Arguments:**

    - `points`: `[samples, features]`; `components`: fewer than samples.
    - `floor`: added to every standard deviation in quadrature, in units of `points`. Without
      it a component that shrinks onto one sample has a likelihood without limit.

    **Raises:** `ValueError` for NaN, too few samples, or a floor that is not positive.

    >>> model = GaussianMixture(np.array([[0.0], [1.0], [5.0]]), 1, floor=0.01)
    >>> x = jnp.array([2.0, jnp.log(jnp.std(jnp.array([0.0, 1.0, 5.0]))), 0.0])
    >>> round(float(model(x)), 2)  # 1/2 log(2 pi e 14 / 3)
    2.19
    """

    points: Float[Array, "samples features"]
    floor: Float[Array, ""]
    components: int = eqx.field(static=True)
    spherical: bool = eqx.field(static=True)

    def __init__(
        self,
        points: Float[Array | np.ndarray, "samples features"],
        components: int,
        *,
        spherical: bool = False,
        floor: float = 0.05,
    ):
        array = checked_points(points)
        if isinstance(components, bool) or int(components) != components or components < 1:
            raise ValueError(f"components is {components}; pass a whole number, 1 or more")
        if len(np.unique(array, axis=0)) <= components:
            raise ValueError(
                f"components is {components}; there must be more different samples than that, "
                f"not {len(np.unique(array, axis=0))}"
            )
        if not 0 < floor < np.inf:
            raise ValueError(f"floor is {floor}; pass a small positive standard deviation")
        self.points, self.floor = jnp.asarray(array, float), jnp.asarray(floor, float)
        self.components, self.spherical = int(components), bool(spherical)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        means, deviations, logits = self._parts(x)
        points = self.points.astype(x.dtype)
        z = (points[:, None] - means) / deviations
        log_density = -0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi * deviations**2), axis=2)
        weighted = log_density + jax.nn.log_softmax(logits)
        likelihood = jnp.mean(jax.nn.logsumexp(weighted, axis=1))
        return -likelihood + 0.5 * jnp.mean(logits) ** 2

    def unravel(self, x: Float[Array, " dim"]) -> dict[str, Array]:
        """`means` `[K, features]`, standard `deviations` (alike) and `weights` `[K]`."""
        means, deviations, logits = self._parts(jnp.asarray(x))
        return {
            "means": means,
            "deviations": jnp.broadcast_to(deviations, means.shape),
            "weights": jax.nn.softmax(logits),
        }

    @property
    def blocks(self) -> Int[np.ndarray, "components m"]:
        """Positions of each component in `x`: they are interchangeable."""
        features = self.points.shape[1]
        width = features + (1 if self.spherical else features) + 1
        return np.arange(self.components * width).reshape(self.components, width)

    def _parts(self, x):
        rows = x.reshape(self.components, -1)
        features = self.points.shape[1]
        deviations = jnp.sqrt(jnp.exp(2.0 * rows[:, features:-1]) + self.floor**2)
        return rows[:, :features], deviations, rows[:, -1]
