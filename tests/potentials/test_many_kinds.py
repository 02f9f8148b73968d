"""Potentials of mixtures, metals, water, carbon and spins: derivatives, and published values."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape._compilation import jit_quickly
from jaxscape.potentials import (
    GUPTA,
    SUTTON_CHEN,
    TIP4P,
    Cut,
    Dzugutov,
    Gupta,
    LennardJones,
    LennardJonesMixture,
    PSpin,
    SuttonChen,
    Tersoff,
    kob_andersen,
    random_couplings,
)
from jaxscape.surface import Surface, lane_hessian, lane_hvp, lane_value_and_grad

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "clusters.json").read_text())


def atoms(n, spread):
    return spread * np.random.default_rng(n).normal(size=3 * n)


def molecules(n):
    return (atoms(n, 3.0).reshape(-1, 1, 3) + atoms(3 * n, 0.5).reshape(-1, 3, 3)).ravel()


# Potential, point, and the energy by a plain double sum where there is one.
CASES = {
    "mixture": (
        LennardJonesMixture("ABCAB", 1.1, [[1, 1.1, 0.9], [1.1, 1.2, 1], [0.9, 1, 0.8]]),
        atoms(5, 1.2),
    ),
    "cut": (kob_andersen("ABABA"), atoms(5, 0.9)),
    "dzugutov": (Dzugutov(), atoms(5, 0.9)),
    "gupta": (Gupta.of(["Ag", "Cu", "Ag", "Cu", "Ag"]), atoms(5, 2.2)),
    "sutton_chen": (SuttonChen.of(["Ag", "Cu", "Ag", "Cu", "Ag"]), atoms(5, 2.2)),
    "water": (TIP4P(), molecules(2)),
    "carbon": (Tersoff(neighbours=4), atoms(6, 1.0)),
    "p_spin": (PSpin(random_couplings(5)), atoms(5, 1.0)[:5]),
}


@jit_quickly
def everything(potential, x, v):
    """Energies, gradients and products of points in columns, the Hessian, and by parameters."""
    surface = Surface(potential)
    energy, gradient, product = lane_hvp(surface, x, v[None])
    plain = lane_value_and_grad(surface, x)
    slopes = jax.grad(lambda p: jnp.sum(p(x)))(potential)
    return energy, gradient, product[0], plain, slopes


# What compiles for seconds and shares its code with the others.
SLOW = ("mixture", "cut", "dzugutov", "sutton_chen", "water", "carbon")


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES],
)
def case(request):
    potential, x = CASES[request.param]
    v = np.random.default_rng(1).normal(size=len(x))
    h = 1e-5
    columns = jnp.array(np.stack([x, x + h * v, x - h * v, x[::-1]], axis=1))
    directions = jnp.broadcast_to(jnp.array(v)[:, None], columns.shape)
    found = everything(potential, columns, directions)
    # All parameters a little larger and smaller: nothing is compiled anew.
    more, less = (jax.tree.map(lambda leaf, s=s: s * leaf, potential) for s in (1 + 1e-6, 1 - 1e-6))
    swell = [everything(p, columns, directions)[0].sum() for p in (more, less)]
    return potential, v, h, found, (swell[0] - swell[1]) / 2e-6


def test_derivatives_are_those_of_the_energy(case):
    _, v, h, (energy, gradient, product, plain, _), _ = case
    np.testing.assert_allclose(plain[0], energy, rtol=1e-12)
    np.testing.assert_allclose(plain[1], gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
    slope = (energy[1] - energy[2]) / (2 * h)
    np.testing.assert_allclose(v @ gradient[:, 0], slope, rtol=1e-6)
    bend = (gradient[:, 1] - gradient[:, 2]) / (2 * h)
    np.testing.assert_allclose(product[:, 0], bend, rtol=1e-5, atol=1e-6 * np.abs(bend).max())


def test_derivatives_by_parameters_are_those_of_the_energy(case):
    potential, *_, (*_, slopes), swell = case
    pairs = zip(jax.tree.leaves(potential), jax.tree.leaves(slopes), strict=True)
    told = sum(float(jnp.sum(leaf * slope)) for leaf, slope in pairs)
    assert told == pytest.approx(float(swell), rel=1e-6)


@pytest.mark.slow
def test_the_hessian_of_a_metal_is_made_of_its_products():
    potential, x = CASES["gupta"]
    columns = jnp.array(np.stack([x, x[::-1]], axis=1))
    energy, gradient, hessian = lane_hessian(Surface(potential), columns)
    v = np.random.default_rng(1).normal(size=(15, 2))
    plain = lane_hvp(Surface(potential), columns, jnp.array(v[None]))
    np.testing.assert_allclose(energy, plain[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, plain[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        np.einsum("abl,bl->al", hessian, v), plain[2][0], rtol=1e-9, atol=1e-9
    )


def test_cutoffs_are_smooth_to_their_order():
    for order in (0, 1, 2):
        cut = Cut(LennardJones(1.3, 0.9), 2.2, order)
        end = jnp.array(2.2**2)
        inside = end * (1 - jnp.array([1e-3, 1e-4]))
        # Energies vanish like the power of the distance one above the order.
        far, near = np.abs(cut.phi_and_slope(inside)[0])
        assert near / far == pytest.approx(0.1 ** (order + 1), rel=1e-2)
        assert cut.phi_and_slope(end * 1.001) == (0.0, 0.0)


def test_the_first_order_is_that_of_stoddard_and_ford():
    r, end = 1.7, 2.5
    found = Cut(LennardJones(), end, 1).phi_and_slope(jnp.array(r**2))[0]
    rest = (6 * end**-12 - 3 * end**-6) * (r / end) ** 2 - 7 * end**-12 + 4 * end**-6
    assert float(found) == pytest.approx(4 * (r**-12 - r**-6 + rest), rel=1e-12)


def test_kob_andersen_pairs():
    # Depths and sizes of the paper; order 0 shifts energies only.
    potential = kob_andersen("AB", order=0)
    for (i, j), (depth, size) in {(0, 0): (1, 1), (0, 1): (1.5, 0.8), (1, 1): (0.5, 0.88)}.items():
        pair = potential.of_atoms(2, 0)(i)
        square = (2 ** (1 / 6) * size) ** 2
        energy = pair.phi_and_slope(jnp.full(2, square))[0][j]
        shift = 4 * depth * (2.5**-12 - 2.5**-6)
        assert float(energy) == pytest.approx(-depth - shift)


def metal(potential, squares, neighbours, sizes):
    """Energies of an atom with `neighbours` others at each distance, for all sizes."""
    pairs_of, weight = potential.of_atoms(len(potential.species), 0)
    pair, density = (np.asarray(part) for part in pairs_of(0)(np.outer(sizes**2, squares)))
    weight = float(jnp.ravel(weight)[0])
    return 0.5 * pair @ neighbours - weight * np.sqrt(density @ neighbours)


SHELLS = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([12.0, 6.0, 24.0, 12.0, 24.0])


@pytest.mark.parametrize("element", REFERENCE["gupta_bulk"]["energies"])
def test_gupta_crystals(element):
    potential = Gupta.of([element, element])
    sizes = np.linspace(0.99, 1.01, 401)
    energies = metal(potential, *SHELLS, GUPTA[element].r0 * sizes)
    assert abs(sizes[np.argmin(energies)] - 1) < 2e-4
    assert -min(energies) == pytest.approx(REFERENCE["gupta_bulk"]["energies"][element], abs=3e-3)


@pytest.mark.parametrize("element", SUTTON_CHEN)
def test_sutton_chen_crystals_have_their_lattice_constant(element):
    # It is what the parameter c is made of: the sum over the crystal needs many shells.
    grid = np.stack(np.meshgrid(*[np.arange(-20, 21)] * 3), axis=-1).reshape(-1, 3)
    squares = np.sum(grid[grid.sum(1) % 2 == 0] ** 2, axis=1) / 4.0
    squares, counts = np.unique(squares[squares > 0], return_counts=True)
    potential = SuttonChen.of([element, element])
    sizes = np.linspace(0.99, 1.01, 201)
    energies = metal(potential, squares, counts, SUTTON_CHEN[element].a * sizes)
    assert abs(sizes[np.argmin(energies)] - 1) < 3e-4


@pytest.mark.parametrize(("n", "shells"), [(3, [2]), (4, [3]), (6, [4, 1])])
def test_small_sutton_chen_clusters(n, shells):
    # Triangle, tetrahedron, octahedron: every atom has these neighbours at 1 and sqrt(2).
    potential = SuttonChen(["Ag"] * n, 12, 6, 1.0, 1.0, 144.41)
    squares = np.arange(1, 1 + len(shells), dtype=float)
    sizes = np.linspace(0.4, 0.8, 20001)
    energies = n * metal(potential, squares, np.array(shells), sizes)
    published = REFERENCE["sutton_chen_12_6"]["energies"][str(n)]
    assert min(energies) == pytest.approx(published, rel=1e-7)


@pytest.mark.parametrize("n", ["2", pytest.param("4", marks=pytest.mark.slow)])
def test_water_clusters_have_the_published_energies(n):
    water, x = TIP4P(), jnp.array(REFERENCE["water"]["points"][n])
    energy, gradient = jit_quickly(lambda y: jax.value_and_grad(water)(y))(x)
    assert float(energy) == pytest.approx(REFERENCE["water"]["energies"][n], abs=1e-6)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-5)
    # Molecules are rigid there, with the bond and angle of the model.
    np.testing.assert_allclose(water.rigid(x), x, atol=1e-8)
    oxygen, first, second = np.moveaxis(np.asarray(x).reshape(-1, 3, 3), 1, 0)
    np.testing.assert_allclose(np.linalg.norm(first - oxygen, axis=1), 0.9572, atol=1e-8)
    cosine = np.sum((first - oxygen) * (second - oxygen), axis=1) / 0.9572**2
    np.testing.assert_allclose(np.degrees(np.arccos(cosine)), 104.52, atol=1e-6)


def test_rigid_water_lies_closest_to_its_atoms():
    from scipy.spatial.transform import Rotation

    from jaxscape.potentials.tip4p import MASSES

    x = molecules(3)
    rigid = np.asarray(TIP4P().rigid(jnp.array(x))).reshape(3, 3, 3)
    weights = np.array(MASSES)
    for loose, stiff in zip(x.reshape(3, 3, 3), rigid, strict=True):
        centres = [weights @ part / weights.sum() for part in (loose, stiff)]
        np.testing.assert_allclose(*centres, atol=1e-12)
        turn, _ = Rotation.align_vectors(loose - centres[0], stiff - centres[1], weights=weights)
        np.testing.assert_allclose(turn.as_matrix(), np.eye(3), atol=1e-7)


@pytest.mark.slow
def test_carbon_is_that_of_another_program():
    ase = pytest.importorskip("ase")
    tersoff = pytest.importorskip("ase.calculators.tersoff")
    given = dict(m=3, gamma=1, lambda3=0, c=38049.0, d=4.3484, h=-0.57058, n=0.72751)
    given |= dict(beta=1.5724e-7, lambda2=2.2119, B=346.7, R=1.95, D=0.15, lambda1=3.4879, A=1393.6)
    x = atoms(6, 1.0)
    cluster = ase.Atoms("C6", x.reshape(-1, 3))
    parameters = {("C", "C", "C"): tersoff.TersoffParameters(**given)}
    cluster.calc = tersoff.Tersoff(parameters)
    found = Tersoff(smooth=False)(jnp.array(x))
    assert float(found) == pytest.approx(cluster.get_potential_energy(), rel=1e-12)


def test_two_body_spins_have_the_eigenvectors_as_stationary_points():
    couplings = random_couplings(7, 2, seed=3)
    potential = PSpin(couplings, stiffness=5.0)
    values, vectors = np.linalg.eigh(couplings)

    @jit_quickly
    def told(y):
        return potential(y), jax.grad(potential)(y), jax.hessian(potential)(y)

    for k, (value, vector) in enumerate(zip(values, vectors.T, strict=True)):
        energy, gradient, hessian = told(jnp.array(7**0.5 * vector))
        assert float(energy) == pytest.approx(-3.5 * value)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
        assert np.sum(np.linalg.eigvalsh(hessian) < 0) == 6 - k


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LennardJonesMixture("AB", [[1, 2], [3, 1]]), "epsilon is .*symmetric"),
        (lambda: LennardJonesMixture("AB")(jnp.zeros(9)), "names 2 atoms .* those of 3"),
        (lambda: LennardJonesMixture(""), "species is empty"),
        (lambda: Cut(LennardJones(), 2.0, order=3), "order is 3"),
        (lambda: Cut(LennardJones(), -1.0), "cutoff is -1"),
        (lambda: Cut(LennardJones(), [[1.0, 2.0], [2.0, 1.0]]), "all alike"),
        (lambda: Cut(lambda x: x, 2.0), "pass a pair potential"),
        (lambda: Gupta.of(["Ag", "Pt"]), "no Gupta parameters for Ag-Pt; known alloys: Ag-Au"),
        (lambda: Gupta.of(["Xx"]), "no Gupta parameters for Xx"),
        (lambda: SuttonChen.of(["Agg"]), "did you mean Ag"),
        (lambda: SuttonChen("AB", [9, 9, 9], 6, 1, 1, 1), "one for each of the 2 kinds"),
        (lambda: Gupta.of(["Ag"] * 3)(jnp.zeros(8)), "not three per atom"),
        (lambda: TIP4P()(jnp.zeros(12)), "not nine per molecule"),
        (lambda: Tersoff(width=3.0), "width is 3.0"),
        (lambda: Tersoff(neighbours=0), "neighbours is 0"),
        (lambda: PSpin(np.arange(4.0).reshape(2, 2)), "axes 0 and 1"),
        (lambda: PSpin(np.eye(3))(jnp.ones(2)), "of 3 spins"),
        (lambda: random_couplings(2, 3), "n at least p"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
