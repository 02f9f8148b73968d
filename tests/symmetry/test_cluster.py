"""Clusters: zero modes, fingerprints, bad arguments."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from jaxscape.symmetry import Cluster, NoSymmetry

SPECIES = (None, "AABBBAAB")

GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = np.array(
    [np.zeros(3)]
    + [np.roll([0, i, j * GOLDEN], k) for i in (1, -1) for j in (1, -1) for k in range(3)]
)


def lennard_jones(x):
    atoms = x.reshape(-1, 3)
    i, j = np.triu_indices(len(atoms), 1)
    inverse = 1.0 / jnp.sum((atoms[i] - atoms[j]) ** 2, axis=1) ** 3
    return jnp.sum(4 * (inverse**2 - inverse))


def generic(n, seed):
    return np.random.default_rng(seed).normal(size=3 * n)


# --- zero modes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "atoms, count",
    [
        ([[0.3, -2, 5]], 3),
        ([[0, 0, 0], [1.1, 0, 0]], 5),
        ([[-1, 0, 0], [0, 0, 0], [1, 0, 0]], 5),
        ([[-1, -1, -2], [0.1, 0.1, 0.2], [1, 1, 2]], 5),
        ([[1e-14, 0, -1], [0, 1e-14, 0], [0, 0, 1]], 5),  # rounding off the axis
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], 6),
        (ICOSAHEDRON, 6),
    ],
)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("unit", [1.0, 1e-10, 1e3])
def test_zero_modes_are_orthonormal_and_as_many_as_the_shape_has(atoms, count, dtype, unit):
    x = jnp.asarray(unit * np.asarray(atoms, float).ravel(), dtype)
    modes = np.asarray(jax.jit(Cluster().zero_modes)(x), float)
    assert modes.shape == (6, x.size)
    kept = modes[np.linalg.norm(modes, axis=1) > 0.5]
    assert len(kept) == count
    assert np.count_nonzero(modes.any(axis=1)) == count
    np.testing.assert_allclose(kept @ kept.T, np.eye(count), atol=20 * float(jnp.finfo(dtype).eps))


def test_lanes_trailing_equal_single_lanes_and_trace_once():
    cluster, lanes = Cluster(), np.stack([generic(5, s) for s in range(4)], axis=-1)
    counted = eqx.debug.assert_max_traces(cluster.zero_modes, max_traces=1)
    traced = jax.jit(lambda x: counted(x))
    modes = np.asarray(traced(jnp.asarray(lanes)))
    traced(jnp.asarray(lanes + 1))
    single = jax.jit(cluster.zero_modes)
    for lane in range(4):
        alone = single(jnp.asarray(lanes[:, lane]))
        np.testing.assert_allclose(modes[..., lane], alone, atol=1e-13)
    many = jax.eval_shape(cluster.generators, jnp.asarray(lanes.reshape(15, 2, 2)))
    assert many.shape == (6, 15, 2, 2)


@pytest.mark.parametrize("atoms", [ICOSAHEDRON, [[-1, 0, 0], [0, 0, 0], [1, 0, 0]]])
def test_hessian_annihilates_zero_modes_at_a_stationary_point(atoms):
    # By symmetry, the best scale of either is stationary in every coordinate.
    turned = (np.asarray(atoms, float) @ np.linalg.qr(generic(3, 0).reshape(3, 3))[0]).ravel()
    scaled = jax.jit(lambda scale: lennard_jones(scale * turned))
    best = minimize_scalar(scaled, bounds=(0.4, 1.4), method="bounded", options={"xatol": 1e-9})
    x = best.x * turned
    assert np.abs(jax.grad(lennard_jones)(jnp.asarray(x))).max() < 1e-4
    modes = np.asarray(jax.jit(Cluster().zero_modes)(jnp.asarray(x)))
    hessian = np.asarray(jax.jit(jax.hessian(lennard_jones))(jnp.asarray(x)))
    assert np.abs(hessian @ modes.T).max() < 1e-5 * np.abs(hessian).max()
    # And nothing else is annihilated once they are projected out.
    values = np.linalg.eigvalsh(hessian)
    assert np.sum(np.abs(values) < 1e-5 * values.max()) == np.count_nonzero(modes.any(axis=1))


def test_project_removes_every_zero_mode():
    cluster, x = Cluster(), jnp.asarray(generic(6, 3))
    modes = jax.jit(cluster.zero_modes)(x)
    left = jax.jit(cluster.project)(modes, jnp.asarray(generic(6, 4)))
    np.testing.assert_allclose(modes @ left, 0, atol=1e-14)


# --- fingerprint --------------------------------------------------------------------------


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("seed", range(10))
def test_fingerprint_is_invariant_and_lipschitz(species, seed):
    cluster, x = Cluster(species=species), generic(8, seed)
    image = cluster.random_image(x, seed)
    shaken = x + 1e-3 * generic(8, seed + 100)
    prints = cluster.fingerprint(np.stack([x, image, shaken]))
    np.testing.assert_allclose(prints[1], prints[0], atol=1e-12)
    moved = np.linalg.norm((shaken - x).reshape(-1, 3), axis=1).max()
    assert 0 < np.abs(prints[2] - prints[0]).max() <= 2 * moved


def test_fingerprint_of_a_batch_is_that_of_each_point():
    x = np.stack([generic(13, seed) for seed in range(5)])
    alone = np.concatenate([Cluster().fingerprint(row[None]) for row in x])
    np.testing.assert_array_equal(Cluster().fingerprint(x), alone)
    assert Cluster().fingerprint(x[:0]).shape == (0, alone.shape[1])


def test_fingerprint_sees_which_atoms_are_unlike():
    x = generic(4, 0)
    first = Cluster(species="ABBB").fingerprint(x[None])
    second = Cluster(species="ABBB").fingerprint(x.reshape(4, 3)[[1, 0, 2, 3]].reshape(1, -1))
    assert np.abs(first - second).max() > 1e-2


def test_fingerprint_tells_apart_equal_lists_of_distances():
    # Homometric sets on a line (Bloom 1977): {0,1,4,10,12,17} and {0,1,8,11,13,17}.
    x = np.zeros((2, 6, 3))
    x[0, :, 0], x[1, :, 0] = [0, 1, 4, 10, 12, 17], [0, 1, 8, 11, 13, 17]
    prints = Cluster().fingerprint(x.reshape(2, -1))
    np.testing.assert_allclose(prints[0, :15], prints[1, :15])
    assert np.abs(prints[0] - prints[1]).max() > 0.1
    first, second = x.reshape(2, -1)
    assert not Cluster().same(first, second)


def test_large_clusters_have_short_fingerprints():
    x = generic(150, 0)
    prints = Cluster().fingerprint(np.stack([x, Cluster().random_image(x, 1), generic(150, 1)]))
    assert prints.shape == (3, 450)
    np.testing.assert_allclose(prints[1], prints[0], atol=1e-10)
    assert np.abs(prints[2] - prints[0]).max() > 0.1


# --- frozen atoms -------------------------------------------------------------------------

# A square of four held atoms, of which two may be of another kind.
HELD = np.array([[1.0, 1, 0], [-1, 1, 0], [1, -1, 0], [-1, -1, 0]]) + [5.0, 0.0, 1.0]


def test_only_operations_that_leave_the_frozen_atoms_count():
    centre = np.array([5.0, 0.0, 1.0])
    cluster = Cluster(frozen=HELD)
    assert cluster.order(centre + [0, 0, 1.2]) == 8  # C4v: on the axis
    assert cluster.order(centre) == 16  # D4h: in the middle
    assert cluster.order(centre + [0.7, 0, 1.2]) == 2
    assert Cluster(frozen=HELD, species="XABBA").order(centre + [0, 0, 1.2]) == 4
    assert Cluster(frozen=HELD, inversion=False).order(centre + [0, 0, 1.2]) == 4
    assert cluster.zero_modes(jnp.zeros(6)).shape == (0, 6)
    np.testing.assert_array_equal(cluster.project(cluster.zero_modes(jnp.ones(6)), jnp.ones(6)), 1)
    x = (centre + np.array([[0.3, 0.1, 1.2], [1.4, -0.2, 1.3], [-0.8, 0.9, 1.5]])).ravel()
    for kind in (
        cluster,
        Cluster(frozen=HELD, species="BABXYYX"),
        Cluster(frozen=HELD, inversion=False),
    ):
        for seed in range(6):
            image = kind.random_image(x, seed)
            assert kind.same(x, image) and kind.align(x, image)[1] < 1e-12
            np.testing.assert_allclose(*kind.fingerprint(np.array([x, image])), atol=1e-9)
        assert not kind.same(x, x + 0.01)
        assert kind.align(x, x + 0.01)[1] <= 0.03 + 1e-12
    mirrored = x.reshape(3, 3) * [1, -1, 1]
    assert cluster.same(x, mirrored.ravel())
    assert not Cluster(frozen=HELD, inversion=False).same(x, mirrored.ravel())
    assert "frozen=4:" in cluster.describe() and cluster.describe() != Cluster().describe()
    assert np.isinf(cluster.align(x, np.full(9, np.nan))[1])


def test_frozen_atoms_must_hold_the_others():
    with pytest.raises(ValueError, match="2 atoms on one line"):
        Cluster(frozen=HELD[:2])
    with pytest.raises(ValueError, match="3 atoms on one line"):
        Cluster(frozen=[[0.0, 0, 0], [1, 1, 1], [3, 3, 3]])
    with pytest.raises(ValueError, match="frozen has shape"):
        Cluster(frozen=np.zeros((3, 2)))


# --- bad arguments ------------------------------------------------------------------------


def test_bad_arguments_raise_at_once():
    with pytest.raises(ValueError, match="masses must be positive"):
        Cluster(masses=[1.0, -2.0])
    with pytest.raises(ValueError, match="species names 2 atoms and masses 1"):
        Cluster(species="AB", masses=[1.0])
    with pytest.raises(ValueError, match="3 coordinates an atom, got 7"):
        Cluster().generators(jnp.zeros(7))
    with pytest.raises(ValueError, match="species names 2 atoms"):
        Cluster(species="AB").fingerprint(np.zeros((1, 9)))
    with pytest.raises(ValueError, match="batch"):
        Cluster().fingerprint(np.zeros(9))
    with pytest.raises(ValueError, match="9 coordinates and b 12"):
        Cluster().align(np.zeros(9), np.zeros(12))


def test_points_of_nan_are_the_same_as_nothing():
    x = generic(5, 0)
    assert not Cluster().same(x, np.full(15, np.nan))
    assert not Cluster().same(np.full(15, np.nan), x)


def test_descriptions_are_stable_and_modules_hash():
    assert Cluster().describe() == "cluster(species=alike, inversion=True)"
    text = "cluster(species=2*A+1*B, inversion=False)"
    assert Cluster(species="AAB", inversion=False).describe() == text
    assert Cluster(species=np.array([1, 1])).describe() == Cluster(species=[1, 1]).describe()
    assert hash(Cluster(species="AB")) == hash(Cluster(species=["A", "B"]))
    assert NoSymmetry().describe() == "none"
