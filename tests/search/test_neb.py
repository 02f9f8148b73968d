import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.neb import NEB
from jaxscape.search.status import Status


def wells(x):
    """Minima at (-1, 1) and (1, 1), a curved valley, the saddle at the origin of height 1."""
    return (x[0] ** 2 - 1) ** 2 + 3.0 * (x[1] - x[0] ** 2) ** 2


WELLS = js.Surface(wells, dim=2)
ENDS = np.array([[-1.0, 1.0]]), np.array([[1.0, 1.0]])


def test_double_well_path():
    paths = js.neb(WELLS, *ENDS, tolerance=1e-4, max_steps=2000)
    assert paths.ok.all() and len(paths) == 1
    assert paths.images.shape == (1, 15, 2) and paths.energies.shape == (1, 15)
    assert paths.rms_force[0] <= 1e-4
    images = paths.images[0]
    np.testing.assert_array_equal(images[0], ENDS[0][0])
    np.testing.assert_array_equal(images[-1], ENDS[1][0])
    energies = [float(wells(x)) for x in images]
    np.testing.assert_allclose(paths.energies[0], energies, atol=1e-12)
    np.testing.assert_allclose(paths.energies[0].max(), 1.0, atol=1e-3)
    # The path of steepest descent lies on the mirror plane at the middle image.
    np.testing.assert_allclose(images[7], [0.0, 0.0], atol=1e-2)
    np.testing.assert_allclose(images[::-1] * [-1, 1], images, atol=1e-2)
    # Spread evenly.
    gaps = np.linalg.norm(np.diff(images, axis=0), axis=1)
    assert gaps.max() < 1.3 * gaps.min()
    # On the path the force has no component across it.
    gradients = np.asarray(jax.vmap(jax.grad(wells))(images))[1:-1]
    tangents = images[2:] - images[:-2]
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    across = gradients - (gradients * tangents).sum(axis=1, keepdims=True) * tangents
    assert np.linalg.norm(across, axis=1).max() < 0.2


def test_climbing_image_reaches_the_saddle():
    off = ENDS[0], np.array([[1.05, 1.2]])  # no image lies in the middle by symmetry
    method = NEB(images=8, climbing=True)
    climbed = js.neb(WELLS, *off, method=method, tolerance=1e-6, max_steps=3000)
    assert climbed.ok.all()
    top = climbed.energies[0].argmax()
    np.testing.assert_allclose(climbed.energies[0, top], 1.0, atol=1e-8)
    np.testing.assert_allclose(climbed.images[0, top], [0.0, 0.0], atol=1e-4)
    plain = js.neb(WELLS, *off, method=NEB(images=8), tolerance=1e-4, max_steps=3000)
    assert plain.energies[0].max() < 1.0 - 1e-4


@pytest.fixture(scope="module")
def mueller_brown_paths(mueller_brown, analytic):
    minima = np.array([p["x"] for p in analytic["muller_brown"]["points"] if p["index"] == 0])
    start, end = minima[[0, 2, 0]], minima[[2, 1, 1]]
    method = NEB(images=21)
    paths = js.neb(mueller_brown, start, end, method=method, tolerance=0.5, max_steps=2000)
    return paths, start, end


def test_mueller_brown_barriers(mueller_brown_paths, analytic):
    paths, start, end = mueller_brown_paths
    assert paths.ok.all()
    np.testing.assert_array_equal(paths.images[:, 0], start)
    np.testing.assert_array_equal(paths.images[:, -1], end)
    saddles = sorted(p["E"] for p in analytic["muller_brown"]["points"] if p["index"] == 1)
    low, high = saddles
    highest = paths.energies.max(axis=1)
    np.testing.assert_allclose(highest, [high, low, high], atol=1.5)
    # Images lie on a path that ends in minima: no image is lower than both.
    floor = np.minimum(paths.energies[:, 0], paths.energies[:, -1])
    assert (paths.energies >= floor[:, None] - 1e-9).all()


def test_candidates_are_handed_over(mueller_brown, mueller_brown_paths, analytic):
    paths, *_ = mueller_brown_paths
    tops = paths.candidates()
    # Two steps lie between the two outer minima.
    np.testing.assert_array_equal(tops.path, [0, 1, 2, 2])
    for k in range(4):
        path, image = tops.path[k], tops.image[k]
        energies = paths.energies[path]
        assert energies[image] >= energies[image - 1] and energies[image] > energies[image + 1]
        np.testing.assert_array_equal(tops.x[k], paths.images[path, image])
        apart = paths.images[path, image + 1] - paths.images[path, image - 1]
        np.testing.assert_allclose(tops.mode[k], apart / np.linalg.norm(apart))
    x, modes = (np.resize(a, (100, 2)) for a in (tops.x, tops.mode))
    found = js.find_transition_states(mueller_brown, x, key=jax.random.key(0), modes=modes)
    assert found.ok.all()
    known = np.array([p["x"] for p in analytic["muller_brown"]["points"] if p["index"] == 1])
    apart = np.linalg.norm(found.x[:4, None] - known[None], axis=2)
    np.testing.assert_array_equal(apart.argmin(axis=1)[:2], [1, 0])
    assert apart.min(axis=1).max() < 1e-7 and len(set(apart.argmin(axis=1)[2:])) == 2


