"""DISCOTRESS's files: `edge_conns.dat`, `edge_weights.dat`, `stat_prob.dat`, and groups of nodes.

A line of `edge_conns.dat` has two nodes (from 1), the same line of `edge_weights.dat` the
logarithms of the rates there and back, and `stat_prob.dat` the logarithm of each node's
stationary probability. `nodes.A` and `nodes.B` list nodes (from 1), `communities.dat` has the
community of each node (from 0).

Source: D. J. Sharpe, DISCOTRESS, https://github.com/danieljsharpe/DISCOTRESS (documentation.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from jaxscape.io._contents import Network, contents_of, log_products, rows_of
from jaxscape.io._errors import FormatError
from jaxscape.io._tables import at_row, integers, lines_of, read_table
from jaxscape.io._targets import fresh_folder, write_file
from jaxscape.landscape import KineticNetwork
from jaxscape.search.arguments import positive_number
from jaxscape.surface import Surface

_NETWORK = ("edge_conns.dat", "edge_weights.dat", "stat_prob.dat")
_FILES = (*_NETWORK, "nodes.A", "nodes.B", "communities.dat")
_BALANCE = 1e-6  # largest difference of the log fluxes there and back


class Rates(NamedTuple):
    """A Markov chain in continuous time: what the files hold.

    `ends` `[E, 2]`: nodes (from 0) of each edge; `log_rates` `[E, 2]`: logarithms of the rates
    from the first to the second, and back; `log_probability` `[N]`: of the stationary state.
    """

    ends: Int[np.ndarray, "edges 2"]
    log_rates: Float[np.ndarray, "edges 2"]
    log_probability: Float[np.ndarray, " nodes"]


def read(folder, surface: Surface | None = None, *, temperature: float = 1.0) -> KineticNetwork:
    """The network whose harmonic rates at a temperature are those of the files.

    **Arguments:**

    - `folder`: with `edge_conns.dat`, `edge_weights.dat` and `stat_prob.dat`.
    - `surface`: not used; every reader takes one.
    - `temperature`: in units of energy. Energies are `-T ln(probability)`, the free energies of
      the nodes, and those of transition states follow from the rates; log products are 0 and
      orders 1.

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there, also
    where rates and probabilities do not balance in detail: then no energies stand behind them,
    and `read_rates` has the numbers as they are. `ValueError` for a temperature that is not
    positive.

    >>> import tempfile
    >>> network = KineticNetwork(
    ...     [0.0, 0.5], [0], [1], [1.0], log_product=[0.0, 0.0], ts_log_product=[0.0]
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(network, folder, temperature=0.1)
    ...     difference = np.diff(read(folder, temperature=0.1).energy)
    >>> round(float(difference[0]), 12)
    0.5
    """
    del surface
    temperature = positive_number("temperature", temperature)
    rates = read_rates(folder)
    fluxes = rates.log_rates + rates.log_probability[rates.ends]
    wrong = np.flatnonzero(~(np.abs(fluxes[:, 0] - fluxes[:, 1]) <= _BALANCE))
    if len(wrong):
        row = int(wrong[0])
        raise at_row(
            Path(folder) / "edge_weights.dat", row,
            "rates that balance the probabilities of stat_prob.dat (else use read_rates)",
            f"{fluxes[row, 0]:.9g} there and {fluxes[row, 1]:.9g} back, as logarithms",
        )  # fmt: skip
    # The mean of both directions halves the rounding.
    ts_energy = -temperature * (fluxes.mean(axis=1) + np.log(2 * np.pi))
    size = len(rates.log_probability)
    return KineticNetwork(
        -temperature * rates.log_probability,
        rates.ends[:, 0],
        rates.ends[:, 1],
        ts_energy,
        log_product=np.zeros(size),
        ts_log_product=np.zeros(len(ts_energy)),
    )


def read_rates(folder) -> Rates:
    """Rates and probabilities as they are in the files, balanced or not.

    **Raises:** `FormatError` (a `ValueError`) with file, line and what was expected there.
    """
    folder = Path(folder).expanduser()
    path = folder / "stat_prob.dat"
    log_probability = read_table(path, ["logarithm of a probability"])[:, 0]
    total = np.exp(log_probability).sum()
    if not abs(total - 1.0) < 1e-6:
        raise FormatError(path, None, "probabilities (as logarithms) that add up to 1", str(total))
    path = folder / "edge_conns.dat"
    size = len(log_probability)
    ends = read_nodes(path, size, columns=2)
    table = read_table(folder / "edge_weights.dat", ["two log rates"] * 2, empty=True)
    if len(table) != len(ends):
        expected = f"{len(ends)} lines, as many as edge_conns.dat has"
        raise FormatError(folder / "edge_weights.dat", None, expected, str(len(table)))
    return Rates(ends, table, log_probability)


def write(
    network: Network,
    folder,
    *,
    temperature: float | None = None,
    a: Any = None,
    b: Any = None,
    communities: Any = None,
    overwrite: bool = False,
) -> None:
    """Write the harmonic rates of a network at a temperature.

    **Arguments:**

    - `network`: with log products and orders.
    - `temperature`: in units of energy (Boltzmann's constant is 1).
    - `a`, `b`: ids of minima, for `nodes.A` and `nodes.B`.
    - `communities` `[M]`: whole numbers from 0, for `communities.dat`.
    - `overwrite`: replace files of the same names.

    Rates of several transition states between two minima are added to one edge; degenerate
    rearrangements lead nowhere and are left out. The unit of time is that of the frequencies,
    whose squares the log products are made of.

    **Raises:** `ValueError` without a positive temperature, with unknown log products, or if
    the files are there already.
    """
    if temperature is None:
        raise ValueError("DISCOTRESS keeps rates, so pass temperature=, in units of energy")
    temperature = positive_number("temperature", temperature)
    rates = _harmonic(network, temperature)
    size = len(rates.log_probability)
    numbers = None if communities is None else np.asarray(communities)
    if numbers is not None and (numbers.shape != (size,) or numbers.dtype.kind not in "iu"):
        raise ValueError(f"communities has shape {numbers.shape}: give {size} whole numbers")
    nodes = {"nodes.A": a, "nodes.B": b}
    rows = {name: rows_of(network, ids) for name, ids in nodes.items() if ids is not None}
    folder = fresh_folder(folder, _FILES, overwrite)
    write_file(folder / "edge_conns.dat", lines_of((rates.ends + 1).tolist()))
    write_file(folder / "edge_weights.dat", lines_of(rates.log_rates.tolist()))
    write_file(folder / "stat_prob.dat", lines_of(rates.log_probability[:, None].tolist()))
    for name, members in rows.items():
        write_file(folder / name, lines_of((members[:, None] + 1).tolist()))
    if numbers is not None:
        write_file(folder / "communities.dat", lines_of(numbers[:, None].tolist()))


def read_nodes(path, nodes: int | None = None, columns: int = 1) -> np.ndarray:
    """Nodes (from 0) in `nodes.A`, `nodes.B` `[n]` or `edge_conns.dat` `[E, 2]`.

    **Raises:** `FormatError` for anything but nodes that exist.
    """
    path = Path(path)
    table = read_table(path, ["numbers of nodes"] * columns, empty=True)
    found = [integers(path, table, i, "the number of a node", least=1) for i in range(columns)]
    ids = np.stack(found, axis=1)
    wrong = np.flatnonzero((ids > (nodes or np.inf)).any(axis=1))
    if len(wrong):
        row = int(wrong[0])
        expected = f"nodes from 1 to {nodes}, as many as stat_prob.dat has"
        raise at_row(path, row, expected, " ".join(map(str, ids[row])))
    return (ids if columns > 1 else ids[:, 0]) - 1


def read_communities(path, nodes: int | None = None) -> Int[np.ndarray, " nodes"]:
    """The community (from 0) of each node in `communities.dat`.

    **Raises:** `FormatError` if there are not as many as nodes.
    """
    path = Path(path)
    table = read_table(path, ["number of a community"])
    if nodes is not None and len(table) != nodes:
        raise FormatError(path, None, f"{nodes} lines, one a node", str(len(table)))
    return integers(path, table, 0, "the number of a community")


def _harmonic(network: Network, temperature: float) -> Rates:
    """Rates of harmonic transition-state theory, as logarithms throughout."""
    contents = contents_of(network)
    minima, states = contents.minima, contents.states
    log_product, ts_log_product = log_products(contents, "DISCOTRESS")
    moving = states["plus"] != states["minus"]
    # Each pair once, the lower row first.
    pairs = np.sort(np.stack([states["plus"], states["minus"]], axis=1)[moving], axis=1)
    ends, edge = np.unique(pairs, axis=0, return_inverse=True)
    ln_order, ts_ln_order = np.log(minima["order"]), np.log(states["order"][moving])
    log_rates = np.full((len(ends), 2), -np.inf)
    for side in (0, 1):
        row = pairs[:, side]
        one = (
            ln_order[row]
            - ts_ln_order
            + (log_product[row] - ts_log_product[moving]) / 2
            - np.log(2 * np.pi)
            - (states["energy"][moving] - minima["energy"][row]) / temperature
        )
        np.logaddexp.at(log_rates[:, side], edge.reshape(-1), one)
    weight = -minima["energy"] / temperature - log_product / 2 - ln_order
    return Rates(ends, log_rates, weight - np.logaddexp.reduce(weight))
