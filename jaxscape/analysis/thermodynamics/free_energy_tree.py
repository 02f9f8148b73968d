"""Disconnectivity trees of free energies.

S. V. Krivov and M. Karplus, J. Chem. Phys. 117, 10894 (2002);
D. A. Evans and D. J. Wales, J. Chem. Phys. 118, 3891 (2003).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jaxscape.analysis.disconnectivity import DisconnectivityTree
from jaxscape.analysis.thermodynamics.superposition import checked_temperature, free_energies
from jaxscape.landscape import KineticNetwork, Landscape, as_network


def free_energy_tree(
    network: Landscape | KineticNetwork,
    temperature: float,
    *,
    minima=None,
    frequencies: bool = True,
) -> DisconnectivityTree:
    """The disconnectivity tree of free energies at a temperature.

    Leaves are free energies of minima. All transition states between two minima count together,
    as their rates add up. A barrier that entropy has taken away ends at the higher minimum.

    **Arguments:**

    - `temperature`: `kT` in the network's unit of energy.
    - `minima`: ids; show only these as leaves. Paths through the others still count.
    - `frequencies`: with False, `F = E + kT log(order)`.

    **Returns:** a `DisconnectivityTree`; a merge has the id of the transition state of lowest free
    energy between its two minima. Ids of leaves are those of the network if they rise, and rows
    otherwise.

    **Raises:** as `free_energies`.

    >>> network = KineticNetwork([0.0, 0.5], plus=[0, 0], minus=[1, 1], ts_energy=[1.0, 1.0])
    >>> tree = free_energy_tree(network, 1.0, frequencies=False)
    >>> tree.merge_energies.round(4).tolist()
    [0.5]
    """
    network, kt = as_network(network), checked_temperature(temperature)
    energies, states = free_energies(network, kt, frequencies=frequencies)
    size, ids = len(network), network.ids
    low, high = np.minimum(network.plus, network.minus), np.maximum(network.plus, network.minus)
    pairs, first, where = np.unique(low * size + high, return_index=True, return_inverse=True)
    order = np.argsort(-states, kind="stable")
    lowest = first.copy()
    lowest[where[order]] = order
    shift = states[lowest]
    total = shift - kt * np.log(np.bincount(where, np.exp((shift[where] - states) / kt)))
    low, high = pairs // max(size, 1), pairs % max(size, 1)
    ends = np.maximum(energies[low], energies[high]) if len(pairs) else np.zeros(0)
    rows = None if minima is None else network.rows(minima)
    tree = DisconnectivityTree.from_arrays(
        energies, np.maximum(total, ends), low, high, minima=rows
    )
    named = ids if (np.diff(ids) > 0).all() else np.arange(size)
    return dataclasses.replace(
        tree,
        leaf_ids=named[tree.leaf_ids],
        merge_ids=network.ts_ids[lowest[tree.merge_ids]] if len(pairs) else tree.merge_ids,
    )
