import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import systems
from jaxscape.surface import lane_energy, lane_value_and_grad

EVERY = [
    "mueller_brown",
    "six_hump_camel",
    "schwefel3",
    "lj5",
    "morse5",
    "thomson5",
    "water2",
    "silicon1",
    "kob_andersen10",
    "xy5",
    "phi_four3",
    "p_spin4",
    "iris_mlp2",
    "xor_mlp2",
    "gupta_Ag3Cu2",
]
# What differs from these in its pair function or data only, or takes long to compile.
DATA = ["wine_mlp2", "breast_cancer_mlp2", "digits_mlp2", "three_atoms_mlp2"]
MORE = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("dzugutov5", "carbon5", "sutton_chen_Ag3Cu2", "silica1", *DATA)
]


@pytest.mark.parametrize("name", EVERY)
def test_equal_surfaces_share_one_compilation(name):
    traces = 0

    @eqx.filter_jit
    def search(surface, key):
        nonlocal traces
        traces += 1
        return lane_value_and_grad(surface, surface.sample(key, 3).T)

    first = search(systems.by_name(name), jax.random.key(0))
    second = search(systems.by_name(name), jax.random.key(1))
    assert traces == 1
    assert not np.allclose(first[0], second[0])


@pytest.mark.parametrize("name", [*EVERY, *MORE])
def test_surface_is_complete(name):
    surface = systems.by_name(name)
    assert surface.name == name
    starts = surface.sample(jax.random.key(0), 4)
    assert starts.shape == (4, surface.dim)
    assert starts.dtype == jnp.result_type(float)
    together = lane_energy(surface, starts.T)
    np.testing.assert_allclose(together, [surface(x) for x in starts], rtol=1e-10)
    assert np.isfinite(together).all()
    x = np.asarray(starts[0])
    image = surface.symmetry.random_image(x, seed=3)
    np.testing.assert_allclose(surface(jnp.array(image)), surface(starts[0]), rtol=1e-8)


@pytest.mark.slow
def test_arrays_follow_the_default_float():
    with jax.enable_x64(False):
        for name in EVERY:
            surface = systems.by_name(name)
            x = surface.sample(jax.random.key(0), 1)[0]
            assert (x.dtype, surface(x).dtype) == (jnp.float32, jnp.float32)


def test_names_are_what_by_name_takes():
    assert systems.names() == [
        "mueller_brown",
        "six_hump_camel",
        "schwefel{dim}",
        "lj{n}",
        "morse{n}",
        "thomson{n}",
        "dzugutov{n}",
        "carbon{n}",
        "water{n}",
        "silicon{cells}",
        "silica{cells}",
        "pt_heptamer",
        "kob_andersen{n}",
        "xy{n}",
        "phi_four{n}",
        "p_spin{n}",
        "iris_mlp{hidden}",
        "wine_mlp{hidden}",
        "breast_cancer_mlp{hidden}",
        "digits_mlp{hidden}",
        "three_atoms_mlp{hidden}",
        "xor_mlp{hidden}",
        "gupta_{formula}",
        "sutton_chen_{formula}",
    ]
    for name in systems.names():
        stem, _, argument = name.partition("{")
        if f"{stem}2" in DATA:
            continue  # seconds each, see below
        value = {"": "", "formula}": "Pt3"}.get(argument, "5")
        assert systems.by_name(stem + value).name.startswith(stem)


