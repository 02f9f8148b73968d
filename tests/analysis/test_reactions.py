"""Molecules and bonds of networks made by hand."""

import numpy as np
import pytest

import jaxscape as js

WATER = np.array([[0.0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
HYDROXYL = WATER + np.array([[0.0, 0, 0], [0.0, 0, 0], [-4.0, 0, 0]])
# Oxygen, and two hydrogen atoms far away that are bonded.
SPLIT = np.array([[0.0, 0, 0], [5.0, 0, 0], [5.74, 0, 0]])


def network(**options):
    rng = np.random.default_rng(0)
    surface = js.Surface(
        lambda x: x[0],
        symmetry=js.symmetry.Cluster(species="OHH", inversion=False),
        dim=9,
        units=js.Units("eV", "Angstrom"),
    )
    # The second water has its hydrogens exchanged, and is somewhat distorted.
    again = WATER[[0, 2, 1]] + 0.05 * rng.normal(size=(3, 3))
    minima = np.array([HYDROXYL, WATER, again, SPLIT]).reshape(4, 9)
    middle = {"x": rng.normal(size=(4, 9)), "energy": [3.0, 1.0, 0.2, 4.0]}
    ends = {"plus": [1, 3, 1, 2], "minus": [0, 1, 2, 3]}
    return js.Landscape.from_points(
        {"x": minima, "energy": [2.0, 0.0, 0.1, 0.5]}, middle | ends, surface=surface, **options
    )


def test_molecules_are_told_apart_by_their_bonds():
    found = js.reactions(network())
    assert found.molecules.tolist() == [2, 0, 0, 1]
    assert found.names == ("H2O", "H2 + O", "HO + H")


def test_steps_that_change_bonds_are_listed_with_them():
    found = js.reactions(network(), units="kJ/mol")
    assert found.ids.tolist() == [1, 0, 3] and len(found) == 3
    assert found.broken == (("H-H",), ("H-O",), ("H-O", "H-O"))
    assert found.made == (("H-O", "H-O"), (), ("H-H",))
    np.testing.assert_allclose(found.energy, 96.48533212 * np.array([1.0, 3.0, 4.0]))
    first, *_, last = str(found).splitlines()
    assert first == "molecule 0, H2O: minima 1, 2" and last.endswith("H-O H-O, H-H")


def test_what_has_no_bonds_is_refused():
    with pytest.raises(ValueError, match="which elements"):
        js.reactions(js.Landscape(js.systems.lennard_jones(3)))
    with pytest.raises(ValueError, match="no covalent radius is known for A"):
        kinds = js.symmetry.Cluster(species="AAA")
        points = {"x": WATER.reshape(1, 9), "energy": [0.0]}
        surface = js.Surface(lambda x: x[0], symmetry=kinds, dim=9)
        js.reactions(js.Landscape.from_points(points, surface=surface))
