import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import jaxscape as js
from jaxscape.search.certify import certify
from jaxscape.search.minimise import certified
from jaxscape.search.results import StationaryPoints
from jaxscape.search.status import Status


def named_minima(analytic, name):
    points = [p for p in analytic[name]["points"] if p["index"] == 0]
    return np.array([p["x"] for p in points]), np.array([p["E"] for p in points])


def nearest(x, known):
    apart = np.linalg.norm(np.asarray(x)[:, None] - known[None], axis=2)
    return apart.argmin(axis=1), apart.min(axis=1)


@pytest.mark.parametrize(
    ("system", "name"), [("camel", "six_hump_camel"), ("mueller_brown", "muller_brown")]
)
def test_planar_surfaces(request, analytic, spectrum, system, name):
    surface = request.getfixturevalue(system)
    known, energies = named_minima(analytic, name)
    found = js.minimise(surface, surface.sample(jax.random.key(1), 120))
    which, apart = nearest(found.x, known)
    good = found.ok
    assert good.sum() > 0.9 * len(found)
    assert set(which[good]) == set(range(len(known)))
    assert apart[good].max() < 1e-7  # ten digits in the source
    np.testing.assert_allclose(found.energy[good], energies[which[good]], atol=1e-7)
    assert (found.active[good] == 0).all()
    for i in np.unique(which[good], return_index=True)[1]:
        x = found.x[np.flatnonzero(good)[i]]
        gradient, values, _ = spectrum(surface.function, x)
        assert gradient < 1e-8
        row = np.flatnonzero(good)[i]
        np.testing.assert_allclose(found.lowest_eigenvalue[row], values[0], rtol=1e-8)
        np.testing.assert_allclose(found.log_product[row], np.log(values).sum(), rtol=1e-8)


def test_schwefel_marks_points_on_bounds(analytic):
    surface = js.systems.schwefel(2)
    minima = np.array(analytic["schwefel"]["interior_1d_minima"])
    ticks = np.linspace(-499.0, 499.0, 56)  # finer than the narrowest basin
    x0 = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    found = js.minimise(surface, x0)
    assert found.ok.mean() > 0.97
    assert (np.abs(found.x) <= 500.0).all()
    on_bound = (np.abs(found.x) == 500.0).sum(axis=1)
    np.testing.assert_array_equal(found.active, on_bound)
    assert (on_bound[found.ok] > 0).any()
    inside = found.take(found.ok & (found.active == 0))
    apart = np.abs(inside.x[:, :, None] - minima[None, None, :, 0])
    assert apart.min(axis=2).max() < 1e-6
    cells = apart.argmin(axis=2)
    assert len(np.unique(cells, axis=0)) == 49
    np.testing.assert_allclose(inside.energy, minima[cells, 1].sum(axis=1), atol=1e-7)
    # On a bound the gradient of the held coordinate does not count; that of the other does.
    assert (found.rms_gradient[found.ok] < 1e-8).all()


def stiff_quadratic(dim, dtype):
    rng = np.random.default_rng(dim)
    basis = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    values = np.geomspace(1.0, 300.0, dim)
    matrix = (basis * values) @ basis.T
    middle = rng.normal(size=dim)
    a, b = jnp.asarray(matrix, dtype), jnp.asarray(middle, dtype)
    return lambda x: 0.5 * (x - b) @ a @ (x - b) - 3.0, values, middle


@pytest.mark.parametrize(("dtype", "accuracy"), [("float32", 1e-3), ("float64", 1e-8)])
def test_quadratic(dtype, accuracy):
    function, values, middle = stiff_quadratic(8, dtype)
    x0 = np.random.default_rng(0).normal(size=(70, 8)).astype(dtype)
    found = js.minimise(function, x0)
    assert found.ok.all()
    for field in ("x", "energy", "rms_gradient", "lowest_eigenvalue", "log_product"):
        assert getattr(found, field).dtype == dtype, field
    for field in ("index", "status", "active", "evaluations"):
        assert getattr(found, field).dtype == np.int32, field
    np.testing.assert_allclose(found.x, np.tile(middle, (70, 1)), atol=accuracy)
    np.testing.assert_allclose(found.energy, -3.0, atol=1e-5)
    np.testing.assert_allclose(found.lowest_eigenvalue, 1.0, rtol=max(accuracy, 1e-6))
    np.testing.assert_allclose(found.log_product, np.log(values).sum(), rtol=max(accuracy, 1e-6))
    assert (found.rms_gradient <= (1e-4 if dtype == "float32" else 1e-8)).all()


