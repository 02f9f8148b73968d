"""Distances, angles and dihedrals of atoms: measured, and set."""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.search.moves.dihedral_rotation import beyond
from jaxscape.search.moves.turning import turned


def internal_coordinates(
    x: Float[Array | np.ndarray, "batch dim"], atoms: Sequence[Sequence[int]]
) -> Float[np.ndarray, "batch k"]:
    """Distances, angles and dihedrals of points, angles in degrees.

    **Arguments:**

    - `x` `[batch, 3 n]`: points, such as `landscape.minima.x`.
    - `atoms`: for each coordinate two atoms (a distance), three (an angle at the second) or four
      (a dihedral, -180 to 180 degrees, of IUPAC's sign), counted from 0.

    **Returns:** `[batch, k]`.

    **Raises:** `ValueError` for atoms that are not there or not distinct.

    >>> bent = np.array([[1.0, 0, 0, 0, 0, 0, 0, 2.0, 0, 0, 2.0, 1.0]])
    >>> internal_coordinates(bent, [(0, 1), (0, 1, 2), (0, 1, 2, 3)]).tolist()
    [[1.0, 90.0, -90.0]]
    """
    x = _floats(x)
    if x.ndim != 2 or x.shape[1] % 3:
        raise ValueError(f"x has shape {x.shape}: pass points [batch, 3 n]")
    chosen = [_checked(one, x.shape[1]) for one in atoms]
    found = np.zeros((len(x), len(chosen)), x.dtype)
    points = x.reshape(len(x), x.shape[1] // 3, 3)
    for k, one in enumerate(chosen):
        found[:, k] = _MEASURES[len(one)](np, *(points[:, i] for i in one))
    return found


def with_dihedrals(
    x: Float[Array | np.ndarray, " dim"],
    atoms: Sequence[Sequence[int]],
    values: Float[np.ndarray, "batch k"],
    bonds: Sequence[tuple[int, int]],
) -> Float[np.ndarray, "batch dim"]:
    """A molecule with its dihedrals set, all else as it is: systematic starts for searches.

    Atoms may overlap then; see `remove_clashes`.

    **Arguments:**

    - `x` `[3 n]`: the molecule.
    - `atoms`: four for each dihedral; what hangs on the third turns about the bond between the
      second and the third.
    - `values` `[batch, k]`: in degrees, one column for each dihedral.
    - `bonds`: pairs of atom numbers, such as `surface.symmetry.bonds`.

    **Returns:** `[batch, 3 n]`.

    **Raises:** `ValueError` for a bond that is not there or part of a ring, or values that do not
    fit.

    >>> chain = np.array([1.0, 0, 0, 0, 0, 0, 0, 2.0, 0, 0, 2.0, 1.0])
    >>> turned = with_dihedrals(chain, [(0, 1, 2, 3)], [[60.0], [180.0]], [(0, 1), (1, 2), (2, 3)])
    >>> internal_coordinates(turned, [(0, 1, 2, 3)]).round(6).tolist()
    [[60.0], [180.0]]
    """
    x, values = _floats(x), np.asarray(values, np.float64)
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}: pass one point [dim]")
    if values.ndim != 2 or values.shape[1] != len(atoms) or not np.isfinite(values).all():
        raise ValueError(f"values have shape {values.shape}: pass [batch, {len(atoms)}], finite")
    near: dict[int, set[int]] = {}
    for i, j in bonds:
        near.setdefault(int(i), set()).add(int(j))
        near.setdefault(int(j), set()).add(int(i))
    points = np.repeat(x[None].astype(np.float64), len(values), axis=0)
    for column, quartet in zip(values.T, atoms, strict=True):
        if len(quartet) != 4:
            raise ValueError(f"atoms has {tuple(quartet)}: pass four for a dihedral")
        now = internal_coordinates(points, [quartet])[:, 0]
        _, b, c, _ = (int(i) for i in quartet)
        if c not in near.get(b, ()):
            raise ValueError(f"atoms {b} and {c} are not bonded: nothing turns about them")
        side = beyond(near, b, c)
        if b in side:
            raise ValueError(f"the bond {b}-{c} is part of a ring: it cannot turn")
        moving = sorted(side - {c})
        points = _turned(points.reshape(len(points), -1, 3), b, c, moving, np.radians(column - now))
    return points.astype(x.dtype)


def _floats(x) -> np.ndarray:
    """As an array whose numbers are not cut off to whole ones."""
    x = np.asarray(x)
    return x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)


def coordinate(atoms: Sequence[int] | Callable, dim: int) -> tuple[Callable, float | None]:
    """A function `x[dim] -> scalar` and its period, None where it has none.

    **Raises:** `ValueError` for atoms that are not there or not distinct.
    """
    if callable(atoms):
        return atoms, None
    chosen = _checked(atoms, dim)
    measure = _MEASURES[len(chosen)]
    return eqx.Partial(_measured, measure, tuple(chosen)), 360.0 if len(chosen) == 4 else None


def _checked(atoms, dim) -> list[int]:
    chosen = [int(i) for i in atoms]
    if len(chosen) not in _MEASURES or len(set(chosen)) != len(chosen):
        raise ValueError(f"atoms is {chosen}: pass two, three or four different atoms")
    if dim % 3 or min(chosen) < 0 or 3 * max(chosen) >= dim:
        raise ValueError(f"atoms is {chosen}, but points have {dim} coordinates, three an atom")
    return chosen


def _turned(atoms, b, c, moving, angles):
    axis = atoms[:, c] - atoms[:, b]
    axis = (axis / np.linalg.norm(axis, axis=1, keepdims=True))[:, None]
    atoms = atoms.copy()
    arms = atoms[:, moving] - atoms[:, [c]]
    atoms[:, moving] = atoms[:, [c]] + turned(arms, axis, angles[:, None, None], np)
    return atoms.reshape(len(atoms), -1)


def _measured(measure, atoms, x):
    return measure(jnp, *x.reshape(-1, 3)[jnp.array(atoms)])


# Written once for NumPy and for JAX, whose first call of anything takes its time.
def _distance(xp, a, b):
    return xp.sqrt(xp.sum((a - b) ** 2, axis=-1))


def _angle(xp, a, b, c):
    u, v = a - b, c - b
    across = xp.cross(u, v)
    sine = xp.sqrt(xp.sum(across**2, axis=-1))
    return xp.degrees(xp.arctan2(sine, xp.sum(u * v, axis=-1)))


def _dihedral(xp, a, b, c, d):
    u, v, w = b - a, c - b, d - c
    first, second = xp.cross(u, v), xp.cross(v, w)
    sine = xp.sqrt(xp.sum(v**2, axis=-1)) * xp.sum(u * second, axis=-1)
    return xp.degrees(xp.arctan2(sine, xp.sum(first * second, axis=-1)))


_MEASURES = {2: _distance, 3: _angle, 4: _dihedral}
