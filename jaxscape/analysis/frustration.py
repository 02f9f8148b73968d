"""How rough a landscape is: barriers, weighted by how close they are to their minima."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from jaxscape.landscape import Landscape
from jaxscape.symmetry import NoSymmetry


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What each minimum with each of its transition states adds to the frustration.

    `minimum` `[C]`, `transition_state` `[C]` (ids); `barrier` `[C]` (energy of the transition
    state above the minimum); `weight` `[C]` (`exp(-d^2 / (2 lengthscale^2))`, `d` the distance
    of the two); `value` `[C]` (their product over the number of minima): its sum is the
    frustration. `start`, `end` `[C, dim]`: minimum and transition state.
    """

    minimum: Int[np.ndarray, " c"]
    transition_state: Int[np.ndarray, " c"]
    barrier: Float[np.ndarray, " c"]
    weight: Float[np.ndarray, " c"]
    value: Float[np.ndarray, " c"]
    start: Float[np.ndarray, "c dim"]
    end: Float[np.ndarray, "c dim"]

    def __len__(self) -> int:
        return len(self.minimum)

    def by_minimum(self, minima: int) -> Float[np.ndarray, " minima"]:
        """Sums `[minima]` over the transition states of each minimum."""
        return np.bincount(self.minimum, weights=self.value, minlength=minima)


def frustration_contributions(
    landscape: Landscape, lengthscale: float = 0.8, *, keep: ArrayLike | None = None
) -> Contributions:
    """The terms of `frustration`, which see, in the order of the transition states.

    >>> from jaxscape.explore import explore
    >>> import jax
    >>> wells = lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2
    >>> network = explore(wells, np.array([[0.5, 0.1], [-0.5, 0.1]], "float32"),
    ...     key=jax.random.key(0), searches=64, batch=64, progress=False)
    >>> frustration_contributions(network).barrier.round(3).tolist()
    [1.0, 1.0]
    """
    if not lengthscale > 0:
        raise ValueError(f"lengthscale is {lengthscale}; pass a positive length")
    minima, states = landscape.minima, landscape.transition_states
    kept = np.ones(len(minima), bool) if keep is None else np.asarray(keep)
    if kept.dtype != bool or kept.shape != (len(minima),):
        raise ValueError(
            f"keep is {kept.dtype} of shape {kept.shape}; pass one boolean a minimum, "
            f"[{len(minima)}]"
        )
    plus, minus = np.asarray(states.plus), np.asarray(states.minus)
    inside = np.flatnonzero(kept[plus] & kept[minus]) if len(states) else np.zeros(0, int)
    # A transition state between a minimum and a copy of itself is one way out of it, not two.
    other = inside[plus[inside] != minus[inside]]
    order = np.argsort(np.concatenate([2 * inside, 2 * other + 1]), kind="stable")
    rows = np.concatenate([inside, other])[order]
    ends = np.concatenate([plus[inside], minus[other]])[order]
    start, end = minima.x[ends], states.x[rows]
    symmetry = landscape.symmetry
    if symmetry is not None and not isinstance(symmetry, NoSymmetry):
        aligned = [symmetry.align(b, a)[0] for a, b in zip(start, end, strict=True)]
        start = np.array(aligned).reshape(start.shape)
    barrier = np.maximum(states.energy[rows] - minima.energy[ends], 0.0)
    weight = np.exp(-np.sum((start - end) ** 2, axis=1) / (2.0 * lengthscale**2))
    value = weight * barrier / max(1, int(kept.sum()))
    return Contributions(ends, rows, barrier, weight, value, start, end)


def frustration(
    landscape: Landscape, lengthscale: float = 0.8, *, keep: ArrayLike | None = None
) -> float:
    """The roughness of a landscape: high barriers close to their minima, per minimum.

    `1/M sum exp(-|x_m - x_t|^2 / (2 lengthscale^2)) (E_t - E_m)` over the `M` minima `m` and
    the transition states `t` of each; a landscape of one minimum has none.

    **Arguments:**

    - `landscape`: with its minima and transition states.
    - `lengthscale`: in the units of the coordinates.
    - `keep`: booleans `[M]`; minima to count, such as those of a data set's convex hull
      (`DataSet.inside_hull`). Transition states count where both of their minima do.

    **Raises:** `ValueError` if `keep` or `lengthscale` do not fit.

    >>> from jaxscape.landscape import Landscape
    >>> frustration(Landscape())
    0.0

    Dicks et al., Mol. Syst. Des. Eng. (2024), doi 10.1039/D3ME00189J.
    """
    return float(np.sum(frustration_contributions(landscape, lengthscale, keep=keep).value))
