import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxscape import systems
from jaxscape.models import GaussianMixture, KMeans

RNG = np.random.default_rng(0)
POINTS = np.concatenate([RNG.normal(c, 0.3, (12, 2)) for c in (0.0, 2.0, 5.0)])


def test_the_cost_is_the_sum_of_squares_to_the_closest_centre():
    centres = RNG.normal(size=(3, 2))
    expected = ((POINTS[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum()
    twice = np.concatenate([POINTS, POINTS])
    np.testing.assert_allclose(KMeans(POINTS, 3)(jnp.array(centres.ravel())), expected)
    np.testing.assert_allclose(KMeans(twice, 3)(jnp.array(centres.ravel())), 2 * expected)
    assert len(KMeans(twice, 3).points) == len(POINTS)


def test_the_soft_cost_tends_to_the_cost_from_below():
    x = jnp.array(RNG.normal(size=6))
    hard = KMeans(POINTS, 3)(x)
    soft = [KMeans(POINTS, 3, temperature=t)(x) for t in (1.0, 0.1, 1e-3)]
    assert soft[0] < soft[1] < soft[2] <= hard
    np.testing.assert_allclose(soft[2], hard, rtol=1e-3)


def test_the_mixture_against_numpy_and_its_gauge():
    model = GaussianMixture(POINTS, 2, floor=0.1)
    x = RNG.normal(size=model.blocks.size)
    parts = model.unravel(jnp.array(x))
    density = np.zeros(len(POINTS))
    rows = zip(parts["means"], parts["deviations"], parts["weights"], strict=True)
    for mean, deviation, weight in rows:
        z = (POINTS - np.asarray(mean)) / np.asarray(deviation)
        normal = np.exp(-0.5 * z**2) / np.asarray(deviation) / np.sqrt(2 * np.pi)
        density += float(weight) * normal.prod(axis=1)
    logits = x[model.blocks[:, -1]]
    expected = -np.log(density).mean() + 0.5 * logits.mean() ** 2
    np.testing.assert_allclose(model(jnp.array(x)), expected, rtol=1e-12)
    assert np.all(np.asarray(parts["deviations"]) >= 0.1)


@pytest.mark.parametrize(
    "surface",
    [
        systems.k_means(POINTS, 3),
        systems.k_means(POINTS, 3, temperature=0.1),
        systems.gaussian_mixture(POINTS, 3),
        systems.gaussian_mixture(POINTS, 3, spherical=True),
    ],
    ids=lambda surface: f"{surface.name}-{surface.dim}",
)
def test_clusters_may_change_places(surface):
    x = np.asarray(surface.sample(jax.random.key(0), 2))
    assert x.shape == (2, surface.dim) and np.isfinite(x).all()
    image = surface.symmetry.random_image(x[0], seed=1)
    assert surface.symmetry.same(x[0], image) and not surface.symmetry.same(x[0], x[1])
    np.testing.assert_allclose(surface(jnp.array(image)), surface(jnp.array(x[0])), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KMeans(POINTS, 0), "clusters is 0"),
        (lambda: KMeans(POINTS[[0, 0, 1]], 3), "only 2 different samples"),
        (lambda: KMeans(POINTS, 2, temperature=-1.0), "temperature is -1.0"),
        (lambda: KMeans(np.full((3, 2), np.nan), 2), "NaN or infinite in 3 rows"),
        (lambda: GaussianMixture(POINTS[:2], 2), "more different samples than that, not 2"),
        (lambda: GaussianMixture(POINTS, 2, floor=0.0), "floor is 0.0"),
        (lambda: GaussianMixture(POINTS, 1.5), "components is 1.5"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
