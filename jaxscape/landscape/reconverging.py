"""A network taken to another surface: every stationary point searched again from where it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Float, Int

from jaxscape.search.arguments import checked_starts, default_tolerance, positive_number
from jaxscape.search.budget import Budget
from jaxscape.search.draws import check_key, unit_vectors
from jaxscape.search.eigenvector_following import HybridEigenvectorFollowing
from jaxscape.search.lbfgs import LBFGS
from jaxscape.search.transition_states import find_transition_states, settle
from jaxscape.surface import Surface, as_surface

if TYPE_CHECKING:
    from jaxscape.landscape.network import Landscape


@dataclasses.dataclass(frozen=True)
class Reconvergence:
    """What became of the points of a landscape on another surface; prints as a report.

    - `minima` `[M]`, `transition_states` `[T]`: for every old id the new one, -1 if lost.
    - `lost_minima`, `lost_transition_states`: old id and the reason.
    - `merged_minima`, `merged_transition_states`: groups of old ids that are one point now.
    - `gained`: new ids of minima beside transition states that no old minimum leads to.
    - `rewired`: old ids of transition states that lead to other minima than before.
    - `moved_minima` `[M]`, `moved_transition_states` `[T]`: largest displacement of a
      coordinate after alignment, NaN where lost.
    """

    minima: Int[np.ndarray, " M"]
    transition_states: Int[np.ndarray, " T"]
    lost_minima: dict[int, str]
    lost_transition_states: dict[int, str]
    merged_minima: list[list[int]]
    merged_transition_states: list[list[int]]
    gained: list[int]
    rewired: list[int]
    moved_minima: Float[np.ndarray, " M"]
    moved_transition_states: Float[np.ndarray, " T"]

    def __str__(self) -> str:
        lines = []
        for name, ids, lost, merged in (
            ("minima", self.minima, self.lost_minima, self.merged_minima),
            (
                "transition states",
                self.transition_states,
                self.lost_transition_states,
                self.merged_transition_states,
            ),
        ):
            kept = len(np.unique(ids[ids >= 0]))
            lines.append(f"{len(ids)} {name}: {kept} remain")
            lines += [f"  {_listed(group)} became one" for group in merged]
            lines += [f"  {point} was lost: {reason}" for point, reason in lost.items()]
        if self.gained:
            lines.append(f"new minima beside transition states: {_listed(self.gained)}")
        if self.rewired:
            lines.append(f"transition states between other minima: {_listed(self.rewired)}")
        return "\n".join(lines)


def reconverge(
    landscape: Landscape,
    surface: Surface | Callable,
    *,
    key=None,
    method: HybridEigenvectorFollowing = HybridEigenvectorFollowing(),
    minimiser: LBFGS = LBFGS(),
    tolerance: float | None = None,
    push: float = 0.05,
    store=None,
    progress: bool = False,
    budget: Budget | None = None,
) -> tuple[Landscape, Reconvergence]:
    """This network on another surface: a force field's on a better one, say.

    Every minimum is minimised and every transition state searched again from where it was, along
    the mode it had, down to the minima on both sides; all points are certified.

    **Arguments:**

    - `surface`: of the same coordinates; for atoms, of the same ones in the same order.
    - `key`: draws the modes of transition states that were read without theirs.
    - `store`: an SQLite file for the new network.
    - `method`, `minimiser`, `tolerance`, `push`, `progress`, `budget`: as in
      `find_transition_states`.

    **Returns:** the new landscape, and a `Reconvergence`, which says what was lost, what merged,
    and which transition states lead elsewhere.

    **Raises:** `ValueError` for a landscape without minima, for coordinates that differ, and for a
    store that is not empty.

    >>> import numpy as np
    >>> from jaxscape.landscape import Landscape
    >>> wells = Landscape.from_points({"x": [[-0.9], [0.9], [1.1]], "energy": [0.0] * 3})
    >>> network, report = wells.reconverge(lambda x: (x[0] ** 2 - 1) ** 2)
    >>> print(report)
    3 minima: 2 remain
      1, 2 became one
    0 transition states: 0 remain
    """
    surface = as_surface(surface)
    key = jax.random.key(0) if key is None else key
    check_key(key)
    push = positive_number("push", push)
    _check_atoms(landscape, surface)
    minima, states = landscape.minima, landscape.transition_states
    if not len(minima):
        raise ValueError("the landscape has no minima: there is nothing to search again")
    x = checked_starts(surface, minima.x, "landscape")
    tolerance = default_tolerance(x.dtype, tolerance, surface)
    budget = budget or Budget()
    network = type(landscape)(surface, store=store)
    if len(network.minima):
        raise ValueError(f"the store {store} holds {len(network.minima)} minima: name a new file")
    found = settle(surface, x, minimiser, tolerance, push, None, progress, budget)
    report = network.add(found)
    own = set(report.ids.tolist())
    of_minima, lost = report.ids, dict(report.rejected)
    of_states, lost_states, rewired = np.zeros(0, np.int64), {}, []
    if len(states):
        vectors = np.array(states.eigenvector)
        unknown = ~(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
        if unknown.any():
            vectors[unknown] = unit_vectors(key, 1, np.flatnonzero(unknown), x.shape[1], x.dtype)
        saddles = find_transition_states(
            surface,
            states.x,
            key=key,
            modes=vectors,
            method=method,
            minimiser=minimiser,
            tolerance=tolerance,
            push=push,
            progress=progress,
            budget=budget,
        )
        report = network.add(saddles)
        of_states, lost_states = report.ids, dict(report.rejected)
        rewired = _rewired(landscape, network, of_minima, of_states)
    gained = [i for i in range(len(network.minima)) if i not in own]
    report = Reconvergence(
        of_minima,
        of_states,
        lost,
        lost_states,
        _groups(of_minima),
        _groups(of_states),
        gained,
        rewired,
        _moved(surface, minima.x, of_minima, network.minima.x),
        _moved(surface, states.x, of_states, network.transition_states.x),
    )
    return network, report


def _check_atoms(landscape, surface) -> None:
    """Coordinates must mean the same on both surfaces."""
    dim = landscape.dim
    if surface.dim is not None and dim is not None and surface.dim != dim:
        raise ValueError(
            f"the landscape has {dim} coordinates, but surface {surface.name!r} has {surface.dim}"
        )
    old, new = landscape.units.length, surface.units.length
    if old and new and old != new:
        raise ValueError(
            f"lengths of the landscape are in {old}, those of surface {surface.name!r} in {new}"
        )
    old = getattr(landscape.symmetry, "species", None)
    new = getattr(surface.symmetry, "species", None)
    if old is not None and new is not None and tuple(old) != tuple(new):
        raise ValueError(
            f"the landscape is of the atoms {' '.join(map(str, old))}, surface {surface.name!r} of "
            f"{' '.join(map(str, new))}: both must have the same atoms in the same order"
        )


def _groups(ids) -> list[list[int]]:
    """Old ids that share a new one."""
    groups = [np.flatnonzero(ids == new).tolist() for new in np.unique(ids[ids >= 0])]
    return [group for group in groups if len(group) > 1]


def _rewired(landscape, network, of_minima, of_states) -> list[int]:
    old, new = landscape.transition_states, network.transition_states
    found = []
    for state, entry in enumerate(of_states.tolist()):
        if entry < 0:
            continue
        before = sorted((int(of_minima[old.plus[state]]), int(of_minima[old.minus[state]])))
        if before != sorted((int(new.plus[entry]), int(new.minus[entry]))):
            found.append(state)
    return found


def _moved(surface, x, ids, new) -> np.ndarray:
    moved = np.full(len(x), np.nan)
    for i in np.flatnonzero(ids >= 0):
        image, _ = surface.symmetry.align(x[i], new[ids[i]])
        moved[i] = np.max(np.abs(image - x[i]), initial=0.0)
    return moved


def _listed(ids) -> str:
    return ", ".join(map(str, ids))
