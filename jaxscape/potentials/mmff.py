"""The Merck molecular force field: its energy, with the parameters of one molecule.

All vectors between atoms come from one product with a matrix of +1 and -1, and terms see them
only through their scalar products. Gathers and cross products for each kind of term take four
times as long to compile, and Hessians three times as long to compute.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

_BOND = 143.9325  # kcal / mol for 1 mdyne Angstrom
_DEGREE = np.pi / 180.0
_CHARGES = 332.0716  # kcal Angstrom / (mol e^2)
_MATRIX = 64  # atoms up to which differences are a dense product
# asin(sqrt(s))^2 / s in powers of s.
_SQUARED_ARCSINE = (1.0, 1 / 3, 8 / 45, 4 / 35, 128 / 1575, 128 / 2079, 1024 / 21021)


class MMFF94(eqx.Module):
    """Energy of one molecule in kcal/mol as a function of its positions in Angstrom.

    Which atoms are bonded, and the parameters of every term, are given: `jaxscape.adapters.rdkit`
    takes them from RDKit. Points are `[3 n, *lanes]`. All parameters but the indices are
    differentiable.

    - `bonds` `[b, 2]`: `bond_k` (mdyne / Angstrom), `bond_length` (Angstrom).
    - `angles` `[a, 3]`, the middle atom second: `angle_k` (mdyne Angstrom / rad^2),
      `angle` (degrees), `linear` (one for the form of linear centres, else zero), and the
      stretch-bend constants `stretch_bend` `[a, 2]` with the `stretch_lengths` `[a, 2]` of the two
      bonds.
    - `planes` `[o, 4]`, out-of-plane angles: centre, two atoms of the plane and the one off it;
      `plane_k`.
    - `torsions` `[t, 4]`: `torsion_v` `[t, 3]` (kcal / mol).
    - `pairs` `[p, 2]`, atoms three bonds apart or more: `radius` (Angstrom), `depth`
      (kcal / mol) and `charges`, the product of the two charges, 1-4 pairs scaled.

    T. A. Halgren, J. Comput. Chem. 17, 490 (1996).
    """

    bonds: Int[Array, "b 2"]
    bond_k: Float[Array, " b"]
    bond_length: Float[Array, " b"]
    angles: Int[Array, "a 3"]
    angle_k: Float[Array, " a"]
    angle: Float[Array, " a"]
    linear: Float[Array, " a"]
    stretch_bend: Float[Array, "a 2"]
    stretch_lengths: Float[Array, "a 2"]
    planes: Int[Array, "o 4"]
    plane_k: Float[Array, " o"]
    torsions: Int[Array, "t 4"]
    torsion_v: Float[Array, "t 3"]
    pairs: Int[Array, "p 2"]
    radius: Float[Array, " p"]
    depth: Float[Array, " p"]
    charges: Float[Array, " p"]

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        return sum(self.terms(x).values(), jnp.zeros(x.shape[1:], x.dtype))

    def terms(self, x: Float[Array, "dim *lanes"]) -> dict[str, Float[Array, "*lanes"]]:
        """The energy of each kind of term."""
        if x.shape[0] % 3:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not three per atom")
        bonds, angles, planes, torsions, pairs = self._scalar_products(x)

        def column(parameter):
            return parameter.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))

        bend, mixed = self._angles(angles, column)
        waals, charges = self._pairs(pairs, column)
        energies = {
            "bonds": self._bonds(bonds, column),
            "angles": bend,
            "stretch-bend": mixed,
            "out of plane": self._planes(planes, column),
            "torsions": self._torsions(torsions, column),
            "van der Waals": waals,
            "charges": charges,
        }
        return {name: jnp.sum(energy, axis=0) for name, energy in energies.items()}

    def _scalar_products(self, x):
        """For each kind of term the products of its arms: of arms a, b, c those of
        aa, ab, ac, bb, bc, cc, each `[terms, *lanes]`.
        """
        arms = (
            ((self.bonds, 0, 1),),
            ((self.angles, 0, 1), (self.angles, 2, 1)),
            tuple((self.planes, end, 0) for end in (1, 2, 3)),
            ((self.torsions, 0, 1), (self.torsions, 2, 1), (self.torsions, 3, 2)),
            ((self.pairs, 0, 1),),
        )
        rows = [one for kind in arms for one in kind]
        heads, tails = (
            jnp.concatenate([table[:, one[end]] for table, *one in rows]) for end in (0, 1)
        )
        vectors = _differences(x.reshape(-1, 3, *x.shape[1:]), heads, tails)
        parts = iter(jnp.split(vectors, np.cumsum([len(table) for table, *_ in rows])[:-1]))
        found = []
        for kind in arms:
            own = [next(parts) for _ in kind]
            pairs = [(a, b) for i, a in enumerate(own) for b in own[i:]]
            found.append([jnp.sum(a * b, axis=1) for a, b in pairs])
        return found

    def _bonds(self, products, column):
        stretch = jnp.sqrt(products[0]) - column(self.bond_length)
        anharmonic = 1.0 - 2.0 * stretch + 7.0 / 3.0 * stretch * stretch
        return 0.5 * _BOND * column(self.bond_k) * stretch * stretch * anharmonic

    def _angles(self, products, column):
        aa, ab, bb = products
        lengths = jnp.sqrt(aa), jnp.sqrt(bb)
        # Derivatives are finite where the arms are in line.
        square = aa * bb - ab * ab
        bent = square > 0
        sine = jnp.where(bent, jnp.sqrt(jnp.where(bent, square, 1.0)), 0.0)
        bend = jnp.arctan2(sine, ab) / _DEGREE - column(self.angle)
        energy = 0.5 * _BOND * _DEGREE**2 * bend * bend * (1.0 - 0.006981317 * bend)
        linear = column(self.linear)
        straight = _BOND * (1.0 + ab / (lengths[0] * lengths[1]))
        mixed = sum(
            column(self.stretch_bend[:, side]) * (arm - column(self.stretch_lengths[:, side]))
            for side, arm in enumerate(lengths)
        )
        return (
            column(self.angle_k) * ((1.0 - linear) * energy + linear * straight),
            _BOND * _DEGREE * mixed * bend,
        )

    def _planes(self, products, column):
        aa, ab, ac, bb, bc, cc = products
        volume = aa * (bb * cc - bc * bc) - ab * (ab * cc - bc * ac) + ac * (ab * bc - bb * ac)
        sine = volume / ((aa * bb - ab * ab) * cc)  # squared
        small = sine < 1e-2
        series = jnp.where(small, sine, 0.0)
        series = series * sum(c * series**n for n, c in enumerate(_SQUARED_ARCSINE))
        large = jnp.arcsin(jnp.sqrt(jnp.clip(jnp.where(small, 0.5, sine), 0.0, 1.0)))
        return 0.5 * _BOND * column(self.plane_k) * jnp.where(small, series, large * large)

    def _torsions(self, products, column):
        ff, fa, fl, aa, al, ll = products  # first arm, axis, last arm
        cosine = (fl * aa - fa * al) / jnp.sqrt((ff * aa - fa * fa) * (aa * ll - al * al))
        one, two, three = (column(self.torsion_v[:, n]) for n in range(3))
        square = cosine * cosine
        waves = one * (1.0 + cosine) + two * (2.0 - 2.0 * square)
        return 0.5 * (waves + three * (1.0 + cosine * (4.0 * square - 3.0)))

    def _pairs(self, products, column):
        distance = jnp.sqrt(products[0])
        reduced = distance / column(self.radius)
        near, cube = 1.07 / (reduced + 0.07), reduced * reduced * reduced
        near_seventh = near * (near * near) * (near * near) * (near * near)
        waals = near_seventh * (1.12 / (cube * cube * reduced + 0.12) - 2.0)
        coulomb = _CHARGES * column(self.charges) / (distance + 0.05)
        return column(self.depth) * waals, coulomb


def _differences(atoms, heads, tails):
    """Vectors `[V, 3, *lanes]` to the atoms `heads` from the atoms `tails`."""
    count = atoms.shape[0]
    if count > _MATRIX:
        return atoms[heads] - atoms[tails]
    signs = jax.nn.one_hot(heads, count) - jax.nn.one_hot(tails, count)
    return jnp.tensordot(signs.astype(atoms.dtype), atoms, 1, precision="highest")
