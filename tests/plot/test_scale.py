"""Energies in other units, above the lowest minimum."""

import json
import re

import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot

FACTOR = 96.48533212  # kJ/mol in an eV, CODATA 2018


@pytest.fixture
def molecule(make_landscape):
    """As GFN2-xTB has them: a tenth of an eV between energies of hundreds."""
    energies = -313.2 + np.array([0.1, 0.0, 0.05])
    return make_landscape(energies, -313.2 + np.array([0.4, 0.3]), [0, 1], [1, 2], ("eV", "A"))


def test_a_disconnectivity_graph_in_other_units(molecule):
    ax = plot.disconnectivity(molecule, units="kJ/mol", colour="energy")
    assert ax.get_ylabel() == "Energy above the lowest minimum / kJ/mol"
    (leaves,) = (c for c in ax.collections if c.get_label() == "minima")
    ends = sorted(segment[:, 1].min() for segment in leaves.get_segments())
    np.testing.assert_allclose(ends, FACTOR * np.array([0.0, 0.05, 0.1]), atol=1e-6)
    np.testing.assert_allclose(np.sort(leaves.get_array()), ends, atol=1e-9)
    tree = js.disconnectivity_tree(molecule)
    high = plot.disconnectivity(molecule, units="kJ/mol", tree=tree).get_ylim()[1]
    np.testing.assert_allclose(high, ax.get_ylim()[1])


def test_energies_as_they_are_have_no_offset(molecule):
    for draw in (plot.disconnectivity, plot.path):
        ax = draw(molecule)
        ax.figure.canvas.draw()
        assert ax.get_ylabel() == "Energy / eV"
        assert ax.yaxis.get_offset_text().get_text() == ""
        assert any(text.get_text().startswith("−313.") for text in ax.get_yticklabels())


def test_paths_networks_and_pages_in_other_units(molecule, tmp_path):
    ax = plot.path(molecule, 0, 2, units="kJ/mol")
    (states,) = (one for one in ax.lines if one.get_label() == "transition state")
    np.testing.assert_allclose(states.get_ydata(), FACTOR * np.array([0.4, 0.3]), atol=1e-6)
    assert ax.get_ylabel() == "Energy above the lowest minimum / kJ/mol"
    ax = plot.network(molecule, units="kJ/mol")
    dots, edges = (
        next(c for c in ax.collections if c.get_label() == name)
        for name in ("minima", "transition states")
    )
    np.testing.assert_allclose(
        np.sort(dots.get_array()), FACTOR * np.array([0, 0.05, 0.1]), atol=1e-6
    )
    np.testing.assert_allclose(
        np.sort(edges.get_array()), FACTOR * np.array([0.25, 0.3]), atol=1e-6
    )
    page = plot.html(molecule, tmp_path / "page.html", units="kJ/mol").read_text()
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data = json.loads(text)
    np.testing.assert_allclose(
        sorted(data["links"]["energy"]), FACTOR * np.array([0.3, 0.4]), atol=1e-6
    )
    assert data["energyUnit"] == "kJ/mol"


def test_units_that_cannot_be_converted_are_refused(make_landscape):
    reduced = make_landscape([0.0, 1.0], [2.0], [0], [1])
    with pytest.raises(ValueError, match="unit 'epsilon' is none of eV"):
        plot.disconnectivity(reduced, units="kJ/mol")
    with pytest.raises(ValueError, match="converting needs a landscape"):
        plot.path(js.lowest_path(reduced, 0, 1), units="kJ/mol")
