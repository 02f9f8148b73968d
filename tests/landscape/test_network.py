import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

from jaxscape.landscape import Attempts, IdentityTolerance, Landscape
from jaxscape.search.status import Status
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, NoSymmetry

GRID = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])


def half(a, b):
    """A transition state between two rows of the grid."""
    return (GRID[a] + GRID[b]) / 2 + [0.0, 5.0]


@pytest.fixture
def landscape(states_of):
    """Four minima; 0-1 joined twice, 1-2 once, 3-3 degenerate."""
    landscape = Landscape()
    x = np.array([half(0, 1), half(0, 1) + [0.0, 1.0], half(1, 2), half(3, 3)])
    landscape.add(states_of(x, GRID[[0, 0, 1, 3]], GRID[[1, 1, 2, 3]]))
    return landscape


def test_add_reports_new_known_and_rejected(minima_of):
    landscape = Landscape()
    x = np.array([[0.0, 1.0], [2.0, 2.0], [0.0, 1.0], [np.nan, 0.0]])
    report = landscape.add(minima_of(x, energy=[1.0, 2.0, 1.0, 3.0]))
    assert report.ids.tolist() == [0, 1, 0, -1]
    assert report.new.tolist() == [0, 1] and report.known.tolist() == [0]
    assert [position for position, _ in report.rejected] == [3]
    assert "NaN" in report.rejected[0][1]
    assert "2 new, 1 known, 1 rejected" in str(report)
    again = landscape.add(minima_of(x[:1], energy=1.0))
    assert again.known.tolist() == [0] and not len(again.new)
    assert landscape.minima.hits.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"status": Status.MAX_STEPS}, "raise max_steps"),
        ({"status": Status.DEGENERATE}, "zero eigenvalue"),
        ({"index": 2}, "2 negative eigenvalues, a minimum has 0"),
        ({"index": -1}, "not certified"),
        ({"energy": np.inf}, "NOT_FINITE"),
        ({"status": 77}, "RUNNING"),
    ],
)
def test_what_is_not_certified_is_rejected_with_the_reason(minima_of, options, reason):
    landscape = Landscape()
    report = landscape.add(minima_of(np.zeros((1, 2)), **options))
    assert reason in report.rejected[0][1]
    assert report.ids.tolist() == [-1] and not len(landscape.minima)


def test_absurd_coordinates_are_rejected_alone(minima_of):
    report = Landscape().add(minima_of(np.array([[0.0, 1.0], [1e200, 0.0]]), energy=0.0))
    assert report.ids.tolist() == [0, -1] and "infinite" in report.rejected[0][1]


def test_one_bad_point_does_not_keep_out_the_others(minima_of):
    status = [Status.CONVERGED, Status.STALLED, Status.CONVERGED]
    report = Landscape().add(minima_of(GRID[:3], status=status))
    assert report.ids.tolist() == [0, -1, 1]


def test_points_on_bounds_are_kept_and_marked(minima_of):
    landscape = Landscape()
    landscape.add(minima_of(GRID[:3], active=[0, 1, 2]))
    assert landscape.minima.active.tolist() == [0, 1, 2]
    assert landscape.summary().startswith("1 minimum (and 2 on bounds), 0 transition states")


def test_a_transition_state_without_both_minima_is_rejected(minima_of, states_of):
    landscape = Landscape()
    minus = minima_of(GRID[1:3], status=[Status.CONVERGED, Status.MAX_STEPS])
    report = landscape.add(states_of(np.array([half(0, 1), half(1, 2)]), GRID[:2], minus))
    assert report.ids.tolist() == [0, -1]
    position, reason = report.rejected[0]
    assert position == 1 and reason.startswith("NO_MINIMUM: the minus side")
    assert "MAX_STEPS" in reason
    # The certified minimum on its other side is not thrown away.
    assert report.minima.ids.tolist() == [0, 1, 1, -1]


def test_wrong_index_of_a_transition_state(states_of):
    report = Landscape().add(states_of(GRID[:1] + 9, GRID[:1], GRID[1:2], index=2))
    assert "a transition state has 1" in report.rejected[0][1]


