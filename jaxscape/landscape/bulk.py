"""Points of other programs, taken over as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxscape.landscape.columns import MinimaView
from jaxscape.surface import Units
from jaxscape.symmetry import NoSymmetry

if TYPE_CHECKING:
    from jaxscape.landscape.network import Landscape

_KINDS = ("minima", "transition_states")
_DEFAULTS = {
    "rms_gradient": np.nan,
    "lowest_eigenvalue": np.nan,
    "log_product": np.nan,
    "active": 0,
    "hits": 1,
    "certified": False,
}


def take_points(
    landscape: Landscape,
    minima: Mapping[str, Any],
    transition_states: Mapping[str, Any] | None = None,
    *,
    name: str = "",
    units: Units | None = None,
    symmetry: str | None = None,
) -> Landscape:
    """Fill an empty landscape with points: rows become ids, nothing is merged or certified.

    **Arguments:**

    - `landscape`: an empty one, such as `Landscape(surface)`.
    - `minima`: columns by their names in `MinimaView`: `x` `[M, dim]`, `energy` `[M]`, and
      what else is known. A missing `order` is found by the surface's symmetry, other missing
      numbers are NaN, and `certified` is False unless given.
    - `transition_states`: the same, with `plus` and `minus` `[T]`, the rows of the two minima.
    - `name`, `units`, `symmetry` (a text of `Symmetry.describe`): of the surface the points
      come from, where the landscape has none.

    **Returns:** the landscape.

    **Raises:** `ValueError` for columns that are missing, unknown or of another shape, for
    energies or coordinates that are not finite, and for rows that do not exist.

    >>> from jaxscape.landscape import Landscape
    >>> points = {"x": [[0.0, 1.0], [0.0, 1.0]], "energy": [0.5, 0.5], "order": [1, 2]}
    >>> len(take_points(Landscape(), points).minima)
    2
    """
    if len(landscape.minima) or len(landscape.transition_states):
        raise ValueError(f"{landscape!r} is not empty: take points into a new Landscape(surface)")
    if landscape.surface is None:
        _label(landscape, name, units or Units(), symmetry)
    dim, rows = landscape.dim, []
    views = landscape.minima, landscape.transition_states
    tables = [minima] if transition_states is None else [minima, transition_states]
    for index, (view, columns) in enumerate(zip(views, tables, strict=False)):
        x = np.asarray(columns["x"], np.float64) if "x" in columns else None
        if x is None or x.ndim != 2 or (dim is not None and x.shape[1] != dim):
            found = "missing" if x is None else f"of shape {x.shape}"
            raise ValueError(f"{_KINDS[index]}: x is {found}, expected [n, {dim or 'dim'}]")
        dim = x.shape[1]
        rows.append(_complete(index, view, dict(columns) | {"x": x}, landscape.symmetry))
    if len(rows) == 2:
        _check_ends(rows[1], len(rows[0]["energy"]))
    landscape._set_header(dim=dim)
    for view, columns in zip(views, rows, strict=False):
        view._append(columns)
    return landscape


def _label(landscape: Landscape, name: str, units: Units, symmetry: str | None) -> None:
    header = landscape._contents.header
    landscape._contents.header = dataclasses.replace(
        header,
        name=name,
        energy_unit=units.energy,
        length_unit=units.length,
        symmetry=symmetry or header.symmetry,
    )
    if symmetry not in (None, NoSymmetry().describe()):
        landscape.symmetry = None


def _complete(index: int, view: MinimaView, columns: dict, symmetry) -> dict:
    kind = _KINDS[index]
    known = (*view._scalars, *view._vectors)
    unknown = sorted(set(columns) - set(known))
    if unknown:
        raise ValueError(f"{kind}: there is no column {unknown[0]!r}; known: {', '.join(known)}")
    x = columns["x"]
    out = {}
    for name in known:
        shape = x.shape if name in view._vectors else x.shape[:1]
        if name in columns:
            out[name] = np.asarray(columns[name])
        elif name in ("energy", "plus", "minus"):
            raise ValueError(f"{kind}: the column {name!r} is missing")
        elif name == "order":
            out[name] = _orders(symmetry, x)
        elif name == "index":
            out[name] = np.full(len(x), index)
        else:
            out[name] = np.full(shape, _DEFAULTS.get(name, np.nan))
        if out[name].shape != shape:
            raise ValueError(f"{kind}: {name} has shape {out[name].shape}, expected {shape}")
    for name in ("x", "energy"):
        good = np.isfinite(out[name]).all(axis=tuple(range(1, np.ndim(out[name]))))
        if not good.all():
            raise ValueError(f"{kind}: {name} of row {np.argmin(good)} is not finite")
    return out


def _orders(symmetry, x: np.ndarray) -> np.ndarray:
    if symmetry is None or isinstance(symmetry, NoSymmetry):
        return np.ones(len(x), np.int64)
    return np.array([symmetry.order(point) for point in x], np.int64)


def _check_ends(states: dict, size: int) -> None:
    for name in ("plus", "minus"):
        ends = states[name]
        if ends.size and not np.issubdtype(ends.dtype, np.integer):
            raise ValueError(f"transition_states: {name} holds {ends.dtype}, expected integers")
        wrong = np.flatnonzero((ends < 0) | (ends >= size))
        if len(wrong):
            raise ValueError(
                f"transition_states: {name} of row {wrong[0]} is {ends[wrong[0]]}, "
                f"but the rows of the {size} minima count from 0 to {size - 1}"
            )
