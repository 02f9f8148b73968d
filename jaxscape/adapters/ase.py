"""Any calculator of the Atomic Simulation Environment as a surface."""

import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np

from jaxscape._machine import cores
from jaxscape.adapters._arguments import checked_numbers, missing
from jaxscape.adapters._callback import Calculated, Evaluations
from jaxscape.adapters._pool import InProcess, Pool, try_out
from jaxscape.adapters._starts import Rattled
from jaxscape.adapters._worker import ase_energy
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Crystal, NoSymmetry, Symmetry

if TYPE_CHECKING:
    from ase import Atoms


def ase(
    calculator: Any,
    atoms: "Atoms | Sequence[Atoms]",
    *,
    symmetry: Symmetry | None = None,
    workers: int | None = None,
    time_limit: float = 60.0,
    fresh: bool = True,
    difference: float = 3e-3,
    tolerance: float = 1e-5,
    rattle: float = 0.1,
    name: str = "",
) -> Surface:
    """The energy of an ASE calculator as a surface over the atoms that are free to move.

    Gradients are the calculator's forces, Hessian-vector products central differences of them.
    A batch is computed by several processes at once; a calculation that raises, crashes, takes
    too long or gives NaN is a point of its own without an energy (`Status.NOT_FINITE`).

    **Arguments:**

    - `calculator`: an ASE calculator not yet used, or a function without arguments that makes
      one. It goes to the workers by pickle.
    - `atoms`: the system, `ase.Atoms`; or several of the same atoms, all of them starts. Atoms
      under `FixAtoms` stay where they are in the first.
    - `symmetry`: default for molecules `Cluster` of the atoms' kinds and masses with
      `inversion=False` (enantiomers are different points), for cells periodic in all directions
      `Crystal`; none with frozen atoms or other cells. Where nothing is frozen and no symmetry
      takes translations out, every point is `DEGENERATE`.
    - `workers`: processes; default one a core. With 0 everything is computed in this process,
      without protection against crashes and calculations that hang.
    - `time_limit`: seconds for one calculation.
    - `fresh`: every calculation starts from a new copy of the calculator, so that results do not
      depend on what was computed before. Turn it off for calculators that are slow to set up.
    - `difference`: displacement in Angstrom for differences of forces.
    - `tolerance`: default largest root-mean-square gradient of searches, in eV / Angstrom.
    - `rattle`: samples are the given positions with every coordinate moved by up to this.

    **Returns:** a `Surface` in eV and Angstrom; `surface.unravel(x)` is an `Atoms`.

    **Raises:** `ImportError` without ASE; `ValueError` for constraints other than `FixAtoms`,
    atoms that differ, or a calculator that cannot compute the given positions, with its own words.

    >>> from ase.build import molecule
    >>> from ase.calculators.emt import EMT
    >>> surface = ase(EMT(), molecule("H2O"), workers=0)
    >>> surface.dim, surface.units.energy
    (9, 'eV')

    A. H. Larsen et al., J. Phys. Condens. Matter 29, 273002 (2017).
    """
    systems = _systems(atoms)
    checked_numbers(workers, time_limit=time_limit, difference=difference, tolerance=tolerance)
    first = systems[0]
    free = _free(first)
    points = np.array([_checked(s, first).get_positions()[free].reshape(-1) for s in systems])
    dim = points.shape[1]
    bare = first.copy()
    bare.calc = None
    bare.set_constraint()
    options = {
        "calculator": _pickled(calculator, workers),
        "atoms": bare,
        "free": free,
        "fresh": fresh,
    }
    workers = cores() if workers is None else workers
    compute = (
        Pool("ase", options, dim, workers, time_limit)
        if workers
        else InProcess(ase_energy(**options), dim)
    )
    try_out(compute, points[0], repr(calculator))
    if symmetry is None:
        symmetry = _symmetry(first, free)
    named = calculator if hasattr(calculator, "get_property") else None
    title = "ase" if named is None else type(named).__name__.lower()
    return Surface(
        Calculated(Evaluations(compute, dim), difference),
        symmetry=symmetry,
        sampler=Rattled(points, rattle),
        dim=dim,
        name=name or f"{title} {first.get_chemical_formula()}",
        units=Units("eV", "Angstrom"),
        unflatten=_ToAtoms(_Held(bare, free)),  # type: ignore
        tolerance=tolerance,
    )


