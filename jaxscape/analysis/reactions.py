"""Which molecules the minima of a network are, and which bonds its transition states change."""

from __future__ import annotations

import collections
import dataclasses

import networkx as nx
import numpy as np
from jaxtyping import Float, Int

from jaxscape.landscape import Landscape
from jaxscape.symmetry._bonds import bonds_of


@dataclasses.dataclass(frozen=True, eq=False)
class Reactions:
    """Transition states that change bonds, the lowest first; prints as a table.

    - `molecules` `[M]`: minima with the same bonds between the same kinds of atoms share a
      number, 0 for that of the lowest minimum.
    - `names`: of these molecules: formulas, `+` between parts that are not bonded. Isomers share
      theirs.
    - `ids`, `plus`, `minus` `[R]`: of the transition states, and the minima on their sides.
    - `broken`, `made`: bonds by kinds of atoms, such as `("C-H",)`, on the way from `plus` to
      `minus`.
    - `energy` `[R]`: above the lowest minimum, in `units`.
    """

    molecules: Int[np.ndarray, " M"]
    names: tuple[str, ...]
    ids: Int[np.ndarray, " R"]
    plus: Int[np.ndarray, " R"]
    minus: Int[np.ndarray, " R"]
    broken: tuple[tuple[str, ...], ...]
    made: tuple[tuple[str, ...], ...]
    energy: Float[np.ndarray, " R"]
    units: str

    def __len__(self) -> int:
        return len(self.ids)

    def __str__(self) -> str:
        lines = []
        for number, name in enumerate(self.names):
            minima = ", ".join(map(str, np.flatnonzero(self.molecules == number)[:8]))
            lines.append(f"molecule {number}, {name}: minima {minima}")
        unit = f" ({self.units})" if self.units else ""
        lines.append(f"{'ts':>4} {'from':>5} {'to':>5} {'energy' + unit:>18}  broken, made")
        for ts, plus, minus, energy, broken, made in zip(
            self.ids, self.plus, self.minus, self.energy, self.broken, self.made, strict=True
        ):
            texts = [" ".join(bonds) or "none" for bonds in (broken, made)]
            lines.append(f"{ts:4d} {plus:5d} {minus:5d} {energy:18.3f}  {', '.join(texts)}")
        return "\n".join(lines)


def reactions(landscape: Landscape, *, units: str | None = None, radii=None) -> Reactions:
    """What a network of atoms knows of reactions: its molecules, and the steps between them.

    Atoms nearer than 1.3 times the sum of their covalent radii are bonded. Steps in which like
    atoms change their partners and the same molecule comes out are not among them.

    **Arguments:**

    - `landscape`: of atoms in Angstrom whose symmetry names their elements and does not refuse
      other bonds, as `symmetry.Cluster(species=..., inversion=False)`.
    - `units`: of energies: eV, kcal/mol, kJ/mol, hartree, cm^-1 or K; default the landscape's.
    - `radii`: covalent radii in Angstrom of kinds without one, or others, `{"X": 1.2}`.

    **Returns:** `Reactions`.

    **Raises:** `ValueError` without kinds of atoms, without a radius for one of them, and for units
    that cannot be converted.

    >>> from jaxscape.surface import Surface, Units
    >>> from jaxscape.symmetry import Cluster
    >>> symmetry, units = Cluster(species="HCN", inversion=False), Units("eV", "Angstrom")
    >>> surface = Surface(lambda x: x[0], symmetry=symmetry, dim=9, units=units)
    >>> rows = np.array([[-1.07, 0.0, 1.15], [2.15, 0.0, 1.17], [0.6, 0.0, 1.2]])
    >>> x = np.stack([0 * rows, (0 * rows + [1.1, 0, 0]) * [0, 0, 1], rows], axis=2).reshape(3, 9)
    >>> x[2, 1] = 1.1
    >>> found = reactions(Landscape.from_points(
    ...     {"x": x[:2], "energy": [0.0, 0.6]},
    ...     {"x": x[2:], "energy": [2.0], "plus": [0], "minus": [1]}, surface=surface))
    >>> found.names, found.broken[0], found.made[0]
    (('CHN', 'CHN'), ('C-H',), ('H-N',))
    """
    symmetry = landscape.symmetry
    species = getattr(symmetry, "species", None)
    if species is None or getattr(symmetry, "cell", None) is not None:
        raise ValueError(
            f"{landscape.name!r} does not say which elements its atoms in free space are: give its "
            "surface symmetry.Cluster(species=...)"
        )
    factor = 1.0 if units is None else landscape.units.per(units)
    minima, states = landscape.minima, landscape.transition_states
    graphs = [_bond_graph(species, x, radii) for x in minima.x]
    molecules, kinds = _molecules(graphs, np.argsort(minima.energy, kind="stable"))
    tallies = [_tally(graph) for graph in kinds]
    order = np.argsort(states.energy, kind="stable")
    order = order[molecules[states.plus[order]] != molecules[states.minus[order]]]
    plus, minus = states.plus[order], states.minus[order]
    pairs = [
        (tallies[molecules[a]], tallies[molecules[b]]) for a, b in zip(plus, minus, strict=True)
    ]
    return Reactions(
        molecules,
        tuple(_name(graph) for graph in kinds),
        np.asarray(states.ids)[order],
        plus,
        minus,
        tuple(_listed(a - b) for a, b in pairs),
        tuple(_listed(b - a) for a, b in pairs),
        factor * (states.energy[order] - minima.energy.min(initial=np.inf)),
        units or landscape.units.energy,
    )


def _bond_graph(species, x, radii) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from((i, {"kind": str(kind)}) for i, kind in enumerate(species))
    graph.add_edges_from(bonds_of(species, np.reshape(x, (-1, 3)), radii))
    return graph


def _molecules(graphs, order) -> tuple[np.ndarray, list[nx.Graph]]:
    """The number of each graph, equal for isomorphic ones, and one of each."""
    alike = nx.algorithms.isomorphism.categorical_node_match("kind", "")
    hashes: dict[str, list[int]] = {}
    numbers, kinds = np.zeros(len(graphs), np.int64), []
    for i in order.tolist():
        group = hashes.setdefault(nx.weisfeiler_lehman_graph_hash(graphs[i], node_attr="kind"), [])
        for number in group:
            if nx.is_isomorphic(graphs[i], kinds[number], node_match=alike):
                numbers[i] = number
                break
        else:
            numbers[i] = len(kinds)
            group.append(len(kinds))
            kinds.append(graphs[i])
    return numbers, kinds


def _tally(graph) -> collections.Counter:
    """How many bonds there are between each two kinds."""
    kinds = graph.nodes(data="kind")
    return collections.Counter("-".join(sorted((kinds[i], kinds[j]))) for i, j in graph.edges)


def _listed(bonds: collections.Counter) -> tuple[str, ...]:
    return tuple(sorted(bonds.elements()))


def _name(graph) -> str:
    """Formulas of the parts in Hill's order, the largest first."""
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    return " + ".join(_formula([graph.nodes[i]["kind"] for i in sorted(part)]) for part in parts)


def _formula(kinds) -> str:
    counts = collections.Counter(kinds)
    first = [kind for kind in ("C", "H") if "C" in counts and kind in counts]
    rest = sorted(kind for kind in counts if kind not in first)
    return "".join(f"{k}{counts[k] if counts[k] > 1 else ''}" for k in [*first, *rest])
