"""All of the K-means landscape that Lloyd's iterations and ridges lead to."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.landscape import Landscape
from jaxscape.models.k_means import Clustering, KMeans, Ties, lloyd
from jaxscape.search.arguments import positive
from jaxscape.search.draws import check_key
from jaxscape.search.results import StationaryPoints, TransitionStates
from jaxscape.search.status import Status
from jaxscape.systems import k_means as k_means_surface

_CHUNK = 1024
_LEAST = 128  # what is left when most are at rest: two shapes are compiled
_ROUNDS = 40
_BATCH = 32


def k_means_landscape(
    points: Float[Array | np.ndarray, "samples features"],
    clusters: int,
    *,
    key: PRNGKeyArray,
    runs: int = 10_000,
    neighbours: int | None = None,
    generations: int | None = None,
    offspring: int = 30_000,
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
      tried, and then all from minima that are still unconnected; default all samples.
    - `generations`: minima that passes lead to are added and searched from in turn, so many
      times; 1 stops at the neighbours of the minima of the runs. Default until there are no new
      ones; the irises in six clusters have thousands, and 1 is enough there.
    - `offspring`: before each generation, so many starts more, drawn from the minima known by
      then: in turn a minimum with all centres kicked by 0.05 to 0.4 standard deviations of the
      samples, a point of the straight line between two minima, whose centres are paired at
      random, and centres anywhere in the box around the samples.

    Every minimum is searched from with each of its centres put on every sample, too (or one in so
    many, with `neighbours`). What has a narrow basin is missed by both, and by random starts: of
    the irises in three clusters there are ten minima known, and one of them is met about once in
    100,000 runs, but once in some 5,000 of the `offspring`. In four clusters 201 are known: two
    seeds find 152 and 158 of them, 182 and 194 with `offspring=200_000`. No finite search proves
    that nothing is missing.

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
    offspring = positive("offspring", offspring)
    surface = k_means_surface(points, clusters)
    model: KMeans = surface.function  # type: ignore
    neighbours = None if neighbours is None else positive("neighbours", neighbours)
    generations = None if generations is None else positive("generations", generations)
    network = Landscape(surface)
    shape = (-1, model.clusters, model.points.shape[1])
    starts = np.asarray(surface.sample(key, runs)).reshape(shape)
    network.add(_minima(model, _settled(model, starts)))
    done = generation = 0
    while done < len(network.minima) and generation != generations:
        if model.clusters > 1:
            known = network.minima.x.reshape(shape)
            lane = jax.random.fold_in(key, generation)
            ends = _settled(model, _offspring(model, known, lane, offspring))
            network.add(_minima(model, _taken(ends, _distinct(ends))))
        fresh, done = np.arange(done, len(network.minima)), len(network.minima)
        _search_from(network, model, fresh, neighbours)
        generation += 1
        if done == len(network.minima) and neighbours is not None:
            # What few neighbours leave unconnected is searched from with all.
            apart = sorted(set().union(*network.components()[1:]))
            _search_from(network, model, np.array(apart, int), None)
    return network


def _search_from(network, model, ids, neighbours) -> None:
    """The minima and passes next to some minima."""
    for first in range(0, len(ids), _BATCH):
        centres = network.minima.x[ids[first : first + _BATCH]]
        centres = centres.reshape(len(centres), model.clusters, -1)
        ends = _settled(model, _relocated(model, centres, neighbours))
        network.add(_minima(model, _taken(ends, _distinct(ends))))
        if model.clusters == 1:
            return
        start, ties = _jobs(model, centres, neighbours)
        ridges = _settled(model, start, ties)
        rows = _distinct(ridges, ties.sample)
        if len(rows):
            network.add(_passes(model, _taken(ridges, rows), _taken(ties, rows)))


def _settled(model, centres, ties: Ties | None = None) -> Clustering:
    """Lloyd's iterations until all are at rest; those that are leave the batch."""
    job = (centres,) if ties is None else (centres, ties.sample, ties.first, ties.second)
    rows, parts = np.arange(len(centres)), None
    for _ in range(_ROUNDS):
        done = []
        for first in range(0, len(rows), _CHUNK):
            some = rows[first : first + _CHUNK]
            padded = _LEAST if len(some) <= _LEAST else _CHUNK
            taken = some[np.minimum(np.arange(padded), len(some) - 1)]
            at, *tie = (jnp.asarray(part[taken]) for part in job)
            found = lloyd(model, at, Ties(*tie) if tie else None)
            done.append(jax.tree.map(lambda a, n=len(some): np.asarray(a)[:n], found))
        found = jax.tree.map(lambda *a: np.concatenate(a), *done)
        if parts is None:
            parts = found
        else:
            for whole, new in zip(jax.tree.leaves(parts), jax.tree.leaves(found), strict=True):
                whole[rows] = new
        rows = rows[found.moving]
        if not len(rows):
            break
        job = (parts.centres, *job[1:])
    assert parts is not None
    return parts


