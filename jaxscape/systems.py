"""Ready-made surfaces, by function or by name.

Two surfaces made by equal calls differ in nothing that compilation depends on, so that the
second one is searched without compiling again. Arrays have JAX's default float dtype at the
time of the call: switch `jax_enable_x64` on first.
"""

import difflib
import re
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from jaxscape.models import cross_entropy, hidden_units, init_mlp, iris
from jaxscape.potentials import (
    LennardJones,
    Morse,
    MuellerBrown,
    Schwefel,
    SixHumpCamel,
    Thomson,
)
from jaxscape.surface import Surface, Units
from jaxscape.symmetry import Cluster, Relabelling
from jaxscape.symmetry.sphere import Sphere


def mueller_brown() -> Surface:
    """The Mueller-Brown surface in [-1.5, 1.2] x [-0.2, 2.0]: 3 minima, 2 transition states.

    No minimum of the box lies on its edges.

    >>> mueller_brown().dim
    2
    """
    box = ((-1.5, -0.2), (1.2, 2.0))
    return Surface(MuellerBrown(), bounds=box, dim=2, scale=0.5, name="mueller_brown")


def six_hump_camel() -> Surface:
    """The six-hump camel in [-3, 3] x [-2, 2]: 6 minima, 7 transition states.

    >>> six_hump_camel().dim
    2
    """
    box = ((-3.0, -2.0), (3.0, 2.0))
    return Surface(SixHumpCamel(), bounds=box, dim=2, scale=1.0, name="six_hump_camel")


def schwefel(dim: int = 2) -> Surface:
    """Schwefel's function within +-500: `7^dim` interior minima.

    On the bounds there are further minima, in the box only.

    **Raises:** `ValueError` if `dim` is below one.

    >>> schwefel(3).dim
    3
    """
    dim = _at_least("dim", dim, 1)
    return Surface(Schwefel(), bounds=(-500.0, 500.0), dim=dim, scale=50.0, name=f"schwefel{dim}")


def lennard_jones(n: int, epsilon: float = 1.0, sigma: float = 1.0) -> Surface:
    """`n` Lennard-Jones atoms in free space, identity up to `symmetry.Cluster`.

    **Arguments:**

    - `n`: number of atoms, two or more.
    - `epsilon`: depth of the pair well; the unit of energy.
    - `sigma`: distance at which the pair energy vanishes; the unit of length.

    Starts are uniform in a ball, see `UniformBall`.

    **Raises:** `ValueError` if `n` is below two, or a parameter is not positive.

    >>> lennard_jones(8).dim
    24
    """
    n = _at_least("n", n, 2)
    _positive(epsilon=epsilon, sigma=sigma)
    reduced = Units("epsilon" if epsilon == 1.0 else "", "sigma" if sigma == 1.0 else "")
    return Surface(
        LennardJones(epsilon, sigma),
        symmetry=Cluster(),
        sampler=UniformBall(n, pair_distance=2 ** (1 / 6) * sigma),
        dim=3 * n,
        scale=sigma,
        name=f"lj{n}",
        units=reduced,
    )


def morse(n: int, rho: float = 6.0) -> Surface:
    """`n` Morse atoms of range parameter `rho`, in units of the well depth and its distance.

    A small `rho` is a long range: 3 resembles sodium, 6 Lennard-Jones, 14 fullerenes.
    J. P. K. Doye and D. J. Wales, J. Chem. Soc., Faraday Trans. 93, 4233 (1997).

    **Raises:** `ValueError` if `n` is below two or `rho` is not positive.

    >>> morse(7, rho=14.0).dim
    21
    """
    n = _at_least("n", n, 2)
    _positive(rho=rho)
    return Surface(
        Morse(rho),
        symmetry=Cluster(),
        sampler=UniformBall(n, pair_distance=1.0),
        dim=3 * n,
        name=f"morse{n}",
        units=Units("epsilon", "r0"),
    )


def thomson(n: int) -> Surface:
    """`n` unit charges on the unit sphere.

    Coordinates are free vectors `[3 n]` whose directions are the positions and whose lengths
    a spring keeps at one, see `potentials.Thomson`: at stationary points the constraint holds
    exactly. Identity up to `symmetry.Sphere`.

    **Raises:** `ValueError` if `n` is below two.

    >>> thomson(12).dim
    36
    """
    n = _at_least("n", n, 2)
    return Surface(
        Thomson(),
        symmetry=Sphere(),
        sampler=OnSphere(n),
        dim=3 * n,
        name=f"thomson{n}",
        units=Units("q^2/R", "R"),
    )


