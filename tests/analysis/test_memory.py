"""Memory told beforehand: it counts vectors, never their square."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js


def quartic(x):
    return jnp.sum(x**4) + jnp.sum(jnp.tanh(jnp.outer(x[:7], x[:5])))


def test_it_grows_with_the_coordinates_and_not_with_their_square():
    small, large = (js.memory_bound(js.Surface(quartic, dim=n)) for n in (10_000, 100_000))
    assert 9.5 < large.total / small.total < 10.5
    # At least the two histories of eight pairs, and a Krylov basis of 64 vectors.
    assert large.total > (16 + 64) * 8 * large.dim
    assert large.total < 0.01 * 8 * large.dim**2


def test_lanes_images_and_data_count():
    data = np.ones((1000, 50))
    surface = js.Surface.from_loss(
        lambda p, data: jnp.mean((data @ p) ** 2), jnp.ones(50), jnp.array(data), l2=0.1
    )
    one = js.memory_bound(surface)
    more = js.memory_bound(surface, lanes=3, images=4, certify=False)
    assert one.parts["data"] >= data.nbytes
    assert more.parts["minimise"] == 3 * one.parts["minimise"]
    assert set(more.parts) == {"data", "minimise", "bands"}
    assert one.total == sum(one.parts.values())
    assert re.search(r"together +\d+\.\d MiB", str(one)) and "50 coordinates" in str(one)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.memory_bound(quartic), "surface has no dim"),
        (lambda: js.memory_bound(js.Surface(quartic, dim=9), lanes=0), "lanes is 0"),
        (lambda: js.memory_bound(js.Surface(quartic, dim=9), images=-1), "images is -1"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
