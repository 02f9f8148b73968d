"""Where searches start."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class UniformBall(eqx.Module):
    """Sampler: `n` atoms uniform in a ball, `[3 n]`.

    The radius is that of a close-packed ball of `n` atoms plus one pair distance of room,
    `pair_distance * (1 + (3 n / (4 pi sqrt 2))^(1/3))`, half a pair distance or so tighter
    than GMIN's container. Atoms may overlap: minimisers with a capped step undo that.

    >>> UniformBall(5, pair_distance=1.1)(jax.random.key(0)).shape
    (15,)
    """

    n: int = eqx.field(static=True)
    radius: Float[Array, ""]

    def __init__(self, n: int, *, pair_distance: float):
        self.n = n
        packed = (3 * n / (4 * jnp.pi * 2**0.5)) ** (1 / 3)
        self.radius = jnp.asarray(pair_distance * (1.0 + packed), float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        # Uniform numbers alone: normal ones would take seconds to compile.
        volume, height, turn = jax.random.uniform(key, (3, self.n), self.radius.dtype)
        return (self.radius * jnp.cbrt(volume) * _on_sphere(height, turn)).T.reshape(-1)


class OnSphere(eqx.Module):
    """Sampler: `n` points uniform on the unit sphere, `[3 n]`.

    >>> points = OnSphere(4)(jax.random.key(0)).reshape(4, 3)
    >>> jnp.linalg.norm(points, axis=1).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    n: int = eqx.field(static=True)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        height, turn = jax.random.uniform(key, (2, self.n), jnp.result_type(float))
        return _on_sphere(height, turn).T.reshape(-1)


class OnShell(eqx.Module):
    """Sampler: `n` atoms uniform on a sphere with `area` for each, `[3 n]`.

    >>> atoms = OnShell(60, area=2.64)(jax.random.key(0)).reshape(60, 3)
    >>> round(float(jnp.linalg.norm(atoms[7])), 2)
    3.55
    """

    n: int = eqx.field(static=True)
    radius: Float[Array, ""]

    def __init__(self, n: int, *, area: float):
        self.n = n
        self.radius = jnp.asarray((n * area / (4 * jnp.pi)) ** 0.5, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        height, turn = jax.random.uniform(key, (2, self.n), self.radius.dtype)
        return self.radius * _on_sphere(height, turn).T.reshape(-1)


class RigidBodies(eqx.Module):
    """Sampler: copies of one rigid molecule in a ball, turned at random, `[3 atoms n]`.

    `centres` samples where they are, `molecule` has the atoms about its centre, `[atoms, 3]`.

    >>> pairs = RigidBodies(2, [[0.0, 0, 0], [0, 0, 1]], pair_distance=3.0)(jax.random.key(0))
    >>> first = pairs.reshape(2, 2, 3)[0]
    >>> round(float(jnp.linalg.norm(first[1] - first[0])), 6)
    1.0
    """

    centres: UniformBall
    molecule: Float[Array, "atoms 3"]

    def __init__(self, n: int, molecule, *, pair_distance: float):
        self.centres = UniformBall(n, pair_distance=pair_distance)
        self.molecule = jnp.asarray(molecule, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        where, how = jax.random.split(key)
        centres = self.centres(where).reshape(-1, 1, 3)
        u, v, w = jax.random.uniform(how, (3, centres.shape[0]), centres.dtype)
        turned = jnp.einsum("nij,aj->nai", _rotations(u, v, w), self.molecule)
        return (centres + turned).reshape(-1)


class UniformBox(eqx.Module):
    """Sampler: `dim` coordinates uniform between `-reach` and `reach`.

    >>> bool(jnp.max(jnp.abs(UniformBox(5, 2.0)(jax.random.key(0)))) < 2.0)
    True
    """

    dim: int = eqx.field(static=True)
    reach: Float[Array, ""]

    def __init__(self, dim: int, reach: float):
        self.dim, self.reach = dim, jnp.asarray(reach, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        return self.reach * (2.0 * jax.random.uniform(key, (self.dim,), self.reach.dtype) - 1.0)


class Shaken(eqx.Module):
    """Sampler: `point` `[dim]`, every coordinate moved by at most `reach`, a number or `[dim]`.

    >>> x = Shaken([1.0, 2.0, 3.0], [0.1, 0.1, 0.0])(jax.random.key(0))
    >>> bool(jnp.all(jnp.abs(x - jnp.array([1.0, 2.0, 3.0])) <= 0.1)), float(x[2])
    (True, 3.0)
    """

    point: Float[Array, " dim"]
    reach: Float[Array, "..."]

    def __init__(self, point, reach):
        self.point, self.reach = jnp.asarray(point, float), jnp.asarray(reach, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        kick = 2.0 * jax.random.uniform(key, self.point.shape, self.point.dtype) - 1.0
        return self.point + self.reach * kick


class InCell(eqx.Module):
    """Sampler: `n` atoms uniform in a cell whose vectors are the rows of `cell`, `[3 n]`.

    >>> x = InCell(4, [[2.0, 0, 0], [0, 3.0, 0], [0, 0, 4.0]])(jax.random.key(0)).reshape(4, 3)
    >>> bool(jnp.all((x >= 0) & (x < jnp.array([2.0, 3.0, 4.0]))))
    True
    """

    n: int = eqx.field(static=True)
    cell: Float[Array, "3 3"]

    def __init__(self, n: int, cell):
        self.n, self.cell = n, jnp.asarray(cell, float)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        return (jax.random.uniform(key, (self.n, 3), self.cell.dtype) @ self.cell).reshape(-1)


def _on_sphere(height, turn):
    """Points `[3, n]` uniform on the unit sphere from uniform numbers `[n]` (Archimedes)."""
    z = 2.0 * height - 1.0
    ring = jnp.sqrt(1.0 - z * z)
    angle = 2.0 * jnp.pi * turn
    return jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), z])


def _rotations(u, v, w):
    """Rotation matrices `[n, 3, 3]` from uniform numbers `[n]`, evenly over all (Shoemake)."""
    inner, outer = jnp.sqrt(u), jnp.sqrt(1.0 - u)
    v, w = 2.0 * jnp.pi * v, 2.0 * jnp.pi * w
    x, y = outer * jnp.sin(v), outer * jnp.cos(v)
    z, s = inner * jnp.sin(w), inner * jnp.cos(w)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * s), 2 * (x * z + y * s)],
        [2 * (x * y + z * s), 1 - 2 * (x * x + z * z), 2 * (y * z - x * s)],
        [2 * (x * z - y * s), 2 * (y * z + x * s), 1 - 2 * (x * x + y * y)],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
