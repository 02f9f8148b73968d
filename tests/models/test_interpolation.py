import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from jaxscape.models import Interpolation
from jaxscape.models._kernels import KERNELS

RNG = np.random.default_rng(0)
POINTS, VALUES = RNG.uniform(size=(40, 3)), RNG.normal(size=40)
ELSEWHERE = RNG.uniform(-0.2, 1.2, size=(16, 3))


@pytest.mark.parametrize("smoothing", [0.0, 1e-3])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_fit_is_scipys(kernel, smoothing):
    options = {"kernel": kernel, "epsilon": 2.5, "smoothing": smoothing}
    theirs = RBFInterpolator(POINTS, VALUES, **options)(ELSEWHERE)
    ours = Interpolation(POINTS, VALUES, **options)(jnp.array(ELSEWHERE.T))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("features", [1, 2])
def test_the_fit_is_scipys_with_other_polynomials_and_units(features):
    x, degree = 300.0 + 40.0 * POINTS[:, :features], 3
    theirs = RBFInterpolator(x, VALUES, degree=degree)(x[:9] + 1.0)
    ours = Interpolation(x, VALUES, degree=degree)(jnp.array((x[:9] + 1.0).T))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kernel", ["thin_plate_spline", "multiquadric"])
def test_products_are_those_of_autodiff(kernel):
    fit = Interpolation(POINTS, VALUES, kernel=kernel, epsilon=1.3, degree=2)
    x, v = jnp.array(ELSEWHERE[:5].T), jnp.array(RNG.normal(size=(2, 3, 5)))
    energy, gradient, curved = jax.jit(lambda x, v: fit.products(x, v))(x, v)

    @jax.jit
    def plain(x):
        return fit(x), jax.grad(fit)(x), jax.hessian(fit)(x)

    for i in range(5):
        value, slope, hessian = plain(x[:, i])
        np.testing.assert_allclose(energy[i], value, rtol=1e-10)
        np.testing.assert_allclose(gradient[:, i], slope, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(curved[:, :, i], v[:, :, i] @ hessian, rtol=1e-7, atol=1e-8)


def test_derivatives_are_finite_on_the_data_themselves():
    fit = Interpolation(POINTS, VALUES)
    x = jnp.array(POINTS[3])
    assert np.isfinite(jax.jit(jax.hessian(fit))(x)).all()
    assert np.isfinite(jax.jit(jax.grad(fit))(x)).all()
    np.testing.assert_allclose(fit(x), VALUES[3], atol=1e-10)


def test_other_data_of_the_same_size_are_not_traced_again():
    traces = 0

    @eqx.filter_jit
    def evaluate(fit, x):
        nonlocal traces
        traces += 1
        return fit(x)

    first = Interpolation(POINTS, VALUES)
    shorter = Interpolation(POINTS[:30], VALUES[:30])
    padded = shorter.padded(40)
    values = [evaluate(fit, jnp.ones(3)) for fit in (first, padded)]
    assert traces == 1 and values[0] != values[1]
    np.testing.assert_allclose(values[1], shorter(jnp.ones(3)), rtol=1e-12)
    with pytest.raises(ValueError, match="samples is 20, but the fit has 40"):
        first.padded(20)


TWICE = np.concatenate([POINTS, POINTS[:2]])
LINE = np.linspace(0, 1, 9)[:, None] * [1.0, 2.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interpolation(POINTS, VALUES, kernel="tps"), "known are linear, thin_plate"),
        (lambda: Interpolation(POINTS, VALUES, kernel="gaussian"), "needs epsilon"),
        (lambda: Interpolation(POINTS, VALUES, smoothing=-1.0), "smoothing is -1.0"),
        (lambda: Interpolation(POINTS, VALUES, degree=0), "needs 1 or more"),
        (lambda: Interpolation(POINTS, VALUES[:-1]), r"pass one for each point, \[40\]"),
        (lambda: Interpolation(POINTS[:3], VALUES[:3]), "3 points are too few"),
        (lambda: Interpolation(POINTS[:, 0], VALUES), r"one feature: points\[:, None\]"),
        (lambda: Interpolation(TWICE, np.zeros(42)), "2 points occur more than once.* row [01]"),
        (lambda: Interpolation(LINE, np.zeros(9)), "lie on a line"),
        (lambda: Interpolation(np.where(POINTS > 0.99, np.nan, POINTS), VALUES), "NaN or infinite"),
    ],
)
def test_bad_data_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
