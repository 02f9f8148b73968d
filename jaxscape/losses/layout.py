"""Which numbers of a model are coordinates, and the way to a flat vector and back."""

import dataclasses
import fnmatch
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# Collections of a linen dictionary that `apply` updates beside the parameters.
_LINEN_STATE = ("batch_stats", "cache", "intermediates")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where each leaf of a model lies in the flat vector; hashable, and without arrays.

    `names`, `shapes`, `dtypes` and `free` (whether it is a coordinate) have an entry a leaf, in
    the order of the tree; `graph` rebuilds a Flax `nnx` module from its state.
    """

    structure: Any
    graph: Any
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    free: tuple[bool, ...]

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return sum(int(np.prod(shape)) for shape, _ in self._spans())

    def positions(self) -> dict[str, np.ndarray]:
        """For each leaf that is free, the coordinates of its entries, in its shape."""
        named = [name for name, free in zip(self.names, self.free, strict=True) if free]
        found, start = {}, 0
        for name, (shape, _) in zip(named, self._spans(), strict=True):
            size = int(np.prod(shape))
            found[name] = start + np.arange(size).reshape(shape)
            start += size
        return found

    def ravel(self, params: Any) -> Float[Array, " dim"]:
        """The coordinates of parameters laid out like the model.

        **Raises:** `ValueError` where the tree or a shape differs.
        """
        leaves = _leaves(_tree_of(params)[0])
        if len(leaves) != len(self.names):
            raise ValueError(
                f"these parameters have {len(leaves)} leaves, the model has {len(self.names)}: "
                "pass parameters of the same structure"
            )
        parts = []
        for name, leaf, free, shape in zip(self.names, leaves, self.free, self.shapes, strict=True):
            if not free:
                continue
            if not eqx.is_inexact_array(leaf) or leaf.shape != shape:
                raise ValueError(
                    f"{name} is {getattr(leaf, 'shape', leaf)!r}, in the model it has shape {shape}"
                )
            parts.append(jnp.ravel(jnp.asarray(leaf)))
        # The default float, so that float32 models are certified in float64 where that is on.
        flat = jnp.concatenate(parts)
        return flat.astype(jnp.promote_types(flat.dtype, jnp.result_type(float)))

    def unravel(self, x: Float[Array, " dim"], rest: tuple) -> Any:
        """The model at `x`; `rest` are its other leaves. Parameters take the type of `x`."""
        leaves, start = list(rest), 0
        where = [i for i, free in enumerate(self.free) if free]
        for i, (shape, dtype) in zip(where, self._spans(), strict=True):
            size = int(np.prod(shape))
            part = x[start : start + size].reshape(shape)
            leaves[i] = part.astype(dtype) if dtype in ("bfloat16", "float16") else part
            start += size
        tree = jax.tree.unflatten(self.structure, leaves)
        if self.graph is None:
            return tree
        from flax import nnx

        return nnx.merge(self.graph, tree)

    def _spans(self):
        return [
            (shape, dtype)
            for shape, dtype, free in zip(self.shapes, self.dtypes, self.free, strict=True)
            if free
        ]


def lay_out(
    params: Any, frozen: Iterable[str] | str | Callable[[str], bool] = ()
) -> tuple[Layout, tuple]:
    """The `Layout` of a model, and those of its leaves that are no coordinates.

    **Arguments:**

    - `params`: any pytree, or a Flax `nnx` module; its floating-point arrays become coordinates,
      but for batch statistics and other state.
    - `frozen`: names of leaves (`"first.kernel"`), of what they belong to (`"first"`), or
      patterns (`"*.bias"`) that keep their values; or a function of a name.

    **Raises:** `ValueError` if nothing is left to vary, for complex parameters, and for names in
    `frozen` that fit no leaf.

    >>> layout, rest = lay_out({"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}, frozen="b")
    >>> layout.dim, layout.names, layout.free
    (6, ('b', 'w'), (False, True))
    """
    tree, graph = _tree_of(_in_evaluation(params))
    state = _state_of(tree)
    named = jax.tree_util.tree_flatten_with_path(tree, is_leaf=_is_state_index)[0]
    names, leaves = tuple(_name(path) for path, _ in named), [leaf for _, leaf in named]
    frozen = _frozen(frozen, names, leaves)
    free = tuple(
        eqx.is_inexact_array(leaf) and name not in state and name not in frozen
        for name, leaf in zip(names, leaves, strict=True)
    )
    for name, leaf, is_free in zip(names, leaves, free, strict=True):
        if is_free and jnp.iscomplexobj(leaf):
            raise ValueError(
                f"{name} is complex ({leaf.dtype}): give its real and imaginary parts as two arrays"
            )
    if not any(free):
        raise ValueError(
            "params holds no floating-point array"
            + (" that is not frozen" if frozen or state else "")
            + ", so there is nothing to minimise over"
            + _instead(params, names, leaves)
        )
    layout = Layout(
        jax.tree.structure(tree, is_leaf=_is_state_index),
        graph,
        names,
        tuple(tuple(np.shape(leaf)) for leaf in leaves),
        tuple(str(getattr(leaf, "dtype", "")) for leaf in leaves),
        free,
    )
    rest = (None if one else leaf for leaf, one in zip(leaves, free, strict=True))
    return layout, tuple(_traced(leaf) for leaf in rest)


def _traced(leaf):
    return jnp.asarray(leaf) if isinstance(leaf, np.ndarray | np.generic) else leaf


def _leaves(tree):
    return jax.tree.leaves(tree, is_leaf=_is_state_index)


def _is_state_index(node) -> bool:
    return isinstance(node, eqx.nn.StateIndex)


def _name(path) -> str:
    """`first.kernel`; the field in which Flax keeps a variable's array is left out."""
    text = jax.tree_util.keystr(path, simple=True, separator=".")
    last = getattr(path[-1], "name", "") if path else ""
    return text.removesuffix(f".{last}") if last in ("value", "raw_value") else text


def _tree_of(params):
    """The state of an `nnx` module and the graph that rebuilds it; other trees as they are."""
    nnx = _nnx()
    if nnx is not None and isinstance(params, nnx.Module):
        graph, state = nnx.split(params)
        return state, graph
    return params, None


def _nnx():
    """`flax.nnx` where somebody has imported it: without, no model can be one of its modules."""
    import sys

    return sys.modules.get("flax.nnx")


def _in_evaluation(params):
    """The model with dropout off and batch statistics held; says so where that changes it."""
    nnx = _nnx()
    if nnx is not None and isinstance(params, nnx.Module):
        copy = nnx.merge(*nnx.split(params))
        kinds = (nnx.BatchNorm, nnx.Dropout)
        busy = [
            type(module).__name__
            for _, module in nnx.iter_modules(copy)
            if isinstance(module, kinds)
            and getattr(module, "rate", 1.0) > 0
            and not getattr(module, "deterministic", getattr(module, "use_running_average", True))
        ]
        copy.eval()
        if busy:
            _say(f"{', '.join(sorted(set(busy)))} of this nnx module")
        return copy
    training = [
        type(node).__name__
        for node in jax.tree.leaves(params, is_leaf=_has_inference)
        if _has_inference(node) and not node.inference
    ]
    if training:
        _say(f"{', '.join(sorted(set(training)))} of this Equinox module")
        return eqx.nn.inference_mode(params)
    return params


def _has_inference(node) -> bool:
    return isinstance(node, eqx.nn.Dropout | eqx.nn.BatchNorm) and getattr(node, "p", 1.0) > 0


def _say(what: str) -> None:
    warnings.warn(
        f"{what} set to evaluation: dropout is off and batch statistics keep their present "
        "values, because a landscape needs a loss that depends on the parameters alone",
        stacklevel=7,
    )


def _state_of(tree) -> set[str]:
    """Names of the leaves that are a model's state, not its parameters."""
    found: set[str] = set()
    if isinstance(tree, Mapping) and "params" in tree:
        for collection in _LINEN_STATE:
            if jax.tree.leaves(tree.get(collection, {})):
                below = jax.tree_util.tree_flatten_with_path({collection: tree[collection]})[0]
                found |= {_name(path) for path, _ in below}
    nnx = _nnx()
    if nnx is not None:
        variables = jax.tree_util.tree_flatten_with_path(
            tree, is_leaf=lambda node: isinstance(node, nnx.Variable)
        )[0]
        for path, variable in variables:
            if isinstance(variable, nnx.Variable) and not isinstance(variable, nnx.Param):
                found.add(_name(path))
    return found


def _frozen(frozen, names, leaves) -> set[str]:
    arrays = [n for n, leaf in zip(names, leaves, strict=True) if eqx.is_inexact_array(leaf)]
    if callable(frozen):
        return {name for name in arrays if frozen(name)}
    found: set[str] = set()
    for wanted in [frozen] if isinstance(frozen, str) else frozen:
        fits = {
            name
            for name in arrays
            if name == wanted or name.startswith(f"{wanted}.") or fnmatch.fnmatch(name, wanted)
        }
        if not fits:
            raise ValueError(f"frozen is {wanted!r}, but the parameters are {', '.join(arrays)}")
        found |= fits
    return found


def _instead(params, names, leaves) -> str:
    """What to pass where there are no parameters."""
    if hasattr(params, "init") and hasattr(params, "apply"):
        return ": pass variables, such as module.init(key, inputs), and module.apply in the loss"
    if isinstance(params, type):
        return f": pass a {params.__name__}, not the class"
    if inspect.isroutine(params):
        return ": it is a function; the loss comes first, then the parameters"
    numbers = [n for n, leaf in zip(names, leaves, strict=True) if type(leaf) is float]
    if numbers:
        return f" ({numbers[0] or 'params'} is a Python number: make it jnp.array(...))"
    whole = [
        f"{name or 'params'} is {leaf.dtype}"
        for name, leaf in zip(names, leaves, strict=True)
        if eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.integer)
    ]
    return f" ({whole[0]}: make it float)" if whole else ""
