"""The command line: in this process where it can be, in one of its own where it has to."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import jaxscape as js
from jaxscape.cli import main
from jaxscape.cli._strategies import strategies_by_name

REPOSITORY = Path(__file__).parents[1]
WELLS = """
import jax.numpy as jnp
import jaxscape as js

def wells(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2

surface = js.Surface(wells, bounds=(-2.0, 2.0), dim=2)

def slope(x):
    return x[0] + x[1]

def vector(x):
    return 2 * x

def wrong(x):
    return x.no_such_method()

number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = f"wells_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(WELLS)
    np.save("points.npy", np.random.default_rng(0).uniform(-1.5, 1.5, (40, 2)))
    yield name
    sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """A folder that `explore` made."""
    out = tmp_path_factory.mktemp("cli") / "camel"
    assert main(["explore", "six_hump_camel", "--out", str(out), "--searches", "300", "-q"]) == 0
    return out


def run(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "jaxscape", *arguments], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def test_explore_leaves_a_store_and_pictures(explored):
    assert {path.name for path in explored.iterdir()} == {
        "landscape.sqlite", "disconnectivity.png", "disconnectivity.svg",
        "contour.png", "contour.svg",
    }  # fmt: skip
    for path in explored.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    for path in explored.glob("*.svg"):
        assert "</svg>" in path.read_text()
    landscape = js.load(explored / "landscape.sqlite", js.systems.six_hump_camel())
    assert len(landscape.minima) == 6


def test_a_function_of_the_user(folder, capsys):
    code = main(
        ["explore", f"{folder}:wells", "--start", "points.npy", "--searches", "64", "--out", "w"]
    )
    assert code == 0
    printed = capsys.readouterr().out
    assert "2 minima" in printed and "w/contour.svg" in printed
    found = js.load("w/landscape.sqlite")
    assert found.name == "wells"
    np.testing.assert_allclose(np.sort(found.minima.x[:, 0]), [-1.0, 1.0], atol=1e-6)


@pytest.mark.parametrize("arguments", [["surface"], ["wells", "--bounds", "-2", "2", "--dim", "2"]])
def test_starts_are_drawn_within_bounds(folder, arguments, capsys):
    name, *options = arguments
    options += ["--searches", "32", "--seed", "3", "-q", "--out", "here"]
    assert main(["explore", f"{folder}:{name}", *options]) == 0
    assert len(js.load("here/landscape.sqlite").minima) == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_a_second_run_goes_on(folder, capsys):
    first = ["explore", f"{folder}:surface", "--out", "s", "--searches", "32", "-q"]
    assert main(first) == 0
    before = js.load("s/landscape.sqlite")
    assert main([*first, "--seed", "1"]) == 0
    after = js.load("s/landscape.sqlite")
    assert len(after.attempts) > len(before.attempts)
    np.testing.assert_array_equal(after.minima.x[: len(before.minima)], before.minima.x)
    content = Path("s/landscape.sqlite").read_bytes()
    assert main([*first, "--no-resume"]) == 2
    assert "--no-resume" in capsys.readouterr().err
    assert Path("s/landscape.sqlite").read_bytes() == content


def test_nothing_certified_is_said(folder, capsys):
    options = ["--start", "points.npy", "--searches", "8", "--out", "none", "-q"]
    assert main(["explore", f"{folder}:slope", *options]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "could be certified" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explore", "lj"], "needs a number"),
        (["explore", "lennard8"], "unknown system"),
        (["explore", "lj3", "--dim", "9"], "own bounds"),
        (["explore", "no_such_module:f"], "no module 'no_such_module'"),
        (["explore", "{wells}:nothing"], "no attribute 'nothing'"),
        (["explore", "{wells}:number"], "is a int"),
        (["explore", ":f"], "module:attribute"),
        (["explore", "{wells}:wells"], "--start"),
        (["explore", "{wells}:wells", "--bounds", "-1", "1"], "--dim"),
        (["explore", "{wells}:wells", "--bounds", "1", "-1", "--dim", "2"], "crossed"),
        (["explore", "{wells}:vector", "--start", "points.npy"], "not a scalar"),
        (["explore", "{wells}:wrong", "--start", "points.npy"], "no_such_method"),
        (["explore", "{wells}:wells", "--start", "none.npy"], "no file none.npy"),
        (["explore", "{wells}:wells", "--start", "text.npy"], "no .npy file"),
        (["explore", "{wells}:wells", "--start", "objects.npy"], "no .npy file"),
        (["explore", "{wells}:wells", "--start", "flat.npy"], "shape [n, dim]"),
        (["explore", "{wells}:wells", "--start", "nan.npy"], "finite"),
        (["explore", "lj3", "--start", "points.npy"], "takes 9"),
        (["info", "none.sqlite"], "no file"),
        (["info", "text.npy"], "not an SQLite file"),
        (["plot", "none.sqlite"], "no file"),
    ],
)
def test_bad_input_is_told_in_a_line(folder, arguments, message, capsys):
    Path("text.npy").write_text("1 2 3")
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save("flat.npy", np.ones(3))
    np.save("nan.npy", np.full((3, 2), np.nan))
    before = set(Path().iterdir())
    assert main([argument.replace("{wells}", folder) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") <= 2 and "Traceback" not in err
    # What was refused leaves nothing behind.
    assert {path for path in Path().iterdir() if path.name != "__pycache__"} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["explore"], "SURFACE"),
        (["explore", "lj8", "--time", "0"], "--time"),
        (["explore", "lj8", "--time", "nan"], "--time"),
        (["explore", "lj8", "--searches", "0"], "--searches"),
        (["explore", "lj8", "--searches", "many"], "many"),
        (["plot", "store", "--kind", "pie"], "pie"),
        (["explore", "lj8", "--until-rate", "-0.1"], "'-0.1' is no temperature"),
        (["explore", "lj8", "--temperature", "0.1,0.2"], "several temperatures"),
        (["explore", "lj8", "--from", "first"], "names no minima"),
        (["fly"], "fly"),
    ],
)
def test_bad_usage(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 2


def test_a_folder_that_cannot_be_made(capsys):
    Path("file").write_text("")
    assert main(["explore", "lj3", "--out", "file/lj3"]) == 2
    assert "file" in capsys.readouterr().err


def test_plot_and_info(explored, capsys):
    assert main(["info", str(explored)]) == 0
    assert capsys.readouterr().out.startswith("6 minima")
    assert main(["plot", str(explored), "--kind", "network", "--output", "net.pdf"]) == 0
    assert Path("net.pdf").read_bytes().startswith(b"%PDF")
    store = str(explored / "landscape.sqlite")
    options = ["--levels", "5", "--colour", "hits", "--label", "2", "--max-minima", "4"]
    options += ["--structures", "2"]
    assert main(["plot", store, "--output", "tree.png", *options]) == 0
    assert capsys.readouterr().out.split() == ["net.pdf", "tree.png"]
    assert main(["plot", store, "--kind", "html"]) == 0
    assert capsys.readouterr().out.strip() == str(explored / "landscape.html")
    assert "<canvas" in (explored / "landscape.html").read_text("utf-8")
    (explored / "landscape.html").unlink()
    assert main(["plot", store, "--output", "tree.txt"]) == 2
    assert "txt" in capsys.readouterr().err
    assert main(["plot", store, "--output", "t.png", "--colour", "mauve"]) == 2
    assert "mauve" in capsys.readouterr().err


def test_systems_version_and_help(capsys):
    assert main(["systems"]) == 0
    assert capsys.readouterr().out.split() == js.systems.names()
    for arguments, expected in (["--version"], "jaxscape "), (["explore", "--help"], "exit codes"):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        assert expected in capsys.readouterr().out


@pytest.mark.slow
def test_float64_is_switched_on_by_main_and_not_by_an_import(folder, tmp_path):
    check = (
        "import jax, sys, jaxscape.cli as cli; before = jax.config.jax_enable_x64\n"
        f"code = cli.main(['explore', '{folder}:surface', '--searches', '4', '-q', "
        "'--cache', 'compiled', '--out', 'o'])\n"
        "print(code, before, jax.config.jax_enable_x64)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"}
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False,
        env=environment | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{tmp_path}"},
    )  # fmt: skip
    assert done.stdout == "0 False True\n", done.stderr
    assert list(Path("compiled").iterdir())
    assert np.max(js.load("o/landscape.sqlite").minima.rms_gradient) < 1e-8


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_found():
    process = run("explore", "lj13", "--out", "lj13")
    store = Path("lj13/landscape.sqlite")
    deadline = time.monotonic() + 120
    try:
        while time.monotonic() < deadline:
            if store.exists() and len(js.load(store).minima):
                break
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "interrupted" in err and "Traceback" not in err and str(store) in err
    landscape = js.load(store)
    assert len(landscape.minima) and out.startswith(f"{len(landscape.minima)} minima")


