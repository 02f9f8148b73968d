"""Densities of first passage times."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot


def test_an_exponential():
    found = js.first_passage_distribution(np.array([[0.0, 0.5], [1.0, 0.0]]), 0, 1)
    ax = plot.first_passage(found, unit="s")
    time, density = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(density, 0.5 * time * np.exp(-0.5 * time), atol=1e-12)
    assert density.max() == pytest.approx(np.exp(-1), rel=1e-3)
    np.testing.assert_allclose(ax.lines[1].get_xdata(), 2.0)
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "First passage time / s"
    # The picture holds all of it.
    assert np.trapezoid(density, np.log(time)) == pytest.approx(1.0, abs=0.02)


def test_several_by_name():
    rates = np.array([[0.0, 0.5], [1.0, 0.0]])
    several = {
        name: js.first_passage_distribution(f * rates, 0, 1) for name, f in (("a", 1), ("b", 9))
    }
    own = plt.subplots()[1]
    assert plot.first_passage(several, times=[0.1, 1.0, 10.0], ax=own) is own
    assert [text.get_text() for text in own.get_legend().get_texts()] == ["a", "b"]
    assert own.lines[0].get_xdata().tolist() == [0.1, 1.0, 10.0]
    with pytest.raises(ValueError, match="no distribution"):
        plot.first_passage({})
