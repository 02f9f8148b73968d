"""Cells that change: against potentials made for the new cell, and silicon's own lattice."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import LennardJones, Periodic, StillingerWeber, VariableCell

REFERENCE = 5.43 * np.eye(3) + 0.2 * np.random.default_rng(0).normal(size=(3, 3))
CELL = REFERENCE @ (np.eye(3) + 0.03 * np.random.default_rng(1).normal(size=(3, 3)))
DIAMOND = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0]]) / 4
DIAMOND = np.concatenate([DIAMOND, DIAMOND + 0.25])
ATOMS = DIAMOND @ CELL + 0.1 * np.random.default_rng(2).normal(size=(8, 3))
PRESSURE = 0.01
# Bonds of 2^(1/6) sigma, all angles tetrahedral: -2 epsilon an atom, by construction.
CONSTANT = 4 / 3**0.5 * 2 ** (1 / 6) * 2.0951


def silicon(cell, slack=0.0):
    return StillingerWeber(cell, slack=slack)


def pairs(cell, slack=0.0):
    return Periodic(LennardJones(1.0, 2.2), cell, cutoff=4.0, slack=slack)


@pytest.fixture(scope="module")
def calls():
    return (
        eqx.filter_jit(lambda p, x: p(x)),
        eqx.filter_jit(lambda p, x: p.energy_and_gradient(x)),
        eqx.filter_jit(lambda p, x, v: p.products(x, v)),
        eqx.filter_jit(lambda p, x: p.stress(x)),
    )


@pytest.mark.parametrize("make", [pytest.param(silicon, marks=pytest.mark.slow), pairs])
def test_the_enthalpy_is_that_of_the_new_cell(calls, make):
    energy, gradient, products, stress = calls
    model = VariableCell(make(REFERENCE, slack=0.3), atoms=8, pressure=PRESSURE)
    x, v = jnp.asarray(model.point(ATOMS, CELL)), np.random.default_rng(3).normal(size=30)
    volume = abs(np.linalg.det(CELL))
    new = make(CELL)
    bare = float(energy(new, jnp.asarray(ATOMS.ravel())))
    np.testing.assert_allclose(energy(model, x), bare + PRESSURE * volume, rtol=1e-12)

    # The cell comes out turned, its shape is the given one.
    cell, places = np.asarray(model.cell_of(x)), np.asarray(model.positions_of(x))
    np.testing.assert_allclose(cell @ cell.T, CELL @ CELL.T, atol=1e-12)
    np.testing.assert_allclose(places @ places.T, ATOMS @ ATOMS.T, atol=1e-12)

    value, slopes = gradient(model, x)
    h = 1e-5
    ahead, behind = (energy(model, x + step * v) for step in (h, -h))
    np.testing.assert_allclose(slopes @ v, (ahead - behind) / (2 * h), rtol=1e-6)
    ahead, behind = (gradient(model, x + step * v)[1] for step in (h, -h))
    found = products(model, x, jnp.asarray(v)[None])
    np.testing.assert_allclose(found[0], value, rtol=1e-12)
    np.testing.assert_allclose(found[2][0], (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-5)

    # Stress: the energy of cells strained a little more, over the volume.
    tension = np.asarray(stress(model, x))
    for i, j in ((0, 0), (0, 1)):
        strain = np.zeros((3, 3))
        strain[i, j] += 0.5e-5
        strain[j, i] += 0.5e-5
        strained = [
            energy(model, jnp.asarray(model.point(places @ bend, cell @ bend)))
            - PRESSURE * abs(np.linalg.det(cell @ bend))
            for bend in (np.eye(3) + strain, np.eye(3) - strain)
        ]
        slope = (strained[0] - strained[1]) / 2e-5 / volume
        np.testing.assert_allclose(tension[i, j], slope, rtol=1e-5, atol=1e-8)


def test_any_function_of_positions_and_cell_will_do():
    def springs(x, cell):
        return jnp.sum((x.reshape(-1, 3)[0] - x.reshape(-1, 3)[1]) ** 2) + jnp.sum(cell**2)

    model = VariableCell(springs, atoms=2, cell=[2.0, 3.0, 4.0], pressure=1.0)
    x = jnp.asarray(model.point(np.eye(3)[:2], np.diag([2.1, 3.0, 4.0])))
    np.testing.assert_allclose(model(x), 2.0 + 2.1**2 + 25.0 + 2.1 * 12.0, rtol=1e-12)
    assert model.products is None and not model.trailing_lanes
    assert np.isfinite(jax.grad(model)(x)).all()


@pytest.mark.slow
def test_silicon_finds_diamond_whatever_its_cell_was():
    surface = js.systems.silicon(1, variable_cell=True)
    x = np.array(surface.sample(jax.random.key(0), 4))
    x[:, -6:] += np.random.default_rng(0).uniform(-1.0, 1.0, (4, 6))  # strains of up to 13 percent
    found = js.minimise(surface, x)
    lowest = found.take(found.ok & (found.energy < found.energy.min() + 1e-6))
    assert len(lowest) >= 2
    for point in lowest.x:
        cell = np.asarray(surface.function.cell_of(point))
        np.testing.assert_allclose(cell @ cell.T, CONSTANT**2 * np.eye(3), atol=1e-5 * CONSTANT)
        np.testing.assert_allclose(surface.function.stress(point), 0.0, atol=1e-7)
        assert surface.symmetry.order(point) == 192
    np.testing.assert_allclose(lowest.energy / 8, -2 * 2.1683, atol=1e-5)
    assert len(js.Landscape(surface).add(lowest).new) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VariableCell(StillingerWeber(), atoms=8), "no cell"),
        (lambda: VariableCell(3, atoms=8), "function is 3"),
        (lambda: VariableCell(silicon(CELL), atoms=0), "atoms is 0"),
        (lambda: VariableCell(silicon(CELL), atoms=8, pressure=np.nan), "pressure is nan"),
        (lambda: VariableCell(silicon(CELL), atoms=8)(jnp.zeros(24)), "x has 24 coordinates"),
        (
            lambda: VariableCell(
                Periodic(LennardJones(), [9.0] * 3, cutoff=3.0, frozen=np.zeros((1, 3))), atoms=1
            ),
            "holds atoms",
        ),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_reference_cell_other_than_the_potentials_is_refused():
    with pytest.raises(ValueError, match="the potential has another"):
        VariableCell(StillingerWeber([5.431] * 3), atoms=8, cell=[6.0] * 3)
    with pytest.raises(ValueError, match="the potential has no cell"):
        VariableCell(StillingerWeber(), atoms=8, cell=[5.431] * 3)
