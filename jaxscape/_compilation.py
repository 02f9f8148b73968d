"""How much effort the compiler spends on code that runs for a short time."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax.core import Tracer


def jit_quickly(function: Callable) -> Callable:
    """`eqx.filter_jit` for code that takes longer to compile than it will run.

    LLVM's full optimisation of random bits, or of projections around LAPACK's calls, costs
    seconds and gains next to nothing. Only CPUs are told: others know other options. Inside
    another compiled function the options are the outer one's.
    """
    options: Any = {"compiler_options": {"xla_backend_optimization_level": 1}}
    quick = eqx.filter_jit(function, **options)
    usual = eqx.filter_jit(function)

    @functools.wraps(function)
    def call(*arguments):
        traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(arguments))
        cpu = jax.default_backend() == "cpu"
        return (quick if cpu and not traced else usual)(*arguments)

    return call
