"""From one point to another: paths, evaluations, and how they go on."""

import itertools

import jax
import numpy as np
import pytest

import jaxscape as js

S = js.strategies
QUIET = dict(progress=False)


@pytest.fixture(scope="module")
def outer(camel_network):
    """The two highest minima of the camel, at opposite ends of it."""
    high = np.argsort(camel_network.minima.energy)[-2:]
    return camel_network.minima.x[high]


@pytest.fixture(scope="module")
def crossing(camel, outer):
    return js.connect(camel, *outer, key=jax.random.key(0), **QUIET)


def test_a_low_path(crossing, camel_network, analytic, outer):
    """Points as in the literature; the pass is one of the two that differ by 1.1e-4."""
    assert crossing.connected
    points = analytic["six_hump_camel"]["points"]
    for index, energies in enumerate((crossing.path.energies[0::2], crossing.path.energies[1::2])):
        known = np.array([p["E"] for p in points if p["index"] == index])
        assert np.abs(energies[:, None] - known).min(axis=1).max() < 1e-6
    ends = [int(np.argmin(np.sum((camel_network.minima.x - x) ** 2, axis=1))) for x in outer]
    lowest = js.lowest_path(camel_network, *ends).barrier
    assert lowest <= crossing.barrier + 1e-9 <= lowest + 2e-4
    first, total = crossing.evaluations
    assert 0 < first <= total == crossing.landscape.evaluations
    assert f"{len(crossing.path.transition_states)} transition states" in str(crossing)
    assert f"connected after {first} evaluations, {total} in all" in str(crossing)


def test_every_attempt_is_recorded(crossing):
    network = crossing.landscape
    kinds = network.attempts.kinds()
    assert kinds["quench"] == 2 and kinds["double_ended"] >= 1 and kinds["band_maximum"] >= 2
    new = np.array(network.attempts.outcome) == "new"
    assert new.sum() == len(network.transition_states)
    for view, index in ((network.minima, 0), (network.transition_states, 1)):
        assert (view.index == index).all() and (view.rms_gradient <= 1e-8).all()


def test_the_same_key_gives_the_same_path(camel, outer, crossing, identical):
    again = js.connect(camel, *outer, key=jax.random.key(0), **QUIET)
    assert identical(again.landscape, crossing.landscape)
    assert again.evaluations == crossing.evaluations


def test_resuming_from_a_store(camel, outer, crossing, identical, tmp_path):
    """Cut off after the first pair, it goes on as if it had not been."""
    options = dict(key=jax.random.key(0), store=tmp_path / "path.sqlite", refine=0, **QUIET)
    part = js.connect(camel, *outer, searches=1, **options)
    part.landscape.close()
    whole = js.connect(camel, *outer, **options)
    whole.landscape.close()
    assert whole.connected
    np.testing.assert_allclose(whole.path.energies, crossing.path.energies, atol=1e-9)
    assert whole.evaluations[1] < crossing.evaluations[1] or part.connected


def test_points_in_one_basin(camel, outer):
    with pytest.raises(ValueError, match="lead to the same minimum, energy"):
        js.connect(camel, outer[0], outer[0] + 0.01, key=jax.random.key(0), **QUIET)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(refine=-1), "refine is -1"),
        (dict(seconds=0.0), "seconds is 0.0"),
        (dict(a=np.ones((2, 2))), r"a has shape \(2, 2\)"),
        (dict(b=np.ones(3)), r"b \(3,\)"),
        (dict(a=np.array([np.nan, 0.0])), "not finite"),
        (dict(key=0), "key is 0"),
    ],
)
def test_bad_arguments(camel, outer, change, message):
    arguments = dict(a=outer[0], b=outer[1], key=jax.random.key(0)) | change
    with pytest.raises(ValueError, match=message):
        js.connect(camel, arguments.pop("a"), arguments.pop("b"), **arguments, **QUIET)


@pytest.fixture(scope="module")
def camel_ends(camel_network):
    """Ids of the two global minima of the camel."""
    return tuple(int(i) for i in np.argsort(camel_network.minima.energy)[:2])


def minima_alone(surface, network):
    """The same minima, in order of id, without transition states."""
    alone = js.Landscape(surface)
    alone.add(js.minimise(surface, np.asarray(network.minima.x)))
    assert len(alone.minima) == len(network.minima)
    return alone


def test_until_the_rate_has_converged(camel, camel_network, camel_ends):
    network = minima_alone(camel, camel_network)
    x = camel_network.minima.x[list(camel_ends)]
    a, b = (int(np.argmin(np.linalg.norm(network.minima.x - point, axis=1))) for point in x)
    until = S.RateConverged(a, b, temperature=0.1, searches=512)
    options = dict(landscape=network, key=jax.random.key(0), batch=128, **QUIET)
    js.explore(camel, until=until, **options)
    assert until.reached(network)
    history = js.rate_convergence(network, a, b, 0.1, last=512)
    assert history.change <= 0.05 and history.searches[-1] - history.searches[0] == 512
    exact = js.rates(camel_network, *camel_ends, 0.1).forward.log_rate
    assert history.log_forward[-1] == pytest.approx(exact, abs=1e-6)
    # It has nothing left to do.
    before = len(network.attempts)
    js.explore(camel, until=until, **options)
    assert len(network.attempts) == before


