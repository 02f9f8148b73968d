"""The cost of K-means, its fixed points, and the ridges between them."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from jaxscape.models._data import checked_points


class KMeans(eqx.Module):
    """Sum of squared distances of samples to the closest of `clusters` centres.

    `x` `[clusters * features]` holds the centres one after the other. The cost is the least of
    convex quadratic functions, one for each assignment of samples to centres: between them it has
    ridges, where a sample is equally far from two centres, and nowhere a smooth saddle. With a
    `temperature` (in units of squared distance) the least is taken softly,
    `-T log sum exp(-d^2 / T)` for each sample, which is smooth, and tends to the cost as `T`
    goes to zero.

    **Arguments:** `points` `[samples, features]`; equal samples are counted, not repeated;
    `clusters`: at most the number of different samples.

    **Raises:** `ValueError` for NaN, too many clusters, or a negative temperature.

    >>> cost = KMeans(np.array([[0.0], [2.0], [10.0]]), 2)
    >>> float(cost(jnp.array([1.0, 10.0])))
    2.0
    """

    points: Float[Array, "samples features"]
    counts: Float[Array, " samples"]
    temperature: Float[Array, ""]
    clusters: int = eqx.field(static=True)
    soft: bool = eqx.field(static=True)

    def __init__(
        self,
        points: Float[Array | np.ndarray, "samples features"],
        clusters: int,
        *,
        temperature: float = 0.0,
    ):
        array = checked_points(points)
        different, counts = np.unique(array, axis=0, return_counts=True)
        if isinstance(clusters, bool) or int(clusters) != clusters or clusters < 1:
            raise ValueError(f"clusters is {clusters}; pass a whole number, 1 or more")
        if clusters > len(different):
            raise ValueError(
                f"clusters is {clusters}, but there are only {len(different)} different samples"
            )
        if not 0 <= temperature < np.inf:
            raise ValueError(f"temperature is {temperature}; pass zero or a positive number")
        self.points = jnp.asarray(different, float)
        self.counts = jnp.asarray(counts, float)
        self.temperature = jnp.asarray(temperature, float)
        self.clusters, self.soft = int(clusters), bool(temperature > 0)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        centres = x.reshape(self.clusters, -1)
        square = squared_distances(self.points.astype(x.dtype), centres)
        if not self.soft:
            return jnp.sum(self.counts * jnp.min(square, axis=1))
        least = -self.temperature * jax.nn.logsumexp(-square / self.temperature, axis=1)
        return jnp.sum(self.counts * least)

    @property
    def blocks(self) -> Int[np.ndarray, "clusters features"]:
        """Positions of each centre in `x`: they are interchangeable (`symmetry.Relabelling`)."""
        return np.arange(self.clusters * self.points.shape[1]).reshape(self.clusters, -1)


class Clusterings(NamedTuple):
    """Where Lloyd's iterations ended; a leading batch axis.

    `centres` `[B, K, features]`, `labels` `[B, samples]`, `ok` `[B]`: the labels no longer
    change, no cluster is empty, and no sample is as close to another centre.
    """

    centres: Float[Array, "batch clusters features"]
    labels: Int[Array, "batch samples"]
    ok: Bool[Array, " batch"]


class Ridges(NamedTuple):
    """Points at which one sample is equally far from two centres; a leading batch axis.

    `centres` `[B, K, features]`; `labels` `[B, samples]` of the other samples; `share` `[B]` of
    the sample that belongs to the first centre; `ok` `[B]`: the point is the lowest of its ridge
    nearby, the cost falls off on both sides, and every other sample is closest to its own centre.
    """

    centres: Float[Array, "batch clusters features"]
    labels: Int[Array, "batch samples"]
    share: Float[Array, " batch"]
    ok: Bool[Array, " batch"]


def squared_distances(
    points: Float[Array, "samples features"], centres: Float[Array, "clusters features"]
) -> Float[Array, "samples clusters"]:
    """Squared distances by differences: ties are told to the last digits."""
    total = jnp.zeros((len(points), len(centres)), points.dtype)
    for feature in range(points.shape[1]):
        total = total + (points[:, feature, None] - centres[:, feature]) ** 2
    return total


@eqx.filter_jit
def lloyd(
    model: KMeans, centres: Float[Array, "batch clusters features"], max_steps: int = 300
) -> Clusterings:
    """Lloyd's iterations from many starts.

    S. Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982).
    """

    def one(start):
        def body(carry):
            centres, labels, _, step = carry
            new = jnp.argmin(squared_distances(model.points, centres), axis=1)
            means, _ = _means(model, new)
            return means, new, jnp.any(new != labels), step + 1

        nothing = jnp.full(len(model.points), -1)
        centres, labels, moving, _ = lax.while_loop(
            lambda carry: carry[2] & (carry[3] < max_steps),
            body,
            (start, nothing, jnp.array(True), 0),
        )
        square = squared_distances(model.points, centres)
        others = jnp.where(jax.nn.one_hot(labels, model.clusters) > 0, jnp.inf, square)
        own = jnp.take_along_axis(square, labels[:, None], axis=1)[:, 0]
        strict = jnp.all(jnp.min(others, axis=1) > own * (1 + 1e-9) + 1e-12)
        filled = jnp.all(_means(model, labels)[1] > 0)
        return Clusterings(centres, labels, ~moving & strict & filled)

    return jax.vmap(one)(centres)


@eqx.filter_jit
def lowest_of_ridges(
    model: KMeans,
    centres: Float[Array, "batch clusters features"],
    sample: Int[Array, " batch"],
    first: Int[Array, " batch"],
    second: Int[Array, " batch"],
    max_steps: int = 300,
) -> Ridges:
    """Lloyd's iterations with one sample held equally far from two centres.

    The sample belongs to both centres in part. For given labels of the others, the share that
    makes its two distances equal is the root of a linear equation; in turn the others go to the
    closest centres. A fixed point with a share between 0 and 1 is the lowest point of the ridge
    nearby: moving centres either way lowers the cost, moving along the ridge raises it.
    """

    def one(start, i, k, l):  # noqa: E741
        x, count = model.points[i], model.counts[i]

        def relaxed(labels):
            means, sizes = _means(model, labels, without=i)
            far_k = jnp.sqrt(jnp.sum((x - means[k]) ** 2)) * sizes[k]
            far_l = jnp.sqrt(jnp.sum((x - means[l]) ** 2)) * sizes[l]
            total = far_k + far_l
            part = far_k * (sizes[l] + count) - far_l * sizes[k]
            share = part / jnp.where(total > 0, total * count, 1.0)
            mass = count * jnp.clip(share, 0.0, 1.0)
            held = (count - mass) / (sizes[l] + count - mass)
            new = means.at[k].add((x - means[k]) * mass / (sizes[k] + mass))
            new = new.at[l].add((x - means[l]) * held)
            return new, share, sizes

        def body(carry):
            centres, labels, _, step = carry
            new = jnp.argmin(squared_distances(model.points, centres), axis=1).at[i].set(k)
            means, _, _ = relaxed(new)
            return means, new, jnp.any(new != labels), step + 1

        nothing = jnp.full(len(model.points), -1)
        centres, labels, moving, _ = lax.while_loop(
            lambda carry: carry[2] & (carry[3] < max_steps),
            body,
            (start, nothing, jnp.array(True), 0),
        )
        _, share, sizes = relaxed(labels)
        square = squared_distances(model.points, centres)
        own = jnp.take_along_axis(square, labels[:, None], axis=1)[:, 0]
        rivals = jax.nn.one_hot(labels, model.clusters) > 0
        rivals = rivals.at[i, l].set(True)
        others = jnp.where(rivals, jnp.inf, square)
        strict = jnp.all(jnp.min(others, axis=1) > own * (1 + 1e-9) + 1e-12)
        tied = jnp.abs(square[i, k] - square[i, l]) <= 1e-9 * (1e-3 + square[i, k])
        inside = (share > 1e-9) & (share < 1 - 1e-9)
        ok = ~moving & strict & tied & inside & jnp.all(sizes > 0)
        return Ridges(centres, labels, share, ok)

    return jax.vmap(one)(centres, sample, first, second)


def _means(model, labels, without=None):
    """Means of the clusters and their sizes; an empty one lies where it is of no use."""
    member = jax.nn.one_hot(labels, model.clusters, dtype=model.points.dtype)
    member = member * model.counts[:, None]
    if without is not None:
        member = member.at[without].set(0.0)
    sizes = jnp.sum(member, axis=0)
    sums = member.T @ model.points
    return jnp.where(sizes[:, None] > 0, sums / jnp.maximum(sizes, 1.0)[:, None], 1e6), sizes