def test_the_command_is_installed_under_its_name():
    from importlib import metadata

    try:
        scripts = metadata.distribution("jaxscape-landscapes").entry_points
    except metadata.PackageNotFoundError:
        pytest.skip("a source tree that is not installed")
    assert scripts["jaxscape"].load() is main


def test_rates(explored, capsys):
    landscape = js.load(explored / "landscape.sqlite")
    arguments = ["rates", str(explored), "--from", "1,2", "--to", "0", "--temperature"]
    assert main([*arguments, "0.1,0.2"]) == 0
    names, *lines = capsys.readouterr().out.splitlines()
    assert names.split()[0] == "kT" and len(lines) == 2
    for line, kt in zip(lines, (0.1, 0.2), strict=True):
        found = js.rates(landscape, [1, 2], 0, kt)
        numbers = [float(text) for text in line.split()]
        assert numbers[0] == kt
        assert numbers[1] == pytest.approx(found.forward.rate, rel=1e-4)
        assert numbers[4] == pytest.approx(found.backward.mean_time, rel=1e-4)
    assert main([*arguments, "0.001"]) == 0
    assert "e-" in capsys.readouterr().out
    assert main([*arguments, "0.1", "--friction", "2", "--no-frequencies"]) == 0
    capsys.readouterr()
    for wrong, message in (
        (["--from", "0", "--to", "0", "--temperature", "0.1"], "overlap in minimum 0"),
        (["--from", "77", "--to", "0", "--temperature", "0.1"], "no minimum 77"),
    ):
        assert main(["rates", str(explored), *wrong]) == 2
        err = capsys.readouterr().err
        assert message in err and err.count("\n") == 1
    for wrong in (["--temperature", "-1"], ["--temperature", "warm"], ["--from", "a"]):
        with pytest.raises(SystemExit) as stopped:
            main(["rates", str(explored), "--from", "1", "--to", "0", "--temperature", "1", *wrong])
        assert stopped.value.code == 2 and "jaxscape rates" in capsys.readouterr().err


