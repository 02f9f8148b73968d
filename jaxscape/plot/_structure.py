"""Small drawings of points: atoms as balls and bonds, anything else as bars."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import Landscape
from jaxscape.plot._elements import balls, elements, shades
from jaxscape.plot._style import BLUE, INK, VERMILION
from jaxscape.symmetry import Cluster, Crystal, Molecule, Molecules
from jaxscape.symmetry._bonds import bonds_of
from jaxscape.symmetry.sphere import Sphere

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Neighbours are joined up to this multiple of the usual distance between nearest ones: the
# second shell of close packing is at 1.41.
BONDED = 1.22


def species_of(landscape: Landscape) -> tuple[str, ...] | None:
    """The kind of each atom, or None where points are no atoms in space."""
    symmetry, dim = landscape.symmetry, landscape.dim or 0
    if symmetry is not None or dim % 3:
        return species_of_symmetry(symmetry, dim)
    # A landscape loaded without its surface still has the text of its symmetry.
    text = landscape._contents.header.symmetry
    if not text.startswith(("cluster(", "molecule(cluster(", "sphere(")):
        return None
    runs = re.findall(r"(\d+)\*([^+,)]+)", text.partition("species=")[2].partition(", ")[0])
    kinds = tuple(kind for count, kind in runs for _ in range(int(count)))
    return kinds if len(kinds) == dim // 3 else ("",) * (dim // 3)


def species_of_symmetry(symmetry, dim: int) -> tuple[str, ...] | None:
    """The same of points `[dim]` with this symmetry."""
    if dim % 3 or not isinstance(symmetry, Cluster | Crystal | Molecule | Molecules | Sphere):
        return None
    kinds = symmetry.species
    if getattr(symmetry, "variable_cell", False):
        return None
    if kinds is None:
        return ("",) * (dim // 3)
    # Points hold free atoms, which come first.
    return tuple(str(kind) for kind in kinds)[: dim // 3] if len(kinds) >= dim // 3 else None


def upright(x: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n atoms 3"]:
    """Atoms centred, the longest principal axis to the right, the shortest towards the reader."""
    atoms = np.reshape(x, (len(x), -1, 3))
    atoms = atoms - atoms.mean(axis=1, keepdims=True)
    axes = np.linalg.eigh(np.einsum("nai,naj->nij", atoms, atoms))[1][:, :, ::-1]
    # Proper rotations only, so that the hand of a molecule is kept.
    axes[:, :, 2] *= np.sign(np.linalg.det(axes))[:, None]
    return atoms @ axes


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
    return np.argwhere(np.triu(apart < BONDED * usual, 1)), usual


def draw_atoms(ax: Axes, x: Float[np.ndarray, " dim"], species: tuple[str, ...]) -> None:
    """Balls and bonds, seen along the shortest principal axis; what is far away is paler."""
    from matplotlib.collections import EllipseCollection, LineCollection
    from matplotlib.colors import to_rgb

    atoms = upright(x[None])[0]
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
    reach = float(np.abs(atoms[:, :2]).max(initial=0.0)) + 0.6 * float(sizes.max())
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
    species = species_of(landscape)
    if species is None:
        return draw_bars
    return lambda ax, x: draw_atoms(ax, x, species)
