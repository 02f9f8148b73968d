"""MMFF94 against RDKit's own numbers; conformers, and input that cannot be used."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape._compilation import jit_quickly

pytest.importorskip("rdkit")
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

TERMS = {
    "bonds": "Bond",
    "angles": "Angle",
    "stretch-bend": "StretchBend",
    "out of plane": "Oop",
    "torsions": "Torsion",
    "van der Waals": "VdW",
    "charges": "Ele",
}


def rdkit_force_field(molecule, only=tuple(TERMS.values()), variant="MMFF94"):
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=variant)
    for term in TERMS.values():
        getattr(properties, f"SetMMFF{term}Term")(term in only)
    found = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
    found.Initialize()
    return found


def shaken(smiles, seed=0):
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(molecule, randomSeed=7)
    x = np.array(molecule.GetConformer().GetPositions()).ravel()
    return molecule, x + 0.03 * np.random.default_rng(seed).normal(size=x.shape)


# Amides, a linear centre, a small ring, an aryl sulfonamide, cumulated charges.
MOLECULES = [
    "CC(=O)NC(C)C(=O)NC",
    "C#CC",
    "CC1CC1",
    "N#Cc1ccc(C(F)(F)F)cc1S(=O)(=O)NCC",
    "CN=[N+]=[N-]",
]


@jit_quickly
def terms(function, x):
    return function.terms(x)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_every_term_is_that_of_rdkit(smiles):
    molecule, x = shaken(smiles)
    surface = js.adapters.rdkit(smiles, conformers=1)
    ours = terms(surface.function, jnp.asarray(x))
    for name, term in TERMS.items():
        theirs = rdkit_force_field(molecule, (term,)).CalcEnergy(x.tolist())
        np.testing.assert_allclose(ours[name], theirs, atol=1e-10, err_msg=name)


def test_the_other_variant_has_other_numbers():
    molecule, x = shaken("CC(=O)NC")
    surface = js.adapters.rdkit("CC(=O)NC", conformers=1, variant="MMFF94s")
    theirs = rdkit_force_field(molecule, variant="MMFF94s").CalcEnergy(x.tolist())
    ours = sum(terms(surface.function, jnp.asarray(x)).values())
    np.testing.assert_allclose(ours, theirs, atol=1e-10)
    assert surface.name == "mmff94s CNC(C)=O"


@pytest.fixture(scope="module")
def ethanol():
    return js.adapters.rdkit("CCO", conformers=20)


def test_derivatives_are_exact(ethanol):
    molecule, x = shaken("CCO")
    x = jnp.asarray(x)
    grad = jit_quickly(lambda f, y: jax.grad(f)(y))
    gradient = grad(ethanol.function, x)
    np.testing.assert_allclose(
        gradient, rdkit_force_field(molecule).CalcGrad(x.tolist()), atol=1e-6
    )
    v = jnp.asarray(np.random.default_rng(1).normal(size=27))
    step = (grad(ethanol.function, x + 1e-5 * v) - grad(ethanol.function, x - 1e-5 * v)) / 2e-5
    product = jit_quickly(lambda s, y, t: s.hvp(y, t))(ethanol, x, v)
    np.testing.assert_allclose(product, step, rtol=1e-6, atol=1e-5)


def test_parameters_can_be_differentiated(ethanol):
    _, x = shaken("CCO")
    slope = jit_quickly(lambda f, y: eqx.filter_grad(lambda g: g(y))(f))(
        ethanol.function, jnp.asarray(x)
    )
    assert float(jnp.abs(slope.torsion_v).max()) > 0 and float(jnp.abs(slope.bond_k).max()) > 0


@pytest.mark.long
def test_ethanol_has_one_anti_and_two_gauche_conformers(ethanol):
    found = js.minimise(ethanol, ethanol.sampler.points)
    assert found.ok.all()
    network = js.Landscape(ethanol)
    network.add(found)
    # The hydroxyl anti, or gauche to either side: mirror images are different.
    assert len(network.minima) == 3
    assert network.minima.order.tolist() == [1, 1, 1]
    energies = np.sort(network.minima.energy)
    assert min(np.diff(energies)) < 1e-8 < 0.01 < max(np.diff(energies))


def test_handed_centres_keep_their_hand():
    surface = js.adapters.rdkit("C[C@H](F)Cl", conformers=3)
    x = np.asarray(surface.sampler.points[0])
    mirrored = (x.reshape(-1, 3) * [1, 1, -1]).ravel()
    assert not surface.symmetry.same(x, mirrored)


def test_conformers_differ(ethanol):
    distances = np.ptp(np.asarray(ethanol.symmetry.fingerprint(ethanol.sampler.points)), axis=0)
    assert distances.max() > 0.3


def test_a_molecule_brings_its_own_conformers():
    molecule, x = shaken("CCO")
    surface = js.adapters.rdkit(molecule, conformers=2)
    assert surface.sampler.points.shape == (3, 27)
    np.testing.assert_allclose(surface.sampler.points[0], x, atol=0.2)
    one = js.adapters.rdkit("CCO", conformers=4, seed=3).sampler.points
    np.testing.assert_array_equal(
        one, js.adapters.rdkit("CCO", conformers=4, seed=3).sampler.points
    )


@pytest.mark.slow
def test_butane_has_anti_and_two_gauche_conformers_and_the_barriers_between():
    surface = js.adapters.rdkit("CCCC", conformers=1)
    turns = np.arange(0.0, 360.0, 60.0)[:, None]  # at every extremum of the torsion
    starts = js.with_dihedrals(
        np.asarray(surface.sampler.points[0]), [(0, 1, 2, 3)], turns + 3.0, surface.symmetry.bonds
    )
    network = js.Landscape(surface)
    network.add(js.find_transition_states(surface, starts, key=jax.random.key(0)))
    assert len(network.minima) == 3 and len(network.components()) == 1
    angles = js.internal_coordinates(network.minima.x, [(0, 1, 2, 3)])[:, 0]
    np.testing.assert_allclose(np.sort(angles % 360), [65, 180, 295], atol=2)
    energies = np.sort(network.minima.energy)
    assert energies[2] - energies[1] < 1e-8 < 0.5 < energies[1] - energies[0] < 1.0


@pytest.mark.long
def test_pentane_has_seven_conformers_none_twice():
    surface = js.adapters.rdkit("CCCCC")
    network = js.explore(
        surface, surface.sampler.points, key=jax.random.key(0), searches=512, batch=128,
        progress=False,
    )  # fmt: skip
    # anti-anti, anti-gauche, gauche-gauche of one sign, and of two: the last three are chiral.
    energies = np.sort(network.minima.energy)
    assert len(energies) == 7
    np.testing.assert_allclose(energies[1::2], energies[2::2], atol=1e-7)
    np.testing.assert_allclose(
        energies[1::2] - energies[0], [0.82991425, 1.42317077, 3.70003054], atol=1e-6
    )
    assert len(network.components()) == 1


@pytest.mark.parametrize(
    ("argument", "options", "message"),
    [
        ("C1CC", {}, "cannot read the SMILES 'C1CC'"),
        (7, {}, "molecule is 7"),
        ("[Na+].[Cl-]", {}, "2 molecules that are not bonded"),
        ("[He]", {}, "1 atom"),
        ("C[Pt]C", {}, "no parameters for this molecule of C, H, Pt"),
        ("CC", {"variant": "UFF"}, "variant is 'UFF'"),
        ("CC", {"conformers": 0}, "conformers is 0"),
        ("CC", {"seed": -1}, "seed is -1"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(argument, options, message):
    with pytest.raises(ValueError, match=message):
        js.adapters.rdkit(argument, **options)