def test_uncertified_points_say_so(camel):
    found = js.minimise(camel, np.asarray(camel.sample(jax.random.key(0), 100)), certify=False)
    assert (found.index == -1).all() and np.isnan(found.lowest_eigenvalue).all()
    assert found.ok.any() and (found.rms_gradient[found.ok] <= 1e-8).all()


def test_input_order_and_selection(lj7, lj7_starts, lj7_minima):
    # Every minimum lies downhill from its own start.
    energies = jax.vmap(lj7)(lj7_starts)
    assert (lj7_minima.energy < energies).all()
    mask = lj7_minima.energy < -16
    lowest = lj7_minima.take(mask)
    np.testing.assert_array_equal(lowest.x, lj7_minima.x[mask])
    np.testing.assert_array_equal(lowest.evaluations, lj7_minima.evaluations[mask])
    assert len(lowest) == mask.sum() and lowest.counts() == {"CONVERGED": int(mask.sum())}
    np.testing.assert_array_equal(lj7_minima.take([5, 2]).energy, lj7_minima.energy[[5, 2]])
    assert len(lj7_minima.take(slice(0, 0))) == 0


def test_every_minimum_of_lj7_independently(lj7_minima, lj_networks, plain_lj, spectrum):
    assert lj7_minima.ok.all()
    reference = {m["E"]: m for m in lj_networks["networks"]["7"]["minima"]}
    energies = np.array(list(reference))
    seen = np.unique(np.round(lj7_minima.energy, 6), return_index=True)[1]
    assert len(seen) == 4
    for i in seen:
        x = lj7_minima.x[i]
        rms, values, zero = spectrum(plain_lj, x, rigid=True)
        assert rms < 1e-8 and zero == 6 and values[0] > 1.0
        np.testing.assert_allclose(lj7_minima.lowest_eigenvalue[i], values[0], rtol=1e-6)
        np.testing.assert_allclose(lj7_minima.log_product[i], np.log(values).sum(), rtol=1e-8)
        known = reference[energies[np.abs(energies - lj7_minima.energy[i]).argmin()]]
        np.testing.assert_allclose(lj7_minima.energy[i], known["E"], atol=1e-8)
        np.testing.assert_allclose(lj7_minima.log_product[i], known["lnprod"], atol=1e-6)
        np.testing.assert_allclose(lj7_minima.lowest_eigenvalue[i], known["lowest"], rtol=1e-6)
        np.testing.assert_allclose(plain_lj(x), lj7_minima.energy[i], rtol=1e-12)


def pair(r):
    return 4 * (r**-12 - r**-6)


def slope(r):
    return 4 * (-12 * r**-13 + 6 * r**-7)


@pytest.fixture(scope="module")
def lj3():
    return js.systems.lennard_jones(3)


def linear_trimer(direction=(1.0, 0.0, 0.0)):
    """Stationary: 2 phi(r) + phi(2 r) with zero slope in r."""
    r = brentq(lambda r: slope(r) + slope(2 * r), 1.0, 1.2, xtol=1e-15)
    along = np.asarray(direction) / np.linalg.norm(direction)
    return (np.array([-r, 0.0, r])[:, None] * along).ravel(), 2 * pair(r) + pair(2 * r)


