"""Clusters whose global minima are published, found from random starts."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxscape as js

REFERENCE = json.loads((Path(__file__).parent / "reference" / "clusters.json").read_text())


def lowest(surface, *, chains=8, steps=60, temperature=1.0, step_size=0.36, target=None, **options):
    found = js.basin_hopping(
        surface,
        surface.sample(jax.random.key(0), chains),
        key=jax.random.key(1),
        steps=steps,
        method=js.BasinHopping(temperature=temperature, step_size=step_size, **options),
        target=target,
        keep=3,
    )
    assert found.ok[0]
    return found


def morse(n, rho):
    wanted = REFERENCE["morse"]["energies"][f"{rho}_{n}"]
    found = lowest(js.systems.morse(n, rho), steps=400, temperature=0.8, target=wanted)
    np.testing.assert_allclose(found.energy[0], wanted, atol=1e-6)


@pytest.mark.slow
def test_thirteen_morse_atoms():
    morse(13, 6)


@pytest.mark.long
@pytest.mark.parametrize("rho", [6, 14])
@pytest.mark.parametrize("n", range(5, 14))
def test_morse_clusters(n, rho):
    morse(n, rho)


@pytest.mark.slow
def test_symmetrised_chains_find_the_truncated_octahedron():
    # Uncompressed and not symmetrised, a chain takes thousands of steps.
    surface = js.systems.lennard_jones(38)
    found = lowest(
        surface,
        chains=16,
        steps=60,
        temperature=0.8,
        target=-173.928427,
        compression=20.0,
        move=js.moves.Symmetrised(),
    )
    assert surface.symmetry.order(found.x[0]) == 48
    assert np.sum(found.steps_to_target > 0) >= 12


@pytest.mark.long
@pytest.mark.parametrize("n", range(2, 31))
def test_thomson(n):
    surface = js.systems.thomson(n)
    found = js.minimise(surface, surface.sample(jax.random.key(0), 100))
    wanted = REFERENCE["thomson"]["energies"][str(n)]
    np.testing.assert_allclose(found.energy[found.ok].min(), wanted, atol=1e-8)


@pytest.mark.slow
def test_a_silver_icosahedron():
    # An icosahedron for these powers: Doye and Wales, New J. Chem. 22, 733 (1998). The energy
    # is that of the one-parameter family of icosahedra, by a plain sum in NumPy.
    found = lowest(js.systems.sutton_chen("Ag13"), temperature=0.2)
    assert js.systems.sutton_chen("Ag13").symmetry.order(found.x[0]) == 120
    golden = (1 + 5**0.5) / 2
    corners = np.array([(0, i, j * golden) for i in (1, -1) for j in (1, -1)])
    corners = np.concatenate([np.roll(corners, k, axis=1) for k in range(3)])
    atoms = np.concatenate([np.zeros((1, 3)), corners])
    apart = np.linalg.norm(atoms[:, None] - atoms, axis=2)
    np.fill_diagonal(apart, np.inf)
    n, m, epsilon, a, c = js.potentials.SUTTON_CHEN["Ag"]
    sizes = np.linspace(1.2, 1.7, 50_001)
    inner, outer = np.unique(np.round(apart[1], 9), return_counts=True)
    r = sizes[:, None] * inner[:-1]
    shell = 0.5 * (a / r) ** n @ outer[:-1] - c * np.sqrt((a / r) ** m @ outer[:-1])
    bond = sizes * np.linalg.norm(corners[0])
    middle = 6 * (a / bond) ** n - c * np.sqrt(12 * (a / bond) ** m)
    energy = np.min(epsilon * (12 * shell + middle))
    np.testing.assert_allclose(found.energy[0], energy, rtol=1e-9)


@pytest.mark.slow
def test_exchanges_find_the_best_homotop():
    surface = js.systems.gupta("Ag7Cu6")
    exchange = js.moves.SpeciesExchange(surface.symmetry.species)
    mixed = js.moves.MixedMoves((js.moves.Displacement(), exchange), weights=(1.0, 2.0))
    found = lowest(surface, steps=100, temperature=0.1, move=mixed)
    # Every exchange of two atoms of the lowest, relaxed, lies higher.
    species = surface.symmetry.species
    atoms = np.asarray(found.x[0]).reshape(-1, 3)
    swapped = []
    for i in range(7):
        for j in range(7, 13):
            order = np.arange(13)
            order[[i, j]] = j, i
            swapped.append(atoms[order].ravel())
    relaxed = js.minimise(surface, np.array(swapped))
    assert relaxed.energy[relaxed.ok].min() > found.energy[0] - 1e-9
    assert species[0] == "Ag"


@pytest.mark.long
def test_a_hundred_atoms_of_two_sizes():
    # http://optbench.org/global-optimization.html, where the best of GMIN's runs of 2,000,000
    # evaluations ends at -599.0. About seven CPU minutes.
    surface = js.systems.binary_lennard_jones(42, 58, 1.3)
    species, rest = surface.symmetry.species, 2 ** (1 / 6)
    exchange = js.moves.SpeciesExchange(species, sizes={"A": rest, "B": 1.3 * rest})
    others = (js.moves.Displacement(), js.moves.SurfaceAtoms(1), js.moves.SurfaceAtoms(4))
    round_axes = js.moves.Symmetrised(species=species)
    move = js.moves.MixedMoves((exchange, *others, round_axes), weights=(8.0, 0.5, 0.7, 0.7, 0.1))
    found = lowest(
        surface,
        chains=16,
        steps=3000,
        step_size=0.4,
        acceptance=None,
        quench_tolerance=1e6,
        move=move,
        target=-604.796307,
    )
    np.testing.assert_allclose(found.energy[0], -604.796307, atol=1e-6)
    assert surface.symmetry.order(found.x[0]) == 2


def waters(n, **options):
    wanted = REFERENCE["water"]["energies"][str(n)]
    surface = js.systems.water(n)
    found = lowest(surface, temperature=6.0, step_size=0.6, target=wanted, **options)
    np.testing.assert_allclose(found.energy[0], wanted, atol=2e-6)
    np.testing.assert_allclose(surface.function.rigid(found.x[0]), found.x[0], atol=1e-7)


@pytest.mark.slow
def test_three_water_molecules():
    waters(3, move=js.moves.RigidBodies(3))


@pytest.mark.long
@pytest.mark.parametrize("n", [2, 4, 5, 6, 7, 8])
def test_water_clusters(n):
    waters(n, chains=8 if n < 6 else 16, steps=40 if n < 6 else 150)
