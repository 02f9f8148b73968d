"""Moves of clusters: what each keeps and what it changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.moves import (
    Displacement,
    MixedMoves,
    RigidBodies,
    SpeciesExchange,
    Strain,
    SurfaceAtoms,
    Symmetrised,
    Twist,
)

X = jnp.array(np.random.default_rng(0).normal(size=24))
ATOMS = np.asarray(X).reshape(-1, 3)


def moved(move, seed, size=0.3):
    return np.asarray(move(jax.random.key(seed), X, size)).reshape(-1, 3)


def rows_of(atoms):
    return sorted(map(tuple, np.round(atoms, 9)))


def test_exchange_is_a_permutation_of_unlike_atoms():
    species = "AAABBBBB"
    for seed in range(5):
        atoms = moved(SpeciesExchange(species), seed)
        assert rows_of(atoms) == rows_of(ATOMS)
        (changed,) = np.nonzero((atoms != ATOMS).any(axis=1))
        assert {species[i] for i in changed} == {"A", "B"} and len(changed) == 2
    assert (moved(SpeciesExchange(species, swaps=3), 0) != ATOMS).any(axis=1).sum() >= 2


def test_squeezed_large_atoms_make_room():
    # Two rows: in the first atoms are too close for large ones, in the second there is room.
    place = np.array([[0.9 * k, 0.0, 0.0] for k in range(8)] + [[1.5 * k, 9, 0] for k in range(8)])
    species = "AAAABBBB" * 2
    x = jnp.array(place.ravel())
    for sizes, larger in (({"A": 1.0, "B": 1.4}, "B"), ({"A": 1.4, "B": 1.0}, "A")):
        move = SpeciesExchange(species, sizes=sizes, bias=8.0)
        for seed in range(8):
            atoms = np.asarray(move(jax.random.key(seed), x, 0.1)).reshape(-1, 3)
            (changed,) = np.nonzero((atoms != place).any(axis=1))
            assert sorted(species[i] for i in changed) == ["A", "B"]
            for i in changed:
                assert (i < 8) == (species[i] == larger)
    even = SpeciesExchange(species, sizes={"A": 1.0, "B": 1.4}, bias=0.0)
    drawn = [np.asarray(even(jax.random.key(s), x, 0.1)).reshape(-1, 3) for s in range(60)]
    chosen = np.array([(atoms != place).any(axis=1) for atoms in drawn])
    assert chosen.sum(axis=0).min() > 0


def test_loose_atoms_go_to_the_surface():
    loose = ATOMS.copy()
    loose[3] = [30.0, 0.0, 0.0]
    x = jnp.array(loose.ravel())
    atoms = np.asarray(SurfaceAtoms()(jax.random.key(0), x, 0.1)).reshape(-1, 3)
    assert np.flatnonzero((atoms != loose).any(axis=1)).tolist() == [3]
    away = np.linalg.norm(atoms - loose.mean(0), axis=1)
    assert away[3] == pytest.approx(np.delete(away, 3).max())


def turned(atoms, order):
    turn = 2 * np.pi / order
    rotation = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    return atoms @ rotation.T


@pytest.mark.parametrize("order", [2, 3, 4])
def test_symmetrised_atoms_go_round_an_axis(order):
    for seed in range(4):
        atoms = np.asarray(Symmetrised((order,))(jax.random.key(seed), X, 0.0)).reshape(-1, 3)
        apart = atoms - atoms.mean(axis=0)
        assert rows_of(np.round(turned(apart, order), 6) + 0.0) == rows_of(np.round(apart, 6) + 0.0)
        # One sector and the axis are the atoms that were there.
        kept = np.linalg.norm(atoms[:, None] - ATOMS, axis=-1).min(axis=1) < 1e-9
        assert kept.sum() >= 2
        again = Symmetrised((order,))(jax.random.key(seed), jnp.array(apart.ravel()), 0.0)
        again = np.asarray(again).reshape(-1, 3)
        assert rows_of(np.round(again, 6) + 0.0) == rows_of(np.round(apart, 6) + 0.0)
        rough = np.asarray(Symmetrised((order,))(jax.random.key(seed), X, 0.3)).reshape(-1, 3)
        assert 1e-4 < np.abs(rough - atoms).max()


def test_kinds_go_round_by_themselves():
    species = "AAABBBBB"
    for seed in range(4):
        atoms = np.asarray(Symmetrised((2, 3), species)(jax.random.key(seed), X, 0.0))
        apart = atoms.reshape(-1, 3) - ATOMS.mean(axis=0)
        assert any(
            all(
                rows_of(np.round(turned(part, order), 6) + 0.0) == rows_of(np.round(part, 6) + 0.0)
                for part in (apart[:3], apart[3:])
            )
            for order in (2, 3)
        )


def test_no_atom_is_lost_where_distances_from_the_axis_are_equal():
    ring = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [2, 0, 1], [0, 2, 1.0]])
    for seed in range(4):
        atoms = Symmetrised((4,))(jax.random.key(seed), jnp.array(ring.ravel()), 0.2)
        atoms = np.asarray(atoms).reshape(-1, 3)
        assert np.linalg.norm(atoms[:, None] - atoms, axis=-1)[np.triu_indices(6, 1)].min() > 1e-2


def test_bodies_stay_rigid():
    atoms = moved(RigidBodies(4), 1).reshape(2, 4, 3)
    old = ATOMS.reshape(2, 4, 3)
    for new, before in zip(atoms, old, strict=True):
        np.testing.assert_allclose(
            *(np.linalg.norm(a[:, None] - a, axis=-1) for a in (new, before)), atol=1e-12
        )
        assert np.abs(new.mean(0) - before.mean(0)).max() <= 0.3
        assert np.abs(new - before).max() > 0.1


def test_a_twist_keeps_both_sides():
    centre = ATOMS.mean(0)
    for seed in range(4):
        atoms = moved(Twist(), seed)
        still = np.isclose(atoms, ATOMS, rtol=0, atol=1e-12).all(axis=1)
        assert 0 < still.sum() < 8
        np.testing.assert_allclose(
            np.linalg.norm(atoms - centre, axis=1), np.linalg.norm(ATOMS - centre, axis=1)
        )
        turned = atoms[~still]
        np.testing.assert_allclose(
            *(np.linalg.norm(a[:, None] - a, axis=-1) for a in (turned, ATOMS[~still])), atol=1e-12
        )


def test_mixtures_choose_by_weight():
    mixed = MixedMoves((Displacement(), SpeciesExchange("AABBBBBB")), weights=(1.0, 3.0))
    call = jax.jit(jax.vmap(mixed, in_axes=(0, None, None)))
    atoms = call(jax.random.split(jax.random.key(0), 400), X, 0.3)
    exchanged = np.mean(np.isin(np.asarray(atoms), np.asarray(X)).all(axis=1))
    assert 0.68 < exchanged < 0.82


def test_a_strain_is_of_the_cell_and_keeps_fractions():
    cell = np.array([[3.0, 0.0, 0.0], [0.5, 2.5, 0.0], [0.0, -0.4, 4.0]])
    crystal = js.potentials.VariableCell(lambda x, cell: jnp.sum(x), atoms=6, cell=cell)
    x = X.at[-6:].multiply(0.1)
    before = np.asarray(crystal.cell_of(x))
    move = jax.jit(jax.vmap(Strain(cell, amount=0.05, most=0.9), in_axes=(0, None, None)))
    points = move(jax.random.split(jax.random.key(0), 200), x, 0.3)
    np.testing.assert_array_equal(points[:, :-6], np.tile(X[:-6], (200, 1)))
    strains = np.array([np.linalg.solve(cell, crystal.cell_of(p) - before) for p in points])
    np.testing.assert_allclose(strains, strains.transpose(0, 2, 1), atol=1e-12)
    largest = np.abs(strains).max(axis=0)
    assert (largest <= 0.05 + 1e-12).all() and (largest > 0.045).all()

    # However far a quench has gone, the next cell is near the reference again.
    points = Strain(cell, most=0.2)(jax.random.key(0), X.at[-6:].multiply(20.0), 0.3)
    strain = np.linalg.solve(cell, crystal.cell_of(points)) - np.eye(3)
    np.testing.assert_allclose(np.abs(np.linalg.eigvalsh(strain)).max(), 0.2)


def test_moves_of_atoms_leave_the_cell_to_the_strain():
    swap = SpeciesExchange("AAABBB")
    for amount in (0.0, 0.1):
        move = Strain([3.0, 3.0, 3.0], amount, move=swap)
        x = np.asarray(move(jax.random.key(1), X.at[-6:].multiply(0.1), 0.3))
        assert rows_of(x[:-6].reshape(-1, 3)) == rows_of(ATOMS[:6])
        assert (x[:-6] != X[:-6]).any()
        assert np.array_equal(x[-6:], 0.1 * X[-6:]) == (amount == 0.0)


@pytest.mark.slow
def test_silicon_is_found_from_random_atoms_in_wrong_cells():
    # -2 epsilon an atom where all angles are tetrahedral, by construction of the potential: in
    # cells of several shapes that eight atoms of diamond fill.
    surface = js.systems.silicon(1, variable_cell=True)
    cell = surface.function.cell
    rng = np.random.default_rng(0)
    places, strains = rng.uniform(0, cell[0, 0], (8, 24)), rng.uniform(-2, 2, (8, 6))
    x0 = np.concatenate([places, strains], axis=1)[:4]
    method = js.BasinHopping(step_size=1.0, move=Strain(cell, most=0.18, move=Displacement()))
    found = js.basin_hopping(
        surface, x0, key=jax.random.key(1), steps=40, method=method,
        target=-16 * 2.1683 + 1e-4, keep=1,
    )  # fmt: skip
    assert found.ok[0] and (found.steps_to_target > 0).any()
    np.testing.assert_allclose(found.energy[0] / 8, -2 * 2.1683, atol=1e-5)
    np.testing.assert_allclose(surface.function.stress(found.x[0]), 0.0, atol=1e-7)


@pytest.mark.slow
def test_chains_take_any_move():
    # Two coordinates of a ripple, exchanged or displaced: the lowest minimum all the same.
    surface = js.Surface(lambda x: jnp.sum(0.1 * x**2 - jnp.cos(3 * x)), bounds=(-6.0, 6.0), dim=6)
    move = MixedMoves((Displacement(), SpeciesExchange("AB")))
    method = js.BasinHopping(temperature=0.5, step_size=1.5, move=move)
    start = np.random.default_rng(0).uniform(-6, 6, (8, 6))
    found = js.basin_hopping(
        surface, start, key=jax.random.key(0), steps=500, method=method, keep=1, certify=False
    )
    np.testing.assert_allclose(found.energy[0], -6.0, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpeciesExchange("AAA"), "nothing to exchange"),
        (lambda: SpeciesExchange("AB", swaps=0), "swaps is 0"),
        (lambda: SpeciesExchange("AB", bias=-1.0), "bias is -1.0"),
        (lambda: SpeciesExchange("AB", sizes={"A": 1.0}), "distance for 'B'"),
        (lambda: SurfaceAtoms(0), "count is 0"),
        (lambda: RigidBodies(0), "atoms is 0"),
        (lambda: Symmetrised((1,)), "orders are"),
        (lambda: Strain([1.0, 1.0, 0.0]), "cell is"),
        (lambda: Strain([1.0, 1.0, 1.0], amount=-0.1), "amount is -0.1"),
        (lambda: Strain([1.0, 1.0, 1.0], most=1.5), "most 1.5"),
        (lambda: MixedMoves(()), "of 0 moves"),
        (lambda: MixedMoves((Displacement(),), weights=(1.0, 2.0)), "one each"),
    ],
)
def test_bad_moves_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_moves_that_do_not_fit_the_point_say_so():
    key, x = jax.random.key(0), jnp.arange(12.0)
    for move, message in (
        (js.moves.SpeciesExchange("AB"), "species names 2 atoms"),
        (js.moves.SurfaceAtoms(count=4), "count is 4 of 4 atoms"),
        (js.moves.RigidBodies(3), "12 coordinates, which is not 9 a molecule"),
        (js.moves.Symmetrised((7,)), "4. atoms do not go round"),
        (js.moves.Symmetrised(species="AB"), "species names 2 atoms"),
        (js.moves.DihedralRotation([(0, 1), (1, 2), (2, 8)]), "bonds names atom 8"),
    ):
        with pytest.raises(ValueError, match=message):
            move(key, x, 0.1)
    with pytest.raises(ValueError, match="6 coordinates: a crystal"):
        js.moves.Strain([1.0, 1.0, 1.0])(key, x[:6], 0.1)
