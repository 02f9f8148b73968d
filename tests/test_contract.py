"""What programs outside of this repository rely on: names, arguments and fields."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

import jaxscape as js

NAMES = """
    Surface Units Status LBFGS HybridEigenvectorFollowing NEB BasinHopping
    minimise basin_hopping find_transition_states neb check explore
    StationaryPoints TransitionStates Paths Landscape load
    disconnectivity_tree barrier lowest_path
    systems potentials models symmetry plot
""".split()
STATIONARY = (
    "x energy rms_gradient index lowest_eigenvalue log_product active status evaluations"
).split()


def wells(x):
    """Minima at (+-1, 0), the saddle at the origin of height 1."""
    return (x[0] ** 2 - 1) ** 2 + 2.0 * x[1] ** 2


X0 = np.random.default_rng(0).uniform(-1.5, 1.5, (100, 2))
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def network():
    return js.explore(wells, X0, key=KEY, searches=128, batch=100, progress=False)


@pytest.mark.parametrize("name", NAMES)
def test_public_names(name):
    assert hasattr(js, name)


def test_statuses_say_what_to_try():
    assert {s.name for s in js.Status} >= {
        "CONVERGED",
        "MAX_STEPS",
        "STALLED",
        "NOT_FINITE",
        "WRONG_INDEX",
    }
    assert all(len(status.advice) > 15 for status in js.Status)
    assert len({status.advice for status in js.Status}) == len(js.Status)


@pytest.mark.parametrize(
    ("function", "positional", "keywords"),
    [
        ("Surface", ["function"], ["bounds", "symmetry", "sampler"]),
        (
            "minimise",
            ["surface", "x0"],
            ["method", "tolerance", "max_steps", "lanes", "progress"],
        ),
        ("basin_hopping", ["surface", "x0"], ["key", "steps", "method", "target"]),
        ("find_transition_states", ["surface", "x0"], ["key", "method"]),
        ("neb", ["surface", "start", "end"], ["method"]),
        ("check", ["surface", "x"], []),
        ("explore", ["surface", "x0"], ["key", "landscape", "store", "progress"]),
        ("load", ["path", "surface"], []),
        ("barrier", ["landscape", "a", "b"], []),
        ("lowest_path", ["landscape", "a", "b"], []),
        ("disconnectivity_tree", ["landscape"], []),
    ],
)
def test_arguments(function, positional, keywords):
    parameters = inspect.signature(getattr(js, function)).parameters
    assert [*parameters][: len(positional)] == positional
    for name in keywords:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY, name


def test_options_are_frozen_dataclasses():
    for options in (js.LBFGS(), js.HybridEigenvectorFollowing(), js.NEB(), js.BasinHopping()):
        assert hash(options) == hash(type(options)())
        with pytest.raises(AttributeError):
            options.history = 3
    assert js.NEB(images=9, climbing=True).images == 9
    assert js.BasinHopping(temperature=0.5, step_size=0.2).temperature == 0.5
    with pytest.raises(TypeError):
        js.LBFGS(histroy=4)  # a typo does not vanish


def test_surface():
    surface = js.Surface(wells, bounds=(-2.0, [2.0, 3.0]))
    x, v = jnp.array([0.5, 1.0]), jnp.array([1.0, 2.0])
    assert surface(x).shape == ()
    energy, gradient = surface.value_and_grad(x)
    np.testing.assert_allclose(energy, wells(x))
    np.testing.assert_allclose(gradient, [4 * 0.5 * (0.25 - 1), 4.0])
    np.testing.assert_allclose(surface.hvp(x, v), surface.hessian(x) @ v)
    samples = surface.sample(KEY, 7)
    assert samples.shape == (7, 2) and (samples >= -2).all() and (samples <= np.array([2, 3])).all()
    with pytest.raises(AttributeError):
        surface.function = None
    assert eqx.filter_jit(lambda s, x: s(x))(surface, x) == surface(x)  # a pytree
    own = js.Surface(wells, sampler=lambda key: jax.random.normal(key, (2,)))
    assert own.sample(KEY, 3).shape == (3, 2)


def test_surface_of_a_loss():
    params = {"w": jnp.ones((2, 2)), "b": jnp.zeros(2), "n": 3}
    surface = js.Surface.from_loss(
        lambda p, x: jnp.mean((x @ p["w"] + p["b"]) ** 2), params, jnp.ones((4, 2)), l2=0.5
    )
    x = surface.ravel(params)
    assert x.shape == (6,) == (surface.dim,)
    back = surface.unravel(x)
    np.testing.assert_array_equal(back["w"], params["w"])
    assert back["n"] == 3
    np.testing.assert_allclose(surface(x), 4.0 + 0.5 * 4)
    found = js.minimise(surface, surface.sample(KEY, 3))
    np.testing.assert_allclose(found.x[found.ok], 0.0, atol=1e-7)
    assert found.ok.all()


def assert_stationary(points, batch, dim=2):
    assert isinstance(points, js.StationaryPoints) and len(points) == batch
    for name in STATIONARY:
        field = getattr(points, name)
        assert isinstance(field, np.ndarray), name
        assert field.shape == ((batch, dim) if name == "x" else (batch,)), name
    np.testing.assert_array_equal(points.ok, points.status == js.Status.CONVERGED)
    assert points.status.dtype == np.int32 and points.index.dtype == np.int32
    assert len(points.take(points.ok)) == points.ok.sum()
    assert sum(points.counts().values()) == batch


def test_minimise_a_bare_callable():
    found = js.minimise(wells, X0)
    assert_stationary(found, 100)
    np.testing.assert_allclose(np.abs(found.x[found.ok]), [[1.0, 0.0]] * found.ok.sum(), atol=1e-8)
    assert found.ok.mean() > 0.95 and found.steps_to_target is None


def test_find_transition_states_of_a_bare_callable():
    found = js.find_transition_states(wells, 0.3 * X0, key=KEY)
    assert isinstance(found, js.TransitionStates)
    assert_stationary(found, 100)
    assert_stationary(found.plus, 100)
    assert_stationary(found.minus, 100)
    assert found.eigenvector.shape == (100, 2)
    assert found.ok.mean() > 0.9
    np.testing.assert_allclose(found.energy[found.ok], 1.0, atol=1e-10)


def test_neb_with_a_bare_callable():
    paths = js.neb(wells, [[-1.0, 0.0]], [[1.0, 0.0]], method=js.NEB(images=7, climbing=True))
    assert paths.images.shape == (1, 7, 2) and paths.energies.shape == (1, 7)
    assert paths.status.shape == (1,)
    tops = paths.candidates()
    np.testing.assert_allclose(tops.x, [[0.0, 0.0]], atol=1e-6)


def test_basin_hopping_with_a_bare_callable():
    method = js.BasinHopping(temperature=1.0, step_size=1.0)
    found = js.basin_hopping(wells, X0[:20], key=KEY, steps=5, method=method, target=0.0)
    assert_stationary(found, 2)
    assert found.steps_to_target.shape == (20,)
    assert (np.diff(found.energy) >= 0).all()


def test_check_a_bare_callable():
    assert str(js.check(wells, X0[0]))


def test_landscape(network, tmp_path):
    assert len(network.minima) == 2 and len(network.transition_states) == 1
    np.testing.assert_array_equal(network.minima.ids, [0, 1])
    for name in ("x", "energy", "rms_gradient", "index", "lowest_eigenvalue", "log_product"):
        assert len(getattr(network.minima, name)) == 2
        assert len(getattr(network.transition_states, name)) == 1
    ends = {int(network.transition_states.plus[0]), int(network.transition_states.minus[0])}
    assert ends == {0, 1}
    graph = network.graph
    assert isinstance(graph, nx.MultiGraph) and graph.number_of_edges() == 1
    for _, node in graph.nodes(data=True):
        assert {"x", "energy"} <= set(node)
    for *_, edge in graph.edges(data=True):
        assert {"x", "energy", "eigenvalue"} <= set(edge)
        np.testing.assert_allclose(edge["eigenvalue"], -4.0)
    assert "2 minima, 1 transition state" in network.summary()
    report = network.add(js.minimise(wells, X0[:100]))
    assert len(report.new) == 0 and set(report.known) == {0, 1}
    network.save(tmp_path / "wells.sqlite")
    loaded = js.load(tmp_path / "wells.sqlite")
    np.testing.assert_array_equal(loaded.minima.x, network.minima.x)
    assert "another" not in js.load(tmp_path / "wells.sqlite", wells).summary()


def test_analysis(network):
    np.testing.assert_allclose(js.barrier(network, 0, 1), 1.0, atol=1e-10)
    assert js.lowest_path(network, 0, 1) is not None
    assert js.disconnectivity_tree(network) is not None


def test_plots_take_and_return_axes(network):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots()
    try:
        assert js.plot.disconnectivity(network, ax=axes) is axes
    finally:
        plt.close(figure)


def test_results_are_pytrees_of_arrays():
    found = js.minimise(wells, X0)
    again = jax.tree.unflatten(jax.tree.structure(found), jax.tree.leaves(found))
    np.testing.assert_array_equal(again.x, found.x)
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(found))


SINGLE = """
import jax, numpy as np
import jaxscape as js
assert not jax.config.jax_enable_x64
surface = js.systems.six_hump_camel()
x0 = np.asarray(surface.sample(jax.random.key(0), 100))
assert x0.dtype == np.float32
found = js.minimise(surface, x0)
assert found.ok.mean() > 0.95 and found.x.dtype == np.float32, found.counts()
states = js.find_transition_states(surface, x0, key=jax.random.key(0))
assert states.ok.mean() > 0.4, states.counts()
network = js.explore(surface, x0, key=jax.random.key(0), searches=1024, progress=False)
assert len(network.minima) == 6 and 5 <= len(network.transition_states) <= 7, network.summary()
a, b = network.minima.x[:1].astype("float32"), network.minima.x[1:2].astype("float32")
paths = js.neb(surface, a, b)
assert paths.images.dtype == np.float32 and np.isfinite(paths.energies).all()
hops = js.basin_hopping(surface, x0[:16], key=jax.random.key(0), steps=10)
assert abs(hops.energy[0] + 1.0316285) < 1e-4 and hops.x.dtype == np.float32
assert not jax.config.jax_enable_x64
print("done")
"""


@pytest.mark.slow
def test_everything_works_in_single_precision():
    """In a process of its own: here float64 is on."""
    root = Path(__file__).parents[1]
    variables = {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", SINGLE],
        env=variables | {"PYTHONPATH": str(root), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ran.returncode == 0 and ran.stdout.strip() == "done", ran.stderr[-3000:]
