"""A move of basin-hopping for mixtures: atoms of different kinds change places."""

import dataclasses
from collections.abc import Hashable, Mapping, Sequence

import jax
import jax.numpy as jnp

from jaxscape.search.moves.turning import square_distances


@dataclasses.dataclass(frozen=True)
class SpeciesExchange:
    """Atoms of different kinds change places, `swaps` pairs of them.

    Of all exchanges few lead down. With `sizes` larger atoms that are squeezed tend to change
    places with smaller ones that have room: how squeezed an atom is, is told by its pressure were
    all pairs Lennard-Jones ones of those sizes.

    - `species`: the kind of every atom, as for `symmetry.Cluster`.
    - `sizes`: for every kind the distance of two of its atoms at rest, `{"A": 1.1, "B": 1.4}`, in
      any unit that is that of `x`; None draws all alike.
    - `bias`: the logarithm of how much likelier an atom is drawn whose pressure is one standard
      deviation (of its kind) more to the point.

    **Raises:** `ValueError` for atoms all alike, numbers that are not positive, kinds without size.

    >>> swapped = SpeciesExchange("AB")(jax.random.key(0), jnp.arange(6.0), 0.1)
    >>> swapped.tolist()
    [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]
    """

    species: tuple
    swaps: int = 1
    sizes: tuple[tuple[Hashable, float], ...] | None = None
    bias: float = 2.0

    def __init__(
        self,
        species: Sequence,
        swaps: int = 1,
        sizes: Mapping | None = None,
        bias: float = 2.0,
    ):
        kinds = list(dict.fromkeys(species))
        if len(kinds) < 2:
            raise ValueError(f"species are all {set(kinds)}: there is nothing to exchange")
        if swaps < 1:
            raise ValueError(f"swaps is {swaps}; pass a positive number")
        if not bias >= 0:
            raise ValueError(f"bias is {bias}; pass zero or a positive number")
        if sizes is not None:
            for kind in kinds:
                if not sizes.get(kind, 0.0) > 0:
                    raise ValueError(f"sizes has no positive distance for {kind!r}: {dict(sizes)}")
        object.__setattr__(self, "species", tuple(species))
        object.__setattr__(self, "swaps", int(swaps))
        object.__setattr__(
            self,
            "sizes",
            None if sizes is None else tuple((kind, float(sizes[kind])) for kind in kinds),
        )
        object.__setattr__(self, "bias", float(bias))

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
            if self.sizes is not None:
                first, second = self._to_the_point(atoms, kinds, kinds[first], kinds[second], draw)
            order = jnp.where(order == first, -1, order)
            order = jnp.where(order == second, first, order)
            order = jnp.where(order == -1, second, order)
        return atoms[order].reshape(x.shape)

    def _to_the_point(self, atoms, kinds, one, other, draw):
        """An atom of kind `one` and one of kind `other`, drawn by their pressures."""
        sizes = jnp.array([size for _, size in self.sizes or ()], atoms.dtype)
        pressure = _pressures(atoms, sizes[kinds], kinds)
        larger = self.bias * jnp.sign(sizes[one] - sizes[other])
        # The largest of these is drawn with odds exp(larger * pressure): Gumbel's trick.
        noise = -jnp.log(-jnp.log(jnp.maximum(draw, jnp.finfo(draw.dtype).tiny)))
        first = jnp.where(kinds == one, larger * pressure + noise[0], -jnp.inf)
        second = jnp.where(kinds == other, noise[1] - larger * pressure, -jnp.inf)
        return jnp.argmax(first), jnp.argmax(second)


def _pressures(atoms, sizes, kinds):
    """How squeezed every atom is, in standard deviations from the mean of its kind `[n]`."""
    close = (0.25 * (sizes[:, None] + sizes) ** 2 / square_distances(atoms)) ** 3
    virial = jnp.sum(close * (close - 1.0), axis=1)
    alike = (kinds[:, None] == kinds).astype(virial.dtype)
    alike = alike / jnp.sum(alike, axis=1, keepdims=True)
    apart = virial - alike @ virial
    spread = jnp.sqrt(alike @ (apart * apart))
    return apart / jnp.where(spread > 0, spread, 1.0)
