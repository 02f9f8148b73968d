"""DISCOTRESS's files: rates and probabilities."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import jaxscape as js
from jaxscape.io import FormatError, discotress


def test_rates_by_the_formula(numbers, tmp_path):
    kT = 0.3
    discotress.write(numbers, tmp_path, temperature=kT, a=[0], b=[2], communities=[0, 0, 1])
    rates = discotress.read_rates(tmp_path)
    # Minimum 0 to 1 over transition states 0 and 3; 1 to 2 over 1; 2 is degenerate.
    assert rates.ends.tolist() == [[0, 1], [1, 2]]
    forth = sum(np.exp((3.0 - lp) / 2 - e / kT) / (2 * np.pi) for e, lp in ((1.0, 2.0), (0.9, 1.0)))
    back = sum(
        2 * np.exp((2.5 - lp) / 2 - (e - 0.25) / kT) / (2 * np.pi)
        for e, lp in ((1.0, 2.0), (0.9, 1.0))
    )
    assert np.allclose(np.exp(rates.log_rates[0]), [forth, back], rtol=1e-13)
    weights = np.exp([-1.5, -0.25 / kT - 1.25, -0.1 / kT - 0.05]) / np.array([1, 2, 6])
    assert np.allclose(np.exp(rates.log_probability), weights / weights.sum(), rtol=1e-13)
    assert (tmp_path / "nodes.A").read_text() == "1\n"
    assert discotress.read_nodes(tmp_path / "nodes.B", 3).tolist() == [2]
    assert discotress.read_communities(tmp_path / "communities.dat", 3).tolist() == [0, 0, 1]


energy = st.floats(-2.0, 2.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(energy, min_size=2, max_size=6), st.floats(0.01, 10.0), st.data())
def test_rates_come_back(tmp_path_factory, energies, temperature, data):
    size = len(energies)
    edges = st.lists(st.tuples(*[st.integers(0, size - 1)] * 2, energy), max_size=8)
    states = data.draw(edges)
    network = js.KineticNetwork(
        energies, np.array([s[0] for s in states], int), np.array([s[1] for s in states], int),
        [s[2] for s in states], log_product=np.zeros(size), ts_log_product=np.zeros(len(states)),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("rates")
    discotress.write(network, folder / "a", temperature=temperature)
    first = discotress.read_rates(folder / "a")
    discotress.write(
        discotress.read(folder / "a", temperature=temperature), folder / "b",
        temperature=temperature,
    )  # fmt: skip
    second = discotress.read_rates(folder / "b")
    assert np.array_equal(first.ends, second.ends)
    assert np.allclose(first.log_rates, second.log_rates, rtol=1e-13, atol=1e-12)
    assert np.allclose(first.log_probability, second.log_probability, rtol=1e-13, atol=1e-12)


def test_low_temperatures_do_not_underflow(numbers, tmp_path):
    discotress.write(numbers, tmp_path, temperature=1e-4)
    rates = discotress.read_rates(tmp_path)
    assert np.isfinite(rates.log_rates).all() and rates.log_rates.min() < -5000
    assert np.isfinite(rates.log_probability).all()


BROKEN = {
    "node": ("edge_conns.dat", "2 3", "2 4", "edge_conns.dat, line 2: .*1 to 3.*found 2 4"),
    "half": ("edge_conns.dat", "2 3", "2 2.5", "edge_conns.dat, line 2: .*node.*found 2.5"),
    "text": ("edge_weights.dat", "-", "rate", "edge_weights.dat, line 1: expected 2 numbers"),
    "short": ("edge_conns.dat", "2 3\n", "", "edge_weights.dat: expected 1 lines"),
    "unbalanced": ("edge_weights.dat", "-", "-1", "edge_weights.dat, line 1: .*balance"),
    "sum": ("stat_prob.dat", "-", "-1", "stat_prob.dat: expected probabilities"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case, numbers, tmp_path, edited):
    name, old, new, message = BROKEN[case]
    discotress.write(numbers, tmp_path, temperature=0.3)
    edited(tmp_path / name, old, new)
    with pytest.raises(FormatError, match=message):
        discotress.read(tmp_path)


def test_what_cannot_be_written(numbers, tmp_path):
    with pytest.raises(ValueError, match="pass temperature="):
        discotress.write(numbers, tmp_path)
    for wrong in (-1, "hot"):
        with pytest.raises(ValueError, match=f"temperature is {wrong!r}"):
            discotress.write(numbers, tmp_path, temperature=wrong)
    with pytest.raises(ValueError, match="communities has shape"):
        discotress.write(numbers, tmp_path, temperature=1.0, communities=[0])
    bare = js.KineticNetwork([0.0, 0.0], [0], [1], [1.0])
    with pytest.raises(ValueError, match="log product of minimum 0 is unknown"):
        discotress.write(bare, tmp_path, temperature=1.0)
