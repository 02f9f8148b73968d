"""The simplified string method: images that slide downhill and are spaced evenly again."""

import dataclasses

import jax.numpy as jnp

from jaxscape.search.interpolation import Interpolation


@dataclasses.dataclass(frozen=True)
class String:
    """Options of the string method, in place of those of the nudged elastic band.

    Images feel the force across the path only, without springs; after every step they are put back
    at even distances along the path. There is no spring constant to choose, and the spacing is
    even from the first step to the last.

    - `images`, `climbing`, `max_step`, `history`, `interpolation`: as in `NEB`. A climbing image
      stays where it is while others are spaced evenly on its two sides.

    **Raises:** `ValueError` for fewer than three images, no history, or no step.

    >>> import numpy as np
    >>> from jaxscape.search.neb import neb
    >>> double_well = lambda x: (x[0] ** 2 - 1) ** 2 + (x[1] - x[0] ** 2) ** 2
    >>> a, b = np.array([[-1.0, 1.0]], "float32"), np.array([[1.0, 1.0]], "float32")
    >>> top = neb(double_well, a, b, method=String()).candidates()
    >>> bool(np.allclose(top.x, 0.0, atol=0.1))
    True

    W. E, W. Ren and E. Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007).
    """

    images: int = 15
    climbing: bool = False
    max_step: float = 0.05
    history: int = 4
    interpolation: Interpolation | None = None

    def __post_init__(self):
        check_path_options(self, ("max_step",))


def check_path_options(options, positive: tuple[str, ...]) -> None:
    """Refuse what neither a string nor a band can be."""
    if options.images < 3:
        raise ValueError(f"images is {options.images}; a path needs both ends and a middle")
    if options.history < 1:
        raise ValueError(f"history is {options.history}; keep at least one pair")
    for name in positive:
        if not getattr(options, name) > 0:
            raise ValueError(f"{name} is {getattr(options, name)}; it must be positive")


def respaced(band, pinned):
    """Images `[P, dim, *lanes]` at even distances along straight lines between them.

    `pinned` `[*lanes]` is the number of an image that stays, with others even on its two sides;
    0 for none.
    """
    count = len(band)
    gaps = jnp.sqrt(jnp.sum((band[1:] - band[:-1]) ** 2, axis=1))
    along = jnp.concatenate([jnp.zeros_like(gaps[:1]), jnp.cumsum(gaps, axis=0)])
    number = jnp.arange(count, dtype=band.dtype).reshape(-1, *(1,) * pinned.ndim)
    pinned = pinned.astype(band.dtype)
    here = jnp.sum(jnp.where(number == pinned, along, 0.0), axis=0)
    before = number / jnp.maximum(pinned, 1) * here
    after = here + (number - pinned) / (count - 1 - pinned) * (along[-1] - here)
    wanted = jnp.where(number <= pinned, before, after)
    # For each image the share of the gap after every old one that lies behind it: no gather.
    share = (wanted[:, None] - along[:-1]) / jnp.where(gaps > 0, gaps, 1.0)
    share = jnp.clip(share, 0.0, 1.0)
    moved = band[0] + jnp.sum(share[:, :, None] * (band[1:] - band[:-1]), axis=1)
    return jnp.concatenate([band[:1], moved[1:-1], band[-1:]])