def test_network_of_several_transition_states_a_pair(landscape):
    states = landscape.transition_states
    assert len(landscape.minima) == 4 and len(states) == 4
    assert list(zip(states.plus.tolist(), states.minus.tolist(), strict=True)) == [
        (0, 1), (0, 1), (1, 2), (3, 3)
    ]  # fmt: skip
    assert landscape.degenerate.tolist() == [False, False, False, True]
    assert landscape.components() == [{0, 1, 2}, {3}]
    assert states.eigenvector.shape == states.x.shape == (4, 2)


def test_graph_is_a_multigraph_with_the_points(landscape, minima_of):
    graph = landscape.graph
    assert isinstance(graph, nx.MultiGraph)
    assert graph.number_of_edges(0, 1) == 2 and graph.has_edge(3, 3, key=3)
    assert set(graph.nodes[0]) == {"x", "energy", "log_product", "order", "active"}
    edge = graph.edges[1, 2, 2]
    assert set(edge) == {"x", "energy", "eigenvalue", "log_product"}
    assert edge["eigenvalue"] == -1.0 and edge["x"].tolist() == half(1, 2).tolist()
    assert landscape.graph is graph
    landscape.add(minima_of(np.array([[7.0, 7.0]])))
    assert landscape.graph is not graph and 4 in landscape.graph


def test_ids_do_not_depend_on_how_batches_are_cut(states_of):
    rng = np.random.default_rng(0)
    ends = rng.integers(4, size=(12, 2))
    x = rng.normal(size=(12, 2))
    whole, parts = Landscape(), Landscape()
    whole.add(states_of(x, GRID[ends[:, 0]], GRID[ends[:, 1]]))
    for i in range(0, 12, 5):
        rows = slice(i, i + 5)
        parts.add(states_of(x[rows], GRID[ends[rows, 0]], GRID[ends[rows, 1]]))
    for name, column in whole.transition_states.columns().items():
        np.testing.assert_array_equal(column, parts.transition_states.columns()[name])
    np.testing.assert_array_equal(whole.minima.x, parts.minima.x)


def test_images_under_the_symmetry_count_once(minima_of):
    symmetry = Cluster()
    x = np.random.default_rng(1).normal(size=15)
    images = np.stack([x, symmetry.random_image(x, 1), symmetry.random_image(x, 2)])
    landscape = Landscape(Surface(lambda x: jnp.sum(x), symmetry=symmetry))
    assert landscape.add(minima_of(images, energy=-3.0)).ids.tolist() == [0, 0, 0]
    assert landscape.minima.order.tolist() == [symmetry.order(x)]


def test_point_group_order_is_asked_once_for_each_new_point(minima_of):
    calls = []

    class Counting(NoSymmetry):
        def order(self, x, tolerance=1e-3):
            calls.append(x)
            return 7

    landscape = Landscape(Surface(jnp.sum, symmetry=Counting()))
    landscape.add(minima_of(GRID[[0, 1, 0]]))
    landscape.add(minima_of(GRID[[1]]))
    assert len(calls) == 2 and landscape.minima.order.tolist() == [7, 7]


def test_float32_points_loosen_the_tolerance(minima_of):
    landscape = Landscape()
    landscape.add(minima_of(GRID[:1].astype(np.float32), energy=1.0))
    assert landscape.tolerance == IdentityTolerance.for_dtype(np.float32)
    assert landscape.add(minima_of(GRID[:1] + 1e-3, energy=1.0 + 1e-6)).ids.tolist() == [0]
    given = Landscape(tolerance=IdentityTolerance(1e-7, 1e-4))
    given.add(minima_of(GRID[:1].astype(np.float32), energy=1.0))
    assert given.tolerance == IdentityTolerance(1e-7, 1e-4)


@pytest.mark.parametrize("x", [np.zeros((2, 3)), np.zeros((0, 5)), np.zeros(2)])
def test_wrong_width_raises_at_once(landscape, minima_of, x):
    points = minima_of(np.zeros((len(x), 2)))
    object.__setattr__(points, "x", x)
    with pytest.raises(ValueError, match=r"points have shape"):
        landscape.add(points)
    assert len(landscape.minima) == 4


def test_width_of_the_surface_counts_from_the_start(minima_of):
    with pytest.raises(ValueError, match=r"\[batch, 3\]"):
        Landscape(Surface(jnp.sum, dim=3)).add(minima_of(GRID))