def test_names_are_forgiving_about_case_and_dashes():
    assert systems.by_name("LJ8").name == "lj8"
    assert systems.by_name(" mueller-brown").name == "mueller_brown"
    assert systems.by_name("schwefel").dim == 2
    assert systems.by_name("iris_mlp").dim == 27


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("thompson12", "did you mean thomson12\\?"),
        ("lj_8", "did you mean lj8\\?"),
        ("muller_brown", "did you mean mueller_brown\\?"),
        ("zzz", "known: mueller_brown, .*xor_mlp\\{hidden\\}"),
        ("", "known: mueller_brown"),
        ("lj", "needs a number"),
        ("lj1", "n is 1; pass a whole number, 2 or more"),
        ("mueller_brown2", "takes no number"),
        ("schwefel0", "dim is 0"),
        ("gupta_xx3", "no Gupta parameters for Xx"),
        ("gupta_3", "pass a formula such as 'Ag7Cu6'"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(name, message):
    with pytest.raises(ValueError, match=message):
        systems.by_name(name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: systems.lennard_jones(8, epsilon=-1.0), "epsilon is -1.0"),
        (lambda: systems.lennard_jones(2.5), "n is 2.5"),
        (lambda: systems.lennard_jones(True), "n is True"),
        (lambda: systems.lennard_jones(8, sigma=float("nan")), "sigma is nan"),
        (lambda: systems.morse(5, rho=0.0), "rho is 0.0"),
        (lambda: systems.thomson(1), "n is 1"),
        (lambda: systems.binary_lennard_jones(5, 0), "n_b is 0"),
        (lambda: systems.binary_lennard_jones(5, 5, sigma_bb=-1.0), "sigma_bb is -1.0"),
        (lambda: systems.gupta("Ag"), "two atoms or more"),
        (lambda: systems.gupta("ag7"), "pass a formula"),
        (lambda: systems.water(0), "n is 0"),
        (lambda: systems.carbon(1), "n is 1"),
        (lambda: systems.p_spin(2), "n is 2"),
        (lambda: systems.silicon(1, vacancies=8), "vacancies is 8, and there are 8 atoms"),
        (lambda: systems.silicon(1, pressure=0.1), "needs variable_cell=True"),
        (lambda: systems.kob_andersen(4), "n is 4"),
        (lambda: systems.kob_andersen(60, density=0.0), "density is 0.0"),
        (lambda: systems.iris_mlp(0), "hidden is 0"),
        (lambda: systems.iris_mlp(3, l2=-1.0), "l2 is -1.0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_lennard_jones_in_other_units():
    x = systems.lennard_jones(5).sample(jax.random.key(0), 1)[0]
    scaled = systems.lennard_jones(5, epsilon=2.0, sigma=3.0)
    np.testing.assert_allclose(scaled(3 * x), 2 * systems.lennard_jones(5)(x), rtol=1e-10)
    assert scaled.units.energy == ""
    np.testing.assert_allclose(scaled.sample(jax.random.key(0), 1)[0], 3 * x)


def test_uniform_ball_is_uniform():
    sampler = systems.UniformBall(4000, pair_distance=1.0)
    radii = np.linalg.norm(sampler(jax.random.key(0)).reshape(-1, 3), axis=1) / sampler.radius
    # (r / R)^3 is uniform in [0, 1]: mean 1/2 +- 5 standard errors.
    assert radii.max() <= 1.0
    np.testing.assert_allclose(np.mean(radii**3), 0.5, atol=5 / np.sqrt(12 * 4000))
    np.testing.assert_allclose(
        sampler.radius, 1 + (3 * 4000 / (4 * np.pi * np.sqrt(2))) ** (1 / 3), rtol=1e-6
    )


def test_thomson_starts_lie_on_the_sphere():
    x = systems.thomson(7).sample(jax.random.key(0), 3).reshape(3, 7, 3)
    np.testing.assert_allclose(np.linalg.norm(x, axis=2), 1.0)


def test_no_minimum_of_mueller_brown_lies_on_the_edges_of_its_box():
    surface = systems.mueller_brown()
    (left, low), (right, high) = np.asarray(surface.lower), np.asarray(surface.upper)
    t = np.linspace(0, 1, 4001)
    edges = [
        (np.full_like(t, left), low + t * (high - low), 0, 1),
        (np.full_like(t, right), low + t * (high - low), 0, -1),
        (left + t * (right - left), np.full_like(t, low), 1, 1),
        (left + t * (right - left), np.full_like(t, high), 1, -1),
    ]
    for x, y, normal, inward in edges:
        gradient = np.asarray(jax.vmap(jax.grad(surface.function))(jnp.stack([x, y], axis=1)))
        outward_downhill = inward * gradient[:, normal] > 0
        along = gradient[:, 1 - normal]
        minimum_along = (along[:-1] < 0) & (along[1:] > 0)
        assert not np.any(minimum_along & outward_downhill[:-1])
        assert not (along[0] > 0 and outward_downhill[0])
        assert not (along[-1] < 0 and outward_downhill[-1])


def test_iris_mlp_is_cross_entropy_plus_l2():
    bare, damped = systems.iris_mlp(2, l2=0.0), systems.iris_mlp(2, l2=0.5)
    x = bare.sample(jax.random.key(0), 1)[0]
    np.testing.assert_allclose(damped(x) - bare(x), 0.5 * jnp.sum(x**2), rtol=1e-12)
    assert sorted(damped.unravel(x)) == ["b1", "b2", "w1", "w2"]
    np.testing.assert_array_equal(damped.ravel(damped.unravel(x)), x)
