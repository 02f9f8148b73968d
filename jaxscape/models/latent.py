"""Samples of a latent space, and how much what they decode to changes around them."""

from collections.abc import Callable

import jax
import numpy as np
import scipy
from jaxtyping import Float, PRNGKeyArray

from jaxscape.models._data import checked_points


def latin_hypercube(
    key: PRNGKeyArray, n: int, lower: Float[np.ndarray, " dim"], upper: Float[np.ndarray, " dim"]
) -> Float[np.ndarray, "n dim"]:
    """`n` points of a box, one in each of `n` slices of every coordinate (SciPy's sampler).

    >>> points = latin_hypercube(jax.random.key(0), 4, [0.0, -1.0], [1.0, 1.0])
    >>> np.sort(np.floor(4 * points[:, 0])).tolist()
    [0.0, 1.0, 2.0, 3.0]

    McKay, Beckman & Conover, Technometrics 21, 239 (1979).
    """
    low, high = np.atleast_1d(np.asarray(lower, float)), np.atleast_1d(np.asarray(upper, float))
    if low.shape != high.shape or low.ndim != 1 or not np.all(low < high):
        raise ValueError(f"lower is {lower} and upper {upper}; pass [dim] each, lower below upper")
    if n < 1:
        raise ValueError(f"n is {n}; ask for at least one point")
    qmc = scipy.stats.qmc
    return qmc.scale(qmc.LatinHypercube(low.size, rng=_generator(key)).random(n), low, high)


def neighbour_similarity(
    decoder: Callable,
    points: Float[np.ndarray, "n dim"],
    *,
    key: PRNGKeyArray,
    similarity: Callable | None = None,
    neighbours: int = 10,
    distance: float = 0.05,
    bounds: tuple | None = None,
) -> Float[np.ndarray, " n"]:
    """How alike a decoder's outputs are at each point and at random points close by.

    **Arguments:**

    - `decoder`: a batch `[m, dim]` to a sequence of `m` outputs: arrays, texts, anything that
      `similarity` understands.
    - `similarity(a, b) -> float` of two outputs; by default the cosine of arrays.
    - `neighbours`: drawn on the sphere of radius `distance` around each point, and put into
      `bounds` (`(lower, upper)`) if given.

    **Returns:** the mean similarity of each point `[n]`: a response for `models.DataSet`.

    >>> points = np.array([[1.0, 1.0]])
    >>> neighbour_similarity(lambda z: z, points, key=jax.random.key(0), distance=0.01).round(2)
    array([1.])
    """
    x = checked_points(points)
    if neighbours < 1 or not distance > 0:
        raise ValueError(
            f"neighbours is {neighbours} and distance {distance}; both must be positive"
        )
    directions = _generator(key).normal(size=(len(x), neighbours, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    around = x[:, None] + distance * directions
    if bounds is not None:
        around = np.clip(around, *bounds)
    own = decoder(x)
    others = decoder(around.reshape(-1, x.shape[1]))
    if len(own) != len(x) or len(others) != len(x) * neighbours:
        raise ValueError(
            f"decoder returned {len(own)} outputs for {len(x)} points: one a row, please"
        )
    alike = _cosine if similarity is None else similarity
    values = [
        np.mean([alike(own[i], others[i * neighbours + k]) for k in range(neighbours)])
        for i in range(len(x))
    ]
    return np.array(values, float)


def _cosine(a, b) -> float:
    a, b = np.ravel(np.asarray(a, float)), np.ravel(np.asarray(b, float))
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size > 0 else 0.0


def _generator(key) -> np.random.Generator:
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
