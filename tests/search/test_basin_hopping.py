import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.hopping_chain import BasinHopping, HoppingSearch
from jaxscape.search.lbfgs import LBFGS, start_quench
from jaxscape.search.status import Status

# J. P. K. Doye and D. J. Wales, Cambridge Cluster Database.
ICOSAHEDRON = -44.326801


def ripples(x):
    """Minima near the points of a square lattice, -2 at the origin the lowest."""
    return jnp.sum(0.1 * x**2 - jnp.cos(3 * x))


RIPPLES = js.Surface(ripples, bounds=(-6.0, 6.0), dim=2, scale=1.0)
HOP = BasinHopping(temperature=0.5, step_size=1.5)


@pytest.fixture(scope="module")
def hopped():
    x0 = np.random.default_rng(0).uniform(-6, 6, (20, 2))
    return x0, js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=40, method=HOP)


def leaves_equal(a, b):
    return all(
        np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


@pytest.mark.slow
def test_lj13_in_several_seeds():
    surface = js.systems.lennard_jones(13)
    for seed in range(3):
        x0 = np.asarray(surface.sample(jax.random.key(seed), 16))
        found = js.basin_hopping(
            surface, x0, key=jax.random.key(seed), steps=60, target=ICOSAHEDRON, keep=5
        )
        assert found.ok[0]
        np.testing.assert_allclose(found.energy[0], ICOSAHEDRON, atol=1e-6)
        assert surface.symmetry.order(found.x[0]) == 120
        # Each structure once, whatever images of it the chains have met.
        assert len(found) == 5 and (np.diff(found.energy[found.ok]) > 1e-4).all()
        steps = found.steps_to_target
        assert steps.shape == (16,) and (steps > 0).sum() >= 12
        assert ((steps == -1) | ((steps >= 1) & (steps <= 60))).all()


def test_compression_leaves_minima_of_the_surface_itself():
    surface = js.systems.lennard_jones(13)
    x0 = np.asarray(surface.sample(jax.random.key(0), 8))
    squeezed = js.BasinHopping(compression=5.0)
    run = {"key": jax.random.key(0), "steps": 60, "method": squeezed, "target": ICOSAHEDRON}
    found = js.basin_hopping(surface, x0, **run)
    assert found.ok[0] and found.rms_gradient[0] < 1e-8
    np.testing.assert_allclose(found.energy[0], ICOSAHEDRON, atol=1e-6)
    assert leaves_equal(found, js.basin_hopping(surface, x0, lanes=3, **run))


@pytest.mark.slow
def test_compressed_lj38_finds_the_octahedron_at_once():
    # Without compression a chain takes about 3,000 steps on average.
    surface = js.systems.lennard_jones(38)
    x0 = np.asarray(surface.sample(jax.random.key(0), 16))
    method = js.BasinHopping(temperature=0.8, compression=20.0, quench_tolerance=1e5)
    found = js.basin_hopping(
        surface, x0, key=jax.random.key(0), steps=600, method=method, target=-173.928427
    )
    assert (found.steps_to_target > 0).sum() >= 14
    assert np.median(found.steps_to_target) < 300


def test_only_clusters_are_compressed():
    with pytest.raises(ValueError, match="compression is 2.0.*only clusters"):
        js.basin_hopping(
            RIPPLES, np.zeros((1, 2)), key=jax.random.key(0), steps=1,
            method=BasinHopping(compression=2.0),
        )  # fmt: skip
    with pytest.raises(ValueError, match="compression is -1"):
        BasinHopping(compression=-1.0)


def test_minima_are_distinct_certified_and_sorted(hopped, spectrum):
    _, found = hopped
    assert found.ok.all() and (found.index == 0).all() and (found.rms_gradient <= 1e-8).all()
    assert (np.diff(found.energy) >= 0).all()
    apart = np.linalg.norm(found.x[:, None] - found.x[None], axis=2)
    assert apart[~np.eye(len(found), dtype=bool)].min() > 0.5
    np.testing.assert_allclose(found.energy[0], -2.0, atol=1e-12)
    # Mirror images are minima of their own: four lie around the lowest.
    np.testing.assert_allclose(found.energy[1:5], found.energy[1], atol=1e-10)
    for x in found.x[found.active == 0]:
        rms, values, _ = spectrum(ripples, x)
        assert rms < 1e-8 and values[0] > 0
    assert found.steps_to_target is None


@pytest.mark.parametrize("lanes", [1, 7, 64])
def test_chains_do_not_depend_on_lanes(hopped, lanes):
    x0, found = hopped
    again = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=40, method=HOP, lanes=lanes)
    assert leaves_equal(found, again)


