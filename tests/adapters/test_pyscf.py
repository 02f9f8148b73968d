"""PySCF: gradients against differences of its energies, and molecules that cannot be used."""

import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

gto = pytest.importorskip("pyscf.gto")


def hydrogen(length=0.74, **options):
    return gto.M(atom=f"H 0 0 0; H 0 0 {length}", basis="sto-3g", verbose=0, **options)


def test_energy_and_gradient_in_hartree_and_angstrom():
    surface = js.adapters.pyscf(hydrogen(), workers=0)
    assert surface.units == js.Units("hartree", "Angstrom")
    x = jnp.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.7414])
    # Szabo and Ostlund, Modern Quantum Chemistry, table 3.11: -1.117 at 1.4 bohr.
    np.testing.assert_allclose(float(surface(x)), -1.117, atol=5e-4)
    gradient = surface.value_and_grad(x)[1]
    step = 1e-4 * jnp.eye(6)[5]
    slope = (surface(x + step) - surface(x - step)) / 2e-4
    np.testing.assert_allclose(gradient[5], slope, atol=1e-7)
    np.testing.assert_allclose(gradient[2], -gradient[5], atol=1e-9)


@pytest.mark.slow
def test_functionals_go_by_name():
    surface = js.adapters.pyscf(hydrogen(), "LDA,VWN", workers=0)
    assert surface.name == "lda,vwn HH" and np.isfinite(float(surface(np.eye(6)[5] * 0.74)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.adapters.pyscf("H2"), "mol is 'H2'"),
        (lambda: js.adapters.pyscf(hydrogen(), 7), "method is 7"),
        (lambda: js.adapters.pyscf(hydrogen(), "no such functional", workers=0), "cannot compute"),
        (lambda: js.adapters.pyscf(hydrogen(), lambda mol: mol), "another process"),
        (lambda: js.adapters.pyscf(hydrogen(0.0), workers=0), "on one spot"),
        (lambda: js.adapters.pyscf(hydrogen(), time_limit=-1), "time_limit is -1"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
