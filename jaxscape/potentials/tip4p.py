"""Rigid water molecules with four sites, as functions of free atoms."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxscape.potentials._pair import PairPotential
from jaxscape.potentials.pair import LennardJones

MASSES = (15.9994, 1.00794, 1.00794)  # amu
_SIGMA = (600000.0 / 610.0) ** (1 / 6)
_EPSILON = 4.184 * 610.0**2 / (4 * 600000.0)
COULOMB = 1389.354848  # kJ/mol Angstrom: e^2 / (4 pi epsilon_0), times Avogadro's number


class Charges(PairPotential):
    """`strength q_i q_j / r` for every pair of charges that are not of one molecule.

    Charges come molecule by molecule, as many of each as `charge` has entries.
    """

    charge: Float[Array, " sites"]
    strength: Float[Array, ""]

    def of_atoms(self, count, lanes):
        """Coulomb's law with one product of charges a pair, zero within a molecule."""
        sites = self.charge.shape[0]
        charges = jnp.tile(self.charge, count // sites)
        molecule = jnp.arange(count) // sites
        shape = (count, *(1,) * lanes)

        def of_atom(j):
            product = jnp.where(molecule == j // sites, 0.0, charges * charges[j])
            return eqx.tree_at(lambda p: p.strength, self, self.strength * product.reshape(shape))

        return of_atom

    def phi_and_slope(self, squared_distance):
        energy = self.strength.astype(squared_distance.dtype) / jnp.sqrt(squared_distance)
        return energy, -0.5 * energy / squared_distance


class TIP4P(eqx.Module):
    """Rigid water molecules: Lennard-Jones oxygens, charged hydrogens and a charge beside each O.

    A function of free atoms, O, H, H molecule by molecule, `[9 n, *lanes]`. Every molecule's
    atoms stand for the rigid molecule that lies closest to them in the mass-weighted sense (in
    closed form, since it is planar), and a spring pulls them there: `V(rigid(x)) + stiffness / 2
    sum_a m_a |x_a - rigid(x)_a|^2`. The first term does not change along the spring, so that at
    every stationary point molecules are exactly rigid and the spring's energy is zero: energies
    and indices are those of rigid bodies, there are no angles with poles, and points are atoms.
    With masses of 15.9994 and 1.00794 the normal modes are those of rigid bodies too, and 3 more
    a molecule with the eigenvalue `stiffness`, the same at every stationary point.

    **Arguments:**

    - `oh` (0.9572 Angstrom), `angle` (104.52 degrees), `om` (0.15 Angstrom): the molecule; the
      negative charge lies at `om` from the oxygen towards the hydrogens.
    - `charge` (0.52 e): of a hydrogen.
    - `epsilon` (kJ/mol), `sigma` (Angstrom): of oxygens; by default `A = 600000` and `C = 610`
      kcal/mol Angstrom^12 and Angstrom^6.
    - `stiffness` (kJ/mol/Angstrom^2/amu).

    All but the geometry, which moves with its own derivatives too, are differentiable fields.

    **Raises:** `ValueError` for points that are not nine coordinates a molecule.

    W. L. Jorgensen et al., J. Chem. Phys. 79, 926 (1983).

    >>> import jax.numpy as jnp
    >>> water = jnp.array([0.0, 0.0, 0.0, 0.757, 0.586, 0.0, -0.757, 0.586, 0.0])
    >>> abs(float(TIP4P()(water))) < 1e-3
    True
    """

    oxygen: LennardJones
    charge: Float[Array, ""]
    oh: Float[Array, ""]
    angle: Float[Array, ""]
    om: Float[Array, ""]
    stiffness: Float[Array, ""]

    def __init__(
        self,
        *,
        oh=0.9572,
        angle=104.52,
        om=0.15,
        charge=0.52,
        epsilon=_EPSILON,
        sigma=_SIGMA,
        stiffness=100.0,
    ):
        self.oxygen = LennardJones(epsilon, sigma)
        self.charge, self.oh, self.angle, self.om, self.stiffness = (
            jnp.asarray(value, float) for value in (charge, oh, angle, om, stiffness)
        )

    @property
    def trailing_lanes(self) -> bool:
        return True

    def __call__(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "*lanes"]:
        oxygen, first, second, strain = self._molecules(x)
        shape = oxygen.shape
        axis = 0.5 * (first + second) - oxygen
        half = jnp.cos(0.5 * jnp.deg2rad(self.angle)) * self.oh
        charged = oxygen + (self.om / half).astype(x.dtype) * axis
        sites = jnp.stack([first, second, charged], axis=1)
        charges = self.charge * jnp.array([1.0, 1.0, -2.0])
        coulomb = Charges(charges, jnp.asarray(COULOMB, float))
        flat = sites.reshape(9 * shape[0], *shape[2:])
        energy = self.oxygen(oxygen.reshape(3 * shape[0], *shape[2:])) + coulomb(flat)
        return energy + 0.5 * self.stiffness.astype(x.dtype) * strain

    def rigid(self, x: Float[Array, "dim *lanes"]) -> Float[Array, "dim *lanes"]:
        """The atoms of the rigid molecules that `x` stands for."""
        oxygen, first, second, _ = self._molecules(x)
        return jnp.stack([oxygen, first, second], axis=1).reshape(x.shape)

    def _molecules(self, x):
        """Rigid O, H, H, each `[n, 3, *lanes]`, and the mass-weighted squares of what is left."""
        if x.shape[0] % 9 or not x.shape[0]:
            raise ValueError(f"x has {x.shape[0]} coordinates, which is not nine per molecule")
        atoms = x.reshape(-1, 3, 3, *x.shape[1:])
        masses = [m / sum(MASSES) for m in MASSES]
        centre = sum(m * atoms[:, a] for a, m in enumerate(masses))
        away = [atoms[:, a] - centre for a in range(3)]
        # The molecule in its own plane: across it, and along its axis; centre of mass at zero.
        half = 0.5 * jnp.deg2rad(self.angle).astype(x.dtype)
        across = self.oh.astype(x.dtype) * jnp.sin(half)
        along = self.oh.astype(x.dtype) * jnp.cos(half)
        low = -(1.0 - masses[0]) * along
        p = masses[1] * across * (away[1] - away[2])
        q = masses[0] * low * away[0] + masses[1] * (low + along) * (away[1] + away[2])
        # The two axes nearest to p and q: [p q] times the inverse square root of its products.
        pp, qq, pq = (jnp.sum(a * b, axis=1, keepdims=True) for a, b in ((p, p), (q, q), (p, q)))
        area = jnp.sqrt(jnp.maximum(pp * qq - pq * pq, jnp.finfo(x.dtype).tiny))
        size = jnp.sqrt(pp + qq + 2.0 * area) * area
        u = ((qq + area) * p - pq * q) / size
        w = ((pp + area) * q - pq * p) / size
        oxygen = centre + low * w
        first = centre + (low + along) * w + across * u
        second = centre + (low + along) * w - across * u
        left = zip(MASSES, (oxygen, first, second), range(3), strict=True)
        strain = sum(m * jnp.sum((atoms[:, a] - site) ** 2, axis=(0, 1)) for m, site, a in left)
        return oxygen, first, second, strain