def to_atoms(surface: Surface, points) -> Any:
    """Points of a surface of atoms as `Atoms` that know their energies, in eV and Angstrom.

    **Arguments:**

    - `surface`: what `js.adapters.ase` returned, or any surface whose symmetry names the atoms and
      whose lengths are in Angstrom.
    - `points`: `StationaryPoints` or `TransitionStates`, the minima or transition states of a
      landscape, or `Paths`.

    **Returns:** a list of `Atoms`, ready for `ase.io.write("points.xyz", ...)`; for `Paths` a list
    of such lists. Of transition states, the array `eigenvector` is the unstable mode. Atoms that
    `FixAtoms` held are held again.

    **Raises:** `ValueError` if nothing says which atoms these are, or for other units.

    >>> from ase.build import molecule
    >>> from ase.calculators.emt import EMT
    >>> surface = ase(EMT(), molecule("N2"), workers=0)
    >>> import types
    >>> x = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 1.1]])
    >>> images = to_atoms(surface, types.SimpleNamespace(x=x, energy=[-1.5]))
    >>> float(images[0].get_potential_energy())
    -1.5
    """
    with missing("ase", "ase"):
        from ase.calculators.singlepoint import SinglePointCalculator
    make = _maker(surface)
    factor = surface.units.per("eV") if surface.units.energy else 1.0
    modes = getattr(points, "eigenvector", None)
    held = getattr(surface.unflatten, "held", None)
    free = slice(None) if held is None else held.free

    def images(rows, energies, vectors=None):
        found = []
        for i, (x, energy) in enumerate(zip(np.asarray(rows), np.asarray(energies), strict=True)):
            image = make(x)
            image.calc = SinglePointCalculator(image, energy=factor * float(energy))
            if vectors is not None:
                vector = np.zeros((len(image), 3))
                vector[free] = np.reshape(vectors[i], (-1, 3))
                image.set_array("eigenvector", vector)
            found.append(image)
        return found

    if hasattr(points, "images"):
        pairs = zip(points.images, points.energies, strict=True)
        return [images(rows, energies) for rows, energies in pairs]
    return images(points.x, points.energy, modes)


def from_atoms(surface: Surface, atoms: "Atoms | Sequence[Atoms]") -> np.ndarray:
    """`Atoms` as points of a surface, in the order of its atoms: the way back of `to_atoms`.

    A band of images relaxes with `js.neb(surface, x[:1], x[-1:], path=x[None])`.

    **Arguments:**

    - `surface`: as for `to_atoms`.
    - `atoms`: one or several, of the surface's atoms in the same order.

    **Returns:** `x` `[m, dim]`.

    **Raises:** `ValueError` for other atoms, positions that are not finite, or two atoms on one
    spot.

    >>> from ase.build import molecule
    >>> from ase.calculators.emt import EMT
    >>> surface = ase(EMT(), molecule("N2"), workers=0)
    >>> from_atoms(surface, [molecule("N2")] * 2).shape
    (2, 6)
    """
    systems = _systems(atoms)
    held = getattr(surface.unflatten, "held", None)
    reference = _maker(surface)(np.arange(surface.dim or 0, dtype=float))
    free = np.arange(len(reference)) if held is None else held.free
    return np.array([_checked(s, reference).get_positions()[free].ravel() for s in systems])


def _maker(surface):
    """A function from points to bare `Atoms`."""
    if isinstance(surface.unflatten, _ToAtoms):
        return surface.unflatten
    species = getattr(surface.symmetry, "species", None)
    if species is None or surface.units.length not in ("Angstrom", ""):
        raise ValueError(
            f"surface {surface.name!r} with lengths in {surface.units.length or 'no unit'!r} does "
            "not say which atoms its points are: use one of js.adapters, or a symmetry with "
            "species= and units in Angstrom"
        )
    from ase import Atoms

    symbols = [str(kind) for kind in species]
    masses = surface.symmetry.masses
    return lambda x: Atoms(symbols, np.asarray(x, np.float64).reshape(-1, 3), masses=masses)


