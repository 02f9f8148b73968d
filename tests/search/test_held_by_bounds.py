import jax.numpy as jnp
import numpy as np

import jaxscape as js


def test_runs_along_a_bound_do_not_creep_where_the_energy_bends_downwards():
    """The only free coordinate keeps no curvature there, and the held one is steep."""
    surface = js.Surface(
        lambda x: 50.0 * (x[0] - 1.2) ** 2 + jnp.cos(3.0 * x[1]), bounds=(0.0, 1.0), dim=2
    )
    x0 = np.stack([np.linspace(0.9, 0.97, 16), np.linspace(0.01, 0.1, 16)], axis=1)
    found = js.minimise(surface, x0)
    assert found.ok.all() and (found.x == 1.0).all()
    assert found.evaluations.max() < 500  # 230 steps of full length, and the bend
