import collections
import importlib

import jax
import numpy as np

import jaxscape as js
from jaxscape.explore.choice import Pairs, choose_minima

driver = importlib.import_module("jaxscape.explore.explore")
QUIET = dict(progress=False)


def test_double_ended_searches_connect(camel, partly_connected, monkeypatch):
    network = partly_connected
    plain = driver.search_from_minima

    def nothing(settings, network, ids, strategy):
        network.record_attempts("single_ended", ids, None, ["known"] * len(ids), [1] * len(ids))
        return len(ids)

    monkeypatch.setattr(driver, "search_from_minima", nothing)
    js.explore(camel, landscape=network, key=jax.random.key(0), batch=128, patience=128, **QUIET)
    assert len(network.components()) == 1
    kinds = network.attempts.kinds()
    assert kinds["double_ended"] >= 4 and kinds["band_maximum"] >= 4
    assert (network.transition_states.index == 1).all()
    assert plain is not driver.search_from_minima


def test_without_connect_no_bands(camel, camel_network):
    network = js.explore(
        camel, key=jax.random.key(0), searches=256, batch=128, connect=False, **QUIET
    )
    assert "double_ended" not in network.attempts.kinds()


def test_minima_take_turns(partly_connected):
    network = partly_connected
    ids = choose_minima(network, 6)
    assert sorted(ids) == list(range(6))
    # The lowest first; those tried already wait.
    assert network.minima.energy[ids[0]] == network.minima.energy.min()
    network.record_attempts("single_ended", [int(ids[0])], None, ["known"], [1])
    assert ids[0] not in choose_minima(network, 5)
    expected = np.full(6, 2)
    expected[ids[0]] = 1
    np.testing.assert_array_equal(np.bincount(choose_minima(network, 11), minlength=6), expected)


def test_pairs_join_different_parts_and_are_not_repeated(partly_connected):
    network = partly_connected
    part = {i: n for n, ids in enumerate(network.components()) for i in ids}
    seen = []
    for _ in range(4):
        pairs = Pairs(network).choose(4)
        assert pairs and len(set(pairs)) == len(pairs)
        for a, b in pairs:
            assert a < b and part[a] != part[b]
        a, b = zip(*pairs, strict=True)
        network.record_attempts("double_ended", a, b, ["no maximum"] * len(a), [1] * len(a))
        seen += pairs
    tries = collections.Counter(seen)
    assert max(tries.values()) <= Pairs.most_tries
    assert len(tries) > 4


def test_minima_with_many_transition_states_are_searched_more(camel_network):
    network = camel_network
    ends = np.concatenate([network.transition_states.plus, network.transition_states.minus])
    degree = np.bincount(ends, minlength=len(network.minima))
    tried = np.bincount(choose_minima(network, 60_000), minlength=len(degree))
    assert degree.max() > degree.min()
    assert tried[degree.argmax()] > 1.1 * tried[degree.argmin()]
    assert tried.min() > 0