def _distinct(found: Clustering, *more):
    """Rows that are sound, each of those alike once, however centres are numbered."""
    rows = np.flatnonzero(found.ok)
    cost = found.cost[rows]
    centres = found.centres[rows]
    norms = np.sort(np.linalg.norm(centres, axis=2), axis=1)
    # Mirror images share costs and norms: a direction that no symmetry knows tells them apart.
    aim = np.sqrt(np.arange(2.0, centres.shape[2] + 2))
    marks = np.sort(centres @ (aim / np.linalg.norm(aim)), axis=1)
    alike = np.round(np.column_stack([cost, norms, marks, *(part[rows] for part in more)]), 8)
    _, once = np.unique(alike, axis=0, return_index=True)
    return rows[np.sort(once)]


def _taken(batch, rows):
    return jax.tree.map(lambda a: a[rows], batch)


def _offspring(model, known, key, count):
    """Starts in turn kicked from a minimum, on the line between two, and anywhere in the box.

    On a line the centres of the two minima are paired at random.
    """
    points = np.asarray(model.points)
    pair, order, place, kick, box = jax.random.split(key, 5)
    one, two = known[np.asarray(jax.random.randint(pair, (2, count), 0, len(known)))]
    place = np.asarray(jax.random.uniform(place, (count, 1, 1)))
    order = np.argsort(np.asarray(jax.random.uniform(order, one.shape[:2])), axis=1)
    line = one + place * (np.take_along_axis(two, order[..., None], axis=1) - one)
    step = 0.05 * 8.0**place * points.std(axis=0)
    kicked = one + step * np.asarray(jax.random.normal(kick, one.shape))
    low, high = points.min(axis=0), points.max(axis=0)
    anywhere = low + np.asarray(jax.random.uniform(box, one.shape)) * (high - low)
    return np.choose(np.arange(count)[:, None, None] % 3, [kicked, line, anywhere])


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
    centres, *tie = (np.concatenate(column) for column in zip(*parts, strict=True))
    return centres, Ties(*map(jnp.asarray, tie))


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
        energy=found.cost,
        rms_gradient=np.sqrt(np.mean((2.0 * residual.reshape(x.shape)) ** 2, axis=1)),
        index=np.zeros(len(x), np.int32),
        lowest_eigenvalue=2.0 * sizes.min(axis=1),
        log_product=logs,
        active=np.zeros(len(x), np.int32),
        status=np.where(found.ok, Status.CONVERGED, Status.DEGENERATE).astype(np.int32),
        evaluations=np.ones(len(x), np.int32),
    )


def _passes(model, found: Clustering, ties: Ties) -> TransitionStates:
    """Lowest points of ridges, with the minima that Lloyd's iterations reach on either side."""
    centres, labels, share = found.centres, found.labels, found.share
    sample, first, second = ties.sample, ties.first, ties.second
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
        sides.append(_minima(model, _settled(model, means)))
    plus, minus = sides
    reached = plus.ok & minus.ok
    return TransitionStates(
        x=x,
        energy=found.cost,
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
