"""Free-energy disconnectivity trees."""

import numpy as np
import pytest

import jaxscape as js


def test_cold_trees_are_those_of_energies(lj_network):
    network = lj_network(8)
    plain = js.DisconnectivityTree.from_arrays(
        network.energy, network.ts_energy, network.plus, network.minus
    )
    tree = js.free_energy_tree(network, 1e-6, frequencies=False)
    np.testing.assert_allclose(tree.leaf_energies, plain.leaf_energies, atol=1e-4)
    np.testing.assert_allclose(np.sort(tree.merge_energies), plain.merge_energies, atol=1e-4)


def test_parallel_transition_states_lower_the_barrier():
    network = js.KineticNetwork(
        [0.0, 0.5], [0, 1, 0], [1, 0, 1], [3.0, 3.0, 2.5], ids=[4, 8], ts_ids=[5, 6, 7]
    )
    tree = js.free_energy_tree(network, 0.5, frequencies=False)
    total = -0.5 * np.log(2 * np.exp(-6.0) + np.exp(-5.0))
    assert tree.merge_energies.tolist() == pytest.approx([total])
    assert tree.merge_ids.tolist() == [7] and tree.leaf_ids.tolist() == [4, 8]
    assert tree.barrier(8, 4) == pytest.approx(total - 0.5)


def test_barriers_are_those_of_rates(lj_network):
    """For neighbours on the lowest path: k = kT / 2 pi exp(-F barrier / kT)."""
    network, kt = lj_network(6), 0.02
    tree = js.free_energy_tree(network, kt)
    rate = js.rates(network, 1, 0, kt).forward.rate
    assert kt / (2 * np.pi) * np.exp(-tree.barrier(1, 0) / kt) == pytest.approx(rate, rel=1e-10)


def test_leaves_can_be_chosen(lj_network):
    tree = js.free_energy_tree(lj_network(8), 0.1, minima=[0, 5])
    assert tree.leaf_ids.tolist() == [0, 5] and len(tree.merge_ids) == 1
