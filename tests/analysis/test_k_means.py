"""Iris optima: Du Merle et al., SIAM J. Sci. Comput. 21, 1485 (1999), for Fisher's data."""

from importlib import resources

import jax
import numpy as np
import pytest

import jaxscape as js

LINES = (resources.files("jaxscape.models") / "data/iris.csv").read_text().splitlines()[1:]
IRIS = np.array([[float(v) for v in line.split(",")[:4]] for line in LINES])


def lloyd_by_hand(points, centres):
    for _ in range(200):
        square = ((points[:, None] - centres) ** 2).sum(axis=2)
        labels = square.argmin(axis=1)
        sizes = np.bincount(labels, minlength=len(centres))
        if not sizes.all():
            return None
        new = np.array([points[labels == k].mean(axis=0) for k in range(len(centres))])
        if np.array_equal(new, centres):
            return square.min(axis=1).sum()
        centres = new
    return None


@pytest.fixture(scope="module")
def three():
    return js.k_means_landscape(IRIS, 3, key=jax.random.key(0), runs=2048)


def test_all_fixed_points_of_lloyds_iterations_each_once(three):
    np.testing.assert_allclose(three.minima.energy.min(), 78.851441, atol=1e-6)
    assert len(three.minima) >= 9 and three.minima.certified.all()
    rng = np.random.default_rng(1)
    ends = [lloyd_by_hand(IRIS, IRIS[rng.choice(150, 3, replace=False)]) for _ in range(150)]
    ends = np.array([e for e in ends if e is not None])
    gaps = np.abs(ends[:, None] - three.minima.energy)
    assert (gaps.min(axis=1) < 1e-9).mean() > 0.98  # an end with a tie is no strict minimum


def test_passes_are_lowest_on_their_ridge_and_fall_off_on_both_sides(three):
    states, surface = three.transition_states, three.surface
    assert len(three.components()) == 1 and len(states) >= 9
    cost = jax.jit(jax.vmap(surface))
    rng = np.random.default_rng(0)
    for x, energy, mode, plus, minus in zip(
        states.x, states.energy, states.eigenvector, states.plus, states.minus, strict=True
    ):
        np.testing.assert_allclose(surface(x), energy, rtol=1e-12)
        square = ((IRIS[:, None] - x.reshape(3, 4)) ** 2).sum(axis=2)
        two = np.sort(square, axis=1)
        tied = np.flatnonzero(two[:, 1] - two[:, 0] < 1e-9)
        assert len(np.unique(IRIS[tied], axis=0)) == 1
        # A kink: a step of h in either direction lowers the cost by a multiple of h, not h^2.
        drops = [
            energy - np.asarray(cost((x + s * h * mode)[None]))[0]
            for s in (1, -1)
            for h in (1e-5, 1e-6)
        ]
        assert min(drops) > 0
        np.testing.assert_allclose(drops[0] / drops[1], 10, rtol=0.1)
        np.testing.assert_allclose(drops[2] / drops[3], 10, rtol=0.1)
        # On the ridge it is a minimum: random steps, put back onto it along the mode.
        a, b = np.argsort(square[tied[0]])[:2]

        def tie(y, a=a, b=b, sample=IRIS[tied[0]]):
            c = y.reshape(3, 4)
            return ((sample - c[a]) ** 2).sum() - ((sample - c[b]) ** 2).sum()

        for _ in range(20):
            y = x + 1e-4 * rng.normal(size=12)
            for _ in range(4):
                slope = (tie(y + 1e-6 * mode) - tie(y - 1e-6 * mode)) / 2e-6
                y = y - tie(y) / slope * mode
            assert float(surface(y)) > energy
        assert energy > max(three.minima.energy[plus], three.minima.energy[minus])


def test_the_result_depends_on_no_seed(three):
    again = js.k_means_landscape(IRIS, 3, key=jax.random.key(5), runs=2048)
    for name in ("minima", "transition_states"):
        energies = [np.sort(getattr(n, name).energy) for n in (three, again)]
        np.testing.assert_allclose(*energies, rtol=1e-12)


@pytest.mark.long
def test_the_soft_cost_has_the_same_lowest_barrier():
    """Smooth saddles of a small temperature, found by the general engine, tend to the ridge."""
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.1, 0.0], [1.1, 1.0], [3.0, 0.2]])
    hard = js.k_means_landscape(points, 2, key=jax.random.key(0), runs=256)
    tops = []
    for temperature in (0.02, 0.01):
        soft = js.systems.k_means(points, 2, temperature=temperature)
        network = js.explore(soft, key=jax.random.key(0), searches=256, progress=False)
        tops.append(network.transition_states.energy)
    expected = hard.transition_states.energy.min()
    gaps = [np.abs(top - expected).min() for top in tops]
    assert gaps[1] < gaps[0] and gaps[1] < 0.03


@pytest.mark.long
@pytest.mark.parametrize(("clusters", "lowest", "least"), [(2, 152.347952, 1), (4, 57.228473, 56)])
def test_iris(clusters, lowest, least):
    network = js.k_means_landscape(IRIS, clusters, key=jax.random.key(0), runs=4096)
    np.testing.assert_allclose(network.minima.energy.min(), lowest, atol=1e-6)
    assert len(network.minima) >= least and len(network.components()) == 1


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="runs"):
        js.k_means_landscape(IRIS, 3, key=jax.random.key(0), runs=0)
    with pytest.raises(ValueError, match="clusters is 150"):
        js.k_means_landscape(IRIS, 150, key=jax.random.key(0))