@pytest.mark.parametrize("direction", [(1.0, 0.0, 0.0), (1.0, 2.0, -0.5)])
def test_linear_trimer_is_certified_for_what_it_is(lj3, spectrum, plain_lj, direction):
    x, energy = linear_trimer(direction)
    # By hand: five zero modes; two stretches, and two bends that lower the energy.
    rms, values, zero = spectrum(plain_lj, x, rigid=True)
    assert zero == 5 and (values < 0).sum() == 2 and rms < 1e-12
    found = js.minimise(lj3, np.repeat(x[None], 65, axis=0))
    np.testing.assert_array_equal(found.status, Status.WRONG_INDEX)
    np.testing.assert_array_equal(found.index, 2)
    np.testing.assert_allclose(found.energy, energy, rtol=1e-12)
    np.testing.assert_allclose(found.lowest_eigenvalue, values[0], rtol=1e-6)
    np.testing.assert_allclose(found.log_product, np.log(values[values > 0]).sum(), rtol=1e-6)
    certificate = certify(lj3, x[None], tolerance=1e-8)
    assert certificate.zero_modes[0] == 5 and not certificate.degenerate[0]
    # Bent a little, it falls to the equilateral triangle, -3 by hand.
    bent = np.repeat(x[None], 65, axis=0) + 0.05 * np.random.default_rng(0).normal(size=(65, 9))
    triangle = js.minimise(lj3, bent)
    assert triangle.ok.all()
    np.testing.assert_allclose(triangle.energy, -3.0, rtol=1e-12)
    assert (certify(lj3, triangle.x, tolerance=1e-8).zero_modes == 6).all()


def test_linear_trimer_is_no_transition_state(lj3):
    x = np.repeat(linear_trimer()[0][None], 65, axis=0)
    found = js.find_transition_states(lj3, x, key=jax.random.key(0), max_steps=50)
    assert not found.ok.any()
    assert set(found.index[found.status == Status.WRONG_INDEX]) <= {2}


def test_lj13_icosahedron():
    surface = js.systems.lennard_jones(13)
    golden = (1 + 5**0.5) / 2
    corners = [
        np.roll([0.0, a, b * golden], shift) for shift in range(3) for a in (1, -1) for b in (1, -1)
    ]
    x = 1.08 / np.linalg.norm(corners[0]) * np.array([[0.0, 0.0, 0.0], *corners]).ravel()
    found = js.minimise(surface, x[None])
    # J. P. K. Doye and D. J. Wales, Cambridge Cluster Database: -44.326801.
    np.testing.assert_allclose(found.energy, -44.326801, atol=1e-6)
    assert found.ok[0] and surface.symmetry.order(found.x[0]) == 120


def test_degenerate_point():
    found = js.minimise(lambda x: (x[0] - 1) ** 2 + 0.0 * x[1], np.zeros((2, 2)))
    np.testing.assert_array_equal(found.status, Status.DEGENERATE)
    np.testing.assert_allclose(found.x[:, 0], 1.0, atol=1e-8)


def test_saddle_is_no_minimum(camel):
    x0 = np.zeros((100, 2))
    found = js.minimise(camel, x0)
    np.testing.assert_array_equal(found.status, Status.WRONG_INDEX)
    np.testing.assert_array_equal(found.index, 1)
    np.testing.assert_allclose(found.lowest_eigenvalue, -8.0622577, atol=1e-6)


def test_steps_run_out(lj7, lj7_starts):
    found = js.minimise(lj7, lj7_starts, max_steps=5)
    assert not found.ok.any() and found.counts() == {"MAX_STEPS": 128}
    np.testing.assert_array_equal(found.evaluations, 5)
    assert (found.energy <= jax.vmap(lj7)(lj7_starts)).all()


def test_unreachable_tolerance_stalls():
    """Gradients of 1e-8 are below the rounding of a function of size 1e12."""
    function, *_ = stiff_quadratic(8, "float64")
    x0 = np.random.default_rng(0).normal(size=(3, 8))
    found = js.minimise(lambda x: 1e13 * jnp.cos(0.1 * function(x)), x0, max_steps=3000)
    assert not found.ok.any()


class Puddle(eqx.Module):
    """A bowl that is not defined left of -1."""

    def __call__(self, x):
        bowl = (x[0] + 0.9) ** 2 + x[1] ** 2
        return jnp.where(x[0] < -1.0, jnp.nan, bowl)


