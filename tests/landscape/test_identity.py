import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from jaxscape.landscape import IdentityIndex, IdentityTolerance
from jaxscape.symmetry import Cluster, NoSymmetry


class AlwaysFar(NoSymmetry):
    """A symmetry whose alignment never confirms."""

    confirm_by_alignment = True

    def align(self, a, b):
        return b, 1e9


def filled(x, energies=None, tolerance=None, symmetry=None):
    index = IdentityIndex(symmetry or NoSymmetry(), tolerance)
    energies = np.sum(x, axis=1) if energies is None else energies
    return index, index.insert(energies, x, x)


def test_known_points_are_found_and_new_ones_are_not():
    x = np.random.default_rng(0).normal(size=(50, 4))
    index, (ids, new) = filled(x)
    assert ids.tolist() == list(range(50)) and new.all()
    nudged = x + 1e-9
    assert index.match(np.sum(x, axis=1), nudged, nudged).tolist() == ids.tolist()
    other = x + 0.1
    assert (index.match(np.sum(x, axis=1), other, other) == -1).all()
    assert (index.match(np.sum(x, axis=1) + 1e-3, x, x) == -1).all()
    assert len(index) == 50


def test_equal_points_of_one_batch_get_one_id():
    x = np.array([[0.0, 1.0], [5.0, 5.0], [0.0, 1.0 + 1e-8], [5.0, 5.0]])
    _, (ids, new) = filled(x)
    assert ids.tolist() == [0, 1, 0, 1]
    assert new.tolist() == [True, True, False, False]


@settings(max_examples=300, deadline=None)
@given(
    energy=st.floats(-1e12, 1e12),
    place=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3),
    energy_step=st.floats(-2.0, 2.0),
    step=st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3),
)
def test_cells_never_hide_a_point_within_tolerance(energy, place, energy_step, step):
    """The grid agrees with the definition of identity, also across borders of cells."""
    tolerance = IdentityTolerance()
    known = np.array([place])
    index = IdentityIndex(NoSymmetry(), tolerance)
    index.insert(np.array([energy]), known, known)
    bound = tolerance.distance * (1 + np.sqrt(np.mean(known**2)))
    x = known + np.array(step) * bound
    query = energy + energy_step * tolerance.energy * max(1.0, abs(energy))
    gap = abs(query - energy) / (tolerance.energy * max(1.0, abs(query)))
    distance = np.max(np.abs(x - known))
    ratio = distance / (tolerance.distance * (1 + np.sqrt(np.mean(x**2))))
    if max(abs(gap - 1), abs(ratio - 1)) > 1e-2 or max(gap, ratio) < 0.99:
        if not (0.99 < gap < 1.01 or 0.99 < ratio < 1.01):
            expected = 0 if gap <= 1 and ratio <= 1 else -1
            assert index.match(np.array([query]), x, x)[0] == expected


def test_the_nearest_of_several_candidates_wins_and_ties_go_to_the_oldest():
    tolerance = IdentityTolerance(energy=1e-7, distance=0.1)
    x = np.array([[0.0, 0.0], [0.3, 0.0]])
    index, (ids, _) = filled(x, np.zeros(2), tolerance)
    assert ids.tolist() == [0, 1]
    near = np.array([[0.22, 0.0], [0.15, 0.0], [0.08, 0.0]])
    assert index.match(np.zeros(3), near, near).tolist() == [1, -1, 0]
    index, (ids, _) = filled(np.array([[0.0, 0.0], [0.15, 0.0]]), np.zeros(2), tolerance)
    assert ids.tolist() == [0, 1]
    middle = np.array([[0.075, 0.0]])
    assert index.match(np.zeros(1), middle, middle).tolist() == [0]


def test_alignment_confirms_only_where_the_symmetry_asks_for_it():
    x = np.zeros((2, 3))
    _, (ids, _) = filled(x, symmetry=NoSymmetry())
    assert ids.tolist() == [0, 0]
    _, (ids, _) = filled(x, symmetry=AlwaysFar())
    assert ids.tolist() == [0, 1]


def test_looser_tolerance_of_single_precision():
    single = IdentityTolerance.for_dtype(np.float32)
    double = IdentityTolerance.for_dtype(np.float64)
    assert double == IdentityTolerance()
    assert single.energy > double.energy and single.distance > double.distance
    x = np.array([[1.0, 2.0]])
    index, _ = filled(x)
    assert index.match(np.array([3.0 + 1e-5]), x + 1e-3, x + 1e-3)[0] == -1
    index.loosen(single)
    assert index.match(np.array([3.0 + 1e-5]), x + 1e-3, x + 1e-3)[0] == 0


def test_extend_takes_over_without_comparing():
    x = np.array([[0.0, 1.0], [0.0, 1.0]])
    index = IdentityIndex(NoSymmetry())
    index.extend(np.ones(2), x, x)
    assert len(index) == 2
    assert index.match(np.ones(1), x[:1], x[:1]).tolist() == [0]


def test_images_of_a_cluster_are_one_point():
    symmetry = Cluster()
    x = np.random.default_rng(3).normal(size=(6, 15))
    images = np.stack([symmetry.random_image(a, seed) for seed, a in enumerate(x)])
    energies = np.arange(6) / 10
    index = IdentityIndex(symmetry)
    index.insert(energies, symmetry.fingerprint(x), x)
    assert index.match(energies, symmetry.fingerprint(images), images).tolist() == list(range(6))


@pytest.mark.parametrize(
    "options", [{"energy": 0.0}, {"energy": 0.7}, {"distance": -1.0}, {"distance": np.nan}]
)
def test_impossible_tolerances_are_refused(options):
    with pytest.raises(ValueError, match="tolerance"):
        IdentityTolerance(**options)


@pytest.mark.parametrize("degenerate", [False, True])
def test_the_cost_of_a_question_does_not_grow_with_the_network(degenerate):
    """Even where all points share one energy (a periodic function)."""
    rng = np.random.default_rng(0)

    def seconds(size):
        x = rng.uniform(-5, 5, size=(size, 8))
        energies = np.zeros(size) if degenerate else np.sum(x, axis=1)
        index = IdentityIndex(NoSymmetry())
        index.extend(energies, x, x)
        ask = rng.integers(size, size=500)
        best = np.inf
        for _ in range(3):
            start = time.perf_counter()
            found = index.match(energies[ask], x[ask], x[ask])
            best = min(best, time.perf_counter() - start)
        assert found.tolist() == ask.tolist()
        return best

    small, large = seconds(1_000), seconds(100_000)
    assert large < 6 * small
