"""The notebooks are executed, and are stored as they came out."""

import copy
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="the extra [notebook] is not installed")
nbformat = pytest.importorskip("nbformat")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# A minute each; the others several on a busy machine.
MINUTE = ("01", "02", "03", "04", "08")
RUNS = [
    pytest.param(path, marks=pytest.mark.slow if path.name[:2] in MINUTE else pytest.mark.long)
    for path in NOTEBOOKS
]
NEEDED = {"08": ("rdkit", "tblite.ase"), "10": ("rdkit", "openmm"), "11": ("flax",)}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def has_picture(cell):
    # Structures to turn are pieces of HTML.
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    return bool(kinds & {"image/png", "text/html"})


def first_line(cell):
    """Of what the cell printed; nothing for a cell whose numbers are not the same everywhere."""
    if "varies" in cell.metadata.get("tags", ()):
        return ""
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    return printed.partition("\n")[0]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_a_notebook(path, monkeypatch):
    for package in NEEDED.get(path.name[:2], ()):
        pytest.importorskip(package)
    stored = nbformat.read(path, as_version=4)
    # The kernel starts afresh: without a backend of its own it would not draw into the notebook.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    run = copy.deepcopy(stored)
    nbclient.NotebookClient(
        run, timeout=300, resources={"metadata": {"path": path.parents[1]}}
    ).execute()
    for old, new in zip(code_cells(stored), code_cells(run), strict=True):
        assert not [o.text for o in new.outputs if o.get("name") == "stderr"], new.source
        assert has_picture(new) == has_picture(old), new.source
        assert first_line(new) == first_line(old), new.source
    assert sum(map(has_picture, code_cells(stored))) >= 5


def test_there_are_notebooks():
    names = [path.name for path in NOTEBOOKS]
    assert names == [
        "01_quickstart.ipynb",
        "02_kinetics.ipynb",
        "03_pictures.ipynb",
        "04_derivatives.ipynb",
        "05_neural_network.ipynb",
        "06_data_sets.ipynb",
        "07_clusters.ipynb",
        "08_molecule.ipynb",
        "09_crystals.ipynb",
        "10_peptide.ipynb",
        "11_your_model.ipynb",
    ]
