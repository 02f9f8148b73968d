"""GraphML and JSON: everything comes back, and what is broken is told."""

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import jaxscape as js
from jaxscape.io import FormatError, graphml, network_json

FORMATS = {"graphml": graphml, "json": network_json}


@pytest.fixture(params=FORMATS)
def module(request):
    return FORMATS[request.param]


def test_everything_comes_back(module, landscape, lj7, tmp_path, differing):
    module.write(landscape, tmp_path / "n")
    again = module.read(tmp_path / "n", lj7)
    assert differing(landscape, again) == []
    assert again.attempts.rows() == landscape.attempts.rows()
    bare = module.read(tmp_path / "n")
    assert differing(landscape, bare) == []
    assert (bare.name, bare.units, bare.symmetry) == ("lj7", lj7.units, None)
    # Without its surface it takes no points, and says whose symmetry is missing.
    assert bare._contents.header.symmetry == lj7.symmetry.describe()


def test_certificates_come_back(module, camel, tmp_path):
    points = {"x": np.eye(2), "energy": [0.0, 1.0], "certified": [True, False], "hits": [7, 1]}
    module.write(js.Landscape.from_points(points, surface=camel), tmp_path / "n")
    again = module.read(tmp_path / "n", camel).minima
    assert again.certified.tolist() == [True, False] and again.hits.tolist() == [7, 1]


def test_numbers_come_back(module, numbers, tmp_path, same_numbers):
    module.write(numbers, tmp_path / "n")
    again = module.read(tmp_path / "n")
    assert isinstance(again, js.KineticNetwork) and same_numbers(numbers, again)
    assert np.array_equal(again.ids, numbers.ids) and again.modes is None


values = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["C"]), max_size=12)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_network_comes_back(name, tmp_path_factory, data):
    module = FORMATS[name]
    size = data.draw(st.integers(1, 5))
    vector = st.lists(values, min_size=size, max_size=size)
    ends = data.draw(st.lists(st.tuples(*[st.integers(0, size - 1)] * 2), max_size=5))
    network = js.KineticNetwork(
        data.draw(vector), np.array([e[0] for e in ends], int), np.array([e[1] for e in ends], int),
        [data.draw(values) for _ in ends], log_product=data.draw(st.none() | vector),
        ids=np.array(data.draw(st.permutations(range(3, size + 3)))), name=data.draw(texts).strip(),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("any") / "n"
    module.write(network, path)
    again = module.read(path)
    assert again.name == network.name
    for field in ("energy", "plus", "minus", "ts_energy", "ids", "order"):
        assert np.array_equal(getattr(network, field), getattr(again, field)), field
    assert (network.log_product is None) == (again.log_product is None)
    if network.log_product is not None:
        assert np.array_equal(network.log_product, again.log_product)


def test_networkx_reads_graphml(landscape, tmp_path):
    graphml.write(landscape, tmp_path / "n.graphml")
    graph = nx.read_graphml(tmp_path / "n.graphml")
    assert graph.number_of_nodes() == 4 and graph.number_of_edges() == 5
    assert graph.nodes["1"]["energy"] == -15.9
    assert sorted(data["order"] for *_, data in graph.edges(data=True)) == [1, 1, 1, 2, 3]


def test_graphml_of_networkx(tmp_path):
    graph = nx.MultiGraph()
    graph.add_node("low", energy=-1.5, colour="red")
    graph.add_node("high", energy=0.25)
    graph.add_edge("high", "low", energy=1.0)
    graph.add_edge("high", "high", energy=2.0)
    nx.write_graphml(graph, tmp_path / "n.graphml")
    network = graphml.read(tmp_path / "n.graphml")
    assert network.energy.tolist() == [-1.5, 0.25]
    ends = zip(network.plus.tolist(), network.minus.tolist(), strict=True)
    assert [set(pair) for pair in ends] == [{0, 1}, {1}]
    assert network.ts_energy.tolist() == [1.0, 2.0]


BROKEN_GRAPHML = {
    "cut": (lambda text: text[: len(text) // 2], "expected GraphML, to its end"),
    "number": (
        lambda text: text.replace(">-15.9<", ">low<"),
        r"line \d+: expected energy, a number, found 'low'",
    ),
    "order": (
        lambda text: text.replace('<data key="edge_order">3<', '<data key="edge_order">3.5<'),
        "line .*: expected order, a whole number, found '3.5'",
    ),
    "node": (
        lambda text: text.replace('target="2"', 'target="7"'),
        "line .*: expected an edge between nodes, found the node '7'",
    ),
    "missing": (
        lambda text: text.replace('<data key="node_energy">-15.9</data>', ""),
        "expected energy of every point, found none for row 1",
    ),
    "html": (lambda text: "<html></html>", "line 1: expected the element graphml, found 'html'"),
    "attribute": (lambda text: text.replace('source="3"', ""), "the attribute 'source'"),
    "truth": (lambda text: text.replace(">false<", ">perhaps<", 1), "certified, .*'perhaps'"),
    "width": (
        lambda text: text.replace('<data key="node_x">', '<data key="node_x">1.0 ', 2).replace(
            '<data key="node_x">1.0 ', '<data key="node_x">', 1
        ),
        "line .*: expected x, 21 numbers as before, found 22",
    ),
}


@pytest.mark.parametrize("case", BROKEN_GRAPHML)
def test_broken_graphml(case, landscape, tmp_path):
    damage, message = BROKEN_GRAPHML[case]
    path = tmp_path / "n.graphml"
    graphml.write(landscape, path)
    text = path.read_text()
    assert damage(text) != text
    path.write_text(damage(text))
    with pytest.raises(FormatError, match=message):
        graphml.read(path)


def test_the_line_of_a_broken_node(landscape, tmp_path):
    path = tmp_path / "n.graphml"
    graphml.write(landscape, path)
    lines = path.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if ">-15.9<" in line)
    path.write_text("\n".join(lines).replace(">-15.9<", ">x<"))
    with pytest.raises(FormatError) as caught:
        graphml.read(path)
    assert caught.value.line == number


def change(table, column, value):
    def damage(found):
        found[table][column] = value
        return found

    return damage


BROKEN_JSON = {
    "format": (lambda found: found | {"format": "other"}, '"format": "jaxscape network"'),
    "version": (lambda found: found | {"version": 2}, '"version": 1'),
    "table": (lambda found: found | {"minima": 3}, '"minima": {...}, found'),
    "column": (change("minima", "colour", [1]), "minima.colour"),
    "text": (change("minima", "energy", [0, 1, "x", 3]), "minima.energy.*float, found .*x.* at .2"),
    "digits": (change("minima", "energy", ["0", "1", "2", "3"]), "minima.energy, a list of float"),
    "half": (change("minima", "order", [1, 2, 3.5, 1]), r"minima.order.*int, found '3.5' at \[2\]"),
    "short": (change("minima", "order", [1, 2]), r"order has shape \(2,\), expected \(4,\)"),
    "ragged": (change("minima", "x", [[1.0], [1.0, 2.0], [], []]), "minima.x.*equal length"),
    "end": (change("transition_states", "plus", [0, 9, 0, 0, 0]), "plus of row 1 is 9"),
    "null": (change("minima", "energy", [0, 1, None, 3]), "energy of row 2 is not finite"),
    "truth": (change("minima", "certified", [1, 0, 1, 0]), "minima.certified.*bool"),
    "missing": (lambda found: found | {"transition_states": {}}, "transition_states.energy"),
}


@pytest.mark.parametrize("case", BROKEN_JSON)
def test_broken_json(case, landscape, tmp_path):
    damage, message = BROKEN_JSON[case]
    path = tmp_path / "n.json"
    network_json.write(landscape, path)
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    with pytest.raises(FormatError, match=message):
        network_json.read(path)


def test_json_that_ends_early(landscape, tmp_path):
    path = tmp_path / "n.json"
    network_json.write(landscape, path)
    path.write_text(path.read_text()[:-40])
    with pytest.raises(FormatError, match=r"n.json, line \d+: expected JSON"):
        network_json.read(path)
    assert "NaN" not in path.read_text()


def test_another_surface_is_refused(module, landscape, tmp_path):
    module.write(landscape, tmp_path / "n")
    with pytest.raises(FormatError, match="24"):
        module.read(tmp_path / "n", js.systems.lennard_jones(8))


def test_existing_files_stay(module, numbers, tmp_path):
    (tmp_path / "n").write_text("mine")
    with pytest.raises(ValueError, match="n exists"):
        module.write(numbers, tmp_path / "n")
    assert (tmp_path / "n").read_text() == "mine"
    module.write(numbers, tmp_path / "n", overwrite=True)
    assert len(module.read(tmp_path / "n")) == 3
