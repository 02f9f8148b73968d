"""topsearch's files."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as of_numpy

import jaxscape as js
from jaxscape.io import FormatError, topsearch

LOST = {"log_product", "order", "eigenvector", "lowest_eigenvalue"}


def test_round_trip(landscape, lj7, tmp_path, differing):
    starts = np.random.default_rng(1).normal(size=(3, 21))
    topsearch.write(landscape, tmp_path, attempted=starts)
    again = topsearch.read(tmp_path, lj7)
    assert differing(landscape, again, but=LOST) == []
    assert not again.minima.certified.any()
    assert again.attempts.counts("double_ended") == {(0, 1): 1, (3, 2): 1}
    assert np.array_equal(topsearch.read_attempted(tmp_path / "attempted.coords"), starts)


def test_round_trip_without_points(numbers, tmp_path, same_numbers):
    topsearch.write(numbers, tmp_path)
    again = topsearch.read(tmp_path)
    assert same_numbers(numbers, again, ("energy", "plus", "minus", "ts_energy"))
    assert again.log_product is None


coordinates = of_numpy.arrays(
    np.float64, (3, 2), elements=st.floats(-1e29, 1e29, allow_subnormal=True)
)


@settings(max_examples=40, deadline=None)
@given(coordinates)
def test_any_coordinates_come_back(tmp_path_factory, x):
    folder = tmp_path_factory.mktemp("any")
    topsearch.write(js.Landscape.from_points({"x": x, "energy": x[:, 0]}), folder)
    again = topsearch.read(folder).minima
    assert np.array_equal(again.x, x) and np.array_equal(again.energy, x[:, 0])


def test_minima_go_by_their_numbers(tmp_path):
    (tmp_path / "min.data").write_text("1 5.0\n0 4.0\n")
    (tmp_path / "min.coords").write_text("1.0 1.0\n0.0 0.0\n")
    minima = topsearch.read(tmp_path).minima
    assert minima.energy.tolist() == [4.0, 5.0]
    assert minima.x.tolist() == [[0.0, 0.0], [1.0, 1.0]]


BROKEN = {
    "number": ("min.data", "1 -15.9", "4 -15.9", "min.data, line 2: .*0 to 3, each once, found 4"),
    "twice": ("min.data", "1 -15.9", "0 -15.9", "min.data, line 2: .*each once, found 0 again"),
    "text": ("min.data", "-15.9", "low", "min.data, line 2: expected 2 numbers.*low"),
    "no such minimum": ("ts.data", "3 2", "3 4", "ts.data, line 2: .*0 to 3.*found 4"),
    "pairs": ("pairlist", "3 2", "3 x", "pairlist, line 2: expected 2 numbers"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_lines(case, landscape, tmp_path, edited):
    name, old, new, message = BROKEN[case]
    topsearch.write(landscape, tmp_path)
    edited(tmp_path / name, old, new)
    with pytest.raises(FormatError, match=message):
        topsearch.read(tmp_path)


def test_broken_coordinates(landscape, lj7, tmp_path):
    topsearch.write(landscape, tmp_path)
    path = tmp_path / "min.coords"
    lines = path.read_text().splitlines()
    for text, message in (
        (lines[:3], "min.coords: expected 4 points, as many as min.data has, found 3"),
        ([*lines[:2], lines[2] + " 1.0", lines[3]], "min.coords, line 3: expected 21 numbers as"),
        ([], "min.coords: expected data, found an empty file"),
    ):
        path.write_text("\n".join(text))
        with pytest.raises(FormatError, match=message):
            topsearch.read(tmp_path)
    path.unlink()
    with pytest.raises(FormatError, match="min.coords: expected a file, found no such file"):
        topsearch.read(tmp_path)


def test_other_width_than_the_surface(landscape, tmp_path):
    topsearch.write(landscape, tmp_path)
    with pytest.raises(FormatError, match="line 1: expected 24 coordinates, found 21"):
        topsearch.read(tmp_path, js.systems.lennard_jones(8))


def test_the_real_network_of_lj7(reference, lj7):
    with pytest.warns(UserWarning, match="minimum 0: energy -15.59321 was read, -15.5932109"):
        landscape = topsearch.read(reference / "topsearch-lj7", lj7, verify=True)
    assert landscape.minima.order.tolist() == [6, 2, 20, 6]
    assert np.isfinite(landscape.minima.log_product).all()
    assert not landscape.minima.certified.any()
    assert np.allclose(landscape.minima.energy, [-15.59321, -15.53306, -16.50538, -15.93504])
