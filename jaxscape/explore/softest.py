"""Starts of searches along the softest modes of minima."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxscape._compilation import jit_quickly
from jaxscape.search.certify import DENSE_LIMIT, projected_hessian
from jaxscape.search.draws import generators
from jaxscape.surface import Surface, lane_hessian

# Of what the other searches are displaced by: passes may lie next to a minimum.
_CLOSER, _FURTHER = 0.01, 2.0


def softest_starts(
    surface: Surface, key, jobs, x: Float[np.ndarray, "jobs dim"], count: int, lengths
) -> tuple[Float[np.ndarray, "jobs dim"], Float[np.ndarray, "jobs dim"]]:
    """Minima displaced along one of their `count` softest modes, either way, and these modes.

    Displacements are from a hundredth of the shortest of `lengths` to twice the longest, even in
    their logarithm. That of job `i` depends on the key and `i`.

    **Raises:** `ValueError` beyond `DENSE_LIMIT` coordinates: modes come from dense Hessians.
    """
    dim = x.shape[1]
    if dim > DENSE_LIMIT:
        raise ValueError(
            f"softest needs dense Hessians: {dim} coordinates, more than {DENSE_LIMIT}"
        )
    different, inverse = np.unique(x, axis=0, return_inverse=True)
    modes = np.stack([np.asarray(_soft_modes(surface, row)) for row in different])
    low, high = _CLOSER * lengths[0], _FURTHER * lengths[1]
    starts, chosen = np.array(x), np.zeros_like(x)
    for row, generator in enumerate(generators(key, 6, jobs)):
        mode = modes[inverse.ravel()[row], :, generator.integers(min(count, dim))]
        length = low * (high / low) ** generator.uniform() * generator.choice([-1.0, 1.0])
        starts[row] += length * mode
        chosen[row] = mode
    return starts, chosen


@jit_quickly
def _soft_modes(surface: Surface, x) -> Float[np.ndarray, "dim dim"]:
    """Eigenvectors of the Hessian in columns, softest first; zero modes come last."""
    column = jnp.asarray(x)[:, None]
    _, gradient, rows = lane_hessian(surface, column)
    zero = surface.symmetry.zero_modes(column)
    hessian, _, _ = projected_hessian(surface, zero, column, gradient, rows)
    return jnp.linalg.eigh(hessian[0])[1]
