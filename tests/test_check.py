import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import systems
from jaxscape.check import check
from jaxscape.surface import Surface
from jaxscape.symmetry import Cluster

X = jnp.array([0.3, -0.7, 1.1])


def smooth(x):
    return jnp.sum(x**4 + x**2) + jnp.sin(x[0] * x[1])


def problems(surface, x=X, **options):
    report = check(surface, x, **options)
    assert report.ok == (not report.problems)
    return [finding.name for finding in report.problems]


def test_a_smooth_function_is_fit():
    report = check(smooth, X)
    assert report.ok, str(report)
    assert "smooth, 3 coordinates: fit for exploring" in str(report)
    names = [finding.name for finding in report.findings]
    assert names[-1] == "zero eigenvalues"
    assert {"gradient", "Hessian-vector product", "symmetry", "smooth nearby"} < set(names)


@pytest.mark.parametrize("name", ["schwefel2", "lj5", "thomson4", "iris_mlp2"])
@pytest.mark.parametrize("seed", [0, 1])
def test_ready_made_systems_are_fit(name, seed):
    surface = systems.by_name(name)
    report = check(surface, surface.sample(jax.random.key(seed), 1)[0])
    assert report.ok, str(report)


@pytest.mark.parametrize("name", ["mueller_brown", "lj5"])
def test_float32_is_fit_with_a_hint(name):
    surface = systems.by_name(name)
    report = check(surface, surface.sample(jax.random.key(0), 1)[0].astype(jnp.float32))
    assert report.ok, str(report)
    assert "jax_enable_x64" in str(report)


def test_a_stationary_point_is_fit():
    tetrahedron = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8)
    x = jnp.array(2 ** (1 / 6) * tetrahedron.reshape(-1))
    assert problems(systems.lennard_jones(4), x) == []


def test_rounding_is_no_fault():
    # The gradient vanishes, and energies near a million hide differences below 1e-10.
    assert problems(lambda x: 1e6 * jnp.cos(x[1] + 0.7) + jnp.sum((x - X) ** 2)) == []
    assert problems(systems.schwefel(2), jnp.array([420.968746359982, -302.524935611912])) == []


@jax.custom_jvp
def wrongly_derived(x):
    return jnp.sum(x**2)


@wrongly_derived.defjvp
def _(primals, tangents):
    (x,), (dx,) = primals, tangents
    return wrongly_derived(x), 2.001 * jnp.sum(x * dx)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x, ["output"]),
        (lambda x: jnp.sum(x) + 1j, ["output"]),
        (lambda x: float(np.sum(np.asarray(x))), ["output"]),
        (lambda x: jnp.sum(x) / (1 // 0), ["output"]),
        (lambda x: jnp.sum(x.astype(jnp.float32) ** 2), ["output"]),
        (lambda x: jnp.nan * smooth(x), ["finite"]),
        (lambda x: smooth(x) + jnp.sum(jnp.sqrt(jnp.abs(x - X))), ["finite"]),
        (lambda x: smooth(x) + jnp.log(x[0] - 0.1), ["smooth nearby"]),
        (lambda x: smooth(x) + jnp.abs(x[0] - X[0]), ["smooth at x"]),
        (lambda x: smooth(x) + jnp.abs(x[1] + 0.6), ["smooth nearby"]),
        (lambda x: smooth(x) + jax.nn.relu(x[0] - 0.2), ["smooth nearby"]),
        (lambda x: smooth(x) + jnp.floor(8 * x[0]), ["smooth nearby"]),
        (wrongly_derived, ["gradient", "Hessian-vector product"]),
        (lambda x: smooth(x) + jax.lax.stop_gradient(x[0] ** 3), ["gradient"]),
        (lambda x: smooth(x[:2]), ["zero eigenvalues"]),
        (lambda x: jnp.sum((x - jnp.mean(x)) ** 2), ["zero eigenvalues"]),
    ],
)
def test_each_fault_is_found(function, expected):
    found = problems(function)
    # A gradient that is wrong by a factor has a Hessian that is right for it.
    assert found in (expected, expected[:1]), str(check(function, X))


def test_a_remedy_stands_under_each_problem():
    text = str(check(lambda x: smooth(x) + jnp.abs(x[1] + 0.6), X))
    line = next(i for i, line in enumerate(text.splitlines()) if line.startswith("PROBLEM"))
    assert text.splitlines()[line + 1].strip().startswith("-> replace abs")


def test_a_symmetry_that_does_not_hold_is_found():
    x = systems.thomson(4).sample(jax.random.key(0), 1)[0]
    on_sphere = Surface(systems.thomson(4).function, symmetry=Cluster())
    assert problems(on_sphere, x) == ["symmetry"]
    unlike = Surface(lambda x: smooth(x[:3] - x[3:6]) + smooth(x[3:6] - x[6:]), symmetry=Cluster())
    assert problems(unlike, jnp.arange(9.0)) == ["symmetry"]
    assert problems(Surface(smooth, symmetry=Cluster(species="ab"))) == ["symmetry"]


def test_a_symmetry_not_declared_is_found():
    surface = systems.lennard_jones(4)
    x = jnp.array([0.0, 0, 0, 1.1, 0, 0, 0, 1.2, 0.1, 0.3, 0.2, 1.0])
    assert problems(surface, x) == []
    assert problems(Surface(surface.function), x) == ["zero eigenvalues"]


def test_columns_that_are_no_points_are_found():
    class Mixed:
        trailing_lanes = True

        def __call__(self, x):
            return smooth(x[:, 0]) + jnp.zeros(x.shape[1]) if x.ndim == 2 else smooth(x)

    assert problems(Mixed()) == ["output"]


def test_points_outside_the_bounds_are_found():
    assert problems(Surface(smooth, bounds=(-0.5, 2.0)), X) == ["bounds"]


def test_lines_stay_inside_the_bounds():
    surface = Surface(lambda x: smooth(x) + jnp.sum(x * jnp.log(x)), bounds=(1e-3, 1.0), dim=3)
    assert problems(surface, jnp.array([0.02, 0.5, 0.9])) == []
    assert problems(surface.function, jnp.array([0.02, 0.5, 0.9])) == ["smooth nearby"]


def test_nan_in_the_point_is_found():
    assert problems(smooth, X.at[0].set(jnp.nan)) == ["point"]


def test_the_same_key_gives_the_same_report():
    assert str(check(smooth, X, key=jax.random.key(3))) == str(
        check(smooth, X, key=jax.random.key(3))
    )


@pytest.mark.parametrize(
    ("surface", "x", "message"),
    [
        (smooth, jnp.ones((2, 3)), "shape \\(2, 3\\); pass one point"),
        (smooth, jnp.ones(0), "empty"),
        (smooth, jnp.arange(3), "int"),
        (Surface(smooth, dim=4), X, "x has 3 coordinates, 'smooth' takes 4"),
        (3.0, X, "not a callable"),
    ],
)
def test_what_is_no_point_is_refused(surface, x, message):
    with pytest.raises(ValueError, match=message):
        check(surface, x)
