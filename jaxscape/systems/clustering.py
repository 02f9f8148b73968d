"""Costs of clusterings, with interchangeable centres."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.models.k_means import KMeans
from jaxscape.models.mixture import GaussianMixture
from jaxscape.surface import Surface
from jaxscape.symmetry import Relabelling


def k_means(points, clusters: int, *, temperature: float = 0.0) -> Surface:
    """The cost of K-means over the positions of the centres, which may change places.

    With `temperature=0` the cost has ridges: `jaxscape.k_means_landscape` finds the minima and the
    passes between them. A positive `temperature` makes it smooth, for every search there is.
    Starts are samples drawn at random. See `jaxscape.models.KMeans`.

    >>> k_means(jax.random.normal(jax.random.key(0), (20, 3)), 2, temperature=0.1).dim
    6
    """
    model = KMeans(points, clusters, temperature=temperature)
    return Surface(
        model,
        symmetry=Relabelling(model.blocks),
        sampler=_Samples(model.points, model.counts, model.clusters),
        dim=model.blocks.size,
        scale=float(jnp.mean(jnp.std(model.points, axis=0))),
        name=f"k_means{clusters}",
    )


def gaussian_mixture(
    points, components: int, *, spherical: bool = False, floor: float = 0.05
) -> Surface:
    """The negative log likelihood per sample of a mixture, whose components may change places.

    See `jaxscape.models.GaussianMixture`. Starts have samples as means.

    >>> gaussian_mixture(jax.random.normal(jax.random.key(0), (20, 3)), 2, spherical=True).dim
    10
    """
    model = GaussianMixture(points, components, spherical=spherical, floor=floor)
    return Surface(
        model,
        symmetry=Relabelling(model.blocks),
        sampler=_MixtureStarts(model),
        dim=model.blocks.size,
        scale=1.0,
        name=f"mixture{components}",
    )


class _Samples(eqx.Module):
    points: Float[Array, "samples features"]
    counts: Float[Array, " samples"]
    clusters: int = eqx.field(static=True)

    def __call__(self, key):
        chosen = jax.random.choice(
            key, len(self.points), (self.clusters,), replace=False, p=self.counts / sum(self.counts)
        )
        return self.points[chosen].ravel()


class _MixtureStarts(eqx.Module):
    model: GaussianMixture

    def __call__(self, key):
        model = self.model
        first, second = jax.random.split(key)
        rows = jax.random.choice(first, len(model.points), (model.components,), replace=False)
        means = model.points[rows]
        spread = jnp.log(jnp.std(model.points, axis=0))
        widths = jnp.broadcast_to(spread, means.shape)
        if model.spherical:
            widths = jnp.mean(widths, axis=1, keepdims=True)
        widths = widths + jax.random.uniform(second, widths.shape, minval=-1.0, maxval=0.0)
        zeros = jnp.zeros((model.components, 1))
        return jnp.concatenate([means, widths, zeros], axis=1).ravel()
