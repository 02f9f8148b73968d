"""Double precision, known answers, and the independent look at a stationary point."""

import contextlib
import json
import os
import signal
import tempfile
from pathlib import Path

# Compiled code is shared by the workers and by the processes that tests start: half of what is
# compiled is compiled by another, too. A new folder for every run, so that none is ever stale.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    _cache = tempfile.TemporaryDirectory(prefix="jaxscape-tests-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _cache.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.3"

# Most of the time goes into compilation, not into what is compiled. With these it is three times
# as quick; `XLA_FLAGS=` in front runs what users run, as `.ci/run` does for the slow tests.
if "XLA_FLAGS" not in os.environ:
    os.environ["XLA_FLAGS"] = (
        "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
    )

# Programs in the background of a script are started with interrupts ignored, and hand that on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import jax
import jax.monitoring
import jax.numpy as jnp
import numpy as np
import pytest

# ruff: noqa: E402
jax.config.update("jax_enable_x64", True)

from jaxscape._machine import memory_maps

REFERENCE = Path(__file__).parent / "reference"
COMPILED = "/jax/core/compile/backend_compile_duration"
_compiled: list[str] = []


def _note(event, duration, **details):
    if event == COMPILED:
        _compiled.append(str(details.get("fun_name", "")))


jax.monitoring.register_event_duration_secs_listener(_note)


@pytest.fixture
def compilations():
    """`with compilations() as names:` collects the names of what XLA compiles meanwhile."""

    @contextlib.contextmanager
    def collect():
        names: list[str] = []
        first = len(_compiled)
        try:
            yield names
        finally:
            names.extend(_compiled[first:])

    return collect


@pytest.fixture(scope="module", autouse=True)
def room_for_code():
    """Compiled functions are dropped between files, so that none is within a test."""
    yield
    used, most = memory_maps()
    if used > 0.4 * most:
        jax.clear_caches()


def reference(name):
    return json.loads((REFERENCE / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def analytic():
    """Stationary points of analytic surfaces; each entry names its source."""
    return reference("analytic_surfaces")


@pytest.fixture(scope="session")
def lj_networks():
    """Lennard-Jones networks by an enumeration of its own; the file names its source."""
    return reference("lj_landscapes")


def plain_lennard_jones(x):
    """The energy written down once more, by pairs, without any of the library's code."""
    atoms = x.reshape(-1, 3)
    i, j = np.triu_indices(atoms.shape[0], 1)
    sixth = 1.0 / jnp.sum((atoms[i] - atoms[j]) ** 2, axis=1) ** 3
    return jnp.sum(4.0 * (sixth**2 - sixth))


def rigid_motions(x):
    """Orthonormal rows: translations and rotations of atoms `x` `[3 n]`, by SVD."""
    atoms = np.asarray(x).reshape(-1, 3)
    centred = atoms - atoms.mean(axis=0)
    axes = np.eye(3)
    rows = [np.tile(axis, (len(atoms), 1)).ravel() for axis in axes]
    rows += [np.cross(np.broadcast_to(axis, centred.shape), centred).ravel() for axis in axes]
    _, size, basis = np.linalg.svd(np.array(rows), full_matrices=False)
    return basis[size > 1e-6 * size[0]]


def vibrations(function, x, rigid=False):
    """RMS gradient, eigenvalues of the Hessian beyond the rigid motions, number of those."""
    x = np.asarray(x)
    energy_and_gradient, hessian = _derivatives(function)
    gradient, matrix = np.asarray(energy_and_gradient(x)[1]), np.asarray(hessian(x))
    zero = rigid_motions(x) if rigid else np.zeros((0, len(x)))
    free = np.linalg.svd(zero)[2][len(zero) :] if len(zero) else np.eye(len(x))
    values = np.linalg.eigvalsh(free @ matrix @ free.T)
    return np.sqrt(np.mean(gradient**2)), values, len(zero)


_made: dict = {}


def _derivatives(function):
    # By identity: Equinox modules with arrays have no hash. Kept, so that no id is used twice.
    if id(function) not in _made:
        pair = jax.jit(jax.value_and_grad(function)), jax.jit(jax.hessian(function))
        _made[id(function)] = function, pair
    return _made[id(function)][1]


@pytest.fixture(scope="session")
def spectrum():
    """`spectrum(function, x, rigid=False)`: the certificate, by other means."""
    return vibrations


@pytest.fixture(scope="session")
def plain_lj():
    """Lennard-Jones energy `x[3 n] -> scalar` in plain JAX."""
    return plain_lennard_jones


@pytest.fixture(scope="session")
def lj7():
    from jaxscape import systems

    return systems.lennard_jones(7)


@pytest.fixture(scope="session")
def camel():
    from jaxscape import systems

    return systems.six_hump_camel()


@pytest.fixture(scope="session")
def mueller_brown():
    from jaxscape import systems

    return systems.mueller_brown()


@pytest.fixture(scope="session")
def lj7_starts(lj7):
    # More than 64: the width of a tile, and with it the compiled code, is that of large batches.
    return np.asarray(lj7.sample(jax.random.key(0), 128))


@pytest.fixture(scope="session")
def lj7_minima(lj7, lj7_starts):
    """Minima from 128 random starts, in their order."""
    from jaxscape import minimise

    return minimise(lj7, lj7_starts)


@pytest.fixture(scope="session")
def lj7_displaced(lj7_minima):
    """The four minima, each 512 times, displaced at random."""
    lowest = lj7_minima.take(np.unique(np.round(lj7_minima.energy, 6), return_index=True)[1])
    x = np.resize(lowest.x, (2048, 21))
    rng = np.random.default_rng(0)
    return x + rng.uniform(0.08, 0.2, (len(x), 1)) * rng.normal(size=x.shape)


@pytest.fixture(scope="session")
def lj7_states(lj7, lj7_displaced):
    """Transition-state searches from displaced minima, in their order."""
    from jaxscape import find_transition_states

    return find_transition_states(lj7, lj7_displaced, key=jax.random.key(6))
