"""Periodic pairs against sums over images written out, another program, and their own limits."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import systems
from jaxscape.potentials import LennardJones, Morse, Periodic

LAWS = {("A", "A"): (1.0, 1.0), ("A", "B"): (1.5, 0.8), ("B", "B"): (0.5, 0.88)}
CELL = np.array([[4.0, 0.0, 0.0], [0.7, 3.8, 0.0], [-0.3, 0.4, 3.6]])
KINDS = "AABABAB"  # the last two are held


def potential(smoothness=2):
    laws = {pair: LennardJones(*values) for pair, values in LAWS.items()}
    cutoff = {pair: 2.5 * values[1] for pair, values in LAWS.items()}
    return Periodic(
        laws, CELL, cutoff=cutoff, smoothness=smoothness, species=KINDS, frozen=atoms()[5:]
    )


def atoms():
    grid = np.array(list(np.ndindex(2, 2, 2)))[:7] / 2
    return (grid + 0.08 * np.random.default_rng(0).uniform(-1, 1, (7, 3))) @ CELL


def written_out(free, smoothness):
    """The energy by pairs and images, with the Taylor polynomial in r^2 taken off."""
    places = np.concatenate([free.reshape(-1, 3), atoms()[5:]])
    shifts = (np.array(list(np.ndindex(5, 5, 5))) - 2) @ CELL
    energy = 0.0
    for i, j in np.ndindex(7, 7):
        if i >= 5 and j >= 5:
            continue
        epsilon, sigma = LAWS.get((KINDS[i], KINDS[j])) or LAWS[KINDS[j], KINDS[i]]
        s = np.sum((places[i] - places[j] + shifts) ** 2, axis=1)
        c = (2.5 * sigma) ** 2
        s = s[(s > 1e-9) & (s < c)]
        a, b = 4 * epsilon * sigma**12, 4 * epsilon * sigma**6
        pair = a / s**6 - b / s**3
        slopes = [a / c**6 - b / c**3, -6 * a / c**7 + 3 * b / c**4, 21 * a / c**8 - 6 * b / c**5]
        for order in range(smoothness + 1):
            pair = pair - slopes[order] * (s - c) ** order
        energy += 0.5 * np.sum(pair)
    return energy


@pytest.fixture(scope="module")
def calls():
    """Compiled once: energy and gradient, products, Hessian."""
    return (
        eqx.filter_jit(lambda p, x: p.energy_and_gradient(x)),
        eqx.filter_jit(lambda p, x, v: p.products(x, v)),
        eqx.filter_jit(lambda p, x: p.energy_gradient_hessian(x)),
    )


@pytest.mark.parametrize("smoothness", [0, 2])
def test_all_images_of_several_kinds_some_held(calls, smoothness):
    x, v = atoms()[:5].ravel(), np.random.default_rng(1).normal(size=15)
    energy, gradient = calls[0](potential(smoothness), jnp.asarray(x))
    np.testing.assert_allclose(energy, written_out(x, smoothness), rtol=1e-12)
    ahead, behind = (written_out(x + h * v, smoothness) for h in (1e-6, -1e-6))
    np.testing.assert_allclose(gradient @ v, (ahead - behind) / 2e-6, rtol=1e-6)
    away = x + (np.array([[1, -2, 0]] * 5) @ CELL).ravel()
    np.testing.assert_allclose(calls[0](potential(smoothness), away)[0], energy, rtol=1e-12)


@pytest.mark.slow
def test_second_derivatives_are_those_of_the_gradient(calls):
    rng = np.random.default_rng(2)
    model, x = potential(), jnp.asarray(atoms()[:5].ravel())
    v = rng.normal(size=(2, 15))
    ahead, behind = (calls[0](model, x + h * v[0])[1] for h in (1e-6, -1e-6))
    energy, gradient, hessian = calls[2](model, x)
    np.testing.assert_allclose(hessian @ v[0], (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-5)
    again = calls[1](model, x, jnp.asarray(v))
    np.testing.assert_allclose(again[0], energy, rtol=1e-12)
    np.testing.assert_allclose(again[1], gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(again[2], v @ hessian, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_parameters_are_differentiable(calls):
    model, x = potential(), jnp.asarray(atoms()[:5].ravel())
    by_sigma = eqx.filter_jit(eqx.filter_grad(lambda p, x: p(x)))(model, x).law.sigma
    assert by_sigma.shape == (2, 2)
    ahead, behind = (
        calls[0](eqx.tree_at(lambda p: p.law.sigma, model, model.law.sigma + h), x)[0]
        for h in (1e-6, -1e-6)
    )
    np.testing.assert_allclose(by_sigma.sum(), (ahead - behind) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("smoothness", [0, 1, 2])
def test_nothing_jumps_at_the_cutoff(smoothness):
    pair = Periodic(Morse(3.0), [8.0] * 3, cutoff=2.0, smoothness=smoothness)
    r = np.array([2.0 - 2e-4, 2.0 - 1e-4, 2.0, 2.0 + 1e-4, 2.0 + 2e-4])
    points = np.zeros((6, 5))
    points[3] = r
    value = np.asarray(pair(jnp.asarray(points)))
    slope = np.diff(value) / 1e-4
    bend = np.diff(slope) / 1e-4
    found = [abs(value[2]), np.abs(slope).max(), np.abs(bend).max()]
    # What is taken care of vanishes with the step, what comes next does not.
    assert all(one < 0.02 for one in found[: smoothness + 1])
    assert all(one > 0.05 for one in found[smoothness + 1 :])
    assert (value[3:] == 0).all()


def test_a_binary_liquid_has_the_energy_that_pele_gives_it():
    # pele 0.1.2, BLJBulk(30, [5.2] * 3, ntypeA=24): Stoddard and Ford's form, smoothness 1.
    laws = {pair: LennardJones(*values) for pair, values in LAWS.items()}
    cutoff = {pair: 2.5 * values[1] for pair, values in LAWS.items()}
    model = Periodic(laws, [5.2] * 3, cutoff=cutoff, smoothness=1, species="A" * 24 + "B" * 6)
    grid = np.array(list(np.ndindex(4, 4, 2)))[:30] * np.array([1.3, 1.3, 2.6])
    x = (grid + 0.1 * np.sin(1.7 * np.arange(90).reshape(30, 3))).ravel()
    energy, gradient = eqx.filter_jit(lambda p, x: p.energy_and_gradient(x))(model, x)
    np.testing.assert_allclose(energy, PELE[0], rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(gradient), PELE[1], rtol=1e-10)


PELE = (-30.20854010941294, 9.067228267868213)


def test_columns_are_points_and_single_precision_stays_so():
    surface = systems.kob_andersen(10)
    points = jnp.asarray(np.random.default_rng(0).uniform(0, 2, (30, 3)))
    energies = eqx.filter_jit(lambda s, x: s(x))(surface.function, points)
    assert energies.shape == (3,)
    one = eqx.filter_jit(lambda s, x: s(x))(surface.function, points[:, 1])
    np.testing.assert_allclose(energies[1], one, rtol=1e-10)
    single = jax.eval_shape(surface.function, points[:, 0].astype(jnp.float32))
    assert single.dtype == jnp.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Periodic(LennardJones(), [1.0, 1.0, 0.0], cutoff=1.0), "no volume"),
        (lambda: Periodic(LennardJones(), [1.0] * 3, cutoff=-1.0), "cutoff is -1.0"),
        (lambda: Periodic(LennardJones(), [1.0] * 3, cutoff=1.0, smoothness=3), "smoothness is 3"),
        (lambda: Periodic({}, [1.0] * 3, cutoff=1.0), "pass species="),
        (
            lambda: Periodic({("A", "A"): Morse()}, [1.0] * 3, cutoff=1.0, species="AB"),
            r"no entry for \('A', 'B'\)",
        ),
        (
            lambda: Periodic(LennardJones(), [1.0] * 3, cutoff=1.0, frozen=np.zeros(3)),
            "frozen has shape",
        ),
        (lambda: potential()(jnp.zeros(9)), "species names 7 atoms, but there are 3 free"),
        (lambda: potential()(jnp.zeros(10)), "not three per atom"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_pairs_that_depend_on_the_atoms_are_asked_for_as_a_mapping():
    from jaxscape.potentials import LennardJonesMixture, kob_andersen

    mixture = LennardJonesMixture("AB", [[1.0, 1.5], [1.5, 0.5]], [[1.0, 0.8], [0.8, 0.88]])
    for law in (mixture, kob_andersen("AB")):
        with pytest.raises(ValueError, match="pairs depend on the atoms: pass a mapping"):
            Periodic(law, [8.0] * 3, cutoff=2.5)
    with pytest.raises(ValueError, match="species is given and law is one potential"):
        Periodic(LennardJones(), [8.0] * 3, cutoff=2.5, species="AB")
    laws = {("A", "A"): LennardJones(), ("A", "B"): Morse(), ("B", "B"): LennardJones()}
    with pytest.raises(ValueError, match="pass potentials of one class"):
        Periodic(laws, [8.0] * 3, cutoff=2.5, species=np.array(["A", "B"]))
    with pytest.raises(ValueError, match="slack is 1.0"):
        Periodic(LennardJones(), [8.0] * 3, cutoff=2.5, slack=1.0)
