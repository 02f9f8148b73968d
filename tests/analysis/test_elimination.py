"""Graph transformation against exact rational arithmetic, in doubles and in logarithms."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

import jaxscape as js
from jaxscape.analysis.kinetics import _chain, _logarithmic, _sparse
from jaxscape.analysis.kinetics._chain import Positive
from jaxscape.analysis.kinetics._dense import DenseElimination
from jaxscape.analysis.kinetics._logarithmic import LogElimination, log_product
from jaxscape.analysis.kinetics._prune import without_negligible


def exact_solution(matrix, right):
    """Gauss-Jordan elimination of Fractions; one column for each right-hand side."""
    rows = [[*map(Fraction, row), *map(Fraction, r)] for row, r in zip(matrix, right, strict=True)]
    size = len(rows)
    for pivot in range(size):
        other = next(row for row in range(pivot, size) if rows[row][pivot] != 0)
        rows[pivot], rows[other] = rows[other], rows[pivot]
        for row in range(size):
            if row != pivot and rows[row][pivot] != 0:
                factor = rows[row][pivot] / rows[pivot][pivot]
                rows[row] = [x - factor * y for x, y in zip(rows[row], rows[pivot], strict=True)]
    return [[x / rows[i][i] for x in rows[i][size:]] for i in range(size)]


def exact_absorption(rates, groups):
    """Times until one of the groups and the probability of each: dictionaries by state."""
    rates = [[Fraction(float(x)) for x in row] for row in rates]
    outside = [i for i in range(len(rates)) if not any(i in group for group in groups)]
    matrix = [[sum(rates[i]) * (i == j) - rates[i][j] for j in outside] for i in outside]
    right = [[Fraction(1), *(sum(rates[i][j] for j in group) for group in groups)] for i in outside]
    found = exact_solution(matrix, right)
    return dict(zip(outside, found, strict=True))


def worst(numbers, exact):
    return max(
        float(abs(Fraction(float(n)) / e - 1)) if e else float(n)
        for n, e in zip(numbers, exact, strict=True)
    )


@pytest.fixture(params=["dense", "sparse", "logarithms"])
def engine(request, monkeypatch):
    """Each way of eliminating, whatever the size; with the digits it has to keep."""
    if request.param != "dense":
        monkeypatch.setattr(_sparse, "_SMALL", 3)
        monkeypatch.setattr(_sparse, "_DENSE", 2.0)
    if request.param == "logarithms":
        monkeypatch.setattr(_chain, "_SPAN", -1.0)
    return {"dense": 2e-15, "sparse": 2e-15, "logarithms": 3e-14}[request.param]


def test_200_random_networks_against_fractions(engine, random_rates):
    for seed in range(200):
        size = 4 + seed % 6
        rates = random_rates(size, seed)
        a, b = [0], [1, 2] if seed % 2 else [1]
        exact = exact_absorption(rates, [a, b])
        found = js.committor(rates, a, b)
        inner = list(exact)
        assert worst(found.to_a[inner], [exact[i][1] for i in inner]) < engine, seed
        assert worst(found.to_b[inner], [exact[i][2] for i in inner]) < engine, seed
        times = exact_absorption(rates, [b])
        found = js.mean_first_passage_times(rates, b)
        assert worst(found.time[list(times)], [t[0] for t in times.values()]) < engine, seed
        assert (found.time[b] == 0).all()


def test_200_equilibria_against_fractions(engine, random_rates):
    for seed in range(200):
        rates = random_rates(5, seed)
        exact = [[Fraction(float(x)) for x in row] for row in rates]
        # p K = 0 and a sum of one, in the last equation.
        matrix = [[exact[j][i] - (i == j) * sum(exact[i]) for j in range(5)] for i in range(4)]
        solved = exact_solution([*matrix, [1] * 5], [[0]] * 4 + [[1]])
        found = np.exp(js.RateMatrix.from_matrix(rates).log_population)
        assert worst(found, [x[0] for x in solved]) < 10 * engine, seed


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("size", [3, 64, 65, 200])
def test_dense_elimination_does_not_depend_on_panels(size, symmetric):
    """The reduced network of a few states against the same by one elimination at a time."""
    rng = np.random.default_rng(size)
    rates = rng.exponential(size=(size, size))
    if symmetric:
        rates = rates + rates.T
    plain = rates.copy()
    for i in range(size - 2):
        total = plain[i, i + 1 :].sum()
        plain[i + 1 :, i + 1 :] += np.outer(plain[i + 1 :, i], plain[i, i + 1 :]) / total
    found = DenseElimination(rates.copy(), size - 2, symmetric).reduced()
    expected = plain[-2:, -2:].copy()
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
def test_solutions_of_larger_networks_satisfy_their_equations(transposed, random_rates):
    rates = sp.csr_array(random_rates(600, 0, spread=0.5, density=0.01))
    chain = js.RateMatrix.from_matrix(rates).chain
    rng = np.random.default_rng(1)
    source, edge = rng.exponential(size=600), np.zeros(600)
    keep = np.array([3, 500, 77])
    edge[keep] = [1.0, 2.0, 0.5]
    elimination = chain.eliminate(keep)
    assert elimination.engine.rounds
    found = elimination.solve(Positive(source), Positive(edge), transposed=transposed).value
    generator = sp.diags_array(np.asarray(rates.sum(axis=1))) - rates
    left = (generator.T if transposed else generator) @ found
    inner = np.setdiff1d(np.arange(600), keep)
    np.testing.assert_allclose(left[inner], source[inner], rtol=1e-9)
    np.testing.assert_array_equal(found[keep], edge[keep])


def test_reversible_and_general_eliminations_agree(random_kinetic_network):
    network = random_kinetic_network(400, 3, extra=2.0)
    matrix = js.rate_matrix(network, 0.3)
    assert matrix.reversible
    general = js.RateMatrix.from_matrix(matrix.matrix())
    np.testing.assert_allclose(general.log_population, matrix.log_population, atol=1e-11)
    ours = js.mean_first_passage_times(matrix, [5, 9]).time
    np.testing.assert_allclose(js.mean_first_passage_times(general, [5, 9]).time, ours, rtol=1e-11)


@pytest.mark.parametrize("temperature", [0.3, 0.03, 1e-3, 1e-5])
def test_any_temperature(temperature, random_kinetic_network, monkeypatch):
    """Doubles and logarithms agree, and follow the barrier where everything else is frozen."""
    network = random_kinetic_network(60, 0)
    times = js.mean_first_passage_times(network, 0, temperature)
    assert np.isfinite(times.log_time[1:]).all()
    monkeypatch.setattr(_chain, "_SPAN", -1.0)
    again = js.mean_first_passage_times(network, 0, temperature)
    np.testing.assert_allclose(again.log_time[1:], times.log_time[1:], rtol=1e-12, atol=1e-12)
    if temperature < 1e-2:
        landscape = js.DisconnectivityTree.from_arrays(
            network.energy, network.ts_energy, network.plus, network.minus
        )
        # The slowest escape on the way to the lowest minima: within a prefactor.
        state = int(np.argmin(network.energy[1:])) + 1
        barrier = landscape.barrier(state, 0) / temperature
        assert times.log_time[state] == pytest.approx(barrier, abs=20)


def test_doubles_give_way_to_logarithms():
    """Each state alone fits into doubles; the time until the end does not."""
    steps = 40
    network = js.KineticNetwork(
        np.zeros(steps + 1), np.arange(steps), np.arange(1, steps + 1), np.linspace(1.0, 9.0, steps)
    )
    elimination = js.rate_matrix(network, 0.011, frequencies=False).chain.eliminate(np.array([0]))
    assert not elimination.in_logarithms
    times = js.mean_first_passage_times(network, steps, 0.011, frequencies=False)
    assert times.log_time[0] == pytest.approx(9.0 / 0.011, abs=10) and np.isinf(times.time[0])
    times = js.mean_first_passage_times(network, steps, 0.0011, frequencies=False)
    assert times.log_time[0] == pytest.approx(9.0 / 0.0011, abs=10)


def test_slow_steps_are_left_out_only_beside_faster_ways():
    rng = np.random.default_rng(0)
    size = 30
    dense = -300.0 * rng.random((size, size))
    dense = np.triu(dense, 1) + np.triu(dense, 1).T
    keep = np.array([4, 7])
    logs = sp.csr_array(dense)
    pruned = without_negligible(logs, logs.data, keep)
    assert pruned.nnz < 0.6 * size * size
    kept = pruned.toarray() != 0
    np.testing.assert_array_equal(kept, kept.T)
    assert kept[keep].sum() == 2 * (size - 1)
    inner = np.setdiff1d(np.arange(size), keep)
    best = dense[np.ix_(inner, inner)].copy()
    np.fill_diagonal(best, 0.0)
    for k in range(len(inner)):  # the widest way between all pairs
        best = np.maximum(best, np.minimum.outer(best[:, k], best[k]))
    slow = dense[np.ix_(inner, inner)] < best - 60 - np.log(size)
    np.fill_diagonal(slow, True)
    np.testing.assert_array_equal(kept[np.ix_(inner, inner)], ~slow)


@pytest.mark.parametrize("temperature", [0.05, 0.008])
def test_leaving_out_slow_steps_changes_no_digit(temperature, random_kinetic_network, monkeypatch):
    """In doubles and in logarithms, over and over while the network is eliminated."""
    network = random_kinetic_network(900, 5, extra=4.0)
    sizes = []

    def spied(matrix, *rest):
        fewer = without_negligible(matrix, *rest)
        sizes.append((matrix.nnz, fewer.nnz))
        return fewer

    for function in (spied, lambda matrix, *rest: matrix):
        for module in (_sparse, _logarithmic):
            monkeypatch.setattr(module, "without_negligible", function)
        times = js.mean_first_passage_times(network, [5, 9], temperature).log_time
        if function is spied:
            pruned = times
    np.testing.assert_allclose(pruned, times, rtol=2e-13, atol=2e-13)
    assert len(sizes) > 1 and all(after < before for before, after in sizes)


@pytest.mark.parametrize("spread", [1.0, 300.0, 3000.0])
def test_products_of_logarithms_keep_their_digits(spread):
    rng = np.random.default_rng(0)
    left, right = spread * rng.normal(size=(40, 7)), spread * rng.normal(size=(7, 30))
    left[3], right[:, 4], left[5, 2] = -np.inf, -np.inf, -np.inf
    found = log_product(left, right)
    expected = np.logaddexp.reduce(left[:, :, None] + right[None], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("size", [5, 32, 33, 100])
def test_logarithms_do_not_depend_on_panels(size):
    rng = np.random.default_rng(size)
    rates = rng.exponential(size=(size, size)) * np.exp(20 * rng.normal(size=(size, size)))
    np.fill_diagonal(rates, 0.0)
    chain = js.RateMatrix.from_matrix(rates).chain
    keep = np.arange(2)
    found = LogElimination(chain.logs, keep, symmetric=False).reduced()
    expected = chain.eliminate(keep).reduced().logs.toarray()
    off = ~np.eye(2, dtype=bool)
    np.testing.assert_allclose(found[off], expected[off], rtol=1e-13, atol=1e-12)
