"""What a picture of a network is drawn from: a landscape, a network without points, or a tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis import DisconnectivityTree, disconnectivity_tree
from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.plot._scale import Scale, scale_of
from jaxscape.surface import Units

# Fields of minima that are numbers worth a colour, with the names a reader knows them by.
NAMES = {
    "energy": "Energy",
    "order": "Point-group order",
    "hits": "Hits",
    "log_product": "Log product of eigenvalues",
    "lowest_eigenvalue": "Lowest eigenvalue",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """A network as pictures need it.

    `ids` `[M]` and `fields` (each `[M]`), `x` `[M, dim]` (None without points) of the minima in
    the order in which the caller has them; `tree` of all of them; `landscape` where there is one.
    Energies are on `scale`.
    """

    tree: DisconnectivityTree
    ids: Int[np.ndarray, " minima"]
    fields: Mapping[str, np.ndarray]
    x: Float[np.ndarray, "minima dim"] | None
    scale: Scale
    landscape: Landscape | None = None

    @property
    def units(self) -> Units:
        """Of energies on the scale, and of lengths."""
        return self.scale.units

    def rows(self, ids) -> np.ndarray:
        """Rows `[n]` of minima with these ids.

        **Raises:** `ValueError` for an id that does not exist.
        """
        ids = np.atleast_1d(np.asarray(ids))
        if ids.size and not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(f"ids of minima are integers, not {ids.dtype}: {ids[:5]}")
        order = np.argsort(self.ids, kind="stable")
        place = np.searchsorted(self.ids, ids, sorter=order)
        found = order[np.minimum(place, len(order) - 1)]
        wrong = self.ids[found] != ids
        if wrong.any():
            raise ValueError(f"there is no minimum {ids[wrong][0]} among {len(self.ids)} minima")
        return found

    def points(self, why: str) -> Float[np.ndarray, "minima dim"]:
        """The coordinates `[M, dim]`, or a `ValueError` that says `why` they are needed."""
        if self.x is None:
            raise ValueError(f"{why} needs the points of the minima: draw a Landscape")
        return self.x

    def values(self, given: str | Callable | Iterable, name: str, ids) -> np.ndarray:
        """One value `[n]` for each of the minima `ids`.

        `given` is the name of a field, a function of one point, or an array `[M]`; `name` is what
        messages call it.
        """
        rows = self.rows(ids)
        if isinstance(given, str):
            surface = None if self.landscape is None else self.landscape.surface
            metrics = () if surface is None else tuple(surface.metrics)
            if given in metrics:
                assert surface is not None
                return surface.measure(self.points(given)[rows])[given]
            if given not in self.fields:
                known = ", ".join([*self.fields, *metrics])
                raise ValueError(f"{name} is {given!r}, but minima have {known}")
            return self.fields[given][rows]
        if callable(given):
            values = np.array(
                [np.asarray(given(x)) for x in self.points(f"a function as {name}")[rows]]
            )
            if values.shape != (len(rows),):
                raise ValueError(f"{name} returns {values.shape[1:]} for one minimum, not a number")
            return values
        values = np.asarray(given)
        if values.shape != (len(self.ids),):
            raise ValueError(
                f"{name} has shape {values.shape}; pass [{len(self.ids)}], one a minimum"
            )
        return values[rows]


def as_source(
    landscape, tree: DisconnectivityTree | None = None, units: Units | str | None = None
) -> Source:
    """The `Source` of a `Landscape`, `KineticNetwork` or `DisconnectivityTree`.

    `tree` replaces the tree of potential energies: its leaves are minima of the landscape. `units`
    as in `scale_of`.

    **Raises:** `ValueError` for anything else, without minima, or for a tree with other leaves.
    """
    if isinstance(landscape, DisconnectivityTree):
        if tree is not None:
            raise ValueError("tree= goes with a landscape or a network: here one is drawn already")
        columns = {"energy": landscape.leaf_energies}
        own, ids, x, tree, drawn = Units(), landscape.leaf_ids, None, landscape, None
    elif isinstance(landscape, Landscape):
        minima = landscape.minima
        columns = {k: v for k, v in minima.columns().items() if v.ndim == 1}
        own, ids, x, drawn = landscape.units, minima.ids, minima.x, landscape
    elif isinstance(landscape, KineticNetwork):
        assert landscape.ids is not None
        names = ("energy", "log_product", "order")
        columns = {k: getattr(landscape, k) for k in names if getattr(landscape, k) is not None}
        own, ids, x, drawn = landscape.units, landscape.ids, None, None
    else:
        raise ValueError(
            f"landscape is a {type(landscape).__name__}: pass a Landscape, a KineticNetwork or a "
            "DisconnectivityTree"
        )
    if not len(ids):
        raise ValueError("the landscape has no minima to draw: explore its surface first")
    if tree is None:
        tree = disconnectivity_tree(landscape)  # type: ignore
    scale = scale_of(own, units, tree.leaf_energies.min())
    if scale.zero is not None:
        # A tree of free energies has another zero.
        columns["energy"] = scale.factor * (columns["energy"] - columns["energy"].min())
        tree = dataclasses.replace(
            tree,
            leaf_energies=scale(tree.leaf_energies),
            merge_energies=scale(tree.merge_energies),
        )
    source = Source(tree, ids, columns, x, scale, drawn)
    source.rows(tree.leaf_ids)
    return source


@dataclasses.dataclass(frozen=True)
class Steps:
    """Transition states: `ids`, `energy`, and rows of the minima on either side, each `[T]`."""

    ids: Int[np.ndarray, " states"]
    energy: Float[np.ndarray, " states"]
    plus: Int[np.ndarray, " states"]
    minus: Int[np.ndarray, " states"]


def steps_of(landscape: Landscape | KineticNetwork | DisconnectivityTree) -> Steps:
    """The transition states of a network; of a tree, its merges, between lowest minima."""
    if isinstance(landscape, KineticNetwork):
        assert landscape.ts_ids is not None
        return Steps(landscape.ts_ids, landscape.ts_energy, landscape.plus, landscape.minus)
    if isinstance(landscape, DisconnectivityTree):
        ends = landscape.lowest[landscape.children].T
        return Steps(landscape.merge_ids, landscape.merge_energies, ends[0], ends[1])
    if isinstance(landscape, Landscape):
        states = landscape.transition_states
        return Steps(states.ids, states.energy, states.plus, states.minus)
    raise ValueError(f"landscape is a {type(landscape).__name__}: pass a Landscape")
