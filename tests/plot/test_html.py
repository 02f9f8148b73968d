"""The interactive page: what it holds, and what it does in a browser."""

import base64
import json
import re
import shutil
import subprocess
from importlib import resources

import browser
import numpy as np
import pytest

import jaxscape as js
from jaxscape import plot

CHROMIUM, NODE = browser.find(), shutil.which("node")


def data_of(path):
    text = path.read_text("utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


@pytest.fixture(scope="module")
def cluster():
    """Seven atoms on the corners of a cube, more or less, with energies made up."""
    rng = np.random.default_rng(3)
    cube = 1.12 * np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)][:7])
    minima, states = 8, 14
    points = cube.ravel() + 0.02 * rng.standard_normal((minima + states, 21))
    energy = -16.0 - rng.random(minima)
    energy[2] = -17.505384
    plus = np.append(np.arange(1, minima), rng.integers(minima, size=states - minima + 1))
    minus = np.append(np.zeros(minima - 1, int), rng.integers(minima, size=states - minima + 1))
    ts_energy = np.maximum(energy[plus], energy[minus]) + rng.exponential(size=states)
    return js.Landscape.from_points(
        {"x": points[:minima], "energy": energy, "hits": np.arange(minima)},
        {"x": points[minima:], "energy": ts_energy, "plus": plus, "minus": minus},
        surface=js.systems.lennard_jones(7),
    )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    found = browser.Browser(CHROMIUM, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture
def page(chromium, cluster, tmp_path):
    """The cluster's page, opened."""
    chromium.open(plot.html(cluster, tmp_path / "lj7.html"))
    yield chromium
    assert not chromium.problems
    assert [url.split(":")[0] for url in chromium.requests] == ["file"]


def test_the_page_holds_the_network(random_landscape, tmp_path):
    landscape = random_landscape(60, 0, parts=2, extra=2.0)
    path = plot.html(landscape, str(tmp_path / "page.html"), title="A & B")
    assert path == tmp_path / "page.html"
    data, states = data_of(path), landscape.transition_states
    assert data["ids"] == list(range(60))
    np.testing.assert_allclose(data["energy"], landscape.minima.energy, rtol=1e-9)
    assert data["fields"]["hits"]["values"] == landscape.minima.hits.tolist()
    assert data["energyLabel"] == "Energy / ε"
    tree = js.disconnectivity_tree(landscape)
    np.testing.assert_allclose(data["merges"], tree.merge_energies, rtol=1e-9)
    links = data["links"]
    best = {}
    for a, b, energy in zip(states.plus, states.minus, states.energy, strict=True):
        if a != b:
            pair = (min(a, b), max(a, b))
            best[pair] = min(best.get(pair, np.inf), energy)
    told = dict(zip(zip(links["a"], links["b"], strict=True), links["energy"], strict=True))
    assert told == pytest.approx(best, rel=1e-9)
    text = path.read_text("utf-8")
    assert "<title>A &amp; B</title>" in text and "2 unconnected parts" in text


def test_nothing_is_loaded_from_elsewhere(cluster, tmp_path):
    text = plot.html(cluster, tmp_path / "page.html").read_text("utf-8")
    assert "default-src 'none'" in text and "{{" not in text
    # The name of SVG is no address that anybody asks.
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|<script[^>]+src|<img|@import|url\(|fetch\(|XMLHttp", text)


def test_names_cannot_leave_their_place(tmp_path):
    evil = "</script><script>alert(1)</script>"
    network = js.KineticNetwork(
        [0.0, 1.0], plus=[0], minus=[1], ts_energy=[2.0], name=evil, units=js.Units(evil)
    )
    path = plot.html(network, tmp_path / "page.html")
    assert evil not in path.read_text("utf-8")
    assert data_of(path)["energyUnit"] == evil


def test_structures_keep_their_shape(cluster, tmp_path):
    found = data_of(plot.html(cluster, tmp_path / "page.html"))["structures"]
    assert found["kind"] == "atoms" and found["species"] == [""] * 7
    steps = np.frombuffer(base64.b64decode(found["points"]), "<i2").reshape(-1, 7, 3)
    atoms = steps * np.array(found["scale"])[:, None, None]
    points = np.concatenate(
        [cluster.minima.x[found["minima"]], cluster.transition_states.x[found["states"]]]
    ).reshape(-1, 7, 3)
    for told, true in zip(atoms, points, strict=True):
        apart = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (told, true)]
        np.testing.assert_allclose(*apart, atol=5e-4)
    assert found["reach"] == pytest.approx([0.61 * 1.12] * 7, rel=0.05) and not found["corners"]
    few = data_of(plot.html(cluster, tmp_path / "page.html", structures=2))["structures"]
    assert few["minima"] == np.argsort(cluster.minima.energy)[:2].tolist()
    assert data_of(plot.html(cluster, tmp_path / "page.html", structures=0))["structures"] is None


def test_a_stored_cluster_is_known_by_the_text_of_its_symmetry(tmp_path):
    kinds = ("Ar", "Ar", "Kr")
    surface = js.Surface(lambda x: x @ x, symmetry=js.symmetry.Cluster(species=kinds), dim=9)
    landscape = js.Landscape(surface)
    landscape = js.Landscape.from_points(
        {"x": np.arange(9.0)[None], "energy": [0.0]}, surface=surface
    )
    landscape.save(tmp_path / "mixed.sqlite")
    stored = js.load(tmp_path / "mixed.sqlite")
    assert stored.symmetry is None
    data = data_of(plot.html(stored, tmp_path / "page.html"))
    assert data["structures"]["species"] == list(kinds)


def test_parameters_of_a_model_have_names(tmp_path):
    params = {"w": np.ones((2, 2)), "b": np.zeros(1)}
    surface = js.Surface.from_loss(lambda p: (p["w"] ** 2).sum() + (p["b"] ** 2).sum(), params)
    landscape = js.Landscape.from_points(
        {"x": np.arange(5.0)[None], "energy": [0.0]}, surface=surface
    )
    found = data_of(plot.html(landscape, tmp_path / "page.html"))["structures"]
    assert found["kind"] == "bars"
    assert found["names"] == ["b[0]", "w[0, 0]", "w[0, 1]", "w[1, 0]", "w[1, 1]"]


def test_networks_without_points_and_trees(tmp_path):
    network = js.KineticNetwork(
        [0.0, 1.0, 0.5], plus=[2, 0], minus=[1, 2], ts_energy=[3.0, 2.0], ids=[7, 3, 5]
    )
    data = data_of(plot.html(network, tmp_path / "page.html"))
    assert (data["ids"], data["energy"]) == ([3, 5, 7], [1.0, 0.5, 0.0])
    assert (data["links"]["a"], data["links"]["b"]) == ([1, 0], [2, 1])
    assert data["structures"] is None
    tree = js.disconnectivity_tree(network)
    data = data_of(plot.html(tree, tmp_path / "page.html", energy_name="Free energy"))
    assert data["energyLabel"] == "Free energy"
    assert data["links"]["energy"] == [2.0, 3.0]


def test_thousands_of_points_take_some_hundred_kilobytes(random_landscape, tmp_path):
    landscape = random_landscape(2000, 0, extra=1.0)
    assert plot.html(landscape, tmp_path / "page.html").stat().st_size < 450_000


def test_bad_arguments(cluster, tmp_path):
    with pytest.raises(ValueError, match="-1"):
        plot.html(cluster, tmp_path / "page.html", structures=-1)
    with pytest.raises(ValueError, match="no minima"):
        plot.html(js.Landscape(), tmp_path / "page.html")
    with pytest.raises(ValueError, match="str"):
        plot.html("lj8.sqlite", tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match="nowhere"):
        plot.html(cluster, tmp_path / "nowhere" / "page.html")


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_paths_on_the_page_are_those_of_the_library(random_landscape, tmp_path):
    """Every pair of a few networks, in JavaScript and in Python."""
    network = resources.files("jaxscape.plot").joinpath("page", "network.js").read_text("utf-8")
    for seed in range(4):
        landscape = random_landscape(25, seed, parts=1 + seed % 2, extra=2.0)
        (tmp_path / "data.json").write_text(
            json.dumps(data_of(plot.html(landscape, tmp_path / "page.html")))
        )
        (tmp_path / "all.js").write_text(
            network
            + """
            const data = JSON.parse(require("fs").readFileSync(process.argv[2], "utf-8"));
            const net = buildNetwork(data), found = [];
            for (let a = 0; a < 25; a++) for (let b = 0; b < 25; b++) {
              const path = lowestPath(net, a, b);
              const ids = path && path.links.map((i) => data.links.ids[i]);
              found.push(path && [path.minima, ids, path.barrier]);
            }
            console.log(JSON.stringify(found));
            """
        )
        done = subprocess.run(
            [NODE, tmp_path / "all.js", tmp_path / "data.json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        answers = iter(json.loads(done.stdout))
        for a in range(25):
            for b in range(25):
                answer = next(answers)
                try:
                    path = js.lowest_path(landscape, a, b)
                except ValueError:
                    assert answer is None
                    continue
                minima, states, barrier = answer
                assert minima == path.minima.tolist()
                assert states == path.transition_states.tolist()
                assert barrier == pytest.approx(path.barrier, abs=1e-8)


def screen(page, leaf):
    """Where the end of a leaf is on the screen."""
    return page.run(
        f"""(() => {{ const box = document.getElementById("graph").getBoundingClientRect(),
        {{ graph, network }} = jaxscape; return [box.left + graph.sx(network.x[{leaf}]),
        box.top + graph.sy(network.height[{leaf}])]; }})()"""
    )


def painted(page, canvas):
    """Share of the pixels of a canvas that something was drawn on."""
    return page.run(
        f"""(() => {{ const c = document.getElementById("{canvas}"),
        p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0;
        return n / (c.width * c.height); }})()"""
    )


def text_of(page, name):
    return page.run(f'document.getElementById("{name}").textContent')


def test_the_page_opens(page, cluster):
    lowest = cluster.minima.lowest()
    assert text_of(page, "point-title") == f"Minimum {lowest}"
    assert f"{-cluster.minima.energy[lowest]:.5f}"[:7] in text_of(page, "facts")
    assert painted(page, "graph") > 0.005
    assert painted(page, "structure") > 0.02
    assert page.run("document.querySelectorAll('#profile-stage .point').length") >= 3


def test_a_click_chooses_both_ends_of_the_path(page, cluster):
    highest = int(np.argmax(cluster.minima.energy))
    other = int(np.argsort(cluster.minima.energy)[1])
    page.click(*screen(page, highest))
    assert text_of(page, "point-title") == f"Minimum {highest}"
    assert page.run("document.getElementById('from').value") == str(highest)
    page.click(*screen(page, other), shift=True)
    assert page.run("document.getElementById('to').value") == str(other)
    path = js.lowest_path(cluster, highest, other)
    told = text_of(page, "path-text")
    assert told.startswith(f"{len(path)} step")
    assert float(re.search(r"barrier ([\d.]+)", told)[1]) == pytest.approx(path.barrier, abs=1e-6)
    points = "document.querySelectorAll('#profile-stage .point')"
    assert page.run(f"{points}.length") == 2 * len(path) + 1
    page.run(f"{points}[1].dispatchEvent(new MouseEvent('click'))")
    assert text_of(page, "point-title") == f"Transition state {path.transition_states[0]}"
    page.run("document.getElementById('swap').click()")
    assert page.run("document.getElementById('from').value") == str(other)


def test_a_branch_point_shows_its_transition_state(page, cluster):
    tree = js.disconnectivity_tree(cluster)
    page.click(*screen(page, len(tree)))
    assert text_of(page, "point-title") == f"Transition state {tree.merge_ids[0]}"


def test_hovering_tells_what_is_there(page, cluster):
    lowest = cluster.minima.lowest()
    x, y = screen(page, lowest)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.frame()
    assert not page.run("document.getElementById('tip').hidden")
    assert text_of(page, "tip").startswith(f"Minimum {lowest}\nEnergy −17.505384 ε")


def test_the_keyboard_does_it_all(page, cluster):
    order = np.argsort(cluster.minima.energy)
    page.run("document.getElementById('graph').focus()")
    page.press("Home")
    page.press("ArrowUp")
    assert text_of(page, "point-title") == f"Minimum {order[1]}"
    page.press("ArrowUp")
    page.press("Enter")
    assert page.run("document.getElementById('from').value") == str(order[2])
    x = page.run("[...jaxscape.graph.byX]")
    page.press("ArrowRight")
    after = x[min(x.index(order[2]) + 1, len(x) - 1)]
    assert text_of(page, "point-title") == f"Minimum {after}"
    wide = "jaxscape.graph.view.x1 - jaxscape.graph.view.x0"
    before = page.run(wide)
    page.press("-")
    page.press("-")
    assert page.run(wide) > before
    page.press("0")
    assert page.run(wide) == pytest.approx(before)
    page.run("document.querySelector('#profile-stage .point').focus()")
    page.press("ArrowRight")
    assert text_of(page, "point-title").startswith("Transition state")
    turn = page.run("jaxscape.structure.turn.flat()")
    page.run("document.getElementById('structure').focus()")
    page.press("ArrowLeft")
    assert page.run("jaxscape.structure.turn.flat()") != turn


def test_zoom_and_drag(page):
    box = page.run("JSON.stringify(document.getElementById('graph').getBoundingClientRect())")
    box = json.loads(box)
    x, y = box["left"] + 0.6 * box["width"], box["top"] + 0.4 * box["height"]
    view = "({...jaxscape.graph.view})"
    before = page.run(view)
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-240)
    page.wait(f"{view}.y1 - {view}.y0 < {before['y1'] - before['y0']}")
    page.frame()
    zoomed = page.run(view)
    page.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left")
    for step in (10, 30):
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y + step, button="left")
    page.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y + 30, button="left")
    moved = page.run(view)
    assert moved["y0"] > zoomed["y0"]
    assert moved["y1"] - moved["y0"] == pytest.approx(zoomed["y1"] - zoomed["y0"])
    page.run("document.getElementById('zoom-fit').click()")
    assert page.run(view) == before


def test_colours_and_the_dark(page):
    page.run(
        """(() => { const s = document.getElementById("colour"); s.value = "hits";
        s.dispatchEvent(new Event("change")); })()"""
    )
    assert not page.run("document.getElementById('legend').hidden")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.run(paper)
    page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    page.wait("document.documentElement.dataset.theme === 'dark'")
    assert page.run(paper) != light
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) == light
    page.call("Emulation.setEmulatedMedia", features=[])


