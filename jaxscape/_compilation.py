"""How much effort the compiler spends on code that runs for a short time; what it traces."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax.core import Tracer

# LLVM's full optimisation of random bits, or of projections around LAPACK's calls, costs seconds
# and gains next to nothing; neither does a pipeline of its own for each of a hundred fusions.
_QUICKLY = {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False}


def jit_quickly(function: Callable) -> Callable:
    """`eqx.filter_jit` for code that takes longer to compile than it will run.

    Only CPUs are told: others know other options. Inside another compiled function the options
    are the outer one's.
    """
    usual = eqx.filter_jit(function)

    @functools.cache
    def quick():
        options: Any = {"compiler_options": _known_options()}
        return eqx.filter_jit(function, **options)

    @functools.wraps(function)
    def call(*arguments):
        cpu = jax.default_backend() == "cpu"
        return (quick() if cpu and not is_traced(arguments) else usual)(*arguments)

    return call


def is_traced(tree) -> bool:
    """Whether there are no numbers behind some leaves, under `jit` or `grad`."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(tree))


@functools.cache
def _known_options() -> dict[str, Any]:
    """Those of `_QUICKLY` that this version of the compiler knows: they come and go."""
    nothing = jax.jit(lambda: 0).lower()

    def known(options: dict[str, Any]) -> bool:
        try:
            nothing.compile(compiler_options=options)
        except RuntimeError:  # no such option
            return False
        return True

    if known(_QUICKLY):
        return _QUICKLY
    return {name: value for name, value in _QUICKLY.items() if known({name: value})}
