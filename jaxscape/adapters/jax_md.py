"""Energy functions of jax-md as surfaces."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.adapters._arguments import positive_numbers
from jaxscape.adapters._starts import Rattled, checked_positions
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, NoSymmetry, Symmetry


class _Energy(eqx.Module):
    """`energy_fn` of a flat point; one whose neighbour list is too short is NaN."""

    energy_fn: Callable
    neighbours: Any
    options: dict[str, Any]
    width: int = eqx.field(static=True)

    def __call__(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        positions = x.reshape(-1, self.width)
        if self.neighbours is None:
            return jnp.sum(self.energy_fn(positions, **self.options))
        # Which atoms are near has no derivative.
        near = self.neighbours.update(jax.lax.stop_gradient(positions))
        energy = jnp.sum(self.energy_fn(positions, neighbor=near, **self.options))
        return jnp.where(near.did_buffer_overflow, jnp.nan, energy)


def jax_md(
    energy_fn: Callable,
    positions: Float[np.ndarray, "..."],
    *,
    neighbor_fn: Any = None,
    periodic: bool = False,
    species: Sequence | None = None,
    masses: Sequence[float] | None = None,
    symmetry: Symmetry | None = None,
    scale: float = 1.0,
    rattle: float = 0.1,
    units: Units | None = None,
    name: str = "",
    **options: Any,
) -> Surface:
    """An energy function of jax-md as a surface.

    **Arguments:**

    - `energy_fn`: `energy_fn(positions [n, d], **options) -> energy`, as the functions of
      `jax_md.energy` return it; twice differentiable where stationary points are.
    - `positions`: one geometry `[n, d]`, or several `[m, n, d]`, all of them starts.
    - `neighbor_fn`: what the `..._neighbor_list` functions of `jax_md.energy` return beside the
      energy. Its list is allocated at the first geometry and updated at every point; a point at
      which it overflows is NaN (give `capacity_multiplier=`, and `dr_threshold=0.0`).
    - `periodic`: whether the space is; it then has no symmetry unless given. Without frozen atoms
      give `symmetry=Crystal(cell=...)`: free translations would make every point `DEGENERATE`.
    - `species`, `masses`: of the atoms, for the default symmetry: `Cluster` of free atoms in three
      dimensions, none otherwise.
    - `scale`: a length over which the energy changes, see `Surface`.
    - `rattle`: samples are the geometries with every coordinate moved by up to this.
    - `options`: passed on to `energy_fn`.

    **Returns:** a `Surface`. Derivatives are those of JAX.

    **Raises:** `ValueError` for positions of another shape or without a finite energy.

    >>> def springs(positions, length):
    ...     return jnp.sum((jnp.linalg.norm(positions[1:] - positions[:-1], axis=1) - length) ** 2)
    >>> surface = jax_md(springs, np.eye(3), species="ABC", length=1.2)
    >>> surface.dim, round(float(surface(np.eye(3).ravel())), 4)
    (9, 0.0918)

    S. S. Schoenholz and E. D. Cubuk, NeurIPS 33, 11428 (2020).
    """
    if not callable(energy_fn):
        raise ValueError(f"energy_fn is {energy_fn!r}; pass a function of positions [n, d]")
    positive_numbers(rattle=rattle, scale=scale)
    points = np.asarray(positions, np.float64)
    count, width = points.shape[-2:] if points.ndim in (2, 3) else (0, 0)
    points = checked_positions(points, count, width)
    neighbours = None
    if neighbor_fn is not None:
        allocate = getattr(neighbor_fn, "allocate", None)
        if allocate is None:
            raise ValueError(f"neighbor_fn is {neighbor_fn!r}; pass what jax-md returned with it")
        neighbours = allocate(jnp.asarray(points[0], float))
    function = _Energy(energy_fn, neighbours, options, width)
    starts = points.reshape(len(points), -1)
    energy = np.asarray(function(jnp.asarray(starts[0], float)))
    if not np.isfinite(energy):
        raise ValueError(f"energy_fn gives {energy} at the first positions: is the list too short?")
    if symmetry is None:
        atoms = width == 3 and not periodic
        symmetry = (
            Cluster(species=species, masses=masses, inversion=False) if atoms else NoSymmetry()
        )
    return Surface(
        function,
        symmetry=symmetry,
        sampler=Rattled(starts, rattle),
        dim=starts.shape[1],
        scale=scale,
        name=name or f"jax-md {getattr(energy_fn, '__name__', 'energy')}",
        units=units,
    )
