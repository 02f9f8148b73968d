"""How many minima there are, and how low, as one thing about the problem changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
from jaxtyping import Float, PRNGKeyArray

from jaxscape.landscape import Landscape
from jaxscape.search.arguments import positive
from jaxscape.search.minimise import minimise
from jaxscape.surface import as_surface


@dataclasses.dataclass(frozen=True)
class Sweep:
    """The minima found at each value: `values` `[V]`, and of each a `Landscape` of minima.

    `failed` `[V]`: starts that did not end in a certified minimum; `starts`, how many there were.
    """

    values: tuple
    landscapes: tuple[Landscape, ...]
    failed: tuple[int, ...]
    starts: int

    @property
    def counts(self) -> np.ndarray:
        """`[V]`, distinct minima found."""
        return np.array([len(landscape.minima) for landscape in self.landscapes])

    @property
    def singles(self) -> np.ndarray:
        """`[V]`, minima met by one start only: where there are many, more starts find more."""
        return np.array([int(np.sum(each.minima.hits == 1)) for each in self.landscapes])

    def estimated(self) -> Float[np.ndarray, " V"]:
        """`[V]`, minima there may be: found ones, and what those met once and twice suggest.

        A. Chao, Scand. J. Stat. 11, 265 (1984), in the form without bias.
        """
        twice = np.array([int(np.sum(each.minima.hits == 2)) for each in self.landscapes])
        return self.counts + self.singles * (self.singles - 1) / (2.0 * (twice + 1))

    def table(self) -> str:
        """One line a value."""
        lines = [f"{'value':>10} {'minima':>7} {'met once':>9} {'lowest':>12} {'highest':>12}"]
        for value, each, single in zip(self.values, self.landscapes, self.singles, strict=True):
            energy = each.minima.energy if len(each.minima) else np.array([np.nan])
            lines.append(
                f"{value!s:>10} {len(each.minima):>7} {single:>9} "
                f"{energy.min():>12.6g} {energy.max():>12.6g}"
            )
        return "\n".join(lines)


def sweep_minima(
    make: Callable, values: Iterable, *, key: PRNGKeyArray, starts: int = 512, **options
) -> Sweep:
    """Minimise from as many starts at every value and count the distinct minima.

    **Arguments:**

    - `make`: `value -> surface`, such as `lambda l2: jaxscape.systems.iris_mlp(5, l2)`; a
      regularisation, a number of samples, a width.
    - `values`: the values, in the order of the picture.
    - `key`: of the starts; the same at every value, so that those of equal width are equal.
    - `options`: of `minimise`.

    **Returns:** a `Sweep`; `jaxscape.plot.sweep` draws it.

    **Raises:** `ValueError` where there is no value, or no start.

    >>> import jax
    >>> def wells(depth):
    ...     from jaxscape import Surface
    ...     return Surface(lambda x: ((x**2 - depth) ** 2).sum(), bounds=(-2.0, 2.0), dim=1)
    >>> sweep_minima(wells, [-1.0, 1.0], key=jax.random.key(0), starts=16).counts.tolist()
    [1, 2]
    """
    starts = positive("starts", starts)
    values = tuple(values)
    if not values:
        raise ValueError("values is empty; name at least one")
    landscapes, failed = [], []
    for value in values:
        surface = as_surface(make(value))
        points = minimise(surface, np.asarray(surface.sample(key, starts)), **options)
        landscape = Landscape(surface)
        landscape.add(points.take(points.ok))
        landscapes.append(landscape)
        failed.append(int(np.sum(~points.ok)))
    return Sweep(values, tuple(landscapes), tuple(failed), starts)
