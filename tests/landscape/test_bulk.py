"""Points taken over as they are."""

import numpy as np
import pytest

import jaxscape as js


def points(**changes):
    return {"x": np.zeros((3, 2)), "energy": [0.0, 0.0, 1.0]} | changes


def states(**changes):
    given = {"x": np.ones((2, 2)), "energy": [2.0, 3.0], "plus": [0, 1], "minus": [2, 1]}
    return given | changes


def test_rows_are_ids_and_nothing_is_certified():
    landscape = js.Landscape.from_points(points(order=[1, 2, 3]), states(), name="n")
    minima, found = landscape.minima, landscape.transition_states
    assert len(minima) == 3 and minima.order.tolist() == [1, 2, 3]
    assert (found.plus.tolist(), found.minus.tolist()) == ([0, 1], [2, 1])
    assert minima.index.tolist() == [0, 0, 0] and found.index.tolist() == [1, 1]
    assert not minima.certified.any() and not found.certified.any()
    for name in ("rms_gradient", "lowest_eigenvalue", "log_product"):
        assert np.isnan(getattr(found, name)).all()
    assert landscape.name == "n" and landscape.dim == 2
    assert landscape.components() == [{0, 2}, {1}]


def test_orders_of_the_symmetry():
    x = [[0.0, 0, 0, 1, 0, 0, 0.5, 0.75**0.5, 0]]
    surface = js.systems.lennard_jones(3)
    assert js.Landscape.from_points({"x": x, "energy": [0.0]}, surface=surface).minima.order == [12]


def test_they_are_saved_and_known_again(tmp_path):
    landscape = js.Landscape.from_points(points(x=[[0.0, 0], [0, 1], [1, 1]]), states())
    landscape.save(tmp_path / "n.sqlite")
    again = js.load(tmp_path / "n.sqlite")
    assert np.isnan(again.transition_states.eigenvector).all()
    assert again.minima.energy.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("minima", "transition_states", "message"),
    [
        (points(x=np.zeros(3)), None, r"minima: x is of shape \(3,\), expected \[n, dim\]"),
        ({"energy": [0.0]}, None, "minima: x is missing"),
        (points(energy=[0.0, 1.0]), None, r"energy has shape \(2,\), expected \(3,\)"),
        (points(energy=[0.0, np.nan, 1.0]), None, "energy of row 1 is not finite"),
        (points(colour=[1, 2, 3]), None, "there is no column 'colour'; known: energy"),
        ({"x": np.zeros((3, 2))}, None, "the column 'energy' is missing"),
        (points(), states(plus=[0, 3]), "plus of row 1 is 3, but the rows of the 3 minima"),
        (points(), states(minus=[-1, 0]), "minus of row 0 is -1"),
        (points(), states(plus=[0.0, 1.0]), "plus holds float64, expected integers"),
        (points(), states(x=np.zeros((2, 3))), r"transition_states: x is of shape \(2, 3\)"),
    ],
)
def test_bad_columns(minima, transition_states, message):
    with pytest.raises(ValueError, match=message):
        js.Landscape.from_points(minima, transition_states)


def test_only_into_an_empty_landscape():
    landscape = js.Landscape.from_points(points())
    with pytest.raises(ValueError, match="is not empty"):
        js.landscape.take_points(landscape, points())
