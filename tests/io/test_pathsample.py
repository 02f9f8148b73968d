"""PATHSAMPLE's files: round trips, real ones, and broken ones."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import jaxscape as js
from jaxscape.io import FormatError, pathsample


def test_round_trip_of_points(landscape, lj7, tmp_path, differing):
    pathsample.write(landscape, tmp_path / "db", a=[0], b=[3, 1])
    again = pathsample.read(tmp_path / "db", lj7)
    lost = {"eigenvector", "lowest_eigenvalue"}
    assert differing(landscape, again, but=lost) == []
    assert not again.minima.certified.any() and not again.transition_states.certified.any()
    assert np.isnan(again.transition_states.eigenvector).all()
    assert again.attempts.counts("double_ended") == {(0, 1): 1, (3, 2): 1}
    assert pathsample.read_group(tmp_path / "db" / "min.A").tolist() == [0]
    assert pathsample.read_group(tmp_path / "db" / "min.B", 4).tolist() == [3, 1]


def test_points_met_twice_stay_two(lj7, tmp_path):
    x = np.tile(np.arange(21.0), (3, 1))
    twins = js.Landscape.from_points(
        {"x": x, "energy": np.zeros(3), "log_product": np.ones(3)}, surface=lj7
    )
    pathsample.write(twins, tmp_path)
    assert len(pathsample.read(tmp_path, lj7).minima) == 3


@pytest.mark.parametrize("inertia", [True, False])
def test_round_trip_without_points(numbers, inertia, tmp_path, same_numbers):
    pathsample.write(numbers, tmp_path, inertia=inertia)
    again = pathsample.read(tmp_path)
    assert isinstance(again, js.KineticNetwork)
    assert same_numbers(numbers, again)
    width = len((tmp_path / "ts.data").read_text().splitlines()[0].split())
    assert width == (8 if inertia else 5)


def test_layout_of_the_files(landscape, tmp_path):
    pathsample.write(landscape, tmp_path, a=[2])
    assert (tmp_path / "min.A").read_text() == "1\n3\n"
    assert (tmp_path / "pairs.data").read_text() == "1 2\n4 3\n"
    points = np.fromfile(tmp_path / "points.ts", "<f8").reshape(5, 21)
    assert np.array_equal(points, landscape.transition_states.x)
    assert (tmp_path / "ts.data").read_text().splitlines()[1].split()[2:5] == ["2", "4", "3"]


def test_moments_of_inertia(tmp_path):
    # Two atoms at distance 2: 0 about the axis, 2 about the others.
    pair = js.systems.lennard_jones(2)
    points = {"x": [[0.0, 0, 0, 2, 0, 0]], "energy": [0.0], "log_product": [1.0]}
    pathsample.write(js.Landscape.from_points(points, surface=pair), tmp_path)
    words = (tmp_path / "min.data").read_text().split()
    assert np.allclose(np.array(words[3:], float), [0.0, 2.0, 2.0], atol=1e-12)


def test_fortran_numbers(tmp_path):
    (tmp_path / "min.data").write_text(" -1.0D+02  0.25d1 1 \n\n 0.69-309 3.0 2\n")
    network = pathsample.read(tmp_path)
    assert network.energy.tolist() == [-100.0, 0.69e-309]
    assert network.log_product.tolist() == [2.5, 3.0]
    assert network.order.tolist() == [1, 2]


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
row = st.tuples(finite, finite, st.integers(1, 10**6))


@settings(max_examples=60, deadline=None)
@given(st.lists(row, min_size=1, max_size=8), st.data())
def test_any_numbers_come_back(tmp_path_factory, rows, data):
    ends = st.tuples(st.integers(0, len(rows) - 1), st.integers(0, len(rows) - 1))
    states = data.draw(st.lists(st.tuples(row, ends), max_size=8))
    network = js.KineticNetwork(
        [r[0] for r in rows],
        np.array([e[0] for _, e in states], int), np.array([e[1] for _, e in states], int),
        [r[0] for r, _ in states], log_product=[r[1] for r in rows],
        ts_log_product=[r[1] for r, _ in states], order=np.array([r[2] for r in rows]),
        ts_order=np.array([r[2] for r, _ in states], int),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("any")
    pathsample.write(network, folder)
    again = pathsample.read(folder)
    for name in ("energy", "log_product", "order", "plus", "minus", "ts_energy", "ts_order"):
        assert np.array_equal(getattr(network, name), getattr(again, name)), name


BROKEN = {
    "text": ("min.data", "-15.9", "hello", "min.data, line 2: expected .*energy.*hello"),
    "ragged": ("min.data", "-15.9 ", "-15.9 7.0 ", "min.data, line 2: expected 6 numbers as in"),
    "nan": ("min.data", "-15.9", "nan", "min.data, line 2: expected finite numbers"),
    "order": ("ts.data", " 2 4 3 ", " 0 4 3 ", "ts.data, line 2: .*order.* at least 1, found 0.0"),
    "half": ("ts.data", " 2 4 3 ", " 2 4 2.5 ", "ts.data, line 2: .*minimum.*found 2.5"),
    "no such minimum": ("ts.data", " 2 4 3 ", " 2 5 3 ", "ts.data, line 2: .* 1 to 4.*found 5"),
    "zero": ("ts.data", " 2 4 3 ", " 2 0 3 ", "ts.data, line 2: .*at least 1, found 0.0"),
    "pairs": ("pairs.data", "4 3", "4 9", "pairs.data, line 2: .* 1 to 4.*found 9"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_lines(case, landscape, tmp_path, edited):
    name, old, new, message = BROKEN[case]
    pathsample.write(landscape, tmp_path)
    edited(tmp_path / name, old, new)
    with pytest.raises(FormatError, match=message) as caught:
        pathsample.read(tmp_path)
    assert caught.value.path == tmp_path / name and caught.value.line == 2


def truncated(path):
    path.write_bytes(path.read_bytes()[:-8])


def emptied(path):
    path.write_bytes(b"")


def swapped(path):
    path.write_bytes(np.fromfile(path, "<f8").astype(">f8").tobytes())


BAD_FILES = {
    "points cut": ("points.min", truncated, r"points.min: expected 8 bytes .* 4 points.*664 bytes"),
    "states cut": ("points.ts", truncated, r"points.ts: expected 840 bytes \(5 points.*832"),
    "no points": ("points.min", emptied, "points.min: expected .*found an empty file"),
    "no numbers": ("min.data", emptied, "min.data: expected data, found an empty file"),
    "not there": ("points.ts", lambda path: path.unlink(), "points.ts: .*no such file"),
    "points gone": ("points.min", lambda path: path.unlink(), "points.min: .*no such file"),
    "data gone": ("min.data", lambda path: path.unlink(), "min.data: .*no such file"),
    "other order": ("points.min", swapped, "points.min: .*little-endian"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_broken_files(case, landscape, tmp_path):
    name, damage, message = BAD_FILES[case]
    pathsample.write(landscape, tmp_path)
    damage(tmp_path / name)
    with pytest.raises(FormatError, match=message):
        pathsample.read(tmp_path)


def test_points_of_another_surface(landscape, tmp_path):
    pathsample.write(landscape, tmp_path)
    with pytest.raises(FormatError, match=r"points.min: expected 768 bytes .*24 coordinates"):
        pathsample.read(tmp_path, js.systems.lennard_jones(8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3\n1\n2\n", "line 3: expected 3 minima, as the first line says, found 2"),
        ("1\nA\n", "line 2: expected a whole number"),
        ("1\n9\n", "line 2: expected a minimum from 1 to 4, found 9"),
    ],
)
def test_broken_groups(text, message, tmp_path):
    (tmp_path / "min.A").write_text(text)
    with pytest.raises(FormatError, match=message):
        pathsample.read_group(tmp_path / "min.A", 4)


def test_what_cannot_be_written(landscape, numbers, lj7, tmp_path):
    with pytest.raises(ValueError, match="there is no minimum 7"):
        pathsample.write(landscape, tmp_path, a=[7])
    pathsample.write(numbers, tmp_path)
    with pytest.raises(ValueError, match="min.data exists.*overwrite=True"):
        pathsample.write(numbers, tmp_path)
    unknown = js.Landscape.from_points({"x": np.zeros((1, 21)), "energy": [0.0]}, surface=lj7)
    with pytest.raises(ValueError, match="log product of minimum 0 is unknown.*verify=True"):
        pathsample.write(unknown, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_overwriting_leaves_nothing_behind(landscape, numbers, tmp_path):
    pathsample.write(landscape, tmp_path, a=[0])
    pathsample.write(numbers, tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["min.data", "ts.data"]


def test_a_large_network_is_read_in_seconds(tmp_path):
    import time

    rng = np.random.default_rng(0)
    size, states = 100_000, 300_000
    of_minima = np.column_stack([rng.normal(size=(size, 2)), np.ones(size)])
    ends = rng.integers(1, size + 1, (states, 2))
    with (tmp_path / "min.data").open("w") as file:
        file.writelines(f"{a!r} {b!r} {int(c)}\n" for a, b, c in of_minima.tolist())
    numbers = rng.normal(size=(states, 2)).tolist()
    with (tmp_path / "ts.data").open("w") as file:
        file.writelines(
            f"{e!r} {f!r} 1 {a} {b}\n"
            for (e, f), (a, b) in zip(numbers, ends.tolist(), strict=True)
        )
    began = time.process_time()
    network = pathsample.read(tmp_path)
    assert time.process_time() - began < 10.0
    assert len(network) == size and len(network.ts_energy) == states
    assert network.ts_energy[-1] == numbers[-1][0] and network.plus[-1] == ends[-1, 0] - 1


def test_the_real_lj38_database(reference):
    surface = js.systems.lennard_jones(38)
    folder = reference / "pathsample-lj38"
    landscape = pathsample.read(folder, surface)
    assert len(landscape.minima) == 64 and len(landscape.transition_states) == 70
    found = js.io.verify(landscape, energy=4e-13, log_product=5e-9)
    for part in (found.minima, found.transition_states):
        assert np.max(np.abs(part.energy)) < 4e-13
        assert np.max(np.abs(part.log_product)) < 5e-9
        assert np.max(part.rms_gradient) < 1e-5
    assert found.ok
    orders = [surface.symmetry.order(x) for x in landscape.minima.x]
    assert landscape.minima.order.tolist() == orders
    assert pathsample.read_group(folder / "min.B").tolist() == [7]


def test_the_real_database_comes_back(reference, tmp_path, differing):
    surface = js.systems.lennard_jones(38)
    landscape = pathsample.read(reference / "pathsample-lj38", surface)
    pathsample.write(landscape, tmp_path)
    assert differing(landscape, pathsample.read(tmp_path, surface)) == []
    # The moments of inertia are computed here, and printed with ten decimals there.
    theirs = np.loadtxt(reference / "pathsample-lj38" / "min.data")[:, 3:]
    ours = np.loadtxt(tmp_path / "min.data")[:, 3:]
    assert np.allclose(ours, theirs, rtol=1e-9)