def test_other_things_than_points_are_refused(landscape):
    with pytest.raises(ValueError, match="StationaryPoints"):
        landscape.add(GRID)


def test_empty_batch_is_no_error(landscape, minima_of):
    report = landscape.add(minima_of(np.zeros((0, 2))))
    assert not len(report.ids) and not report.rejected


def test_points_on_trust_are_marked_and_replaced_when_certified(minima_of):
    landscape = Landscape()
    doubtful = minima_of(GRID[:1], status=Status.RUNNING, index=-1)
    assert landscape.add(doubtful).rejected
    assert landscape.add(doubtful, verified=False).new.tolist() == [0]
    assert not landscape.minima.certified[0] and "1 point taken on trust" in landscape.summary()
    landscape.add(minima_of(GRID[:1] + 1e-6, energy=0.0))
    assert landscape.minima.certified[0] and landscape.minima.index[0] == 0
    assert landscape.minima.x[0, 0] == 1e-6 and landscape.minima.hits[0] == 2


def test_arrays_are_read_only(landscape):
    with pytest.raises(ValueError, match="read-only"):
        landscape.minima.energy[0] = 0.0


def test_an_interrupt_in_the_middle_of_add_leaves_a_sound_landscape(minima_of):
    class Interrupted(NoSymmetry):
        armed = [True]

        def order(self, x, tolerance=1e-3):
            if self.armed and len(seen) == 1:
                self.armed.clear()
                raise KeyboardInterrupt
            seen.append(x)
            return 1

    seen = []
    landscape = Landscape(Surface(jnp.sum, symmetry=Interrupted()))
    with pytest.raises(KeyboardInterrupt):
        landscape.add(minima_of(GRID))
    assert len(landscape.minima) == 0
    assert landscape.add(minima_of(GRID)).new.tolist() == [0, 1, 2, 3]
    assert len(landscape.minima) == 4


def test_attempts_are_counted(landscape):
    landscape.record_attempts("pair", a=[0, 0, 1], b=[1, 1, 2], outcomes=[1, "no path", 2],
                              evaluations=np.array([5, 6, 7]))  # fmt: skip
    landscape.record_attempts("single", a=[0], outcomes=[Status.STALLED], evaluations=[10])
    assert landscape.attempt_counts("pair") == {(0, 1): 2, (1, 2): 1}
    assert landscape.attempt_counts("single") == {(0, -1): 1}
    assert landscape.attempt_counts("other") == {}
    assert landscape.evaluations == 28
    attempts = landscape.attempts
    assert attempts.outcome == [1, "no path", 2, 3] and attempts.b.tolist() == [1, 1, 2, -1]
    assert attempts.kinds() == {"pair": 3, "single": 1}
    with pytest.raises(ValueError, match="differ in length"):
        landscape.record_attempts("pair", a=[0], b=[1, 2])
    with pytest.raises(ValueError, match="kind"):
        Attempts().record("", a=[0])


def test_summary(landscape, states_of):
    lines = landscape.summary().splitlines()
    assert lines[0] == "4 minima, 4 transition states, 2 components"
    assert "degenerate          1" in landscape.summary()
    x = np.array([half(2, 3)])
    landscape.add(states_of(x, GRID[2:3], GRID[3:4]))
    assert landscape.summary().startswith("4 minima, 5 transition states, connected\n")
    assert "largest rms grad.   1e-09" in landscape.summary()


def test_summary_names_surface_and_units():
    surface = Surface(jnp.sum, dim=2, name="bowl", units=Units("eV", "A"))
    landscape = Landscape(surface)
    assert "bowl, 2 coordinates" in landscape.summary()
    assert landscape.units == Units("eV", "A") and landscape.name == "bowl"
    assert repr(landscape) == "<Landscape 'bowl': 0 minima, 0 transition states>"


def test_lowest_of_nothing(landscape):
    assert landscape.minima.lowest() == 0
    with pytest.raises(ValueError, match="no points yet"):
        Landscape().minima.lowest()


def test_bare_callable_is_wrapped():
    assert isinstance(Landscape(jnp.sum).surface, Surface)
