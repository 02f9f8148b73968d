"""Spins on a sphere with random couplings of several at a time."""

import itertools
import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class PSpin(eqx.Module):
    """The spherical p-spin model, `-sum over i < j < ... of J_ij... s_i s_j ...`.

    Spins are the coordinates of a vector of length `sqrt(N)`. As for `Thomson`, points are free
    vectors whose direction counts, `s = sqrt(N) x / |x|`, and whose length a spring keeps at
    `sqrt(N)`: at stationary points it is exactly that, energies and indices are those of the
    sphere, and there is one further eigenvalue, `stiffness`.

    **Arguments:**

    - `couplings`: a symmetric array with `p` axes of `N` entries, zero where two indices agree
      (for `p = 2` the diagonal may be anything); differentiable. `random_couplings` draws one.
    - `stiffness`: of the spring, in units of energy.

    **Raises:** `ValueError` for an array that is not symmetric, or has less than two axes.

    A. Crisanti and H.-J. Sommers, Z. Phys. B 87, 341 (1992).

    >>> import jax.numpy as jnp
    >>> float(PSpin(jnp.array([[0.0, 1.0], [1.0, 0.0]]))(jnp.ones(2)))
    -1.0
    """

    couplings: Float[Array, "..."]
    stiffness: Float[Array, ""]

    def __init__(self, couplings, stiffness=1.0):
        given = np.asarray(couplings, float)
        if given.ndim < 2 or len(set(given.shape)) != 1:
            raise ValueError(f"couplings have shape {given.shape}; pass [N, N] or [N, N, N], ...")
        for axis in range(given.ndim - 1):
            if not np.array_equal(given, np.swapaxes(given, axis, axis + 1)):
                raise ValueError(f"couplings change when axes {axis} and {axis + 1} are exchanged")
        self.couplings = jnp.asarray(given, float)
        self.stiffness = jnp.asarray(stiffness, float)

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        size, p = self.couplings.shape[0], self.couplings.ndim
        if x.shape[0] != size:
            raise ValueError(f"x has {x.shape[0]} coordinates, the couplings are of {size} spins")
        length = jnp.sqrt(jnp.sum(x * x, axis=0))
        spins = (size**0.5 / length) * x
        field = self.couplings.astype(x.dtype).reshape(*(size,) * p)
        # All spins at once in the first contraction; then each lane has its own field.
        field = jnp.tensordot(field, spins, axes=1)
        for _ in range(p - 1):
            axis = field.ndim - spins.ndim
            lanes = spins.reshape(*(1,) * axis, *spins.shape) if axis else spins
            field = jnp.sum(field * lanes, axis=axis)
        strain = 0.5 * self.stiffness.astype(x.dtype) * (length - size**0.5) ** 2
        return strain - field / math.factorial(p)


def random_couplings(n: int, p: int = 3, seed: int = 0) -> Float[np.ndarray, "..."]:
    """Normal couplings of `n` spins, of variance `p! / (2 n^(p-1))`, as a symmetric array.

    >>> random_couplings(4).shape
    (4, 4, 4)
    """
    if p < 2 or n < p:
        raise ValueError(f"p is {p} and n is {n}; p is two or more, and n at least p")
    couplings = np.zeros((n,) * p)
    sets = list(itertools.combinations(range(n), p))
    spread = math.sqrt(math.factorial(p) / (2.0 * n ** (p - 1)))
    values = spread * np.random.default_rng(seed).standard_normal(len(sets))
    for order in itertools.permutations(range(p)):
        couplings[tuple(np.array(sets)[:, order].T)] = values
    return couplings
