"""Interchangeable blocks of parameters: hidden neurons, cluster centres, mixture components."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy
from numpy.typing import ArrayLike

from jaxscape.symmetry._base import Symmetry
from jaxscape.symmetry._block_invariants import invariant_features, sorted_projections
from jaxscape.symmetry._rescaling import balanced, fitted

_MAX_ROUNDS = 50
# Of all groups but the largest together, up to which every one is tried.
_MOST_OPERATIONS = 400


@dataclasses.dataclass(frozen=True, init=False)
class Blocks:
    """Rows of positions that are interchangeable, and the columns that change sign together.

    `positions [h, m]`: row k lists the coordinates of block k. `signs [m]`: the columns that
    flip when the sign of a block does (None: no signs). `scales [m]` or `[r, m]`: exponents of
    the continuous rescalings of one block, `x exp(exponent s)` for any `s`: 1 for what comes into
    a ReLU neuron and -1 for what goes out (None: no rescaling).

    >>> Blocks([[0, 1], [2, 3]], signs=[True, True]).positions
    ((0, 1), (2, 3))
    """

    positions: tuple[tuple[int, ...], ...]
    signs: tuple[bool, ...] | None
    scales: tuple[tuple[float, ...], ...] | None

    def __init__(
        self,
        positions: ArrayLike,
        signs: Sequence[bool] | None = None,
        scales: ArrayLike | None = None,
    ):
        array = np.asarray(positions)
        if array.ndim != 2 or not array.size or not np.issubdtype(array.dtype, np.integer):
            raise ValueError(
                "blocks is an integer array [blocks, coordinates of one], not empty; got shape "
                f"{array.shape} of {array.dtype}."
            )
        if array.min() < 0 or len(np.unique(array)) != array.size:
            raise ValueError("blocks must name each position once, and none below 0.")
        marks = None if signs is None else np.asarray(signs)
        if marks is not None and (marks.dtype != bool or marks.shape != array.shape[1:]):
            raise ValueError(
                f"signs needs one boolean a column, {array.shape[1]} in all; got {signs!r}."
            )
        object.__setattr__(self, "positions", tuple(map(tuple, array.tolist())))
        flips = None if marks is None or not marks.any() else tuple(marks.tolist())
        object.__setattr__(self, "signs", flips)
        powers = None if scales is None else np.atleast_2d(np.asarray(scales, float))
        if powers is not None and (
            powers.shape[1:] != array.shape[1:] or not np.isfinite(powers).all()
        ):
            raise ValueError(
                f"scales needs one exponent a column, {array.shape[1]} in all; got {scales!r}."
            )
        rows = None if powers is None or not powers.any() else tuple(map(tuple, powers.tolist()))
        object.__setattr__(self, "scales", rows)

    def __hash__(self) -> int:
        # Once: every call of a compiled function asks for it, and large networks have many.
        if "_hash" not in self.__dict__:
            value = hash((self.positions, self.signs, self.scales))
            object.__setattr__(self, "_hash", value)
        return self.__dict__["_hash"]

    @property
    def array(self) -> np.ndarray:
        """The positions as an array `[h, m]`."""
        return np.array(self.positions)

    @property
    def flips(self) -> np.ndarray:
        """Factors `[m]` of a change of sign: -1 in the columns that flip, 1 elsewhere."""
        marks = np.zeros(len(self.positions[0]), bool) if self.signs is None else self.signs
        return np.where(marks, -1.0, 1.0)


class Relabelling(Symmetry):
    """Blocks of coordinates that may be exchanged, with an optional change of sign each.

    `blocks [h, m]` lists the positions in `x` of each block (a hidden neuron: its incoming
    weights, bias, outgoing weights); `signs [m]` marks the columns that flip together (odd
    activations such as tanh: all three). A list of `Blocks` gives several groups, such as the
    layers of a deep network, whose blocks may cross. Coordinates in no block stay.

    >>> two_neurons = Relabelling([[0, 2], [1, 3]], signs=[True, True])
    >>> two_neurons.align(np.array([1.0, 2, 3, 4]), np.array([-2.0, 1, -4, 3]))[1]
    0.0
    """

    groups: tuple[Blocks, ...] = eqx.field(static=True)

    def __init__(self, blocks: ArrayLike | Sequence[Blocks], signs: Sequence[bool] | None = None):
        if isinstance(blocks, Blocks):
            blocks = [blocks]
        if isinstance(blocks, (list, tuple)) and any(isinstance(one, Blocks) for one in blocks):
            if signs is not None or not all(isinstance(one, Blocks) for one in blocks):
                raise ValueError("give either one array of blocks with signs, or only Blocks.")
            self.groups = tuple(blocks)  # type: ignore
        else:
            self.groups = (Blocks(blocks, signs),)  # type: ignore
        invariant_features(self.groups)  # raises for groups that do not respect each other

    def generators(self, x):
        self._check(x.shape[0])
        rows = [jnp.zeros((0, *x.shape), x.dtype)]
        for group in self.groups:
            for exponents in group.scales or ():
                where = group.array
                moved = x[where] * np.reshape(exponents, (1, -1, *(1,) * (x.ndim - 1)))
                block = np.arange(len(where))[:, None]
                zeros = jnp.zeros((len(where), *x.shape), x.dtype)
                rows.append(zeros.at[block, where].set(moved.astype(x.dtype)))
        return jnp.concatenate(rows)

    def fingerprint(self, x):
        """Coordinates in no block, then sorted projections of the blocks of each group.

        Projections of the blocks on a few fixed directions, each sorted over the blocks, know
        neither names nor signs; with as many directions as here they tell generic points
        apart. No entry moves by more than the Euclidean displacement.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2:
            raise ValueError(f"fingerprint takes a batch [B, dim], got shape {x.shape}.")
        self._check(x.shape[1])
        x = self._balanced(x)
        parts = [x[:, self._fixed(x.shape[1])]]
        for features in invariant_features(self.groups):
            parts.append(sorted_projections(*features.of(x)))
        return np.concatenate(parts, axis=1)

    def align(self, a, b):
        """The image of `b` closest to `a`, and its Euclidean distance from `a`.

        Exact when no two groups share coordinates; groups that do are matched in turn until
        nothing changes, from several starts. Blocks that may be rescaled are paired by their
        shortest images, then each is rescaled to lie closest.
        """
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        if a.shape != b.shape or a.ndim != 1:
            raise ValueError(f"align takes two points [dim], got {a.shape} and {b.shape}.")
        self._check(a.size)
        target = self._balanced(a[None])[0]
        best, distance = b, np.inf
        for start in self._starts(target, self._balanced(b[None])[0]):
            image = self._settle(target, start)
            length = float(np.linalg.norm(target - image))
            if length < distance:
                best, distance = image, length
        if self._rescaled():
            best = fitted(a, best, self.groups)
            distance = float(np.linalg.norm(a - best))
        return best, distance

    def order(self, x, tolerance=1e-3):
        """Number of exchanges and flips that leave `x` as it is.

        Equal blocks (up to sign) may be exchanged, and blocks that are their own opposite may
        be flipped. Operations of groups that share coordinates and undo one another count, too,
        unless there are too many to try (`exact_orders`). `tolerance` is the largest change of a
        coordinate.
        """
        x = np.asarray(x, dtype=np.float64)
        self._check(x.size)
        x = self._balanced(x[None])[0]
        if not (self._crossing() and self.exact_orders):
            return math.prod(self._own_order(x, group, tolerance) for group in self.groups)
        *others, largest = sorted(self.groups, key=_size)
        undone = 0
        for choice in itertools.product(*(_operations(group) for group in others)):
            image = x
            for group, (order, signs) in zip(others, choice, strict=True):
                image = image.copy()
                image[group.array] = (image[group.array] * signs)[order]
            back = _matched(x[largest.array], image[largest.array], largest.flips, image, largest)
            undone += bool(np.max(np.abs(back - x)) <= tolerance)
        return undone * self._own_order(x, largest, tolerance)

    @property
    def exact_orders(self) -> bool:
        """Whether `order` tries all operations of groups that share coordinates."""
        if not self._crossing():
            return True
        return math.prod(sorted(map(_size, self.groups))[:-1]) <= _MOST_OPERATIONS

    def _own_order(self, x, group, tolerance):
        """Operations of one group that leave `x` as it is."""
        count = 1
        rows, flips = x[group.array], group.flips
        alike = np.max(np.abs(rows[:, None] - rows), axis=2) <= tolerance
        if group.signs is not None:
            turned = np.max(np.abs(rows[:, None] - rows * flips), axis=2) <= tolerance
            count *= 2 ** int(np.sum(np.diag(turned)))
            alike |= turned
        left = np.ones(len(rows), bool)
        for row in range(len(rows)):
            members = alike[row] & left
            left &= ~members
            count *= math.factorial(int(members.sum()))
        return count

    @property
    def confirm_by_alignment(self) -> bool:
        """False: the fingerprint's projections are enough to tell points apart."""
        return False

    def describe(self):
        texts = []
        for group in self.groups:
            signs = "" if group.signs is None else "+-" + _spans(np.flatnonzero(group.signs))
            scales = "" if group.scales is None else f"*{group.scales}"
            texts.append("|".join(_spans(row) for row in group.positions) + signs + scales)
        return f"relabelling({'; '.join(texts)})"

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.array(x)
        self._check(x.size)
        x = self._scramble(x, rng)
        for group in self.groups:
            for exponents in group.scales or ():
                size = rng.normal(0.0, 0.3, (len(group.positions), 1))
                x[group.array] *= np.exp(size * exponents).astype(x.dtype)
        return x

    def _balanced(self, x):
        return balanced(x, self.groups) if self._rescaled() else x

    def _rescaled(self) -> bool:
        return any(group.scales is not None for group in self.groups)

    def _scramble(self, x, rng):
        for group in self.groups:
            rows = x[group.array][rng.permutation(len(group.positions))]
            if group.signs is not None:
                turned = rng.random(len(rows)) < 0.5
                rows = np.where(turned[:, None], rows * group.flips.astype(x.dtype), rows)
            x[group.array] = rows
        return x

    def _starts(self, a, b):
        """Images of b to match from: itself is enough where groups have nothing in common."""
        yield b
        if not self._crossing():
            return
        # Numbers of each block that the other groups leave alone find the right exchange of
        # congruent points at once; the rest is a fixed set of images.
        image = b
        for group, features in zip(self.groups, invariant_features(self.groups), strict=True):
            of_a, _ = features.of(a[None])
            of_b, flips = features.of(image[None])
            image = _matched(of_a[0], of_b[0], flips, image, group)
        yield image
        for seed in range(16):
            yield self._scramble(b.copy(), np.random.default_rng(seed))

    def _settle(self, a, image):
        """Each group's best exchange in turn until none brings the image closer."""
        distance = np.inf
        for _ in range(_MAX_ROUNDS):
            for group in self.groups:
                rows = image[group.array]
                image = _matched(a[group.array], rows, group.flips, image, group)
            previous, distance = distance, float(np.linalg.norm(a - image))
            if len(self.groups) == 1 or not distance < previous:
                break
        return image

    def _crossing(self) -> bool:
        used = [set(itertools.chain(*group.positions)) for group in self.groups]
        return len(set().union(*used)) < sum(map(len, used))

    def _fixed(self, dim):
        used = np.zeros(dim, bool)
        for group in self.groups:
            used[group.array] = True
        return np.flatnonzero(~used)

    def _check(self, dim: int) -> None:
        last = max(max(row) for group in self.groups for row in group.positions)
        if last >= dim:
            raise ValueError(f"blocks name position {last}, but the point has {dim} coordinates.")


