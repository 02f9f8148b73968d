"""Metals and alloys in the second-moment approximation of tight binding."""

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxscape.potentials._embedded import EmbeddedAtoms
from jaxscape.potentials._species import check_count, columns, kinds_of, pair_table


class GuptaParameters(NamedTuple):
    """Of one pair of elements: energies in eV, the distance in Angstrom."""

    A: float
    xi: float
    p: float
    q: float
    r0: float


class SuttonChenParameters(NamedTuple):
    """Of one element: `epsilon` in eV, `a`, the lattice constant, in Angstrom."""

    n: float
    m: float
    epsilon: float
    a: float
    c: float


class Gupta(EmbeddedAtoms):
    """Born-Mayer repulsion, and a band energy from the second moment of the density of states.

    `sum_i [sum_j A e^{-p (r/r0 - 1)} - sqrt(sum_j xi^2 e^{-2 q (r/r0 - 1)})]`, every pair within
    reach of every other. `Gupta.of(species)` takes published parameters of elements.

    **Arguments:**

    - `species`: the kind of every atom, such as `["Ag", "Ag", "Cu"]`.
    - `A`, `xi` (eV), `p`, `q` (no unit), `r0` (Angstrom): a number, or a symmetric table `[k, k]`
      whose rows are the kinds in order of first appearance; differentiable.

    **Raises:** `ValueError` for tables of another shape, and points of other atoms.

    R. P. Gupta, Phys. Rev. B 23, 6265 (1981); F. Cleri and V. Rosato, Phys. Rev. B 48, 22 (1993).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 2.3, 0.0, 0.0])
    >>> round(float(Gupta.of(["Ag", "Cu"])(pair)), 3)
    -2.762
    """

    species: tuple[int, ...] = eqx.field(static=True)
    A: Float[Array, "k k"]
    xi: Float[Array, "k k"]
    p: Float[Array, "k k"]
    q: Float[Array, "k k"]
    r0: Float[Array, "k k"]

    def __init__(self, species, A, xi, p, q, r0):
        self.species = kinds_of(species)
        self.A, self.xi, self.p, self.q, self.r0 = (
            pair_table(name, value, self.species)
            for name, value in (("A", A), ("xi", xi), ("p", p), ("q", q), ("r0", r0))
        )

    @staticmethod
    def of(
        species: Sequence[str],
        parameters: Mapping[str, GuptaParameters] | None = None,
    ) -> "Gupta":
        """The potential of these elements with published parameters.

        **Arguments:**

        - `species`: the symbol of every atom.
        - `parameters`: by default those of `GUPTA`; keys are symbols, and pairs such as `"Ag-Cu"`
          in alphabetical order.

        **Raises:** `ValueError` for an element, or a pair of elements, without parameters.

        >>> Gupta.of(["Pt"] * 13).A.shape
        (1, 1)
        """
        names = list(dict.fromkeys(species))
        sets = gupta_set(names) if parameters is None else parameters
        table = np.empty((len(names), len(names), 5))
        for i, one in enumerate(names):
            for j, other in enumerate(names):
                key = one if one == other else "-".join(sorted((one, other)))
                if key not in sets:
                    raise ValueError(f"no Gupta parameters for {key}{_closest(key, sets)}")
                table[i, j] = sets[key]
        return Gupta(species, *np.moveaxis(table, 2, 0))

    def of_atoms(self, count, lanes):
        given = (self.A, self.xi, self.p, self.q, self.r0)
        tables = [columns(self.species, table, count, lanes) for table in given]

        def of_atom(j):
            A, xi, p, q, r0 = (table(j) for table in tables)

            def pairs(square):
                away = 1.0 - jnp.sqrt(square) / r0.astype(square.dtype)
                repulsion = 2.0 * A.astype(square.dtype) * jnp.exp(p.astype(square.dtype) * away)
                hopping = xi.astype(square.dtype) * jnp.exp(q.astype(square.dtype) * away)
                return repulsion, hopping * hopping

            return pairs

        return of_atom, jnp.ones(())


