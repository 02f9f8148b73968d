"""OPTIM's path.info: round trips, layout, broken files."""

import numpy as np
import pytest

import jaxscape as js
from jaxscape.io import FormatError, path_info


@pytest.fixture
def info():
    rng = np.random.default_rng(0)
    eigenvalues = np.sort(rng.uniform(1.0, 9.0, (6, 7)), axis=1)[:, ::-1].copy()
    eigenvalues[1::3, -1] = -2.0
    eigenvalues[:, -2] = 1e-9  # a zero mode
    return path_info.PathInfo(
        rng.normal(size=6), np.array([1, 2, 3, 3, 1, 48]), ["C1", "C2v", "D3h", "D3h", "C1", "Oh"],
        eigenvalues, rng.normal(size=(6, 7)),
    )  # fmt: skip


def test_round_trip(info, tmp_path):
    path_info.write(info, tmp_path / "path.info")
    again = path_info.read(tmp_path / "path.info")
    assert again.group == info.group
    for name in ("energy", "order", "eigenvalues", "x"):
        assert np.array_equal(getattr(info, name), getattr(again, name)), name


def test_as_a_landscape(info):
    landscape = info.landscape()
    assert landscape.minima.energy.tolist() == info.energy[[0, 2, 3, 5]].tolist()
    states = landscape.transition_states
    assert (states.plus.tolist(), states.minus.tolist()) == ([0, 2], [1, 3])
    assert states.lowest_eigenvalue.tolist() == [-2.0, -2.0]
    assert states.order.tolist() == [2, 1]
    expected = np.log(info.eigenvalues[1, :5]).sum()
    assert states.log_product[0] == pytest.approx(expected, abs=1e-13)


def test_of_a_landscape(tmp_path):
    camel = js.systems.six_hump_camel()
    points = js.minimise(camel, np.array([[0.1, -0.7], [-0.1, 0.7]]))
    rows = {"x": points.x, "energy": points.energy, "log_product": points.log_product}
    states = {"x": [[0.0, 0.0]], "energy": [0.0], "plus": [0], "minus": [1]}
    landscape = js.Landscape.from_points(rows, states, surface=camel)
    js.io.write(landscape, tmp_path / "path.info")
    again = js.io.read(tmp_path / "path.info", surface=camel)
    assert np.allclose(again.minima.log_product, points.log_product, rtol=1e-12)
    assert np.array_equal(again.minima.x, points.x)
    # At the origin the Hessian is [[8, 1], [1, -8]].
    assert again.transition_states.log_product[0] == pytest.approx(np.log(65) / 2)


def cut(lines):
    return lines[:-1]


BROKEN = {
    "cut": (cut, r"line 53: expected 14 numbers .* found 13"),
    "pair": (lambda lines: lines[:-8], r"line 46: .*three points, found 5 points"),
    "text": (lambda lines: [*lines[:3], "1.0 x 2.0", *lines[4:]], "line 4: .*'1.0 x 2.0'"),
    "order": (lambda lines: [lines[0], "C2v 2", *lines[2:]], "line 1: .*point-group order"),
    "energy": (lambda lines: ["1.0 2.0", *lines[1:]], "line 1: .*energy by itself"),
    "empty": (lambda lines: [], "an empty file"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken(case, info, tmp_path):
    damage, message = BROKEN[case]
    path = tmp_path / "path.info"
    path_info.write(info, path)
    lines = path.read_text().splitlines()
    assert len(lines) == 48
    path.write_text("\n".join(damage(lines)))
    message = message.replace("line 53", "line 47").replace("line 46", "line 40")
    with pytest.raises(FormatError, match=message):
        path_info.read(path)


def test_the_number_of_coordinates_may_be_given(info, tmp_path):
    path_info.write(info, tmp_path / "path.info")
    assert path_info.read(tmp_path / "path.info", dim=9).x.shape == (6, 9)
    with pytest.raises(FormatError, match="15 coordinates"):
        path_info.read(tmp_path / "path.info", dim=15)


def test_the_real_file(reference):
    info = path_info.read(reference / "pathsample-lj38" / "path.info")
    assert info.group == ["Oh", "C1", "C1"] and info.x.shape == (3, 114)
    found = js.io.verify(info.landscape(js.systems.lennard_jones(38)))
    assert found.ok
    assert np.max(np.abs(found.minima.energy)) < 4e-13
