"""Molecules: permutations that leave the bonds, handedness, and bonds that change."""

import itertools

import numpy as np
import pytest

from jaxscape import Landscape, StationaryPoints, Surface
from jaxscape.symmetry import Cluster, Molecule
from jaxscape.symmetry._bonds import RADII, automorphisms, classes


def ring(n, radius, start=0.0, height=0.0):
    turns = start + 2 * np.pi * np.arange(n) / n
    return np.stack([radius * np.cos(turns), radius * np.sin(turns), np.full(n, height)], 1)


def staggered_ethane(twist=np.pi / 3):
    """Carbons on an axis, hydrogens around them."""
    carbons = [[0, 0, -0.76], [0, 0, 0.76]]
    hydrogens = [*ring(3, 1.02, 0.0, -1.16), *ring(3, 1.02, twist, 1.16)]
    return np.array([*carbons, *hydrogens]).ravel()


def halide(hand=1.0):
    """CHFClBr, by its four directions."""
    ends = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
    lengths = np.array([1.09, 1.36, 1.77, 1.94])[:, None]
    return (np.array([[0, 0, 0], *(lengths * ends)]) * [1, 1, hand]).ravel()


ETHANE = Molecule.from_positions("CCHHHHHH", staggered_ethane())
BENZENE = np.array([*ring(6, 1.39), *ring(6, 2.48)]).ravel()
RINGS = Molecule.from_positions(["C"] * 6 + ["H"] * 6, BENZENE)


def brute_force(species, bonds):
    """The number of permutations that keep kinds and bonds, by trying them all."""
    n, edges = len(species), {frozenset(b) for b in bonds}
    count = 0
    for p in itertools.permutations(range(n)):
        if all(species[i] == species[p[i]] for i in range(n)):
            count += {frozenset((p[i], p[j])) for i, j in bonds} == edges
    return count