def iris_mlp(hidden: int = 3, l2: float = 1e-2) -> Surface:
    """Softmax cross-entropy of a 4-`hidden`-3 tanh network on the 150 irises.

    The mean over samples plus `l2 * sum(x**2)`, biases included; identity up to exchanging
    hidden units and changing their signs. Without `l2` the minima lie at infinity or are
    degenerate. Starts are standard normal.

    **Raises:** `ValueError` if `hidden` is below one or `l2` is negative.

    >>> iris_mlp(hidden=3).dim
    27
    """
    hidden = _at_least("hidden", hidden, 1)
    if not l2 >= 0:
        raise ValueError(f"l2 is {l2}; pass zero or a positive number")
    inputs, targets = iris()
    # Default starts are normal with the spread of these parameters.
    params = init_mlp(jax.random.key(0), inputs=4, hidden=hidden, outputs=3)
    return Surface.from_loss(
        cross_entropy,
        params,
        inputs,
        targets,
        l2=l2,
        symmetry=Relabelling(*hidden_units(params)),
        name=f"iris_mlp{hidden}",
    )


class UniformBall(eqx.Module):
    """Sampler: `n` atoms uniform in a ball, `[3 n]`.

    The radius is that of a close-packed ball of `n` atoms plus one pair distance of room,
    `pair_distance * (1 + (3 n / (4 pi sqrt 2))^(1/3))`, half a pair distance or so tighter
    than GMIN's container. Atoms may overlap: minimisers with a capped step undo that.
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
    """Sampler: `n` points uniform on the unit sphere, `[3 n]`."""

    n: int = eqx.field(static=True)

    def __call__(self, key: PRNGKeyArray) -> Float[Array, " dim"]:
        height, turn = jax.random.uniform(key, (2, self.n), jnp.result_type(float))
        return _on_sphere(height, turn).T.reshape(-1)


class _Named(NamedTuple):
    make: Callable[..., Surface]
    argument: str = ""  # what a number behind the name stands for, if anything
    default: int | None = None


_SYSTEMS = {
    "mueller_brown": _Named(mueller_brown),
    "six_hump_camel": _Named(six_hump_camel),
    "schwefel": _Named(schwefel, "dim", 2),
    "lj": _Named(lennard_jones, "n"),
    "morse": _Named(morse, "n"),
    "thomson": _Named(thomson, "n"),
    "iris_mlp": _Named(iris_mlp, "hidden", 3),
}


def names() -> list[str]:
    """The names that `by_name` takes; braces hold a number, as in `lj13` for `lj{n}`.

    >>> names()[3]
    'lj{n}'
    """
    return [
        f"{name}{{{entry.argument}}}" if entry.argument else name
        for name, entry in _SYSTEMS.items()
    ]


def by_name(name: str) -> Surface:
    """The surface called `name`, such as `lj8`, `thomson12` or `mueller_brown`.

    **Raises:** `ValueError` for an unknown name, with all names and the closest one.

    >>> by_name("lj8").dim
    24
    """
    match = re.fullmatch(r"(.*?)(\d*)", name.strip().lower().replace("-", "_"))
    stem, digits = match.groups() if match else (name, "")
    entry = _SYSTEMS.get(stem)
    if entry is None:
        raise ValueError(f"unknown system {name!r}{_closest(stem, digits)}; known: {_listed()}")
    if not entry.argument:
        if digits:
            raise ValueError(
                f"unknown system {name!r}: {stem} takes no number; did you mean {stem}?"
            )
        return entry.make()
    if not digits and entry.default is None:
        raise ValueError(
            f"system {name!r} needs a number behind its name, as in {stem}8; known: {_listed()}"
        )
    return entry.make(int(digits) if digits else entry.default)


def _listed():
    return ", ".join(names())


def _closest(stem, digits):
    found = difflib.get_close_matches(stem, _SYSTEMS, n=1, cutoff=0.5)
    if not found:
        return ""
    entry = _SYSTEMS[found[0]]
    number = (digits or f"{{{entry.argument}}}") if entry.argument else ""
    return f", did you mean {found[0]}{number}?"


def _on_sphere(height, turn):
    """Points `[3, n]` uniform on the unit sphere from uniform numbers `[n]` (Archimedes)."""
    z = 2.0 * height - 1.0
    ring = jnp.sqrt(1.0 - z * z)
    angle = 2.0 * jnp.pi * turn
    return jnp.stack([ring * jnp.cos(angle), ring * jnp.sin(angle), z])


def _at_least(name, value, least):
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} is {value!r}; pass a whole number, {least} or more")
    return int(value)


def _positive(**values):
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} is {value!r}; pass a positive number")
