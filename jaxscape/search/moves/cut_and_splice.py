"""A child of two clusters: the upper part of one on the lower part of the other."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.search.moves.kinds import groups_of_kinds


def cut_and_splice(
    key: PRNGKeyArray,
    a: Float[Array, " dim"],
    b: Float[Array, " dim"],
    species: Sequence | None = None,
) -> Float[Array, " dim"]:
    """Two clusters turned at random, cut by a plane, and the top of `a` put on the bottom of `b`.

    How many atoms come from `a` is drawn; from `b` come as many of each kind as are missing.
    The planes of both cuts are laid on one another.

    - `species`: the kind of every atom, as for `symmetry.Cluster`; None where all are alike.

    **Raises:** `ValueError` if `species` does not name every atom.

    Deaven & Ho, Phys. Rev. Lett. 75, 288 (1995).

    >>> child = cut_and_splice(jax.random.key(0), jnp.arange(12.0), jnp.ones(12))
    >>> child.shape
    (12,)
    """
    count = a.shape[0] // 3
    groups = groups_of_kinds(species, count)
    first, second, cut = jax.random.split(key, 3)
    a, b = _turned_at_random(first, a), _turned_at_random(second, b)
    taken = jax.random.randint(cut, (), 1, count)  # at least one of each
    a = a - jnp.array([0.0, 0.0, 1.0], a.dtype) * _height(a, count - taken)
    b = b - jnp.array([0.0, 0.0, 1.0], b.dtype) * _height(b, count - taken)
    child = jnp.zeros_like(a)
    for group in groups:
        above, slots = jnp.sum(a[group, 2] > 0), jnp.arange(len(group))
        tops = a[group][jnp.argsort(-a[group, 2])]
        bottoms = b[group][jnp.argsort(b[group, 2])]
        rows = jnp.where((slots < above)[:, None], tops, bottoms[slots - above])
        child = child.at[group].set(rows)
    return child.reshape(-1)


def _height(atoms, below):
    """Halfway between the atoms between which a plane leaves so many below it."""
    z = jnp.sort(atoms[:, 2])
    return 0.5 * (z[below - 1] + z[below])


def _turned_at_random(key, x):
    """Atoms `[n, 3]` round their centroid, by a rotation even over all."""
    atoms = x.reshape(-1, 3)
    w, x, y, z = (lambda q: q / jnp.linalg.norm(q))(jax.random.normal(key, (4,), atoms.dtype))
    rotation = jnp.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return (atoms - jnp.mean(atoms, axis=0)) @ rotation.T
