"""Parameters that depend on the kinds of two atoms, as columns for the pairs of one atom."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxscape._compilation import is_traced


def kinds_of(species: Sequence) -> tuple[int, ...]:
    """The number of each atom's kind, in order of first appearance.

    **Raises:** `ValueError` without atoms.
    """
    given = species.tolist() if isinstance(species, np.ndarray) else list(species)
    if not given:
        raise ValueError("species is empty; name the kind of every atom")
    position = {kind: i for i, kind in enumerate(dict.fromkeys(given))}
    return tuple(position[kind] for kind in given)


def pair_table(name: str, value, kinds: tuple[int, ...]):
    """A number for every pair of kinds as an array `[k, k]`; a single one stands for all.

    **Raises:** `ValueError` for another shape, or a table that is not symmetric.
    """
    count = max(kinds) + 1
    if is_traced(value):  # no numbers to look at
        return jnp.broadcast_to(jnp.asarray(value, float), (count, count))
    table = np.asarray(value, float)
    if table.ndim == 0:
        table = np.full((count, count), table)
    if table.shape != (count, count) or not np.array_equal(table, table.T):
        raise ValueError(
            f"{name} is {table.tolist()}; pass a number, or a symmetric table with a row for each "
            f"of the {count} kinds of atoms in order of first appearance"
        )
    return jnp.asarray(table, float)


def columns(kinds: tuple[int, ...], table, count: int, lanes: int) -> Callable:
    """What gives, for atom `j`, the table's entries for its pairs with all atoms.

    **Raises:** `ValueError` unless there are `count` atoms.
    """
    check_count(kinds, count)
    rows = np.array(kinds)
    if table.shape == (1, 1):
        return lambda j: table[0, 0]
    by_atom = table[rows][:, rows]
    shape = (count, *(1,) * lanes)
    return lambda j: lax.dynamic_index_in_dim(by_atom, j, 0, keepdims=False).reshape(shape)


def check_count(kinds: tuple[int, ...], count: int) -> None:
    """`ValueError` unless the kinds of `count` atoms are given."""
    if len(kinds) != count:
        raise ValueError(
            f"species names {len(kinds)} atoms and the point has {3 * count} coordinates, "
            f"those of {count}: name the kind of every atom"
        )
