"""Formats are recognised, options checked, numbers verified, and the command converts."""

import numpy as np
import pytest

import jaxscape as js
from jaxscape.cli import main
from jaxscape.io import FormatError

FILES = {
    "json": "n.json", "graphml": "n.graphml", "xyz": "n.xyz", "pele": "n.db",
    "jaxscape": "n.sqlite", "pathsample": "folder", "topsearch": "folder",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_written_and_recognised_by_content(name, landscape, lj7, tmp_path, differing):
    path = tmp_path / FILES[name]
    folder = path.suffix == ""
    js.io.write(landscape, path, name if folder else None)
    moved = path.rename(tmp_path / "renamed")
    assert js.io.recognise(moved) == name
    # The store compares an energy with its surface, and these are made up.
    again = js.io.read(moved, surface=None if name == "jaxscape" else lj7)
    assert differing(landscape, again, but=LOST.get(name, ())) == []


LOST = {
    "pathsample": {"eigenvector", "lowest_eigenvalue"},
    "topsearch": {"eigenvector", "lowest_eigenvalue", "log_product", "order"},
    "pele": {"plus", "minus", "eigenvector"},
}


@pytest.mark.parametrize("name", FILES)
def test_the_real_database_through_every_format(name, reference, tmp_path, differing):
    """64 minima of LJ38 and 70 transition states: what PATHSAMPLE wrote comes back in each."""
    surface = js.systems.lennard_jones(38)
    database = js.io.read(reference / "pathsample-lj38", surface=surface)
    path = tmp_path / FILES[name]
    js.io.write(database, path, name if path.suffix == "" else None)
    again = js.io.read(path, surface=surface)
    columns = differing(database, again, but=LOST.get(name, ()))
    assert columns == []
    if name == "pele":  # which keeps the lower id first
        ends = [np.sort([n.transition_states.plus, n.transition_states.minus], axis=0)
                for n in (database, again)]  # fmt: skip
        np.testing.assert_array_equal(*ends)


def test_rates_are_recognised(numbers, tmp_path):
    js.io.write(numbers, tmp_path / "rates", "discotress", temperature=0.5)
    assert js.io.recognise(tmp_path / "rates") == "discotress"
    network = js.io.read(tmp_path / "rates", temperature=0.5)
    assert len(network) == 3 and len(network.ts_energy) == 2


def test_numbers_alone_are_recognised(numbers, tmp_path):
    js.io.write(numbers, tmp_path / "p", "pathsample")
    js.io.write(numbers, tmp_path / "t", "topsearch")
    (tmp_path / "t" / "pairlist").unlink()
    assert js.io.recognise(tmp_path / "p") == "pathsample"
    assert js.io.recognise(tmp_path / "t") == "topsearch"


def test_mixtures_and_strangers(landscape, tmp_path):
    js.io.write(landscape, tmp_path / "mix", "pathsample")
    (tmp_path / "mix" / "min.coords").write_text("0.0\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "notes.txt").write_text("Dear diary")
    (tmp_path / "nothing").mkdir()
    for name, message in (
        ("mix", "expected the files of one program, found those of pathsample and topsearch"),
        ("mix/min.data", "expected the folder of its files"),
        ("empty", "expected data, found an empty file"),
        ("notes.txt", "found a file that begins 'Dear diary'"),
        ("nothing", "expected min.data"),
        ("missing", "nothing of that name"),
    ):
        with pytest.raises(FormatError, match=message):
            js.io.read(tmp_path / name)


def test_formats_and_options_are_checked(numbers, tmp_path):
    with pytest.raises(ValueError, match="unknown format 'pdb'; known: pathsample"):
        js.io.read(tmp_path, "pdb")
    with pytest.raises(ValueError, match="does not say the format"):
        js.io.write(numbers, tmp_path / "n.dat")
    with pytest.raises(ValueError, match="json has no option 'colour'"):
        js.io.write(numbers, tmp_path / "n.json", colour="red")
    with pytest.raises(ValueError, match="has no coordinates"):
        js.io.write(numbers, tmp_path / "n.sqlite")
    with pytest.raises(ValueError, match="the network is a dict"):
        js.io.write({}, tmp_path / "n.json")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def explored():
    camel = js.systems.six_hump_camel()
    points = js.minimise(camel, np.array([[0.1, -0.7], [-0.1, 0.7], [1.7, -0.8]]))
    columns = {name: getattr(points, name) for name in ("x", "energy", "log_product")}
    saddle = {"x": [[0.0, 0.0]], "energy": [0.0], "plus": [0], "minus": [1]}
    saddle["log_product"] = [np.log(65) / 2]  # the Hessian is [[8, 1], [1, -8]]
    return camel, columns, saddle


def test_right_numbers_are_verified(explored):
    camel, columns, saddle = explored
    found = js.io.verify(js.Landscape.from_points(columns, saddle, surface=camel))
    assert found.ok and str(found) == "4 points agree with the surface"
    assert np.max(np.abs(found.minima.energy)) < 1e-12
    assert found.transition_states.index.tolist() == [1]


@pytest.mark.parametrize(
    ("kind", "column", "shift", "message"),
    [
        (0, "energy", 1e-6, "minimum 1: energy .* was read, .* computed"),
        (0, "log_product", 1e-4, "minimum 1: log product .* was read, .* computed"),
        (0, "x", 1e-3, "minimum 1: energy .*root mean square gradient"),
        (1, "log_product", 1e-4, "transition state 0: log product"),
        (1, "x", 0.5, "transition state 0: .*; 0 negative eigenvalues"),
    ],
)
def test_wrong_numbers_are_told(kind, column, shift, message, explored, tmp_path):
    camel, *tables = explored
    tables[kind] = dict(tables[kind])
    values = np.array(tables[kind][column], float)
    values[1 - kind] += shift
    tables[kind][column] = values
    landscape = js.Landscape.from_points(*tables, surface=camel)
    found = js.io.verify(landscape)
    assert not found.ok
    part = found.transition_states if kind else found.minima
    assert np.flatnonzero(part.wrong).tolist() == [1 - kind]
    js.io.write(landscape, tmp_path / "n.json")
    with pytest.warns(UserWarning, match=message):
        js.io.read(tmp_path / "n.json", surface=camel, verify=True)


def test_unknown_numbers_are_found(explored, tmp_path):
    camel, columns, saddle = explored
    full = js.Landscape.from_points(columns, saddle, surface=camel)
    js.io.write(full, tmp_path / "t", "topsearch")
    found = js.io.read(tmp_path / "t", surface=camel, verify=True)
    assert np.allclose(found.minima.log_product, full.minima.log_product, atol=1e-12)
    assert found.transition_states.log_product[0] == pytest.approx(np.log(65) / 2)
    assert found.minima.rms_gradient.max() < 1e-6 and not found.minima.certified.any()
    with pytest.raises(ValueError, match="only a landscape with its surface"):
        js.io.read(tmp_path / "t", verify=True)


@pytest.mark.parametrize("name", ["n.sqlite", "n.json", "n.graphml"])
def test_verifying_keeps_what_was_tried(name, explored, tmp_path, differing):
    camel, columns, saddle = explored
    full = js.Landscape.from_points(columns, saddle, surface=camel)
    full.record_attempts("double_ended", [0], [1], ["band"], [90])
    js.io.write(full, tmp_path / name)
    again = js.io.read(tmp_path / name, surface=camel, verify=True)
    assert again.attempts.rows() == full.attempts.rows()
    assert differing(full, again, but={"rms_gradient"}) == []


def test_large_points_are_verified_by_their_gradients():
    surface = js.Surface(lambda x: x @ x, dim=800)
    points = {"x": np.stack([np.zeros(800), np.full(800, 0.1)]), "energy": [0.0, 8.0]}
    found = js.io.verify(js.Landscape.from_points(points, surface=surface))
    assert found.minima.wrong.tolist() == [False, True]
    assert found.minima.rms_gradient[1] == pytest.approx(0.2)


@pytest.fixture
def written(explored, tmp_path, monkeypatch):
    camel, columns, saddle = explored
    js.io.write(js.Landscape.from_points(columns, saddle, surface=camel), tmp_path / "in.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_convert(written, capsys):
    assert main(["convert", "in.json", "out", "--to", "pathsample"]) == 0
    assert (
        "3 minima, 1 transition states> of in.json (json) written to out" in capsys.readouterr().out
    )
    assert main(["convert", "out", "out.graphml", "--from", "pathsample"]) == 0
    assert len(js.io.read("out.graphml").minima) == 3
    assert main(["convert", "out", "out.graphml"]) == 2
    assert "out.graphml exists" in capsys.readouterr().err
    assert main(["convert", "out", "out.graphml", "--overwrite"]) == 0
    assert main(["convert", "out", "rates", "--to", "discotress", "--temperature", "0.2"]) == 0
    assert main(["convert", "rates", "back.json", "--temperature", "0.2"]) == 0
    assert len(js.io.read("back.json").ts_energy) == 1


def test_convert_with_a_surface(written, capsys, edited):
    arguments = ["convert", "in.json", "out.sqlite", "--surface", "six_hump_camel"]
    assert main(arguments) == 0 and capsys.readouterr().err == ""
    assert js.load("out.sqlite", js.systems.six_hump_camel()).name == "six_hump_camel"
    edited("in.json", '"energy": [0.0]', '"energy": [0.5]')
    assert main([*arguments, "--overwrite"]) == 0
    assert "transition state 0: energy 0.5 was read, 0.0 computed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "x.json"], "nothing: expected a file or folder"),
        (["in.json", "x"], "x does not say its format: give --to"),
        (["in.json", "x", "--to", "rates"], "unknown format 'rates'"),
        (["in.json", "x", "--to", "discotress"], "pass temperature="),
        (["in.json", "x.json", "--surface", "lj7"], "expected [n, 21]"),
        (["in.json", "x.json", "--from", "graphml"], "expected GraphML"),
        (["in.json", "x.xyz"], "2 coordinates are not three"),
    ],
)
def test_convert_refuses(arguments, message, written, capsys):
    assert main(["convert", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert sorted(path.name for path in written.iterdir()) == ["in.json"]


def test_convert_a_folder_of_explore(written):
    js.io.write(js.io.read("in.json"), "in.sqlite")
    (written / "run").mkdir()
    (written / "in.sqlite").rename(written / "run" / "landscape.sqlite")
    assert main(["convert", "run", "out.json"]) == 0
    assert len(js.io.read("out.json").minima) == 3
