"""Heat capacity against temperature."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot


@pytest.fixture
def network():
    return js.KineticNetwork(
        [0.0, 1.0, 1.2], [], [], [], log_product=[1.0, 0.0, 0.0], modes=[3, 3, 3],
        ids=[4, 5, 6], units=js.Units("epsilon", "sigma"),
    )  # fmt: skip


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def test_total_vibrations_and_minima(network):
    ax = plot.heat_capacity(network, [0.1, 0.3, 0.5], minima=2)
    curve = js.heat_capacity(network, [0.1, 0.3, 0.5])
    found = lines(ax)
    np.testing.assert_array_equal(found["total"].T, [curve.temperature, curve.total])
    np.testing.assert_array_equal(found["vibrations"][:, 1], [3.0, 3.0, 3.0])
    shown = [name for name in found if name.startswith("minimum")]
    assert len(shown) == 2 and shown[0] == "minimum 5"
    np.testing.assert_array_equal(found["minimum 5"][:, 1], 3.0 + curve.minima[:, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("kT / ε", "Heat capacity / k")


def test_ranges_axes_and_computed_curves(network):
    own = plt.subplots()[1]
    assert plot.heat_capacity(network, (0.1, 0.5), ax=own) is own
    assert len(lines(own)["total"]) == 300 and own.get_xlim() == (0.1, 0.5)
    curve = js.heat_capacity(network, [0.1, 0.2, 0.3])
    assert len(lines(plot.heat_capacity(curve))["total"]) == 3
    with pytest.raises(ValueError, match="temperatures are missing"):
        plot.heat_capacity(network)