class _Held:
    """Atoms, compared by identity: they are no part of what is compiled."""

    def __init__(self, atoms, free):
        self.atoms, self.free = atoms, free


class _ToAtoms(eqx.Module):
    held: _Held = eqx.field(static=True)

    def __call__(self, x):
        image = self.held.atoms.copy()
        positions = image.get_positions()
        positions[self.held.free] = np.asarray(x, np.float64).reshape(-1, 3)
        image.set_positions(positions)
        if len(self.held.free) < len(image):
            from ase.constraints import FixAtoms

            rest = np.setdiff1d(np.arange(len(image)), self.held.free)
            image.set_constraint(FixAtoms(indices=rest))
        return image


def _systems(atoms) -> list:
    with missing("ase", "ase"):
        from ase import Atoms
    systems = [atoms] if isinstance(atoms, Atoms) else list(atoms)
    wrong = [s for s in systems if not isinstance(s, Atoms)]
    if wrong or not systems:
        raise ValueError(f"atoms is {atoms!r}; pass ase.Atoms, or a list of them")
    if len(systems[0]) == 0:
        raise ValueError("atoms has no atom in it")
    return systems


def _symmetry(atoms, free):
    """Of a molecule or a crystal; none where some atoms are held, or some directions periodic."""
    kinds = {"species": atoms.get_chemical_symbols(), "masses": atoms.get_masses()}
    if len(free) == len(atoms) and not atoms.pbc.any():
        return Cluster(**kinds, inversion=False)
    if len(free) == len(atoms) and atoms.pbc.all():
        return Crystal(cell=atoms.cell.array, **kinds, inversion=False)
    return NoSymmetry()


def _free(atoms):
    """Indices of the atoms that may move."""
    from ase.constraints import FixAtoms

    held = np.zeros(len(atoms), bool)
    for constraint in atoms.constraints:
        if not isinstance(constraint, FixAtoms):
            raise ValueError(
                f"atoms carries the constraint {type(constraint).__name__}, and only FixAtoms "
                "has a meaning for stationary points: remove it with atoms.set_constraint()"
            )
        held[constraint.get_indices()] = True
    if held.all():
        raise ValueError("all atoms are fixed by constraints: nothing can move")
    return np.flatnonzero(~held)


def _checked(atoms, first):
    if atoms.get_chemical_symbols() != first.get_chemical_symbols():
        raise ValueError(
            f"atoms lists {first.get_chemical_formula()} and {atoms.get_chemical_formula()}: "
            "all must be the same atoms in the same order"
        )
    positions = atoms.get_positions()
    if not np.isfinite(positions).all():
        raise ValueError("atoms has positions that are not finite")
    apart = np.linalg.norm(positions[:, None] - positions, axis=-1)
    apart[np.arange(len(apart)), np.arange(len(apart))] = np.inf
    if apart.min() < 1e-3:
        pair = np.unravel_index(np.argmin(apart), apart.shape)
        raise ValueError(f"atoms {pair[0]} and {pair[1]} are on one spot")
    if atoms.pbc.all() and abs(atoms.cell.volume) < 1e-9:
        raise ValueError("the periodic cell has no volume: set atoms.cell")
    return atoms


def _pickled(calculator, workers) -> bytes:
    if not hasattr(calculator, "get_property") and not callable(calculator):
        raise ValueError(
            f"calculator is {calculator!r}; pass an ASE calculator, or a function that makes one"
        )
    try:
        return pickle.dumps(calculator)
    except Exception as error:
        raise ValueError(
            f"calculator cannot be sent to another process ({error}): pass one that was not used "
            "yet, or a function at the top of a module that makes it"
        ) from error
