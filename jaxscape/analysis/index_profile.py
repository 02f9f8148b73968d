"""How many directions lead down from a stationary point, against how high it lies."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import IdentityTolerance, Landscape
from jaxscape.landscape._batches import fingerprints
from jaxscape.landscape.identity import IdentityIndex
from jaxscape.search.results import StationaryPoints
from jaxscape.surface import Surface, as_surface
from jaxscape.units import Units


@dataclasses.dataclass(frozen=True)
class IndexProfile:
    """Distinct stationary points, lowest first.

    `x` `[N, dim]`, `energy` `[N]`, `index` `[N]` (negative eigenvalues of the Hessian), `fraction`
    `[N]` (of the directions that are neither zero modes nor held by a bound), `hits` `[N]` (how
    many of the points given were this one); `images` `[N]`, points that the symmetry makes of each
    (NaN where it is continuous, or has too many to count); `units` of the energies.
    """

    x: Float[np.ndarray, "points dim"]
    energy: Float[np.ndarray, " points"]
    index: Int[np.ndarray, " points"]
    fraction: Float[np.ndarray, " points"]
    hits: Int[np.ndarray, " points"]
    images: Float[np.ndarray, " points"]
    units: Units = Units()

    def __len__(self) -> int:
        return len(self.energy)

    def means(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every index that occurs, the mean energy of its points, and how many there are."""
        found, place = np.unique(self.index, return_inverse=True)
        count = np.bincount(place)
        return found, np.bincount(place, self.energy) / count, count

    def euler_sum(self) -> float:
        """Points of even less points of odd index, all images counted: is anything missing?

        One if all stationary points are there, for a function that grows without end in every
        direction (a loss with `l2` does), or in a box; zero on a torus (Morse's theory). Two that
        are missing can make up for each other. NaN where images are not counted.
        """
        return float(np.sum(np.where(self.index % 2, -1.0, 1.0) * self.images))

    def correlation(self) -> float:
        """Spearman's rank correlation of energy and index, NaN where either is the same for all."""
        energy, index = _ranks(self.energy), _ranks(self.index)
        if min(np.ptp(energy), np.ptp(index)) == 0:
            return float("nan")
        return float(np.corrcoef(energy, index)[0, 1])

    def table(self) -> str:
        """One line an index."""
        lines = [f"{'index':>6} {'points':>7} {'lowest':>12} {'mean':>12} {'highest':>12}"]
        for index, mean, count in zip(*self.means(), strict=True):
            energy = self.energy[self.index == index]
            lines.append(
                f"{index:>6} {count:>7} {energy.min():>12.6g} {mean:>12.6g} {energy.max():>12.6g}"
            )
        return "\n".join(lines)


def index_profile(surface, *sources: Landscape | StationaryPoints) -> IndexProfile:
    """The index of stationary points against their energy, each counted once.

    In random landscapes of many dimensions energy and index rise together, so that saddles are
    high and minima low: Bray & Dean, Phys. Rev. Lett. 98, 150201 (2007); for the losses of neural
    networks Dauphin et al., Adv. Neural Inf. Process. Syst. 27 (2014).

    **Arguments:**

    - `surface`: whose points they are; its symmetry says which of them are one.
    - `sources`: points of `find_stationary_points`, `minimise` or `find_transition_states`, of
      which those count that are `ok`, and landscapes, with minima and transition states.

    **Returns:** `IndexProfile`; `jaxscape.plot.index_profile` draws it.

    **Raises:** `ValueError` without a source, for one of another kind or width, and where no
    point of any is certified.

    >>> from jaxscape import find_stationary_points
    >>> def wells(x):
    ...     return jnp.sum((x**2 - 1) ** 2)
    >>> starts = np.random.default_rng(0).uniform(-1.5, 1.5, (32, 2)).astype("float32")
    >>> found = index_profile(wells, find_stationary_points(wells, starts))
    >>> [part.tolist() for part in found.means()]
    [[0, 1, 2], [0.0, 1.0, 2.0], [4, 4, 1]]
    """
    surface = as_surface(surface)
    if not sources:
        raise ValueError(
            "there are no points: pass those of find_stationary_points, or a Landscape"
        )
    parts = [part for source in sources for part in _points(source)]
    widths = {part[0].shape[-1] for part in parts}
    widths = sorted(widths if surface.dim is None else widths | {surface.dim})
    if len(widths) > 1:
        raise ValueError(f"points and surface have {widths} coordinates: all must have as many")
    x, energy, index, active, hits = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(x):
        raise ValueError(
            "no point is certified: look at the counts() of the search, and its advice"
        )
    known = IdentityIndex(surface.symmetry, IdentityTolerance.for_dtype(x.dtype))
    ids, new = known.insert(energy, fingerprints(surface.symmetry, x), x)
    total = np.bincount(ids, hits)
    order = np.argsort(energy[new], kind="stable")
    x, energy, index, active = (column[new][order] for column in (x, energy, index, active))
    free = x.shape[1] - active - _zero_modes(surface, x)
    return IndexProfile(
        x,
        energy,
        index,
        index / np.maximum(free, 1),
        total[order].astype(np.int64),
        _images(surface, x),
        surface.units,
    )


def _points(source):
    """`(x, energy, index, active, hits)` of certified points."""
    if isinstance(source, StationaryPoints):
        rows = source.ok & (np.asarray(source.index) >= 0)
        columns = (source.x, source.energy, source.index, source.active)
        kept = [np.asarray(column)[rows] for column in columns]
        yield *kept, np.ones(int(rows.sum()))
    elif isinstance(source, Landscape):
        for view in (source.minima, source.transition_states):
            if len(view):
                rows = view.certified
                columns = (view.x, view.energy, view.index, view.active, view.hits)
                yield tuple(np.asarray(column)[rows] for column in columns)
    else:
        raise ValueError(
            f"a source is a {type(source).__name__}: pass a Landscape, or the StationaryPoints of "
            "find_stationary_points"
        )


def _zero_modes(surface: Surface, x) -> Int[np.ndarray, " points"]:
    modes = np.asarray(surface.symmetry.zero_modes(jnp.asarray(x).T))
    return np.sum(np.sum(modes**2, axis=1) > 0.5, axis=0)


def _images(surface: Surface, x) -> Float[np.ndarray, " points"]:
    """Sizes of the orbits of a finite group, which leaves the origin where it is."""
    endless = surface.symmetry.zero_modes(jnp.asarray(x[0])).shape[0]
    if endless or not surface.symmetry.exact_orders:
        return np.full(len(x), np.nan)
    return surface.symmetry.order(np.zeros_like(x[0])) / surface.symmetry.orders(x)


def _ranks(values):
    """Ranks, equal values sharing their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - 0.5 * (count - 1))[place]