def test_keys_make_the_chains(hopped):
    x0, found = hopped
    other = js.basin_hopping(RIPPLES, x0, key=jax.random.key(1), steps=40, method=HOP)
    assert not np.array_equal(found.evaluations, other.evaluations)


def test_steps_to_target(hopped):
    x0, _ = hopped
    found = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=40, method=HOP, target=-2.0)
    steps = found.steps_to_target
    assert steps.shape == (20,) and steps.dtype == np.int32
    reached = steps > 0
    assert reached.sum() > 10 and ((steps == -1) | reached).all()
    # A chain ends at the target, so with fewer steps the slower ones do not get there.
    limit = int(np.median(steps[reached]))
    fewer = js.basin_hopping(
        RIPPLES, x0, key=jax.random.key(0), steps=limit, method=HOP, target=-2.0
    )
    expected = np.where(steps <= limit, steps, -1)
    np.testing.assert_array_equal(fewer.steps_to_target, expected)
    started_there = js.basin_hopping(
        RIPPLES, 0.01 * x0, key=jax.random.key(0), steps=40, method=HOP, target=-2.0
    )
    np.testing.assert_array_equal(started_there.steps_to_target, 1)
    never = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=5, method=HOP, target=-3.0)
    np.testing.assert_array_equal(never.steps_to_target, -1)


def test_selection_keeps_steps_to_target_whole(hopped):
    """They belong to chains, not to minima, also where there are as many of both."""
    x0, _ = hopped
    for keep in (3, 20):
        found = js.basin_hopping(
            RIPPLES, x0, key=jax.random.key(0), steps=40, method=HOP, target=-2.0, keep=keep
        )
        assert len(found) == keep
        few = found.take(slice(0, 2))
        np.testing.assert_array_equal(few.steps_to_target, found.steps_to_target)


def test_keep_limits_the_minima(hopped):
    x0, found = hopped
    few = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=40, method=HOP, keep=3)
    np.testing.assert_allclose(few.energy, found.energy[:3], atol=1e-10)


def metropolis(temperature, rise, tries=400):
    """How often chains accept a quench that is `rise` above where they stand."""
    method = BasinHopping(temperature=temperature)
    search = HoppingSearch(
        method, jax.random.key(0), jnp.asarray(1e-6), jnp.asarray(100), jnp.asarray(-jnp.inf)
    )
    x = jnp.zeros((2, tries))
    flat = jnp.zeros(tries)
    quench = start_quench(LBFGS(), x)
    converged = jnp.full(tries, Status.CONVERGED, jnp.int32)
    quench = eqx.tree_at(lambda q: (q.energy, q.status), quench, (flat + rise, converged))
    state = search.init(RIPPLES, {"x": x, "chain": jnp.arange(tries)})
    state = eqx.tree_at(lambda s: (s.quench, s.energy, s.best), state, (quench, flat, flat))
    output = search.output(RIPPLES, state)
    after = search.advance(RIPPLES, state)
    moved = np.asarray(after.energy) != 0.0
    np.testing.assert_array_equal(output.accepted == 1, moved if rise else output.accepted == 1)
    return float(np.mean(np.asarray(output.accepted)))


