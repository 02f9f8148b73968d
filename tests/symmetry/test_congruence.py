"""Clusters: congruence and point-group orders, of Lennard-Jones clusters built by hand too."""

import itertools
import json
import pathlib

import numpy as np
import pytest
from scipy.optimize import minimize

from jaxscape.symmetry import Cluster

REFERENCE = pathlib.Path(__file__).parents[3] / "shared" / "reference"
PAIR = 2.0 ** (1 / 6)
SPECIES = (None, "AABBBAAB")

# Four atoms without any symmetry.
CHIRAL = np.array([[0, 0, 0], [1, 0, 0], [0, 1.3, 0], [0, 0, 1.7]], float).ravel()


def generic(n, seed):
    return np.random.default_rng(seed).normal(size=3 * n)


def relaxed(atoms):
    """The Lennard-Jones minimum downhill of the construction (epsilon = sigma = 1), flat."""
    atoms = np.asarray(atoms, dtype=float)
    i, j = np.triu_indices(len(atoms), 1)

    def energy(x):
        x = x.reshape(-1, 3)
        d = x[:, None] - x
        squared = np.sum(d * d, axis=2)
        np.fill_diagonal(squared, np.inf)
        inverse = 1.0 / squared
        gradient = np.sum((-48 * inverse**7 + 24 * inverse**4)[..., None] * d, axis=1)
        return np.sum(2 * (inverse**6 - inverse**3)), gradient.ravel()

    distance = np.linalg.norm(atoms[i] - atoms[j], axis=1).min()
    start = (atoms - atoms.mean(0)).ravel() * PAIR / distance
    result = minimize(
        energy, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-7, "ftol": 0, "maxcor": 50}
    )
    return result.x, float(result.fun)


