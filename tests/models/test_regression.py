"""A network through data: its loss against NumPy, at rest, and as a landscape of features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import models, systems

RNG = np.random.default_rng(0)
TABLE = 5.0 + 3.0 * RNG.uniform(size=(60, 2))
VALUES = 100.0 + 20.0 * np.sin(1.5 * TABLE[:, 0]) * (TABLE[:, 1] - 6.0)
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def fit():
    return models.RegressionNetwork(TABLE, VALUES, key=KEY, hidden=8, l2=1e-4, restarts=2)


def objective(p, x, y, l2):
    outputs = np.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
    squares = np.mean((outputs[:, 0] - y) ** 2)
    return squares, squares + l2 * sum(np.sum(leaf**2) for leaf in p.values())


def test_the_fit_is_a_minimum_of_its_loss(fit):
    p = {name: np.asarray(leaf) for name, leaf in fit.params.items()}
    x = (TABLE - TABLE.mean(axis=0)) / TABLE.std(axis=0)
    y = (VALUES - VALUES.mean()) / VALUES.std()
    squares, loss = objective(p, x, y, 1e-4)
    np.testing.assert_allclose(fit.loss, loss, rtol=1e-12)
    np.testing.assert_allclose(fit.rms_error, VALUES.std() * squares**0.5, rtol=1e-12)
    for _ in range(20):  # no way down, to second order
        step = {name: 1e-4 * RNG.normal(size=leaf.shape) for name, leaf in p.items()}
        there = objective({n: p[n] + step[n] for n in p}, x, y, 1e-4)[1]
        back = objective({n: p[n] - step[n] for n in p}, x, y, 1e-4)[1]
        length = sum(np.sum(leaf**2) for leaf in step.values()) ** 0.5
        assert abs(there - back) < 1e-6 * length
        assert there + back > 2 * loss


def test_it_predicts_values_in_their_own_units(fit):
    found = np.asarray(jax.vmap(fit)(jnp.array(TABLE)))
    np.testing.assert_allclose(np.mean((found - VALUES) ** 2) ** 0.5, fit.rms_error, rtol=1e-6)
    assert fit.rms_error < 0.1 * VALUES.std()
    again = models.RegressionNetwork(TABLE, VALUES, key=KEY, hidden=8, l2=1e-4, restarts=2)
    np.testing.assert_array_equal(again.params["w1"], fit.params["w1"])


def test_it_takes_the_place_of_an_interpolation(fit):
    data = models.DataSet(TABLE, VALUES)
    surface = systems.data_set(data, fit=lambda data: fit)
    assert surface(jnp.array(TABLE[3])) == fit(jnp.array(TABLE[3]))
    np.testing.assert_allclose(surface.lower, TABLE.min(axis=0))
    with pytest.raises(ValueError, match="fit made a float"):
        systems.data_set(data, fit=lambda data: 3.0)


def test_the_loss_over_parameters_is_a_surface(fit):
    x = (TABLE - TABLE.mean(axis=0)) / TABLE.std(axis=0)
    y = (VALUES - VALUES.mean()) / VALUES.std()
    surface = systems.regression_mlp(x, y, hidden=8, l2=1e-4, test=(x[:9], y[:9]))
    at = surface.ravel(fit.params)
    np.testing.assert_allclose(surface(at), fit.loss, rtol=1e-12)
    image = surface.symmetry.random_image(np.asarray(at), 1)
    np.testing.assert_allclose(surface(image), fit.loss, rtol=1e-12)
    assert surface.measure(np.asarray(at)[None])["test"].shape == (1,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.RegressionNetwork(TABLE, VALUES[1:], key=KEY), "one for each point"),
        (lambda: models.RegressionNetwork(TABLE, 0 * VALUES, key=KEY), "values are 0 everywhere"),
        (lambda: models.RegressionNetwork(TABLE * [1, 0], VALUES, key=KEY), "column 1 .* constant"),
        (lambda: models.RegressionNetwork(TABLE, VALUES, key=KEY, hidden=0), "hidden is 0"),
        (lambda: models.RegressionNetwork(TABLE, VALUES, key=KEY, l2=-1.0), "l2 is -1.0"),
        (lambda: models.RegressionNetwork(TABLE, VALUES, key=KEY, steps=0), "steps 0"),
        (lambda: systems.regression_mlp(TABLE, VALUES[1:]), r"values \(59,\)"),
        (lambda: systems.regression_mlp(TABLE, VALUES * np.nan), "NaN or infinite"),
        (lambda: systems.regression_mlp(TABLE, VALUES, l2=-1.0), "l2 is -1.0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
