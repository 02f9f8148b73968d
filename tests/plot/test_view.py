"""Structures to turn: what the page holds, and what it does in a browser without a network."""

import base64
import json
import re

import browser
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot

WATER = np.array([0.0, 0, 0, 0.76, 0.59, 0, -0.76, 0.59, 0])
STRETCH = np.array([0.0, 0, 0, 0.76, 0.59, 0, 0.0, 0, 0])


def data_of(view):
    (data,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', view.page, re.S
    )
    return json.loads(data)


def frames_of(view):
    data = data_of(view)
    numbers = np.frombuffer(base64.b64decode(data["points"]), "<i2") * data["scale"]
    return numbers.reshape(data["frames"], -1, 3)


def distances(atoms):
    return np.linalg.norm(atoms[..., :, None, :] - atoms[..., None, :, :], axis=-1)


def test_frames_keep_their_shape_and_their_hand():
    rng = np.random.default_rng(0)
    path = rng.normal(size=15) + 0.1 * rng.normal(size=(4, 15))
    found, given = frames_of(plot.view(path)), path.reshape(4, 5, 3)
    np.testing.assert_allclose(distances(found), distances(given), atol=2e-3)
    hand = [np.linalg.det(atoms[:, :3] - atoms[:, 3:4]) for atoms in (found, given)]
    np.testing.assert_allclose(*hand, atol=2e-2)
    # One turn for all frames: an atom moves as far on the page as it did.
    steps = [np.linalg.norm(atoms[1:] - atoms[:-1], axis=2) for atoms in (found, given)]
    np.testing.assert_allclose(*steps, atol=2e-3)


def test_energies_and_units_are_told():
    units = js.Units("kcal/mol", "Angstrom")
    surface = js.Surface(
        lambda x: x[0], dim=9, units=units, symmetry=js.symmetry.Molecule("OHH", [(0, 1), (0, 2)])
    )
    landscape = js.Landscape.from_points(
        {"x": [WATER, 1.1 * WATER], "energy": [2.0, 1.0]}, surface=surface
    )
    data = data_of(plot.view(landscape.minima, landscape, title="water"))
    assert data["labels"] == ["water, 1 of 2, 1 kcal/mol", "water, 2 of 2, 2 kcal/mol"]
    assert data["species"] == ["O", "H", "H"] and data["shades"][0] == "#ff0d0d"
    assert data["balls"][0] > data["balls"][1]
    landscape.surface = None
    assert data_of(plot.view(landscape.minima, landscape))["species"] == ["O", "H", "H"]


def test_a_mode_swings_there_and_back():
    found = frames_of(plot.view(WATER, species="OHH", mode=STRETCH, amplitude=0.3))
    apart = distances(found)[:, 0, 1]
    assert len(found) == 24 and np.allclose(apart[0], apart[12], atol=1e-3)
    np.testing.assert_allclose([apart.max() - apart[0], apart[0] - apart.min()], 0.3, atol=2e-3)


def test_atoms_held_fixed_are_shown_as_well():
    held = js.symmetry.Crystal(cell=10 * np.eye(3), frozen=[[0.0, 0, 0], [2.0, 0, 0]])
    surface = js.Surface(lambda x: x[0], dim=3, symmetry=held)
    found = plot.view(np.array([1.0, 1.5, 0.0]), surface)
    # Three atoms, and the corners of the cell.
    assert frames_of(found).shape == (1, 11, 3) and data_of(found)["corners"] == 8


def test_a_notebook_gets_the_page_in_a_frame(tmp_path):
    found = plot.view(WATER, species="OHH", title="<water> & more")
    text = found._repr_html_()
    assert text.startswith("<iframe srcdoc=") and text.count('"') == 10 and "<water>" not in text
    assert found.save(tmp_path / "water.html").read_text("utf-8") == found.page


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plot.view(np.zeros(4)), r"shape \(1, 4\)"),
        (lambda: plot.view(np.full(6, np.nan)), "not finite in frame 0"),
        (lambda: plot.view(WATER, species="OH"), "names 2 atoms, but points have 3"),
        (lambda: plot.view(WATER, mode=np.zeros(9)), "mode is zero"),
        (lambda: plot.view(WATER, mode=np.ones(6)), r"shape \(6,\)"),
        (lambda: plot.view(WATER, energies=[1.0, 2.0]), r"pass \[1\]"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    program = browser.find()
    if program is None:
        pytest.skip("no Chromium on this machine")
    found = browser.Browser(program, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def painted(page):
    """The share of the canvas that is not empty."""
    return page.run(
        "(() => { const c = document.getElementById('structure'), d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return (4 * n) / d.length; })()"
    )


def test_the_page_draws_turns_and_plays_offline(chromium, tmp_path):
    broken = WATER + np.linspace(0, 1.5, 5)[:, None] * STRETCH
    chromium.open(plot.view(broken, species="OHH").save(tmp_path / "water.html"))
    assert painted(chromium) > 0.01
    assert chromium.run("jaxscape.view.pairs.length") == 2
    turn = chromium.run("jaxscape.view.turn.flat()")
    chromium.run("document.getElementById('structure').focus()")
    chromium.press("ArrowLeft")
    assert chromium.run("jaxscape.view.turn.flat()") != turn
    # Along the path a bond breaks.
    chromium.run("jaxscape.show(4)")
    assert chromium.run("jaxscape.view.pairs.length") == 1
    assert chromium.run("document.getElementById('told').textContent") == "5 of 5"
    chromium.run("document.getElementById('play').click()")
    chromium.wait("jaxscape.playing && jaxscape.frame !== 4")
    assert not chromium.problems
    assert [url.split(":")[0] for url in chromium.requests] == ["file"]


def test_a_vibration_plays_and_a_single_structure_has_no_film(chromium, tmp_path):
    chromium.open(plot.view(WATER, species="OHH", mode=STRETCH).save(tmp_path / "mode.html"))
    chromium.wait("jaxscape.frame > 0")
    chromium.open(plot.view(WATER, species="OHH").save(tmp_path / "one.html"))
    assert chromium.run("getComputedStyle(document.getElementById('film')).display") == "none"
    assert not chromium.problems