def test_everything_has_a_name(page):
    """Names for those who do not see the page."""
    assert page.run("document.documentElement.lang") == "en"
    nameless = """[...document.querySelectorAll("button, input, select, canvas[tabindex], .point")]
      .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.closest("label"))).length"""
    assert page.run(nameless) == 0


def test_a_number_that_does_not_exist_is_refused(page):
    page.run(
        """(() => { const i = document.getElementById("from"); i.value = "99";
        i.dispatchEvent(new Event("change")); })()"""
    )
    assert "99" in page.run("document.getElementById('from').validationMessage")


def test_bars_and_unconnected_parts(chromium, make_landscape, random_landscape, tmp_path):
    chromium.open(plot.html(make_landscape([2.0, 1.0], [3.0], [0], [1]), tmp_path / "bars.html"))
    assert painted(chromium, "structure") > 0.05
    large = random_landscape(1500, 0, parts=2)
    chromium.open(plot.html(large, tmp_path / "large.html"))
    assert painted(chromium, "graph") > 0.01
    other = 1 - large.minima.lowest() % 2
    chromium.run(f"jaxscape.choose({other})")
    assert text_of(chromium, "path-text") == "No path between these minima is known yet."
    chromium.open(plot.html(js.KineticNetwork([1.0], [], [], []), tmp_path / "one.html"))
    assert text_of(chromium, "path-text") == "Choose a minimum to start from."
    assert not chromium.problems
