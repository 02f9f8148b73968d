"""All of the K-means landscape that Lloyd's iterations and ridges lead to."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.landscape import Landscape
from jaxscape.models.k_means import KMeans, lloyd, lowest_of_ridges
from jaxscape.search.arguments import positive
from jaxscape.search.draws import check_key
from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.search.status import Status
from jaxscape.systems import k_means as k_means_surface

_CHUNK = 2048


def k_means_landscape(
    points: Float[Array | np.ndarray, "samples features"],
    clusters: int,
    *,
    key: PRNGKeyArray,
    runs: int = 10_000,
    neighbours: int | None = None,
) -> Landscape:
    """The minima of the K-means cost and the passes between them.

    Minima are the fixed points of Lloyd's iterations without empty clusters, each once, however
    its centres are numbered. The cost has no smooth saddle; a path from minimum to minimum is
    highest on a ridge, where one sample is equally far from two centres. The passes are the
    lowest points of these ridges. There the cost rises along the ridge and falls off it, with a
    kink, on either side: a convex combination of the two one-sided gradients vanishes
    (stationary in Clarke's sense) and the index is one. They are entered as transition states,
    with `rms_gradient` that of this combination, `lowest_eigenvalue` minus infinity and no
    `log_product`: barriers and trees mean what they always do, harmonic rates do not exist.

    **Arguments:**

    - `runs`: Lloyd runs from random samples as centres.
    - `neighbours`: from every minimum, ridges of so many samples next to each other cluster are
      tried; default all samples.

    Minima that passes lead to are added, and searched from in turn, also with each of their
    centres put on every sample (or one in so many, with `neighbours`).

    ```python
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.1, 0.0], [1.1, 1.0]])
    network = k_means_landscape(square, 2, key=jax.random.key(0), runs=64)
    sorted(network.minima.energy.round(2).tolist())
    # [1.0, 1.21]
    ```

    Dicks & Wales, J. Chem. Phys. 156, 054109 (2022), for K-means as a landscape.
    """
    check_key(key)
    if not jax.config.jax_enable_x64:  # type: ignore
        raise ValueError("this needs float64: jax.config.update('jax_enable_x64', True)")
    runs = positive("runs", runs)
    surface = k_means_surface(points, clusters)
    model: KMeans = surface.function  # type: ignore
    neighbours = None if neighbours is None else positive("neighbours", neighbours)
    network = Landscape(surface)
    shape = (-1, model.clusters, model.points.shape[1])
    starts = surface.sample(key, runs).reshape(shape)
    for block in _blocks(len(starts)):
        network.add(_minima(model, _padded_lloyd(model, np.asarray(starts)[block])))
    done = 0
    while done < len(network.minima):
        centres = network.minima.x[done:].reshape(shape)
        done = len(network.minima)
        moved = _relocated(model, centres, neighbours)
        for block in _blocks(len(moved)):
            network.add(_minima(model, _padded_lloyd(model, moved[block])))
        jobs = _jobs(model, centres, neighbours)
        for block in _blocks(len(jobs[1])):
            found = _padded_ridges(model, *(part[block] for part in jobs))
            if len(found[0]):
                network.add(_passes(model, *found))
    return network


def _blocks(size: int):
    return [slice(first, first + _CHUNK) for first in range(0, size, _CHUNK)]


def _pad(array, size):
    """Rows repeated up to `size`, so that one compiled shape serves every block."""
    return array[np.minimum(np.arange(size), len(array) - 1)]


def _padded_lloyd(model, centres):
    size = min(_CHUNK, 2 ** int(np.ceil(np.log2(max(1, len(centres))))))
    found = lloyd(model, jnp.asarray(_pad(centres, size)))
    return jax.tree.map(lambda a: np.asarray(a)[: len(centres)], found)


def _padded_ridges(model, centres, sample, first, second):
    """Distinct passes of one block of jobs, with the jobs they came from."""
    size = min(_CHUNK, 2 ** int(np.ceil(np.log2(max(1, len(sample))))))
    job = [_pad(part, size) for part in (centres, sample, first, second)]
    found = lowest_of_ridges(model, *map(jnp.asarray, job))  # type: ignore
    found = jax.tree.map(lambda a: np.asarray(a)[: len(sample)], found)
    rows = np.flatnonzero(found.ok)
    cost = _cost(model, found.centres[rows])
    # The same pass is met from many minima, with other names of the centres.
    norms = np.sort(np.linalg.norm(found.centres[rows], axis=2), axis=1)
    alike = np.round(np.column_stack([cost, sample[rows], norms]), 8)
    _, once = np.unique(alike, axis=0, return_index=True)
    rows = rows[np.sort(once)]
    parts = (found.centres, found.labels, found.share, sample, first, second)
    return tuple(part[rows] for part in parts)


def _relocated(model, centres, neighbours):
    """From each minimum, every centre in turn put on a sample: the minima nearby."""
    points = np.asarray(model.points)
    if neighbours is not None:
        points = points[:: max(1, len(points) // neighbours)]
    many = np.repeat(centres[:, None, None], len(points), 1).repeat(model.clusters, 2)
    for k in range(model.clusters):
        many[:, :, k, k] = points
    return many.reshape(-1, *centres.shape[1:])


def _jobs(model, centres, neighbours):
    """From each minimum: a sample, its own centre, and another one it may be tied to."""
    points = np.asarray(model.points)
    parts: list[tuple] = []
    for c in centres:
        square = np.sum((points[:, None] - c) ** 2, axis=2)
        own = np.argmin(square, axis=1)
        gap = square - square[np.arange(len(points)), own][:, None]
        for other in range(len(c)):
            rows = np.flatnonzero(own != other)
            if neighbours is not None:
                rows = rows[np.argsort(gap[rows, other], kind="stable")[:neighbours]]
            parts.append((np.repeat(c[None], len(rows), 0), rows, own[rows], 0 * rows + other))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _cost(model, centres):
    points, counts = np.asarray(model.points), np.asarray(model.counts)
    square = np.zeros((len(centres), len(points), model.clusters))
    for feature in range(points.shape[1]):
        square += (points[:, feature, None] - centres[:, None, :, feature]) ** 2
    return square.min(axis=2) @ counts


def _minima(model, found) -> StationaryPoints:
    """Certified minima: the Hessian is twice the size of each cluster, once a feature."""
    counts = np.asarray(model.counts)
    member = np.eye(model.clusters)[found.labels] * counts[:, None]
    sizes = member.sum(axis=1)
    features = model.points.shape[1]
    x = found.centres.reshape(len(found.centres), -1)
    residual = member.swapaxes(1, 2) @ np.asarray(model.points) - sizes[..., None] * found.centres
    with np.errstate(divide="ignore"):
        logs = features * np.sum(np.log(2.0 * sizes), axis=1)
    return StationaryPoints(
        x=x,
        energy=_cost(model, found.centres),
        rms_gradient=np.sqrt(np.mean((2.0 * residual.reshape(x.shape)) ** 2, axis=1)),
        index=np.zeros(len(x), np.int32),
        lowest_eigenvalue=2.0 * sizes.min(axis=1),
        log_product=logs,
        active=np.zeros(len(x), np.int32),
        status=np.where(found.ok, Status.CONVERGED, Status.DEGENERATE).astype(np.int32),
        evaluations=np.ones(len(x), np.int32),
    )


def _passes(model, centres, labels, share, sample, first, second) -> TransitionStates:
    """Lowest points of ridges, with the minima that Lloyd's iterations reach on either side."""
    rows = np.arange(len(centres))
    points, counts = np.asarray(model.points), np.asarray(model.counts)
    member = np.eye(model.clusters)[labels] * counts[:, None]
    member[rows, sample] = 0.0
    member[rows, sample, first] = share * counts[sample]
    member[rows, sample, second] = (1.0 - share) * counts[sample]
    residual = member.swapaxes(1, 2) @ points - member.sum(axis=1)[..., None] * centres
    x = centres.reshape(len(centres), -1)
    away = np.zeros_like(centres)
    tied = points[sample]
    away[rows, first] = tied - centres[rows, first]
    away[rows, second] = centres[rows, second] - tied
    mode = away.reshape(x.shape)
    mode = mode / np.maximum(np.linalg.norm(mode, axis=1, keepdims=True), 1e-300)
    sides = []
    for owner in (first, second):
        given = labels.copy()
        given[rows, sample] = owner
        part = np.eye(model.clusters)[given] * counts[:, None]
        means = part.swapaxes(1, 2) @ points / np.maximum(part.sum(axis=1), 1e-300)[..., None]
        sides.append(_minima(model, _padded_lloyd(model, means)))
    plus, minus = sides
    reached = plus.ok & minus.ok
    return TransitionStates(
        x=x,
        energy=_cost(model, centres),
        rms_gradient=np.sqrt(np.mean((2.0 * residual.reshape(x.shape)) ** 2, axis=1)),
        index=np.ones(len(x), np.int32),
        lowest_eigenvalue=np.full(len(x), -np.inf),
        log_product=np.full(len(x), np.nan),
        active=np.zeros(len(x), np.int32),
        status=np.where(reached, Status.CONVERGED, Status.NO_MINIMUM).astype(np.int32),
        evaluations=np.ones(len(x), np.int32),
        eigenvector=mode,
        plus=plus,
        minus=minus,
    )
