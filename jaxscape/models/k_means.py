"""The cost of K-means, its fixed points, and the ridges between them."""

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


class Clustering(eqx.Module):
    """Where Lloyd's iterations are; a leading batch axis.

    `centres` `[B, K, features]`; their `cost` `[B]`; `labels` `[B, samples]`; `moving` `[B]`:
    labels changed in the last iteration. `ok` `[B]`: they no longer change, no cluster is empty,
    and no sample is as close to another centre. On a ridge, `share` `[B]` is that of the tied
    sample which belongs to the first of its two centres, and `ok` says that the point is the
    lowest of its ridge nearby and that the cost falls off on both sides.
    """

    centres: Float[Array, "batch clusters features"]
    cost: Float[Array, " batch"]
    labels: Int[Array, "batch samples"]
    moving: Bool[Array, " batch"]
    ok: Bool[Array, " batch"]
    share: Float[Array, " batch"]


class Ties(eqx.Module):
    """Which sample `[B]` is to be equally far from which two centres `[B]`."""

    sample: Int[Array, " batch"]
    first: Int[Array, " batch"]
    second: Int[Array, " batch"]


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
    model: KMeans,
    centres: Float[Array, "batch clusters features"],
    ties: Ties | None = None,
    steps: int = 8,
) -> Clustering:
    """So many of Lloyd's iterations from many starts; those at rest stay where they are.

    With `ties` one sample is held equally far from two centres, to which it belongs in part. For
    given labels of the others, the share that makes its two distances equal is the root of a
    linear equation; in turn the others go to the closest centres. A fixed point with a share
    between 0 and 1 is the lowest point of the ridge nearby: moving centres either way lowers the
    cost, moving along the ridge raises it.

    S. Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982).
    """

    def labelled(centres):
        labels, best, second = _closest(model, centres)
        if ties is not None:
            labels = labels.at[jnp.arange(len(labels)), ties.sample].set(ties.first)
        return labels, best, second

    def body(_, carry):
        centres, labels, _ = carry
        new, _, _ = labelled(centres)
        means = _means(model, new, ties)[0]
        return means, new, jnp.any(new != labels, axis=1)

    shape = (len(centres), len(model.points))
    start = (centres, jnp.full(shape, -1), jnp.ones(len(centres), bool))
    centres, labels, moving = lax.fori_loop(0, steps, body, start)
    _, share, sizes = _means(model, labels, ties)
    closest, best, second = labelled(centres)
    strict = second > best * (1 + 1e-9) + 1e-12
    ok = ~moving & jnp.all(sizes > 0, axis=1)
    if ties is not None:
        row = jnp.arange(len(centres))
        away = centres - model.points[ties.sample][:, None]
        far = jnp.sum(away**2, axis=2)
        to_first, to_second = far[row, ties.first], far[row, ties.second]
        rival = far.at[row, ties.first].set(jnp.inf).at[row, ties.second].set(jnp.inf)
        nearest = jnp.min(rival, axis=1) > to_first * (1 + 1e-9) + 1e-12
        strict = strict.at[row, ties.sample].set(nearest)
        ok &= jnp.abs(to_first - to_second) <= 1e-9 * (1e-3 + to_first)
        ok &= (share > 1e-9) & (share < 1 - 1e-9)
    ok &= jnp.all(strict & (closest == labels), axis=1)
    cost = jnp.sum(model.counts * best, axis=1)
    return Clustering(centres, cost, labels, moving, ok, share)


def _closest(model, centres):
    """The closest centre of every sample, its squared distance and that of the next one."""

    def compare(carry, centre):
        label, best, second, k = carry
        square = jnp.zeros_like(best)
        for feature in range(model.points.shape[1]):
            square = square + (centre[:, feature, None] - model.points[:, feature]) ** 2
        closer = square < best
        second = jnp.where(closer, best, jnp.minimum(second, square))
        return (
            jnp.where(closer, k, label),
            jnp.where(closer, square, best),
            second,
            k + 1,
        ), None

    shape = (len(centres), len(model.points))
    far = jnp.full(shape, jnp.inf, centres.dtype)
    start = (jnp.zeros(shape, int), far, far, jnp.zeros((), int))
    return lax.scan(compare, start, jnp.moveaxis(centres, 1, 0))[0][:3]


def _means(model, labels, ties=None):
    """Means of the clusters, the share of a tied sample, and the sizes of the others.

    An empty cluster lies where it is of no use.
    """
    table = jnp.concatenate([model.points * model.counts[:, None], model.counts[:, None]], axis=1)
    names = jnp.arange(model.clusters)[:, None]
    member = (labels[:, None, :] == names).astype(table.dtype)
    both = (member.reshape(-1, len(table)) @ table).reshape(len(labels), model.clusters, -1)
    share = jnp.ones(len(labels), table.dtype)
    if ties is None:
        sums, sizes = both[..., :-1], both[..., -1]
        return _quotient(sums, sizes), share, sizes
    row = jnp.arange(len(labels))
    both = both.at[row, ties.first].add(-table[ties.sample])
    sums, sizes = both[..., :-1], jnp.round(both[..., -1])
    means = _quotient(sums, sizes)
    x, count = model.points[ties.sample], model.counts[ties.sample]
    size_k, size_l = sizes[row, ties.first], sizes[row, ties.second]
    to_k, to_l = x - means[row, ties.first], x - means[row, ties.second]
    far_k = jnp.sqrt(jnp.sum(to_k**2, axis=1)) * size_k
    far_l = jnp.sqrt(jnp.sum(to_l**2, axis=1)) * size_l
    total = far_k + far_l
    part = far_k * (size_l + count) - far_l * size_k
    share = part / jnp.where(total > 0, total * count, 1.0)
    mass = count * jnp.clip(share, 0.0, 1.0)
    rest = count - mass
    means = means.at[row, ties.first].add(to_k * (mass / (size_k + mass))[:, None])
    means = means.at[row, ties.second].add(to_l * (rest / (size_l + rest))[:, None])
    return means, share, sizes


def _quotient(sums, sizes):
    filled = sizes[..., None] > 0
    return jnp.where(filled, sums / jnp.maximum(sizes, 1.0)[..., None], 1e6)
