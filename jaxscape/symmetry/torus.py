"""Angles: periodic, and in many models free to turn all together."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from jaxscape.symmetry._base import Symmetry


class Torus(Symmetry):
    """Every coordinate is an angle; with `rotation`, turning all of them alike costs nothing.

    `period` is that of the angles (radians by default). Points are `[dim]`.

    >>> angles = Torus()
    >>> bool(angles.same(np.array([0.1, 3.0]), np.array([0.1 + 2 * np.pi, 3.0 - 4 * np.pi])))
    True
    """

    rotation: bool = eqx.field(static=True)
    period: float = eqx.field(static=True)

    def __init__(self, *, rotation: bool = False, period: float = 2 * np.pi):
        if not 0 < period < np.inf:
            raise ValueError(f"period is {period}; it must be positive: 2 pi for radians")
        self.rotation, self.period = bool(rotation), float(period)

    def generators(self, x):
        shape = (int(self.rotation), *x.shape)
        return jnp.ones(shape, x.dtype)

    def fingerprint(self, x):
        x = np.asarray(x, np.float64)
        unit = self.period / (2 * np.pi)
        if self.rotation:
            x = x - np.roll(x, -1, axis=-1)
        return unit * np.concatenate([np.cos(x / unit), np.sin(x / unit)], axis=-1)

    def align(self, a, b):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        turn = np.zeros(1)
        if self.rotation:
            # The best turn is the mean of the differences, some of them shifted by periods:
            # by so many of n that it is defined up to an n-th of a period.
            turn = np.mean(a - b) + self.period * np.arange(a.size) / a.size
        apart = self._wrapped(a - b - turn[:, None])
        lengths = np.sqrt(np.sum(apart * apart, axis=1))
        best = int(np.argmin(lengths))
        return a - apart[best], float(lengths[best])

    def order(self, x, tolerance=1e-3):
        del x, tolerance
        return 1

    def describe(self):
        return f"torus(rotation={self.rotation}, period={self.period!r})"

    def random_image(self, x, seed):
        rng = np.random.default_rng(seed)
        x = np.array(x, np.float64) + self.period * rng.integers(-2, 3, np.shape(x))
        return x + self.rotation * rng.uniform(0.0, self.period)

    def _wrapped(self, difference):
        return difference - self.period * np.round(difference / self.period)
