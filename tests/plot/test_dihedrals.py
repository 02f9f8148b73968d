"""Minima and transition states by two dihedrals."""

import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot

BONDS = [(0, 1), (1, 2), (2, 3), (3, 4)]
FIRST, SECOND = (0, 1, 2, 3), (1, 2, 3, 4)
CHAIN = np.array([[0.5, 1.4, 0], [0, 0, 0], [1.5, 0, 0], [2.0, 1.4, 0], [3.5, 1.4, 0.1]]).ravel()
MINIMA = np.array([[-170.0, 60.0], [60.0, -60.0], [170.0, 50.0]])
STATES = np.array([[-60.0, 0.0], [175.0, 55.0]])


@pytest.fixture(scope="module")
def chain():
    """Three minima and two transition states, one of them between the edges of the picture."""
    x = [js.with_dihedrals(CHAIN, [FIRST, SECOND], part, BONDS) for part in (MINIMA, STATES)]
    states = {"x": x[1], "energy": [1.0, 4.0], "plus": [0, 0], "minus": [1, 2]}
    return js.Landscape.from_points(
        {"x": x[0], "energy": [-2.0, -1.0, 0.0]}, states, units=js.Units("kcal/mol", "Angstrom")
    )


def named(ax, name):
    return next(c for c in ax.collections if c.get_label() == name)


def test_points_are_where_their_dihedrals_are_coloured_above_the_lowest(chain):
    ax = plot.dihedrals(chain, FIRST, SECOND)
    np.testing.assert_allclose(named(ax, "minima").get_offsets(), MINIMA, atol=1e-9)
    states = named(ax, "transition states")
    turned = (np.asarray(states.get_offsets()) - STATES + 180) % 360 - 180
    np.testing.assert_allclose(turned, 0.0, atol=1e-9)
    np.testing.assert_allclose(named(ax, "minima").get_array(), [0.0, 1.0, 2.0])
    np.testing.assert_allclose(states.get_array(), [3.0, 6.0])
    assert states.get_clim() == named(ax, "minima").get_clim() == (0.0, 6.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("φ / degrees", "ψ / degrees")
    assert any("kcal/mol" in other.get_ylabel() for other in ax.figure.axes)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2"]


def test_lines_go_the_shorter_way_round(chain):
    lines = np.array(named(plot.dihedrals(chain, FIRST, SECOND), "connections").get_segments())
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
    np.testing.assert_allclose(
        np.unique(length.round(6)), [7.071068, 15.811388, 125.299641, 134.164079]
    )
    # The line over the edge is there on both sides.
    assert np.sum(np.isclose(length, 15.811388)) == 2 and len(length) == 5
    ax = plot.dihedrals(chain, FIRST, SECOND, below=3.5, connections=False, label=False)
    assert len(named(ax, "transition states").get_offsets()) == 1
    assert not any(c.get_label() == "connections" for c in ax.collections)


def test_names_and_groups_for_minima(chain):
    ax = plot.dihedrals(
        chain, FIRST, SECOND, label={0: "C5", 2: "C7"}, colour={"left": [0], "right": [1, 2]}
    )
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["C5", "C7"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right"]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((FIRST, (0, 1, 2)), {}, r"second \(0, 1, 2\): pass four"),
        ((FIRST, (0, 1, 2, 7)), {}, "15 coordinates"),
        ((FIRST, SECOND), {"label": {9: "C5"}}, "no minimum 9"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(chain, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        plot.dihedrals(chain, *arguments, **options)


def test_networks_without_points_are_refused():
    with pytest.raises(ValueError, match="KineticNetwork"):
        plot.dihedrals(js.KineticNetwork([0.0], plus=[], minus=[], ts_energy=[]), FIRST, SECOND)
