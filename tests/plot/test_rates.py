"""Rates against inverse temperature."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot


@pytest.fixture
def network():
    return js.KineticNetwork(
        [0.0, 0.5, 0.2], [0, 1], [1, 2], [1.0, 1.5], units=js.Units("epsilon", "sigma")
    )


def test_arrhenius(network):
    ax = plot.rates(network, [0], [1, 2], (0.1, 0.5), steady_state=True, frequencies=False)
    names = [line.get_label() for line in ax.lines]
    assert names[:2] == ["0 → {1, 2}", "{1, 2} → 0"] and names[2].endswith("steady state")
    x, y = ax.lines[0].get_xydata().T
    assert len(x) == 40 and x.min() == pytest.approx(2.0) and x.max() == pytest.approx(10.0)
    np.testing.assert_allclose(np.diff(x, 2), 0.0, atol=1e-12)
    rate = js.rates(network, 0, [1, 2], 1 / x[3], frequencies=False).forward.log_rate
    assert y[3] == pytest.approx(rate / np.log(10))
    # One step without competition: a straight line whose slope is the barrier.
    np.testing.assert_allclose(np.diff(y) / np.diff(x), -1.0 / np.log(10), rtol=1e-9)
    assert ax.get_xlabel() == "1 / kT, in 1 / ε" and "σ" in ax.get_ylabel()


def test_temperatures_and_axes(network):
    own = plt.subplots()[1]
    assert plot.rates(network, 0, 1, [0.1, 0.2, 0.4], frequencies=False, ax=own) is own
    np.testing.assert_allclose(own.lines[0].get_xdata(), [10.0, 5.0, 2.5])
    with pytest.raises(ValueError, match="kT is positive"):
        plot.rates(network, 0, 1, (0.0, 0.1), frequencies=False)
    with pytest.raises(ValueError, match="overlap"):
        plot.rates(network, 0, 0, (0.1, 0.2), frequencies=False)
