"""Derivatives of landscapes against finite differences of landscapes optimised anew."""

import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxscape as js
from jaxscape.analysis.differentiation.points import point_quantities
from jaxscape.analysis.differentiation.quantities import NetworkQuantities, Topology

KT = 0.15


class BinaryLennardJones(eqx.Module):
    """Written as a user would: depths and radii of the pairs AA, AB and BB."""

    epsilon: jax.Array
    sigma: jax.Array
    species: tuple = eqx.field(static=True)

    def __call__(self, x):
        atoms, kinds = x.reshape(-1, 3), np.array(self.species)
        i, j = np.triu_indices(len(kinds), 1)
        pair = kinds[i] + kinds[j]
        square = jnp.sum((atoms[i] - atoms[j]) ** 2, axis=1)
        sixth = (self.sigma[pair] ** 2 / square) ** 3
        return jnp.sum(4.0 * self.epsilon[pair] * (sixth**2 - sixth))


def binary(epsilon=(1.0, 1.2, 0.8), sigma=(1.0, 1.1, 1.2), species=(0, 0, 0, 1, 1, 1)):
    potential = BinaryLennardJones(jnp.asarray(epsilon), jnp.asarray(sigma), species)
    return js.Surface(potential, symmetry=js.symmetry.Cluster(species=species), dim=18)


SURFACES = {
    "lj7": lambda: js.systems.lennard_jones(7),
    "binary": binary,
    "iris": lambda: js.systems.iris_mlp(l2=1e-3),
}


@pytest.fixture(scope="module")
def stored():
    path = Path(__file__).parents[1] / "reference" / "derivatives.json"
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def landscapes(stored):
    made = {}

    def landscape(name):
        if name not in made:
            found = stored[name]
            minima = {"x": found["minima"], "energy": found["energy"]}
            states = {"x": found["ts"], "energy": found["ts_energy"]}
            states |= {"plus": found["plus"], "minus": found["minus"]}
            made[name] = js.Landscape.from_points(minima, states, surface=SURFACES[name]())
        return made[name]

    return landscape


@pytest.fixture(scope="module")
def networks(landscapes):
    made = {}

    def network(name):
        if name not in made:
            made[name] = js.differentiable(landscapes(name))
        return made[name]

    return network


# The same numbers by other means: Newton's method and eigenvalues in NumPy, rates by a solve.


def rigid_motions(x):
    atoms = x.reshape(-1, 3) - x.reshape(-1, 3).mean(axis=0)
    rows = [np.tile(axis, (len(atoms), 1)).ravel() for axis in np.eye(3)]
    rows += [np.cross(np.broadcast_to(axis, atoms.shape), atoms).ravel() for axis in np.eye(3)]
    _, size, basis = np.linalg.svd(np.array(rows), full_matrices=False)
    return basis[size > 1e-6 * size[0]]


def reoptimised(gradient, hessian, x, rigid):
    """The stationary point near `x`, and the eigenvalues of its vibrations."""
    x = np.array(x)
    for _ in range(6):
        zero = rigid_motions(x) if rigid else np.zeros((0, len(x)))
        free = np.linalg.svd(zero)[2][len(zero) :] if len(zero) else np.eye(len(x))
        step = np.linalg.solve(free @ np.asarray(hessian(x)) @ free.T, free @ gradient(x))
        x = x - step @ free
    return x, np.linalg.eigvalsh(free @ np.asarray(hessian(x)) @ free.T)


def network_anew(derivatives_of, values, landscape, rigid):
    """Energies and log products of the points, optimised at other parameters."""
    energy, gradient, hessian = (lambda x, f=f: np.asarray(f(values, x)) for f in derivatives_of)
    columns = []
    for view in (landscape.minima, landscape.transition_states):
        found = [reoptimised(gradient, hessian, x, rigid) for x in view.x]
        columns.append(np.array([energy(x) for x, _ in found]))
        columns.append(np.array([np.log(v[v > 0]).sum() for _, v in found]))
    return columns


