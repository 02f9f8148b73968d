"""Where the branches of a disconnectivity graph go, so that none of them cross."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from jaxscape.analysis import DisconnectivityTree

# Room between components, in distances between leaves.
GAP = 1.5


@dataclasses.dataclass(frozen=True)
class TreeLayout:
    """A tree in the plane.

    `x` `[L+K]`, of every node (leaves stand a distance of one apart); `elbow` `[L+K]`, the
    energy at which the line from the parent has reached the node's own `x`; `order` `[L]`, the
    leaves from left to right; `top`, the energy at which the stems of roots end.
    """

    x: Float[np.ndarray, " nodes"]
    elbow: Float[np.ndarray, " nodes"]
    order: Int[np.ndarray, " leaves"]
    top: float

    def lines(self, tree: DisconnectivityTree) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Straight lines `[L, 2, 2]` down to the leaves in their order, all others `[J, 2, 2]`,
        and the node `[J]` to which each of these leads.

        The line above a node runs from its parent (or the top) sideways to its elbow, then
        straight down. Of a leaf without a straight end, the sideways part counts as its line.
        """
        height, parents, leaves = tree.node_energies(), tree.parents, len(tree)
        above = np.where(parents < 0, self.x, self.x[parents])
        start = np.where(parents < 0, self.top, height[parents])
        turn = np.where(above == self.x, start, self.elbow)
        corners = [(above, start), (self.x, turn), (self.x, height)]
        first, second, third = (np.column_stack(corner) for corner in corners)
        straight = turn > height
        down = np.stack([np.where(straight[:, None], second, first), third], axis=1)
        bent = np.flatnonzero(straight & (above != self.x))
        aside = np.stack([first, second], axis=1)[bent]
        nodes = np.concatenate([np.arange(leaves, len(parents)), bent])
        return down[:leaves], np.concatenate([down[leaves:], aside]), nodes


def lay_out(
    tree: DisconnectivityTree, *, centre_lowest: bool, position=None, shoulder: float = 0.06
):
    """Positions of all nodes.

    With `centre_lowest` every branch is a straight stem above its lowest minimum, and what
    joins it is put on the side that has fewer leaves; what joins later goes further out.
    Otherwise lower branches are to the left and parents in the middle of their children.
    `shoulder` is how far lines may fall while they run sideways, relative to the energies
    shown: less where they would meet another branch. With `position` `[L]`, leaves stand there,
    merges above their lowest leaf, and branches may cross.
    """
    if position is not None:
        order = np.argsort(position, kind="stable")
        x, centre_lowest = np.asarray(position, np.float64)[tree.lowest], False
        return _finish(tree, x, order, shoulder, centre_lowest)
    sides = _sides(tree) if centre_lowest else np.ones(len(tree.children), np.int64)
    order = _leaf_order(tree, sides)
    x = _positions(tree, order, centre_lowest)
    return _finish(tree, x, order, shoulder, centre_lowest)


def _finish(tree: DisconnectivityTree, x, order, shoulder: float, centre_lowest: bool):
    height = tree.node_energies()
    low, high = height.min(), height.max()
    span = float(high - low) or max(1.0, abs(float(low)))
    drop = _drops(tree, x, shoulder * span, centre_lowest)
    start = np.where(tree.parents < 0, height, height[tree.parents])
    return TreeLayout(x, start - drop, order, float(high) + 0.05 * span)


def _sides(tree: DisconnectivityTree) -> np.ndarray:
    """For each merge, whether the branch joins the stem from the right (1) or left (-1)."""
    leaves = len(tree)
    # Leaves on the right less those on the left of the stem of each node.
    lean = np.zeros(len(tree.parents), np.int64)
    sides = np.ones(len(tree.children), np.int64)
    for merge, (main, other) in enumerate(tree.children.tolist()):
        # A stem that leans neither way takes turns, or small branches all look to the right.
        sides[merge] = side = -1 if lean[main] > 0 or (lean[main] == 0 and merge % 2) else 1
        lean[leaves + merge] = lean[main] + side * tree.sizes[other]
    return sides


def _leaf_order(tree: DisconnectivityTree, sides: np.ndarray) -> np.ndarray:
    leaves, order = len(tree), []
    children, stack = tree.children.tolist(), tree.roots[::-1].tolist()
    while stack:
        node = stack.pop()
        if node < leaves:
            order.append(node)
        else:
            # The last one pushed is drawn first, that is on the left.
            stack.extend(children[node - leaves][:: -sides[node - leaves]])
    return np.array(order, np.int64)


def _positions(tree: DisconnectivityTree, order: np.ndarray, centre_lowest: bool) -> np.ndarray:
    leaves = len(tree)
    x = np.empty(len(tree.parents))
    gaps = np.repeat(np.arange(len(tree.roots)), tree.sizes[tree.roots])
    x[order] = np.arange(leaves) + GAP * gaps
    if centre_lowest:
        x[leaves:] = x[tree.lowest[leaves:]]
    else:
        for merge, pair in enumerate(tree.children):
            x[leaves + merge] = x[pair].mean()
    return x


def _drops(tree: DisconnectivityTree, x, most: float, centre_lowest: bool) -> np.ndarray:
    """How far the line above each node falls before it runs straight down."""
    leaves, height = len(tree), tree.node_energies()
    drop = np.zeros(len(tree.parents))
    if not centre_lowest:
        # Both lines stay above both children, so they meet nothing.
        room = height[leaves:, None] - height[tree.children]
        drop[tree.children] = np.minimum(most, np.maximum(room.min(axis=1, initial=np.inf), 0.0))[
            :, None
        ]
        return drop
    left, right = _extents(tree, x)
    # What the next line beside a stem must stay above: distances from the stem and energies,
    # on either side of every stem (that is, of its lowest leaf).
    obstacles: dict[tuple[int, bool], list[tuple[float, float]]] = {}
    for merge, (main, other) in enumerate(tree.children.tolist()):
        node = leaves + merge
        stem, energy = int(tree.lowest[main]), height[node]
        on_right = bool(x[other] > x[node])
        reach = float(abs(x[other] - x[node]))
        beside = obstacles.setdefault((stem, on_right), [])
        # A leaf keeps some of its height for a straight end.
        share = 0.7 if other < leaves else 1.0
        fall = min(most, share * max(energy - height[other], 0.0))
        if beside:
            distance, level = np.array(beside).T
            # Four fifths of what would touch another line, to be seen apart from it.
            touching = float(np.min((energy - level) / distance)) * reach
            fall = min(fall, max(0.0, 0.8 * touching))
        drop[other] = fall
        # The corner of the new line, and the far end of the highest merge below it.
        end = right[other] if on_right else left[other]
        _push(beside, (reach, float(energy - fall)))
        _push(beside, (float(abs(end - x[node])), float(height[other])))
    return drop


def _push(points: list[tuple[float, float]], point: tuple[float, float]) -> None:
    """Add a point further out, and forget those that no later line can touch first.

    Later lines start higher at the stem and reach further, so only the upper convex hull counts.
    """
    while len(points) >= 2:
        (x0, y0), (x1, y1) = points[-2:]
        if (y1 - y0) * (point[0] - x0) > (point[1] - y0) * (x1 - x0):
            break
        points.pop()
    points.append(point)


def _extents(tree: DisconnectivityTree, x) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest `x` of the leaves below each node."""
    left, right = x.copy(), x.copy()
    for merge, pair in enumerate(tree.children, start=len(tree)):
        left[merge], right[merge] = left[pair].min(), right[pair].max()
    return left, right
