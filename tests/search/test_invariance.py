"""Results depend on nothing but surface, start and key; compilation on shapes only."""

import os
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.search import lanes as engine
from jaxscape.search.status import Status

ROOT = Path(__file__).parents[2]


def leaves_equal(a, b):
    return all(
        np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


def test_useful_share_of_a_real_search(lj7, lj7_starts, monkeypatch):
    """Few lane-steps are wasted on lanes without a job."""
    kept = []
    plain = engine.run

    def keep(*args, **kwargs):
        result = plain(*args, **kwargs)
        kept.append(result[2])
        return result

    monkeypatch.setattr(engine, "run", keep)
    starts = np.tile(lj7_starts, (4, 1))
    found = js.minimise(lj7, starts, certify=False)
    (statistics,) = kept
    # One evaluation a step.
    assert statistics.useful_lane_steps == found.evaluations.sum()
    assert statistics.useful_lane_steps > 0.5 * statistics.total_lane_steps


@pytest.mark.parametrize("lanes", [1, 7, 64, 200])
def test_results_do_not_depend_on_lanes(lj7, lj7_starts, lj7_minima, lanes):
    if lanes == 1:  # one lane at a time is slow
        few = js.minimise(lj7, lj7_starts, lanes=lanes, max_steps=25, certify=False)
        assert leaves_equal(js.minimise(lj7, lj7_starts, max_steps=25, certify=False), few)
    else:
        assert leaves_equal(lj7_minima, js.minimise(lj7, lj7_starts, lanes=lanes))


@pytest.mark.parametrize("rounds", [1, 1 << 20])
def test_results_do_not_depend_on_chunks(lj7, lj7_starts, lj7_minima, rounds, monkeypatch):
    monkeypatch.setattr(engine, "_rounds", lambda *_: rounds)
    assert leaves_equal(lj7_minima, js.minimise(lj7, lj7_starts))


def test_results_do_not_depend_on_order(lj7, lj7_starts, lj7_minima):
    order = np.random.default_rng(0).permutation(len(lj7_starts))
    shuffled = js.minimise(lj7, lj7_starts[order], lanes=32)
    assert leaves_equal(lj7_minima.take(order), shuffled)


def test_results_do_not_depend_on_company(lj7, lj7_starts, lj7_minima):
    """The same starts among others, and with fewer of them."""
    few = js.minimise(lj7, lj7_starts[10:90])
    assert leaves_equal(lj7_minima.take(slice(10, 90)), few)


def test_one_bad_lane_harms_nobody(lj7, lj7_starts, lj7_minima):
    bad = lj7_starts.copy()
    bad[3] = 0.0  # all atoms on one spot: infinite
    bad[77, 3:6] = bad[77, :3]
    found = js.minimise(lj7, bad, lanes=32)  # 32 lanes: later jobs follow in those of the bad
    good = np.ones(len(bad), bool)
    good[[3, 77]] = False
    assert leaves_equal(lj7_minima.take(good), found.take(good))
    assert not found.ok[~good].any()
    np.testing.assert_array_equal(found.status[~good], Status.NOT_FINITE)


DEVICES = """
import sys
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
import jaxscape as js
from jaxscape.surface import Surface

assert len(jax.devices()) == 8
x0 = np.load(sys.argv[1])
camel = js.systems.six_hump_camel()
function = js.systems.six_hump_camel().function
parts = {}
for name, surface in (("module", camel), ("function", lambda x: function(x))):
    found = js.minimise(surface, x0, certify=False)
    parts |= {name + f: getattr(found, f) for f in ("x", "energy", "evaluations", "status")}
np.savez(sys.argv[2], **parts)
"""


def test_eight_devices_give_the_same(camel, tmp_path):
    x0 = np.asarray(camel.sample(jax.random.key(0), 200))  # two tiles
    np.save(tmp_path / "x0.npy", x0)
    script = tmp_path / "devices.py"
    script.write_text(DEVICES)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": os.environ["XLA_FLAGS"] + " --xla_force_host_platform_device_count=8",
    }
    ran = subprocess.run(
        [sys.executable, script, tmp_path / "x0.npy", tmp_path / "out.npz"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    there = np.load(tmp_path / "out.npz")
    here = js.minimise(camel, x0, certify=False)
    for field in ("x", "energy", "evaluations", "status"):
        np.testing.assert_array_equal(there["module" + field], getattr(here, field))
    # The same function through vmap: other code, the same minima.
    np.testing.assert_allclose(there["functionenergy"], here.energy, atol=1e-8)


def test_second_call_compiles_nothing(lj7, lj7_starts, lj7_displaced, compilations):
    """Other starts, keys, tolerance or parameters of the potential: the same compiled code."""
    x = lj7_displaced[::-3].copy()
    first = js.minimise(lj7, lj7_starts)
    js.find_transition_states(lj7, -x, key=jax.random.key(6))
    softer = eqx.tree_at(lambda s: s.function.epsilon, lj7, jnp.asarray(1.3, float))
    with compilations() as names:
        found = js.minimise(softer, lj7_starts[::-1].copy(), max_steps=5000)
    assert not names
    assert found.ok.all()
    np.testing.assert_allclose(found.energy.min(), 1.3 * first.energy.min(), rtol=1e-10)
    with compilations() as names:
        js.find_transition_states(softer, x, key=jax.random.key(9), max_steps=150, push=0.04)
    assert not names


def test_tracing_does_not_grow_with_calls():
    traced = []

    def counted(x):
        traced.append(None)
        return jnp.sum((x**2 - 1) ** 2)

    surface = js.Surface(counted)
    x0 = np.random.default_rng(0).uniform(-2, 2, (90, 2))
    js.minimise(surface, x0)
    first = len(traced)
    js.minimise(surface, -x0)
    # Only the check that the function is a scalar looks at it again.
    assert len(traced) - first <= 1
    js.minimise(surface, np.tile(x0, (5, 1)))
    assert len(traced) - first <= 2
