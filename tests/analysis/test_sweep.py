"""Numbers of minima along a parameter, of a function whose minima can be counted."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


class Wells(eqx.Module):
    """A double well a coordinate, which a quadratic term of `l2` above 2 turns into a bowl."""

    l2: jax.Array

    def __call__(self, x):
        return jnp.sum((x**2 - 1) ** 2 + 0.1 * x + self.l2 * x**2)


def wells(l2, dim=3):
    return js.Surface(Wells(jnp.asarray(l2, float)), bounds=(-2.0, 2.0), dim=dim)


@pytest.fixture(scope="module")
def found():
    return js.sweep_minima(wells, [0.0, 0.5, 3.0], key=jax.random.key(0), starts=64)


def test_counts_follow_the_wells(found, compilations):
    assert found.counts.tolist() == [8, 8, 1]
    assert found.starts == 64 and found.failed[2] == 0
    with compilations() as names:
        js.sweep_minima(wells, [0.7], key=jax.random.key(1), starts=64)
    assert names == []
    for landscape, l2 in zip(found.landscapes, found.values, strict=True):
        assert isinstance(landscape, js.Landscape)
        x = np.linspace(-2, 0, 20001)
        lowest = 3 * np.min((x**2 - 1) ** 2 + 0.1 * x + l2 * x**2)
        np.testing.assert_allclose(landscape.minima.energy.min(), lowest, atol=1e-6)


def test_what_was_met_once_tells_what_is_missing(found):
    class Fake:
        def __init__(self, hits):
            self.minima = self
            self.hits = np.array(hits)

        def __len__(self):
            return len(self.hits)

    sweep = js.Sweep((1, 2), (Fake([1, 1, 1, 2, 5]), Fake([4, 4])), (0, 0), 10)
    assert sweep.singles.tolist() == [3, 0]
    assert sweep.estimated().tolist() == [5 + 3 * 2 / 4, 2.0]
    assert found.table().splitlines()[1].split()[:2] == ["0.0", "8"]


def test_a_picture(found, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    ax = js.plot.sweep(found, name="l2")
    assert [text.get_text().rstrip("+") for text in ax.texts] == ["8", "8", "1"]
    drawn = sum(len(points.get_offsets()) for points in ax.collections)
    assert (drawn, ax.get_xscale(), ax.get_xlabel()) == (17, "linear", "l2")
    with pytest.raises(ValueError, match="above zero"):
        js.plot.sweep(found, log=True)
    with pytest.raises(ValueError, match="only numbers"):
        js.plot.sweep(js.Sweep(("a",), found.landscapes[:1], (0,), 64))


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="values is empty"):
        js.sweep_minima(wells, [], key=jax.random.key(0))
    with pytest.raises(ValueError, match="starts is 0"):
        js.sweep_minima(wells, [1.0], key=jax.random.key(0), starts=0)
