"""Ewald's sum against Madelung's constants, another program, differences, and quartz."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import Buckingham, Ionic, LennardJones, VariableCell, bks

FCC = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
# Of one formula unit at unit distance of nearest neighbours: B. R. A. Nijboer and F. W. de Wette,
# Physica 23, 309 (1957) give these digits and fewer; here as computed by D. Bailey, J. Borwein,
# R. Crandall and I. Zucker, J. Phys. A 46, 115203 (2013), where NaCl and CsCl have many more.
MADELUNG = {
    "NaCl": (2.0, FCC, FCC + [0.5, 0, 0], 1.7475645946331822),
    "CsCl": (2 / 3**0.5, np.zeros((1, 3)), np.full((1, 3), 0.5), 1.7626747730709884),
    "ZnS": (4 / 3**0.5, FCC, FCC + 0.25, 1.6380550533887894),
}
CELL = np.array([[4.9, 0.0, 0.0], [-2.4, 4.3, 0.0], [0.1, 0.2, 5.4]])
KINDS = ["Si"] * 3 + ["O"] * 6
PLACES = np.array(list(np.ndindex(2, 3, 2)))[:9] / [2, 3, 2]
ATOMS = PLACES @ CELL + 0.1 * np.random.default_rng(0).normal(size=(9, 3))


@pytest.fixture(scope="module")
def calls():
    return (
        eqx.filter_jit(lambda p, x: p.energy_and_gradient(x)),
        eqx.filter_jit(lambda p, x, v: p.products(x, v)),
        eqx.filter_jit(lambda p, x: p.energy_gradient_hessian(x)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", MADELUNG)
def test_madelung_constants(calls, name):
    edge, plus, minus, wanted = MADELUNG[name]
    x = edge * np.concatenate([plus, minus])
    model = Ionic(
        {"+": 1.0, "-": -1.0},
        [edge] * 3,
        species="+" * len(plus) + "-" * len(minus),
        cutoff=3.0 * edge,
        accuracy=1e-15,
        coulomb=1.0,
    )
    energy, gradient = calls[0](model, x.ravel())
    np.testing.assert_allclose(-energy / len(plus), wanted, rtol=1e-13)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)


@pytest.mark.slow
def test_quartz_has_the_energy_that_lammps_gives_it(calls):
    # LAMMPS of 22 July 2025, pair_style buck/coul/long 10.0, kspace_style ewald 1e-8, the
    # structure of experiment: energy, the pull on the first Si along x, and on the first O.
    a, c, u, (x, y, z) = 4.9134, 5.4052, 0.4697, (0.4133, 0.2672, 0.2144)
    cell = np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])
    places = [[u, 0, 1 / 3], [0, u, 2 / 3], [-u, -u, 0], [x, y, z]]
    places += [[-y, x - y, z + 1 / 3], [y - x, -x, z + 2 / 3], [y, x, -z]]
    places += [[x - y, -y, 2 / 3 - z], [-x, y - x, 1 / 3 - z]]
    # Switched off at the very end, as LAMMPS does not do at all: no pair is there.
    model = bks(cell, KINDS, onset=9.9999)
    energy, gradient = calls[0](model, (np.array(places) @ cell).ravel())
    np.testing.assert_allclose(energy, LAMMPS[0], rtol=2e-7)
    np.testing.assert_allclose(-np.asarray(gradient)[[0, 9, 10, 11]], LAMMPS[1:], atol=2e-6)


LAMMPS = (-174.79864675665434, -0.47619653, 0.904702977, 0.657990623, -0.420344947)


@pytest.mark.slow
def test_derivatives_are_those_of_the_energy(calls):
    model, x = bks(CELL, KINDS, cutoff=6.0), jnp.asarray(ATOMS.ravel())
    v, h = np.random.default_rng(1).normal(size=27), 1e-5
    (up, above), (down, below) = (calls[0](model, x + step * v) for step in (h, -h))
    energy, gradient, hessian = calls[2](model, x)
    np.testing.assert_allclose(gradient @ v, (up - down) / (2 * h), rtol=1e-8)
    np.testing.assert_allclose(hessian @ v, (above - below) / (2 * h), rtol=1e-7, atol=1e-3)
    again = calls[1](model, x, jnp.asarray(v)[None])
    np.testing.assert_allclose(again[0], energy, rtol=1e-13)
    np.testing.assert_allclose(again[2][0], hessian @ v, rtol=1e-9, atol=1e-8)
    # Points in columns are points.
    both = calls[0](model, jnp.stack([x, x + h * v], axis=1))[0]
    np.testing.assert_allclose(both, [energy, up], rtol=1e-13)


@pytest.mark.slow
def test_parameters_are_differentiable(calls):
    model, x = bks(CELL, KINDS, cutoff=6.0), jnp.asarray(ATOMS.ravel())
    slopes = eqx.filter_jit(eqx.filter_grad(lambda p, x: p(x)))(model, x)
    for where, slope, h in (
        (lambda p: p.pairs.law.law.C, np.sum(slopes.pairs.law.law.C), 1e-2),
        # Charges that stay neutral.
        (lambda p: p.charges, slopes.charges @ np.array([2.0, -1.0]), np.array([2e-5, -1e-5])),
    ):
        ahead, behind = (
            calls[0](eqx.tree_at(where, model, where(model) + sign * h), x)[0] for sign in (1, -1)
        )
        step = 1e-5 if np.ndim(h) else h
        np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-7)


@pytest.mark.slow
def test_it_is_made_where_parameters_are_traced():
    x = jnp.array([0.1, 0.0, 0.0, 1.4, 1.5, 1.6])

    def energy(charge, rho):
        model = Ionic(
            {"+": charge, "-": -charge},
            [3.0] * 3,
            species="+-",
            laws={("+", "-"): Buckingham(500.0, rho, 9.0)},
            cutoff=3.0,
            accuracy=1e-6,
        )
        return model.plain_energy(x)

    value, slopes = jax.jit(jax.value_and_grad(energy, argnums=(0, 1)))(1.1, 0.3)
    np.testing.assert_allclose(value, energy(1.1, 0.3), rtol=1e-12)
    for axis, step in ((0, [1e-4, 0.0]), (1, [0.0, 1e-4])):
        by_difference = energy(1.1 + step[0], 0.3 + step[1]) - energy(1.1 - step[0], 0.3 - step[1])
        np.testing.assert_allclose(slopes[axis], by_difference / 2e-4, rtol=1e-6)


@pytest.mark.slow
def test_a_strained_cell_has_the_energy_of_a_new_one(calls):
    pressure, h = 0.01, 1e-5
    model = VariableCell(bks(CELL, KINDS, cutoff=6.0, slack=0.2), atoms=9, pressure=pressure)
    rng = np.random.default_rng(2)
    x, v = jnp.asarray(np.r_[ATOMS.ravel(), 0.05 * rng.normal(size=6)]), rng.normal(size=33)
    energy, gradient = calls[0](model, x)
    cell = np.asarray(model.cell_of(x))
    new = bks(cell, KINDS, cutoff=6.0)
    bare = calls[0](new, np.asarray(model.positions_of(x)).ravel())[0]
    volume = abs(np.linalg.det(cell))
    np.testing.assert_allclose(energy, bare + pressure * volume, rtol=1e-9)
    (up, above), (down, below) = (calls[0](model, x + step * v) for step in (h, -h))
    np.testing.assert_allclose(gradient @ v, (up - down) / (2 * h), rtol=1e-8)
    change = calls[1](model, x, jnp.asarray(v)[None])[2][0]
    np.testing.assert_allclose(change, (above - below) / (2 * h), rtol=1e-6, atol=1e-3)


@pytest.mark.slow
def test_quartz_at_rest_is_as_hard_as_published(calls):
    surface = js.systems.silica(variable_cell=True)
    x = surface.sampler.point
    energy, gradient, hessian = calls[2](surface.function, x)
    np.testing.assert_allclose(gradient, 0.0, atol=2e-4)
    assert np.linalg.eigvalsh(hessian)[3] > 0.1 and surface.symmetry.order(x) == 6
    # Strains e_1 .. e_6 with the atoms at rest, in GPa. Van Beest, Kramer and van Santen (1990),
    # as quoted in npj Comput. Mater. 10, 218 (2024), table 2. They do not say how their sums end.
    soft = hessian[:27, 27:]
    bent = hessian[27:, 27:] - soft.T @ np.linalg.pinv(hessian[:27, :27], rcond=1e-9) @ soft
    length = float(surface.function.length) * np.array([1, 1, 1, *[0.5**0.5] * 3])
    stiff = bent * length[:, None] * length / np.linalg.det(surface.function.cell) * 160.2176634
    found = [stiff[i, j] for i, j in ((0, 0), (2, 2), (3, 3), (5, 5), (0, 1), (0, 2), (0, 3))]
    np.testing.assert_allclose(found, [90.6, 107.0, 50.2, 41.2, 8.1, 15.2, -17.6], rtol=0.05)
    np.testing.assert_allclose(stiff[1, 1], stiff[0, 0], rtol=1e-4)


@pytest.mark.slow
def test_laws_end_smoothly():
    # Two neutral pairs of nothing: what is left is the law alone, switched off before the end.
    law = {("A", "A"): Buckingham(0.0, 1.0, 500.0, wall=3.0, core=2.0)}
    model = Ionic({"A": 0.0}, [14.0] * 3, species="AA", laws=law, cutoff=5.0, onset=4.0)
    r = 5.0 + 1e-3 * np.array([-3, -2, -1, 0, 1])
    points = np.zeros((6, 5))
    points[3] = r
    value = np.asarray(eqx.filter_jit(lambda p, x: p(x))(model, jnp.asarray(points)))
    bend = np.diff(value, 2) / 1e-6
    assert abs(value[3:]).max() == 0 and abs(bend).max() < 0.03
    assert value[0] != 0


def salt(laws):
    return Ionic({"A": 1.0, "B": -1.0}, [3.0] * 3, species="AB", laws=laws)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ionic({"A": 1.0}, [3.0] * 3, species="AA"), "has a charge of 2"),
        (lambda: Ionic({"A": 1.0}, [3.0] * 3, species="AB"), r"charges has none for \['B'\]"),
        (lambda: Ionic({"A": 0.0}, [3.0] * 3, species="AA", cutoff=-1.0), "cutoff is -1.0"),
        (lambda: Ionic({"A": 0.0}, [3.0] * 3, species="AA", accuracy=1.0), "accuracy is 1.0"),
        (lambda: Ionic({"A": 0.0}, [3.0] * 3, species="AA", onset=11.0), "onset is 11.0"),
        (lambda: Ionic({"A": 0.0}, [3.0, 0.0, 3.0], species="AA"), "no volume"),
        (
            lambda: Ionic(
                {"A": 1.0, "B": -1.0},
                [3.0] * 3,
                species="AB",
                laws={("A", "B"): LennardJones()},
            ),
            "laws has none for",
        ),
        (lambda: bks([5.0] * 3, ["Si", "O"]), "has a charge of 1.2"),
        (lambda: bks([5.0] * 3, ["Si", "O", "O"])(jnp.zeros(6)), "species names 3 atoms"),
        (lambda: js.systems.silica(0), "cells is 0"),
        (lambda: js.systems.silica(pressure=0.1), "variable_cell=True"),
        (lambda: Buckingham(1.0, 0.0), "rho is 0.0"),
        (lambda: salt({("A", "b"): Buckingham()}), r"laws names \('A', 'b'\)"),
        (lambda: salt({("A", "B"): Buckingham(), ("B", "A"): Buckingham(1.0)}), "they differ"),
        (lambda: salt({("A", "B"): 3.0}), "is 3.0; pass a potential"),
        (lambda: Ionic({"A": np.nan}, [3.0] * 3, species="AA"), "has a charge of nan"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
