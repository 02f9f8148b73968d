import subprocess
import sys
import textwrap

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape._linear_algebra import holds_linear_algebra, over_columns
from jaxscape.surface import lane_hvp, lane_value_and_grad


def likelihood(x):
    """Negative log marginal likelihood of four points, by a Cholesky factor."""
    place = jnp.array([0.0, 0.4, 1.0, 2.0], x.dtype)
    square = (place[:, None] - place) ** 2
    kernel = jnp.exp(-square * jnp.exp(x[0])) + (0.1 + jnp.exp(x[1])) * jnp.eye(4, dtype=x.dtype)
    factor = jnp.linalg.cholesky(kernel)
    whitened = jax.scipy.linalg.solve_triangular(factor, jnp.sin(place), lower=True)
    return 0.5 * whitened @ whitened + jnp.sum(jnp.log(jnp.diag(factor)))


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (likelihood, True),
        (jax.jit(likelihood), True),
        (jax.grad(likelihood), True),
        (lambda x: jax.lax.cond(x[0] > 0, likelihood, jnp.sum, x), True),
        (lambda x: jax.lax.fori_loop(0, 2, lambda _, c: c + likelihood(x), 0.0), True),
        (lambda x: jnp.linalg.eigvalsh(jnp.outer(x, x)), True),
        (lambda x: jnp.sum(x**2), False),
        (lambda x: x @ (jnp.outer(x, x) @ x), False),
    ],
)
def test_linear_algebra_is_found(function, found):
    assert holds_linear_algebra(function, jnp.ones(2)) is found


def test_a_loop_gives_what_vmap_gives():
    x = np.random.default_rng(0).normal(size=(2, 5))
    for function, axes in ((likelihood, 0), (jax.value_and_grad(likelihood), (0, -1))):
        expected = jax.vmap(function, in_axes=-1, out_axes=axes)(x)
        for a, b in zip(
            jax.tree.leaves(over_columns(function, axes, jnp.asarray(x))),
            jax.tree.leaves(expected),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    surface = js.Surface(likelihood, dim=2)
    v = np.random.default_rng(1).normal(size=(3, 2, 5))
    energy, gradient, products = eqx.filter_jit(lane_hvp)(surface, jnp.asarray(x), jnp.asarray(v))
    np.testing.assert_allclose(gradient, lane_value_and_grad(surface, jnp.asarray(x))[1], rtol=1e-9)
    for lane in range(5):
        np.testing.assert_allclose(energy[lane], likelihood(x[:, lane]), rtol=1e-12)
        hessian = jax.hessian(likelihood)(jnp.asarray(x[:, lane]))
        np.testing.assert_allclose(products[:, :, lane], v[:, :, lane] @ hessian, rtol=1e-8)


def test_programs_at_once_do_not_wait_for_each_other():
    """With `vmap` in place of the loop this hangs on two cores."""
    program = """
        import threading
        import jax
        import jax.numpy as jnp
        import numpy as np
        from jaxscape._linear_algebra import over_columns

        def one(x):
            matrix = jnp.outer(x, x) + jnp.eye(30)
            return jnp.linalg.eigvalsh(matrix).sum() + jnp.linalg.solve(2 * matrix, x).sum()

        x = np.random.default_rng(0).normal(size=(30, 64)).astype("float32")
        run = jax.jit(lambda x: over_columns(one, 0, x))
        run(x).block_until_ready()

        def work():
            for _ in range(60):
                run(x).block_until_ready()

        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["done"]
