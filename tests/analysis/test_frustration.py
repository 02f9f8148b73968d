import numpy as np
import pytest

from jaxscape.analysis import frustration, frustration_contributions
from jaxscape.landscape import Landscape

MINIMA = {"x": np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), "energy": [0.0, 0.5, 0.2]}
STATES = {
    "x": np.array([[1.0, 0.0], [1.0, 0.4], [0.0, 1.0], [-0.5, 0.0]]),
    "energy": [1.0, 1.5, 0.1, 2.0],
    "plus": [0, 0, 0, 0],
    "minus": [1, 1, 2, 0],
}
NETWORK = Landscape.from_points(MINIMA, STATES)


def by_hand(lengthscale, kept=(0, 1, 2)):
    total = 0.0
    for x, energy, a, b in zip(
        *(STATES[name] for name in ("x", "energy", "plus", "minus")), strict=True
    ):
        for m in {a, b} if a in kept and b in kept else ():
            gap = np.linalg.norm(x - MINIMA["x"][m])
            barrier = max(energy - MINIMA["energy"][m], 0.0)
            total += np.exp(-(gap**2) / (2 * lengthscale**2)) * barrier
    return total / len(kept)


@pytest.mark.parametrize("lengthscale", [0.3, 0.8, 5.0])
def test_the_sum_over_minima_and_all_their_transition_states(lengthscale):
    # Two transition states between one pair count both, one onto a copy of its minimum once, and
    # barriers below zero (a cutoff of rounding) do not.
    np.testing.assert_allclose(frustration(NETWORK, lengthscale), by_hand(lengthscale))
    keep = np.array([True, True, False])
    np.testing.assert_allclose(
        frustration(NETWORK, lengthscale, keep=keep), by_hand(lengthscale, (0, 1))
    )


def test_contributions_add_up():
    terms = frustration_contributions(NETWORK)
    assert len(terms) == 7
    np.testing.assert_allclose(terms.value.sum(), frustration(NETWORK))
    np.testing.assert_allclose(terms.by_minimum(3).sum(), frustration(NETWORK))
    assert terms.barrier[(terms.minimum == 1) & (terms.transition_state == 1)] == [1.0]
    assert (terms.barrier >= 0).all()
    np.testing.assert_array_equal(terms.start, MINIMA["x"][terms.minimum])


def test_no_frustration_without_barriers():
    assert frustration(Landscape()) == 0.0
    assert frustration(Landscape.from_points({"x": np.eye(2), "energy": [0.0, 1.0]})) == 0.0


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="lengthscale is 0"):
        frustration(NETWORK, 0)
    with pytest.raises(ValueError, match=r"one boolean a minimum, \[3\]"):
        frustration(NETWORK, keep=[0, 1, 2])