class SuttonChen(EmbeddedAtoms):
    """Powers of the distance for the repulsion of pairs and for the density at an atom.

    `sum_i epsilon [1/2 sum_j (a/r)^n - c sqrt(sum_j (a/r)^m)]`. In mixtures `epsilon` and `a` of
    a pair are the geometric and arithmetic means (`a`: geometric for the density), and `n`, `m`
    arithmetic ones, as in H. Rafii-Tabar and A. P. Sutton, Phil. Mag. Lett. 63, 217 (1991).
    `SuttonChen.of(species)` takes published parameters of elements.

    **Arguments:**

    - `species`: the kind of every atom.
    - `n`, `m`, `epsilon`, `a`, `c`: a number, or one for each kind in order of first appearance;
      the last three differentiable.

    **Raises:** `ValueError` for another number of entries, and points of other atoms.

    A. P. Sutton and J. Chen, Phil. Mag. Lett. 61, 139 (1990).

    >>> import jax.numpy as jnp
    >>> pair = jnp.array([0.0, 0.0, 0.0, 0.5, 0.0, 0.0])
    >>> float(SuttonChen(["X"] * 2, 9.0, 6.0, 1.0, 1.0, 40.0)(pair))
    -128.0
    """

    species: tuple[int, ...] = eqx.field(static=True)
    n: tuple[float, ...] = eqx.field(static=True)
    m: tuple[float, ...] = eqx.field(static=True)
    epsilon: Float[Array, " k"]
    a: Float[Array, " k"]
    c: Float[Array, " k"]

    def __init__(self, species, n, m, epsilon, a, c):
        self.species = kinds_of(species)
        count = max(self.species) + 1
        n, m, epsilon, a, c = (
            _for_each(name, value, count)
            for name, value in (("n", n), ("m", m), ("epsilon", epsilon), ("a", a), ("c", c))
        )
        self.n, self.m = tuple(n.tolist()), tuple(m.tolist())
        self.epsilon, self.a, self.c = (jnp.asarray(value, float) for value in (epsilon, a, c))

    @staticmethod
    def of(species: Sequence[str]) -> "SuttonChen":
        """The potential of these elements with the parameters of `SUTTON_CHEN`.

        **Raises:** `ValueError` for an element without parameters.

        >>> SuttonChen.of(["Ag"] * 13).n
        (12.0,)
        """
        names = list(dict.fromkeys(species))
        for name in names:
            if name not in SUTTON_CHEN:
                raise ValueError(
                    f"no Sutton-Chen parameters for {name}{_closest(name, SUTTON_CHEN)}"
                )
        return SuttonChen(species, *np.array([SUTTON_CHEN[name] for name in names]).T)

    def of_atoms(self, count, lanes):
        check_count(self.species, count)
        shape = (count, *(1,) * lanes)
        kinds = np.array(self.species)
        size, depth = self.a, jnp.sqrt(self.epsilon)
        n, m = np.array(self.n), np.array(self.m)
        tables = [
            columns(self.species, table, count, lanes)
            for table in (
                depth[:, None] * depth,
                0.5 * (size[:, None] + size),
                jnp.sqrt(size[:, None] * size),
                jnp.asarray(0.25 * (n[:, None] + n)),
                jnp.asarray(0.25 * (m[:, None] + m)),
            )
        ]

        def of_atom(j):
            depths, reach, spread, half_n, half_m = (table(j) for table in tables)
            alike = len(self.n) == 1
            # Half of whole powers of the square: no logarithm where there is no need for one.
            power_n = self.n[0] / 2 if alike else half_n
            power_m = self.m[0] / 2 if alike else half_m

            def pairs(square):
                near = reach.astype(square.dtype) ** 2 / square
                wide = spread.astype(square.dtype) ** 2 / square
                energy = depths.astype(square.dtype) * _power(near, power_n)
                return energy, _power(wide, power_m)

            return pairs

        return of_atom, (self.epsilon * self.c)[kinds].reshape(shape)


def gupta_set(elements: Sequence[str]) -> dict[str, GuptaParameters]:
    """Parameters for these elements: those of one fitted alloy, or single elements' own.

    An alloy's set has its own values for the pure metals, which need not be those of `GUPTA`'s
    single elements.

    >>> sorted(gupta_set(["Cu", "Ag"]))
    ['Ag', 'Ag-Cu', 'Cu']
    """
    names = sorted(set(elements))
    if len(names) == 1:
        return GUPTA
    key = "-".join(names)
    if key not in GUPTA_ALLOYS:
        known = ", ".join(sorted(GUPTA_ALLOYS))
        raise ValueError(f"no Gupta parameters for {key}; known alloys: {known}")
    return GUPTA_ALLOYS[key]


def _power(base, exponent):
    """`base ** exponent` by products and a square root for multiples of a half."""
    if not isinstance(exponent, float):
        return jnp.exp(exponent.astype(base.dtype) * jnp.log(base))
    if (2 * exponent) % 1:
        return base**exponent
    whole = base ** int(exponent)
    return whole * jnp.sqrt(base) if exponent % 1 else whole


