import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.potentials import MuellerBrown, Schwefel, SixHumpCamel

# Newton iterations from 4000 random starts with independent code, to 1e-8; the functions are of
# Mueller and Brown, Theor. Chim. Acta 53, 75 (1979), and Dixon and Szego (1978).
MUELLER_BROWN = [
    ((-0.5582236346, 1.4417258418), -146.69951721, (410.53113, 4068.199)),
    ((0.6234994049, 0.0280377585), -108.1667241169, (543.83619, 3005.3959)),
    ((-0.050010823, 0.4666941049), -80.7678181297, (221.03747, 1479.197)),
    ((0.212486582, 0.2929883251), -72.2489401123, (-735.24726, 510.88657)),
    ((-0.8220015587, 0.6243128028), -40.6648435087, (-750.86266, 490.24071)),
]
SIX_HUMP_CAMEL = [
    ((0.0898420131, -0.712656403), -1.0316284535, (7.6822514, 16.493195)),
    ((1.703606715, -0.7960835687), -0.2154638244, (18.817139, 22.697515)),
    ((1.6071047529, 0.5686514549), 2.1042503103, (7.1215121, 10.021603)),
    ((0.0, 0.0), 0.0, (-8.0622577, 8.0622577)),
    ((1.1092053368, -0.7682680925), 0.543718601, (-7.9026191, 20.36674)),
    ((1.6380679842, 0.228674069), 2.2293571975, (-5.545775, 12.436664)),
    ((1.2960702672, 0.605084388), 2.229470818, (-6.1771821, 9.6375885)),
    ((1.2302298765, 0.1623345845), 2.496295351, (-8.0149072, -5.9537242)),
]


@pytest.mark.parametrize(
    ("function", "point", "energy", "eigenvalues"),
    [(MuellerBrown(), *row) for row in MUELLER_BROWN]
    + [(SixHumpCamel(), *row) for row in SIX_HUMP_CAMEL],
)
def test_known_stationary_points(function, point, energy, eigenvalues):
    x = jnp.array(point)
    np.testing.assert_allclose(function(x), energy, atol=1e-8)
    np.testing.assert_allclose(jax.grad(function)(x), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.eigvalsh(jax.hessian(function)(x)), eigenvalues, rtol=1e-6)


# Minima of x -> 418.9829 - x sin sqrt|x| and their heights, by one-dimensional root finding.
SCHWEFEL_1D = [
    (-302.52493561191176, 118.43834734200419),
    (-124.82935642021526, 296.10672648608414),
    (-25.877417347618685, 394.89993977693166),
    (5.239199300195525, 415.0375983747156),
    (65.54786509015155, 355.34791804844554),
    (203.81425264889447, 217.13968211813918),
    (420.96874635998216, 1.2727566172543447e-05),
]


def test_schwefel_is_a_sum_over_coordinates():
    x, heights = map(np.array, zip(*SCHWEFEL_1D, strict=True))
    energies = jax.vmap(Schwefel())(jnp.stack([x, x[::-1]], axis=1))
    np.testing.assert_allclose(energies, heights + heights[::-1], atol=1e-8)
    np.testing.assert_allclose(jax.grad(Schwefel())(jnp.array(x)), 0.0, atol=1e-9)
    assert np.all(np.diag(jax.hessian(Schwefel())(jnp.array(x))) > 0)


def test_schwefel_has_derivatives_at_zero():
    x = jnp.array([0.0, 100.0])
    assert np.isfinite(jax.grad(Schwefel())(x)).all()
    assert jax.grad(Schwefel())(x)[0] == 0.0
    assert np.isfinite(jax.hessian(Schwefel())(x)).all()
    # Continuous there: -|x|^(3/2) to leading order.
    np.testing.assert_allclose(
        jax.grad(Schwefel())(jnp.array([1e-8, 100.0]))[0], -1.5e-4, rtol=1e-4
    )


@pytest.mark.parametrize("function", [MuellerBrown(), SixHumpCamel(), Schwefel()])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_columns_are_points(function, dtype):
    points = jax.random.normal(jax.random.key(0), (2, 3, 4), dtype)
    energies = function(points)
    assert function.trailing_lanes
    assert (energies.shape, energies.dtype) == ((3, 4), dtype)
    single = [[function(points[:, i, j]) for j in range(4)] for i in range(3)]
    np.testing.assert_allclose(energies, single, rtol=1e-5 if dtype == jnp.float32 else 1e-12)


@pytest.mark.parametrize("function", [MuellerBrown(), SixHumpCamel()])
def test_points_of_another_width_are_refused(function):
    with pytest.raises(ValueError, match="2 coordinates, not 3"):
        function(jnp.zeros(3))


def test_energy_has_derivatives_in_the_parameters():
    slope = jax.grad(lambda f: f(jnp.array([0.0, 0.5])))(MuellerBrown())
    np.testing.assert_allclose(slope.amplitude[1], 1.0)
