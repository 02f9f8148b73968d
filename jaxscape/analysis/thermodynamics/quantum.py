"""Frequencies, masses, and the superposition of quantum oscillators.

F. Calvo, J. P. K. Doye and D. J. Wales, J. Chem. Phys. 114, 7312 (2001).
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxscape.analysis.thermodynamics.superposition import HeatCapacity, checked_temperature
from jaxscape.landscape import KineticNetwork, Landscape, as_network
from jaxscape.surface import Surface


def mass_weighted_eigenvalues(
    surface: Surface, x: Float[np.ndarray, "batch dim"], masses=None
) -> list[Float[np.ndarray, " n"]]:
    """Eigenvalues of mass-weighted Hessians, rising, zero modes of the symmetry left out.

    **Arguments:**

    - `x` `[batch, dim]`: stationary points.
    - `masses`: of every coordinate `[dim]`, of every atom `[dim / 3]`, or one number; 1 by
      default.

    **Returns:** one array for each point: linear molecules have one more than others.

    **Raises:** `ValueError` for masses that do not fit or are not positive.

    >>> surface = Surface(lambda x: x[0] ** 2 + 4 * x[1] ** 2, dim=2)
    >>> mass_weighted_eigenvalues(surface, np.zeros((1, 2)), masses=2.0)[0].round(12).tolist()
    [1.0, 4.0]
    """
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}: pass [batch, dim]")
    return mass_weighted_modes(surface, x, masses, vectors=False)[0]


def mass_weighted_modes(
    surface: Surface, x, masses, vectors: bool = True
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Eigenvalues of mass-weighted Hessians, and displacements `[n, dim]` (not weighted)."""
    root = np.sqrt(_masses(masses, x.shape[1]))
    hessian = jax.jit(lambda point: surface.hessian(point))
    values, displacements = [], []
    for point in jnp.asarray(x):  # in the precision that JAX has
        matrix = np.asarray(hessian(point), np.float64) / np.outer(root, root)
        modes = np.asarray(surface.symmetry.generators(point), np.float64) * root
        free = _complement(modes, len(root))
        matrix = free.T @ matrix @ free
        if not vectors:
            values.append(np.linalg.eigvalsh(matrix))
            continue
        found, directions = np.linalg.eigh(matrix)
        values.append(found)
        displacements.append((free @ directions).T / root)
    return values, displacements


def frequencies(landscape: Landscape, *, masses=None) -> Float[np.ndarray, "M n"]:
    """Angular frequencies of the minima, `omega = sqrt(eigenvalue / mass)`.

    **Arguments:** `masses`: as `mass_weighted_eigenvalues`.

    **Returns:** `[M, n]`. **Raises:** `ValueError` for a landscape without its surface, minima of
    different numbers of vibrations, or a point that is no minimum.

    ```python
    landscape = jaxscape.load("lj8.sqlite", jaxscape.systems.lennard_jones(8))
    omega = jaxscape.frequencies(landscape)  # [8, 18]
    ```
    """
    values = mass_weighted_eigenvalues(_surface(landscape), landscape.minima.x, masses)
    counts = {len(v) for v in values}
    if len(counts) > 1:
        raise ValueError(f"minima have {sorted(counts)} vibrations: an array needs one number")
    table = np.array(values).reshape(len(values), -1)
    if (wrong := np.flatnonzero(table.min(axis=1, initial=np.inf) <= 0)).size:
        raise ValueError(f"minimum {wrong[0]} has an eigenvalue of {table[wrong[0]].min()}")
    return np.sqrt(table)