def test_nan_in_one_region():
    x0 = np.random.default_rng(0).uniform(-0.9, 3.0, (66, 2))
    x0[7] = [-2.0, 0.0]
    found = js.minimise(Puddle(), x0)
    good = np.arange(66) != 7
    assert found.ok[good].all()
    np.testing.assert_allclose(found.x[good], np.tile([-0.9, 0.0], (65, 1)), atol=1e-8)
    assert found.status[7] == Status.NOT_FINITE
    np.testing.assert_array_equal(found.x[7], x0[7])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_everywhere(value):
    found = js.minimise(lambda x: jnp.sum(x) * 0 + value, np.ones((3, 2)))
    np.testing.assert_array_equal(found.status, Status.NOT_FINITE)
    assert not found.ok.any()


def test_finite_energy_with_nan_gradient():
    found = js.minimise(lambda x: jnp.linalg.norm(x), np.zeros((3, 2)))
    np.testing.assert_array_equal(found.status, Status.NOT_FINITE)


def test_not_differentiable_at_the_minimum():
    x0 = np.random.default_rng(0).normal(size=(5, 2))
    found = js.minimise(lambda x: jnp.sum(jnp.abs(x)), x0, max_steps=500)
    assert not found.ok.any()
    assert set(found.status) <= {
        Status.STALLED,
        Status.MAX_STEPS,
        Status.NOT_FINITE,
        Status.DEGENERATE,
    }


def test_bounds_hold(spectrum):
    """A bowl with its bottom outside of the box, started inside and outside of it."""
    target = jnp.array([-2.0, 0.5, 4.0])
    surface = js.Surface(
        lambda x: jnp.sum((x - target) ** 2), bounds=([-1.0, -1.0, -1.0], [1.0, 1.0, 2.0])
    )
    x0 = np.array([[0.0, 0.0, 0.0], [-1.0, 0.5, 2.0], [3.0, 3.0, 3.0], [-2.0, 0.5, 4.0]])
    found = js.minimise(surface, x0)
    assert found.ok.all()
    np.testing.assert_allclose(found.x, np.tile([-1.0, 0.5, 2.0], (4, 1)), atol=1e-9)
    np.testing.assert_array_equal(found.active, 2)
    np.testing.assert_array_equal(found.index, 0)
    np.testing.assert_allclose(found.lowest_eigenvalue, 2.0)
    np.testing.assert_allclose(found.log_product, np.log(2.0))


def test_saddle_within_a_bound_is_no_minimum():
    """On the bound, x[1] is free and at its maximum."""
    surface = js.Surface(lambda x: x[0] - x[1] ** 2, bounds=(-1.0, 1.0))
    found = js.minimise(surface, np.array([[0.5, 0.0]]))
    assert found.status[0] == Status.WRONG_INDEX and found.index[0] == 1
    assert found.x[0, 0] == -1.0 and found.active[0] == 1