@pytest.fixture
def grown(explored, tmp_path):
    """A copy of what was explored, to go on with."""
    shutil.copytree(explored, tmp_path / "grown")
    return tmp_path / "grown"


def test_every_strategy_is_listed(capsys):
    with pytest.raises(SystemExit):
        main(["explore", "--help"])
    text = capsys.readouterr().out.split()
    known = strategies_by_name()
    kinds = (js.strategies.Strategy, js.strategies.SingleEnded)
    assert set(known.values()) == {
        kind for kind in map(js.strategies.__dict__.get, dir(js.strategies))
        if isinstance(kind, type) and issubclass(kind, kinds) and kind is not kinds[0]
    }  # fmt: skip
    assert set(known) <= {word.strip(",") for word in text}


S = js.strategies


@pytest.mark.parametrize(
    ("options", "strategy"),
    [
        ("", S.SingleEnded()),
        ("--minima 2,0 --below -0.5", S.SingleEnded((2, 0), -0.5)),
        ("--strategy missing-links --from 1,2 --to 0", S.MissingLinks((1, 2), (0,))),
        ("--strategy lower-pass --from 1 --to 0", S.LowerPass((1,), (0,))),
        ("--strategy shortcut --from 1 --to 0", S.Shortcut((1,), (0,))),
        ("--strategy shortcut-barrier --from 1 --to 0 --temperature 0.1",
         S.ShortcutBarrier((1,), (0,), 0.1)),
        ("--strategy shortcut-rate --from 1 --to 0 --temperature 0.1",
         S.ShortcutRate((1,), (0,), 0.1)),
        ("--strategy untrap --to 0,1", S.Untrap((0, 1))),
        ("--strategy free-energy-pairs --to 0 --temperature 0.1 --barrier 0.3",
         S.FreeEnergyPairs((0,), 0.1, 0.3)),
        ("--strategy connect-unconnected", S.ConnectUnconnected()),
        ("--strategy connect-unconnected --to 3 --below 0", S.ConnectUnconnected((3,), 0.0)),
        ("--strategy connect-region --minima 0,1,2", S.ConnectRegion((0, 1, 2))),
    ],
)  # fmt: skip
def test_strategies_by_name(options, strategy, explored, monkeypatch):
    class Explored(Exception):
        pass

    def explore(surface, x0, **arguments):
        assert arguments["strategy"] == strategy and "until" not in arguments
        raise Explored

    monkeypatch.setattr(js, "explore", explore)
    with pytest.raises(Explored):
        main(["explore", "six_hump_camel", "--out", str(explored), *options.split()])


