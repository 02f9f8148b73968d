"""OpenMM: a system whose energy is known by hand, AMBER, and systems that cannot be used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

pytest.importorskip("openmm")
import openmm
from openmm import app, unit

WATER = np.array([[0.0, 0.0, 0.0], [0.9, 0.3, 0.0], [-0.9, 0.4, 0.1]])


def water(mass=16.0):
    """Two springs of 1.0 Angstrom and 500 kcal/mol/Angstrom^2 between three particles."""
    system = openmm.System()
    for m in (mass, 1.0, 1.0):
        system.addParticle(m)
    springs = openmm.HarmonicBondForce()
    stiffness = 500 * unit.kilocalorie_per_mole / unit.angstrom**2
    for end in (1, 2):
        springs.addBond(0, end, 1.0 * unit.angstrom, stiffness)
    system.addForce(springs)
    return system


def topology():
    made = app.Topology()
    residue = made.addResidue("HOH", made.addChain())
    atoms = [made.addAtom(e, app.Element.getBySymbol(e), residue) for e in "OHH"]
    made.addBond(atoms[0], atoms[1])
    made.addBond(atoms[0], atoms[2])
    return made


def by_hand(x):
    atoms = x.reshape(3, 3)
    return 250 * jnp.sum((jnp.linalg.norm(atoms[1:] - atoms[0], axis=1) - 1.0) ** 2)


def test_energy_and_derivatives_in_kcal_and_angstrom():
    surface = js.adapters.openmm(water(), WATER, topology=topology())
    assert surface.units == js.Units("kcal/mol", "Angstrom")
    x = jnp.asarray(WATER.ravel())
    energy, gradient = surface.value_and_grad(x)
    np.testing.assert_allclose(energy, by_hand(x), rtol=1e-9)
    np.testing.assert_allclose(gradient, jax.grad(by_hand)(x), rtol=1e-6, atol=1e-6)
    v = jnp.arange(9.0) / 9
    product = jax.jvp(jax.grad(by_hand), (x,), (v,))[1]
    np.testing.assert_allclose(surface.hvp(x, v), product, rtol=1e-4, atol=1e-2)


def test_bonds_say_which_atoms_may_change_places():
    known = js.adapters.openmm(water(), WATER * unit.angstrom, topology=topology())
    unknown = js.adapters.openmm(water(), WATER)
    exchanged = WATER[[0, 2, 1]].ravel()
    assert known.symmetry.same(WATER.ravel(), exchanged)
    assert not unknown.symmetry.same(WATER.ravel(), exchanged)


def test_particles_without_mass_are_frozen():
    surface = js.adapters.openmm(water(mass=0.0), WATER)
    assert surface.dim == 6 and isinstance(surface.symmetry, js.symmetry.NoSymmetry)
    whole = js.adapters.openmm(water(), WATER)
    assert float(surface(WATER[1:].ravel())) == float(whole(WATER.ravel()))


def argon():
    """Four atoms in a periodic box, the topology of which has no bonds."""
    system, force = openmm.System(), openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.49)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.4)
    force.setUseDispersionCorrection(False)
    made = app.Topology()
    chain = made.addChain()
    for _ in range(4):
        system.addParticle(39.95)
        force.addParticle(0.0, 0.34, 1.0)
        made.addAtom("Ar", app.Element.getBySymbol("Ar"), made.addResidue("AR", chain))
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * [1.0, 1.1, 1.2]))
    return system, made


def test_a_periodic_box_has_the_symmetry_of_its_lattice():
    system, made = argon()
    positions = np.array([[1.0, 2, 3], [5.0, 2, 3.2], [1.0, 7, 3], [4.0, 6, 9]])
    surface = js.adapters.openmm(system, positions, topology=made)
    assert isinstance(surface.symmetry, js.symmetry.Crystal)
    x = positions.ravel()
    image = (positions[[2, 0, 3, 1]] + [0.7, -0.3, 0.2]) * [1, 1, 1]
    image[1] += [10.0, 0.0, -24.0]  # along the box
    assert surface.symmetry.same(x, image.ravel())
    np.testing.assert_allclose(float(surface(image.ravel())), float(surface(x)), rtol=1e-6)
    assert not surface.symmetry.same(x, (positions + [[0.3, 0, 0], *np.zeros((3, 3))]).ravel())
    # Without a topology nobody knows which atoms are alike.
    unknown = js.adapters.openmm(system, positions)
    assert not unknown.symmetry.same(x, positions[[1, 0, 2, 3]].ravel())
    assert unknown.symmetry.same(x, (positions + 0.4).ravel())


def constrained():
    system = water()
    system.addConstraint(1, 2, 0.15)
    return system


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.adapters.openmm("amber", WATER), "system is 'amber'"),
        (lambda: js.adapters.openmm(constrained(), WATER), "1 constraints"),
        (lambda: js.adapters.openmm(water(), WATER[:2]), r"shape \(2, 3\); pass \[3, 3\]"),
        (lambda: js.adapters.openmm(water(), WATER * np.nan), "not finite"),
        (lambda: js.adapters.openmm(water(), WATER[[0, 1, 1]]), "1 and 2 are on one spot"),
        (lambda: js.adapters.openmm(water(), WATER, platform="Abacus"), "no platform 'Abacus'"),
        (lambda: js.adapters.openmm(water(), WATER, tolerance=0.0), "tolerance is 0.0"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def alanine_dipeptide():
    """Topology and conformers of Ace-Ala-NMe, from its SMILES."""
    pytest.importorskip("rdkit")
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom

    molecule = Chem.AddHs(Chem.MolFromSmiles("CC(=O)N[C@@H](C)C(=O)NC"))
    rdDistGeom.EmbedMultipleConfs(molecule, 20, randomSeed=1)
    backbone = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 2, 9: 2}
    made = app.Topology()
    chain = made.addChain()
    residues = [made.addResidue(name, chain) for name in ("ACE", "ALA", "NME")]
    home = dict(backbone)
    for bond in molecule.GetBonds():
        a, b = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        home.setdefault(b, home[a])
    order = sorted(home, key=lambda i: (home[i], i))
    atoms = {}
    for i in order:
        symbol = molecule.GetAtomWithIdx(i).GetSymbol()
        element = app.Element.getBySymbol(symbol)
        atoms[i] = made.addAtom(f"{symbol}{i}", element, residues[home[i]])
    for bond in molecule.GetBonds():
        made.addBond(atoms[bond.GetBeginAtomIdx()], atoms[bond.GetEndAtomIdx()])
    positions = np.array([c.GetPositions()[order] for c in molecule.GetConformers()])
    quartets = [[1, 3, 4, 6], [3, 4, 6, 8]]
    return made, positions, [[order.index(i) for i in quartet] for quartet in quartets]


@pytest.fixture(scope="module")
def peptide():
    """The surface of alanine dipeptide, and 16 starts even over both dihedrals."""
    made, positions, quartets = alanine_dipeptide()
    system = app.ForceField("amber14-all.xml").createSystem(
        made, constraints=None, rigidWater=False, removeCMMotion=False
    )
    surface = js.adapters.openmm(system, positions, topology=made)

    def starts(values):
        x = js.with_dihedrals(positions[0].ravel(), quartets, values, surface.symmetry.bonds)
        return js.remove_clashes(surface, x)

    return surface, quartets, starts


@pytest.mark.slow
def test_alanine_dipeptide_has_the_conformers_of_its_force_field(peptide):
    surface, quartets, starts = peptide
    grid = np.arange(-135.0, 180.0, 90.0)
    network = js.Landscape(surface)
    network.add(js.minimise(surface, starts([(a, b) for a in grid for b in grid])))
    order = np.argsort(network.minima.energy)
    angles = js.internal_coordinates(network.minima.x[order], quartets)
    # C7eq, with the hydrogen bond of a seven-membered ring, the extended C5, C7ax with the methyl
    # group along the axis, and the shallow alpha'. From a grid twelve times as fine as well.
    np.testing.assert_allclose(angles, [[-75, 54], [-152, 160], [61, -41], [-155, -39]], atol=2)
    above = network.minima.energy[order] - network.minima.energy[order[0]]
    np.testing.assert_allclose(above, [0, 1.021, 1.491, 7.069], atol=2e-3)


@pytest.mark.slow
def test_alanine_dipeptide_has_its_barriers(peptide):
    surface, quartets, starts = peptide
    # The first modes are drawn at random: more than one search for each.
    near = starts([(-110, 140), (-112.5, 157.5), *[(0, -27)] * 4])
    found = js.find_transition_states(surface, near, key=jax.random.key(0))
    network = js.Landscape(surface)
    network.add(found)
    assert len(network.components()) == 1
    phi = js.internal_coordinates(network.minima.x, quartets)[:, 0]
    lowest, right = int(np.argmin(network.minima.energy)), int(np.argmax(phi))
    left = int(np.argmin(np.abs(network.minima.energy - network.minima.energy[lowest] - 1.021)))
    heights = [js.barrier(network, lowest, end) for end in (left, right)]
    np.testing.assert_allclose(heights, [2.395, 9.397], atol=2e-3)


@pytest.mark.long
@pytest.mark.parametrize("named", [False, True])
def test_alanine_dipeptide_is_explored_from_its_smiles(peptide, named):
    """Two of the minima come from distance geometry, the others from turns."""
    surface, quartets, _ = peptide
    bonds = [quartet[1:3] for quartet in quartets] if named else None
    network = js.explore(
        surface,
        surface.sampler.points.reshape(-1, surface.dim),
        key=jax.random.key(0),
        strategy=js.strategies.SingleEnded(bonds=bonds),
        searches=80,
        progress=False,
    )
    assert len(network.components()) == 1
    angles = js.internal_coordinates(network.minima.x, quartets)
    ids = []
    for wanted in ((-75, 54), (-152, 160), (61, -41), (-155, -39)):
        off = np.abs((angles - wanted + 180) % 360 - 180).max(axis=1)
        assert off.min() < 2
        ids.append(int(np.argmin(off)))
    if not named:  # connected, but not over the lowest passes: methyl groups turn, too
        return
    heights = [js.barrier(network, ids[0], end) for end in ids[1:]]
    np.testing.assert_allclose(heights, [2.395, 9.397, 7.105], atol=2e-3)
