"""The landscape of a data set: minima and saddles of the function drawn through it."""

import itertools
import math
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray
from scipy.spatial import Delaunay, QhullError, cKDTree  # type: ignore

from jaxscape.explore import explore
from jaxscape.landscape import Landscape
from jaxscape.models import DataSet
from jaxscape.search.budget import Budget
from jaxscape.search.certify import certify
from jaxscape.search.draws import check_key
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.minimise import certified, minimise, replaced
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status
from jaxscape.search.transition_states import follow, with_minima
from jaxscape.surface import Surface
from jaxscape.systems import data_set

# Weights of close points are large and cancel: below this, gradients are rounding.
_TOLERANCE = 1e-6
_PUSH = 0.005
# Downhill runs that overshoot end in another well than the path does.
_DOWNHILL = LBFGS(max_step=0.01)
# Points in every triangle that Newton's method starts from at a time, and how often at most.
_SPREAD, _ROUNDS = 4, 12
# How far from a sample it starts, times the spacing of samples: curvatures of a thin-plate spline
# have no limit there, and wells and saddles of all sizes lie beside each other.
_BESIDE = np.array([0.003, 0.03, 0.1, 0.3])


def data_set_landscape(
    data: DataSet,
    *,
    key: PRNGKeyArray,
    smoothing: float = 1e-4,
    searches: int = 256,
    samples: int | None = None,
    fit: Callable[[DataSet], Callable] | None = None,
    progress: bool = False,
) -> Landscape:
    """The landscape of a data set's interpolated response within the range of its features.

    Wells of such fits are small and lie at the data, so the data say where to look: minima are
    sought from every sample, transition states from the middle between neighbouring samples
    along the line that joins them, on the faces of the box by Newton's method from the samples
    next to them, and inside, for two or three features, by Newton's method from points in every
    triangle of samples, and close to every sample, until these bring nothing new; what is not
    connected then is searched from the minima found.

    **Arguments:**

    - `data`: cleaned and scaled (`without_duplicates`, `normalised`), as it is.
    - `key`: draws the first displacements.
    - `smoothing`, `samples`, `fit`: as in `jaxscape.systems.data_set`.
    - `searches`: further searches from the minima, and between unconnected parts.

    ```python
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(12, 2))
    data = DataSet(x, np.cos(9 * x[:, 0])).normalised()
    network = data_set_landscape(data, key=jax.random.key(0), searches=64)
    len(network.minima) > 1
    # True
    ```
    """
    check_key(key)
    if not jax.config.jax_enable_x64:  # type: ignore
        raise ValueError("this needs float64: jax.config.update('jax_enable_x64', True)")
    surface = data_set(data, smoothing=smoothing, samples=samples, fit=fit)
    network = Landscape(surface)
    dtype = np.asarray(surface.lower).dtype
    x = data.inputs.astype(dtype)
    network.add(minimise(surface, x, tolerance=_TOLERANCE))
    pairs = _neighbours(data.inputs)
    rng, turn = np.random.default_rng(np.asarray(jax.random.key_data(key))), x[pairs[:, 1]]
    middle = 0.5 * (x[pairs[:, 0]] + turn)
    along = turn - x[pairs[:, 0]]
    middle += 0.1 * rng.uniform(-1, 1, (len(pairs), 1)).astype(dtype) * along
    _add_saddles(surface, network, middle, along)
    _add_saddles_on_faces(surface, network, x)
    _add_saddles_inside(surface, network, x, rng)
    if searches and len(network.minima) > 1:
        batch = min(searches, 256)
        explore(
            surface,
            key=key,
            landscape=network,
            searches=searches,
            batch=batch,
            displacement=(0.05, 0.5),
            tolerance=_TOLERANCE,
            max_steps=100,
            minimiser=_DOWNHILL,
            push=_PUSH,
            progress=progress,
        )
    return network


def _triangles(x: np.ndarray) -> np.ndarray | None:
    """Samples at the corners of a triangulation `[n, features + 1]`; None where there is none."""
    samples, features = x.shape
    if 2 <= features <= 3 and samples > features + 1:
        try:
            return Delaunay(x).simplices
        except QhullError:  # all on a line
            pass
    return None


def _spacing(x: np.ndarray) -> np.ndarray:
    """Of samples spread evenly, along each feature."""
    return np.ptp(x, axis=0) * len(x) ** (-1 / x.shape[1])


def _neighbours(x: np.ndarray) -> np.ndarray:
    """Pairs of neighbouring samples `[n, 2]`: edges of a triangulation, or nearest ones."""
    samples, features = x.shape
    corners = _triangles(x)
    if corners is not None:
        pairs = itertools.combinations(range(features + 1), 2)
        edges = np.concatenate([corners[:, list(ij)] for ij in pairs])
    else:
        near = min(samples, 2 * features + 2)
        found = cKDTree(x).query(x, k=near)[1][:, 1:]
        edges = np.stack([np.repeat(np.arange(samples), near - 1), found.ravel()], axis=1)
    return np.unique(np.sort(edges, axis=1), axis=0)


