"""A move of basin-hopping for clusters: one sector copied round an axis."""

import dataclasses
import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jaxscape.search.moves.kinds import groups_of_kinds
from jaxscape.search.moves.turning import turned


@dataclasses.dataclass(frozen=True)
class Symmetrised:
    """One sector of a cluster displaced, and copied round the z axis.

    The order of the axis is drawn from `orders`, and so is how many atoms of each kind lie on it,
    of what is left over and fits. A random sector stays, displaced by `size` at most along each
    coordinate, and takes the place of all others. Global minima tend to be symmetric, and symmetric
    structures are few: by itself, or in turns with other moves (see `MixedMoves`), it finds them
    far sooner.

    - `orders`: of the axis.
    - `species`: the kind of every atom, as for `symmetry.Cluster`; None where all are alike.

    **Raises:** `ValueError` for orders below two, or atoms that do not go round any of them.

    Oakley, Johnston, Wales, Phys. Chem. Chem. Phys. 15, 3965 (2013).

    >>> x = jnp.array([0.0, 0, 0, 2, 0, 0, 0, 3, 1, 4, 1, 1])
    >>> square = Symmetrised(orders=(4,))(jax.random.key(0), x, 0.1).reshape(4, 3)
    >>> away = jnp.linalg.norm((square - square.mean(axis=0))[:, :2], axis=1)
    >>> bool(jnp.max(away) - jnp.min(away) < 1e-2)
    True
    """

    orders: tuple[int, ...] = (2, 3, 4, 5, 6)
    species: tuple | None = None

    def __init__(self, orders: Sequence[int] = (2, 3, 4, 5, 6), species: Sequence | None = None):
        orders = tuple(int(order) for order in orders)
        if not orders or min(orders) < 2:
            raise ValueError(f"orders are {orders}; pass numbers of at least 2")
        object.__setattr__(self, "orders", orders)
        object.__setattr__(self, "species", None if species is None else tuple(species))

    def __call__(self, key, x, size):
        atoms = x.reshape(-1, 3)
        groups = groups_of_kinds(self.species, len(atoms))
        choices = self._choices([len(group) for group in groups])
        drawn = jax.random.uniform(key, (2 * len(atoms) + 1, 3), x.dtype)  # quick to compile
        which, start = drawn[0, 0] * len(choices), 2.0 * jnp.pi * drawn[0, 1]
        moved, rough = jnp.split(2.0 * drawn[1:] - 1.0, 2)
        order, *axial = jnp.array(choices)[jnp.minimum(which, len(choices) - 1).astype(jnp.int32)]
        centre = jnp.mean(atoms, axis=0)
        away = atoms - centre
        azimuth = (jnp.arctan2(away[:, 1], away[:, 0]) - start) % (2.0 * jnp.pi)
        copies = jnp.zeros_like(away)
        for group, count in zip(groups, axial, strict=True):
            source, image = _round_axis(away[group], azimuth[group], order, count)
            copy = (away + size * moved)[group][source]
            copy = jnp.where((image < 0)[:, None], copy * jnp.array([0.0, 0.0, 1.0]), copy)
            angle = 2.0 * jnp.pi * jnp.maximum(image, 0) / order
            axis = jnp.array([[0.0, 0.0, 1.0]], x.dtype)
            copies = copies.at[group].set(turned(copy, axis, angle.astype(x.dtype)[:, None]))
        # A trace of disorder: what is a saddle by symmetry alone is left by the next quench.
        return (centre + copies + 0.01 * size * rough).reshape(x.shape)

    def _choices(self, counts):
        """Orders, each with numbers of atoms on the axis, one for each kind."""
        total = sum(counts)
        # As many on the axis as there are layers in a compact cluster.
        longest = round(1.5 * total ** (1 / 3))
        choices = [
            (order, *axial)
            for order in self.orders
            for axial in itertools.product(
                *(range(count % order, longest + 1, order) for count in counts)
            )
            if sum(axial) <= min(longest, total - 1)
            and all(on <= count for on, count in zip(axial, counts, strict=True))
        ]
        if not choices:
            raise ValueError(f"{counts} atoms do not go round an axis of orders {self.orders}")
        return choices


def _round_axis(away, azimuth, order, axial):
    """For each of the new places the atom that it is a copy of, and how many turns away.

    `axial` atoms, the nearest, lie on the axis: their turn is -1.
    """
    count = len(away)
    slots = jnp.arange(count)
    distance = jnp.sum(away[:, :2] ** 2, axis=1)
    nearer = (distance < distance[:, None]) | (
        (distance == distance[:, None]) & (slots < slots[:, None])
    )
    on_axis = jnp.sum(nearer, axis=1) < axial
    row = jnp.argsort(jnp.where(on_axis, jnp.inf, azimuth))  # atoms of the axis come last
    last = slots >= count - axial
    sector = jnp.maximum((count - axial) // order, 1)
    source = row[jnp.where(last, slots, slots % sector)]
    return source, jnp.where(last, -1, slots // sector)
