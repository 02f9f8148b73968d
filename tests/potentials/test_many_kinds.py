"""Potentials of mixtures, metals, water, carbon and spins: derivatives, and published values."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape._compilation import jit_quickly
from jaxscape.potentials import (
    GUPTA,
    SUTTON_CHEN,
    TIP4P,
    Cut,
    Dzugutov,
    Gupta,
    LennardJones,
    LennardJonesMixture,
    PSpin,
    SuttonChen,
    Tersoff,
    kob_andersen,
    random_couplings,
)
from jaxscape.surface import Surface, lane_hessian, lane_hvp, lane_value_and_grad

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "clusters.json").read_text())


def atoms(n, spread):
    return spread * np.random.default_rng(n).normal(size=3 * n)


def molecules(n):
    return (atoms(n, 3.0).reshape(-1, 1, 3) + atoms(3 * n, 0.5).reshape(-1, 3, 3)).ravel()


# Potential, point, and the energy by a plain double sum where there is one.
CASES = {
    "mixture": (
        LennardJonesMixture("ABCAB", 1.1, [[1, 1.1, 0.9], [1.1, 1.2, 1], [0.9, 1, 0.8]]),
        atoms(5, 1.2),
    ),
    "cut": (kob_andersen("ABABA"), atoms(5, 0.9)),
    "dzugutov": (Dzugutov(), atoms(5, 0.9)),
    "gupta": (Gupta.of(["Ag", "Cu", "Ag", "Cu", "Ag"]), atoms(5, 2.2)),
    "sutton_chen": (SuttonChen.of(["Ag", "Cu", "Ag", "Cu", "Ag"]), atoms(5, 2.2)),
    "water": (TIP4P(), molecules(2)),
    "carbon": (Tersoff(neighbours=4), atoms(6, 1.0)),
    "p_spin": (PSpin(random_couplings(5)), atoms(5, 1.0)[:5]),
}


@jit_quickly
def everything(potential, x, v):
    """Energies, gradients and products of points in columns, the Hessian, and by parameters."""
    surface = Surface(potential)
    energy, gradient, product = lane_hvp(surface, x, v[None])
    plain = lane_value_and_grad(surface, x)
    slopes = jax.grad(lambda p: jnp.sum(p(x)))(potential)
    return energy, gradient, product[0], plain, slopes


@pytest.fixture(scope="module", params=list(CASES))
def case(request):
    potential, x = CASES[request.param]
    v = np.random.default_rng(1).normal(size=len(x))
    h = 1e-5
    columns = jnp.array(np.stack([x, x + h * v, x - h * v, x[::-1]], axis=1))
    directions = jnp.broadcast_to(jnp.array(v)[:, None], columns.shape)
    found = everything(potential, columns, directions)
    # All parameters a little larger and smaller: nothing is compiled anew.
    more, less = (jax.tree.map(lambda leaf: s * leaf, potential) for s in (1 + 1e-6, 1 - 1e-6))
    swell = [everything(p, columns, directions)[0].sum() for p in (more, less)]
    return potential, v, h, found, (swell[0] - swell[1]) / 2e-6


def test_derivatives_are_those_of_the_energy(case):
    _, v, h, (energy, gradient, product, plain, _), _ = case
    np.testing.assert_allclose(plain[0], energy, rtol=1e-12)
    np.testing.assert_allclose(plain[1], gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
    slope = (energy[1] - energy[2]) / (2 * h)
    np.testing.assert_allclose(v @ gradient[:, 0], slope, rtol=1e-6)
    bend = (gradient[:, 1] - gradient[:, 2]) / (2 * h)
    np.testing.assert_allclose(product[:, 0], bend, rtol=1e-5, atol=1e-6 * np.abs(bend).max())


def test_derivatives_by_parameters_are_those_of_the_energy(case):
    potential, *_, (*_, slopes), swell = case
    pairs = zip(jax.tree.leaves(potential), jax.tree.leaves(slopes), strict=True)
    told = sum(float(jnp.sum(leaf * slope)) for leaf, slope in pairs)
    assert told == pytest.approx(float(swell), rel=1e-6)


@jit_quickly
def dense(potential, x):
    return lane_hessian(Surface(potential), x)


def test_the_hessian_of_a_metal_is_made_of_its_products():
    potential, x = CASES["gupta"]
    energy, gradient, hessian = dense(potential, jnp.array(np.stack([x, x[::-1]], axis=1)))
    eye = jnp.eye(15)[:, :, None] * jnp.ones(2)
    plain = everything(potential, jnp.array(np.stack([x, x[::-1]], axis=1)), eye[0])
    np.testing.assert_allclose(energy, plain[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, plain[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hessian[0], plain[2], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hessian, np.swapaxes(hessian, 0, 1), atol=1e-9)
