"""Checks that every search makes before it compiles anything."""

import math

import jax.numpy as jnp
import numpy as np

from jaxscape.search.certify import DENSE_LIMIT
from jaxscape.surface import Surface, check_scalar


def checked_starts(surface: Surface, x0, name: str = "x0") -> np.ndarray:
    """`x0` as a host array `[B, dim]` of a supported dtype, or a `ValueError` that says why."""
    given, x0 = x0, np.asarray(x0)
    if x0.dtype == object:
        one = given[0] if isinstance(given, list | tuple) and given else given
        raise ValueError(
            f"{name} holds a {type(one).__name__}, not numbers: points are rows [batch, dim]"
            + (
                ", of trained parameters np.stack([surface.ravel(p) for p in trained])"
                if surface.unflatten is not None
                else ""
            )
        )
    if x0.ndim != 2:
        raise ValueError(
            f"{name} has shape {x0.shape}; pass points as rows [batch, dim] (one point: x[None])"
        )
    if x0.shape[0] == 0:
        raise ValueError(f"{name} has shape {x0.shape}: there is no starting point in it")
    if np.iscomplexobj(x0):
        raise ValueError(f"{name} is complex ({x0.dtype}); points are real vectors")
    if x0.dtype not in (np.float32, np.float64):
        x0 = x0.astype(jnp.result_type(float))
    if surface.dim is not None and x0.shape[1] != surface.dim:
        raise ValueError(
            f"{name} has width {x0.shape[1]}, but surface {surface.name!r} has dim {surface.dim}"
        )
    for side, bound in (("lower", surface.lower), ("upper", surface.upper)):
        if bound is not None and bound.ndim == 1 and bound.shape != x0.shape[1:]:
            raise ValueError(
                f"{name} has width {x0.shape[1]}, but the {side} bound of surface "
                f"{surface.name!r} has shape {bound.shape}"
            )
    if x0.dtype == np.float64 and jnp.result_type(float) != jnp.float64:
        raise ValueError(
            f"{name} is float64, but JAX computes in float32: call "
            'jax.config.update("jax_enable_x64", True) first, or pass float32 starts'
        )
    bad = np.flatnonzero(~np.isfinite(x0).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} is not finite in {len(bad)} of {len(x0)} rows, the first being row {bad[0]}: "
            "drop them, e.g. x0[np.isfinite(x0).all(axis=1)]"
        )
    check_scalar(surface, x0[0])
    return x0


def default_tolerance(dtype, tolerance: float | None, surface: Surface | None = None) -> float:
    """The tolerance on the root-mean-square gradient.

    Unless given that of the surface, if it has one, else 1e-8 in double and 1e-4 in single
    precision.
    """
    double = np.dtype(dtype) == np.float64
    if tolerance is None:
        least = 1e-8 if double else 1e-4
        return max(least, (surface.tolerance if surface is not None else None) or 0.0)
    tolerance = positive_number("tolerance", tolerance)
    if not double and tolerance < 1e-6:
        raise ValueError(
            f"tolerance is {tolerance}, out of reach for float32 starts: pass float64 starts "
            "(with jax_enable_x64 on), or a tolerance of 1e-6 or more"
        )
    return tolerance


def loosened(surface: Surface, tolerance: float, factor: float, dim: int) -> float:
    """`factor` times the tolerance, for searches that are polished afterwards.

    A surface with a tolerance of its own has a coarse one: a hundred times it is loose enough.
    Where Hessians are not dense a Newton step costs more than the steps that it saves.
    """
    most = math.inf if surface.tolerance is None else 100.0
    return tolerance * min(factor, most if dim <= DENSE_LIMIT else 10.0)


def positive(name: str, value) -> int:
    """`value` as an int of at least one."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")
    return int(value)


def positive_number(name: str, value) -> float:
    """`value` as a finite float above zero."""
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise ValueError(f"{name} is {value!r}; it must be a positive number")
    return float(value)
