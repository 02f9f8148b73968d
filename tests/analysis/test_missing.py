import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


def waves(x):
    """Periods in the box: 2 x 2 minima, 2 x 2 maxima, saddles inside and on two of its sides."""
    return jnp.sin(x[0]) + jnp.sin(x[1])


@pytest.mark.slow
def test_a_saddle_that_is_taken_away_is_missing():
    box = js.Surface(waves, bounds=(0.0, 4.0 * np.pi), dim=2)
    network = js.explore(box, key=jax.random.key(0), searches=64, progress=False)
    # Besides, by hand: on x = 0 the slope points inwards, so minima there are held by the bound,
    # (0, 3 pi / 2) and three like it, and the corner; as are saddles where the other is highest.
    minima, states = len(network.minima), len(network.transition_states)
    assert minima == 9
    missing = js.missing_transition_states(network)
    assert missing == 12 - states
    fewer = js.Landscape(box)
    fewer.add(js.minimise(box, network.minima.x))
    assert js.missing_transition_states(fewer, grid=31) == missing + states


def test_other_surfaces_are_refused():
    with pytest.raises(ValueError, match="needs a landscape with its surface"):
        js.missing_transition_states(js.Landscape())
    unbounded = js.Landscape(js.Surface(waves, bounds=(0.0, np.inf), dim=2))
    with pytest.raises(ValueError, match="have to be finite"):
        js.missing_transition_states(unbounded)
