"""The README is run: its Python sections, what they claim to print, and its commands."""

import ast
import contextlib
import io
import re
import shlex
from pathlib import Path

import jax
import matplotlib
import numpy as np
import pytest

from jaxscape import Status, cli

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
MODULE = "def my_function(x):\n    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2\n"
SETTINGS = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")


def blocks_by_section(text):
    """`{heading: [(language, first line, code), ...]}`."""
    found, headings = (
        {},
        [(0, ""), *((m.end(), m[1]) for m in re.finditer(r"^## (.*)$", text, re.M))],
    )
    for block in BLOCK.finditer(text):
        heading = [name for end, name in headings if end <= block.start()][-1]
        line = text[: block.start(2)].count("\n") + 1
        found.setdefault(heading, []).append((block[1], line, block[2]))
    return found


SECTIONS = blocks_by_section(TEXT)
WITH_PYTHON = [h for h, blocks in SECTIONS.items() if any(b[0] == "python" for b in blocks)]
LONG = (
    "A function of your own",
    "The searches by themselves",
    "Derivatives by parameters",
    "Growing a network with a purpose",
    "The loss of a neural network",
    "Data sets, Gaussian processes and clusters",
)
SECTION_RUNS = [
    pytest.param(name, marks=pytest.mark.slow) if name in LONG else name
    for name in WITH_PYTHON
    if name != "Quickstart"
]


def run(code, first_line, names):
    """Run code statement by statement; `print(...)  # text` must print a line that begins so."""
    source = "\n" * (first_line - 1) + code
    lines = source.splitlines()
    for statement in ast.parse(source, "README.md").body:
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            exec(compile(ast.Module([statement], []), "README.md", "exec"), names)
        last = lines[statement.end_lineno - 1]
        if last.startswith("print(") and "  # " in last:
            claimed = last.split("  # ", 1)[1]
            first = (written.getvalue().splitlines() or [""])[0]
            place = f"README.md, line {statement.end_lineno}"
            assert first.startswith(claimed), f"{place}: {claimed!r} claimed, {first!r} printed"


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """Names and files that the quickstart leaves behind."""
    matplotlib.use("agg")
    folder = tmp_path_factory.mktemp("readme")
    names = {}
    with contextlib.chdir(folder):
        for _, line, code in SECTIONS["Quickstart"]:
            run(code, line, names)
    yield folder, names
    matplotlib.pyplot.close("all")


def test_the_quickstart_leaves_a_store_and_a_picture(quickstart):
    folder, names = quickstart
    assert (folder / "lj8.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "lj8.sqlite").read_bytes().startswith(b"SQLite")
    assert names["landscape"].dim == 24
    (_, _, code), *others = SECTIONS["Quickstart"]
    assert not others and len([line for line in code.splitlines() if line.strip()]) <= 15


@pytest.mark.parametrize("section", SECTION_RUNS)
def test_a_section(section, quickstart):
    folder, names = quickstart
    names = dict(names) | {"jnp": jax.numpy, "np": np}
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    try:
        with contextlib.chdir(folder):
            for language, line, code in SECTIONS[section]:
                if language == "python":
                    for extra in ("flax", "rdkit", "ase"):
                        if f"adapters.{extra}(" in code or f"from {extra} import" in code:
                            reason = f"the extra [{extra}] is not installed"
                            pytest.importorskip(extra, reason=reason)
                    run(code, line, names)
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


def commands(section):
    found = [code for language, _, code in SECTIONS[section] if language == "bash"]
    return [line for code in found for line in code.splitlines() if line.strip()]


@pytest.mark.slow
def test_the_command_line_section_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_module.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    for line in commands("Command line"):
        program, *arguments = shlex.split(line, comments=True)
        assert program == "jaxscape"
        if arguments[0] == "explore":
            arguments += ["--searches", "64"]  # as typed they go on for longer
        assert cli.main(arguments) == 0, f"{line}\n{capsys.readouterr().err}"
    assert Path("network.pdf").read_bytes().startswith(b"%PDF")
    assert Path("mine/landscape.sqlite").exists()


def test_two_commands_on_top():
    explore, test = commands("")
    install = "python3 -m venv .venv && .venv/bin/pip install "
    assert explore == install + ". && .venv/bin/jaxscape explore lj8 --out lj8/"
    assert test == install + '".[test]" && .venv/bin/python -m pytest'


def test_ci_runs_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"grep -m1 -- '(.*)' README.md", script)
    assert pattern, ".ci/run no longer takes its command from the README"
    taken = next(line for line in TEXT.splitlines() if re.search(pattern[1], line))
    assert taken == commands("")[1]


def test_every_status_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.M)
    assert rows == [status.name for status in Status if status is not Status.RUNNING]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_links_into_the_repository_exist(target):
    assert target.startswith("https://") or (ROOT / target).exists()


@pytest.mark.parametrize(
    "code", ["print(1 + 1)  # 3\n", "print(1 + 1)  # 22\n", "x = 1\nprint(*())  # 1\n"]
)
def test_a_false_claim_is_noticed(code):
    with pytest.raises(AssertionError, match="README.md, line"):
        run(code, 7, {})
