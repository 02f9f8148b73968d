"""Every search lowers for accelerators, with nothing in it that calls back to the host."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.potentials import LennardJones
from jaxscape.search import certify, lanes
from jaxscape.search.any_index import EigenvectorSearch
from jaxscape.search.eigenvector_following import HEFSearch
from jaxscape.search.frozen_mode import FrozenModeSearch
from jaxscape.search.hopping_chain import HoppingSearch
from jaxscape.search.lbfgs import LBFGSSearch
from jaxscape.search.lowest_mode import LowestModeSearch
from jaxscape.search.neb import BandSearch
from jaxscape.symmetry import Cluster

WIDTH, DIM = 8, 12
PLATFORMS = ("cuda", "rocm", "tpu")
SURFACES = {
    "pair potential": js.Surface(LennardJones(), symmetry=Cluster(), dim=DIM),
    "plain function": js.Surface(lambda x: jnp.sum((x**2 - 1) ** 2), bounds=(-2.0, 2.0)),
}


def texts(function, *arguments):
    """StableHLO for each platform; what is not an array is closed over."""
    arrays, rest = eqx.partition(arguments, eqx.is_array)
    traced = jax.jit(lambda a: function(*eqx.combine(a, rest))).trace(arrays)
    for platform in PLATFORMS:
        yield platform, traced.lower(lowering_platforms=(platform,)).as_text()


def searches():
    tolerance, steps = jnp.asarray(1e-6), jnp.asarray(100, jnp.int32)
    x, chain = np.ones((DIM, WIDTH)), np.zeros(WIDTH, np.int32)
    band = js.NEB(images=5, climbing=True)

    def hopping(move):
        options = js.BasinHopping(move=move)
        search = HoppingSearch(options, jax.random.key(0), tolerance, steps, jnp.asarray(-1.0))
        return search, {"x": x, "chain": chain}

    return {
        "minimise": (LBFGSSearch(js.LBFGS(), tolerance, steps), {"x": x}),
        "find_transition_states": (
            HEFSearch(js.HybridEigenvectorFollowing(), tolerance, steps),
            {"x": x, "mode": x},
        ),
        "frozen mode": (FrozenModeSearch(tolerance, steps), {"x": x, "mode": x}),
        "find_stationary_points": (
            EigenvectorSearch(js.EigenvectorFollowing(), tolerance, steps),
            {"x": x, "index": chain},
        ),
        "lowest_modes": (LowestModeSearch(tolerance, tolerance, steps), {"x": x, "mode": x}),
        "neb": (BandSearch(band, tolerance, steps), {"band": np.ones((5 * DIM, WIDTH))}),
        "basin_hopping": hopping(js.moves.Displacement()),
        "symmetrised": hopping(js.moves.Symmetrised()),
    }


@pytest.mark.parametrize("name", list(searches()))
@pytest.mark.parametrize("kind", list(SURFACES))
def test_searches_lower(kind, name):
    search, buffer = searches()[name]
    surface = SURFACES[kind]
    buffer = jax.tree.map(jnp.asarray, buffer)
    owners = jnp.full(WIDTH, -1, jnp.int32)
    state = eqx.filter_eval_shape(lambda b: search.init(surface, b), buffer)
    state = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), state)
    carry = (jnp.zeros((), jnp.int32), state, owners)
    numbers = jnp.asarray(WIDTH, jnp.int32), jnp.asarray(False), jnp.asarray(4, jnp.int32)
    chunk = lanes._chunk.__wrapped__
    for platform, text in texts(chunk, (search, surface), carry, buffer, owners, *numbers):
        assert "stablehlo.while" in text, platform
        assert "callback" not in text.lower(), platform


@pytest.mark.parametrize("name", list(searches()))
def test_the_second_chunk_is_not_compiled_anew(name):
    """In single precision, JAX's default, where whole numbers from literals have weak types."""

    def types(function, *arguments):
        out = jax.tree.leaves(jax.eval_shape(function, *arguments))
        return [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in out]

    with jax.enable_x64(False):
        search, buffer = searches()[name]
        surface = js.Surface(LennardJones(), symmetry=Cluster(), dim=DIM)
        buffer = jax.tree.map(jnp.asarray, buffer)
        owners = jnp.zeros(WIDTH, jnp.int32)
        numbers = jnp.asarray(WIDTH, jnp.int32), jnp.asarray(False), jnp.asarray(4, jnp.int32)
        carry = lanes._idle.__wrapped__(search, surface, buffer, WIDTH, WIDTH)
        chunk = lanes._chunk.__wrapped__
        after = types(lambda c: chunk((search, surface), c, buffer, owners, *numbers)[0], carry)
        assert after == types(lambda c: c, carry)


@pytest.mark.parametrize("dim", [DIM, 36])  # CPUs take larger Hessians apart in their own way
@pytest.mark.parametrize("kind", list(SURFACES))
def test_certificates_lower(kind, dim):
    block = certify._certify_block.__wrapped__
    for platform, text in texts(block, SURFACES[kind], jnp.ones((WIDTH, dim)), 1e-8, 6):
        assert "stablehlo.while" in text, platform
        assert "callback" not in text.lower(), platform
