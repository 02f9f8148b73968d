"""Signs, lowest eigenpair and determinant against NumPy's eigenvalues."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.search.inertia import inertia

DIM, LIFTED = 40, 5


def matrices(spectra, key=0):
    """Symmetric matrices of given spectra, of which the last `LIFTED` stand for zero modes."""
    spectra = np.array(spectra, float)
    lift = 1.0 + np.linalg.norm(spectra, axis=1)
    spectra[:, -LIFTED:] = lift[:, None]
    basis = np.linalg.qr(np.random.default_rng(key).normal(size=(len(spectra), DIM, DIM)))[0]
    return np.einsum("bij,bj,bkj->bik", basis, spectra, basis), lift, spectra[:, :-LIFTED]


def measured(made, lift):
    return jax.device_get(jax.jit(inertia)(made, jnp.full(len(lift), LIFTED, jnp.int32), lift))


def cases():
    plain = np.exp(np.linspace(0.0, 7.0, DIM))
    saddle, second, flat = plain.copy(), plain.copy(), plain.copy()
    saddle[0] *= -1.0
    second[:2] *= -1.0
    flat[0] = 1e-11
    equal, close = plain.copy(), plain.copy()
    equal[:3] = 0.7
    close[:2] = -1.0, 1e-3
    return {
        "minimum": plain,
        "transition state": saddle,
        "two negative": second,
        "flat": flat,
        "three times the lowest": equal,
        "soft mode beside a negative one": close,
    }


def test_inertia_agrees_with_eigenvalues():
    made, lift, spectra = matrices(list(cases().values()))
    found = measured(made, lift)
    assert found.negative.tolist() == [0, 1, 2, 0, 0, 1]
    assert found.degenerate.tolist() == [False, False, False, True, False, False]
    np.testing.assert_allclose(found.lowest, spectra.min(axis=1), rtol=1e-9, atol=1e-9)
    logs = np.log(np.where(spectra > 1e-9, spectra, 1.0)).sum(axis=1)
    np.testing.assert_allclose(found.log_product, logs, atol=1e-9)
    image = np.einsum("bij,bj->bi", made, found.mode)
    np.testing.assert_allclose(image, found.lowest[:, None] * found.mode, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(found.mode, axis=1), 1.0, atol=1e-13)


@pytest.mark.parametrize("name", ["diagonal", "in blocks", "already tridiagonal", "equal"])
def test_matrices_that_fall_apart(name):
    rng = np.random.default_rng(1)
    values = rng.permutation(np.r_[-2.0, np.linspace(0.5, 9.0, DIM - LIFTED - 1)])
    one = np.diag(values)
    if name == "in blocks":
        basis = np.linalg.qr(rng.normal(size=(2, 6, 6)))[0]
        for k in range(2):
            rows = slice(10 * k, 10 * k + 6)
            one[rows, rows] = basis[k] @ one[rows, rows] @ basis[k].T
    if name == "already tridiagonal":
        one += 0.3 * (np.eye(len(one), k=1) + np.eye(len(one), k=-1))
    if name == "equal":
        one = 3.0 * np.eye(len(one))
    lift = 1.0 + np.linalg.norm(one)
    made = lift * np.eye(DIM)
    made[: len(one), : len(one)] = one
    found = measured(made[None], np.array([lift]))
    expected = np.linalg.eigvalsh(one)
    assert found.negative[0] == np.sum(expected < 0) and not found.degenerate[0]
    np.testing.assert_allclose(found.lowest[0], expected[0], atol=1e-12)
    assert abs(found.log_product[0] - np.log(expected[expected > 0]).sum()) < 1e-10
    image = made @ found.mode[0]
    np.testing.assert_allclose(image, found.lowest[0] * found.mode[0], atol=1e-11)


@pytest.mark.parametrize("size", [1e-8, 1e8])
def test_the_unit_of_energy_does_not_matter(size):
    made, lift, _ = matrices(list(cases().values()))
    found, scaled = measured(made, lift), measured(size * made, size * lift)
    np.testing.assert_array_equal(scaled.negative, found.negative)
    np.testing.assert_array_equal(scaled.degenerate, found.degenerate)
    np.testing.assert_allclose(scaled.lowest / size, found.lowest, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scaled.log_product[0] - found.log_product[0], 35 * np.log(size))


def test_single_precision():
    made, lift, spectra = matrices([cases()["minimum"], cases()["transition state"]])
    found = measured(made.astype("float32"), lift.astype("float32"))
    assert found.negative.tolist() == [0, 1] and not found.degenerate.any()
    np.testing.assert_allclose(found.lowest, spectra.min(axis=1), atol=1e-6 * lift.max())


def test_a_matrix_out_of_the_ordinary_leaves_its_neighbours_alone():
    made, lift, _ = matrices(list(cases().values()))
    together = measured(made, lift)
    alone = measured(made[[0, 0, 0, 0, 0, 1]], lift[[0, 0, 0, 0, 0, 1]])
    for whole, part in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_array_equal(whole[:2], part[[0, 5]])
