"""The Merck molecular force field: its energy, with the parameters of one molecule."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

_BOND = 143.9325  # kcal / mol for 1 mdyne Angstrom
_DEGREE = np.pi / 180.0
_CHARGES = 332.0716  # kcal Angstrom / (mol e^2)


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
        atoms = x.reshape(-1, 3, *x.shape[1:])

        def column(parameter):
            return parameter.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1))

        bend, mixed = self._angles(atoms, column)
        waals, charges = self._pairs(atoms, column)
        return {
            "bonds": self._bonds(atoms, column),
            "angles": bend,
            "stretch-bend": mixed,
            "out of plane": self._planes(atoms, column),
            "torsions": self._torsions(atoms, column),
            "van der Waals": waals,
            "charges": charges,
        }

    def _bonds(self, atoms, column):
        i, j = self.bonds.T
        stretch = _length(atoms[i] - atoms[j]) - column(self.bond_length)
        anharmonic = 1.0 - 2.0 * stretch + 7.0 / 3.0 * stretch * stretch
        return jnp.sum(0.5 * _BOND * column(self.bond_k) * stretch**2 * anharmonic, axis=0)

    def _angles(self, atoms, column):
        i, j, k = self.angles.T
        a, b = atoms[i] - atoms[j], atoms[k] - atoms[j]
        angle, cosine = _angle(a, b)
        bend = angle / _DEGREE - column(self.angle)
        bent = 0.5 * _BOND * _DEGREE**2 * bend * bend * (1.0 - 0.006981317 * bend)
        linear = column(self.linear)
        energy = (1.0 - linear) * bent + linear * _BOND * (1.0 + cosine)
        mixed = sum(
            column(self.stretch_bend[:, side])
            * (_length(arm) - column(self.stretch_lengths[:, side]))
            for side, arm in enumerate((a, b))
        )
        return (
            jnp.sum(column(self.angle_k) * energy, axis=0),
            jnp.sum(_BOND * _DEGREE * mixed * bend, axis=0),
        )

    def _planes(self, atoms, column):
        j, i, k, m = self.planes.T
        a, b, c = (atoms[end] - atoms[j] for end in (i, k, m))
        normal = _cross(a, b)
        sine = _dot(normal, c) / (_length(normal) * _length(c))
        height = jnp.arcsin(jnp.clip(sine, -1.0, 1.0)) / _DEGREE
        return jnp.sum(0.5 * _BOND * _DEGREE**2 * column(self.plane_k) * height**2, axis=0)

    def _torsions(self, atoms, column):
        i, j, k, m = self.torsions.T
        first, axis, last = atoms[i] - atoms[j], atoms[k] - atoms[j], atoms[m] - atoms[k]
        u, v = _cross(first, axis), _cross(axis, last)
        cosine = -_dot(u, v) / (_length(u) * _length(v))
        one, two, three = (column(self.torsion_v[:, n]) for n in range(3))
        square = cosine * cosine
        waves = one * (1.0 + cosine) + two * (2.0 - 2.0 * square)
        waves = waves + three * (1.0 + cosine * (4.0 * square - 3.0))
        return jnp.sum(0.5 * waves, axis=0)

    def _pairs(self, atoms, column):
        i, j = self.pairs.T
        distance = _length(atoms[i] - atoms[j])
        reduced = distance / column(self.radius)
        near, cube = 1.07 / (reduced + 0.07), reduced * reduced * reduced
        near_seventh = near * (near * near) * (near * near) * (near * near)
        waals = near_seventh * (1.12 / (cube * cube * reduced + 0.12) - 2.0)
        coulomb = _CHARGES * column(self.charges) / (distance + 0.05)
        return jnp.sum(column(self.depth) * waals, axis=0), jnp.sum(coulomb, axis=0)


def _dot(a, b):
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def _length(a):
    return jnp.sqrt(_dot(a, a))


def _cross(a, b):
    x, y, z = a[:, 0], a[:, 1], a[:, 2]
    u, v, w = b[:, 0], b[:, 1], b[:, 2]
    return jnp.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)


def _angle(a, b):
    """Angles between arms, and their cosines; derivatives are finite where arms are in line."""
    across, along = _cross(a, b), _dot(a, b)
    square = _dot(across, across)
    bent = square > 0
    sine = jnp.where(bent, jnp.sqrt(jnp.where(bent, square, 1.0)), 0.0)
    return jnp.arctan2(sine, along), along / (_length(a) * _length(b))
