"""Is a network of two coordinates complete? Topology knows the sum."""

from collections.abc import Callable

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from jaxscape.landscape import Landscape
from jaxscape.search.arguments import checked_starts, positive
from jaxscape.search.minimise import minimise
from jaxscape.surface import Surface


class _UpsideDown(eqx.Module):
    function: Callable

    def __call__(self, x):
        return -self.function(x)


def missing_transition_states(
    landscape: Landscape,
    starts: Float[Array | np.ndarray, "n 2"] | None = None,
    *,
    grid: int = 61,
    tolerance: float | None = None,
) -> int:
    """How many transition states more there are than found, on a box of two coordinates.

    Minima minus saddles plus maxima are one, points held by a bound included (Morse; maxima on
    the edge of the box do not count: nothing below them has a hole there). So a network is
    complete if this is zero, as far as its minima are; a minimum that is missing hides a
    transition state that is. The maxima are searched for here, uphill.

    **Arguments:**

    - `landscape`: with its surface of two coordinates, and finite bounds.
    - `starts`: more points to search uphill from, such as those next to which the surface is
      rough.
    - `grid`: starts along each side of the box.
    - `tolerance`: as in `minimise`.

    **Returns:** minima minus transition states plus maxima, minus one; negative where maxima
    are missing.

    **Raises:** `ValueError` for other surfaces.

    ```python
    landscape = js.explore(js.systems.six_hump_camel(), key=jax.random.key(0))
    js.missing_transition_states(landscape)
    # 0
    ```

    M. Morse, Trans. Am. Math. Soc. 27, 345 (1925).
    """
    surface = landscape.surface
    if surface is None or landscape.dim != 2 or surface.lower is None or surface.upper is None:
        raise ValueError(
            "missing_transition_states needs a landscape with its surface, of two coordinates "
            f"within bounds; this one has {landscape.dim}"
        )
    lower, upper = (np.broadcast_to(b, (2,)) for b in (surface.lower, surface.upper))
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        raise ValueError(f"the bounds are {lower} and {upper}: they have to be finite")
    sides = np.linspace(lower, upper, positive("grid", grid))
    x = np.stack(np.meshgrid(*sides.T), axis=-1).reshape(-1, 2)
    if starts is not None:
        x = np.concatenate([x, checked_starts(surface, starts, "starts")])
    above = Surface(_UpsideDown(surface.function), bounds=(lower, upper), dim=2)
    tops = Landscape(above)
    tops.add(minimise(above, x.astype(lower.dtype), tolerance=tolerance))
    maxima = int(np.sum(tops.minima.active == 0))
    return len(landscape.minima) - len(landscape.transition_states) + maxima - 1