@pytest.mark.parametrize(
    "strategy",
    [S.ConnectUnconnected(), S.ConnectRegion(), S.MissingLinks(0, 5)],
    ids=lambda strategy: type(strategy).__name__,
)
def test_strategies_connect_the_camel(camel, camel_network, strategy):
    network = minima_alone(camel, camel_network)
    js.explore(camel, landscape=network, strategy=strategy, key=jax.random.key(0), **QUIET)
    parts = network.components()
    if isinstance(strategy, S.MissingLinks):
        assert any({0, 5} <= part for part in parts)
    else:
        assert len(parts) == 1
    energies = np.sort(camel_network.transition_states.energy)
    found = network.transition_states.energy
    assert np.abs(found[:, None] - energies).min(axis=1).max() < 1e-8
    assert set(network.attempts.kind) == {"double_ended", "band_maximum"}


@pytest.mark.parametrize(
    "strategy",
    [S.Shortcut(0, 5, separation=2), S.ShortcutBarrier(0, 5), S.LowerPass(0, 5),
     S.ShortcutRate(0, 5, 0.1), S.Untrap(0), S.FreeEnergyPairs(0, 0.1, 0.05)],
    ids=lambda strategy: type(strategy).__name__,
)  # fmt: skip
def test_strategies_that_improve_end(camel, camel_network, strategy):
    """On a complete network nothing is found, and they stop once all is tried."""
    network = js.Landscape(camel)
    network.add(js.minimise(camel, np.asarray(camel_network.minima.x)))
    x = camel_network.transition_states
    network.add(js.find_transition_states(camel, x.x, modes=x.eigenvector, key=jax.random.key(0)))
    assert len(network.components()) == 1
    states = len(network.transition_states)
    js.explore(camel, landscape=network, strategy=strategy, key=jax.random.key(0), **QUIET)
    assert len(network.transition_states) == states
    assert strategy.pairs(network, 16, distances_of(network)) == []
    tries = network.attempt_counts("double_ended")
    assert max(tries.values(), default=0) <= strategy.tries


def distances_of(network):
    from jaxscape.explore.strategies._distances import Distances

    return Distances(network)


def test_single_ended_from_some_minima(camel, camel_network):
    network = minima_alone(camel, camel_network)
    options = dict(landscape=network, key=jax.random.key(0), batch=128, searches=128, **QUIET)
    js.explore(camel, strategy=S.SingleEnded(minima=(2,)), **options)
    assert set(network.attempts.a[np.array(network.attempts.kind) == "single_ended"]) == {2}
    low = set(np.flatnonzero(network.minima.energy <= -0.2).tolist())
    assert 2 < len(low) < 6
    js.explore(camel, strategy=S.SingleEnded(below=-0.2), **options)
    assert low - {2} <= set(network.attempts.a[128:].tolist()) <= low
    with pytest.raises(ValueError, match="below is -9.0, where there is no minimum"):
        js.explore(camel, strategy=S.SingleEnded(below=-9.0), **options)


def truncated_octahedron():
    """The 38 lattice points of the fcc lattice nearest to an octahedral hole, nearly relaxed."""
    lattice = [p for p in itertools.product(range(-4, 5), repeat=3) if sum(p) % 2 == 1]
    return np.array(sorted(lattice, key=np.linalg.norm)[:38]).ravel() * 1.1 / np.sqrt(2)


def cut_icosahedron():
    """The lowest 38 atoms along a fivefold axis of the Mackay icosahedron of 55."""
    golden = (1 + np.sqrt(5)) / 2
    corners = [
        corner
        for x in (1, -1)
        for y in (golden, -golden)
        for corner in ((0, x, y), (x, y, 0), (y, 0, x))
    ]
    inner = np.array(corners) / np.linalg.norm(corners[0])
    edges = [i + j for i, j in itertools.combinations(inner, 2) if np.linalg.norm(i - j) < 1.1]
    atoms = np.concatenate([np.zeros((1, 3)), inner, 2 * inner, edges]) * 1.08
    return atoms[np.argsort(atoms @ inner[0], kind="stable")[:38]].ravel()


@pytest.mark.long
def test_the_double_funnel_of_lj38():
    """From two points to a path, in fewer than 77,000 evaluations.

    Energies: Cambridge Cluster Database, and the LJ38 example of the Wales group.
    """
    surface = js.systems.lennard_jones(38)
    ends = truncated_octahedron(), cut_icosahedron()
    found = js.connect(surface, *ends, key=jax.random.key(0), refine=0, band_steps=60, **QUIET)
    assert found.path.energies[[0, -1]] == pytest.approx([-173.928427, -173.252378], abs=1e-6)
    assert found.evaluations[0] < 77_000
    assert found.path.energies.max() < -167.0
    states = found.landscape.transition_states
    assert (states.index == 1).all() and (states.rms_gradient <= 1e-8).all()
