"""Labels that name no class, which JAX takes for another one or leaves out without a word.

Every check gets the loss of parameters (`LossFunction`) and its name, and raises `ValueError`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import checkify


def check_indices(function, name: str) -> None:
    """JAX takes the last class where an index is beyond it, and says nothing."""
    if "gather" not in _program(function):
        return  # nothing is looked up
    looked = checkify.checkify(function.loss, errors=checkify.index_checks)
    size = function.chunk or 0
    parts = [function.args]
    if size:
        parts = [function.part(first, size) for first in range(0, function.samples(), size)]
    try:
        params = function.unravel(function.start)
        message = next(filter(None, (looked(params, *part)[0].get() for part in parts)), None)
    except Exception:  # not everything that can be run can be checked
        return
    if message:
        raise ValueError(
            f"loss {name!r} looks beyond an array, as with labels out of range: {message}"
        )


def check_negative(function, name: str, x) -> None:
    """An index of -1 is the last class, as in Python; unless such samples are masked."""
    leaves = jax.tree.leaves(function.args)
    marked = [_is_integer(leaf) and bool(jnp.any(leaf < 0)) for leaf in leaves]
    if not any(marked):
        return

    def value(fill):
        return _value(
            function,
            x,
            [
                jnp.where(leaf < 0, fill(leaf), leaf) if low else leaf
                for leaf, low in zip(leaves, marked, strict=True)
            ],
        )

    plain = value(lambda leaf: leaf)
    if not np.isfinite(plain) or value(jnp.zeros_like) == plain:
        return
    sizes = {size for shape in function.layout.shapes for size in shape if size > 1}
    if any(value(lambda leaf, size=size: leaf + size) == plain for size in sizes):
        raise ValueError(
            f"loss {name!r} takes negative labels for the last classes (-1 as in Python's "
            "lists): leave these samples out, or give them no weight"
        )


def check_unknown(function, name: str, x) -> None:
    """`jax.nn.one_hot` has rows of zeros for labels that are too large.

    Another label that is larger still changes nothing, and the samples count for nothing.
    """
    leaves = jax.tree.leaves(function.args)
    tops = [int(leaf.max()) if _is_integer(leaf) and leaf.size else 0 for leaf in leaves]
    if max(tops, default=0) <= 0:
        return
    program = _program(function)
    if " eq " not in program or "iota" not in program:
        return  # nothing is compared with numbers of classes
    for place, (leaf, top) in enumerate(zip(leaves, tops, strict=True)):
        most = int(jnp.iinfo(leaf.dtype).max) if top > 0 else 0
        if not 0 < top < most:
            continue

        def value(label, leaf=leaf, top=top, place=place):
            new = jnp.where(leaf == top, jnp.asarray(label, leaf.dtype), leaf)
            return _value(function, x, [*leaves[:place], new, *leaves[place + 1 :]])

        plain = value(top)
        if not np.isfinite(plain) or value(most) != plain or value(0) == plain:
            continue
        rows = np.asarray(jnp.any((leaf == top).reshape(len(leaf), -1), axis=1))
        if _count_for_nothing(function, x, rows, place):
            raise ValueError(
                f"loss {name!r} knows no class {top}, the largest label: jax.nn.one_hot makes "
                "rows of zeros of labels out of range, and such samples count for nothing; "
                "labels are 0 to classes - 1"
            )


def check_rows(function, name: str, x) -> None:
    """Rows of zeros among rows with a single one, of samples that count for nothing.

    Samples that are zero elsewhere, too, fill up a batch, and nobody expects them to count.
    """
    leaves = jax.tree.leaves(function.args)
    for place, leaf in enumerate(leaves):
        if not eqx.is_array(leaf) or leaf.ndim != 2 or leaf.shape[1] < 2:
            continue
        table = np.asarray(leaf)
        if not np.isin(table, (0, 1)).all():
            continue
        ones = table.sum(axis=1)
        empty = ones == 0
        if not empty.any() or ones.max() != 1 or empty.mean() > 0.5:
            continue
        if _filled_up(leaves, place, empty):
            continue
        if _count_for_nothing(function, x, empty, place):
            raise ValueError(
                f"loss {name!r} gets {int(empty.sum())} samples of no class, the first is row "
                f"{int(np.argmax(empty))}: their targets are all zero, as jax.nn.one_hot makes "
                "them of labels out of range, and they count for nothing; labels are 0 to "
                "classes - 1"
            )


def _filled_up(leaves, place, rows) -> bool:
    """Whether another argument is zero in just these rows."""
    for other, leaf in enumerate(leaves):
        if other == place or np.ndim(leaf) == 0 or len(leaf) != len(rows):
            continue
        used = np.asarray(jnp.any((leaf != 0).reshape(len(rows), -1), axis=1))
        if used.any() and not used[rows].any():
            return True
    return False


def _count_for_nothing(function, x, rows, place) -> bool:
    """Whether the loss does not depend on these samples' other numbers, but on those of others."""
    leaves, tree = jax.tree.flatten(function.args)
    inputs = [
        other
        for other, leaf in enumerate(leaves)
        if other != place
        and eqx.is_inexact_array(leaf)
        and leaf.ndim > 0
        and len(leaf) == len(rows)
    ]
    if not inputs or rows.all():
        return False

    def value(chosen):
        new = list(leaves)
        for other, leaf in zip(inputs, chosen, strict=True):
            new[other] = leaf
        return eqx.tree_at(lambda f: f.args, function, jax.tree.unflatten(tree, new))(x)

    slopes = jax.grad(value)([leaves[other] for other in inputs])
    felt = [np.asarray(jnp.any((slope != 0).reshape(len(rows), -1), axis=1)) for slope in slopes]
    felt = np.any(felt, axis=0)
    return bool(felt[~rows].any() and not felt[rows].any())


def _value(function, x, leaves) -> float:
    """The loss with other arguments."""
    args = jax.tree.unflatten(jax.tree.structure(function.args), leaves)
    return float(eqx.tree_at(lambda f: f.args, function, args)(x))


def _program(function) -> str:
    return str(jax.make_jaxpr(function)(function.start))


def _is_integer(leaf) -> bool:
    return eqx.is_array(leaf) and leaf.ndim > 0 and jnp.issubdtype(leaf.dtype, jnp.integer)
