"""Numbers of interest at a point that no search depends on: accuracy, the loss on other data."""

from collections.abc import Callable

import jax
import numpy as np
from jax import lax
from jaxtyping import Array, Float


class Metrics(dict):
    """Functions by name; all are equal to compilation, since no search evaluates them.

    >>> Metrics({"a": abs}) == Metrics({"b": sum}), sorted(Metrics({"a": abs}))
    (True, ['a'])
    """

    def __init__(self, metrics):
        super().__init__(metrics or {})
        for name, metric in self.items():
            if not isinstance(name, str) or not callable(metric):
                raise ValueError(f"metrics[{name!r}] is {metric!r}; pass names and functions")

    def __hash__(self):  # type: ignore
        return 0

    def __eq__(self, other):
        return isinstance(other, Metrics)


def measured(
    metrics: Metrics, unravel: Callable | None, x: Float[Array, "batch dim"]
) -> dict[str, Float[np.ndarray, " batch"]]:
    """Every metric at every row of `x`, one point after the other to save memory."""
    found = {}
    for name, metric in metrics.items():

        def at(row, metric=metric):
            return metric(row if unravel is None else unravel(row))

        values = np.asarray(jax.jit(lambda rows, at=at: lax.map(at, rows))(x))
        if values.shape != x.shape[:1]:
            raise ValueError(
                f"metric {name!r} returns {values.shape[1:]} for one point, not a number"
            )
        found[name] = values
    return found