def test_half_open_bounds():
    surface = js.Surface(lambda x: jnp.sum((x + 1.0) ** 2), bounds=(0.0, np.inf))
    found = js.minimise(surface, np.full((2, 3), 2.0))
    assert found.ok.all() and (found.active == 3).all() and (found.x == 0.0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, x: js.minimise(lambda x: x, x), r"\(2,\), not a scalar: sum or average"),
        (lambda f, x: js.minimise(lambda x: (f(x), 1.0), x), "not a scalar"),
        (lambda f, x: js.minimise(lambda x: f(x) + 1j, x), "complex128, not a real"),
        (lambda f, x: js.minimise(lambda x: jnp.sum(x > 0), x), "int64, not a real"),
        (lambda f, x: js.minimise(lambda x: x[7:].reshape(3), x), "cannot be evaluated"),
        (lambda f, x: js.minimise(3.0, x), "not a callable"),
        (lambda f, x: js.minimise(f, x[0]), r"shape \(2,\); pass points as rows"),
        (lambda f, x: js.minimise(f, x[None]), r"shape \(1, 4, 2\); pass points as rows"),
        (lambda f, x: js.minimise(f, x[:0]), "no starting point"),
        (lambda f, x: js.minimise(f, x + 1j), "complex"),
        (lambda f, x: js.minimise(js.Surface(f, dim=3), x), "width 2, .* dim 3"),
        (lambda f, x: js.minimise(f, np.where(x == x[2], np.nan, x)), "1 of 4 rows.* row 2: drop"),
        (lambda f, x: js.minimise(f, x * np.array([[np.inf], [1], [1], [1]])), "row 0"),
        (lambda f, x: js.minimise(f, x, tolerance=0.0), "tolerance is 0.0; it must be"),
        (lambda f, x: js.minimise(f, x, tolerance=-1.0), "tolerance is -1.0"),
        (lambda f, x: js.minimise(f, x, tolerance=np.nan), "tolerance is nan"),
        (
            lambda f, x: js.minimise(f, x.astype("float32"), tolerance=1e-8),
            "1e-08, out of reach for float32 starts: pass float64",
        ),
        (lambda f, x: js.minimise(f, x, max_steps=0), "max_steps is 0"),
        (lambda f, x: js.minimise(f, x, method=js.LBFGS(history=0)), "history is 0"),
        (lambda f, x: js.minimise(f, x, method=js.LBFGS(max_step=0.0)), "max_step is 0.0"),
        (
            lambda f, x: js.minimise(js.Surface(f, bounds=([0.0] * 3, [1.0] * 3)), x),
            r"bound.*\(3,\)",
        ),
        (lambda f, x: js.Surface(f, bounds=([0.0] * 2, [1.0] * 3)), r"bound.*\(3,\)"),
        (lambda f, x: js.Surface(f, bounds=(1.0, 0.0)), "crossed"),
    ],
)
def test_bad_input_is_refused_at_once(call, message):
    def function(x):
        return jnp.sum(x**2)

    with pytest.raises(ValueError, match=message):
        call(function, np.random.default_rng(0).normal(size=(4, 2)))


def test_float64_starts_need_x64():
    with jax.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64"):
        js.minimise(lambda x: jnp.sum(x**2), np.ones((2, 2)))


def test_starts_of_other_kinds():
    function, expected = (lambda x: jnp.sum((x - 1.0) ** 2)), np.ones((2, 3))
    for x0 in (
        [[0, 0, 0], [2, 2, 2]],
        np.zeros((2, 3), int),
        jnp.zeros((2, 3)),
        np.zeros((3, 2)).T,
        np.zeros((2, 3), np.float16),
    ):
        found = js.minimise(function, x0)
        assert found.ok.all() and found.x.dtype == np.float64
        np.testing.assert_allclose(found.x, expected)
    x0 = np.zeros((2, 3))
    x0.flags.writeable = False
    js.minimise(function, x0)
    assert (x0 == 0).all()


def test_large_points_go_without_a_certificate():
    found = js.minimise(lambda x: jnp.sum((x - 1.0) ** 2), np.zeros((2, 1000)))
    assert found.ok.all() and (found.index == -1).all()
    assert (found.rms_gradient <= 1e-8).all()


def test_certificates_see_through_a_wrong_claim(camel, mueller_brown):
    """Points that are not what they claim to be lose their status, whatever they are."""
    x = np.array([[0.0, 0.0], [0.0898420131, -0.712656403], [2.9, 1.9]])
    blank = np.full(3, np.nan)
    claim = StationaryPoints(
        x,
        blank,
        blank,
        np.zeros(3, np.int32),
        blank,
        blank,
        np.zeros(3, np.int32),
        np.full(3, Status.CONVERGED, np.int32),
        np.zeros(3, np.int32),
    )
    points, modes = certified(camel, claim, 1e-8, 0)
    np.testing.assert_array_equal(points.status[:2], [Status.WRONG_INDEX, Status.CONVERGED])
    assert points.status[2] != Status.CONVERGED or np.linalg.norm(points.x[2] - x[2]) > 0.1
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 1.0)
    # At the origin the Hessian is [[8, 1], [1, -8]].
    values, vectors = np.linalg.eigh(np.array([[8.0, 1.0], [1.0, -8.0]]))
    np.testing.assert_allclose(points.lowest_eigenvalue[0], values[0], rtol=1e-12)
    assert abs(modes[0] @ vectors[:, 0]) > 1 - 1e-10
