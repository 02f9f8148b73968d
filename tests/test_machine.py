"""What the machine grants a process."""

import warnings

import jax
import jax.numpy as jnp
import pytest

import jaxscape as js
from jaxscape import _machine


@pytest.fixture
def maps(monkeypatch, tmp_path):
    """Says how many maps are granted and how many in use."""
    used, most = tmp_path / "maps", tmp_path / "max_map_count"
    monkeypatch.setattr(_machine, "_MAPS", used)
    monkeypatch.setattr(_machine, "_MOST_MAPS", most)
    monkeypatch.setattr(_machine, "_EVERY", 0.0)

    def say(count, limit):
        used.write_text("7f00-7f01 r-xp\n" * count)
        most.write_text(f"{limit}\n")

    return say


def test_compiled_functions_are_dropped_before_maps_run_out(maps):
    surface = js.Surface(lambda x: jnp.sum((x**2 - 1) ** 2), bounds=(-2.0, 2.0), dim=2)
    starts = surface.sample(jax.random.key(0), 4)
    maps(800, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = js.minimise(surface, starts)

    square = jax.jit(lambda x: x * x)
    square(2.0)
    assert square._cache_size() == 1
    maps(801, 1000)
    with pytest.warns(RuntimeWarning, match=r"801 of 1,000 memory maps.*vm\.max_map_count"):
        after = js.minimise(surface, starts)
    assert square._cache_size() == 0
    assert (before.x == after.x).all() and (before.energy == after.energy).all()


def test_systems_without_such_a_limit_are_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(_machine, "_MOST_MAPS", tmp_path / "nothing")
    monkeypatch.setattr(_machine, "_EVERY", 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _machine.make_room_for_code()
