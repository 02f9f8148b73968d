"""Structures, paths and vibrations to turn and to play, in a notebook or a page of its own."""

from __future__ import annotations

import base64
import html as markup
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from jaxscape.landscape import Landscape
from jaxscape.plot._atoms import CORNERS, Structures, structures_of, upright
from jaxscape.plot._elements import looks
from jaxscape.plot._structure import bonds
from jaxscape.plot._style import plain_unit
from jaxscape.plot.html import fill, read
from jaxscape.search.neb import Paths
from jaxscape.surface import Surface, Units

# Milliseconds between frames of a path, and for one period of a vibration.
_PAUSE, _PERIOD = 120, 1500


class View:
    """A page with atoms to turn; the last line of a notebook cell shows it.

    `page` is its HTML, which needs nothing from the network. `width` and `height` in pixels.
    """

    def __init__(self, page: str, width: int, height: int):
        self.page, self.width, self.height = page, width, height

    def save(self, path: str | Path) -> Path:
        """Write the page; a file that exists is replaced."""
        path = Path(path)
        path.write_text(self.page, "utf-8")
        return path

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{markup.escape(self.page)}" width="{self.width}" '
            f'height="{self.height}" sandbox="allow-scripts" style="border:0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<View of {self.width} by {self.height}: shown by notebooks, .save(path) writes it>"


def view(
    x: Float[np.ndarray, ...] | Paths | Any,
    surface: Surface | Landscape | None = None,
    *,
    mode: Float[np.ndarray, " dim"] | None = None,
    amplitude: float = 0.5,
    species: Sequence[str] | None = None,
    energies: Float[np.ndarray, " frames"] | None = None,
    units: Units | None = None,
    title: str = "",
    width: int = 480,
    height: int = 380,
) -> View:
    """A structure in three dimensions to turn, a path to walk along, or a vibration that plays.

    Bonds join atoms nearer than 1.3 times the sum of their covalent radii in each frame, so that
    those made and broken along a path are seen; atoms that are no elements are joined to their
    nearest neighbours.

    **Arguments:**

    - `x`: one point `[3 n]`; frames `[f, 3 n]`; `Paths` of `neb`, of which the first is taken; or
      stationary points, such as `landscape.minima`, the lowest first.
    - `surface`: whose atoms these are, a `Surface` or a `Landscape`: it tells kinds and units.
    - `mode` `[3 n]`: the point swings along it, such as a row of `normal_modes(...)[1]`, or the
      eigenvector of a transition state. `amplitude`: how far the atom that moves most does.
    - `species`: the kinds of the atoms where there is no surface.
    - `energies` `[f]`, `units`: told below each frame.
    - `title`: told before the number of the frame; `width`, `height`: in pixels.

    **Returns:** a `View`: notebooks show it, `.save("molecule.html")` writes a page that works
    offline.

    **Raises:** `ValueError` for points that are not three finite coordinates for each atom.

    >>> water = np.array([0.0, 0, 0, 0.76, 0.59, 0, -0.76, 0.59, 0])
    >>> view(water, species="OHH")
    <View of 480 by 380: shown by notebooks, .save(path) writes it>
    """
    source = surface
    if isinstance(x, Paths):
        x, energies = x.images[0], x.energies[0]
    elif not isinstance(x, np.ndarray) and hasattr(x, "energy"):
        order = np.argsort(np.asarray(x.energy), kind="stable")
        x, energies = np.asarray(x.x)[order], np.asarray(x.energy)[order]
    points = np.asarray(x, np.float64)
    points = points[None] if points.ndim == 1 else points
    if points.ndim != 2 or not points.size or points.shape[1] % 3:
        raise ValueError(f"x has shape {points.shape}: pass [3 n] or frames [f, 3 n]")
    if not np.isfinite(points).all():
        bad = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ValueError(f"x is not finite in frame {bad}")
    units = units or (source.units if source is not None else Units())
    if mode is not None:
        points = _swing(points, np.asarray(mode, np.float64), amplitude)
        energies = None
    found = structures_of(source, points, species)
    if found is None:
        raise ValueError("points of this surface are no atoms in space: there is no view")
    if energies is not None and np.shape(energies) != (len(points),):
        raise ValueError(f"energies have shape {np.shape(energies)}: pass [{len(points)}]")
    data = _data(found, title or "Frame")
    data["labels"] = _labels(len(points), energies, units, title, mode is not None)
    data |= {"plays": mode is not None, "first": 0}
    data["pause"] = _PERIOD / len(points) if mode is not None else _PAUSE
    parts = {
        "title": markup.escape(title or "Structure"),
        "script": "{\n" + read("structure.js") + read("view.js") + "}",
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    return View(fill(read("view.html"), parts), width, height)


def _swing(points, mode, amplitude):
    if len(points) != 1 or mode.shape != points[0].shape:
        raise ValueError(f"mode has shape {mode.shape}: pass one point [dim] and a mode [dim]")
    longest = np.max(np.linalg.norm(mode.reshape(-1, 3), axis=1))
    if not (np.isfinite(longest) and longest > 0 and 0 < amplitude < np.inf):
        raise ValueError(f"mode is zero or not finite, or amplitude {amplitude} not positive")
    turn = np.sin(2 * np.pi * np.arange(24) / 24)
    return points + amplitude / longest * turn[:, None] * mode


def _data(structures: Structures, name: str) -> dict[str, Any]:
    atoms = upright(structures, as_one=True)
    extent = float(np.linalg.norm(atoms, axis=2).max())
    scale = (np.abs(atoms).max() or 1.0) / 32767
    kinds = structures.species
    found: dict[str, Any] = {
        "kind": "atoms",
        "species": list(kinds),
        "corners": CORNERS * structures.boxed,
        "frames": len(atoms),
        "dim": structures.points.shape[1],
        "name": name,
        "scale": scale,
        "points": base64.b64encode(np.round(atoms / scale).astype("<i2").tobytes()).decode(),
    }
    found |= looks(kinds, bonds(atoms[0, : len(kinds)])[1])
    return found | {"extent": extent + max(found["balls"])}


def _labels(count, energies, units, title, swings) -> list[str]:
    labels = []
    for i in range(count):
        words = [title] if title else []
        if count > 1 and not swings:
            words.append(f"{i + 1} of {count}")
        if energies is not None:
            unit = plain_unit(units.energy)
            words.append(f"{float(energies[i]):.6g}{f' {unit}' if unit else ''}")
        labels.append(", ".join(words))
    return labels
