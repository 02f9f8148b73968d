"""How basin-hopping perturbs a minimum: what a move is, the plainest one, and mixtures of them.

A move is a frozen dataclass, called for one lane as `move(key, x, size)`: a point `[dim]` and the
chain's step size times the surface's scale. Any class of that form will do.
"""

import dataclasses
from collections.abc import Hashable
from typing import Protocol, runtime_checkable

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
class MixedMoves:
    """One of several moves at every step, with probabilities in proportion to `weights`.

    >>> moves = MixedMoves((Displacement(), Displacement()), weights=(1.0, 3.0))
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
