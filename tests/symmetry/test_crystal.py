"""Crystals: operations counted, images recognised, zero modes, frozen atoms, bad arguments."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.symmetry import Crystal
from jaxscape.symmetry._lattice import Nearest, operations

CENTRED = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
DIAMOND = np.concatenate([CENTRED, CENTRED + 0.25])
SUPER = np.concatenate([DIAMOND + np.array(s) for s in np.ndindex(2, 2, 2)])
PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
HEXAGONAL = np.array([[1.0, 0.0, 0.0], [-0.5, 0.75**0.5, 0.0], [0.0, 0.0, (8 / 3) ** 0.5]])
STACKED = np.array([[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]])
SKEW = np.array([[1.0, 0.0, 0.0], [3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
TRICLINIC = np.array([[6.0, 0.0, 0.0], [1.1, 5.5, 0.0], [-0.7, 0.4, 5.2]])


def random_point(cell, n, seed, variable=False):
    rng = np.random.default_rng(seed)
    x = (rng.uniform(size=(n, 3)) @ np.asarray(cell)).ravel()
    return np.concatenate([x, 0.3 * rng.normal(size=6)]) if variable else x


# --- orders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "places", "order"),
    [
        # Space groups, International Tables: operations of the point group times the
        # translations within the cell.
        (np.eye(3), np.zeros((1, 3)), 48),
        (np.eye(3), CENTRED, 48 * 4),
        (np.eye(3), DIAMOND, 48 * 4),
        (PRIMITIVE, np.array([[0.0, 0.0, 0.0], [0.25, 0.25, 0.25]]), 48),
        (HEXAGONAL, STACKED, 24),
        (SKEW, CENTRED @ np.linalg.inv(SKEW), 48 * 4),  # the same lattice by other vectors
        (2 * np.eye(3), SUPER / 2, 48 * 4 * 8),
        (2 * np.eye(3), SUPER[1:] / 2, 24),  # a vacancy in diamond: Td
    ],
)
def test_orders_of_crystals(cell, places, order):
    cell = 5.4 * np.asarray(cell)
    x = (places @ cell).ravel()
    crystal = Crystal(cell=cell)
    assert crystal.order(x) == order
    assert crystal.order(crystal.random_image(x, 1)) == order


def test_kinds_of_atoms_and_hands_lower_an_order():
    x = 5.4 * DIAMOND.ravel()
    assert Crystal(cell=[5.4] * 3, species="A" * 4 + "B" * 4).order(x) == 24 * 4  # zincblende
    assert Crystal(cell=[5.4] * 3, inversion=False).order(x) == 24 * 4
    assert Crystal(cell=[5.4] * 3, rotations=False).order(x) == 4
    # A cell drawn out along z has the operations of that axis only.
    stretched = Crystal(cell=[5.4] * 3, variable_cell=True)
    assert stretched.order(np.concatenate([x, np.zeros(6)])) == 192
    assert stretched.order(np.concatenate([x, [0, 0, 0.5, 0, 0, 0]])) == 16 * 4


# --- images -------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("species", [None, "AAAABBBBB"])
@pytest.mark.parametrize("cell", [6.0 * np.eye(3), 9.0 * PRIMITIVE, TRICLINIC])
def test_images_are_the_same_and_other_structures_are_not(cell, species, variable):
    crystal = Crystal(cell=cell, species=species, variable_cell=variable)
    for seed in range(2):
        x = random_point(cell, 9, seed, variable)
        image = crystal.random_image(x, seed)
        prints = crystal.fingerprint(np.stack([x, image]))
        np.testing.assert_allclose(prints[0], prints[1], atol=1e-12)
        aligned, distance = crystal.align(x, image)
        assert distance < 1e-10
        np.testing.assert_allclose(aligned, x, atol=1e-10)
        assert crystal.same(x, image)
        shaken = x.copy()
        shaken[4] += 0.05
        assert not crystal.same(x, crystal.random_image(shaken, seed))
        assert crystal.align(x, crystal.random_image(shaken, seed))[1] < 0.0501
        assert not crystal.same(x, random_point(cell, 9, seed + 50, variable))


def test_an_aligned_image_is_an_image():
    crystal = Crystal(cell=TRICLINIC)
    a, b = random_point(TRICLINIC, 6, 0), random_point(TRICLINIC, 6, 1)
    image, distance = crystal.align(a, b)
    assert crystal.same(b, image)
    np.testing.assert_allclose(np.linalg.norm(image - a), distance)
    # Within half a vector of its partner every atom takes the straight way.
    assert distance <= crystal.align(a, crystal.random_image(b, 3))[1] + 0.5


def test_fingerprints_move_no_more_than_atoms():
    for n in (9, 80):
        cell = 5.0 * (n / 9) ** (1 / 3) * np.eye(3)
        crystal = Crystal(cell=cell)
        x = random_point(cell, n, 0)
        moved = x + 1e-3 * np.random.default_rng(1).normal(size=x.size)
        prints = crystal.fingerprint(np.stack([x, moved]))
        most = np.linalg.norm((moved - x).reshape(-1, 3), axis=1).max()
        assert 0 < np.abs(prints[0] - prints[1]).max() <= 2 * most


def test_nearest_images_are_the_nearest():
    rng = np.random.default_rng(0)
    for cell in (5.4 * SKEW, TRICLINIC, np.diag([3.0, 4.0, 5.0])):
        apart = 5 * rng.normal(size=(200, 3))
        grid = np.array(list(np.ndindex(31, 31, 31))) - 15
        for one, found in zip(apart[:3], Nearest(cell).vectors(apart[:3]), strict=True):
            least = np.min(np.linalg.norm(one + grid @ cell, axis=1))
            np.testing.assert_allclose(np.linalg.norm(found), least, rtol=1e-12)
        np.testing.assert_allclose(
            Nearest(cell).squares(apart), np.sum(Nearest(cell).vectors(apart) ** 2, axis=1)
        )
    assert len(operations(HEXAGONAL)) == 24 and len(operations(TRICLINIC)) == 2


# --- zero modes ---------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [False, True])
def test_translations_are_the_zero_modes(variable):
    crystal = Crystal(cell=[5.0] * 3, variable_cell=variable)
    x = jnp.asarray(random_point(np.eye(3), 4, 0, variable))
    modes = np.asarray(crystal.zero_modes(jnp.stack([x, x], axis=1)))[..., 0]
    np.testing.assert_allclose(modes @ modes.T, np.eye(3), atol=1e-14)
    np.testing.assert_array_equal(modes[:, 12:], 0.0)
    left = np.asarray(crystal.project(modes, jnp.arange(x.size * 1.0)))
    np.testing.assert_allclose(modes @ left, 0.0, atol=1e-12)
    np.testing.assert_array_equal(left[12:], np.arange(12.0, x.size))
    np.testing.assert_allclose(left[3:6] - left[:3], 3.0)


# --- frozen atoms -------------------------------------------------------------------------

# A square lattice of four held atoms, and what sits on it.
HELD = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [2.0, 2.0, 0.0]])
SLAB = Crystal(cell=[4.0, 4.0, 10.0], frozen=HELD, masses=[1.0])


def test_only_what_is_free_counts():
    over_atom, bridge, hollow = [0.0, 0.0, 1.5], [1.0, 0.0, 1.3], [1.0, 1.0, 1.1]
    # Four places over atoms, above and below the layer; eight bridges and four hollows.
    assert SLAB.order(np.array(over_atom)) == 8
    assert SLAB.order(np.array(bridge)) == 4
    assert SLAB.order(np.array(hollow)) == 8
    assert SLAB.zero_modes(jnp.zeros(3)).shape == (0, 3)
    x = np.array([0.3, 0.4, 1.2])
    for seed in range(5):
        image = SLAB.random_image(x, seed)
        assert SLAB.same(x, image) and SLAB.align(x, image)[1] < 1e-12
    assert SLAB.same(x, x + [2.0, 0.0, 0.0])
    assert not SLAB.same(x, x + [1.0, 0.0, 0.0])


def test_frozen_atoms_of_two_kinds_leave_fewer_places():
    held = Crystal(cell=[4.0, 4.0, 10.0], species="XABBA", frozen=HELD)
    x = np.array([0.3, 0.4, 1.2])
    assert held.same(x, x + [2.0, 2.0, 0.0]) and not held.same(x, x + [2.0, 0.0, 0.0])


def test_without_rotations_copies_by_a_mirror_are_others():
    still = Crystal(cell=[4.0, 4.0, 10.0], frozen=HELD, rotations=False)
    x, mirrored = np.array([0.3, 0.4, 1.2]), np.array([-0.3, 0.4, 1.2])
    assert SLAB.same(x, mirrored) and not still.same(x, mirrored)
    assert still.confirm_by_alignment and not SLAB.confirm_by_alignment


# --- bad arguments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Crystal(cell=np.zeros((3, 3))), "no volume"),
        (lambda: Crystal(cell=[1.0, 2.0]), r"shape \(2,\)"),
        (lambda: Crystal(cell=[1.0] * 3, masses=[0.0]), "masses must be positive"),
        (lambda: Crystal(cell=[1.0] * 3, frozen=np.zeros((2, 2))), "frozen has shape"),
        (
            lambda: Crystal(cell=[1.0] * 3, frozen=np.zeros((1, 3)), variable_cell=True),
            "cannot follow",
        ),
        (lambda: Crystal(cell=[1.0] * 3).order(np.zeros(4)), "3 coordinates an atom, got 4"),
        (
            lambda: Crystal(cell=[1.0] * 3, variable_cell=True).order(np.zeros(10)),
            "six for the cell",
        ),
        (lambda: Crystal(cell=[1.0] * 3, species="AB").order(np.zeros(3)), "species names 2"),
        (lambda: SLAB.order(np.zeros(6)), "masses names 1 atoms, but the point has 2 beside 4"),
        (lambda: SLAB.fingerprint(np.zeros(3)), "batch"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_points_of_nan_are_the_same_as_nothing():
    crystal = Crystal(cell=[4.0] * 3)
    x = random_point(4.0 * np.eye(3), 5, 0)
    assert not crystal.same(x, np.full(15, np.nan)) and not crystal.same(np.full(15, np.nan), x)


def test_descriptions_tell_crystals_apart():
    given = [
        Crystal(cell=[4.0] * 3),
        Crystal(cell=[4.1] * 3),
        Crystal(cell=[4.0] * 3, species="AB"),
        Crystal(cell=[4.0] * 3, frozen=HELD),
        Crystal(cell=[4.0] * 3, frozen=HELD + 0.01),
        Crystal(cell=[4.0] * 3, rotations=False),
        Crystal(cell=[4.0] * 3, variable_cell=True),
    ]
    assert len({one.describe() for one in given}) == len(given)
    assert hash(Crystal(cell=[4.0] * 3)) == hash(Crystal(cell=4.0 * np.eye(3)))


def test_a_variable_cell_is_one_point_whichever_basis_is_shortest():
    # Angles of 60 degrees: strains of 1e-7 decide between several shortest bases.
    cell = 2.0 * np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    crystal = Crystal(cell=cell, variable_cell=True)
    x = np.zeros((12, 9))
    x[1:, 3:] = 1e-7 * np.random.default_rng(0).normal(size=(11, 6))
    prints = crystal.fingerprint(x)
    assert np.abs(prints - prints[0]).max() < 1e-5
