"""The double funnel of LJ38 as PATHSAMPLE and disconnectionDPS print it.

https://github.com/wales-group/examples, LJ38/04 (12 minima) and LJ38/05 (64 minima, where a copy
of those files is at hand); see `reference/lj38_example.json`.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import jaxscape as js

REFERENCE = Path(__file__).parents[1] / "reference" / "lj38_example.json"


@pytest.fixture(scope="module")
def known():
    return json.loads(REFERENCE.read_text())


@pytest.fixture(scope="module")
def example(known):
    """The first path of the example and what belongs to it, converged further than there."""
    minima, states = (np.array(known[name]["points"]) for name in ("minima", "states"))
    return js.KineticNetwork(
        minima[:, 0], states[:, 3].astype(int), states[:, 4].astype(int), states[:, 0],
        log_product=minima[:, 1], ts_log_product=states[:, 1],
        order=minima[:, 2].astype(int), ts_order=states[:, 2].astype(int),
        modes=np.full(len(minima), 108), ts_modes=np.full(len(states), 107),
    )  # fmt: skip


def part(network, minima, states):
    """The network of these rows alone, under their names in the whole."""
    columns = {
        field.name: column[rows]
        for field in dataclasses.fields(network)
        if isinstance(column := getattr(network, field.name), np.ndarray)
        for rows in [states if len(column) == len(network.ts_energy) else minima]
    }
    place = np.full(len(network), -1)
    place[minima] = np.arange(len(minima))
    columns |= {side: place[columns[side]] for side in ("plus", "minus")}
    return js.KineticNetwork(**columns)


@pytest.fixture(params=["converged here", "from the files"])
def first(request, example):
    """The network of LJ38/04, and how many digits its numbers share with those printed."""
    if request.param == "converged here":
        return example, 2e-6
    whole, *_ = request.getfixturevalue("lj38")
    return part(whole, np.arange(12), np.arange(11)), 4e-10


def test_the_fastest_path(first, known):
    network, digits = first
    printed = known["fastest_path"]
    (path,) = js.fastest_paths(network, printed["b"], printed["a"], printed["temperature"])
    assert path.minima.tolist() == printed["minima"]
    assert path.transition_states.tolist() == printed["states"]
    assert np.exp(path.log_rate) == pytest.approx(printed["steady_state"], rel=digits)
    # It climbs nowhere higher than the lowest path does.
    lowest = js.lowest_path(network, printed["b"], printed["a"])
    energies = network.ts_energy[path.transition_states]
    assert lowest.highest == energies.max()
    np.testing.assert_allclose(energies, printed["ts_energy"], atol=1e-9)


def test_rates_along_the_path(first, known):
    network, digits = first
    printed = known["fastest_path"]
    alone = part(network, np.array(printed["minima"]), np.array(printed["states"]))
    found = js.rates(alone, printed["b"], printed["a"], printed["temperature"])
    assert found.forward.rate == pytest.approx(printed["rate_ab"], rel=digits)
    assert found.backward.rate == pytest.approx(printed["rate_ba"], rel=digits)


def nodes_at_levels(network, levels, ceiling):
    """As disconnectionDPS counts: groups at each level, and minima since the level above."""
    below = network.ts_energy <= ceiling
    tree = js.DisconnectivityTree.from_arrays(
        network.energy, network.ts_energy[below], network.plus[below], network.minus[below]
    )
    tree = tree.only(np.flatnonzero(component(tree) == component(tree)[np.argmin(network.energy)]))
    (energies, groups), counts = tree.at_levels(levels), []
    assert energies.tolist() == sorted(levels)
    for energy, level in zip(energies[::-1], groups[::-1], strict=True):
        above = levels[0] if energy == levels[0] else energy + levels[0] - levels[1]
        ends = (tree.leaf_energies > energy) & (tree.leaf_energies <= above + 1e-9)
        counts.append(len(np.unique(level[level >= 0])) + int(ends.sum()))
    return counts


def component(tree):
    """`[L]`, the root above each leaf."""
    above = np.where(tree.parents < 0, np.arange(len(tree.parents)), tree.parents)
    while not np.array_equal(above[above], above):
        above = above[above]
    return above[: len(tree)]


def test_the_disconnectivity_graph(first, known):
    printed = known["disconnectivity"]
    levels = printed["first"] - printed["spacing"] * np.arange(len(printed["nodes"]))
    assert nodes_at_levels(first[0], levels, levels[0]) == printed["nodes"]


def test_the_disconnectivity_graph_of_all_minima(lj38, known):
    network, *_ = lj38
    printed = known["disconnectivity"]
    levels = printed["first"] - printed["spacing"] * np.arange(len(printed["nodes"]))
    assert nodes_at_levels(network, levels, levels[0]) == printed["nodes_of_64"]


def test_three_ways_agree_wherever_they_have_digits(example, known):
    check_three_ways(example, known["fastest_path"]["b"], known["fastest_path"]["a"])


def test_three_ways_agree_for_all_minima(lj38):
    network, a, b = lj38
    check_three_ways(network, b, a)


def check_three_ways(network, source, target):
    """Graph transformation at any temperature; linear solve and eigenvalues, or their refusal."""
    solved, spectral = [], []
    strict = js.LinearSolve(tolerance=1e-7, fallback=False)
    temperatures = (0.4, 0.3, 0.2, 0.15, 0.1, 0.05, 0.02, 0.005)
    for kt in temperatures:
        exact = js.rates(network, source, target, kt)
        there = exact.log_population_a + exact.forward.log_steady_state
        back = exact.log_population_b + exact.backward.log_steady_state
        assert there == pytest.approx(back, abs=1e-9)
        try:
            linear = js.rates(network, source, target, kt, method=strict)
            solved.append(kt)
            for way in ("forward", "backward"):
                logs = (getattr(one, way).log_mean_time for one in (linear, exact))
                assert np.subtract(*logs) == pytest.approx(0.0, abs=1e-7)
        except ValueError as error:
            assert "the linear solve may be wrong by" in str(error)
        try:
            found = js.first_passage_distribution(network, source, target, kt)
            spectral.append(kt)
            log = np.log(found.moment(1))
            assert log == pytest.approx(exact.forward.log_mean_time, abs=1e-6)
        except ValueError as error:
            assert "lose digits" in str(error)
    # Both have digits where it is warm, and know that they have none where it is cold.
    for kept in (solved, spectral):
        assert kept and kept == list(temperatures[: len(kept)]) and len(kept) < len(temperatures)
