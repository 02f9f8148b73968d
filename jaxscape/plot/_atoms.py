"""What points are atoms: their kinds, all their positions, and the cell they are in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from jaxscape.landscape import Landscape
from jaxscape.surface import Surface
from jaxscape.symmetry import Cluster, Crystal, Molecule, Molecules
from jaxscape.symmetry.sphere import Sphere

# Of a cell; edges join those that differ along one of its vectors.
CORNERS = 8
_ALONG = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
EDGES = [(i, i + step) for i in range(CORNERS) for step in (1, 2, 4) if not i & step]


class Structures(NamedTuple):
    """Frames of the same atoms.

    `species` `[n]`; `points` `[f, 3 n]`, atoms held fixed included; where `boxed`, atoms are in
    their cell and its corners follow them, `[f, 3 n + 24]`.
    """

    species: tuple[str, ...]
    points: Float[np.ndarray, "frames dim"]
    boxed: bool


def structures_of(
    source: Surface | Landscape | None, points, species: Sequence[str] | None = None
) -> Structures | None:
    """Points `[f, dim]` of a surface or landscape as atoms; None where they are none.

    **Raises:** `ValueError` for `species` of another number of atoms.
    """
    points = np.asarray(points, np.float64)
    if species is not None:
        return _named(tuple(str(kind) for kind in species), points)
    if source is None:
        return _named(("",) * (points.shape[1] // 3), points)
    surface = source.surface if isinstance(source, Landscape) else source
    if surface is not None and surface.unflatten is not None and len(points):
        if hasattr(surface.unravel(points[0]), "get_chemical_symbols"):
            return _of_ase([surface.unravel(x) for x in points])
    symmetry = source.symmetry
    if getattr(symmetry, "variable_cell", False):
        return _of_variable_cell(surface, symmetry, points)
    dim = points.shape[1]
    found = (
        _species_of_landscape(source)
        if isinstance(source, Landscape)
        else _species_of_symmetry(symmetry, dim)
    )
    if found is None:
        return None
    held = getattr(symmetry, "frozen", None)
    if held is not None:
        named = getattr(symmetry, "species", None)
        found += ("",) * len(held) if named is None else tuple(map(str, named[len(found) :]))
        rest = np.broadcast_to(np.ravel(held), (len(points), 3 * len(held)))
        points = np.concatenate([points, rest], axis=1)
    if not isinstance(symmetry, Crystal):
        return Structures(found, points, False)
    return Structures(found, _boxed(points, np.array(symmetry.cell)[None]), True)


def upright(structures: Structures, *, as_one: bool = False) -> Float[np.ndarray, "frames atoms 3"]:
    """Atoms centred, the longest principal axis to the right, the shortest towards the reader.

    Cells stay as they are, about their middle. `as_one`: all frames are moved and turned as the
    first is, so that what moves along a path is seen to.
    """
    x = structures.points
    atoms = np.reshape(x, (len(x), -1, 3))
    like = atoms[:1] if as_one else atoms
    if structures.boxed:
        return atoms - like[:, -CORNERS:].mean(axis=1, keepdims=True)
    centre = like.mean(axis=1, keepdims=True)
    axes = np.linalg.eigh(np.einsum("nai,naj->nij", like - centre, like - centre))[1][:, :, ::-1]
    # Proper rotations only, so that the hand of a molecule is kept.
    axes[:, :, 2] *= np.sign(np.linalg.det(axes))[:, None]
    return (atoms - centre) @ axes


def _named(species, points) -> Structures:
    count = points.shape[1] // 3
    if len(species) != count:
        raise ValueError(f"species names {len(species)} atoms, but points have {count}")
    return Structures(species, points, False)


def _of_ase(images: list[Any]) -> Structures:
    points = np.stack([one.get_positions().ravel() for one in images])
    species, cell = tuple(images[0].get_chemical_symbols()), images[0].cell.array
    boxed = images[0].pbc.any() and abs(np.linalg.det(cell)) > 0
    return Structures(species, _boxed(points, cell[None]) if boxed else points, bool(boxed))


def _of_variable_cell(surface, symmetry, points) -> Structures | None:
    if surface is None or not hasattr(surface.function, "frames_of"):
        return None
    places, cells = surface.function.frames_of(points)
    kinds = ("",) * (places.shape[1] // 3) if symmetry.species is None else symmetry.species
    return Structures(tuple(map(str, kinds)), _boxed(places, cells), True)


def _boxed(points, cells) -> np.ndarray:
    """Atoms in the cell they start in, and its corners; `cells` `[1 or f, 3, 3]`."""
    atoms = points.reshape(len(points), -1, 3)
    if len(atoms):
        # By the first frame alone: a path that leaves the cell stays in one piece.
        atoms = atoms - np.floor(atoms[0] @ np.linalg.inv(cells[0]) + 1e-9) @ cells
    corners = np.broadcast_to(_ALONG @ cells, (len(points), CORNERS, 3))
    return np.concatenate([atoms, corners], axis=1).reshape(len(points), -1)


def _species_of_landscape(landscape: Landscape) -> tuple[str, ...] | None:
    """The kind of each atom, or None where points are no atoms in space."""
    symmetry, dim = landscape.symmetry, landscape.dim or 0
    if symmetry is not None or dim % 3:
        return _species_of_symmetry(symmetry, dim)
    # A landscape loaded without its surface still has the text of its symmetry.
    text = landscape._contents.header.symmetry
    if not text.startswith(("cluster(", "molecule(cluster(", "sphere(")):
        return None
    runs = re.findall(r"(\d+)\*([^+,)]+)", text.partition("species=")[2].partition(", ")[0])
    kinds = tuple(kind for count, kind in runs for _ in range(int(count)))
    return kinds if len(kinds) == dim // 3 else ("",) * (dim // 3)


def _species_of_symmetry(symmetry, dim: int) -> tuple[str, ...] | None:
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