def test_metropolis():
    assert metropolis(1e-9, 1e-3) == 0.0  # T -> 0 accepts nothing uphill
    assert metropolis(1e-9, -1e-3) == 1.0
    assert metropolis(1.0, -5.0) == 1.0
    for temperature, rise in ((1.0, 1.0), (1.0, 0.2), (1.0, 2.5)):
        expected = np.exp(-rise / temperature)
        deviation = np.sqrt(expected * (1 - expected) / 400)
        assert abs(metropolis(temperature, rise) - expected) < 4 * deviation


@pytest.mark.slow
def test_cold_chains_only_go_down():
    """With T -> 0 and small steps a chain never leaves for a higher minimum."""
    x0 = np.zeros((8, 2))
    cold = BasinHopping(temperature=1e-12, step_size=1.5, acceptance=None)
    found = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=30, method=cold)
    # What was visited lies one displacement from the origin, where every chain still stands.
    assert (np.abs(found.x) < 1.5 + np.pi / 3 + 0.2).all()
    hot = BasinHopping(temperature=1e12, step_size=1.5, acceptance=None)
    found = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=30, method=hot)
    assert (np.abs(found.x) > 4.0).any()


def test_hops_stay_within_bounds(hopped):
    _, found = hopped
    assert (np.abs(found.x) <= 6.0).all()


def test_evaluations_are_counted(hopped):
    x0, found = hopped
    # 20 chains of 40 quenches take several evaluations each.
    assert found.evaluations.sum() > 20 * 40 * 2
    one = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=1, method=HOP)
    assert one.evaluations.sum() < found.evaluations.sum() / 10
    assert (one.evaluations > 0).all()
    # Certificates come on top of what the quenches took.
    bare = js.basin_hopping(RIPPLES, x0, key=jax.random.key(0), steps=1, method=HOP, certify=False)
    hessian = 1 + 2 * 2
    more = one.evaluations.sum() - bare.evaluations.sum()
    assert len(bare) * hessian <= more <= len(bare) * 6 * (hessian + 3)


def test_function_without_a_minimum():
    found = js.basin_hopping(
        lambda x: jnp.sum(x) * jnp.nan, np.zeros((2, 2)), key=jax.random.key(0), steps=3, target=0.0
    )
    assert len(found) == 0 and (found.steps_to_target == -1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(steps=0), "steps is 0"),
        (dict(steps=1.5), "steps is 1.5"),
        (dict(keep=0), "keep is 0"),
        (dict(x0=np.ones(2)), "pass points as rows"),
        (dict(x0=np.full((1, 2), np.nan)), "not finite"),
        (dict(tolerance=-1.0), "tolerance is -1.0"),
        (dict(key=0), "key"),
        (dict(target=float("nan")), "target is nan"),
        (dict(method=BasinHopping(restart_after=5), surface=ripples), "no sampler and no bounds"),
    ],
)
def test_bad_input_is_refused_at_once(arguments, message):
    call = dict(x0=np.ones((2, 2)), key=jax.random.key(0), steps=3) | arguments
    with pytest.raises(ValueError, match=message):
        js.basin_hopping(call.pop("surface", RIPPLES), call.pop("x0"), **call)


@pytest.mark.parametrize(
    "options",
    [
        dict(temperature=0.0),
        dict(step_size=-1.0),
        dict(quench_tolerance=0.0),
        dict(acceptance=1.0),
        dict(acceptance=0.0),
        dict(interval=0),
        dict(restart_after=0),
    ],
)
def test_bad_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is {options[name]}"):
        BasinHopping(**options)


def test_what_is_not_finite_does_not_converge_under_compression():
    surface = js.Surface(
        lambda x: jnp.sum(x**2) * jnp.nan, symmetry=js.symmetry.Cluster(), dim=6, scale=1.0
    )
    found = js.basin_hopping(
        surface, np.ones((2, 6)), key=jax.random.key(0), steps=2,
        method=BasinHopping(compression=5.0), certify=False,
    )  # fmt: skip
    assert len(found) == 0
