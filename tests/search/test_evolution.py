"""Cut-and-splice, and the genetic algorithm built on it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search.moves import cut_and_splice
from jaxscape.search.moves.cut_and_splice import _turned_at_random

RNG = np.random.default_rng(0)
A, B = (RNG.normal(size=(12, 3)) for _ in range(2))


def distances(atoms):
    return np.linalg.norm(atoms[:, None] - atoms, axis=2)


def parts(child, parents):
    """How many atoms of a child keep their distances to one another as in each of the parents."""
    child, sizes = distances(child), []
    for parent in map(distances, parents):
        same = (np.abs(child[:, :, None, None] - parent) < 1e-9).any(axis=(2, 3))
        sizes.append(int((same & ~np.eye(len(same), dtype=bool)).any(axis=1).sum()))
    return sizes


@pytest.mark.parametrize("seed", range(6))
def test_a_child_is_a_piece_of_each_parent(seed):
    child = cut_and_splice(jax.random.key(seed), jnp.array(A.ravel()), jnp.array(B.ravel()))
    child = np.asarray(child).reshape(-1, 3)
    above = child[:, 2] > 0
    assert 0 < above.sum() < 12
    for piece, parent in ((child[above], A), (child[~above], B)):
        assert parts(piece, [parent]) == [len(piece) if len(piece) > 1 else 0]


@pytest.mark.parametrize("seed", range(6))
def test_kinds_keep_their_numbers_and_places(seed):
    species = "AABABBBBABAA"
    first, second = jnp.array(A.ravel()), jnp.array(B.ravel())
    child = cut_and_splice(jax.random.key(seed), first, second, species)
    child = np.asarray(child).reshape(-1, 3)
    taken = 0
    for kind in "AB":
        rows = [i for i, other in enumerate(species) if other == kind]
        fits = []
        for count in range(len(rows) + 1):  # the first of a kind are those of the first parent
            pieces = (child[rows[:count]], A[rows]), (child[rows[count:]], B[rows])
            fits.append(all(parts(p, [q])[0] == len(p) * (len(p) > 1) for p, q in pieces))
        assert any(fits)
        taken += int(np.argmax(fits))
    assert 0 <= taken < 12


def test_directions_are_even():
    """Rods point anywhere once they are turned, and children of them have no side."""
    rod = jnp.array([[0.0, 0.0, float(k)] for k in range(4)]).ravel()
    keys = jax.random.split(jax.random.key(0), 4000)
    child = jax.vmap(lambda key: cut_and_splice(key, rod, rod))(keys).reshape(-1, 4, 3)
    first = np.asarray(child[:, 0] - child[:, 1])
    first = first / np.linalg.norm(first, axis=1, keepdims=True)
    turned = np.asarray(jax.vmap(lambda key: _turned_at_random(key, rod))(keys))
    along = (turned[:, 3] - turned[:, 0]) / 3.0
    np.testing.assert_allclose(np.mean(along, axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose(along.T @ along / len(along), np.eye(3) / 3, atol=0.03)
    # Of a child the first two atoms are sorted downwards.
    np.testing.assert_allclose(np.mean(first[:, :2], axis=0), 0.0, atol=0.05)


def test_it_finds_the_icosahedron_whatever_the_lanes():
    surface = js.systems.lennard_jones(13)
    start = surface.sample(jax.random.key(0), 12)
    method = js.Evolution(population=8, offspring=12, restart_after=8)
    found = [
        js.evolve(
            surface,
            start,
            key=jax.random.key(1),
            generations=30,
            method=method,
            target=-44.326801,
            keep=5,
            lanes=lanes,
        )
        for lanes in (None, 3)
    ]
    for one in found:
        assert one.ok.all() and (np.diff(one.energy) >= 0).all()
        np.testing.assert_allclose(one.energy[0], -44.326801, atol=1e-6)
        quenches = int(one.steps_to_target[0])
        assert 0 < quenches <= 12 * 31
        assert int(one.evaluations.sum()) > 30 * quenches
    for name in ("x", "energy", "evaluations", "steps_to_target"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_children_of_mixtures_keep_their_formula():
    surface = js.systems.binary_lennard_jones(4, 4, sigma_bb=1.3)
    start = surface.sample(jax.random.key(0), 12)
    found = js.evolve(surface, start, key=jax.random.key(1), generations=6, keep=3)
    hops = js.basin_hopping(surface, start, key=jax.random.key(1), steps=40, keep=3)
    assert found.ok.all()
    assert found.energy[0] <= hops.energy[0] + 1e-8


def test_nothing_found_is_lost_by_a_restart():
    surface = js.systems.lennard_jones(8)
    start = surface.sample(jax.random.key(0), 8)
    method = js.Evolution(population=4, offspring=8, restart_after=1)
    found = js.evolve(surface, start, key=jax.random.key(0), generations=12, method=method)
    first = js.minimise(surface, start)
    for energy in first.energy[first.ok]:
        assert np.min(np.abs(found.energy - energy)) < 1e-6
    np.testing.assert_allclose(found.energy[0], -19.821489, atol=1e-6)


def test_a_spent_budget_leaves_what_was_found():
    surface = js.systems.lennard_jones(7)
    start = surface.sample(jax.random.key(0), 8)
    found = js.evolve(
        surface, start, key=jax.random.key(0), generations=10_000, budget=js.Budget(3.0)
    )
    assert len(found) > 0


def test_the_lowest_have_most_children():
    from jaxscape.search.evolution import _fitness

    share = _fitness(np.array([-3.0, -2.0, -1.0]))
    np.testing.assert_allclose(share.sum(), 1.0)
    assert (np.diff(share) < 0).all()
    np.testing.assert_allclose(_fitness(np.array([1.0, 1.0])), 0.5)


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_children_lower(platform):
    from jaxscape.search.evolution import _children

    keys, x = jax.random.split(jax.random.key(0), 4), jnp.zeros((4, 36))
    species = tuple("AABABBBBABAA")
    traced = _children.trace(js.moves.Twist(), species, keys, x, x, np.zeros(4, bool), x[0, 0])
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    assert "callback" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"population": 1}, "it takes two"),
        ({"offspring": 0}, "offspring is 0"),
        ({"mutation": 1.5}, "mutation is 1.5"),
        ({"hops": 0}, "hops is 0"),
        ({"restart_after": 0}, "restart_after is 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        js.Evolution(**options)


def test_only_free_atoms_have_children(camel):
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="only clusters of atoms"):
        js.evolve(camel, np.zeros((3, 2)), key=key, generations=1)
    with pytest.raises(ValueError, match="species names 2 atoms"):
        cut_and_splice(key, jnp.ones(12), jnp.ones(12), "AB")
    with pytest.raises(ValueError, match="generations is 0"):
        js.evolve(js.systems.lennard_jones(4), np.zeros((3, 12)), key=key, generations=0)
    island = js.systems.pt_heptamer()
    with pytest.raises(ValueError, match="frozen"):
        js.evolve(island, island.sample(key, 2), key=key, generations=1)
