"""Hartree-Fock and density functionals of PySCF as surfaces."""

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

from jaxscape._machine import cores
from jaxscape.adapters._arguments import checked_numbers, missing
from jaxscape.adapters._callback import Calculated, Evaluations
from jaxscape.adapters._pool import InProcess, Pool, try_out
from jaxscape.adapters._starts import Rattled, checked_positions
from jaxscape.adapters._worker import pyscf_energy
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Symmetry

if TYPE_CHECKING:
    from pyscf.gto import Mole  # type: ignore


def pyscf(
    mol: "Mole",
    method: str | Callable = "HF",
    *,
    symmetry: Symmetry | None = None,
    workers: int | None = None,
    time_limit: float = 600.0,
    difference: float = 5e-3,
    tolerance: float = 2e-6,
    rattle: float = 0.1,
    name: str = "",
) -> Surface:
    """The energy of a PySCF molecule by Hartree-Fock or a density functional.

    Gradients are analytic, Hessian-vector products central differences of them. A calculation
    that does not converge, raises or takes too long costs its own lane only.

    **Arguments:**

    - `mol`: a `pyscf.gto.Mole` that was built; charge, spin and basis are its own.
    - `method`: `"HF"`, the name of a functional (`"PBE"`, `"B3LYP"`), or a function at the top of a
      module that makes a mean-field object of a molecule (`mol -> mf`).
    - `symmetry`: default `Cluster` of the atoms' kinds and masses with `inversion=False`.
    - `workers`, `time_limit`, `rattle`: as in `ase`; by default one process a core.
    - `difference`: displacement in Angstrom for differences of gradients.
    - `tolerance`: default largest root-mean-square gradient of searches, in hartree/Angstrom.
      Functionals on coarse grids need more.

    **Returns:** a `Surface` in hartree and Angstrom.

    **Raises:** `ImportError` without PySCF; `ValueError` for a molecule that is not built, has
    ghost atoms, or cannot be computed where it is.

    ```python
    mol = pyscf.M(atom="O 0 0 0; H 0.76 0.59 0; H -0.76 0.59 0", basis="6-31g")
    surface = jaxscape.adapters.pyscf(mol, "HF")
    ```

    Q. Sun et al., J. Chem. Phys. 153, 024109 (2020).
    """
    with missing("pyscf", "pyscf"):
        from pyscf import gto  # type: ignore
    if not isinstance(mol, gto.Mole) or not mol.natm:
        raise ValueError(f"mol is {mol!r}; pass a pyscf.gto.Mole that was built, with atoms")
    if not isinstance(method, str) and not callable(method):
        raise ValueError(f"method is {method!r}; pass 'HF', a functional, or a function of mol")
    checked_numbers(workers, time_limit=time_limit, difference=difference, tolerance=tolerance)
    species = [mol.atom_pure_symbol(i) for i in range(mol.natm)]
    ghosts = [i for i, charge in enumerate(mol.atom_charges()) if charge == 0]
    if ghosts:
        raise ValueError(f"atom {ghosts[0]} is a ghost: only atoms can move")
    starts = checked_positions(mol.atom_coords(unit="Angstrom"), mol.natm).reshape(1, -1)
    try:
        options = {"mol": mol, "method": method}
        pickle.dumps(options)
    except Exception as error:
        raise ValueError(
            f"mol and method cannot be sent to another process ({error}): pass a function at the "
            "top of a module"
        ) from error
    dim = starts.shape[1]
    workers = cores() if workers is None else workers
    compute = (
        Pool("pyscf", options, dim, workers, time_limit)
        if workers
        else InProcess(pyscf_energy(**options), dim)
    )
    try_out(compute, starts[0], "mol")
    title = method if isinstance(method, str) else getattr(method, "__name__", "pyscf")
    return Surface(
        Calculated(Evaluations(compute, dim), difference),
        symmetry=symmetry
        or Cluster(
            species=species, masses=mol.atom_mass_list(isotope_avg=True).tolist(), inversion=False
        ),
        sampler=Rattled(starts, rattle),
        dim=dim,
        name=name or f"{title.lower()} {''.join(species)}",
        units=Units("hartree", "Angstrom"),
        tolerance=tolerance,
    )
