"""Carbon: bonds whose strength depends on the angles to the neighbours."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxscape.potentials._lean import lean_energy
from jaxscape.potentials._pair import apart_from, planes


class Tersoff(eqx.Module):
    """Repulsive and attractive exponentials within a cutoff, the latter times a bond order.

    `1/2 sum_i sum_j f(r) [A e^{-lambda1 r} - b_ij B e^{-lambda2 r}]` with `b_ij = (1 + (beta
    zeta_ij)^n)^(-1/2n)` and `zeta_ij = sum_k f(r_ik) [1 + c^2/d^2 - c^2 / (d^2 + (h - cos
    theta_ijk)^2)]`. The defaults are Tersoff's parameters for carbon, in eV and Angstrom.

    **Arguments:**

    - `A`, `B`, `lambda1`, `lambda2`, `beta`, `n`, `c`, `d`, `h`: differentiable.
    - `reach`, `width`: `f` falls from one at `reach - width` to zero at `reach + width`.
    - `smooth`: with the function of Murty and Atwater, of which three derivatives are continuous.
      False is the sine of the paper, of which one is: its second derivatives jump, which
      transition states do not stand if a distance lies at the end of the cutoff.
    - `neighbours`: how many of the nearest atoms of each are looked at; None (default) looks at
      all. With twelve, large clusters cost a tenth; an atom that has more of them within the
      cutoff, as happens in random starts only, misses the outermost.

    Points are `[3 n, *lanes]`.

    J. Tersoff, Phys. Rev. Lett. 61, 2879 (1988); M. V. R. Murty and H. A. Atwater, Phys. Rev. B
    51, 4889 (1995).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 1.447, 0.0, 0.0])
    >>> round(float(Tersoff()(pair)), 3)
    -5.165
    """

    A: Float[Array, ""]
    B: Float[Array, ""]
    lambda1: Float[Array, ""]
    lambda2: Float[Array, ""]
    beta: Float[Array, ""]
    n: Float[Array, ""]
    c: Float[Array, ""]
    d: Float[Array, ""]
    h: Float[Array, ""]
    reach: float = eqx.field(static=True)
    width: float = eqx.field(static=True)
    smooth: bool = eqx.field(static=True)
    neighbours: int | None = eqx.field(static=True)

    def __init__(
        self,
        *,
        A=1393.6,
        B=346.7,
        lambda1=3.4879,
        lambda2=2.2119,
        beta=1.5724e-7,
        n=0.72751,
        c=38049.0,
        d=4.3484,
        h=-0.57058,
        reach=1.95,
        width=0.15,
        smooth=True,
        neighbours=None,
    ):
        given = (A, B, lambda1, lambda2, beta, n, c, d, h)
        arrays = (jnp.asarray(value, float) for value in given)
        self.A, self.B, self.lambda1, self.lambda2, *rest = arrays
        self.beta, self.n, self.c, self.d, self.h = rest
        if not 0 < width < reach:
            raise ValueError(f"width is {width} and reach {reach}; pass 0 < width < reach")
        if neighbours is not None and neighbours < 1:
            raise ValueError(f"neighbours is {neighbours}; pass a positive number, or None")
        self.reach, self.width, self.smooth = float(reach), float(width), bool(smooth)
        self.neighbours = neighbours

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
        return lean_energy(self, x)

    def energy_and_gradient(self, x):
        """Energy and gradient, atom by atom."""
        atoms, labels = planes(x)

        def add(i, sums):
            apart, where = _around(self, atoms, labels, i)
            energy, pull = _site(self, apart)
            new = (_returned(s, p, where, i) for s, p in zip(sums[1:], pull, strict=True))
            return sums[0] + energy, *new

        zero = jnp.zeros_like(atoms[0])
        first = (jnp.zeros(x.shape[1:], x.dtype), zero, zero, zero)
        energy, *gradient = lax.fori_loop(0, len(labels), add, first)
        return energy, jnp.stack(gradient, axis=1).reshape(x.shape)

    def plain_energy(self, x):
        """The same energy with nothing written out: parameters are differentiated through it."""
        atoms, labels = planes(x)

        def add(energy, i):
            return energy + _site_energy(self, _around(self, atoms, labels, i)[0]), None

        return lax.scan(add, jnp.zeros(x.shape[1:], x.dtype), jnp.arange(len(labels)))[0]

    def products(self, x, v):
        """Energy, gradient and `k` Hessian-vector products, atom by atom."""
        atoms, labels = planes(x)
        moves = jnp.stack([jnp.stack(planes(one)[0]) for one in v], axis=1)  # [3, k, n, *lanes]

        def add(i, sums):
            apart, where = _around(self, atoms, labels, i)
            turns = [_taken(m - lax.dynamic_index_in_dim(m, i, 1), where, 1) for m in moves]

            def push(turn):
                return jax.jvp(lambda a: _site(self, a), (apart,), (turn,))

            (energy, pull), (_, change) = jax.vmap(push, out_axes=(None, 0))(turns)
            new = [_returned(s, p, where, i) for s, p in zip(sums[1:4], pull, strict=True)]
            new += [
                jax.vmap(lambda s, c: _returned(s, c, where, i))(s, c)
                for s, c in zip(sums[4:], change, strict=True)
            ]
            return sums[0] + energy, *new

        zero, many = jnp.zeros_like(atoms[0]), jnp.zeros_like(moves[0])
        first = (jnp.zeros(x.shape[1:], x.dtype), *[zero] * 3, *[many] * 3)
        energy, *sums = lax.fori_loop(0, len(labels), add, first)
        gradient = jnp.stack(sums[:3], axis=1).reshape(x.shape)
        return energy, gradient, jnp.stack(sums[3:], axis=2).reshape(v.shape)


def _around(potential, atoms, labels, i):
    """Vectors from atom `i` to the atoms around it, and which these are (None: all in order).

    Its own place holds a vector that is out of reach.
    """
    far = 10.0 * (potential.reach + potential.width)
    apart = [jnp.where(labels == i, far, d) for d in apart_from(atoms, i)]
    most = potential.neighbours
    if most is None or most >= len(labels) - 1:
        return apart, None
    square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]
    where = jnp.moveaxis(lax.top_k(-jnp.moveaxis(square, 0, -1), most)[1], -1, 0)
    return [_taken(d, where, 0) for d in apart], where


def _taken(values, where, axis):
    if where is None:
        return values
    index = where if axis == 0 else jnp.broadcast_to(where, (values.shape[0], *where.shape))
    return jnp.take_along_axis(values, index, axis)


def _returned(total, pull, where, i):
    """`total [n, *lanes]` with the pulls on the atoms around `i` added, and taken from `i`."""
    back = jnp.sum(pull, axis=0)
    if where is not None:
        lanes = jnp.indices(where.shape, sparse=True)[1:]
        total = total.at[(where, *lanes)].add(pull)
    else:
        total = total + pull
    return total.at[i].add(-back)


def _site(potential, apart):
    """Energy of one atom `[*lanes]`, and its derivatives by the vectors to its neighbours."""
    energy, pullback = jax.vjp(lambda a: _site_energy(potential, a), apart)
    return energy, pullback(jnp.ones_like(energy))[0]


def _site_energy(potential, apart):
    dtype = apart[0].dtype
    p = jax.tree.map(lambda leaf: leaf.astype(dtype), potential)
    r = jnp.sqrt(apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2])
    u = [d / r for d in apart]
    within = _cutoff(p, r)
    # [neighbours, neighbours, *lanes]
    cosine = u[0][:, None] * u[0] + u[1][:, None] * u[1] + u[2][:, None] * u[2]
    ratio = (p.c / p.d) ** 2
    angular = 1.0 + ratio - p.c * p.c / (p.d * p.d + (p.h - cosine) ** 2)
    own = jnp.eye(r.shape[0], dtype=bool).reshape(*cosine.shape[:2], *(1,) * (r.ndim - 1))
    crowd = jnp.sum(jnp.where(own, 0.0, within * angular), axis=1)
    # A power below one: its derivative at zero, where there are no others, must not be taken.
    some = crowd > 0
    power = jnp.where(some, (p.beta * jnp.where(some, crowd, 1.0)) ** p.n, 0.0)
    order = (1.0 + power) ** (-0.5 / p.n)
    bond = p.A * jnp.exp(-p.lambda1 * r) - order * p.B * jnp.exp(-p.lambda2 * r)
    return 0.5 * jnp.sum(within * bond, axis=0)


def _cutoff(potential, r):
    """One, falling to zero over twice the width."""
    turn = 0.5 * jnp.pi * jnp.clip((r - potential.reach) / potential.width, -1.0, 1.0)
    if not potential.smooth:
        return 0.5 - 0.5 * jnp.sin(turn)
    return 0.5 - 0.5625 * jnp.sin(turn) - 0.0625 * jnp.sin(3.0 * turn)