@pytest.mark.parametrize(
    ("species", "bonds"),
    [
        ("OHH", [(0, 1), (0, 2)]),
        ("CHHHF", [(0, 1), (0, 2), (0, 3), (0, 4)]),
        ("CCCC", [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("OHHOHH", [(0, 1), (0, 2), (3, 4), (3, 5)]),  # two molecules
        ("CCOCCC", [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
        ("CCCCCC", [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (0, 3)]),
        ("HHHH", []),
    ],
)
def test_every_permutation_that_keeps_the_bonds_is_found(species, bonds):
    labels = tuple(sorted(set(species)).index(kind) for kind in species)
    found, complete = automorphisms(labels, tuple(bonds), 10_000)
    assert complete and len(np.unique(found, axis=0)) == len(found) == brute_force(species, bonds)
    kind = classes(labels, tuple(bonds))
    assert all((kind[p] == kind).all() for p in found)


def test_bonds_are_those_of_a_geometry():
    assert set(ETHANE.bonds) == {(0, 1), *((0, i) for i in (2, 3, 4)), *((1, i) for i in (5, 6, 7))}
    assert len(RINGS.bonds) == 12


@pytest.mark.parametrize("molecule, x", [(ETHANE, staggered_ethane(1.0)), (RINGS, BENZENE)])
@pytest.mark.parametrize("seed", range(4))
def test_images_align_and_share_their_fingerprint(molecule, x, seed):
    x = x + 0.1 * np.random.default_rng(seed).normal(size=x.shape)
    image = molecule.random_image(x, seed)
    assert molecule.align(x, image)[1] < 1e-12
    prints = molecule.fingerprint(np.stack([x, image]))
    np.testing.assert_allclose(*prints, atol=1e-12)


def test_hydrogens_of_one_group_are_exchanged_and_others_not():
    # Fluorine on one carbon: exchanging a hydrogen of it with one of the other is another molecule.
    species, x = "CCFHHHHH", staggered_ethane(0.7) + 0.05 * np.arange(24)
    molecule, cluster = Molecule(species, ETHANE.bonds), Cluster(species=species, inversion=False)
    swap = np.array([0, 1, 2, 5, 4, 3, 6, 7])
    swapped = x.reshape(8, 3)[swap].ravel()
    assert cluster.same(x, swapped)
    assert molecule.align(x, swapped)[1] > 1.0
    turn = np.array([0, 1, 2, 3, 4, 6, 7, 5])
    assert molecule.same(x, x.reshape(8, 3)[turn].ravel())


def test_the_distance_is_the_least_over_permutations_and_rotations():
    rng = np.random.default_rng(0)
    a, b = (staggered_ethane(t) + 0.1 * rng.normal(size=24) for t in (1.0, 0.3))
    image, distance = ETHANE.align(a, b)
    np.testing.assert_allclose(np.linalg.norm(image - a), distance)
    centred = [y.reshape(8, 3) - y.reshape(8, 3).mean(0) for y in (a, b)]
    permutations, _ = automorphisms((0, 0) + (1,) * 6, ETHANE.bonds, 1000)
    assert len(permutations) == 72
    least = np.inf
    for p in permutations:
        product = centred[0].T @ centred[1][p]
        u, size, vt = np.linalg.svd(product)
        size[2] *= np.sign(np.linalg.det(u @ vt))
        square = np.sum(centred[0] ** 2) + np.sum(centred[1] ** 2) - 2 * size.sum()
        least = min(least, square)
    np.testing.assert_allclose(distance**2, least, atol=1e-10)


def test_enantiomers_are_two_unless_inversion_is_allowed():
    a, b = halide(), halide(-1.0)
    chiral = Molecule.from_positions(["C", "H", "F", "Cl", "Br"], a)
    assert not chiral.same(a, b) and chiral.confirm_by_alignment
    either = Molecule(chiral.species, chiral.bonds, inversion=True)
    assert either.same(a, b) and not either.confirm_by_alignment
    np.testing.assert_allclose(*chiral.fingerprint(np.stack([a, b])))


@pytest.mark.parametrize(
    ("molecule", "x", "rotations", "operations"),
    [
        (ETHANE, staggered_ethane(), 6, 12),  # D3d
        (ETHANE, staggered_ethane(0.5), 6, 6),  # D3
        (RINGS, BENZENE, 12, 24),  # D6h
    ],
)
def test_orders_count_reflections_only_with_inversion(molecule, x, rotations, operations):
    assert molecule.order(x) == rotations
    assert Molecule(molecule.species, molecule.bonds, inversion=True).order(x) == operations


def test_other_bonds_are_refused_entry():
    whole = staggered_ethane()
    broken, crowded = whole.copy(), whole.copy()
    broken[5] += 2.0  # a carbon far off its hydrogens
    crowded[6:9] = crowded[9:12] + [0.0, 0.0, 0.5]
    reasons = ETHANE.objections(np.stack([whole, broken, crowded]))
    assert reasons[0] is None
    assert reasons[1] == "the bond C0-C1 is broken"
    assert "H2-H3" in reasons[2]
    points = StationaryPoints(
        x=np.stack([whole, broken]),
        energy=np.zeros(2),
        rms_gradient=np.zeros(2),
        index=np.zeros(2, np.int32),
        lowest_eigenvalue=np.ones(2),
        log_product=np.zeros(2),
        active=np.zeros(2, np.int32),
        status=np.zeros(2, np.int32) + 1,
        evaluations=np.ones(2, np.int32),
    )
    network = Landscape(Surface(lambda x: x @ x, symmetry=ETHANE, dim=24))
    report = network.add(points, verified=False)
    assert len(network.minima) == 1
    assert report.rejected == [(1, "the bond C0-C1 is broken")]


def test_radii_are_those_of_ase():
    data = pytest.importorskip("ase.data")
    for kind, radius in RADII.items():
        assert data.covalent_radii[data.atomic_numbers[kind]] == pytest.approx(radius, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Molecule("HH", [(0, 2)]), r"bond \(0, 2\)"),
        (lambda: Molecule("HH", [(1, 1)]), r"bond \(1, 1\)"),
        (lambda: Molecule(["H", "Xx"], [(0, 1)]), "radius is known for Xx"),
        (lambda: Molecule("HH", [(0, 1)], masses=[1.0]), "masses 1"),
        (lambda: Molecule.from_positions("HH", np.zeros(9)), "2 atoms, x holds 3"),
        (lambda: ETHANE.fingerprint(np.zeros(24)), "batch"),
        (lambda: ETHANE.align(np.zeros(24), np.zeros(21)), "24 coordinates and b 21"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_descriptions_name_the_bonds():
    assert Molecule("OHH", [(1, 0), (2, 0)]).describe() == (
        "molecule(cluster(species=1*O+2*H, inversion=False), bonds=0-1 0-2)"
    )
    assert hash(Molecule("HH", [(0, 1)])) == hash(Molecule("HH", [(1, 0)]))
