"""Energy functions in the manner of jax-md, with and without neighbour lists."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js

PAIR = np.array([[0.0, 0.0, 0.0], [1.1, 0.0, 0.0]])


def lennard_jones(positions, sigma=1.0):
    i, j = jnp.triu_indices(len(positions), 1)
    r2 = jnp.sum((positions[i] - positions[j]) ** 2, axis=1) / sigma**2
    return jnp.sum(4 * (r2**-6 - r2**-3))


class Near(eqx.Module):
    """A list that holds so many pairs, all within `reach`."""

    idx: jax.Array
    did_buffer_overflow: jax.Array
    reach: float

    def update(self, positions):
        i, j = jnp.triu_indices(len(positions), 1)
        near = jnp.linalg.norm(positions[i] - positions[j], axis=1) < self.reach
        return Near(near, jnp.sum(near) > 3, self.reach)

    def allocate(self, positions):
        return self.update(positions)


def with_list(positions, neighbor):
    i, j = jnp.triu_indices(len(positions), 1)
    r2 = jnp.sum((positions[i] - positions[j]) ** 2, axis=1)
    return jnp.sum(jnp.where(neighbor.idx, 4 * (r2**-6 - r2**-3), 0.0))


def test_it_is_the_energy_of_a_flat_point():
    surface = js.adapters.jax_md(lennard_jones, PAIR, sigma=1.05, species="AB")
    assert surface.dim == 6 and surface.symmetry.species == ("A", "B")
    ready_made = js.systems.lennard_jones(2)
    np.testing.assert_allclose(surface(PAIR.ravel()), ready_made(PAIR.ravel() / 1.05), rtol=1e-12)


def test_a_list_that_overflows_is_one_bad_point():
    triangle = np.array([[0.0, 0.0, 0.0], [1.1, 0.0, 0.0], [0.5, 0.9, 0.0], [9.0, 9.0, 9.0]])
    fresh = Near(jnp.zeros(6, bool), jnp.asarray(False), 2.0)
    surface = js.adapters.jax_md(with_list, triangle, neighbor_fn=fresh)
    x = jnp.asarray(triangle.ravel())
    np.testing.assert_allclose(surface(x), lennard_jones(triangle[:3]), rtol=1e-12)
    assert np.isfinite(surface.value_and_grad(x)[1]).all()
    assert np.isnan(surface(x.at[9:].set(jnp.array([0.5, 0.3, 0.8]))))


def test_periodic_and_flat_spaces_have_no_symmetry_of_their_own():
    flat = js.adapters.jax_md(lennard_jones, PAIR[:, :2])
    assert flat.dim == 4 and isinstance(flat.symmetry, js.symmetry.NoSymmetry)
    periodic = js.adapters.jax_md(lennard_jones, PAIR, periodic=True)
    assert isinstance(periodic.symmetry, js.symmetry.NoSymmetry)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: js.adapters.jax_md("lj", PAIR), "energy_fn is 'lj'"),
        (lambda: js.adapters.jax_md(lennard_jones, PAIR[0]), r"shape \(3,\)"),
        (lambda: js.adapters.jax_md(lennard_jones, PAIR[[0, 0]]), "on one spot"),
        (lambda: js.adapters.jax_md(lennard_jones, PAIR, neighbor_fn=3), "neighbor_fn is 3"),
        (lambda: js.adapters.jax_md(lambda r: jnp.sum(r) * jnp.nan, PAIR), "gives nan"),
        (lambda: js.adapters.jax_md(lennard_jones, PAIR, rattle=0), "rattle is 0"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()
