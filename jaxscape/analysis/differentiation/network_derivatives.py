"""Derivatives of what follows from a landscape, by named parameters, in one batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

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
    inputs = sum(leaf.size for leaf in chosen.values())
    way = _forwards
    if inputs > _FORWARD:
        network = jax.eval_shape(lambda v: points(_replaced(surface, v)), chosen)
        shapes = network if quantity is None else jax.eval_shape(quantity, network)
        results = sum(leaf.size for leaf in jax.tree.leaves(shapes))
        way = _backwards if inputs > results else _forwards
    value, by = way(points, quantity, chosen)
    values = {name: np.asarray(leaf) for name, leaf in chosen.items()}
    return Derivatives(jax.device_get(value), jax.device_get(by), values, points)


def parameter_names(surface) -> list[str]:
    """Names of the numbers by which `derivatives` can differentiate.

    >>> from jaxscape.potentials import LennardJones
    >>> parameter_names(LennardJones())
    ['epsilon', 'sigma']
    """
    return list(_named(as_surface(surface)))


# Points and quantities are compiled apart: another quantity of the same landscape is cheap.


def _forwards(points: DifferentiableLandscape, quantity: Callable | None, chosen: dict):
    network, moves = _moves(points, chosen)
    if quantity is None:
        return network, _split(moves, chosen)
    value, changes = _pushed(quantity, network, moves)
    return value, _split(changes, chosen)


def _backwards(points: DifferentiableLandscape, quantity: Callable | None, chosen: dict):
    network = points(_replaced(points.surface, chosen))
    value, weights = _pulled(quantity, network)
    return value, _rows(_weighed(points, chosen, weights), value)


@jit_quickly
def _moves(points: DifferentiableLandscape, chosen: dict):
    """The network, and its changes with each number in `chosen`, which lead."""
    flat, back = ravel_pytree(chosen)

    def network(flat):
        return points(_replaced(points.surface, back(flat)))

    def move(direction):
        return jax.jvp(network, (flat,), (direction,))

    return jax.vmap(move, out_axes=(None, 0))(jnp.eye(flat.size, dtype=flat.dtype))


@jit_quickly
def _pushed(quantity: Callable, network: NetworkQuantities, moves: NetworkQuantities):
    def push(move):
        return jax.jvp(quantity, (network,), (move,))

    return jax.vmap(push, out_axes=(None, 0))(moves)


@jit_quickly
def _pulled(quantity: Callable | None, network: NetworkQuantities):
    """The quantity, and the derivatives of its numbers by the network; the numbers lead."""
    value = network if quantity is None else quantity(network)

    def flat(network):
        return ravel_pytree(network if quantity is None else quantity(network))[0]

    return value, jax.jacrev(flat)(network)


@jit_quickly
def _weighed(points: DifferentiableLandscape, chosen: dict, weights: NetworkQuantities):
    _, pullback = jax.vjp(lambda v: points(_replaced(points.surface, v)), chosen)
    return jax.vmap(lambda weight: pullback(weight)[0])(weights)


def _split(changes, chosen: dict) -> dict[str, Any]:
    """Changes with each number, which lead, as derivatives by name, whose numbers trail."""
    first, found = 0, {}
    # As ravel_pytree orders a dictionary.
    for name in sorted(chosen):
        leaf = chosen[name]
        last = first + leaf.size

        def shaped(change, part=slice(first, last), shape=leaf.shape):
            moved = jnp.moveaxis(change[part], 0, -1)
            return moved.reshape(*moved.shape[:-1], *shape)

        found[name] = jax.tree.map(shaped, changes)
        first = last
    return {name: found[name] for name in chosen}


def _rows(found: dict, value) -> dict[str, Any]:
    """Derivatives of numbers in a row as derivatives of the pytree that they came from."""
    leaves, structure = jax.tree.flatten(value)
    ends = np.cumsum([0, *(np.size(leaf) for leaf in leaves)])

    def unrolled(rows):
        parts = [
            rows[first:last].reshape(*np.shape(leaf), *rows.shape[1:])
            for leaf, first, last in zip(leaves, ends, ends[1:], strict=False)
        ]
        return jax.tree.unflatten(structure, parts)

    return {name: unrolled(rows) for name, rows in found.items()}


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
