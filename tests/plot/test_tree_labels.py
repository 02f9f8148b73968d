"""Structures below the ends of branches."""

import numpy as np
import pytest

from jaxscape import plot
from jaxscape.plot._tree_labels import _spread


def ends_of(ax):
    """Lower ends of the leaves `[L, 2]`."""
    (found,) = [c for c in ax.collections if c.get_label() == "minima"]
    return np.array([line[-1] for line in found.get_segments()])


def test_structures_stand_below_their_minima(random_landscape):
    landscape = random_landscape(40, 0)
    drawn = []

    def draw(ax, x):
        drawn.append(float(x[0]))

    ax = plot.disconnectivity(landscape, structures=6, draw=draw, label=3)
    ax.figure.canvas.draw()
    lowest = np.argsort(landscape.minima.energy)[:6]
    places = ends_of(ax)[:, 0]
    # From left to right as their minima.
    assert drawn == [10.0 * i for i in sorted(lowest, key=lambda i: places[i])]
    boxes = [inset.get_window_extent() for inset in ax.child_axes]
    assert len(boxes) == 6
    assert all(a.x1 <= b.x0 + 0.5 for a, b in zip(boxes, boxes[1:], strict=False))
    frame = ax.get_window_extent()
    assert boxes[0].x0 >= frame.x0 - 1 and boxes[-1].x1 <= frame.x1 + 1
    bottom = ax.transData.transform((0.0, landscape.minima.energy.min()))[1]
    assert all(frame.y0 <= box.y0 and box.y1 < bottom for box in boxes)
    assert {text.get_text() for text in ax.texts} == {str(i) for i in lowest[:3]}
    assert min(ax.get_yticks()) >= landscape.minima.energy.min() - 1.0
    few = plot.disconnectivity(landscape, structures=[5, 9])
    assert len(few.child_axes) == 2


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.0, 0.0, 1.0], [0.05, 0.15, 0.95]),
        ([0.9] * 5, [0.55, 0.65, 0.75, 0.85, 0.95]),
        ([0.5] * 20, np.linspace(0.05, 0.95, 20)),
    ],
)
def test_drawings_make_room_for_each_other(wanted, places):
    np.testing.assert_allclose(_spread(np.array(wanted), 0.1), places, atol=1e-9)
