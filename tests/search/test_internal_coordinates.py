"""Distances, angles and dihedrals: against geometry by hand, and set to what was asked for."""

import numpy as np
import pytest

import jaxscape as js

BONDS = [(0, 1), (1, 2), (2, 3), (2, 4), (4, 5)]
X = np.random.default_rng(0).normal(size=18) + np.repeat(1.5 * np.arange(6.0), 3)


def test_they_are_what_geometry_says():
    a, b, c, d = X.reshape(-1, 3)[:4]
    normal = np.cross(b - a, c - b), np.cross(c - b, d - c)
    cosine = normal[0] @ normal[1] / np.linalg.norm(normal[0]) / np.linalg.norm(normal[1])
    sign = np.sign(normal[0] @ (d - c))
    angle = (a - b) @ (c - b) / np.linalg.norm(a - b) / np.linalg.norm(c - b)
    found = js.internal_coordinates(X[None], [(0, 3), (0, 1, 2), (0, 1, 2, 3)])
    expected = np.linalg.norm(a - d), np.degrees(np.arccos(angle)), np.degrees(np.arccos(cosine))
    np.testing.assert_allclose(found[0], np.array(expected) * [1, 1, sign], atol=1e-9)


def test_dihedrals_are_set_and_nothing_else_moves():
    atoms = [(0, 1, 2, 4), (1, 2, 4, 5)]
    values = np.array([[60.0, -120.0], [180.0, 35.0], [-90.0, 0.0]])
    turned = js.with_dihedrals(X, atoms, values, BONDS)
    found = js.internal_coordinates(turned, atoms)
    np.testing.assert_allclose((found - values + 180) % 360, 180.0, atol=1e-9)
    kept = [*BONDS, (0, 1, 2), (1, 2, 3), (1, 2, 4), (3, 2, 4), (2, 4, 5)]
    before = js.internal_coordinates(X[None], kept)
    np.testing.assert_allclose(js.internal_coordinates(turned, kept) - before, 0.0, atol=1e-9)
    # What hangs on the third atom turns, all else stays in its place.
    np.testing.assert_array_equal(turned[:, :9], np.tile(X[:9], (3, 1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.internal_coordinates(X, [(0, 1)]), r"shape \(18,\)"),
        (lambda: js.internal_coordinates(X[None], [(0, 6)]), "18 coordinates"),
        (lambda: js.internal_coordinates(X[None], [(0, 1, 0)]), "different atoms"),
        (lambda: js.with_dihedrals(X, [(0, 1, 2)], [[1.0]], BONDS), "four for a dihedral"),
        (lambda: js.with_dihedrals(X, [(0, 1, 3, 4)], [[1.0]], BONDS), "1 and 3 are not bonded"),
        (lambda: js.with_dihedrals(X, [(0, 1, 2, 3)], [1.0], BONDS), r"\[batch, 1\]"),
        (
            lambda: js.with_dihedrals(X, [(0, 1, 2, 3)], [[1.0]], [*BONDS, (1, 4)]),
            "1-2 is part of a ring",
        ),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
