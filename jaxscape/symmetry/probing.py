"""Interchangeable neurons found by trying: no knowledge of the framework, or of the layers.

The function is looked at where two blocks, 0 and 1, of every axis of one length are alike. Then
its gradient is alike, too, in every axis that belongs to a symmetry; and when one axis is made
unlike, exactly those follow that have to be exchanged together with it. That takes a gradient
an axis, whatever the layers in between do.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from jaxscape.symmetry._base import NoSymmetry, Symmetry
from jaxscape.symmetry.relabelling import Blocks, Relabelling

_DRAWS = 3
_MOST_SIGNED = 10


class _Axis(NamedTuple):
    """One way to cut an axis of a parameter into blocks: coordinates `rows [h, m]` of each."""

    name: str
    axis: int
    rows: np.ndarray


def find_relabelling(
    function: Callable,
    positions: Mapping[str, Int[np.ndarray, "..."]] | None = None,
    *,
    sizes: Sequence[int] = (),
    seed: int = 0,
) -> Symmetry:
    """Look for exchanges, changes of sign and rescalings of neurons that a function cannot tell.

    Hidden neurons of dense layers, channels of convolutions (also where they are flattened for
    a dense layer), heads of attention where they have an axis of their own: whatever can be
    exchanged along axes of the parameters. Odd activations give signs, homogeneous ones
    (without `l2`) rescalings. Every group is verified at random points. A group that
    moves one matrix along both of its axes (recurrent weights, residual streams with square
    matrices) is left out.

    **Arguments:**

    - `function`: `x[dim] -> number or array`, such as the surface of a loss or its `function`.
    - `positions`: for each parameter the coordinates of its entries; default those of a surface
      made by `from_loss`. `from_loss(..., symmetry=find_relabelling)` asks for them itself.
    - `sizes`: further numbers of blocks to look for, such as the number of attention heads
      where head and width share an axis.
    - `seed`: of the random points.

    **Returns:** a `Relabelling`, or `NoSymmetry` where nothing was found.

    >>> def network(x):
    ...     return jnp.sum(jnp.tanh(jnp.arange(3.0)[:, None] * x[:2] + x[2:4]) @ x[4:6])
    >>> where = {"w1": np.array([[0, 1]]), "b1": np.array([2, 3]), "w2": np.array([[4], [5]])}
    >>> find_relabelling(network, where).describe()
    'relabelling(0,2,4|1,3,5+-0-2)'
    """
    if positions is None:
        if not callable(getattr(function, "positions", None)):
            raise ValueError("positions says where parameters lie: pass a surface of from_loss")
        positions = function.positions()  # type: ignore
    assert positions is not None
    arrays = {name: np.asarray(where) for name, where in positions.items()}
    probe = _Probe(function, arrays, np.random.default_rng(seed))
    groups: list[Blocks] = []
    taken: set[tuple[str, int]] = set()
    lengths = {n for where in arrays.values() for n in where.shape if n > 1} | set(sizes)
    for length in sorted(lengths, reverse=True):
        axes = [axis for axis in _axes(arrays, length) if (axis.name, axis.axis) not in taken]
        for members in probe.groups(axes):
            group = probe.verified([axes[i] for i in members])
            if group is not None and _respects(groups, group):
                groups.append(group)
                taken |= {(axes[i].name, axes[i].axis) for i in members}
    return Relabelling(groups) if groups else NoSymmetry()


def _axes(arrays, length) -> list[_Axis]:
    """All ways to cut an axis into so many blocks: runs of neighbours, or every n-th entry."""
    found = []
    for name, where in arrays.items():
        for axis, size in enumerate(where.shape):
            if size % length:
                continue
            rest = size // length
            for outer, inner in dict.fromkeys([(1, rest), (rest, 1)]):
                shape = (*where.shape[:axis], outer, length, inner, *where.shape[axis + 1 :])
                rows = np.moveaxis(where.reshape(shape), axis + 1, 0).reshape(length, -1)
                found.append(_Axis(name, axis, rows))
    return found


def _respects(groups, group) -> bool:
    try:
        Relabelling([*groups, group])
    except ValueError:
        return False
    return True


class _Probe:
    def __init__(self, function, arrays, rng):
        self.dim = sum(where.size for where in arrays.values())
        self.rng = rng
        self.dtype = np.dtype(jnp.result_type(float))
        self.exact = 1e-8 if self.dtype == np.float64 else 2e-3
        shape = jax.ShapeDtypeStruct((self.dim,), self.dtype)
        out = jax.eval_shape(function, shape)
        # A fixed mixture of many outputs is as good as a loss.
        mixture = rng.normal(size=out.shape) if out.shape else np.ones(())

        def value(x):
            return jnp.sum(function(x) * mixture.astype(self.dtype))

        self._gradient = eqx.filter_jit(jax.value_and_grad(value))

    def gradient(self, x):
        """Float64 gradient at one point."""
        return np.asarray(self._gradient(jnp.asarray(x, self.dtype))[1], np.float64)

    def point(self, spread=0.7):
        """A random point, by default of the size of initialised weights."""
        return self.rng.normal(0.0, spread, self.dim)

    def groups(self, axes) -> list[list[int]]:
        """Axes that are exchanged together, among those where an exchange changes nothing."""
        every = self._tied(axes)
        good = np.ones(len(axes), bool)
        used = np.zeros(len(axes), bool)
        points = [_averaged(self.point(), every) for _ in range(_DRAWS)]
        for x in points:
            unlike, matters = self._unlike(axes, x)
            good &= ~unlike
            used |= matters
        axes_left = np.flatnonzero(good & used)
        left = [axes[i] for i in axes_left]
        linked = np.zeros((len(left), len(left)), bool)
        for x in points:
            for i, axis in enumerate(left):
                kick = np.zeros(self.dim)
                kick[axis.rows[0]] = self.rng.normal(size=axis.rows.shape[1])
                # Everything else stays alike: only what hangs together with this axis answers.
                others = self._tied([other for other in axes if other is not axis])
                linked[i] |= self._unlike(left, x + _averaged(kick, others))[0]
        count, label = connected_components(linked, directed=False)
        return [axes_left[label == k].tolist() for k in range(count)]

    def _tied(self, axes):
        """A label for each coordinate: those that exchanging blocks 0 and 1 connects share one."""
        first = np.concatenate([a.rows[0] for a in axes] or [np.zeros(0, int)])
        second = np.concatenate([a.rows[1] for a in axes] or [np.zeros(0, int)])
        links = coo_array((np.ones(len(first)), (first, second)), shape=(self.dim, self.dim))
        return connected_components(links, directed=False)[1]

    def _unlike(self, axes, x):
        """Which axes have gradients that differ between blocks 0 and 1, and which have any."""
        if not axes:
            return np.zeros(0, bool), np.zeros(0, bool)
        gradient = self.gradient(x)
        pairs = [gradient[axis.rows[:2]] for axis in axes]
        size = np.array([np.max(np.abs(pair)) for pair in pairs])
        rounding = 1e-3 * self.exact * np.max(np.abs(gradient))
        apart = np.array([np.max(np.abs(pair[0] - pair[1])) for pair in pairs])
        return apart > self.exact * size + rounding, size > rounding

    def verified(self, members: list[_Axis]) -> Blocks | None:
        """The blocks of a group with its signs and scales, if they hold at random points."""
        rows = np.concatenate([axis.rows for axis in members], axis=1)
        if len(np.unique(rows)) != rows.size:
            return None
        ends = np.cumsum([axis.rows.shape[1] for axis in members])
        columns = np.split(np.arange(rows.shape[1]), ends[:-1])
        for _ in range(2):
            order = self.rng.permutation(len(rows))
            image = np.arange(self.dim)
            image[rows] = rows[order]
            if not self._covariant(lambda v, image=image: v[image]):
                return None
        return Blocks(rows, self._signs(rows, columns), self._scales(rows, columns))

    def _covariant(self, act) -> bool:
        """Whether an orthogonal operation carries the gradient along."""
        x = self.point()
        there, here = self.gradient(act(x)), act(self.gradient(x))
        return bool(np.max(np.abs(there - here)) <= self.exact * np.max(np.abs(here)))

    def _signs(self, rows, columns):
        if len(columns) > _MOST_SIGNED:
            return None
        marks = np.zeros(rows.shape[1], bool)
        for count in range(len(columns), 0, -1):
            for chosen in itertools.combinations(columns, count):
                marks[:] = False
                marks[np.concatenate(chosen)] = True
                factors = np.ones(self.dim)
                factors[rows[::2][:, marks]] = -1.0
                if all(self._covariant(lambda v, f=factors: v * f) for _ in range(2)):
                    return marks.tolist()
        return None

    def _scales(self, rows, columns):
        """Exponents under which `x . gradient` of a block cancels: its rescalings cost nothing."""
        work = []
        # Small points as well: there l2, which forbids a rescaling, outweighs the loss.
        for spread in (0.7, 0.2, 0.05):
            x = self.point(spread)
            products = (x * self.gradient(x))[rows]
            table = np.stack([products[:, c].sum(1) for c in columns], 1)
            work.append(table / max(np.max(np.abs(table)), 1e-300))
        _, size, basis = np.linalg.svd(np.concatenate(work), full_matrices=True)
        size = np.pad(size, (0, len(basis) - len(size)))
        null = _reduced(basis[size <= 1e-2 * self.exact * size[0]])
        if not len(null) or len(null) == len(columns):
            return None
        scales = np.zeros((len(null), rows.shape[1]))
        for value, c in zip(null.T, columns, strict=True):
            scales[:, c] = value[:, None]
        return scales


def _reduced(basis):
    """The same row space with as many zeros as elimination makes, simple fractions made exact."""
    basis, row = np.array(basis), 0
    for column in range(basis.shape[1]):
        if row == len(basis):
            break
        pivot = row + int(np.argmax(np.abs(basis[row:, column])))
        if abs(basis[pivot, column]) < 1e-3:
            continue
        basis[[row, pivot]] = basis[[pivot, row]]
        basis[row] /= basis[row, column]
        others = np.arange(len(basis)) != row
        basis[others] -= basis[others, column][:, None] * basis[row]
        row += 1
    simple = np.round(12 * basis) / 12
    return np.where(np.abs(simple - basis) < 1e-5, simple, basis)


def _averaged(values, label):
    return (np.bincount(label, values) / np.bincount(label))[label]
