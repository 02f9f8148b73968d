"""What a symmetry has to answer, and the case without one."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


class Symmetry(eqx.Module):
    """Which directions cost nothing, how points align, and whether they are the same.

    `zero_modes` and `project` run on the device and take lanes as trailing axes; the rest
    runs on the host with NumPy arrays of leading batch axes.
    """

    @abc.abstractmethod
    def generators(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "k dim *lanes"]:
        """Tangent vectors of the continuous symmetries at `x`, of comparable lengths."""

    @abc.abstractmethod
    def fingerprint(self, x: Float[np.ndarray, "batch dim"]) -> Float[np.ndarray, "batch f"]:
        """Numbers that equal points share; continuous in `x`, in units of `x`."""

    @abc.abstractmethod
    def align(
        self, a: Float[np.ndarray, " dim"], b: Float[np.ndarray, " dim"]
    ) -> tuple[Float[np.ndarray, " dim"], float]:
        """The image of `b` closest to `a`, and its Euclidean distance from `a`."""

    def align_many(
        self, a: Float[np.ndarray, "batch dim"], b: Float[np.ndarray, "batch dim"]
    ) -> tuple[Float[np.ndarray, "batch dim"], Float[np.ndarray, " batch"]]:
        """`align` for each pair of rows: images `[B, dim]` and distances `[B]`."""
        a, b = np.asarray(a), np.asarray(b)
        if a.ndim != 2 or a.shape != b.shape:
            raise ValueError(f"align_many takes two batches alike, got {a.shape} and {b.shape}.")
        pairs = [self.align(*pair) for pair in zip(a, b, strict=True)]
        images = np.array([image for image, _ in pairs]).reshape(a.shape)
        return images, np.array([distance for _, distance in pairs])

    @abc.abstractmethod
    def order(self, x: Float[np.ndarray, " dim"], tolerance: float = 1e-3) -> int:
        """Number of discrete symmetry operations that leave `x` as it is (1 without any)."""

    def objections(self, x: Float[np.ndarray, "batch dim"]) -> list[str | None]:
        """Why points have no place in a landscape of this symmetry, None for those that have."""
        return [None] * len(x)

    @property
    def exact_orders(self) -> bool:
        """Whether `order` counts all operations of the group."""
        return True

    def orders(self, x: Float[np.ndarray, "batch dim"]) -> Int[np.ndarray, " batch"]:
        """`order` of each row."""
        return np.array([self.order(point) for point in x], np.int64)

    @abc.abstractmethod
    def describe(self) -> str:
        """A short, stable text: stores compare it to refuse another surface's points."""

    @abc.abstractmethod
    def random_image(self, x: Float[np.ndarray, " dim"], seed: int) -> Float[np.ndarray, " dim"]:
        """`x` after a random operation of the group: tests and `jaxscape.check` use it."""

    def zero_modes(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "k dim *lanes"]:
        """Orthonormal directions along which the energy is constant.

        Directions that vanish or depend on others (the axis of a linear molecule) are rows of
        zeros, so that the shape never depends on the geometry.
        """
        return orthonormalise(self.generators(x))

    def project(
        self, modes: Float[Array, "k dim *lanes"], v: Float[Array, "dim *lanes"]
    ) -> Float[Array, "dim *lanes"]:
        """`v` without its components along orthonormal `modes`."""
        for mode in modes:
            v = v - mode * jnp.sum(mode * v, axis=0)
        return v

    def same(
        self,
        a: Float[np.ndarray, " dim"],
        b: Float[np.ndarray, " dim"],
        tolerance: float = 1e-4,
    ) -> bool:
        """Whether two points are one up to the symmetry: by fingerprint, then by alignment.

        `tolerance` bounds the change of every coordinate, in units of one plus the root mean
        square of the fingerprint.
        """
        a, b = np.asarray(a), np.asarray(b)
        prints = self.fingerprint(np.stack([a, b]))
        bound = tolerance * (1.0 + np.sqrt(np.mean(prints[0] ** 2)) if prints.size else 1.0)
        if not np.max(np.abs(prints[0] - prints[1]), initial=0.0) <= 4 * bound:
            return False
        image, _ = self.align(a, b)
        return bool(np.max(np.abs(image - a), initial=0.0) <= bound)


class NoSymmetry(Symmetry):
    """Every point stands for itself.

    >>> bool(NoSymmetry().same(np.zeros(2), np.ones(2)))
    False
    """

    def generators(self, x):
        return jnp.zeros((0, *x.shape), x.dtype)

    def fingerprint(self, x):
        return np.asarray(x)

    def align(self, a, b):
        return np.asarray(b), float(np.linalg.norm(np.asarray(a) - np.asarray(b)))

    def order(self, x, tolerance=1e-3):
        del x, tolerance
        return 1

    def describe(self):
        return "none"

    def random_image(self, x, seed):
        del seed
        return np.array(x)


def orthonormalise(
    vectors: Float[Array, "k dim *lanes"], threshold: float | None = None
) -> Float[Array, "k dim *lanes"]:
    """Gram-Schmidt over the leading axis; dependent vectors become zero.

    A vector is dependent when what is left of it is below `threshold` (by default the
    precision to the power 0.4) times the longest of all: relative to its own length, rounding
    would make a direction of a vector that should vanish.
    """
    least = float(jnp.finfo(vectors.dtype).eps) ** 0.4 if threshold is None else threshold
    raw = jnp.sqrt(jnp.max(jnp.sum(vectors * vectors, axis=1), axis=0, initial=0.0))
    basis = []
    for vector in vectors:
        for other in basis:
            vector = vector - other * jnp.sum(other * vector, axis=0)
        norm = jnp.sqrt(jnp.sum(vector * vector, axis=0))
        keep = norm > least * raw
        basis.append(jnp.where(keep, vector / jnp.where(keep, norm, 1.0), 0.0))
    return jnp.stack(basis) if basis else vectors