def with_masses(landscape: Landscape, masses=None) -> KineticNetwork:
    """The network of a landscape with log products of mass-weighted Hessians.

    Landscapes keep those of unit masses. **Arguments:** `masses`: as `mass_weighted_eigenvalues`;
    default those of the surface's symmetry.

    **Raises:** `ValueError` for a landscape without its surface, or masses that do not fit.

    ```python
    network = jaxscape.with_masses(landscape, [39.95] * 8)
    jaxscape.rates(network, 1, 0, temperature=0.1)
    ```
    """
    surface, network = _surface(landscape), as_network(landscape)
    masses = getattr(surface.symmetry, "masses", None) if masses is None else masses
    if masses is None:
        raise ValueError(f"surface {surface.name!r} knows no masses: pass masses=")
    minima = mass_weighted_eigenvalues(surface, landscape.minima.x, masses)
    states = mass_weighted_eigenvalues(surface, landscape.transition_states.x, masses)
    return dataclasses.replace(
        network,
        log_product=np.array([np.log(v).sum() for v in minima]),
        ts_log_product=np.array([np.log(v[1:]).sum() for v in states]),
        modes=np.array([len(v) for v in minima], np.int64),
        ts_modes=np.array([len(v) - 1 for v in states], np.int64),
        ts_eigenvalue=np.array([v[0] for v in states]),
    )


def quantum_heat_capacity(
    network: Landscape | KineticNetwork,
    omega: Float[np.ndarray, "M n"],
    temperatures,
    *,
    hbar: float = 1.0,
) -> HeatCapacity:
    """Heat capacity of the superposition of quantum harmonic oscillators (Einstein's).

    **Arguments:**

    - `omega` `[M, n]`: angular frequencies of every minimum, such as from `frequencies`.
    - `temperatures`: values of `kT`. `hbar`: in the network's units of energy and time: for
      Lennard-Jones clusters `hbar / (sigma sqrt(m epsilon))`.

    **Returns:** as `heat_capacity`; energies include those of zero-point motion.

    >>> network = KineticNetwork([0.0], plus=[], minus=[], ts_energy=[])
    >>> quantum_heat_capacity(network, np.ones((1, 3)), [0.1, 10.0]).total.round(4).tolist()
    [0.0136, 2.9975]
    """
    network = as_network(network)
    omega = np.asarray(omega, np.float64)
    if omega.ndim != 2 or len(omega) != len(network) or not (omega > 0).all():
        raise ValueError(
            f"omega has shape {omega.shape}: give positive frequencies [{len(network)}, n]"
        )
    if not hbar > 0:
        raise ValueError(f"hbar is {hbar}: give a positive number")
    kt = np.array([checked_temperature(t) for t in np.atleast_1d(temperatures)])
    half = hbar * omega / (2.0 * kt[:, None, None])
    # log 2 sinh(x) = x + log(1 - exp(-2 x)), which never overflows.
    logs = -(network.energy - network.energy.min()) / kt[:, None] - np.log(network.order)
    logs = logs - np.sum(half + np.log(-np.expm1(-2.0 * half)), axis=2)
    share = np.exp(logs - np.logaddexp.reduce(logs, axis=1, keepdims=True))
    energy = network.energy + np.sum(kt[:, None, None] * half / np.tanh(half), axis=2)
    single = np.sum((2.0 * half) ** 2 * np.exp(-2.0 * half) / np.expm1(-2.0 * half) ** 2, axis=2)
    mean = np.sum(share * energy, axis=1)
    parts = share * ((energy - mean[:, None]) / kt[:, None]) ** 2
    vibrational, landscape = np.sum(share * single, axis=1), parts.sum(axis=1)
    return HeatCapacity(
        kt, vibrational + landscape, mean, vibrational, landscape, network.ids, parts
    )


def _surface(landscape: Landscape) -> Surface:
    if not isinstance(landscape, Landscape) or landscape.surface is None:
        raise ValueError(
            "frequencies come from a surface: load the landscape with jaxscape.load(path, surface)"
        )
    return landscape.surface


def _masses(masses, dim: int) -> np.ndarray:
    values = np.asarray(1.0 if masses is None else masses, np.float64)
    if values.ndim == 1 and 3 * len(values) == dim:
        values = np.repeat(values, 3)
    if values.shape not in ((), (dim,)):
        raise ValueError(f"masses have shape {values.shape}: give one, {dim // 3} or {dim}")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("masses have to be positive")
    return np.broadcast_to(values, (dim,))


def _complement(rows: np.ndarray, dim: int) -> np.ndarray:
    """Orthonormal columns orthogonal to the rows."""
    if not len(rows):
        return np.eye(dim)
    _, size, right = np.linalg.svd(rows, full_matrices=True)
    return right[int(np.sum(size > 1e-6 * size[0])) :].T
