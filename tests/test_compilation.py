"""Options of the compiler: taken where they are known, left out where they are not."""

import jax.numpy as jnp
import pytest

from jaxscape import _compilation


@pytest.fixture
def options(monkeypatch):
    """Sets what the compiler is asked for."""

    def ask(wanted):
        monkeypatch.setattr(_compilation, "_QUICKLY", wanted)
        _compilation._known_options.cache_clear()

    yield ask
    _compilation._known_options.cache_clear()


def test_the_compiler_knows_every_option_that_it_is_asked_for():
    _compilation._known_options.cache_clear()
    assert _compilation._known_options() == _compilation._QUICKLY


def test_options_of_other_versions_are_left_out(options):
    level = {"xla_backend_optimization_level": 1}
    options({"xla_no_such_option": True} | level)
    assert _compilation._known_options() == level
    double = _compilation.jit_quickly(lambda x: 2 * x)
    assert double(jnp.ones(2)).tolist() == [2, 2]
