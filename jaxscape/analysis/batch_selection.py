"""Which minima of an acquisition function to measure next."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from jaxscape.analysis.paths import barrier
from jaxscape.landscape import Landscape

_METHODS = ("lowest", "monotonic", "barrier", "topographical")


@dataclasses.dataclass(frozen=True)
class Exclusions:
    """Minima that must not be selected.

    - `cutoff`: those higher than this share of the range of energies, counted from the lowest.
    - `bounds`: those on a bound of the box.
    - `known` `[n, dim]`: those closer than `proximity` to one of these points.

    >>> Exclusions(cutoff=0.5).bounds
    False
    """

    cutoff: float = 1.0
    bounds: bool = False
    known: Float[np.ndarray, "n dim"] | None = None
    proximity: float = 0.2

    def __post_init__(self):
        if not 0.0 <= self.cutoff <= 1.0:
            raise ValueError(f"cutoff is {self.cutoff}; it is a share of the range, from 0 to 1")
        if not self.proximity >= 0.0:
            raise ValueError(f"proximity is {self.proximity}; pass a distance, zero or more")

    def mask(self, landscape: Landscape) -> Bool[np.ndarray, " minima"]:
        """True for the minima that are excluded."""
        minima = landscape.minima
        lowest, highest = minima.energy.min(), minima.energy.max()
        out = minima.energy > lowest + self.cutoff * (highest - lowest)
        if self.bounds:
            out = out | (minima.active > 0)
        if self.known is not None:
            known = np.asarray(self.known, np.float64)
            if known.ndim != 2 or known.shape[1] != minima.x.shape[1]:
                raise ValueError(f"known has shape {known.shape}; pass [n, {minima.x.shape[1]}]")
            gap = np.linalg.norm(minima.x[:, None] - known, axis=2)
            out = out | np.any(gap < self.proximity, axis=1)
        return out


def select_batch(
    landscape: Landscape,
    size: int,
    method: str = "topographical",
    *,
    exclude: Exclusions = Exclusions(),
    separation: float = 0.1,
    fill: bool = True,
) -> Int[np.ndarray, " chosen"]:
    """Ids of up to `size` minima of an acquisition function, spread over its landscape.

    **Arguments:**

    - `method`: `"lowest"`: by energy. `"monotonic"`: minima from which no single transition
      state leads to a lower one, the bottoms of the landscape's funnels. `"barrier"`: from the
      lowest on, those that a barrier parts from every one chosen before. `"topographical"`:
      first monotonic, then barrier.
    - `exclude`: minima that must not be selected.
    - `separation`: the least barrier, from the higher of two minima, as a share of the range of
      energies. Minima without any path between them count as separated.
    - `fill`: fill what the method leaves with the lowest minima.

    **Returns:** ids `[<= size]` in order of choice.

    **Raises:** `ValueError` for an empty landscape, an unknown method, or a size below one.

    >>> from jaxscape.landscape import Landscape
    >>> network = Landscape.from_points({"x": np.eye(3), "energy": [2.0, 0.0, 1.0]})
    >>> select_batch(network, 2, "lowest").tolist()
    [1, 2]
    """
    if method not in _METHODS:
        raise ValueError(f"method is {method!r}; known are {', '.join(_METHODS)}")
    if isinstance(size, bool) or int(size) != size or size < 1:
        raise ValueError(f"size is {size}; select at least one minimum")
    if not separation >= 0:
        raise ValueError(f"separation is {separation}; pass a share of the range, zero or more")
    if not len(landscape.minima):
        raise ValueError("the landscape has no minima to select from: explore it first")
    energy = landscape.minima.energy
    allowed = ~exclude.mask(landscape)
    order = [int(i) for i in np.argsort(energy, kind="stable") if allowed[i]]
    least = separation * float(np.ptp(energy))
    chosen: list[int] = []
    if method in ("monotonic", "topographical"):
        chosen += _funnel_bottoms(landscape, order, allowed)
    if method in ("barrier", "topographical"):
        chosen += _separated(landscape, order, chosen, least, size)
    if method == "lowest" or fill:
        chosen += [i for i in order if i not in chosen]
    return np.array(chosen[: int(size)], np.int64)


def _funnel_bottoms(landscape, order, allowed) -> list[int]:
    """Connected minima none of whose allowed neighbours is lower."""
    energy, graph = landscape.minima.energy, landscape.graph
    bottoms = []
    for i in order:
        neighbours = [j for j in graph.neighbors(i) if j != i and allowed[j]]
        connected = any(j != i for j in graph.neighbors(i))
        if connected and all(energy[j] > energy[i] for j in neighbours):
            bottoms.append(i)
    return bottoms


def _separated(landscape, order, before, least, size) -> list[int]:
    taken = list(before)
    part = np.zeros(len(landscape.minima), np.int64)
    for number, ids in enumerate(landscape.components()):
        part[list(ids)] = number

    def apart(i, j):
        # Nothing is known to lead from one part of the network to another.
        if part[i] != part[j]:
            return True
        return min(barrier(landscape, i, j), barrier(landscape, j, i)) >= least

    for i in order:
        if len(taken) >= size:
            break
        if i not in taken and all(apart(i, j) for j in taken):
            taken.append(i)
    return taken[len(before) :]