def _for_each(name, value, count):
    values = np.asarray(value, float)
    if values.ndim == 0:
        values = np.full(count, values)
    if values.shape != (count,):
        raise ValueError(
            f"{name} is {values.tolist()}; pass a number, or one for each of the {count} kinds"
        )
    return values


def _closest(key, known):
    found = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f", did you mean {found[0]}?" if found else f"; known: {', '.join(known)}"


# Cleri and Rosato, Phys. Rev. B 48, 22 (1993); r0 is the nearest-neighbour distance of the crystal,
# its lattice constant over sqrt(2).
_CONSTANTS = {
    "Ni": (0.0376, 1.070, 16.999, 1.189, 3.523),
    "Cu": (0.0855, 1.224, 10.960, 2.278, 3.615),
    "Rh": (0.0629, 1.660, 18.450, 1.867, 3.803),
    "Pd": (0.1746, 1.718, 10.867, 3.742, 3.887),
    "Ag": (0.1028, 1.178, 10.928, 3.139, 4.085),
    "Ir": (0.1156, 2.289, 16.980, 2.691, 3.839),
    "Pt": (0.2975, 2.695, 10.612, 4.004, 3.924),
    "Au": (0.2061, 1.790, 10.229, 4.036, 4.079),
    "Al": (0.1221, 1.316, 8.612, 2.516, 4.050),
    "Pb": (0.0980, 0.914, 9.576, 3.648, 4.951),
}
GUPTA = {
    name: GuptaParameters(*values[:4], values[4] / 2**0.5) for name, values in _CONSTANTS.items()
}

# Pd-Pt: C. Massen, T. V. Mortimer-Jones and R. L. Johnston, J. Chem. Soc., Dalton Trans. 4375
# (2002). Ag-Au: as in topsearch (IBM), potentials/atomic.py, where the pure metals are those of
# Cleri and Rosato. Ag-Cu: F. Baletto, C. Mottet and R. Ferrando, Phys. Rev. Lett. 90, 135504 (2003)
# and A. Rapallo et al., J. Chem. Phys. 122, 194308 (2005).
GUPTA_ALLOYS = {
    "Pd-Pt": {
        "Pd": GuptaParameters(0.1746, 1.718, 10.867, 3.742, 2.7485),
        "Pt": GuptaParameters(0.2975, 2.695, 10.612, 4.004, 2.7747),
        "Pd-Pt": GuptaParameters(0.2300, 2.2000, 10.740, 3.870, 2.7600),
    },
    "Ag-Au": {
        "Ag": GuptaParameters(0.1028, 1.178, 10.928, 3.139, 2.8885),
        "Au": GuptaParameters(0.2061, 1.790, 10.229, 4.036, 2.8843),
        "Ag-Au": GuptaParameters(0.1490, 1.4874, 10.494, 3.607, 2.8864),
    },
    "Ag-Cu": {
        "Ag": GuptaParameters(0.1031, 1.1895, 10.85, 3.18, 2.89),
        "Cu": GuptaParameters(0.0894, 1.2799, 10.55, 2.43, 2.56),
        "Ag-Cu": GuptaParameters(0.0980, 1.2274, 10.70, 2.805, 2.725),
    },
}

# Sutton and Chen, Phil. Mag. Lett. 61, 139 (1990).
SUTTON_CHEN = {
    "Ni": SuttonChenParameters(9, 6, 1.5707e-2, 3.52, 39.432),
    "Cu": SuttonChenParameters(9, 6, 1.2382e-2, 3.61, 39.432),
    "Rh": SuttonChenParameters(12, 6, 4.9371e-3, 3.80, 144.41),
    "Pd": SuttonChenParameters(12, 7, 4.1790e-3, 3.89, 108.27),
    "Ag": SuttonChenParameters(12, 6, 2.5415e-3, 4.09, 144.41),
    "Ir": SuttonChenParameters(14, 6, 2.4489e-3, 3.84, 334.94),
    "Pt": SuttonChenParameters(10, 8, 1.9833e-2, 3.92, 34.408),
    "Au": SuttonChenParameters(10, 8, 1.2793e-2, 4.08, 34.408),
    "Pb": SuttonChenParameters(10, 7, 5.5765e-3, 4.95, 45.778),
    "Al": SuttonChenParameters(7, 6, 3.3147e-2, 4.05, 16.399),
}
