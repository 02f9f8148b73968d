"""Radial basis functions of the squared distance, with two derivatives."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp


class Kernel(NamedTuple):
    """`function(s) -> (value, slope, bend)` of `s = r^2`, and what comes with it.

    `degree`: least degree of the polynomial that makes the fit well posed (-1: none).
    `scaled`: the shape parameter changes the fit.
    `smooth`: the function has a gradient at the data points.
    """

    function: Callable
    degree: int
    scaled: bool
    smooth: bool = True


def _positive(s):
    """`s` where it can be divided by: at a data point every term is multiplied by zero."""
    return jnp.maximum(s, jnp.finfo(s.dtype).tiny ** 0.5)


def _linear(s):
    r = jnp.sqrt(_positive(s))
    return -r, -0.5 / r, 0.25 / (r * _positive(s))


def _thin_plate_spline(s):
    safe = _positive(s)
    log = jnp.log(safe)
    return 0.5 * s * log, 0.5 * (log + 1.0), 0.5 / safe


def _cubic(s):
    r = jnp.sqrt(_positive(s))
    return s * r, 1.5 * r, 0.75 / r


def _quintic(s):
    r = jnp.sqrt(_positive(s))
    return -s * s * r, -2.5 * s * r, -3.75 * r


def _multiquadric(s):
    root = jnp.sqrt(1.0 + s)
    return -root, -0.5 / root, 0.25 / (root * (1.0 + s))


def _inverse_multiquadric(s):
    root = 1.0 / jnp.sqrt(1.0 + s)
    return root, -0.5 * root**3, 0.75 * root**5


def _inverse_quadratic(s):
    inverse = 1.0 / (1.0 + s)
    return inverse, -(inverse**2), 2.0 * inverse**3


def _gaussian(s):
    value = jnp.exp(-s)
    return value, -value, value


KERNELS = {
    "linear": Kernel(_linear, 0, False, smooth=False),
    "thin_plate_spline": Kernel(_thin_plate_spline, 1, False),
    "cubic": Kernel(_cubic, 1, False),
    "quintic": Kernel(_quintic, 2, False),
    "multiquadric": Kernel(_multiquadric, 0, True),
    "inverse_multiquadric": Kernel(_inverse_multiquadric, -1, True),
    "inverse_quadratic": Kernel(_inverse_quadratic, -1, True),
    "gaussian": Kernel(_gaussian, -1, True),
}
