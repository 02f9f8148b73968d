"""Reference points: own enumeration by NumPy and SciPy of the marginal likelihood below."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erfcx, gamma, kv

import jaxscape as js
from jaxscape.models import RBF, ConfidenceBound, ExpectedImprovement, GaussianProcess, Matern
from jaxscape.models._linear_algebra import inverse_and_log_det
from jaxscape.models.acquisition import _log_improvement

X = np.array([-4.0, -3.0, -2.2, -1.0, 0.3, 1.5, 2.4, 4.1])[:, None]
Y = np.array([0.49, -0.47, -0.69, -0.75, 0.08, 1.1, 1.29, -0.19])
# log lengthscale, log noise, energy, eigenvalues
KNOWN = [
    (0.5522590278726052, -2.287898728711631, 5.928078320808702, (2.34020367, 28.49536954)),
    (3.0521878423460516, -0.25731223249345175, 10.242996420354975, (0.02631487, 13.71215642)),
    (1.786097358832305, -0.2877852386000609, 10.29050891519779, (-0.60202512, 12.77004272)),
]
MODEL = GaussianProcess(X, Y, signal=1.0)
DERIVATIVES = jax.jit(lambda x: (MODEL(x), jax.grad(MODEL)(x), jax.hessian(MODEL)(x)))


def plain(x, y, covariance):
    sign, log_det = np.linalg.slogdet(covariance)
    assert sign == 1
    return 0.5 * (y @ np.linalg.solve(covariance, y) + log_det + len(y) * np.log(2 * np.pi))


@pytest.mark.parametrize("point", KNOWN)
def test_known_stationary_points(point):
    x = jnp.array(point[:2])
    energy, gradient, hessian = DERIVATIVES(x)
    np.testing.assert_allclose(energy, point[2], rtol=1e-9)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-7)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), point[3], atol=1e-6)


@pytest.mark.parametrize("kernel", [RBF(), Matern(1.5), Matern(0.8)])
def test_likelihood_and_prediction_against_numpy(kernel):
    rng = np.random.default_rng(2)
    inputs, new = rng.normal(size=(9, 2)), rng.normal(size=(4, 2))
    values = np.sin(inputs[:, 0])
    model = GaussianProcess(inputs, values, kernel=kernel, ard=True, jitter=0.0)
    x = np.array([0.3, -0.2, 0.1, -1.5])
    assert model.names == ("log lengthscale 0", "log lengthscale 1", "log signal", "log noise")

    def covariance(a, b):
        r = np.sqrt(np.sum(((a[:, None] - b) / np.exp(x[:2])) ** 2, axis=2))
        if isinstance(kernel, RBF):
            return np.exp(2 * x[2] - r**2 / 2)
        z = np.sqrt(2 * kernel.nu) * np.maximum(r, 1e-12)
        bessel = 2 ** (1 - kernel.nu) / gamma(kernel.nu) * z**kernel.nu * kv(kernel.nu, z)
        return np.exp(2 * x[2]) * bessel

    noisy = covariance(inputs, inputs) + np.exp(2 * x[3]) * np.eye(9)
    np.testing.assert_allclose(
        jax.jit(lambda x: model(x))(jnp.array(x)), plain(inputs, values, noisy), rtol=1e-9
    )
    mean, deviation = model.posterior(jnp.array(x)).predict(new, noise=0.3)
    cross = covariance(new, inputs)
    solved = np.linalg.solve(noisy, np.column_stack([values, cross.T]))
    np.testing.assert_allclose(mean, cross @ solved[:, 0], rtol=1e-8)
    variance = np.exp(2 * x[2]) - np.sum(cross * solved[:, 1:].T, axis=1)
    np.testing.assert_allclose(deviation, np.sqrt(variance + 0.09), rtol=1e-8)


@pytest.mark.parametrize("nu", [0.3, 2.2, 12.0])
def test_matern_of_any_smoothness_against_bessel_functions(nu):
    r = np.linspace(1e-3, 9, 200)
    z = np.sqrt(2 * nu) * r
    expected = 2 ** (1 - nu) / gamma(nu) * z**nu * kv(nu, z)
    np.testing.assert_allclose(Matern(nu)(jnp.array(r**2)), expected, rtol=0, atol=1e-13)
    assert float(Matern(nu)(jnp.zeros(()))) == pytest.approx(1.0, abs=1e-14)
    slope = jax.grad(lambda t: Matern(nu)(jnp.array(0.0) * jnp.exp(t)))(0.3)
    assert slope == 0.0


def test_inverse_and_its_derivatives():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    matrix = jnp.array(root @ root.T + 6 * np.eye(6))
    inverse, log_det = inverse_and_log_det(matrix)
    np.testing.assert_allclose(inverse @ matrix, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(log_det, np.linalg.slogdet(matrix)[1], rtol=1e-13)
    change = jnp.array(root + root.T)

    def along(t, function):
        return function(matrix + t * change)

    def ours(m):
        inverse, log_det = inverse_and_log_det(m)
        return jnp.sum(inverse[0]) + log_det

    def theirs(m):
        return jnp.sum(jnp.linalg.inv(m)[0]) + jnp.linalg.slogdet(m)[1]

    for order in (jax.grad, lambda f: jax.grad(jax.grad(f))):
        values = [jax.jit(order(lambda t, f=f: along(t, f)))(0.1) for f in (ours, theirs)]
        np.testing.assert_allclose(*values, rtol=1e-9)
    assert np.isnan(inverse_and_log_det(-matrix)[1])


def test_improvement_keeps_its_digits():
    z = np.array([-60.0, -25.0, -19.9, -8.0, -1.0, 0.0, 4.0])
    tail = np.log1p(z * np.sqrt(np.pi / 2) * erfcx(-z / np.sqrt(2)))
    expected = -0.5 * z**2 - 0.5 * np.log(2 * np.pi) + tail
    np.testing.assert_allclose(_log_improvement(jnp.array(z)), expected, rtol=1e-9)


def test_acquisition_functions_have_their_definitions():
    posterior = MODEL.posterior(jnp.array(KNOWN[0][:2]))
    rng = np.random.default_rng(0)
    draws = rng.normal(size=400_000)
    for x in (np.array([0.9]), np.array([5.5])):
        mean, deviation = (float(v) for v in posterior.mean_and_deviation(jnp.array(x)))
        for maximise, sign in ((True, 1.0), (False, -1.0)):
            best = sign * np.max(sign * Y)
            gains = np.maximum(sign * (mean + deviation * draws - best) - 0.05, 0)
            search = ExpectedImprovement(posterior, maximise=maximise, margin=0.05)
            spread = 6 * gains.std() / np.sqrt(len(draws)) + 1e-9
            np.testing.assert_allclose(np.exp(-search(jnp.array(x))), gains.mean(), atol=spread)
        low, high = (ConfidenceBound(posterior, width=1.5, maximise=m) for m in (False, True))
        np.testing.assert_allclose(low(jnp.array(x)), mean - 1.5 * deviation)
        np.testing.assert_allclose(high(jnp.array(x)), -mean - 1.5 * deviation)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianProcess(X, Y[:-1]), r"pass one for each point, \[8\]"),
        (lambda: GaussianProcess(X, np.ones(8)), "values are 1 everywhere"),
        (lambda: GaussianProcess(np.column_stack([X, X * 0]), Y), "column 1 .* constant"),
        (lambda: GaussianProcess(X, np.where(Y > 1, np.nan, Y)), "NaN or infinite in 2 rows"),
        (lambda: GaussianProcess(X, Y, noise=-0.1), "noise is -0.1"),
        (lambda: GaussianProcess(X[[0, 0, 1]], Y[:3], noise=0.0), "more than once"),
        (lambda: GaussianProcess(X, Y, kernel="rbf"), "pass RBF"),
        (lambda: MODEL(jnp.zeros(3)), r"x has shape \(3,\)"),
        (lambda: Matern(0.0), "nu is 0.0"),
        (lambda: ExpectedImprovement(MODEL.posterior(jnp.zeros(2)), margin=-1), "margin is -1"),
        (lambda: ConfidenceBound(MODEL.posterior(jnp.zeros(2)), width=-1), "width is -1"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


LOWER, UPPER = np.array([-1.5, -4.0]), np.array([4.0, 1.0])


def on_a_grid(values, shape=(551, 501)):
    """Minima of the likelihood on a fine grid, edges included: one eigenproblem a lengthscale."""
    lengths, noises = (np.linspace(a, b, n) for a, b, n in zip(LOWER, UPPER, shape, strict=True))
    table = np.empty(shape)
    for row, length in enumerate(np.exp(lengths)):
        size, basis = np.linalg.eigh(np.exp(-0.5 * ((X - X.T) / length) ** 2))
        total = size[:, None] + 1e-10 + np.exp(2 * noises)
        fit = np.sum((basis.T @ values)[:, None] ** 2 / total, axis=0)
        table[row] = 0.5 * (fit + np.log(total).sum(axis=0) + len(values) * np.log(2 * np.pi))
    around = np.pad(table, 1, constant_values=np.inf)
    low = np.ones(shape, bool)
    for i, j in np.ndindex(3, 3):
        if (i, j) != (1, 1):
            low &= table < around[i : i + shape[0], j : j + shape[1]]
    where = np.argwhere(low)
    return table[low], np.stack([lengths[where[:, 0]], noises[where[:, 1]]], axis=1)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_all_minima_are_those_of_a_fine_grid(seed):
    rng = np.random.default_rng(seed)
    x = X[:, 0]
    values = Y if seed == 0 else np.sin(1.4 * x + seed) + 0.5 * rng.normal(size=len(x))
    model = GaussianProcess(X, values, signal=1.0)
    surface = js.Surface(model, bounds=(LOWER, UPPER), dim=2, scale=1.0)
    found = js.Landscape(surface)
    points = js.minimise(surface, surface.sample(jax.random.key(0), 64))
    found.add(points.take(points.ok))
    energies, corners = on_a_grid(values)
    order = np.argsort(found.minima.energy)
    grid = np.argsort(energies)
    assert len(order) == len(grid) >= 1
    # Half a cell away at most, but in a long valley the lowest point of the grid slides along it.
    np.testing.assert_allclose(found.minima.energy[order], energies[grid], atol=2e-4)
    assert (found.minima.energy[order] <= energies[grid] + 1e-12).all()
    np.testing.assert_allclose(found.minima.x[order], corners[grid], atol=0.03)
