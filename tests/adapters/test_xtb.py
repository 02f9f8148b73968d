"""GFN2-xTB through tblite: from a molecule to its conformers and barriers."""

import jax
import numpy as np
import pytest

import jaxscape as js

pytest.importorskip("ase")
pytest.importorskip("tblite.ase")
from ase.build import molecule
from tblite.ase import TBLite


@pytest.mark.long
def test_ethanol_has_three_conformers_and_the_barriers_between_them():
    atoms = molecule("CH3CH2OH")
    bonds = js.symmetry.Molecule.from_positions(
        atoms.get_chemical_symbols(), atoms.positions.ravel(), masses=atoms.get_masses()
    )
    calculator = TBLite(method="GFN2-xTB", verbosity=0, accuracy=0.01)
    surface = js.adapters.ase(calculator, atoms, symmetry=bonds, rattle=0.2)
    network = js.explore(
        surface, surface.sample(jax.random.key(0), 8), key=jax.random.key(1),
        searches=64, batch=32, progress=False,
    )  # fmt: skip
    assert surface.function.evaluations.failures < 0.01 * surface.function.evaluations.calls
    # Anti, and gauche on either side.
    assert len(network.minima) == 3
    energies = np.sort(network.minima.energy)
    assert min(np.diff(energies)) < 1e-6
    # ASE's BFGS ends at these from either geometry.
    np.testing.assert_allclose(energies[[0, 2]], [-310.055768, -309.988500], atol=2e-6)
    assert len(network.components()) == 1
    table = js.barrier_table(network, units="kJ/mol")
    assert (table.imaginary < -100).all()
    anti = int(np.argmax(network.minima.energy))
    ends = np.sort(np.stack([table.plus, table.minus]), axis=0).T
    across = ends[:, 0] != ends[:, 1]
    # The hydroxyl turns from anti to gauche and back over one barrier on either side.
    assert sum(anti in pair for pair in ends[across].tolist()) == 2
