"""One molecule from a force field to GFN2-xTB and on to Hartree-Fock; bonds that are broken."""

import jax
import numpy as np
import pytest

import jaxscape as js

pytest.importorskip("rdkit")
pytest.importorskip("tblite.ase")
from ase import Atoms
from tblite.ase import TBLite

gto = pytest.importorskip("pyscf.gto")

GFN2 = {"method": "GFN2-xTB", "verbosity": 0, "accuracy": 0.01}
# Bonds of 1.07, 1.15, 1.00 and 1.17 Angstrom; hydrogen beside the axis breaks its symmetry.
HCN = np.array([0.0, 0, -1.07, 0, 0, 0, 0, 0, 1.15])
HNC = np.array([0.05, 0, 2.17, 0, 0, 0, 0, 0, 1.17])


def hartree_fock(species, x, basis):
    atoms = [(kind, place) for kind, place in zip(species, x.reshape(-1, 3), strict=True)]
    return gto.M(atom=atoms, basis=basis, verbose=0)


def imaginary(mol, x):
    """Wavenumbers below zero by PySCF's own analytic Hessian, in cm^-1."""
    from pyscf.hessian import thermo

    field = mol.set_geom_(x.reshape(-1, 3), unit="Angstrom", inplace=False).RHF()
    field.run(conv_tol=1e-11)
    found = thermo.harmonic_analysis(field.mol, field.Hessian().kernel())
    return found["freq_wavenumber"][found["freq_wavenumber"].imag > 50].imag


@pytest.fixture(scope="module")
def formic():
    """Formic acid with MMFF94 and GFN2-xTB."""
    mmff = js.adapters.rdkit("OC=O", conformers=4)
    network = js.explore(
        mmff, mmff.sampler.points, key=jax.random.key(0), searches=32, batch=16, progress=False
    )
    atoms = js.adapters.to_atoms(mmff, network.minima)
    xtb = js.adapters.ase(TBLite(**GFN2), atoms, symmetry=mmff.symmetry)
    return network, *network.reconverge(xtb)


@pytest.mark.slow
def test_formic_acid_keeps_its_conformers_from_mmff94_to_xtb(formic):
    network, refined, report = formic
    # The hydroxyl turns either way round from syn to anti: mirror images.
    assert len(network.minima) == 2 and len(network.transition_states) >= 2
    assert not report.lost_minima and not report.merged_minima
    turn = refined.transition_states.plus != refined.transition_states.minus
    heights = refined.transition_states.energy[turn] - refined.minima.energy.min()
    np.testing.assert_allclose(heights, heights[0], atol=1e-6)
    print(report, js.barrier_table(refined, units="kJ/mol"))


@pytest.mark.long
def test_formic_acid_on_to_hartree_fock(formic):
    _, refined, _ = formic
    species = refined.symmetry.species
    mol = hartree_fock(species, refined.minima.x[0], "3-21g")
    surface = js.adapters.pyscf(mol, "HF", symmetry=refined.symmetry)
    network, report = refined.reconverge(surface)
    print(report, js.barrier_table(network, units="kJ/mol"))
    assert not report.lost_minima and not report.lost_transition_states
    for x in network.transition_states.x:
        assert len(imaginary(mol, x)) == 1
    for x in network.minima.x:
        assert len(imaginary(mol, x)) == 0


@pytest.fixture(scope="module")
def cyanide():
    """The way from hydrogen cyanide to its isomer with GFN2-xTB, along a geodesic."""
    surface = js.adapters.ase(TBLite(**GFN2), Atoms("HCN", HCN.reshape(3, 3)))
    ends = js.minimise(surface, np.stack([HCN, HNC]))
    method = js.NEB(images=9, climbing=True, interpolation=js.Geodesic("HCN"))
    band = js.neb(surface, ends.x[:1], ends.x[1:], method=method, max_steps=30)
    top = band.candidates()
    network = js.Landscape(surface)
    network.add(ends)
    network.add(js.find_transition_states(surface, top.x, modes=top.mode, key=jax.random.key(0)))
    return network


@pytest.mark.slow
def test_hydrogen_cyanide_isomerises(cyanide):
    found = js.reactions(cyanide, units="kJ/mol")
    assert found.names == ("CHN", "CHN") and len(found) == 1
    assert found.broken == (("C-H",),) and found.made == (("H-N",),)
    # The same from bands over straight lines and IDPP.
    np.testing.assert_allclose(found.energy, 306.377, atol=0.01)
    table = js.barrier_table(cyanide, units="kJ/mol")
    np.testing.assert_allclose(table.backward, 222.607, atol=0.01)
    np.testing.assert_allclose(table.imaginary, -1426.1, atol=0.5)
    # Linear ends and a bent transition state have different numbers of vibrations.
    warm = js.free_energy_barriers(cyanide, 0, 1)
    assert 280 < warm.forward[0] < 290
    bound = js.symmetry.Molecule.from_positions("HCN", HCN)
    refused = js.Landscape(
        js.adapters.ase(TBLite(**GFN2), Atoms("HCN", HCN.reshape(3, 3)), symmetry=bound)
    )
    report = refused.add(js.minimise(refused.surface, np.stack([HCN, HNC])))
    assert len(refused.minima) == 1 and "bond H0-C1 is broken" in dict(report.rejected)[1]


@pytest.mark.long
def test_hydrogen_cyanide_on_to_hartree_fock(cyanide):
    mol = hartree_fock("HCN", cyanide.minima.x[0], "6-31g")
    network, report = cyanide.reconverge(js.adapters.pyscf(mol, "HF"))
    assert not report.lost_minima and not report.lost_transition_states
    (energy,) = js.reactions(network, units="kJ/mol").energy
    np.testing.assert_allclose(energy, 274.669, atol=0.01)
    (own,) = imaginary(mol, network.transition_states.x[0])
    (table,) = js.barrier_table(network).imaginary
    np.testing.assert_allclose(-table, own, rtol=2e-3)
