"""Lennard-Jones atoms of several kinds, and pair energies that end at a cutoff."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.potentials._pair import PairPotential
from jaxscape.potentials._species import columns, kinds_of, pair_table
from jaxscape.potentials.pair import LennardJones


class LennardJonesMixture(PairPotential):
    """Lennard-Jones atoms whose well depth and size depend on the kinds of both.

    **Arguments:**

    - `species`: the kind of every atom, such as `"AAAB"` or a list of names.
    - `epsilon`, `sigma`: a number, or a symmetric table `[k, k]` whose rows are the kinds in
      order of first appearance; differentiable.

    **Raises:** `ValueError` for tables of another shape, and points of other atoms.

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 1.1 * 2.0 ** (1 / 6), 0.0, 0.0])
    >>> mixture = LennardJonesMixture("AB", epsilon=2.0, sigma=[[1.0, 1.1], [1.1, 1.2]])
    >>> round(float(mixture(pair)), 6)
    -2.0
    """

    species: tuple[int, ...] = eqx.field(static=True)
    epsilon: Float[Array, "k k"]
    sigma: Float[Array, "k k"]

    def __init__(self, species, epsilon: Any = 1.0, sigma: Any = 1.0):
        self.species = kinds_of(species)
        self.epsilon = pair_table("epsilon", epsilon, self.species)
        self.sigma = pair_table("sigma", sigma, self.species)

    def of_atoms(self, count, lanes):
        """Lennard-Jones potentials with one depth and size a pair."""
        depths = columns(self.species, self.epsilon, count, lanes)
        sizes = columns(self.species, self.sigma, count, lanes)

        return lambda j: LennardJones(depths(j), sizes(j))

    def phi_and_slope(self, squared_distance):
        """Of two atoms of the first kind."""
        return LennardJones(self.epsilon[0, 0], self.sigma[0, 0]).phi_and_slope(squared_distance)


class Cut(PairPotential):
    """Another pair potential that ends at a cutoff, with `order` continuous derivatives.

    The Taylor polynomial of the pair energy at the cutoff, in the squared distance, is taken
    off: `order=0` shifts the energy, 1 is what Stoddard and Ford take off Lennard-Jones, and with
    2 (the default) second derivatives are continuous too, as searches for transition states need.

    **Arguments:**

    - `potential`: a pair potential of `jaxscape.potentials`.
    - `cutoff`: a distance, or for a mixture a table `[k, k]` like that of its `sigma`.
    - `order`: 0, 1 or 2.

    **Raises:** `ValueError` for another order, a cutoff that is not positive, or a table without
    a mixture.

    S. D. Stoddard and J. Ford, Phys. Rev. A 8, 1504 (1973).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 2.6, 0.0, 0.0])
    >>> float(Cut(LennardJones(), 2.5)(pair))
    0.0
    """

    potential: PairPotential
    cutoff: Float[Array, "..."]
    order: int = eqx.field(static=True)

    def __init__(self, potential, cutoff, order=2):
        if order not in (0, 1, 2):
            raise ValueError(f"order is {order!r}; pass 0, 1 or 2")
        if not isinstance(potential, PairPotential):
            raise ValueError(f"potential is {potential!r}; pass a pair potential")
        cutoff = jnp.asarray(cutoff, float)
        if cutoff.ndim:
            kinds = getattr(potential, "species", None)
            if kinds is None:
                raise ValueError(f"cutoff has shape {cutoff.shape}, but atoms are all alike here")
            cutoff = pair_table("cutoff", cutoff, kinds)
        if not bool(jnp.all(cutoff > 0)):
            raise ValueError(f"cutoff is {cutoff}; pass a positive distance")
        self.potential, self.cutoff, self.order = potential, cutoff, order

    def of_atoms(self, count, lanes):
        """The cut potentials of what `potential` has for each atom."""
        inner, ends = self.potential.of_atoms(count, lanes), lambda j: self.cutoff
        if self.cutoff.ndim:
            kinds = self.potential.species  # type: ignore
            ends = columns(kinds, self.cutoff, count, lanes)

        def of_atom(j):
            # Not by the constructor, whose checks need numbers.
            return eqx.tree_at(lambda p: (p.potential, p.cutoff), self, (inner(j), ends(j)))

        return of_atom

    def phi_and_slope(self, squared_distance):
        square = squared_distance
        end = self.cutoff.astype(square.dtype) ** 2
        beyond = square - end
        energy, slope = self.potential.phi_and_slope(square)
        last, push = jax.jvp(self.potential.phi_and_slope, (end,), (jnp.ones_like(end),))
        energy = energy - last[0]
        if self.order > 0:
            energy, slope = energy - last[1] * beyond, slope - last[1]
        if self.order > 1:
            energy, slope = energy - 0.5 * push[1] * beyond**2, slope - push[1] * beyond
        within = beyond < 0
        return jnp.where(within, energy, 0.0), jnp.where(within, slope, 0.0)


def kob_andersen(species, order: int = 2) -> Cut:
    """The Kob-Andersen mixture: `epsilon` 1, 1.5, 0.5 and `sigma` 1, 0.8, 0.88 (AA, AB, BB).

    The first atom is of kind A. Pair energies end at `2.5 sigma` of the pair; `order` as in
    `Cut`, 0 in the paper. Mixed pairs attract each other more than Lorentz-Berthelot rules have
    it, which keeps the mixture from crystallising.

    W. Kob and H. C. Andersen, Phys. Rev. E 51, 4626 (1995).

    >>> kob_andersen("AAAAB").order
    2
    """
    if len(set(species)) != 2:
        raise ValueError(f"species has {len(set(species))} kinds; name two, the first is A")
    sigma = jnp.array([[1.0, 0.8], [0.8, 0.88]])
    mixture = LennardJonesMixture(species, [[1.0, 1.5], [1.5, 0.5]], sigma)
    return Cut(mixture, 2.5 * sigma, order)