def test_a_strategy_goes_on_with_what_was_found(grown):
    before = js.load(grown / "landscape.sqlite").attempts
    command = ["explore", "six_hump_camel", "--out", str(grown), "--searches", "64", "-q"]
    assert main([*command, "--minima", "2"]) == 0
    after = js.load(grown / "landscape.sqlite").attempts
    assert after.a[len(before) :].tolist() == [2] * 64


def test_until_a_rate_has_converged(grown, capsys):
    command = ["explore", "six_hump_camel", "--out", str(grown), "--searches", "64"]
    assert main([*command, "--until-rate", "0.1", "--from", "0,1", "--to", "2"]) == 0
    printed = capsys.readouterr().out
    assert "ln k ab" in printed and "at kT = 0.1; changed by 0 over the last 200" in printed
    # All transition states are old: nothing was left to do.
    assert len(js.load(grown / "landscape.sqlite").attempts) < 700


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strategy", "magic"], "there is no strategy 'magic': choose from connect-region, con"),
        (["--strategy", "missing-links", "--from", "0"], "--strategy missing-links needs --to"),
        (["--strategy", "shortcut-rate", "--from", "0", "--to", "1"], "needs --temperature"),
        (["--strategy", "untrap", "--to", "0", "--barrier", "1"], "untrap takes no --barrier"),
        (["--from", "0", "--to", "1"], "--strategy single-ended takes no --from or --to"),
        (["--until-rate", "0.1", "--to", "1"], "between two ends: give --from"),
        (["--strategy", "missing-links", "--from", "0", "--to", "9"], "b names minimum 9"),
        (["--strategy", "lower-pass", "--from", "1,0", "--to", "1"], "overlap in minimum 1"),
        (["--until-rate", "0.1", "--from", "1", "--to", "1"], "overlap in minimum 1"),
        (["--below", "-50"], "below is -50.0, where there is no minimum"),
        (["--out", "new", "--strategy", "untrap", "--to", "0"], "--to: no minimum has an id yet"),
    ],
)
def test_a_purpose_that_does_not_fit(options, message, grown, capsys):
    before = len(js.load(grown / "landscape.sqlite").attempts)
    assert main(["explore", "six_hump_camel", "--out", str(grown), *options]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert len(js.load(grown / "landscape.sqlite").attempts) == before and not Path("new").exists()
