"""Certificates from Hessian-vector products: those of dense Hessians, and beyond their size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.certify import DENSE_LIMIT, certify
from jaxscape.search.certify_large import NOT_REACHED, certify_large
from jaxscape.search.status import Status

STIFF = 1.0 + np.arange(900.0)


def wells(x):
    """Four minima `(+-1, +-1, 0, ...)`, the saddles between them, a maximum among saddles."""
    return jnp.sum((x[:2] ** 2 - 1) ** 2) + 0.1 * x[0] + 0.5 * jnp.sum(STIFF[2:] * x[2:] ** 2)


@pytest.mark.parametrize(
    "atoms, index",
    [
        ([[0, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]], 0),  # a tetrahedron
        ([[1, 0, 0], [-1, 0, 0], [0, 0.6, 0], [0, -0.6, 0]], 1),  # a rhombus
        ([[-1, 0, 0], [0, 0, 0], [1, 0, 0]], 2),  # a line has five zero modes
    ],
)
def test_they_agree_with_dense_ones(atoms, index):
    surface = js.systems.lennard_jones(len(atoms))
    atoms = np.array(atoms, float)
    bond = np.min([np.linalg.norm(a - b) for i, a in enumerate(atoms) for b in atoms[:i]])
    x = (1.11 / bond * atoms).reshape(1, -1)
    dense = certify(surface, x, tolerance=1e-8)
    large = certify_large(surface, x, tolerance=1e-8, newton=6)
    assert dense.index[0] == index and large.rms_gradient[0] < 1e-10
    for field in ("index", "degenerate", "zero_modes", "active"):
        np.testing.assert_array_equal(getattr(large, field), getattr(dense, field))
    for field in ("energy", "lowest_eigenvalue"):
        np.testing.assert_allclose(getattr(large, field), getattr(dense, field), rtol=1e-9)
    mode = jnp.asarray(large.eigenvector[0])
    turned = surface.hvp(jnp.asarray(large.x[0]), mode)
    np.testing.assert_allclose(turned, large.lowest_eigenvalue[0] * mode, atol=1e-4)


@pytest.mark.slow
def test_a_network_of_900_coordinates():
    assert len(STIFF) > DENSE_LIMIT
    surface = js.Surface(wells, dim=900)
    x0 = np.random.default_rng(0).normal(size=(12, 900)) * np.where(np.arange(900) < 2, 1.0, 0.01)
    found = js.find_transition_states(surface, x0, key=jax.random.key(1))
    network = js.Landscape(surface)
    network.add(found.take(found.ok))
    assert (len(network.minima), len(network.transition_states)) == (4, 3)
    assert np.isnan(network.minima.log_product).all()
    assert np.max(network.transition_states.rms_gradient) < 1e-8
    # Along the way 12 s^2 - 4, where the slope 4 s^3 - 4 s + 0.1, or that without tilt, vanishes.
    tilted = 12 * np.sort(np.roots([4.0, 0.0, -4.0, 0.1]))[1] ** 2 - 4
    lowest = network.transition_states.lowest_eigenvalue
    distance = np.min(np.abs(lowest[:, None] - [-4.0, tilted]), axis=1)
    np.testing.assert_allclose(distance, 0.0, atol=1e-6)


@pytest.mark.parametrize("x, index", [((1.0, 1.0), 0), ((0.0, -1.0), 1), ((0.0, 0.0), 2)])
def test_index(x, index):
    start = np.concatenate([x, np.full(898, 1e-4)])[None]
    found = certify(js.Surface(wells), start, tolerance=1e-8)
    assert found.index[0] == index and not found.degenerate[0]
    assert found.rms_gradient[0] < 1e-10 and found.evaluations[0] > 2


def test_a_flat_direction_is_no_certificate():
    found = js.minimise(lambda x: jnp.sum(x[1:] ** 2), np.ones((1, 900)), certify=True)
    assert found.status[0] == Status.DEGENERATE and not found.ok[0]


def test_coordinates_held_by_a_bound_are_left_out():
    surface = js.Surface(lambda x: jnp.sum(STIFF * x**2) - 30 * x[0] ** 2, bounds=(-1.0, 1.0))
    found = js.minimise(surface, np.full((1, 900), 0.5), certify=True)
    assert found.ok[0] and found.active[0] == 1 and found.index[0] == 0
    np.testing.assert_allclose(found.lowest_eigenvalue[0], 2 * STIFF[1], rtol=1e-6)


def test_one_bad_point_leaves_the_others_alone():
    starts = np.zeros((2, 900))
    starts[1, 0] = np.nan
    found = certify(js.Surface(lambda x: jnp.sum(x**2)), starts, tolerance=1e-8)
    np.testing.assert_array_equal(found.index, [0, -1])
    assert np.isnan(found.lowest_eigenvalue[1])


def test_every_copy_of_an_eigenvalue_counts():
    """At the origin of two equal wells -4 is there twice: no transition state."""
    equal = lambda x: wells(x) - 0.1 * x[0]  # noqa: E731
    for seed in range(3):
        x = np.append(np.zeros(2), 1e-6 * np.random.default_rng(seed).normal(size=898))[None]
        found = certify(js.Surface(equal), x, tolerance=1e-8)
        assert found.index[0] == 2 and not found.degenerate[0]


def test_nothing_curved_and_nothing_free():
    flat = certify(js.Surface(lambda x: 0.0 * x[0]), np.ones((1, 900)), tolerance=1e-8)
    assert flat.degenerate[0] and flat.index[0] == 0
    held = js.Surface(jnp.sum, bounds=(0.0, 1.0))
    corner = certify(held, np.zeros((1, 900)), tolerance=1e-8)
    assert (corner.index[0], corner.zero_modes[0], corner.active[0]) == (0, 900, 900)
    assert not corner.degenerate[0] and corner.rms_gradient[0] == 0


@pytest.mark.parametrize("dtype, digits", [("float32", 1e-3), ("float64", 1e-7)])
def test_many_coordinates_against_a_dense_hessian(dtype, digits):
    rng = np.random.default_rng(0)
    spectrum = np.append([-3.0, 0.7, 0.7], np.geomspace(1.0, 300.0, 297))
    basis = np.linalg.qr(rng.normal(size=(300, 300)))[0].astype(dtype)
    matrix = jnp.asarray((basis * spectrum.astype(dtype)) @ basis.T)
    surface = js.Surface(lambda x: 0.5 * x @ matrix @ x)
    x = 1e-3 * rng.normal(size=(1, 300)).astype(dtype)
    tolerance = 1e-4 if dtype == "float32" else 1e-8
    found = certify_large(surface, x, tolerance=tolerance, newton=6)
    assert found.index[0] == 1 and not found.degenerate[0] and found.x.dtype == dtype
    assert found.lowest_eigenvalue[0] == pytest.approx(-3.0, rel=digits)
    assert found.rms_gradient[0] < tolerance
    assert abs(found.eigenvector[0] @ basis[:, 0]) == pytest.approx(1.0, abs=digits)


def test_a_spent_budget_leaves_the_rest_uncertified():
    surface = js.Surface(lambda x: 0.5 * jnp.sum(STIFF * x**2))

    class Once(js.Budget):
        asked = 0

        @property
        def spent(self):
            self.asked += 1
            return self.asked > 1

    found = certify(surface, np.ones((3, 900)), tolerance=1e-8, budget=Once())
    np.testing.assert_array_equal(found.index, [0, NOT_REACHED, NOT_REACHED])
    budget = js.Budget()
    budget.interrupted = True
    points = js.minimise(surface, np.ones((2, 900)), certify=True, budget=budget)
    assert not points.ok.any() and (points.index == -1).all()
