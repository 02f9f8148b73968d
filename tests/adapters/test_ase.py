"""Calculators of ASE: EMT for what is exact, calculators that misbehave for what must hold."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

pytest.importorskip("ase")
from ase import Atoms
from ase.build import add_adsorbate, fcc111, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixBondLength
from ase.optimize import BFGS

BAD = '''
import os
import time

import numpy as np
from ase.calculators.calculator import Calculator


class Springs(Calculator):
    """A harmonic bond that fails in a manner that depends on its length."""

    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=None, system_changes=()):
        super().calculate(atoms, properties, system_changes)
        apart = self.atoms.positions[1] - self.atoms.positions[0]
        length = np.linalg.norm(apart)
        print("chatter")
        if length > 5:
            raise RuntimeError("too long")
        if length > 4:
            os._exit(3)
        if length > 3:
            time.sleep(1000)
        force = -2 * (length - 1) * apart / length
        energy = (length - 1) ** 2 if length < 2 else np.nan
        self.results = {"energy": energy, "forces": np.array([-force, force])}


class Slow(Springs):
    def calculate(self, atoms=None, properties=None, system_changes=()):
        time.sleep(0.1)
        super().calculate(atoms, properties, system_changes)


def factory():
    return Springs()
'''


@pytest.fixture(scope="module")
def pentamer():
    """Five copper atoms as EMT has them, in this process."""
    ring = [[1.4 * np.cos(t), 1.4 * np.sin(t), 0.0] for t in (0.0, 2.1, 4.2)]
    atoms = Atoms("Cu5", [*ring, [0.0, 0.0, 1.9], [0.0, 0.0, -1.9]])
    return js.adapters.ase(EMT(), atoms, workers=0, rattle=0.2)


@pytest.fixture
def springs(tmp_path, monkeypatch):
    (tmp_path / "springs_that_fail.py").write_text(BAD)
    monkeypatch.syspath_prepend(tmp_path)
    import springs_that_fail

    return springs_that_fail


def test_energy_and_derivatives_are_those_of_the_calculator(pentamer):
    x = pentamer.sample(jax.random.key(0), 1)[0]
    atoms = pentamer.unravel(x)
    atoms.calc = EMT()
    energy, gradient = pentamer.value_and_grad(x)
    assert float(energy) == atoms.get_potential_energy()
    np.testing.assert_array_equal(gradient, -atoms.get_forces().ravel())
    eye = jnp.eye(15)
    steps = [(pentamer(x + 1e-4 * e) - pentamer(x - 1e-4 * e)) / 2e-4 for e in eye[:3]]
    np.testing.assert_allclose(steps, gradient[:3], atol=1e-5)
    hessian = pentamer.hessian(x)
    np.testing.assert_allclose(hessian, hessian.T, atol=2e-3)
    v = jax.random.normal(jax.random.key(1), (15,))
    np.testing.assert_allclose(pentamer.hvp(x, v), hessian @ v, atol=5e-3)
    energy, gradients, product = pentamer.function.products(
        jnp.stack([x, x + 0.1], 1), jnp.stack([v, v], 1)[None]
    )
    np.testing.assert_allclose(product[0, :, 0], pentamer.hvp(x, v), atol=1e-9)
    np.testing.assert_allclose(gradients[:, 1], pentamer.value_and_grad(x + 0.1)[1])


def test_a_product_along_nothing_is_nothing(pentamer):
    x = pentamer.sample(jax.random.key(0), 1)[0]
    before = pentamer.function.evaluations.calls
    np.testing.assert_array_equal(pentamer.hvp(x, jnp.zeros(15)), 0.0)
    assert pentamer.function.evaluations.calls == before


def test_batches_are_points_one_by_one(pentamer):
    x = pentamer.sample(jax.random.key(2), 3)
    np.testing.assert_array_equal(jax.vmap(pentamer)(x), [pentamer(p) for p in x])
    gradients = jax.jit(jax.vmap(jax.grad(pentamer)))(x)
    np.testing.assert_array_equal(gradients[1], jax.grad(pentamer)(x[1]))


def test_equal_points_are_computed_once(pentamer):
    counter = pentamer.function.evaluations
    x = np.repeat(np.asarray(pentamer.sample(jax.random.key(3), 2)), 8, axis=0)
    before = counter.calls
    counter(x)
    counter(x[::-1])
    assert counter.calls == before + 2


def test_minima_agree_with_those_of_ase(pentamer):
    starts = np.asarray(pentamer.sample(jax.random.key(4), 4))
    found = js.minimise(pentamer, starts)
    assert found.ok.sum() >= 3
    best = np.argmin(np.where(found.ok, found.energy, np.inf))
    atoms = pentamer.unravel(found.x[best] + 0.05)
    atoms.rattle(0.02, seed=0)
    atoms.calc = EMT()
    BFGS(atoms, logfile=None).run(fmax=1e-4)
    np.testing.assert_allclose(atoms.get_potential_energy(), found.energy[best], atol=1e-6)
    images = js.adapters.to_atoms(pentamer, found)
    assert images[best].get_potential_energy() == found.energy[best]


def test_results_do_not_depend_on_workers(springs):
    x = np.array([[0, 0, 0, 0.8 + 0.05 * i, 0.1, 0] for i in range(8)])
    surfaces = [
        js.adapters.ase(springs.factory, Atoms("H2", [[0, 0, 0], [0, 0, 1.1]]), workers=w)
        for w in (0, 1, 2)
    ]
    results = [s.function.evaluations(x) for s in surfaces]
    for energies, gradients in results[1:]:
        np.testing.assert_array_equal(energies, results[0][0])
        np.testing.assert_array_equal(gradients, results[0][1])


def test_a_calculation_that_fails_is_one_bad_lane(springs):
    atoms = Atoms("H2", [[0, 0, 0], [0, 0, 1.2]])
    surface = js.adapters.ase(springs.Springs(), atoms, workers=2, time_limit=1.0)
    lengths = [1.3, 5.5, 4.5, 3.5, 2.5, 0.9]  # well, raises, crashes, hangs, NaN, well
    x0 = np.array([[0, 0, 0, 0, 0, length] for length in lengths])
    began = time.monotonic()
    found = js.minimise(surface, x0)
    assert time.monotonic() - began < 60
    assert found.ok.tolist() == [True, False, False, False, False, True]
    assert (found.status[1:5] == js.Status.NOT_FINITE).all()
    np.testing.assert_allclose(found.energy[found.ok], 0.0, atol=1e-9)
    assert surface.function.evaluations.failures == 4


def test_a_worker_that_is_killed_costs_nothing(springs):
    """By hand, or by the system for want of memory."""
    atoms = Atoms("H2", [[0, 0, 0], [0, 0, 1.2]])
    surface = js.adapters.ase(springs.Slow(), atoms, workers=2)
    pool = surface.function.evaluations.compute
    x = np.array([[0, 0, 0, 0, 0, length] for length in np.linspace(0.7, 1.3, 12)])
    killed = []

    def kill():
        time.sleep(0.3)
        worker = pool.workers[0]
        killed.append(worker.process.pid)
        os.kill(worker.process.pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(kill)
        energies, gradients = surface.function.evaluations(x)
        waiting.result()
    np.testing.assert_allclose(energies, (x[:, 5] - 1) ** 2, atol=1e-12)
    np.testing.assert_allclose(gradients[:, 5], 2 * (x[:, 5] - 1), atol=1e-12)
    assert surface.function.evaluations.failures == 0
    assert pool.workers[0].process.pid not in killed


def test_frozen_atoms_stay(monkeypatch):
    slab = fcc111("Cu", (2, 2, 2), vacuum=8.0)
    add_adsorbate(slab, "Cu", 1.9, "ontop")
    slab.set_constraint(FixAtoms(indices=range(8)))
    surface = js.adapters.ase(EMT(), slab, workers=0, rattle=0.3)
    assert surface.dim == 3 and isinstance(surface.symmetry, js.symmetry.NoSymmetry)
    found = js.minimise(surface, surface.sample(jax.random.key(0), 4))
    atoms = surface.unravel(found.x[np.argmax(found.ok)])
    np.testing.assert_array_equal(atoms.positions[:8], slab.positions[:8])
    assert atoms.constraints[0].get_indices().tolist() == list(range(8))
    state = SimpleNamespace(x=found.x[:1], energy=found.energy[:1], eigenvector=np.eye(3)[:1])
    (image,) = js.adapters.to_atoms(surface, state)
    np.testing.assert_array_equal(image.arrays["eigenvector"], [[0, 0, 0]] * 8 + [[1, 0, 0]])
    lowest = found.energy[found.ok].min()
    # Adatoms on fcc(111) sit in hollows; on top is a maximum.
    slab.calc = EMT()
    assert lowest < slab.get_potential_energy() - 0.1


def test_atoms_there_and_back_for_every_kind_of_result(pentamer, tmp_path):
    from ase.io import read, write

    x = np.asarray(pentamer.sample(jax.random.key(5), 6)).reshape(2, 3, 15)
    energies = np.arange(6.0).reshape(2, 3)
    zeros = np.zeros(2)
    paths = js.Paths(x, energies, zeros, zeros.astype(np.int32), zeros.astype(np.int32))
    bands = js.adapters.to_atoms(pentamer, paths)
    write(tmp_path / "band.xyz", bands[1])
    again = read(tmp_path / "band.xyz", ":")
    assert [image.get_potential_energy() for image in again] == [3.0, 4.0, 5.0]
    np.testing.assert_allclose(js.adapters.from_atoms(pentamer, again), x[1], atol=1e-7)
    states = SimpleNamespace(x=x[0], energy=energies[0], eigenvector=x[1])
    write(tmp_path / "states.xyz", js.adapters.to_atoms(pentamer, states))
    vectors = read(tmp_path / "states.xyz", ":")[2].arrays["eigenvector"]
    np.testing.assert_allclose(vectors.ravel(), x[1, 2], atol=1e-7)
    with pytest.raises(ValueError, match="Cu5 and Cu4"):
        js.adapters.from_atoms(pentamer, again[0][:4])


def test_atoms_of_surfaces_that_are_not_ase_s():
    symmetry = js.symmetry.Cluster(species="OH", masses=[16.0, 1.0])
    units = js.Units("kcal/mol", "Angstrom")
    surface = js.Surface(jnp.sum, symmetry=symmetry, dim=6, units=units)
    points = SimpleNamespace(x=np.eye(6)[:1], energy=[23.060548])  # 1 eV, CODATA 2014
    (image,) = js.adapters.to_atoms(surface, points)
    assert image.get_chemical_symbols() == ["O", "H"] and image.get_masses()[1] == 1.0
    np.testing.assert_allclose(image.get_potential_energy(), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(js.adapters.from_atoms(surface, image), np.eye(6)[:1])
    with pytest.raises(ValueError, match="which atoms"):
        js.adapters.to_atoms(js.systems.mueller_brown(), points)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.adapters.ase("EMT", molecule("H2")), "calculator is 'EMT'"),
        (lambda: js.adapters.ase(EMT(), []), r"atoms is \[\]"),
        (lambda: js.adapters.ase(EMT(), [1.0]), "pass ase.Atoms"),
        (lambda: js.adapters.ase(EMT(), Atoms()), "no atom"),
        (lambda: js.adapters.ase(EMT(), Atoms("H2", np.zeros((2, 3)))), "on one spot"),
        (lambda: js.adapters.ase(EMT(), Atoms("H", [[np.nan, 0, 0]])), "not finite"),
        (lambda: js.adapters.ase(EMT(), Atoms("Cu", pbc=True)), "no volume"),
        (lambda: js.adapters.ase(EMT(), [molecule("H2"), molecule("O2")]), "H2 and O2"),
        (lambda: js.adapters.ase(EMT(), molecule("H2"), workers=-1), "workers is -1"),
        (lambda: js.adapters.ase(EMT(), molecule("H2"), time_limit=0.0), "time_limit is 0.0"),
        (lambda: js.adapters.ase(EMT(), Atoms("U2", [[0, 0, 0], [0, 0, 2]]), workers=1), "U"),
        (lambda: js.adapters.ase(lambda: EMT(), molecule("H2")), "sent to another process"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_other_constraints_are_refused():
    atoms = molecule("H2")
    atoms.set_constraint(FixBondLength(0, 1))
    with pytest.raises(ValueError, match="FixBondLength"):
        js.adapters.ase(EMT(), atoms)
    atoms.set_constraint(FixAtoms([0, 1]))
    with pytest.raises(ValueError, match="nothing can move"):
        js.adapters.ase(EMT(), atoms)
