"""Buckminsterfullerene and its Stone-Wales isomer, one bond turned, in Tersoff's carbon."""

import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import Tersoff

SADDLES = Path(__file__).parents[1] / "reference" / "stone_wales.xyz"
GOLDEN = (1 + 5**0.5) / 2


def truncated_icosahedron(bond):
    """Its 60 corners: W. A. Stein, or any table of Archimedean solids."""
    corners = set()
    for base in ((0, 1, 3 * GOLDEN), (1, 2 + GOLDEN, 2 * GOLDEN), (GOLDEN, 2, 2 * GOLDEN + 1)):
        for signs in itertools.product((1, -1), repeat=3):
            point = np.array(base) * signs + 0.0
            corners |= {tuple(np.roll(point, k).round(12) + 0.0) for k in range(3)}
    return bond / 2 * np.array(sorted(corners))


def neighbours(x):
    atoms = np.reshape(x, (-1, 3))
    apart = np.linalg.norm(atoms[:, None] - atoms, axis=2)
    return (apart < 1.7) & (apart > 0)


def pentagons(near):
    """Rings of five bonds."""
    rings = set()
    for i in range(len(near)):
        for a, b in itertools.combinations(np.flatnonzero(near[i]), 2):
            for c in np.flatnonzero(near[a]):
                for d in np.flatnonzero(near[b] & near[c]):
                    if len({i, a, b, c, d}) == 5:
                        rings.add(frozenset((i, a, b, c, int(d))))
    return rings


def with_a_bond_turned(x):
    """One of the bonds between two hexagons turned by a right angle in the surface."""
    atoms, near = np.reshape(x, (-1, 3)).copy(), neighbours(x)
    inside = pentagons(near)
    i, j = next(
        (i, j)
        for i, j in zip(*np.nonzero(near), strict=True)
        if not any({i, j} <= ring for ring in inside)
    )
    middle, half = (atoms[i] + atoms[j]) / 2, (atoms[i] - atoms[j]) / 2
    across = np.cross(middle / np.linalg.norm(middle), half)
    atoms[i], atoms[j] = middle + across, middle - across
    return atoms.ravel()


@pytest.mark.slow
def test_a_turned_bond_makes_the_isomer_of_stone_and_wales():
    tersoff = pytest.importorskip("ase.calculators.tersoff")
    from ase import Atoms

    surface = js.systems.carbon(60)
    ball = truncated_icosahedron(1.43).ravel()
    found = js.minimise(surface, np.stack([ball, with_a_bond_turned(ball)]))
    assert found.ok.all()
    assert [surface.symmetry.order(x) for x in found.x] == [120, 4]
    for x in found.x:  # Euler: twelve pentagons whatever the isomer
        assert (neighbours(x).sum(axis=1) == 3).all() and len(pentagons(neighbours(x))) == 12

    def touching(x):
        return sum(len(a & b) == 2 for a, b in itertools.combinations(pentagons(neighbours(x)), 2))

    assert [touching(x) for x in found.x] == [0, 2]
    # All neighbours are nearer, all others further than where the cutoff acts: ASE's energies.
    law = Tersoff()
    values = {name: float(getattr(law, name)) for name in ("A", "B", "lambda1", "lambda2", "beta")}
    values |= {"n": float(law.n), "c": float(law.c), "d": float(law.d), "h": float(law.h)}
    values |= {"R": law.reach, "D": law.width, "m": 3.0, "gamma": 1.0, "lambda3": 0.0}
    calculator = tersoff.Tersoff({("C", "C", "C"): tersoff.TersoffParameters(**values)})
    for x, energy in zip(found.x, found.energy, strict=True):
        atoms = Atoms("C60", np.reshape(x, (-1, 3)), calculator=calculator)
        np.testing.assert_allclose(energy, atoms.get_potential_energy(), rtol=1e-10)
        assert np.abs(atoms.get_forces()).max() < 1e-6
    np.testing.assert_allclose(found.energy, [-403.687528, -402.927160], atol=1e-6)
    np.testing.assert_allclose(surface(jnp.asarray(found.x[0])), found.energy[0], rtol=1e-12)


@pytest.mark.slow
def test_a_bond_turns_over_four_saddles():
    """Tersoff's cutoff makes minima with bonds half broken of what is one saddle otherwise."""
    surface = js.systems.carbon(60)
    ball = truncated_icosahedron(1.43).ravel()
    guesses = js.io.xyz.read_frames(SADDLES).x
    # Where the cutoff acts a curvature changes within hundredths of an Angstrom.
    method = js.HybridEigenvectorFollowing(mode_products=40, max_step=0.02, max_uphill=0.01)
    found = js.find_transition_states(surface, guesses, key=jax.random.key(0), method=method)
    assert found.ok.all()
    assert (found.index == 1).all()

    network = js.Landscape(surface)
    network.add(js.minimise(surface, np.stack([ball, with_a_bond_turned(ball)])))
    network.add(found)
    assert (len(network.minima), len(network.transition_states)) == (5, 4)
    path = js.lowest_path(network, 0, 1)
    rise = np.array(path.energies) - network.minima.energy[0]
    expected = [0, 2.474817, 2.235732, 4.448934, 3.780821, 5.366979, 2.930068, 3.255924, 0.760369]
    np.testing.assert_allclose(rise, expected, atol=1e-5)
