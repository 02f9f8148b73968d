import numpy as np
import pytest

from jaxscape.analysis import Exclusions, select_batch
from jaxscape.landscape import Landscape

# Two funnels, bottoms 0 and 3; 5 stands apart from everything.
MINIMA = {
    "x": np.array([[0.0], [1.0], [2.0], [5.0], [6.0], [9.0]]),
    "energy": [0.0, 0.3, 0.6, 0.1, 0.5, 1.0],
    "active": [0, 0, 0, 0, 0, 1],
}
STATES = {
    "x": np.array([[0.5], [1.5], [3.5], [5.5]]),
    "energy": [0.35, 0.7, 1.5, 0.9],
    "plus": [0, 1, 2, 3],
    "minus": [1, 2, 3, 4],
}
NETWORK = Landscape.from_points(MINIMA, STATES)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("lowest", [0, 3, 1, 4, 2, 5]),
        ("monotonic", [0, 3]),
        # Over 0.3 above the higher of any pair: 4 lies 0.4 below its way to 3, 1 and 2 do not.
        ("barrier", [0, 3, 4, 5]),
        ("topographical", [0, 3, 4, 5]),
    ],
)
def test_what_each_method_selects(method, expected):
    found = select_batch(NETWORK, 6, method, separation=0.3, fill=False)
    assert found.tolist() == expected
    filled = select_batch(NETWORK, 6, method, separation=0.3).tolist()
    assert filled[: len(expected)] == expected and sorted(filled) == list(range(6))
    assert select_batch(NETWORK, 2, method, separation=0.3).tolist() == expected[:2]


def test_exclusions():
    def lowest(**options):
        return select_batch(NETWORK, 6, "lowest", exclude=Exclusions(**options)).tolist()

    assert lowest(cutoff=0.5) == [0, 3, 1, 4]
    assert lowest(bounds=True) == [0, 3, 1, 4, 2]
    assert lowest(known=np.array([[0.1], [5.1]]), proximity=0.2) == [1, 4, 2, 5]
    # With the bottom of its funnel forbidden the next one takes its place.
    without = Exclusions(known=np.array([[0.0]]), proximity=0.1)
    assert select_batch(NETWORK, 6, "monotonic", exclude=without, fill=False).tolist() == [3, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: select_batch(NETWORK, 0), "size is 0"),
        (lambda: select_batch(NETWORK, 2, "best"), "known are lowest, monotonic"),
        (lambda: select_batch(Landscape(), 2), "no minima"),
        (lambda: select_batch(NETWORK, 2, separation=-1), "separation is -1"),
        (lambda: Exclusions(cutoff=2.0), "cutoff is 2.0"),
        (lambda: Exclusions(known=np.zeros(3)).mask(NETWORK), r"pass \[n, 1\]"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
