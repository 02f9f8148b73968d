"""Derivatives of what follows from a landscape, by named parameters, in one batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxscape._compilation import jit_quickly
from jaxscape.analysis.differentiation.differentiable import (
    DifferentiableLandscape,
    differentiable,
)
from jaxscape.analysis.differentiation.quantities import NetworkQuantities
from jaxscape.landscape import Landscape
from jaxscape.surface import LossFunction, Surface, as_surface

_FORWARD = 16  # parameters; with more, and fewer results than that, gradients go backwards


@dataclasses.dataclass(frozen=True, eq=False)
class Derivatives:
    """A quantity of a landscape and its derivatives by the parameters of the surface.

    - `value`: the quantity, a number, an array or a pytree of them.
    - `by`: for each parameter's name the derivative; every array has the shape of the quantity's,
      then that of the parameter.
    - `parameters`: the values of the parameters.
    - `points`: the `DifferentiableLandscape`, whose `status` and `report()` tell of points without
      derivatives.

    `found["epsilon"]` is short for `found.by["epsilon"]`.
    """

    value: Any
    by: dict[str, Any]
    parameters: dict[str, np.ndarray]
    points: DifferentiableLandscape

    def __getitem__(self, name: str) -> Any:
        if name not in self.by:
            raise ValueError(f"no parameter {name!r}; known: {', '.join(self.by)}")
        return self.by[name]

    def logarithmic(self) -> dict[str, Any]:
        """Derivatives by the logarithms of the parameters, `p d/dp`, which compare."""
        return {
            name: jax.tree.map(lambda leaf, value=self.parameters[name]: leaf * value, found)
            for name, found in self.by.items()
        }

    def __str__(self) -> str:
        lines = [repr(self.points)]
        for name, found in self.by.items():
            shapes = [np.shape(leaf) for leaf in jax.tree.leaves(found)]
            if shapes == [()]:
                lines.append(f"  d/d {name} = {float(found):.6g}")
            else:
                lines.append(f"  d/d {name}: {', '.join(map(str, shapes))}")
        return "\n".join(lines)


def derivatives(
    landscape: Landscape | DifferentiableLandscape,
    quantity: Callable[[NetworkQuantities], Any] | None = None,
    *,
    surface=None,
    parameters: str | Sequence[str] | None = None,
    strict: bool = True,
    threshold: float = 1e-6,
) -> Derivatives:
    """Derivatives of any quantity of a landscape by the parameters of its surface.

    Nothing is searched again: points answer by the implicit function theorem, zero modes
    projected out, and everything else follows by the chain rule; for log products that takes
    third derivatives of the surface.

    **Arguments:**

    - `landscape`: a `Landscape`, or what `differentiable` made of it.
    - `quantity`: a function of `NetworkQuantities`, such as
      `lambda network: network.log_rate(0, 1, temperature=0.1)`. Default: all positions, energies
      and log products.
    - `surface`, `strict`, `threshold`: as `differentiable`.
    - `parameters`: names of arrays in the surface's function, such as `"epsilon"`, `"l2"` or
      `"args.0"`; `parameter_names` lists them. Default: all.

    **Returns:** `Derivatives`. Forwards or backwards, whichever takes fewer passes.

    **Raises:** `ValueError` for a function without array fields, an unknown name, and as
    `differentiable`.

    >>> from jaxscape.search.minimise import minimise
    >>> surface = Surface.from_loss(lambda p, y: jnp.sum((p - y) ** 2), jnp.ones(1), 3.0, l2=1.0)
    >>> landscape = Landscape(surface)
    >>> _ = landscape.add(minimise(surface, surface.sample(jax.random.key(0), 1)))
    >>> found = derivatives(landscape, lambda network: network.energy[0])
    >>> round(float(found["l2"]), 3), round(float(found["args.0"]), 3)
    (2.25, 3.0)
    """
    if isinstance(landscape, DifferentiableLandscape):
        points = landscape if surface is None else landscape.at(surface)
    else:
        points = differentiable(landscape, surface, strict=strict, threshold=threshold)
    surface = points.surface
    named = _named(surface)
    if not named:
        raise ValueError(
            f"the function of surface {surface.name!r} holds no numbers to differentiate by: make "
            "it an equinox.Module whose parameters are array fields, or use Surface.from_loss"
        )
    wanted = list(named) if parameters is None else np.atleast_1d(np.asarray(parameters)).tolist()
    for name in wanted:
        if name not in named:
            raise ValueError(f"no parameter {name!r}; known: {', '.join(named)}")
    chosen = {name: jnp.asarray(named[name]) for name in wanted}
    chosen = {
        name: leaf if eqx.is_inexact_array(leaf) else leaf.astype(float)
        for name, leaf in chosen.items()
    }
    value, by = _compute(points, quantity, chosen)
    values = {name: np.asarray(leaf) for name, leaf in chosen.items()}
    return Derivatives(jax.device_get(value), jax.device_get(by), values, points)


def parameter_names(surface) -> list[str]:
    """Names of the numbers by which `derivatives` can differentiate.

    >>> from jaxscape.potentials import LennardJones
    >>> parameter_names(LennardJones())
    ['epsilon', 'sigma']
    """
    return list(_named(as_surface(surface)))


@jit_quickly
def _compute(points: DifferentiableLandscape, quantity: Callable | None, chosen: dict):
    def function(values):
        network = points(_replaced(points.surface, values))
        return network if quantity is None else quantity(network)

    shapes = jax.eval_shape(function, chosen)
    inputs = sum(leaf.size for leaf in chosen.values())
    results = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    jacobian = jax.jacrev if inputs > max(_FORWARD, results) else jax.jacfwd

    def twice(values):
        # The value comes along: nothing is evaluated twice.
        value = function(values)
        return value, value

    found, value = jacobian(twice, has_aux=True)(chosen)
    return value, _by_parameter(found, shapes, list(chosen))


def _by_parameter(found, shapes, names: list[str]) -> dict[str, Any]:
    """A quantity of dictionaries as a dictionary of quantities."""
    structure = jax.tree.structure(shapes)
    leaves = structure.flatten_up_to(found)
    return {name: jax.tree.unflatten(structure, [leaf[name] for leaf in leaves]) for name in names}


def _named(surface: Surface) -> dict[str, Any]:
    """Every number in the surface's function by name."""
    paths, _ = jax.tree_util.tree_flatten_with_path(surface.function)
    found = {_name(path): leaf for path, leaf in paths if eqx.is_inexact_array_like(leaf)}
    if isinstance(surface.function, LossFunction):
        # The starting parameters only lend their shape.
        found = {k: leaf for k, leaf in found.items() if k.split(".")[0] not in ("start", "rest")}
    return found


def _replaced(surface: Surface, values: dict) -> Surface:
    paths, structure = jax.tree_util.tree_flatten_with_path(surface.function)
    leaves = [values.get(_name(path), leaf) for path, leaf in paths]
    function = jax.tree_util.tree_unflatten(structure, leaves)
    return eqx.tree_at(lambda s: s.function, surface, function)


def _name(path) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")
