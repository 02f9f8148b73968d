"""Silicon against sums over triples written out, and against the crystal it was made for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape.potentials import StillingerWeber

DIAMOND = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0]]) / 4
DIAMOND = np.concatenate([DIAMOND, DIAMOND + 0.25])
# Bonds of 2^(1/6) sigma: the pair energy has its minimum there, and all angles are tetrahedral.
CONSTANT = 4 / 3**0.5 * 2 ** (1 / 6) * 2.0951


def written_out(atoms, cell=None):
    """The energy by pairs and triples, as in the paper."""
    eps, sigma, a = 2.1683, 2.0951, 1.8
    grid = [(0, 0, 0)] if cell is None else list(np.ndindex(5, 5, 5))
    energy = 0.0
    for centre in atoms:
        arms = []
        for other in atoms:
            for shift in grid:
                move = 0 if cell is None else (np.array(shift) - 2) @ cell
                arm = (other + move - centre) / sigma
                if 1e-9 < np.linalg.norm(arm) < a:
                    arms.append(arm)
        lengths = [np.linalg.norm(arm) for arm in arms]
        for s in lengths:
            energy += 0.5 * 7.049556277 * (0.6022245584 / s**4 - 1) * np.exp(1 / (s - a))
        for k in range(len(arms)):
            for m in range(k):
                cosine = arms[k] @ arms[m] / (lengths[k] * lengths[m])
                decay = np.exp(1.2 / (lengths[k] - a) + 1.2 / (lengths[m] - a))
                energy += 21.0 * (cosine + 1 / 3) ** 2 * decay
    return eps * energy


def test_a_cluster_is_the_sum_over_pairs_and_triples():
    rng = np.random.default_rng(0)
    potential = eqx.filter_jit(StillingerWeber())
    for _ in range(3):
        atoms = 2.2 * rng.uniform(-1.2, 1.2, (7, 3))
        np.testing.assert_allclose(potential(atoms.ravel()), written_out(atoms), rtol=1e-10)


@pytest.fixture(scope="module")
def crystal():
    cell = 5.43 * np.eye(3) + 0.1 * np.random.default_rng(1).normal(size=(3, 3))
    atoms = DIAMOND @ cell + 0.1 * np.random.default_rng(2).normal(size=(8, 3))
    return StillingerWeber(cell), cell, atoms


def test_a_cell_smaller_than_the_cutoff_has_all_its_images(crystal):
    potential, cell, atoms = crystal
    assert len(potential.images.shifts) == 19  # of 27: those to the corners are out of reach
    energy = eqx.filter_jit(potential)
    expected = written_out(atoms, cell)
    np.testing.assert_allclose(energy(atoms.ravel()), expected, rtol=1e-10)
    away = atoms + np.array([[3, -1, 2]] * 4 + [[0, 0, -4]] * 4) @ cell
    np.testing.assert_allclose(energy(away.ravel()), expected, rtol=1e-10)


def test_derivatives_are_those_of_the_energy(crystal):
    potential, cell, atoms = crystal
    x, v = jnp.asarray(atoms.ravel()), jnp.asarray(np.random.default_rng(3).normal(size=24))
    grad = eqx.filter_jit(lambda y: jax.grad(potential)(y))
    energy = eqx.filter_jit(potential)
    slope = (energy(x + 1e-5 * v) - energy(x - 1e-5 * v)) / 2e-5
    np.testing.assert_allclose(grad(x) @ v, slope, rtol=1e-7)
    product = eqx.filter_jit(lambda y: jax.jvp(jax.grad(potential), (y,), (v,))[1])(x)
    bend = (grad(x + 1e-5 * v) - grad(x - 1e-5 * v)) / 2e-5
    np.testing.assert_allclose(product, bend, rtol=1e-5, atol=1e-5)


def test_points_in_columns_are_points_one_by_one(crystal):
    potential, _, atoms = crystal
    x = np.stack([atoms.ravel(), atoms.ravel() + 0.1 * np.arange(24) % 0.3], axis=1)
    energy = eqx.filter_jit(potential)
    np.testing.assert_allclose(energy(x), [energy(x[:, 0]), energy(x[:, 1])], rtol=1e-12)


@pytest.mark.slow
def test_diamond_has_the_energy_and_lattice_constant_of_the_paper():
    # -2 epsilon an atom and 5.431 Angstrom, by construction of the potential.
    potential = StillingerWeber(5.4 * np.eye(3))

    @eqx.filter_jit
    def of_constant(a):
        cell = a * jnp.eye(3)
        return eqx.tree_at(lambda p: p.images.cell, potential, cell)((DIAMOND @ cell).ravel()) / 8

    def push(f, a):
        return jax.jvp(f, (a,), (1.0,))

    # The pressure, and its change: derivatives by the cell.
    both = eqx.filter_jit(lambda a: push(lambda b: push(of_constant, b)[1], a))
    a = 5.4
    for _ in range(6):
        slope, bend = both(a)
        a = a - float(slope / bend)
    np.testing.assert_allclose(a, CONSTANT, atol=1e-5)
    np.testing.assert_allclose(a, 5.4310, atol=1e-4)
    np.testing.assert_allclose(of_constant(a), -2 * 2.1683, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StillingerWeber(np.zeros((3, 3))), "no volume"),
        (lambda: StillingerWeber(np.eye(2)), r"shape \(2, 2\)"),
        (lambda: StillingerWeber()(jnp.zeros(4)), "not three per atom"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
