"""Energies along paths."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot


@pytest.fixture
def chain(make_landscape):
    return make_landscape([0.0, 1.0, 0.5], [3.0, 2.0], [0, 1], [1, 2])


@pytest.fixture(scope="module")
def bands():
    images = np.zeros((2, 4, 2))
    images[:, :, 0] = [0.0, 3.0, 3.0, 6.0]
    images[:, 2:, 1] = 4.0
    return js.Paths(
        images=images,
        energies=np.array([[0.0, 2.0, 1.0, 0.5], [0.0, 1.0, 3.0, 0.5]]),
        rms_force=np.zeros(2),
        status=np.array([int(js.Status.CONVERGED), int(js.Status.MAX_STEPS)], np.int32),
        evaluations=np.ones(2, np.int32),
    )


def line(ax, name):
    (found,) = [one for one in ax.lines if one.get_label() == name]
    return found.get_xydata()


def test_minima_and_transition_states_of_a_path(chain):
    ax = plot.path(js.lowest_path(chain, 0, 2), units=chain.units)
    np.testing.assert_array_equal(line(ax, "minimum"), [[0, 0.0], [1, 1.0], [2, 0.5]])
    np.testing.assert_array_equal(line(ax, "transition state"), [[0.5, 3.0], [1.5, 2.0]])
    assert [t.get_text() for t in ax.texts] == ["0", "1", "2", "0", "1"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("Energy / ε", "Steps along the path")
    curve = ax.lines[0].get_xydata()
    assert curve[:, 1].max() == 3.0 and curve[:, 1].min() == 0.0
    # Flat at every stationary point.
    near = np.abs(curve[:, 0] - 0.5) < 0.02
    assert np.all(curve[near, 1] > 2.98)


def test_a_landscape_is_drawn_along_its_lowest_path(chain):
    ax = plot.path(chain, 1, 2)
    np.testing.assert_array_equal(line(ax, "minimum")[:, 1], [1.0, 0.5])
    # By default from the second lowest minimum to the lowest.
    np.testing.assert_array_equal(line(plot.path(chain), "minimum")[:, 1], [0.5, 1.0, 0.0])


def test_a_network_without_points():
    network = js.KineticNetwork(
        [1.0, 0.0, 0.5, -9.0], [0, 2], [1, 0], [3.0, 2.0], ids=[8, 3, 5, 4], ts_ids=[11, 10]
    )
    ax = plot.path(network, 5, 3)
    np.testing.assert_array_equal(line(ax, "minimum")[:, 1], [0.5, 1.0, 0.0])
    assert [text.get_text() for text in ax.texts] == ["5", "8", "3", "10", "11"]
    np.testing.assert_array_equal(line(plot.path(network, b=3), "minimum")[:, 1], [0.5, 1.0, 0.0])
    with pytest.raises(ValueError, match="no path leads to minimum 4 yet"):
        plot.path(network)


def test_bands_are_drawn_against_arc_length(bands):
    ax = plot.path(bands, units=js.Units("epsilon", "sigma"))
    np.testing.assert_allclose(line(ax, "path 0"), [[0, 0], [3, 2], [7, 1], [10, 0.5]])
    np.testing.assert_allclose(line(ax, "path 1 (not converged)")[:, 1], [0.0, 1.0, 3.0, 0.5])
    np.testing.assert_allclose(line(ax, "local maximum"), [[3, 2], [7, 3]])
    assert ax.get_xlabel() == "Arc length along the path / σ"


def test_a_path_of_no_steps(chain):
    ax = plot.path(js.lowest_path(chain, 1, 1))
    np.testing.assert_array_equal(line(ax, "minimum"), [[0.0, 1.0]])


def test_it_draws_into_the_axes_given(chain, bands):
    for shown in (chain, bands):
        own = plt.subplots()[1]
        assert plot.path(shown, ax=own) is own


def test_errors(chain, bands, make_landscape):
    with pytest.raises(ValueError, match="not connected"):
        plot.path(make_landscape([0.0, 1.0]), 0, 1)
    with pytest.raises(ValueError, match="explore longer"):
        plot.path(make_landscape([0.0, 1.0]))
    with pytest.raises(ValueError, match="a and b"):
        plot.path(bands, 0, 1)
    with pytest.raises(ValueError, match="ndarray"):
        plot.path(np.zeros(3))
    nothing = dataclasses.replace(bands, energies=np.full((2, 4), np.nan))
    with pytest.raises(ValueError, match="none of the 2"):
        plot.path(nothing)
