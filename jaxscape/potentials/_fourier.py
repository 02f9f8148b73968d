"""The long waves of Ewald's sum: a sum over reciprocal lattice vectors instead of images.

Waves are added one at a time, atoms as rows and lanes trailing. Phases depend on where atoms are
in the cell alone, so that a cell's shape enters through the weights of the waves only.
"""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxscape.potentials._images import flat, planes


class Fourier(eqx.Module):
    """`2 pi / V sum over k of e^{-k^2 / 4 eta^2} / k^2 |sum_j q_j e^{i k r_j}|^2`.

    `waves` are the indices of one of every pair `k, -k` that matters, `limits` their largest.
    """

    waves: tuple[tuple[int, int, int], ...] = eqx.field(static=True)
    limits: tuple[int, ...] = eqx.field(static=True)
    eta: float = eqx.field(static=True)

    def __init__(self, cell, eta: float, longest: float):
        reciprocal = 2.0 * np.pi * np.linalg.inv(cell).T
        # |n_a| = |k . (cell vector a)| / 2 pi.
        most = np.floor(longest * np.linalg.norm(cell, axis=1) / (2.0 * np.pi)).astype(int)
        grid = np.array(list(itertools.product(*(range(-m, m + 1) for m in most.tolist()))))
        near = np.linalg.norm(grid @ reciprocal, axis=1) <= longest
        first = np.argmax(grid != 0, axis=1)
        half = np.take_along_axis(grid, first[:, None], 1)[:, 0] > 0
        kept = grid[near & half]
        self.waves = tuple(map(tuple, kept.tolist()))
        self.limits = tuple(np.abs(kept).max(axis=0, initial=0).tolist())
        self.eta = float(eta)

    def strained_products(self, x, charges, cell, v, deformation, kicks):
        """Energy, gradient, by deformation; and their changes along `v[k]` and `kicks[k]`.

        As `Periodic.strained_products`; `charges` is a column beside the lanes.
        """
        rows = planes(x)
        inverse = 2.0 * jnp.pi * jnp.linalg.inv(cell)
        phases = [sum(rows[b] * inverse[b, a] for b in range(3)) for a in range(3)]
        turns = [
            [sum(p[b] * inverse[b, a] for b in range(3)) for a in range(3)] for p in map(planes, v)
        ]
        tables = [_harmonics(*pair) for pair in zip(phases, self.limits, strict=True)]
        strained = deformation is not None
        if strained:
            reciprocal, volume = _reciprocal(inverse, cell, deformation)
            changes = [
                jax.jvp(lambda d: _reciprocal(inverse, cell, d), (deformation,), (kick,))[1]
                for kick in kicks
            ]
        else:
            reciprocal = [[inverse[b, a] for b in range(3)] for a in range(3)]
            volume, changes = jnp.abs(jnp.linalg.det(cell)), []
        waves = jnp.asarray(np.array(self.waves).reshape(-1, 3))

        def add(k, sums):
            number = waves[k]
            cosine, sine = charges, jnp.zeros_like(charges)
            for index, (cosines, sines) in zip(number, tables, strict=True):
                c = lax.dynamic_index_in_dim(cosines, jnp.abs(index), 0, keepdims=False)
                s = lax.dynamic_index_in_dim(sines, jnp.abs(index), 0, keepdims=False)
                s = s * jnp.sign(index).astype(s.dtype)
                cosine, sine = cosine * c - sine * s, sine * c + cosine * s
            n = [number[a].astype(x.dtype) for a in range(3)]
            if not v:
                new = self._terms(n, cosine, sine, reciprocal, strained)
                return tuple(total + more for total, more in zip(sums, new, strict=True))
            new = []
            for i, turn in enumerate(turns):
                angle = sum(n[a] * turn[a] for a in range(3))
                if strained:
                    value, change = jax.jvp(
                        lambda c, s, r: self._terms(n, c, s, r, True),
                        (cosine, sine, reciprocal),
                        (-sine * angle, cosine * angle, changes[i][0]),
                    )
                else:
                    value, change = jax.jvp(
                        lambda c, s: self._terms(n, c, s, reciprocal, False),
                        (cosine, sine),
                        (-sine * angle, cosine * angle),
                    )
                new = [*(new or value), *change]
            return tuple(total + more for total, more in zip(sums, new, strict=True))

        zero, plane = jnp.zeros(x.shape[1:], x.dtype), jnp.zeros_like(rows[0])
        blank = [zero, plane, plane, plane, *[zero] * (9 if strained else 0)]
        sums = lax.fori_loop(0, len(self.waves), add, tuple(blank * (1 + len(v))))
        width = len(blank)
        groups = [sums[i : i + width] for i in range(0, len(sums), width)]

        def finished(group, deformation):
            """Energy, gradient by position, and by deformation, from the sums over waves."""
            volume = _reciprocal(inverse, cell, deformation)[1] if strained else plain_volume
            share = 4.0 * jnp.pi / volume
            force = [share * sum(group[1 + a] * inverse[b, a] for a in range(3)) for b in range(3)]
            energy = share * group[0]
            if not strained:
                return energy, flat(force, x), None
            pull = jax.vjp(lambda d: _reciprocal(inverse, cell, d), deformation)[1]
            nine = [[share * group[4 + 3 * a + b] for b in range(3)] for a in range(3)]
            return energy, flat(force, x), pull((nine, -energy / volume))[0]

        plain_volume = volume
        results = [finished(groups[0], deformation)]
        for i in range(len(v)):
            if strained:
                change = jax.jvp(finished, (groups[0], deformation), (groups[1 + i], kicks[i]))[1]
            else:
                change = finished(groups[1 + i], None)
            results.append(change)
        return results[0], results[1:]

    def _terms(self, n, cosine, sine, reciprocal, strained):
        """What one wave adds, by phases and by the reciprocal lattice, less `4 pi / V`."""
        wave = [sum(n[a] * reciprocal[a][b] for a in range(3)) for b in range(3)]
        square = wave[0] * wave[0] + wave[1] * wave[1] + wave[2] * wave[2]
        fall = 0.25 / self.eta**2
        weight = jnp.exp(-fall * square) / square
        real, imaginary = jnp.sum(cosine, axis=0), jnp.sum(sine, axis=0)
        power = real * real + imaginary * imaginary
        pull = 2.0 * weight * (imaginary * cosine - real * sine)
        terms = [weight * power, *(one * pull for one in n)]
        if strained:
            slope = -2.0 * weight * (1.0 / square + fall) * power
            terms += [slope * one * component for one in n for component in wave]
        return terms


def _harmonics(phase, most):
    """Cosines and sines of `0 .. most` times a phase, `[most + 1, n, *lanes]`."""
    times = jnp.arange(most + 1, dtype=phase.dtype).reshape(-1, *(1,) * phase.ndim)
    return jnp.cos(times * phase), jnp.sin(times * phase)


def _reciprocal(inverse, cell, deformation):
    """Rows of the reciprocal lattice, as numbers or lanes `[3][3]`, and the volume, deformed."""
    d = deformation
    minor = [
        [
            d[(a + 1) % 3][(b + 1) % 3] * d[(a + 2) % 3][(b + 2) % 3]
            - d[(a + 1) % 3][(b + 2) % 3] * d[(a + 2) % 3][(b + 1) % 3]
            for b in range(3)
        ]
        for a in range(3)
    ]
    stretch = sum(d[0][b] * minor[0][b] for b in range(3))
    # (cell d)^-1 = d^-1 cell^-1, and its transpose is cell^-T d^-T.
    rows = [
        [sum(inverse[c, a] * minor[c][b] for c in range(3)) / stretch for b in range(3)]
        for a in range(3)
    ]
    return rows, jnp.abs(jnp.linalg.det(cell)) * jnp.abs(stretch)
