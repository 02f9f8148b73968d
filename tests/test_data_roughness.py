import json
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxscape as js

RNG = np.random.default_rng(3)
TABLE = RNG.uniform(size=(40, 3))
DATA = js.models.DataSet(TABLE, np.sin(9 * TABLE[:, 0]) * np.cos(7 * TABLE[:, 1]), names="abc")


@pytest.mark.long
@pytest.mark.parametrize("pair, missing", [("1,2", 0), ("0,1", 3)])
def test_the_example_data_of_topsearch(pair, missing):
    """At least as complete as its stored result, nearly complete, the same with two seeds."""
    source = json.loads((Path(__file__).parent / "reference/topsearch_data.json").read_text())
    minima, states, _ = source["stored"][pair]
    table = js.models.DataSet(np.array(source["features"], float).T, source["response"])
    data = (
        table.features([int(one) for one in pair.split(",")])
        .without_duplicates(average=False)
        .normalised()
    )
    values = []
    for seed in (0, 1):
        network = js.data_set_landscape(data, key=jax.random.key(seed))
        assert len(network.minima) >= minima and len(network.transition_states) >= states
        assert network.minima.certified.all() and network.transition_states.certified.all()
        inside = data.inside_hull(network.minima.x)
        values.append(js.frustration(network, keep=inside))
        left = js.missing_transition_states(network, data.inputs, tolerance=1e-6)
        assert 0 <= left <= missing
    np.testing.assert_allclose(values[0], values[1], rtol=0.01)


@pytest.mark.long
def test_nothing_is_missing_and_seeds_agree():
    data = DATA.features("ab").normalised()
    networks = [js.data_set_landscape(data, key=jax.random.key(seed)) for seed in (0, 1)]
    sizes = [(len(n.minima), len(n.transition_states)) for n in networks]
    values = [js.frustration(n) for n in networks]
    assert sizes[0] == sizes[1]
    np.testing.assert_allclose(*values, rtol=1e-6)
    assert js.missing_transition_states(networks[0], data.inputs, tolerance=1e-6) == 0


@pytest.mark.long
def test_pairs_and_new_points():
    rough = js.data_roughness(DATA, key=jax.random.key(0), pairs=["ab", (0, 2)], searches=64)
    assert rough.pairs == ((0, 1), (0, 2)) and np.isnan(rough.matrix[1, 2])
    np.testing.assert_allclose(rough.matrix[1, 0], rough.values[0])
    np.testing.assert_allclose(rough.contributions(1).value.sum(), rough.values[1])
    np.testing.assert_allclose(rough.mean, rough.values.mean())
    assert rough.without("b") == rough.values[1]
    with pytest.raises(ValueError, match="every pair contains feature 'a'"):
        rough.without("a")
    points = js.fill_points(rough.landscapes[0], 3, keep=rough.inside[0])
    assert points.shape[1] == 2 and ((points >= 0) & (points <= 1)).all()


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="no feature 'z'"):
        js.data_roughness(DATA, key=jax.random.key(0), pairs=["az"])
    with pytest.raises(ValueError, match="pass pairs of different features"):
        js.data_roughness(DATA, key=jax.random.key(0), pairs=["abc"])
    with pytest.raises(ValueError, match="size is 0"):
        js.fill_points(js.Landscape(), 0)
    with pytest.raises(ValueError, match="needs a landscape with its surface"):
        js.fill_points(js.Landscape(), 1)
