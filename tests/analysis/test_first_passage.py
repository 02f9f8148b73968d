"""Distributions of first passage times, and relaxation."""

import numpy as np
import pytest
import scipy.linalg

import jaxscape as js


def moments(matrix, a, b):
    """First and second moment by dense linear algebra."""
    rates = matrix.generator().toarray()
    inner = np.setdiff1d(np.arange(len(matrix)), b)
    solve = np.linalg.inv(-rates[np.ix_(inner, inner)])
    start = np.zeros(len(matrix))
    start[a] = np.exp(matrix.log_population[a])
    start = (start / start.sum())[inner]
    first = start @ solve
    return first.sum(), 2 * (first @ solve).sum()


@pytest.mark.parametrize("seed", range(10))
def test_moments_and_normalisation(seed, random_kinetic_network):
    matrix = js.rate_matrix(random_kinetic_network(25, seed), 0.6)
    found = js.first_passage_distribution(matrix, [0, 3], [1, 2])
    mean, square = moments(matrix, [0, 3], [1, 2])
    assert found.weight.sum() == pytest.approx(1.0, abs=1e-10)
    assert found.mean == pytest.approx(mean, rel=1e-9) and found.error < 1e-9
    assert found.moment(1) == pytest.approx(mean, rel=1e-9)
    assert found.moment(2) == pytest.approx(square, rel=1e-9)
    # It starts at the rate of direct steps, and the density of log t integrates to one.
    rates = matrix.matrix().toarray()
    start = np.exp(matrix.log_population[[0, 3]])
    direct = start / start.sum() @ rates[np.ix_([0, 3], [1, 2])].sum(axis=1)
    assert found.density(0.0) == pytest.approx(direct, rel=1e-6, abs=1e-8)
    times = np.geomspace(1e-6, 1e3, 20001) * mean
    total = np.trapezoid(found.log_time_density(times), np.log(times))
    assert total + found.survival(times[-1]) == pytest.approx(1.0, abs=1e-4)
    assert (np.diff(found.survival(found.times())) < 1e-12).all()


def test_by_matrix_exponential(random_kinetic_network):
    matrix = js.rate_matrix(random_kinetic_network(8, 1), 0.5)
    found = js.first_passage_distribution(matrix, 0, 1)
    generator = matrix.generator().toarray()
    generator[1] = 0.0
    for time in np.array([0.1, 1.0, 3.0]) * found.mean:
        arrived = scipy.linalg.expm(generator * time)[0, 1]
        assert found.survival(time) == pytest.approx(1 - arrived, abs=1e-10)


def test_slow_modes_keep_their_digits_over_many_orders(lj_network):
    """At kT = 0.006 fast and slow rates lie 20 orders of magnitude apart."""
    network = lj_network(8)
    found = js.first_passage_distribution(network, 1, 0, 0.006)
    assert found.rate[0] / found.rate[-1] > 1e17
    assert found.error < 1e-8
    modes = js.relaxation_modes(network, 0.006)
    assert modes.rate[-1] / modes.rate[0] > 1e17
    assert modes.time.sum() == pytest.approx(js.kemeny_constant(network, 0.006), rel=1e-8)
    with pytest.raises(ValueError, match="lose digits"):
        js.first_passage_distribution(network, 1, 0, 0.002)


@pytest.mark.parametrize("seed", range(5))
def test_relaxation_modes(seed, random_kinetic_network):
    matrix = js.rate_matrix(random_kinetic_network(20, seed), 0.7)
    found = js.relaxation_modes(matrix)
    values = np.sort(scipy.linalg.eigvals(-matrix.generator().toarray()).real)[1:]
    np.testing.assert_allclose(found.rate, values, rtol=1e-7)
    population = np.exp(matrix.log_population)
    np.testing.assert_allclose(
        found.mode.T @ (population[:, None] * found.mode), np.eye(19), atol=1e-7
    )
    left = matrix.generator() @ found.mode
    np.testing.assert_allclose(left, -found.mode * found.rate, atol=1e-6 * found.rate.max())
    assert found.time.sum() == pytest.approx(js.kemeny_constant(matrix), rel=1e-9)
    few = js.relaxation_modes(matrix, count=3)
    np.testing.assert_array_equal(few.rate, found.rate[:3])


def test_errors(random_kinetic_network):
    one_way = np.array([[0, 1.0, 0], [0, 0, 1.0], [1.0, 0, 0]])
    for function in (js.relaxation_modes, lambda n: js.first_passage_distribution(n, 0, 1)):
        with pytest.raises(ValueError, match="detailed balance"):
            function(one_way)
    with pytest.raises(ValueError, match="count is 9"):
        js.relaxation_modes(np.ones((3, 3)), count=9)
    apart = js.KineticNetwork([0.0] * 4, [0, 2], [1, 3], [1.0, 1.0])
    with pytest.raises(ValueError, match="2 parts"):
        js.relaxation_modes(apart, 1.0, frequencies=False)