def icosahedron():
    """LJ13: Ih, -44.326801 (Cambridge Cluster Database)."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll([0, i, j * golden], k) for i in (1, -1) for j in (1, -1) for k in range(3)]
    return np.array([np.zeros(3), *corners])


def truncated_octahedron():
    """LJ38: Oh, -173.928427 (Cambridge Cluster Database)."""
    # Of the face-centred cubic lattice about an octahedral hole.
    sites = itertools.product(range(-3, 4), repeat=3)
    lattice = np.array([site for site in sites if sum(site) % 2], float)
    return lattice[np.argsort(np.sum(lattice**2, 1), kind="stable")][:38]


def marks_decahedron():
    """LJ75: D5h, -397.492331 (Cambridge Cluster Database).

    Columns of atoms along the fivefold axis, shorter by one with each step away from it; the
    outermost on each twin plane are left out (the re-entrant notches).
    """
    angle = 2 * np.pi / 5
    step = 0.5 / np.sin(angle / 2)
    edges = [step * np.array([np.cos(k * angle), np.sin(k * angle)]) for k in range(5)]
    columns = [(np.zeros(2), 5)]
    for k, (p, q) in itertools.product(range(5), [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]):
        columns.append((p * edges[k] + q * edges[(k + 1) % 5], 5 - p - q))
    return np.array(
        [(*place, h - (count - 1) / 2) for place, count in columns for h in range(count)]
    )


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("inversion", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_scrambled_copies_align_exactly(species, inversion, seed):
    cluster, x = Cluster(species=species, inversion=inversion), generic(8, seed)
    scrambled = cluster.random_image(x, seed)
    image, distance = cluster.align(x, scrambled)
    assert distance < 1e-12
    np.testing.assert_allclose(image, x, atol=1e-12)
    assert cluster.same(x, scrambled)
    assert not cluster.same(x, scrambled + 1e-2 * generic(8, seed + 1))


@pytest.mark.parametrize("build", [icosahedron, truncated_octahedron, marks_decahedron])
def test_scrambled_symmetric_copies_align_exactly(build):
    x = build().ravel()
    for species in (None, "A" + "B" * (len(x) // 3 - 1)):
        cluster = Cluster(species=species)
        for seed in range(10):
            # Slightly distorted, every operation of the group nearly fits; one does exactly.
            distorted = x + 1e-4 * generic(len(x) // 3, seed)
            image, distance = cluster.align(distorted, cluster.random_image(distorted, seed))
            assert distance < 1e-6
            np.testing.assert_allclose(image, distorted, atol=1e-6)


@pytest.mark.parametrize(
    "atoms",
    [
        [[0, 0, 0]],
        [[0, 0, 0], [1, 2, 3]],
        [[0, 0, 0], [1, 1, 1], [2, 2, 2]],
        [[0, 0, 0], [1, 1, 1], [3, 3, 3], [4.5, 4.5, 4.5]],
        [[0, 0, 0], [1, 0, 0], [0, 2, 0], [2, 3, 0]],
        [[-1, 0, 0], [0, 1e-5, 0], [1, 0, 0]],
    ],
)
@pytest.mark.parametrize("inversion", [True, False])
def test_points_lines_and_planes_align_exactly(atoms, inversion):
    cluster, x = Cluster(inversion=inversion), np.asarray(atoms, float).ravel()
    for seed in range(5):
        assert cluster.align(x, cluster.random_image(x, seed))[1] < 1e-9


def test_enantiomers_are_two_only_without_inversion():
    mirrored = (CHIRAL.reshape(-1, 3) * [1, 1, -1]).ravel()
    assert Cluster().same(CHIRAL, mirrored)
    chiral = Cluster(inversion=False)
    assert not chiral.same(CHIRAL, mirrored)
    assert chiral.align(CHIRAL, mirrored)[1] > 0.1
    assert chiral.confirm_by_alignment and not Cluster().confirm_by_alignment
    np.testing.assert_allclose(*chiral.fingerprint(np.stack([CHIRAL, mirrored])), atol=1e-12)


def test_unlike_atoms_keep_their_places():
    triangle = generic(3, 5)
    exchanged = triangle.reshape(3, 3)[[1, 0, 2]].ravel()
    assert Cluster().same(triangle, exchanged)
    assert not Cluster(species="ABC").same(triangle, exchanged)
    assert not Cluster(masses=[1.0, 2.0, 3.0]).same(triangle, exchanged)


# --- orders of point groups ---------------------------------------------------------------


@pytest.mark.parametrize(
    "build, energy, order",
    [
        (icosahedron, -44.326801, 120),
        (truncated_octahedron, -173.928427, 48),
        (marks_decahedron, -397.492331, 20),
    ],
)
def test_orders_of_magic_clusters(build, energy, order):
    # Energies: Cambridge Cluster Database.
    x, found = relaxed(build())
    assert found == pytest.approx(energy, abs=1e-6)
    for inversion in (True, False):
        cluster = Cluster(inversion=inversion)
        # With enantiomers apart, rotations alone: half of these achiral groups.
        expected = order if inversion else order // 2
        assert cluster.order(x) == expected
        assert cluster.order(cluster.random_image(x, 1)) == expected


@pytest.mark.parametrize(
    "atoms, species, order",
    [
        ([[1, 2, 3]], None, 1),
        ([[0, 0, 0], [1, 1, 1]], None, 4),
        ([[0, 0, 0], [1, 1, 1]], "AB", 2),
        ([[0, 0, 0], [1, 1, 1], [2, 2, 2]], None, 4),  # D_inf_h
        ([[0, 0, 0], [1, 1, 1], [3, 3, 3]], None, 2),  # C_inf_v
        ([[0, 0, 0], [1, 0, 0], [0.5, 0.75**0.5, 0]], None, 12),  # D3h
        ([[0, 0, 0], [1, 0, 0], [0.5, 0.75**0.5, 0]], "ABB", 4),  # C2v
        ([[0, 0, 0], [1, 0, 0], [0, 2, 0]], None, 2),  # Cs: the plane itself
        (CHIRAL.reshape(-1, 3), None, 1),
        ([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], None, 24),  # Td
        ([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], "ABBB", 6),  # C3v
        # Hydrogen peroxide, twisted: C2, chiral.
        ([[0, 0.7, 0], [0, -0.7, 0], [0.8, 0.9, 0.3], [-0.8, -0.9, 0.3]], "OOHH", 2),
    ],
)
def test_orders_of_small_molecules(atoms, species, order):
    cluster, x = Cluster(species=species), np.asarray(atoms, float).ravel()
    assert cluster.order(x) == order
    assert cluster.order(cluster.random_image(x, 2)) == order


def test_order_of_a_distorted_cluster_depends_on_the_tolerance():
    x = icosahedron().ravel() + 1e-3 * generic(13, 0)
    assert Cluster().order(x, tolerance=1e-5) == 1
    assert Cluster().order(x, tolerance=2e-2) == 120


def test_orders_of_every_small_lennard_jones_stationary_point():
    coordinates = REFERENCE / "lj_network_coordinates.json"
    networks = REFERENCE / "lj_landscapes.json"
    if not coordinates.exists() or not networks.exists():
        pytest.skip("needs the enumerated networks of LJ4 to LJ8")
    points, networks = (json.loads(path.read_text()) for path in (coordinates, networks))
    checked = 0
    for n, network in networks["networks"].items():
        for kind in ("minima", "ts"):
            for x, row in zip(points[n][kind], network[kind], strict=True):
                assert Cluster().order(np.array(x).ravel()) == row["h"], (n, kind)
                checked += 1
    assert checked == 76


def test_orders_of_a_batch_are_those_of_each():
    """Symmetric ones among others, planar ones, and none."""
    rng = np.random.default_rng(0)
    square = np.array([[1, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0], [0, 0, 1.2], [0, 0, -1.2]])
    planar = np.column_stack([rng.normal(size=(6, 2)), np.zeros(6)])
    points = [square.ravel(), planar.ravel(), *rng.normal(size=(5, 18))]
    points = np.array([Cluster().random_image(x, seed) for seed, x in enumerate(points)])
    orders = Cluster().orders(points)
    assert orders.tolist() == [16, 2, 1, 1, 1, 1, 1]
    assert orders.tolist() == [Cluster().order(x) for x in points]
    assert len(Cluster().orders(np.zeros((0, 18)))) == 0
