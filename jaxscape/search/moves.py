"""How basin-hopping perturbs a minimum: moves of clusters, and mixtures of them.

A move is a frozen dataclass, called for one lane as `move(key, x, size)`: a point `[dim]` and the
chain's step size times the surface's scale. Any class of that form will do.
"""

import dataclasses
import itertools
from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


@runtime_checkable
class Move(Hashable, Protocol):
    """What `BasinHopping(move=...)` takes."""

    def __call__(
        self, key: PRNGKeyArray, x: Float[Array, " dim"], size: Float[Array, ""]
    ) -> Float[Array, " dim"]: ...


@dataclasses.dataclass(frozen=True)
class Displacement:
    """Every coordinate displaced uniformly, by `size` at most.

    >>> x = Displacement()(jax.random.key(0), jnp.zeros(6), 0.1)
    >>> bool(jnp.max(jnp.abs(x)) < 0.1)
    True
    """

    def __call__(self, key, x, size):
        return x + size * jax.random.uniform(key, x.shape, x.dtype, -1.0, 1.0)


@dataclasses.dataclass(frozen=True)
class SpeciesExchange:
    """Atoms of different kinds change places, `swaps` pairs of them.

    - `species`: the kind of every atom, as for `symmetry.Cluster`.

    >>> swapped = SpeciesExchange("AB")(jax.random.key(0), jnp.arange(6.0), 0.1)
    >>> swapped.tolist()
    [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]
    """

    species: tuple
    swaps: int = 1

    def __init__(self, species: Sequence, swaps: int = 1):
        if len(set(species)) < 2:
            raise ValueError(f"species are all {set(species)}: there is nothing to exchange")
        if swaps < 1:
            raise ValueError(f"swaps is {swaps}; pass a positive number")
        object.__setattr__(self, "species", tuple(species))
        object.__setattr__(self, "swaps", int(swaps))

    def __call__(self, key, x, size):
        del size
        position = {kind: i for i, kind in enumerate(dict.fromkeys(self.species))}
        kinds = jnp.array([position[kind] for kind in self.species])
        if x.size != 3 * len(kinds):
            raise ValueError(
                f"species names {len(kinds)} atoms, and the point has {x.size} coordinates: name "
                "the atoms that move"
            )
        atoms, order = x.reshape(len(kinds), 3), jnp.arange(len(kinds))
        for draw in jax.random.uniform(key, (self.swaps, 2, len(kinds))):
            first = jnp.argmax(draw[0])
            second = jnp.argmax(jnp.where(kinds == kinds[first], -1.0, draw[1]))
            order = jnp.where(order == first, -1, order)
            order = jnp.where(order == second, first, order)
            order = jnp.where(order == -1, second, order)
        return atoms[order].reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class SurfaceAtoms:
    """The most loosely bound atoms put elsewhere on the cluster's surface, `count` of them.

    How loosely is told by the sum of inverse sixth powers of an atom's distances. The new place is
    as far from the centroid as the outermost of the others, in a random direction.

    >>> SurfaceAtoms()(jax.random.key(0), jnp.arange(12.0), 0.1).shape
    (12,)
    """

    count: int = 1

    def __post_init__(self):
        if self.count < 1:
            raise ValueError(f"count is {self.count}; pass a positive number")

    def __call__(self, key, x, size):
        del size
        atoms = x.reshape(-1, 3)
        if self.count >= len(atoms):
            raise ValueError(f"count is {self.count} of {len(atoms)} atoms; move fewer than all")
        centre = jnp.mean(atoms, axis=0)
        square = jnp.sum((atoms[:, None] - atoms) ** 2, axis=-1)
        square = square + jnp.where(jnp.eye(len(atoms), dtype=bool), jnp.inf, 0.0)
        bound = jnp.sum(1.0 / square**3, axis=1)
        loose = jnp.argsort(jnp.argsort(bound)) < self.count
        away = jnp.sqrt(jnp.sum((atoms - centre) ** 2, axis=1))
        radius = jnp.max(jnp.where(loose, 0.0, away))
        directions = _directions(key, len(atoms), x.dtype)
        return jnp.where(loose[:, None], centre + radius * directions, atoms).reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class RigidBodies:
    """Molecules of `atoms` atoms each displaced and turned as a whole.

    The centre of each moves by `size` at most along every axis; each is turned about a random axis
    by `turn` radians at most.

    >>> RigidBodies(3)(jax.random.key(0), jnp.arange(18.0), 0.1).shape
    (18,)
    """

    atoms: int
    turn: float = np.pi

    def __post_init__(self):
        if self.atoms < 1 or not self.turn >= 0:
            raise ValueError(f"atoms is {self.atoms} and turn {self.turn}; pass positive numbers")

    def __call__(self, key, x, size):
        if x.size % (3 * self.atoms):
            raise ValueError(
                f"the point has {x.size} coordinates, which is not {3 * self.atoms} a molecule"
            )
        bodies = x.reshape(-1, self.atoms, 3)
        where, axis, angle = jax.random.split(key, 3)
        count = len(bodies)
        centres = jnp.mean(bodies, axis=1, keepdims=True)
        shift = size * jax.random.uniform(where, centres.shape, x.dtype, -1.0, 1.0)
        angles = self.turn * jax.random.uniform(angle, (count, 1, 1), x.dtype, -1.0, 1.0)
        axes = _directions(axis, count, x.dtype)[:, None]
        return (centres + shift + turned(bodies - centres, axes, angles)).reshape(x.shape)


