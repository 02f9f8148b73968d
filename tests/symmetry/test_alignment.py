"""Alignment of different structures."""

import pathlib

import numpy as np
import pytest

from jaxscape.symmetry import Cluster, Molecules
from jaxscape.symmetry._alignment import even_rotations

REFERENCE = pathlib.Path(__file__).parents[3] / "shared" / "reference"


def generic(n, seed):
    return np.random.default_rng(seed).normal(size=3 * n)


@pytest.mark.parametrize("species", [None, "AABBBB"])
@pytest.mark.parametrize("inversion", [True, False])
def test_an_aligned_image_is_an_image_at_the_distance_told(species, inversion):
    cluster = Cluster(species=species, inversion=inversion)
    for seed in range(5):
        a, b = generic(6, seed), generic(6, seed + 50)
        image, distance = cluster.align(a, b)
        assert distance == pytest.approx(np.linalg.norm(image - a))
        assert cluster.same(image, b)
        assert distance <= np.linalg.norm(a - b)


def test_the_least_distance_is_found_where_brute_force_can_tell():
    from itertools import permutations

    for seed in range(5):
        a, b = generic(5, seed).reshape(-1, 3), generic(5, seed + 9).reshape(-1, 3)
        a, b = a - a.mean(0), b - b.mean(0)
        least = np.inf
        for order in permutations(range(5)):
            singular = np.linalg.svd(a.T @ b[list(order)], compute_uv=False)
            least = min(least, np.sum(a**2) + np.sum(b**2) - 2 * singular.sum())
        assert Cluster().align(a.ravel(), b.ravel())[1] == pytest.approx(np.sqrt(least), abs=1e-9)


def test_small_displacements_are_never_lengthened():
    for seed in range(5):
        a = generic(20, seed)
        b = Cluster().random_image(a + 0.05 * generic(20, seed + 1), seed)
        assert Cluster().align(a, b)[1] <= 0.05 * np.linalg.norm(generic(20, seed + 1))


def test_many_pairs_are_each_pair():
    a, b = (np.stack([generic(6, s + k) for s in range(3)]) for k in (0, 10))
    images, distances = Cluster().align_many(a, b)
    for row in range(3):
        image, distance = Cluster().align(a[row], b[row])
        np.testing.assert_array_equal(images[row], image)
        assert distances[row] == distance
    with pytest.raises(ValueError, match="two batches alike"):
        Cluster().align_many(a, b[:2])


def test_alignment_is_deterministic():
    a, b = generic(12, 0), generic(12, 1)
    first, second = Cluster().align(a, b), Cluster().align(a, b)
    np.testing.assert_array_equal(first[0], second[0])


def test_even_rotations_leave_no_hole():
    rotations = even_rotations(600)
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, 1, 2) - np.eye(3), 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    rng = np.random.default_rng(0)
    for _ in range(50):
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        q *= np.linalg.det(q)
        cosine = (np.einsum("kij,ij->k", rotations, q).max() - 1) / 2
        assert np.degrees(np.arccos(cosine)) < 30


def lj38_minima():
    path = REFERENCE / "pathsample-lj38" / "points.min"
    if not path.exists():
        pytest.skip("needs the coordinates of LJ38 minima from the Wales group's examples")
    points = np.fromfile(path).reshape(-1, 114)
    table = np.loadtxt(path.with_name("min.data"))
    return points[np.argsort(table[:, 0])], table[np.argsort(table[:, 0]), 2].astype(int)


def test_fcc_to_icosahedral_lj38():
    points, orders = lj38_minima()
    fcc, icosahedral = points[:2]
    # 3.136: best of 20 random starts of pele's alignment.
    assert Cluster().align(fcc, icosahedral)[1] <= 3.1359
    # From other orientations too.
    for seed in range(3):
        turned = Cluster().random_image(icosahedral, seed)
        assert Cluster().align(fcc, turned)[1] <= 3.15
    assert [Cluster().order(x) for x in points] == orders.tolist()


@pytest.mark.parametrize("species", [None, "A" * 15 + "B" * 23])
def test_scrambled_copies_lie_on_top_of_each_other(species):
    points, _ = lj38_minima()
    cluster = Cluster(species=species)
    for x in points[[0, 1, 40]]:
        for seed in range(20):
            assert cluster.align(x, cluster.random_image(x, seed))[1] < 1e-6


def test_whole_molecules_are_exchanged():
    waters = Molecules("OHH", 4)
    rng = np.random.default_rng(0)
    shape = np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    for seed in range(3):
        turns = np.linalg.qr(rng.normal(size=(2, 4, 3, 3)))[0]
        a, b = (shape @ turns + 2.0 * rng.normal(size=(2, 4, 1, 3))).reshape(2, -1)
        image, distance = waters.align(a, b)
        assert distance == pytest.approx(np.linalg.norm(image - a))
        assert distance <= np.linalg.norm(a - b)
        assert waters.same(image, b)
        # Every oxygen has its own two hydrogens still.
        bonds = np.linalg.norm(np.diff(image.reshape(4, 3, 3), axis=1)[:, 0], axis=1)
        np.testing.assert_allclose(bonds, np.hypot(0.76, 0.59))
        assert waters.align(a, waters.random_image(a, seed))[1] < 1e-8


def test_bad_molecules_are_refused():
    with pytest.raises(ValueError, match="count is 0"):
        Molecules("OHH", 0)
    with pytest.raises(ValueError, match=r"\(1, 0, 2\) is no order"):
        Molecules("OHH", 2, equivalent=[(1, 0, 2)])
    with pytest.raises(ValueError, match="18 coordinates and b 9"):
        Molecules("OHH", 2).align(np.zeros(18), np.zeros(9))
