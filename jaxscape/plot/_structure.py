"""Small drawings of points: atoms as balls and bonds, anything else as bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import Landscape
from jaxscape.plot._atoms import CORNERS, EDGES, Structures, structures_of, upright
from jaxscape.plot._elements import NEIGHBOURS, balls, elements, shades
from jaxscape.plot._style import BLUE, INK, VERMILION
from jaxscape.symmetry._bonds import bonds_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From where cells are seen: a little from the right and from above.
_ASIDE, _DOWN = 0.35, -0.3


def bonds(
    atoms: Float[np.ndarray, "atoms 3"], species: tuple[str, ...] = ()
) -> tuple[Int[np.ndarray, "bonds 2"], float]:
    """Pairs of neighbours, and the usual distance between nearest atoms.

    Elements are joined by their covalent radii, other kinds up to a multiple of that distance.
    """
    apart = np.linalg.norm(atoms[:, None] - atoms[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    if len(atoms) < 2:
        return np.zeros((0, 2), np.int64), 1.0
    usual = float(np.median(apart.min(axis=1)))
    if elements(species):
        return np.array(bonds_of(species, atoms), np.int64).reshape(-1, 2), usual
    return np.argwhere(np.triu(apart < NEIGHBOURS * usual, 1)), usual


def draw_atoms(ax: Axes, structure: Structures) -> None:
    """Balls and bonds, seen along the shortest principal axis; what is far away is paler.

    A crystal is seen from aside, in its cell.
    """
    from matplotlib.collections import EllipseCollection, LineCollection
    from matplotlib.colors import to_rgb

    species, places = structure.species, upright(structure)[0]
    corners = np.zeros((0, 3))
    if structure.boxed:
        places = places @ _seen_from(_ASIDE, _DOWN)
        places, corners = places[:-CORNERS], places[-CORNERS:]
    atoms = places
    sizes = 2.0 * balls(species) if elements(species) else np.full(len(atoms), 0.62)
    pairs, usual = bonds(atoms, species)
    if not elements(species):
        sizes = usual * sizes
    depth = atoms[:, 2]
    near = (depth - depth.min()) / (float(np.ptp(depth)) or 1.0)
    base = np.array([to_rgb(shade) for shade in shades(species)])
    colours = base + (0.6 * (1.0 - near))[:, None] * (1.0 - base)
    for atom in np.argsort(depth, kind="stable"):
        ax.add_collection(
            EllipseCollection(
                [sizes[atom]],
                [sizes[atom]],
                [0.0],
                units="xy",
                offsets=atoms[atom, :2],
                transOffset=ax.transData,
                facecolors=[colours[atom]],
                edgecolors=INK,
                linewidths=0.4,
                zorder=2.0 + near[atom],
            )  # fmt: skip
        )
    for a, b in pairs.tolist():
        # From surface to surface, behind the nearer of its atoms.
        apart = float(np.linalg.norm(atoms[a] - atoms[b]))
        one, other = 0.42 * sizes[[a, b], None] / apart * (atoms[b, :2] - atoms[a, :2])
        level = 0.5 * (near[a] + near[b])
        ax.add_collection(
            LineCollection(
                [[atoms[a, :2] + one, atoms[b, :2] - other]],
                linewidths=0.9,
                colors=[str(0.75 - 0.4 * level)],
                zorder=2.0 + level,
            )  # fmt: skip
        )
    if structure.boxed:
        lines = [corners[list(edge), :2] for edge in EDGES]
        ax.add_collection(LineCollection(lines, linewidths=0.6, colors=[str(0.6)], zorder=1.9))
    shown = np.concatenate([atoms, corners])[:, :2]
    reach = float(np.abs(shown).max(initial=0.0)) + 0.6 * float(sizes.max())
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")


def draw_bars(ax: Axes, x: Float[np.ndarray, " dim"]) -> None:
    """One bar a coordinate, upwards for positive values."""
    colours = np.where(x >= 0, BLUE, VERMILION)
    ax.bar(np.arange(len(x)), x, width=0.85, color=colours.tolist())
    ax.axhline(0.0, color=INK, linewidth=0.5)
    reach = float(np.abs(x).max(initial=0.0)) or 1.0
    ax.set_ylim(-1.05 * reach, 1.05 * reach)


def drawer(landscape: Landscape) -> Callable[[Any, np.ndarray], None]:
    """What draws a point of this landscape: `draw(ax, x)`."""

    def draw(ax, x):
        found = structures_of(landscape, np.asarray(x)[None])
        if found is None:
            draw_bars(ax, x)
        else:
            draw_atoms(ax, found)

    return draw


def _seen_from(aside: float, down: float) -> Float[np.ndarray, "3 3"]:
    """The rotation of row vectors of a reader who looks from there, with z upwards."""
    c, s, d, t = np.cos(aside), np.sin(aside), np.cos(down), np.sin(down)
    turn = np.array([[c, 0.0, s], [s * t, d, -c * t], [-s * d, t, c * d]])
    return turn.T