@dataclasses.dataclass(frozen=True)
class Twist:
    """One side of a random plane through the cluster turned against the other.

    What cut-and-splice is for a population, within one chain: the plane lies within `offset` root
    mean square radii of the centroid, the angle is random.

    >>> Twist()(jax.random.key(0), jnp.arange(12.0), 0.1).shape
    (12,)
    """

    offset: float = 0.5

    def __call__(self, key, x, size):
        del size
        normal, place, turn = jax.random.split(key, 3)
        atoms = x.reshape(-1, 3)
        centre = jnp.mean(atoms, axis=0)
        away = atoms - centre
        radius = jnp.sqrt(jnp.mean(jnp.sum(away**2, axis=1)))
        axis = _directions(normal, 1, x.dtype)
        height = self.offset * radius * jax.random.uniform(place, (), x.dtype, -1.0, 1.0)
        angle = jax.random.uniform(turn, (), x.dtype, -jnp.pi, jnp.pi)
        above = jnp.sum(away * axis, axis=1, keepdims=True) > height
        return (centre + jnp.where(above, turned(away, axis, angle), away)).reshape(x.shape)


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
        groups = self._groups(len(atoms))
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

    def _groups(self, count):
        """Which atoms are of each kind."""
        species = ("",) * count if self.species is None else self.species
        if len(species) != count:
            raise ValueError(f"species names {len(species)} atoms, and the point has {count}")
        return [
            np.flatnonzero([other == kind for other in species]) for kind in dict.fromkeys(species)
        ]

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


@dataclasses.dataclass(frozen=True)
class MixedMoves:
    """One of several moves at every step, with probabilities in proportion to `weights`.

    >>> moves = MixedMoves((Displacement(), SpeciesExchange("AABB")), weights=(1.0, 3.0))
    >>> moves(jax.random.key(0), jnp.arange(12.0), 0.1).shape
    (12,)
    """

    moves: tuple[Move, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self):
        object.__setattr__(self, "moves", tuple(self.moves))
        weights = (1.0,) * len(self.moves) if self.weights is None else tuple(self.weights)
        object.__setattr__(self, "weights", tuple(float(w) for w in weights))
        if not self.moves or len(weights) != len(self.moves) or min(self.weights or (0,)) <= 0:
            raise ValueError(
                f"weights are {weights} of {len(self.moves)} moves; pass one each, > 0"
            )

    def __call__(self, key, x, size):
        choice, *keys = jax.random.split(key, 1 + len(self.moves))
        ends = np.cumsum(self.weights or ())
        chosen = jnp.sum(jax.random.uniform(choice) >= jnp.array(ends[:-1] / ends[-1]))
        moved = jnp.stack([move(k, x, size) for move, k in zip(self.moves, keys, strict=True)])
        return moved[chosen]


def _directions(key, count, dtype):
    """Unit vectors `[count, 3]`, even over the sphere, from uniform numbers alone."""
    height, turn = jax.random.uniform(key, (2, count), dtype)
    z, angle = 2.0 * height - 1.0, 2.0 * jnp.pi * turn
    ring = jnp.sqrt(1.0 - z * z)
    return jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), z], axis=1)


def turned(vectors, axes, angles, xp: Any = jnp):
    """Vectors turned about unit axes (Rodrigues), by JAX or by NumPy (`xp`)."""
    along = axes * xp.sum(axes * vectors, axis=-1, keepdims=True)
    across = xp.cross(xp.broadcast_to(axes, vectors.shape), vectors)
    return along + xp.cos(angles) * (vectors - along) + xp.sin(angles) * across