def log_rate_anew(columns, landscape, a, b, kt):
    energy, product, ts_energy, ts_product = columns
    states, size = landscape.transition_states, len(energy)
    rates = np.zeros((size, size))
    for t, (p, m) in enumerate(zip(states.plus, states.minus, strict=True)):
        for i, j in ((p, m), (m, p)):
            orders = landscape.minima.order[i] / states.order[t]
            vibrations = np.exp(0.5 * (product[i] - ts_product[t])) / (2 * np.pi)
            rates[i, j] += orders * vibrations * np.exp(-(ts_energy[t] - energy[i]) / kt)
    np.fill_diagonal(rates, 0.0)
    matrix = np.diag(rates.sum(axis=1)) - rates
    inner = np.setdiff1d(np.arange(size), [b])
    times = np.linalg.solve(matrix[np.ix_(inner, inner)], np.ones(size - 1))
    return -np.log(times[np.flatnonzero(inner == a)[0]])


def five_point(function, at, step):
    values = [function(at + k * step) for k in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def plain(energy):
    """Energy, gradient and Hessian of `energy(values, x)`, compiled once for all values."""
    return (
        jax.jit(energy),
        jax.jit(jax.grad(energy, argnums=1)),
        jax.jit(jax.hessian(energy, argnums=1)),
    )


def lowest_pair(landscape):
    a, b = np.argsort(landscape.minima.energy)[:2].tolist()
    return a, b


@pytest.fixture(scope="module")
def lj7_derivatives(landscapes, networks):
    a, b = lowest_pair(landscapes("lj7"))
    return js.derivatives(
        networks("lj7"), lambda n: (n.log_rate(a, b, KT), n, n.heat_capacity_peak(0.05, 1.0))
    )


def test_the_log_rate_of_lj7_by_epsilon_and_sigma(landscapes, lj7_derivatives):
    landscape = landscapes("lj7")
    a, b = lowest_pair(landscape)

    def energy(values, x):
        atoms = x.reshape(-1, 3)
        i, j = np.triu_indices(7, 1)
        sixth = (values[1] ** 2 / jnp.sum((atoms[i] - atoms[j]) ** 2, axis=1)) ** 3
        return jnp.sum(4.0 * values[0] * (sixth**2 - sixth))

    tools = plain(energy)
    found = lj7_derivatives
    for row, name in enumerate(("epsilon", "sigma")):

        def anew(value, row=row):
            values = np.ones(2)
            values[row] = value
            return log_rate_anew(network_anew(tools, values, landscape, True), landscape, a, b, KT)

        assert found.value[0] == pytest.approx(anew(1.0), rel=1e-9)
        assert found[name][0] == pytest.approx(five_point(anew, 1.0, 2e-3), rel=1e-6)
    # Rates are sqrt(epsilon) / sigma times a function of epsilon / kT.
    assert found["sigma"][0] == pytest.approx(-1.0, rel=1e-9)


@pytest.mark.slow
def test_a_binary_cluster_by_every_pair(landscapes, networks):
    landscape = landscapes("binary")
    a, b = lowest_pair(landscape)

    def energy(values, x):
        return BinaryLennardJones(values[:3], values[3:], (0, 0, 0, 1, 1, 1))(x)

    tools, at = plain(energy), np.array([1.0, 1.2, 0.8, 1.0, 1.1, 1.2])
    found = js.derivatives(networks("binary"), lambda n: n.log_rate(b, a, KT))
    assert found["epsilon"].shape == found["sigma"].shape == (3,)
    mine = np.concatenate([found["epsilon"], found["sigma"]])
    # By AB, whose atoms have both neighbours, and by sigma of BB.
    for row in (1, 5):

        def anew(value, row=row):
            values = at.copy()
            values[row] = value
            return log_rate_anew(network_anew(tools, values, landscape, True), landscape, b, a, KT)

        assert mine[row] == pytest.approx(five_point(anew, at[row], 1e-3), rel=1e-6)
    # A common factor of all radii only changes the unit of length.
    assert found.logarithmic()["sigma"].sum() == pytest.approx(-1.0, rel=1e-9)


@pytest.mark.slow
def test_a_neural_network_by_its_l2(landscapes, networks):
    landscape = landscapes("iris")
    a, b = lowest_pair(landscape)
    kt = 0.002
    function = landscape.surface.function

    def energy(l2, x):
        return eqx.tree_at(lambda f: f.l2, function, l2)(x)

    def anew(l2):
        return network_anew(tools, l2, landscape, False)

    tools = plain(energy)
    found = js.derivatives(
        networks("iris"), lambda n: (n.log_rate(a, b, kt), n.energy), parameters="l2"
    )
    rate = five_point(lambda l2: log_rate_anew(anew(l2), landscape, a, b, kt), 1e-3, 1e-6)
    energies = five_point(lambda l2: anew(l2)[0], 1e-3, 1e-6)
    assert found["l2"][0] == pytest.approx(rate, rel=1e-6)
    np.testing.assert_allclose(found["l2"][1], energies, rtol=1e-6)


@pytest.mark.slow
def test_many_parameters_go_backwards(landscapes, networks):
    """600 numbers of the iris data: the derivative of an energy is that at a fixed point."""
    points = networks("iris")
    assert js.parameter_names(points.surface) == ["args.0", "args.1", "l2"]
    found = js.derivatives(points, lambda n: n.energy[0], parameters=["args.0", "l2"])
    x = jnp.asarray(points.x[0])

    def energy(inputs):
        return eqx.tree_at(lambda f: f.args[0], points.surface.function, inputs)(x)

    expected = jax.grad(energy)(points.surface.function.args[0])
    assert found["args.0"].shape == (150, 4)
    np.testing.assert_allclose(found["args.0"], expected, rtol=1e-6, atol=1e-9)


def test_scaling_laws(lj7_derivatives):
    found = lj7_derivatives
    value, epsilon, sigma = found.value[1], found["epsilon"][1], found["sigma"][1]
    np.testing.assert_allclose(epsilon.energy, value.energy, rtol=1e-12)
    np.testing.assert_allclose(epsilon.ts_energy, value.ts_energy, rtol=1e-12)
    np.testing.assert_allclose(epsilon.log_product, 15.0, rtol=1e-9)
    np.testing.assert_allclose(epsilon.ts_log_product, 14.0, rtol=1e-9)
    np.testing.assert_allclose(sigma.log_product, -30.0, rtol=1e-9)
    np.testing.assert_allclose(sigma.ts_log_product, -28.0, rtol=1e-9)
    np.testing.assert_allclose(epsilon.ts_eigenvalue, value.ts_eigenvalue, rtol=1e-8)
    np.testing.assert_allclose(sigma.energy, 0.0, atol=1e-10)
    np.testing.assert_allclose(epsilon.x, 0.0, atol=1e-10)
    for x, move in ((value.x, sigma.x), (value.ts_x, sigma.ts_x)):
        centred = x.reshape(len(x), -1, 3) - x.reshape(len(x), -1, 3).mean(axis=1, keepdims=True)
        # Growing keeps the centroid and turns nothing: it has no zero modes in it.
        np.testing.assert_allclose(move, centred.reshape(len(x), -1), atol=1e-8)


@pytest.mark.slow
def test_values_are_those_of_the_rest_of_the_library(landscapes, networks):
    landscape = landscapes("lj7")
    points = networks("lj7")
    quantities = points(points.surface)
    network = js.KineticNetwork(
        quantities.energy, landscape.transition_states.plus,
        landscape.transition_states.minus, quantities.ts_energy,
        log_product=quantities.log_product, ts_log_product=quantities.ts_log_product,
        order=landscape.minima.order, ts_order=landscape.transition_states.order,
        modes=[15] * 4, ts_modes=[14] * 12,
    )  # fmt: skip
    a, b = [0, 1], 3
    rate = js.rates(network, a, b, KT).forward.log_rate
    assert float(quantities.log_rate(a, b, KT)) == pytest.approx(rate, rel=1e-12)
    times = js.mean_first_passage_times(network, b, KT).log_time
    np.testing.assert_allclose(quantities.log_mean_first_passage_times(b, KT), times, rtol=1e-12)
    committor = js.committor(network, a, b, KT).to_b
    np.testing.assert_allclose(quantities.committor(a, b, KT), committor, rtol=1e-10)
    steps = js.step_rates(network, KT)
    forward, backward = quantities.log_rates(KT)
    np.testing.assert_allclose(forward, steps.log_forward, rtol=1e-12)
    np.testing.assert_allclose(backward, steps.log_backward, rtol=1e-12)
    grid = np.linspace(0.05, 0.4, 7)
    curve = js.heat_capacity(network, grid).total
    np.testing.assert_allclose(quantities.heat_capacity(grid), curve, rtol=1e-10)
    np.testing.assert_allclose(
        np.exp(quantities.log_occupation(KT)), js.occupation(network, KT), rtol=1e-10
    )
    for end in (1, 2, 3):
        barrier = js.barrier(landscape, end, 0)
        assert float(quantities.barrier(end, 0)) == pytest.approx(barrier, rel=1e-9)


def test_the_peak_of_the_heat_capacity_scales(lj7_derivatives):
    (_, network, (at, height)), found = lj7_derivatives.value, lj7_derivatives
    grid = np.linspace(0.99 * at, 1.01 * at, 201)
    assert np.max(network.heat_capacity(grid)) == pytest.approx(height, rel=1e-8)
    assert found["epsilon"][2][0] == pytest.approx(at, rel=1e-9)
    assert found["epsilon"][2][1] == pytest.approx(0.0, abs=1e-9)
    assert found["sigma"][2][0] == pytest.approx(0.0, abs=1e-9)


def quantities_of(network):
    topology = Topology(
        plus=network.plus, minus=network.minus, order=network.order, ts_order=network.ts_order,
        modes=network.modes, ts_modes=network.ts_modes,
    )  # fmt: skip
    none = jnp.zeros((0, 1))
    return NetworkQuantities(
        none, jnp.asarray(network.energy), jnp.asarray(network.log_product), none,
        jnp.asarray(network.ts_energy), jnp.asarray(network.ts_log_product),
        jnp.asarray(network.ts_eigenvalue), topology,
    )  # fmt: skip


def test_elimination_keeps_its_digits_at_any_temperature(random_kinetic_network):
    network = random_kinetic_network(13, seed=3)
    quantities = quantities_of(network)

    @eqx.filter_jit
    def answers(quantities, kt):
        times = quantities.log_mean_first_passage_times([2, 5], kt)
        return times, eqx.filter_grad(lambda q: q.log_rate([0, 7], 2, kt))(quantities)

    for kt in (1.0, 0.1, 0.004):
        times, gradient = answers(quantities, jnp.array(kt))
        known = js.mean_first_passage_times(network, [2, 5], kt).log_time
        np.testing.assert_allclose(times, known, rtol=1e-11)
        # A common rise of all transition states, of all energies, and of all log products.
        assert float(gradient.ts_energy.sum()) == pytest.approx(-1.0 / kt, rel=1e-10)
        assert float(gradient.energy.sum()) == pytest.approx(1.0 / kt, rel=1e-10)
        assert float(gradient.ts_log_product.sum()) == pytest.approx(-0.5, rel=1e-10)


def test_sensitivities_to_every_point(random_kinetic_network):
    network = random_kinetic_network(9, seed=1)
    known = js.rate_sensitivity(network, 3, 6, 0.5)
    slope = eqx.filter_jit(eqx.filter_grad(lambda q: q.log_rate(3, 6, 0.5)))
    gradient = slope(quantities_of(network))
    for name in ("energy", "ts_energy", "log_product", "ts_log_product"):
        np.testing.assert_allclose(
            getattr(gradient, name), getattr(known, name), rtol=1e-8, atol=1e-10
        )


class Wells(eqx.Module):
    height: jax.Array
    tilt: jax.Array

    def __call__(self, x):
        return self.height * (x[0] ** 2 - 1) ** 2 + self.tilt * x[0] + (x[1] - x[0] ** 2) ** 2


@pytest.mark.slow
def test_second_derivatives():
    def surface_of(values):
        return js.Surface(Wells(*values), dim=2)

    at = jnp.array([1.0, 0.3])
    x, ts_x = [[-1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0]]
    landscape = js.Landscape.from_points(
        {"x": x, "energy": [-0.3, 0.3]},
        {"x": ts_x, "energy": [1.0], "plus": [0], "minus": [1]},
        surface=surface_of(at),
    )
    points = js.differentiable(landscape)

    @eqx.filter_jit
    def slopes(points, values):
        def quantity(values):
            network = points(surface_of(values))
            return network.log_rate(1, 0, KT) + network.ts_x[0, 0] + network.x[1, 1]

        return jax.grad(quantity)(values), jax.hessian(quantity)(values)

    def first(values):
        return np.asarray(slopes(points.at(surface_of(values)), values)[0])

    second = slopes(points, at)[1]
    for row in (0, 1):
        unit = jnp.eye(2)[row]
        expected = five_point(lambda k, unit=unit: first(at + k * unit), 0.0, 1e-3)
        np.testing.assert_allclose(second[row], expected, rtol=1e-6)
    assert np.abs(second).min() > 0.1


def test_other_parameters_compile_nothing(compilations):
    def quantity(network):
        return network.log_product

    points = js.differentiable(quartic(0.5))
    first = js.derivatives(points, quantity)
    with compilations() as names:
        other = js.Surface(Quartic(jnp.array(0.6)), dim=2)
        again = js.derivatives(points.at(other), quantity)
    assert not names
    assert first["curvature"] == pytest.approx([2.0]) and again.value[0] > first.value[0]
    assert again["curvature"] == pytest.approx([1 / 0.6])


@pytest.mark.slow
def test_a_linear_molecule_has_five_zero_modes():
    surface = js.systems.lennard_jones(2)
    x = np.zeros((1, 6))
    x[0, 3:] = 2 ** (1 / 6) / np.sqrt(3)
    landscape = js.Landscape.from_points({"x": x, "energy": [-1.0]}, surface=surface)
    found = js.derivatives(landscape, lambda n: n.log_product[0])
    assert found.points.topology.modes.tolist() == [1]
    assert found["epsilon"] == pytest.approx(1.0, rel=1e-9)
    assert found["sigma"] == pytest.approx(-2.0, rel=1e-9)


def test_chunks_change_nothing():
    x = jnp.linspace(-1.0, 1.0, 70)[:, None] * jnp.array([0.0, 1.0])

    def log_products(curvature, x):
        surface = js.Surface(Quartic(curvature), dim=2)
        return point_quantities(surface, x, jnp.zeros(len(x), bool)).log_product

    slopes = jax.jit(jax.jacrev(log_products))
    many, few = slopes(jnp.array(0.5), x), slopes(jnp.array(0.5), x[65:66])
    np.testing.assert_allclose(many[65:66], few, rtol=1e-12)
    assert many.shape == (70,)


class Quartic(eqx.Module):
    """A minimum at zero that turns into a transition state where `curvature` changes its sign."""

    curvature: jax.Array

    def __call__(self, x):
        return self.curvature * x[0] ** 2 + x[0] ** 4 + (x[1] - self.curvature) ** 2


def quartic(curvature):
    return js.Landscape.from_points(
        {"x": [[0.0, curvature]], "energy": [0.0]},
        surface=js.Surface(Quartic(jnp.array(curvature)), dim=2),
    )


def test_a_bifurcation_is_not_differentiated_silently():
    for curvature, threshold in ((0.0, 1e-6), (1e-4, 1e-3)):
        landscape = quartic(curvature)
        with pytest.raises(ValueError, match=r"minima DEGENERATE: 0 \(gap"):
            js.derivatives(landscape, threshold=threshold)
        found = js.derivatives(landscape, strict=False, threshold=threshold)
        assert found.points.status.tolist() == [js.Status.DEGENERATE]
        assert "DEGENERATE: 0" in str(found)
        assert np.isfinite(found.value.energy).all()
        assert np.isnan(found["curvature"].energy).all()
        assert np.isnan(found["curvature"].x).all()
    found = js.derivatives(quartic(1e-4))
    assert found["curvature"].log_product[0] == pytest.approx(1e4, rel=1e-6)
    assert found["curvature"].x[0].tolist() == pytest.approx([0.0, 1.0])


def test_other_points_keep_their_derivatives(landscapes):
    landscape = landscapes("lj7")
    points = js.differentiable(landscape)
    gap = np.sort(np.concatenate([points.gap, points.ts_gap]))
    found = js.derivatives(
        landscape, lambda n: n.ts_energy, strict=False, threshold=float(0.5 * (gap[0] + gap[1]))
    )
    worst = int(np.argmin(points.ts_gap))
    assert np.flatnonzero(np.isnan(found["epsilon"])).tolist() == [worst]


def test_points_that_do_not_exist_any_more(landscapes):
    with pytest.raises(ValueError, match="WRONG_INDEX"):
        js.differentiable(quartic(0.5), js.Surface(Quartic(jnp.array(-0.5)), dim=2))


def test_held_coordinates_do_not_move():
    class Bowl(eqx.Module):
        centre: jax.Array

        def __call__(self, x):
            return jnp.sum((x - self.centre) ** 2) + x[0] * x[1]

    surface = js.Surface(Bowl(jnp.array([3.0, 0.2])), bounds=(-1.0, 1.0), dim=2)
    points = js.minimise(surface, np.array([[0.5, 0.5]]))
    landscape = js.Landscape(surface)
    landscape.add(points)
    assert landscape.minima.x[0].tolist() == pytest.approx([1.0, -0.3])
    found = js.derivatives(landscape)
    np.testing.assert_allclose(found["centre"].x[0], [[0.0, 0.0], [0.0, 1.0]], atol=1e-12)
    assert found.value.log_product[0] == pytest.approx(np.log(2.0))


def test_parameters_that_a_function_closes_over():
    x = jnp.array([[0.5, 0.0]])

    def place(p):
        def energy(x):
            return (x[0] ** 2 - p) ** 2 + x[1] ** 2

        return js.stationary(energy, x)[0, 0]

    assert float(jax.grad(place)(0.25)) == pytest.approx(1.0)  # x = sqrt(p)
    assert float(jax.grad(jax.grad(place))(0.25)) == pytest.approx(-2.0)


def test_bad_input(landscapes, networks):
    landscape, points = landscapes("lj7"), networks("lj7")
    with pytest.raises(ValueError, match="no parameter 'epsilom'; known: epsilon, sigma"):
        js.derivatives(points, parameters="epsilom")
    with pytest.raises(ValueError, match="no parameter 'rho'"):
        js.derivatives(points, lambda n: n.energy[0])["rho"]
    with pytest.raises(ValueError, match="holds no numbers"):
        bare = js.Landscape(lambda x: jnp.sum(x**2))
        bare.add(js.minimise(lambda x: jnp.sum(x**2), np.ones((1, 2))))
        js.derivatives(bare)
    with pytest.raises(ValueError, match="coordinates of a Landscape"):
        js.derivatives(js.KineticNetwork([0.0], [], [], []))
    with pytest.raises(ValueError, match="no minima"):
        js.derivatives(js.Landscape(landscape.surface))
    network = points(points.surface)
    with pytest.raises(ValueError, match="temperature is -1"):
        network.log_rate(0, 1, -1.0)
    with pytest.raises(ValueError, match="temperature is .*0.0"):
        network.heat_capacity([0.1, 0.0])
    with pytest.raises(ValueError, match="b holds 9: ids count from 0 to 3"):
        network.log_rate(0, 9, KT)
    with pytest.raises(ValueError, match="may not overlap"):
        network.committor([0, 1], [1], KT)
    with pytest.raises(ValueError, match="low is 2"):
        network.heat_capacity_peak(2.0, 1.0)
    apart = js.KineticNetwork([0.0, 0.1, 0.2], [0], [1], [1.0], log_product=[0.0] * 3,
                              ts_log_product=[0.0], modes=[1] * 3, ts_modes=[0],
                              ts_eigenvalue=[-1.0])  # fmt: skip
    with pytest.raises(ValueError, match="no path joins minimum 0 to"):
        quantities_of(apart).log_rate(0, 2, KT)
    assert np.isposinf(quantities_of(apart).log_mean_first_passage_times(2, KT)[:2]).all()
