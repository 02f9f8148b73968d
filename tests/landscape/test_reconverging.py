"""Networks taken to another surface: what stays, what merges, what is lost."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


class Ripples(eqx.Module):
    """Three wells of `depth` along x in a wide bowl."""

    depth: jax.Array

    def __call__(self, x):
        return 0.05 * x[0] ** 2 - self.depth * jnp.cos(2 * x[0]) + 0.5 * x[1] ** 2


def surface(depth):
    return js.Surface(Ripples(jnp.asarray(depth)), dim=2, bounds=(-4.6, 4.6))


@pytest.fixture(scope="module")
def wells():
    """The network of some deeper ripples, known to two digits; one mode is missing."""
    minima = {"x": [[0.0, 0.0], [2.99, 0.0], [-2.99, 0.0]], "energy": [-1.0, -0.53, -0.53]}
    states = {"x": [[1.65, 0.0], [-1.65, 0.0]], "energy": [1.1, 1.1]}
    states |= {"plus": [0, 2], "minus": [1, 0], "eigenvector": [[1.0, 0.0], [np.nan, np.nan]]}
    return js.Landscape.from_points(minima, states)


@pytest.fixture(scope="module")
def shallower(wells):
    return wells.reconverge(surface(0.5))


def test_every_point_is_found_again_and_certified(wells, shallower):
    network, report = shallower
    assert report.minima.tolist() == [0, 1, 2] and report.transition_states.tolist() == [0, 1]
    assert network.minima.certified.all() and network.transition_states.certified.all()
    assert not (report.lost_minima or report.gained or report.rewired or report.merged_minima)
    x = np.concatenate([network.minima.x, network.transition_states.x])[:, 0]
    np.testing.assert_allclose(0.1 * x + np.sin(2 * x), 0.0, atol=1e-7)
    before = np.concatenate([wells.minima.x, wells.transition_states.x])[:, 0]
    moved = np.concatenate([report.moved_minima, report.moved_transition_states])
    np.testing.assert_allclose(moved, np.abs(x - before), atol=1e-6)
    assert str(report).splitlines() == ["3 minima: 3 remain", "2 transition states: 2 remain"]


def test_wells_that_vanish_merge_and_their_transition_states_are_lost(wells):
    network, report = wells.reconverge(surface(0.0))
    assert len(network.minima) == 1 and len(network.transition_states) == 0
    assert report.merged_minima == [[0, 1, 2]]
    assert sorted(report.lost_transition_states) == [0, 1]
    assert np.isnan(report.moved_transition_states).all()
    text = str(report)
    assert "0, 1, 2 became one" in text and "1 was lost: " in text


def test_a_transition_state_between_other_minima_is_told(wells):
    states = wells.transition_states
    columns = {"x": wells.minima.x[:2], "energy": wells.minima.energy[:2]}
    saddles = {"x": states.x, "energy": states.energy, "plus": [0, 0], "minus": [1, 1]}
    two = js.Landscape.from_points(columns, saddles)
    network, report = two.reconverge(surface(0.5))
    assert len(network.minima) == 3 and len(report.gained) == 1 and len(report.rewired) == 1
    assert f"new minima beside transition states: {report.gained[0]}" in str(report)


def test_it_goes_into_a_store(wells, tmp_path):
    network, _ = wells.reconverge(surface(0.5), store=tmp_path / "new.sqlite")
    network.close()
    assert len(js.load(tmp_path / "new.sqlite").minima) == 3
    with pytest.raises(ValueError, match="holds 3 minima"):
        wells.reconverge(surface(0.5), store=tmp_path / "new.sqlite")


def of_atoms(species, units=None):
    symmetry = js.symmetry.Cluster(species=species)
    return js.Surface(jnp.sum, dim=3 * len(species), symmetry=symmetry, units=units)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (of_atoms("HO"), of_atoms("OH"), "of the atoms H O"),
        (of_atoms("HO"), of_atoms("HOH"), "6 coordinates, .* has 9"),
        (
            of_atoms("HO", js.Units("eV", "Angstrom")),
            of_atoms("HO", js.Units("hartree", "bohr")),
            "in Angstrom, .* in bohr",
        ),
    ],
)
def test_other_coordinates_are_refused(old, new, message):
    landscape = js.Landscape(old)
    with pytest.raises(ValueError, match=message):
        landscape.reconverge(new)