def _matched(target, rows, flips, x, group):
    """`x` with the blocks of a group exchanged and flipped so that `rows` suit `target` best."""
    cost = _squares(target, rows)
    turned = np.zeros(cost.shape, bool)
    if group.signs is not None:
        opposite = _squares(target, rows * flips)
        turned = opposite < cost
        cost = np.where(turned, opposite, cost)
    order, chosen = scipy.optimize.linear_sum_assignment(cost)
    turned = turned[order, chosen]
    blocks = x[group.array][chosen]
    image = x.copy()
    image[group.array] = np.where(turned[:, None], blocks * group.flips, blocks)
    return image


def _size(group) -> int:
    """Exchanges and flips of a group."""
    flips = 1 if group.signs is None else 2 ** len(group.positions)
    return flips * math.factorial(len(group.positions))


def _operations(group):
    """All of them: an order of the blocks, and factors `[blocks, coordinates]`."""
    blocks, size = group.array.shape
    signs = [np.ones((blocks, size))]
    if group.signs is not None:
        turned = np.array(list(itertools.product((False, True), repeat=blocks)))
        signs = list(np.where(turned[:, :, None], group.flips, 1.0))
    orders = map(list, itertools.permutations(range(blocks)))
    return itertools.product(orders, signs)


def _squares(a, b):
    if len(a) * b.size > 1_000_000:  # too many differences to write down
        return np.sum(a * a, 1)[:, None] + np.sum(b * b, 1) - 2.0 * (a @ b.T)
    return np.sum((a[:, None] - b) ** 2, axis=2)


def _spans(numbers) -> str:
    """`0-2,7` for 0, 1, 2, 7."""
    spans = []
    for _, run in itertools.groupby(enumerate(numbers), lambda pair: int(pair[1]) - pair[0]):
        run = [int(number) for _, number in run]
        spans.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ",".join(spans)