def _add_saddles(surface: Surface, network: Landscape, x0, modes) -> None:
    """Eigenvector-following from given starts and modes; each new state is followed downhill."""
    budget = Budget()
    points, directions = follow(
        surface,
        x0,
        modes,
        HybridEigenvectorFollowing(relaxations=0, slack=math.inf),
        1e3 * _TOLERANCE,
        100,
        None,
        False,
        budget,
    )
    points, certain = certified(surface, points, _TOLERANCE, 1, budget)
    directions = np.where(points.ok[:, None], certain, directions)
    _enter(surface, network, points, directions)


def _add_saddles_on_faces(surface: Surface, network: Landscape, x) -> None:
    """Saddles held by a bound: eigenvector-following leaves the box there, Newton does not."""
    lower, upper = np.asarray(surface.lower, x.dtype), np.asarray(surface.upper, x.dtype)
    starts, spacing = [], _spacing(x)
    for feature in range(x.shape[1]):
        for bound in (lower, upper):
            away = np.abs(x[:, feature] - bound[feature])
            on_it = int(np.sum(away < 1e-9))
            points = x[np.argsort(away, kind="stable")[: max(128, on_it)]]
            points[:, feature] = bound[feature]
            # Next to each other along the face, in the order of each of its other features.
            starts.append(points)
            for other in range(x.shape[1]):
                if other != feature:
                    ordered = points[np.argsort(points[:, other], kind="stable")]
                    starts.append(0.5 * (ordered[1:] + ordered[:-1]))
                    beside = np.repeat(points[:, None], 2 * len(_BESIDE), axis=1)
                    beside[:, :, other] += spacing[other] * np.concatenate([_BESIDE, -_BESIDE])
                    starts.append(np.clip(beside, lower, upper).reshape(-1, x.shape[1]))
    points, modes = _newton(surface, np.concatenate(starts))
    on_a_face = points.ok & (points.active > 0)
    _enter(surface, network, points.take(on_a_face), modes[on_a_face])


def _add_saddles_inside(surface: Surface, network: Landscape, x, rng) -> None:
    """Saddles that eigenvector-following passes by: Newton from everywhere, then beside samples."""
    corners = _triangles(x)
    if corners is None:
        return
    samples, features = x.shape

    def everywhere():
        shares = rng.dirichlet(np.ones(corners.shape[1]), (len(corners), _SPREAD))
        return np.einsum("tsc,tcf->tsf", shares, x[corners]).reshape(-1, features)

    def beside():
        away = rng.normal(size=(samples, _SPREAD, features))
        away /= np.linalg.norm(away, axis=2, keepdims=True)
        starts = x[:, None] + _spacing(x) * np.multiply.outer(_BESIDE, away)
        return np.clip(starts, surface.lower, surface.upper).reshape(-1, features)

    for draw in (everywhere, beside):
        idle = 0
        for _ in range(_ROUNDS):
            before = len(network.transition_states)
            _enter(surface, network, *_newton(surface, draw().astype(x.dtype)))
            idle = idle + 1 if len(network.transition_states) == before else 0
            if idle == 2:
                break


def _newton(surface: Surface, starts) -> tuple[StationaryPoints, np.ndarray]:
    """Where Newton's method leads to; `ok` are the saddles. And their modes."""
    found = certify(surface, starts, tolerance=_TOLERANCE, newton=30)
    good = (found.rms_gradient <= _TOLERANCE) & (found.index == 1) & ~found.degenerate
    points = StationaryPoints(
        x=found.x,
        energy=found.energy,
        rms_gradient=found.rms_gradient,
        index=found.index,
        lowest_eigenvalue=found.lowest_eigenvalue,
        log_product=found.log_product,
        active=found.active,
        status=np.where(good, Status.CONVERGED, Status.WRONG_INDEX).astype(np.int32),
        evaluations=found.evaluations,
    )
    return points, np.asarray(found.eigenvector)


def _enter(surface, network: Landscape, points: StationaryPoints, directions) -> None:
    """Follow each distinct new transition state downhill and enter it."""
    rows = np.flatnonzero(points.ok)
    _, first = np.unique(np.round(np.asarray(points.x)[rows], 5), axis=0, return_index=True)
    rows = rows[np.sort(first)]
    rows = rows[network.recognise(points.take(rows)) < 0]
    if not len(rows):
        return
    states = with_minima(surface, points.take(rows), directions[rows], _DOWNHILL, _TOLERANCE, _PUSH)
    plus, minus = (_mended(surface, side) for side in (states.plus, states.minus))
    status = np.where(
        states.ok | (plus.ok & minus.ok & (states.status == Status.NO_MINIMUM)),
        Status.CONVERGED,
        states.status,
    ).astype(np.int32)
    states = eqx.tree_at(lambda s: (s.plus, s.minus, s.status), states, (plus, minus, status))
    network.add(states)


def _mended(surface: Surface, side: StationaryPoints) -> StationaryPoints:
    """Runs that ended beside a bound, put on it, go on along it."""
    x = np.asarray(side.x)
    rows = np.flatnonzero(~side.ok & np.isfinite(x).all(axis=1))
    if not len(rows):
        return side
    starts = x[rows]
    for bound in (np.asarray(surface.lower), np.asarray(surface.upper)):
        starts = np.where(np.abs(starts - bound) < 1e-6, bound, starts).astype(x.dtype)
    again = minimise(surface, starts, method=_DOWNHILL, tolerance=_TOLERANCE)
    none = np.zeros((len(side), 0))
    return replaced((side, none), rows, (again, none[rows]))[0]
