"""Curvature without a dense Hessian, against the dense one and against spectra that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(40, 40)) / 6
MATRIX = MATRIX + MATRIX.T
SPECTRUM = np.concatenate([[-1.0], np.linspace(1.0, 2.0, 19_998), [5.0]])


def rough(x):
    return 0.5 * x @ MATRIX @ x + jnp.sum(jnp.cos(x + jnp.arange(40.0)))


def diagonal(x):
    return 0.5 * jnp.sum(SPECTRUM * x**2)


def test_extreme_eigenpairs_are_those_of_the_dense_hessian():
    x = RNG.normal(size=(2, 40))
    found = js.curvature(rough, x, lowest=3, highest=2, tolerance=1e-10)
    for i, point in enumerate(x):
        hessian = np.asarray(jax.hessian(rough)(point))
        values = np.linalg.eigvalsh(hessian)
        np.testing.assert_allclose(found.lowest[i], values[:3], atol=1e-8)
        np.testing.assert_allclose(found.highest[i], values[-2:], atol=1e-8)
        for value, vector in zip(found.lowest[i], found.lowest_vectors[i], strict=True):
            np.testing.assert_allclose(hessian @ vector, value * vector, atol=1e-6)
        assert found.negative(5.0)[i] == np.sum(values[:3] < -5.0)
    assert found.converged.all() and found.residuals.shape == (2, 5)
    assert found.residuals.max() < 1e-6


def test_zero_modes_are_projected_out(lj7, lj7_minima):
    best = lj7_minima.take(np.argmin(lj7_minima.energy)[None])
    found = js.curvature(lj7, best.x, lowest=2, tolerance=1e-9)
    np.testing.assert_allclose(found.lowest[0, 0], best.lowest_eigenvalue[0], rtol=1e-5)
    assert found.zero_modes.tolist() == [6]


def test_twenty_thousand_coordinates_need_a_few_vectors():
    found = js.curvature(diagonal, np.zeros((1, 20_000)), lowest=1, highest=1)
    np.testing.assert_allclose(found.lowest, [[-1.0]], atol=1e-3)
    np.testing.assert_allclose(found.highest, [[5.0]], atol=1e-3)
    assert found.negative().tolist() == [1]
    assert found.memory < 300 * 20_000 * 8
    assert found.products < 300


def test_what_does_not_converge_is_told():
    def flat(x):
        return 0.5 * jnp.sum(jnp.linspace(0.0, 1.0, 3000) ** 3 * x**2)

    found = js.curvature(flat, np.zeros((1, 3000)), lowest=2, tolerance=1e-12, max_products=64)
    assert not found.converged[0]
    assert np.isnan(found.lowest).any()


def test_every_copy_of_an_eigenvalue_comes():
    """A Krylov space has one direction of each, and converges before rounding brings others."""
    ends = 0.02 * np.array([0.0, 0.0, 1.0, 2.0])
    values = np.concatenate([ends, np.linspace(0.06, 1.94, 292), 2.0 - ends])
    found = js.curvature(
        lambda x: 0.5 * jnp.sum(values * x**2), np.zeros((1, 300)), lowest=3, highest=3
    )
    np.testing.assert_allclose(found.lowest[0], ends[:3], atol=1e-4)
    np.testing.assert_allclose(found.highest[0], 2.0 - ends[2::-1], atol=1e-4)
    for vectors in (found.lowest_vectors[0], found.highest_vectors[0]):
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-6)
    down = js.curvature(lambda x: -0.5 * jnp.sum(x**2), np.zeros((1, 20)), lowest=0, highest=2)
    np.testing.assert_allclose(down.highest[0], [-1.0] * 2, atol=1e-6)


def test_another_operator_in_its_place():
    found = js.curvature(
        diagonal,
        np.zeros((1, 20_000)),
        lowest=0,
        product=lambda x, v: 3.0 * jnp.asarray(SPECTRUM) * v,
    )
    np.testing.assert_allclose(found.highest, [[15.0]], rtol=1e-4)
    assert found.lowest.shape == (1, 0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(lowest=40), "lowest is 40, but dim is 40"),
        (dict(highest=-1), "highest is -1"),
        (dict(x=np.zeros(40)), "pass points as rows"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        js.curvature(rough, **({"x": np.zeros((1, 40))} | arguments))


# --- spectral densities


@pytest.fixture(scope="module")
def density():
    pytest.importorskip("matfree")
    values = jnp.asarray(np.concatenate([np.full(30, -0.5), np.zeros(100), np.full(70, 2.0)]))

    def surface(x):
        return 0.5 * jnp.sum(values * x**2)

    return js.spectral_density(surface, np.zeros((1, 200)), key=jax.random.key(0), steps=12)


@pytest.mark.parametrize(
    "count, exact",
    [
        (lambda d: d.negative(0.1), 30.0),
        (lambda d: d.near_zero(0.1), 100.0),
        (lambda d: d.effective_dimension(0.5), 70 * 2.0 / 2.5),
        (lambda d: d.sum(lambda value: value), -15.0 + 140.0),
    ],
)
def test_counts_and_sums(density, count, exact):
    # Random signs are exact for a diagonal Hessian.
    np.testing.assert_allclose(count(density), exact, rtol=1e-6)


def test_the_density_integrates_to_one(density):
    grid = np.linspace(-3, 5, 4001)
    curve = density.density(grid, 0.1)[0]
    assert np.trapezoid(curve, grid) == pytest.approx(1.0, abs=1e-6)
    assert grid[np.argmax(curve)] == pytest.approx(0.0, abs=1e-2)
    with pytest.raises(ValueError, match="width is 0"):
        density.density(grid, 0.0)
    with pytest.raises(ValueError, match="regularisation is 0"):
        density.effective_dimension(0.0)


def test_errors_cover_the_truth():
    pytest.importorskip("matfree")
    found = js.spectral_density(rough, np.ones((1, 40)), key=jax.random.key(1), probes=20, steps=39)
    values = np.linalg.eigvalsh(jax.hessian(rough)(jnp.ones(40)))
    for function in (lambda v: v, lambda v: v**2, lambda v: (v < 0).astype(float)):
        error = found.error(function)[0]
        assert abs(found.sum(function)[0] - np.sum(function(values))) < 4 * error + 1e-9
        assert error > 0
    with pytest.raises(ValueError, match="two or more"):
        js.spectral_density(rough, np.ones((1, 40)), key=jax.random.key(1), probes=1)


def test_a_picture_of_the_density(density, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    ax = js.plot.spectrum(density, labels=["Hessian"])
    line = ax.get_lines()[0]
    x, y = line.get_data()
    assert np.trapezoid(y, x) == pytest.approx(200, rel=1e-3)
    with pytest.raises(ValueError, match="no density"):
        js.plot.spectrum()


# --- the two halves of a Hessian


@pytest.mark.slow
def test_halves_add_up_to_the_hessian():
    inputs, targets = js.models.xor()
    surface = js.systems.xor_mlp(2, 0.0)
    x = surface.sample(jax.random.key(0), 1)[0]

    def outputs(x):
        return js.models.predict(surface.unravel(x), inputs)

    def loss(logits):
        return -jnp.mean(jnp.sum(targets * jax.nn.log_softmax(logits), axis=1))

    split = js.GaussNewton(outputs, loss)
    eye = jnp.eye(surface.dim)
    first, second = (
        np.asarray(jax.jit(jax.vmap(lambda v, f=f: f(x, v)))(eye))
        for f in (split.gauss_newton, split.residual)
    )
    np.testing.assert_allclose(first + second, surface.hessian(x), atol=1e-12)
    jacobian = np.asarray(jax.jacobian(lambda x: outputs(x).ravel())(x))
    inner = np.asarray(jax.hessian(lambda z: loss(z.reshape(4, 2)))(outputs(x).ravel()))
    np.testing.assert_allclose(first, jacobian.T @ inner @ jacobian, atol=1e-12)
    assert np.linalg.eigvalsh(first).min() > -1e-12 > np.linalg.eigvalsh(second).min()
    traces = split.traces(x, jax.random.key(0), 400)
    np.testing.assert_allclose(traces, [np.trace(first), np.trace(second)], atol=0.3)
    damped = js.GaussNewton(outputs, loss, js.systems.xor_mlp(2, 0.5))
    extra = damped.residual(x, eye[0]) - split.residual(x, eye[0])
    np.testing.assert_allclose(extra, eye[0], atol=1e-12)


# --- from saddles


def test_every_negative_direction_leads_down():
    def surface(x):
        return (x[0] ** 2 - 1) ** 2 + 2 * (x[1] ** 2 - 1) ** 2 + x[2] ** 2 + 0.1 * x[0] * x[1]

    points = np.zeros((2, 3))
    points[1] = js.minimise(surface, np.ones((1, 3))).x[0]
    found = js.escape_directions(surface, points, most=2)
    assert found.point.tolist() == [0, 0]
    values = np.linalg.eigvalsh(jax.hessian(surface)(jnp.zeros(3)))
    np.testing.assert_allclose(found.eigenvalue, values[:2], atol=1e-6)
    assert (found.plus.energy < 3.0).all() and found.plus.ok.all() and found.minus.ok.all()
    # Both ways lead to images of each other under a change of sign.
    np.testing.assert_allclose(found.plus.x, -found.minus.x, atol=1e-6)
    none = js.escape_directions(surface, points[1:])
    assert len(none) == len(none.plus) == 0


def test_ways_down_of_few_coordinates():
    double = js.Surface(lambda x: jnp.sum((x**2 - 1.0) ** 2) + 0.1 * x[0] ** 2, dim=2)
    assert len(js.escape_directions(double, np.zeros((1, 2)))) == 2
    line = js.Surface(lambda x: (x[0] ** 2 - 1.0) ** 2, dim=1)
    assert js.escape_directions(line, np.zeros((1, 1))).eigenvalue.tolist() == [-4.0]
    flat = js.Surface(lambda x: jnp.sum(x**4), dim=2)
    assert len(js.escape_directions(flat, np.zeros((1, 2)))) == 0


def test_gentle_ways_down_are_found():
    slopes = np.append(-1e-6, np.linspace(1e-5, 2.0, 399) ** 2)
    surface = js.Surface(lambda x: 0.5 * jnp.sum(slopes * x**2) + 1e-6 * x[0] ** 4, dim=400)
    found = js.escape_directions(surface, np.zeros((1, 400)), most=1, max_steps=3, certify=False)
    np.testing.assert_allclose(found.eigenvalue, [-1e-6], rtol=1e-3)
    assert abs(found.direction[0, 0]) > 0.999
    with pytest.raises(ValueError, match="tolerance is 0"):
        js.escape_directions(surface, np.zeros((1, 400)), tolerance=0.0)
