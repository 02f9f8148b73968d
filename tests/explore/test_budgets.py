"""When explorations stop, and how they go on."""

import importlib
import signal
import time

import jax
import numpy as np
import pytest

import jaxscape as js
from jaxscape.explore import round as rounds

driver = importlib.import_module("jaxscape.explore.explore")
QUIET = dict(progress=False)


@pytest.fixture
def recorded_starts(monkeypatch):
    """The starting points of all transition-state searches."""
    seen, plain = [], rounds.follow

    def follow(surface, x0, *arguments):
        seen.append(np.array(x0))
        return plain(surface, x0, *arguments)

    monkeypatch.setattr(rounds, "follow", follow)
    return seen


def test_resuming_repeats_nothing(camel, camel_network, identical, recorded_starts, tmp_path):
    options = dict(key=jax.random.key(3), batch=128, connect=False, **QUIET)
    whole = js.explore(camel, searches=384, **options)
    at_once = np.concatenate(recorded_starts)
    recorded_starts.clear()
    store = tmp_path / "camel.sqlite"
    for searches in (128, 256):
        network = js.explore(camel, store=store, searches=searches, **options)
        network.close()
    in_parts = np.concatenate(recorded_starts)
    assert len(np.unique(in_parts, axis=0)) == len(in_parts) == 384
    np.testing.assert_array_equal(in_parts, at_once)
    single = np.array(network.attempts.kind) == "single_ended"
    kicks = in_parts - network.minima.x[network.attempts.a[single]]
    assert len(np.unique(np.round(kicks, 9), axis=0)) == 384
    assert identical(whole, network)
    assert network.attempts.kinds() == whole.attempts.kinds()
    # The file holds as much.
    loaded = js.load(store, camel)
    assert identical(whole, loaded) and loaded.attempts.outcome == whole.attempts.outcome


def test_exploring_a_landscape_further(camel, camel_network):
    start = js.explore(camel, key=jax.random.key(3), searches=64, batch=128, **QUIET)
    before = len(start.attempts)
    again = js.explore(
        camel, landscape=start, key=jax.random.key(3), searches=64, batch=128, **QUIET
    )
    assert again is start and len(again.attempts) == before + 64
    assert again.attempts.kinds()["quench"] == 256  # no starts are drawn anew


def test_budget_of_searches(camel, camel_network):
    network = js.explore(camel, key=jax.random.key(0), searches=200, batch=128, **QUIET)
    kinds = network.attempts.kinds()
    kinds.pop("quench")
    assert sum(kinds.values()) == 200


def test_budget_of_time(lj7, lj7_starts, lj7_network):
    started = time.monotonic()
    network = js.explore(
        lj7, lj7_starts, key=jax.random.key(0), seconds=2.0, patience=10**9, **QUIET
    )
    assert 1.5 < time.monotonic() - started < 8.0
    assert len(network.minima) == 4
    assert (network.transition_states.rms_gradient <= 1e-8).all()


def test_patience(camel, camel_network):
    network = js.explore(
        camel, key=jax.random.key(0), patience=256, batch=128, connect=False, **QUIET
    )
    last_new = max(i for i, outcome in enumerate(network.attempts.outcome) if outcome == "new")
    quiet = len(network.attempts) - last_new
    assert 256 <= quiet <= 256 + 2 * 128


@pytest.mark.parametrize("chunks", [2, 12, 30])
def test_interrupt_keeps_what_was_found(
    camel, camel_network, identical, monkeypatch, tmp_path, chunks
):
    from jaxscape.search import lanes

    plain, count = lanes._Tile._deliver, [0]

    def deliver(tile, *arguments):
        plain(tile, *arguments)
        count[0] += 1
        if count[0] == chunks:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(lanes._Tile, "_deliver", deliver)
    monkeypatch.setattr(lanes, "_rounds", lambda *_: 4)
    store = tmp_path / "camel.sqlite"
    network = js.explore(
        camel, store=store, key=jax.random.key(0), patience=10**6, batch=128, lanes=128, **QUIET
    )
    network.close()
    assert count[0] >= chunks
    for view, index in ((network.minima, 0), (network.transition_states, 1)):
        assert (view.index == index).all() and (view.rms_gradient <= 1e-8).all()
    loaded = js.load(store, camel)
    assert identical(network, loaded)


def test_interrupt_while_certifying(camel, camel_network, monkeypatch):
    """Ctrl-C outside of the lanes, too, returns what there is."""
    plain, count = rounds.certified_states, [0]

    def certified_states(*arguments):
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt
        return plain(*arguments)

    monkeypatch.setattr(rounds, "certified_states", certified_states)
    network = js.explore(camel, key=jax.random.key(0), searches=512, batch=128, **QUIET)
    assert len(network.minima) == 6


def test_progress_bar(camel, camel_network, monkeypatch):
    bars = []

    class Ticks:
        def __init__(self, *, disable, total, **_):
            self.total, self.done, self.closed = total, 0, False
            if not disable:
                bars.append(self)

        def update(self, n):
            self.done += n

        def set_postfix(self, **fields):
            self.fields = fields

        def close(self):
            self.closed = True

    monkeypatch.setattr(driver, "tqdm", Ticks)
    js.explore(camel, key=jax.random.key(0), searches=256, batch=128)
    (bar,) = bars
    assert (bar.total, bar.done, bar.closed) == (256, 256, True)
    assert bar.fields["minima"] == 6


def test_second_exploration_compiles_nothing(camel, compilations):
    js.explore(camel, key=jax.random.key(0), searches=512, **QUIET)
    with compilations() as names:
        js.explore(camel, key=jax.random.key(8), searches=512, **QUIET)
    assert not [name for name in names if "_chunk" in name or "_certify" in name]
    surface = js.systems.six_hump_camel()  # another object, equal
    with compilations() as names:
        js.explore(surface, key=jax.random.key(9), searches=512, **QUIET)
    assert not [name for name in names if "_chunk" in name or "_certify" in name]
