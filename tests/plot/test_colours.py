"""What colours minima."""

import numpy as np
import pytest

import jaxscape as js
from jaxscape.plot._colours import GREY, Groups, Numbers, colours_of
from jaxscape.plot._source import as_source
from jaxscape.plot._style import INK

NETWORK = js.KineticNetwork(
    [0.0, 1.0, 0.5], plus=[2, 0], minus=[1, 2], ts_energy=[3.0, 2.0], ids=[7, 3, 5], order=[1, 2, 4]
)


@pytest.mark.parametrize(
    ("colour", "values", "name"),
    [
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.1], ""),
        ("order", [2.0, 4.0, 1.0], "Point-group order"),
        ({7: 9.0, 5: 4.0}, [np.nan, 4.0, 9.0], ""),
    ],
)
def test_numbers(colour, values, name):
    """Arrays are in the order of the network's rows, whatever the ids."""
    found = colours_of(as_source(NETWORK), [3, 5, 7], colour, None)
    assert isinstance(found, Numbers) and found.name == name
    np.testing.assert_array_equal(found.values, values)


@pytest.mark.parametrize(
    ("colour", "groups", "names"),
    [
        (["b", "a", "b"], [0, 1, 1], ("a", "b")),
        ({3: "fcc", 7: "ico"}, [0, -1, 1], ("fcc", "ico")),
        ({"ico": [7], "fcc": [3, 5]}, [1, 1, 0], ("ico", "fcc")),
        ([True, False, True], [0, 1, 1], ("no", "yes")),
    ],
)
def test_groups(colour, groups, names):
    found = colours_of(as_source(NETWORK), [3, 5, 7], colour, None)
    assert isinstance(found, Groups) and found.names == names
    assert found.index.tolist() == groups
    assert len(set(found.colours)) == len(names) and not {INK, GREY} & set(found.colours)


def test_many_groups_have_colours_of_their_own():
    source = as_source(js.KineticNetwork(np.arange(20.0), [], [], []))
    found = colours_of(source, np.arange(20), [f"g{i:02}" for i in range(20)], None)
    assert len(set(found.colours)) == 20


@pytest.mark.parametrize(
    ("colour", "message"),
    [
        ("mauve", "energy, order"),
        ([1.0], r"\[3\]"),
        (lambda x: 1.0, "points"),
        ({}, "empty"),
        ({"a": [3], "b": [3, 5]}, "minimum 3 is in two groups"),
        ({"a": [4]}, "no minimum 4"),
        ({4: 1.0}, "no minimum 4"),
        ({0.5: 1.0}, "integers"),
    ],
)
def test_bad_colours(colour, message):
    with pytest.raises(ValueError, match=message):
        colours_of(as_source(NETWORK), [3, 5, 7], colour, None)