def test_monotonous_path_has_no_candidates():
    paths = js.neb(lambda x: x[0] + x[1] ** 2, ENDS[0], ENDS[1] * [1, -1], max_steps=50)
    tops = paths.candidates()
    assert tops.x.shape == (0, 2) and tops.mode.shape == (0, 2) and len(tops.path) == 0


@pytest.fixture(scope="module")
def lj7_pair(lj7, lj7_minima):
    """Two minima of LJ7, the second also moved by an operation of the group."""
    a = lj7_minima.x[np.flatnonzero(lj7_minima.energy < -16)[0]]
    b = lj7_minima.x[np.flatnonzero(np.abs(lj7_minima.energy + 15.935043) < 1e-5)[0]]
    image = lj7.symmetry.random_image(b, 3)
    assert np.abs(image - b).max() > 0.1
    return a, b, image


def test_ends_are_aligned(lj7, lj7_pair):
    a, b, image = lj7_pair
    start, end = np.stack([a, a, a]), np.stack([b, image, lj7.symmetry.random_image(a, 5)])
    paths = js.neb(lj7, start, end, max_steps=200)
    np.testing.assert_array_equal(paths.images[:, 0], start)
    # The same structure as asked for, ...
    for k in range(3):
        assert lj7.symmetry.same(paths.images[k, -1], end[k])
        np.testing.assert_allclose(paths.energies[k, -1], float(lj7(end[k])), rtol=1e-10)
    length = np.linalg.norm(paths.images[:, -1] - paths.images[:, 0], axis=1)
    # ... as near as it comes, wherever it stood at first: in particular an image of the start
    # lies on the start.
    np.testing.assert_allclose(length[1], length[0], rtol=1e-3)
    assert length[2] < 1e-6
    assert length[0] < np.linalg.norm(b - a)
    # A low barrier instead of atoms that pass through each other.
    assert paths.energies[:2].max() < -14.0


def test_without_alignment_ends_stay(lj7, lj7_pair):
    a, _, image = lj7_pair
    paths = js.neb(lj7, np.stack([a] * 3), np.stack([image] * 3), align=False, max_steps=3)
    np.testing.assert_array_equal(paths.images[:, -1], np.stack([image] * 3))
    np.testing.assert_array_equal(paths.status, Status.MAX_STEPS)
    np.testing.assert_array_equal(paths.evaluations, 3 * 15)
    assert paths.counts() == {"MAX_STEPS": 3}


def test_results_do_not_depend_on_lanes():
    rng = np.random.default_rng(0)
    start, end = (end + 0.1 * rng.normal(size=(20, 2)) for end in ENDS)
    paths = js.neb(WELLS, start, end, tolerance=1e-3)
    for lanes in (1, 7):
        again = js.neb(WELLS, start, end, tolerance=1e-3, lanes=lanes)
        for a, b in zip(jax.tree.leaves(paths), jax.tree.leaves(again), strict=True):
            np.testing.assert_array_equal(a, b)


def test_given_path_is_kept_at_its_ends():
    share = np.linspace(-1, 1, 9)
    path = np.stack([share, 1.0 - 0.7 * (1 - share**2)], axis=1)[None]
    paths = js.neb(WELLS, None, None, path=path, max_steps=300, tolerance=1e-3)
    assert paths.images.shape == (1, 9, 2) and paths.ok.all()
    np.testing.assert_array_equal(paths.images[0, [0, -1]], path[0, [0, -1]])


def test_band_stays_within_bounds():
    surface = js.Surface(wells, bounds=([-1.0, 0.3], [1.0, 1.0]))
    paths = js.neb(surface, *ENDS, max_steps=300)
    assert paths.images[..., 1].min() >= 0.3 and paths.images[..., 1].min() < 0.31


def test_nan_on_the_way():
    paths = js.neb(lambda x: jnp.where(jnp.abs(x[0]) < 0.1, jnp.nan, wells(x)), *ENDS)
    np.testing.assert_array_equal(paths.status, Status.NOT_FINITE)
    assert not paths.ok.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(end=np.ones((2, 2))), r"start has shape \(1, 2\) and end \(2, 2\)"),
        (dict(end=np.ones((1, 3))), "width 3"),
        (dict(end=np.full((1, 2), np.nan)), "end is not finite"),
        (dict(start=np.ones(2)), "start has shape"),
        (dict(start=np.ones((0, 2)), end=np.ones((0, 2))), "no starting point"),
        (dict(max_steps=0), "max_steps is 0"),
        (dict(tolerance=0.0), "tolerance is 0.0"),
        (dict(tolerance=float("nan")), "tolerance is nan"),
        (dict(path=np.ones((4, 2))), r"path has shape \(4, 2\)"),
        (dict(path=np.ones((1, 2, 2))), r"path has shape \(1, 2, 2\)"),
        (
            dict(path=np.where(np.arange(5)[None, :, None] == 2, np.nan, np.ones((1, 5, 2)))),
            "path is not finite",
        ),
    ],
)
def test_bad_input_is_refused_at_once(arguments, message):
    call = dict(zip(("start", "end"), ENDS, strict=True)) | arguments
    with pytest.raises(ValueError, match=message):
        js.neb(WELLS, call.pop("start"), call.pop("end"), **call)


@pytest.mark.parametrize(
    "options", [dict(images=2), dict(spring=0.0), dict(max_step=-1.0), dict(history=0)]
)
def test_bad_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is {options[name]}"):
        NEB(**options)
