"""Lists of near atoms: the potential's own energy, wherever atoms go."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import LennardJones, Listed, Morse, Periodic, StillingerWeber
from jaxscape.potentials._cells import sorted_atoms

LAWS = {("A", "A"): (1.0, 1.0), ("A", "B"): (1.5, 0.8), ("B", "B"): (0.5, 0.88)}
CELLS = {
    "cube": np.diag([6.3, 6.0, 6.6]),
    "oblique": np.array([[6.3, 0.0, 0.0], [1.5, 6.2, 0.0], [-1.0, 0.9, 6.6]]),
}


def glass(cell, side=6):
    """`side^3` atoms of two kinds near the sites of a lattice, in `side / 6` of the cell."""
    laws = {pair: LennardJones(*values) for pair, values in LAWS.items()}
    cutoff = {pair: 2.3 * values[1] for pair, values in LAWS.items()}
    count, cell = side**3, side / 6 * cell
    species = ["A"] * (count - count // 6) + ["B"] * (count // 6)
    order = np.random.default_rng(0).permutation(count)
    places = np.array(list(np.ndindex(side, side, side)))[order] / side
    x = places @ cell + 0.05 * np.random.default_rng(1).normal(size=(count, 3))
    return Periodic(laws, cell, cutoff=cutoff, species=species), x.ravel()


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_the_energy_is_that_of_all_pairs(cell):
    model, x = glass(CELLS[cell])
    listed = Listed(model, x, skin=0.3)
    assert 16 <= len(listed.near) < 215
    energy = eqx.filter_jit(lambda p, x: p.energy_and_gradient(x))
    products = eqx.filter_jit(lambda p, x, v: p.products(x, v))
    rng = np.random.default_rng(2)
    v = jnp.asarray(rng.normal(size=(2, len(x))))
    # Half a skin for each atom at most, and all of them far away together.
    near = x + 0.08 * rng.uniform(-1, 1, len(x)) + np.tile([3.0, -9.0, 0.5], 216)
    far = x + 0.3 * rng.uniform(-1, 1, len(x)) + np.tile([-5.0, 2.0, 40.0], 216)
    assert listed.grid is None  # two boxes along each edge
    for y, holds in ((near, True), (far, False)):
        assert bool(listed.holds(jnp.asarray(y))) is holds
        wanted, found = energy(model, y), energy(listed, y)
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-11)
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-9, atol=1e-8)
        for one, other in zip(products(listed, y, v), products(model, y, v), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-6)
    again = listed.at(far)
    assert again.near.shape == listed.near.shape and bool(again.holds(jnp.asarray(far)))
    np.testing.assert_allclose(energy(again, far)[0], energy(model, far)[0], rtol=1e-11)
    # A list that is one atom short gives another energy: it is the list that is summed.
    short = eqx.tree_at(lambda p: p.near, again, again.near[1:])
    assert abs(energy(short, far)[0] - energy(model, far)[0]) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_atoms_that_moved_far_meet_in_boxes(cell):
    model, x = glass(CELLS[cell], 14)
    listed = Listed(model, x, skin=0.2)
    assert listed.grid is not None and min(listed.grid.boxes) >= 4
    energy = eqx.filter_jit(lambda p, x: p.energy_and_gradient(x))
    products = eqx.filter_jit(lambda p, x, v: p.products(x, v))
    rng = np.random.default_rng(4)
    far = x + 0.4 * rng.uniform(-1, 1, len(x)) + np.tile([-5.0, 2.0, 40.0], 2744)
    squeezed = x.copy()
    squeezed[: 3 * 200] *= 0.55  # more in a box than it has room for
    lanes = np.stack([x, far, squeezed], axis=1)
    np.testing.assert_array_equal(listed.holds(jnp.asarray(lanes)), [True, False, False])
    wanted, found = energy(model, lanes), energy(listed, lanes)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-11)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-9, atol=1e-8)
    v = jnp.asarray(rng.normal(size=(2, *lanes.shape)))
    for one, other in zip(products(listed, lanes, v), products(model, lanes, v), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-6)
    # It is the boxes that are summed, which reach no further than they are wide.
    fullest = [
        int(
            sorted_atoms(listed.grid, list(jnp.asarray(lane).reshape(-1, 3).T), listed.cell).fullest
        )
        for lane in lanes.T
    ]
    assert (np.array(fullest) > listed.grid.room).tolist() == [False, False, True]
    lost = eqx.tree_at(lambda p: p.potential.cutoff, listed, 1.2 * model.cutoff)
    assert abs(energy(lost, lanes)[0][1] - energy(lost.potential, lanes)[0][1]) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("side", [6, 14])  # all pairs, and boxes
def test_a_lane_does_not_depend_on_its_company(side):
    model, x = glass(CELLS["cube"], side)
    listed = Listed(model, x, skin=0.3)
    assert (listed.grid is None) == (side == 6)
    energy = eqx.filter_jit(lambda p, x: p.energy_and_gradient(x))
    far = x + 0.3 * np.random.default_rng(3).uniform(-1, 1, len(x))
    mixed, same = (energy(listed, np.stack([x, other], axis=1)) for other in (far, x))
    np.testing.assert_array_equal(mixed[0][0], same[0][0])
    np.testing.assert_array_equal(mixed[1][:, 0], same[1][:, 0])
    np.testing.assert_allclose(mixed[0][1], energy(model, far)[0], rtol=1e-11)


@pytest.mark.slow
def test_it_is_a_surface_like_any_other():
    model, x = glass(CELLS["cube"])
    crystal = js.symmetry.Crystal(cell=CELLS["cube"], species=["A"] * 180 + ["B"] * 36)
    listed = js.Surface(Listed(model, x, skin=0.6), symmetry=crystal, dim=648)
    found = js.minimise(listed, x[None], max_steps=60, certify=False)
    plain = js.minimise(js.Surface(model, symmetry=crystal, dim=648), x[None], max_steps=60,
                        certify=False)  # fmt: skip
    np.testing.assert_allclose(found.energy, plain.energy, rtol=1e-6)
    by_list, by_pairs = (
        eqx.filter_jit(eqx.filter_grad(lambda p: p(jnp.asarray(x))))(p)
        for p in (listed.function, model)
    )
    np.testing.assert_allclose(by_list.potential.law.sigma, by_pairs.law.sigma, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: Listed(LennardJones(), x), "is a LennardJones"),
        (lambda x: Listed(StillingerWeber([9.0] * 3), x), "is a StillingerWeber"),
        (lambda x: Listed(Periodic(Morse(), [5.0] * 3, cutoff=2.5), x), "in so small a cell"),
        (lambda x: Listed(Periodic(Morse(), [9.0] * 3, cutoff=2.5), x, skin=0.0), "skin is 0.0"),
        (lambda x: Listed(Periodic(Morse(), [9.0] * 3, cutoff=2.5), x[:4]), "4 coordinates"),
        (
            lambda x: Listed(Periodic(Morse(), [9.0] * 3, cutoff=2.5, frozen=np.zeros((1, 3))), x),
            "holds atoms",
        ),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.zeros(6))
