"""The network as numbers alone: what kinetics and thermodynamics need, with or without points."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from jaxtyping import Float, Int

from jaxscape.surface import Units

if TYPE_CHECKING:
    from jaxscape.landscape.network import Landscape


@dataclasses.dataclass(frozen=True, eq=False)
class KineticNetwork:
    """Energies, frequencies and symmetries of minima and of the transition states between them.

    **Arguments:**

    - `energy` `[M]`: energies of the minima.
    - `plus`, `minus` `[T]`: rows of the two minima of each transition state; equal for a
      degenerate rearrangement.
    - `ts_energy` `[T]`: energies of the transition states.
    - `log_product` `[M]`, `ts_log_product` `[T]`: sums of the logarithms of the positive
      eigenvalues of the (mass-weighted) Hessian; None where unknown.
    - `order` `[M]`, `ts_order` `[T]`: point-group orders; 1 by default.
    - `modes` `[M]`, `ts_modes` `[T]`: numbers of these positive eigenvalues: one less for a
      transition state than for its minima. None where unknown.
    - `ids` `[M]`, `ts_ids` `[T]`: what the points are called elsewhere; rows by default.
    - `ts_eigenvalue` `[T]`: the negative eigenvalues, which friction needs; None where unknown.
    - `units`: for tables and plots.

    **Raises:** `ValueError` for lengths that differ, rows that do not exist, numbers that are
    not finite, orders below one.

    >>> network = KineticNetwork([0.0, 0.1], plus=[0], minus=[1], ts_energy=[1.0])
    >>> network
    <KineticNetwork: 2 minima, 1 transition state>
    """

    energy: Float[np.ndarray, " minima"]
    plus: Int[np.ndarray, " states"]
    minus: Int[np.ndarray, " states"]
    ts_energy: Float[np.ndarray, " states"]
    log_product: Float[np.ndarray, " minima"] | None = None
    ts_log_product: Float[np.ndarray, " states"] | None = None
    order: Int[np.ndarray, " minima"] = cast(Any, None)
    ts_order: Int[np.ndarray, " states"] = cast(Any, None)
    modes: Int[np.ndarray, " minima"] | None = None
    ts_modes: Int[np.ndarray, " states"] | None = None
    ids: Int[np.ndarray, " minima"] = cast(Any, None)
    ts_ids: Int[np.ndarray, " states"] = cast(Any, None)
    ts_eigenvalue: Float[np.ndarray, " states"] | None = None
    units: Units = dataclasses.field(default_factory=Units)
    name: str = ""

    def __post_init__(self):
        energy, ts_energy = np.asarray(self.energy, np.float64), np.asarray(self.ts_energy)
        for names, size in ((_OF_MINIMA, energy.size), (_OF_STATES, ts_energy.size)):
            for name, kind in names.items():
                value = getattr(self, name)
                if value is None and name.endswith("order"):
                    value = np.ones(size, np.int64)
                elif value is None and name.endswith("ids"):
                    value = np.arange(size)
                if value is not None:
                    value = _column(name, value, kind, size)
                object.__setattr__(self, name, value)
        for name in ("plus", "minus"):
            rows = getattr(self, name)
            wrong = np.flatnonzero((rows < 0) | (rows >= energy.size))
            if len(wrong):
                raise ValueError(
                    f"{name}[{wrong[0]}] is {rows[wrong[0]]}: rows of the {energy.size} minima "
                    f"count from 0 to {energy.size - 1}"
                )
        for name in ("order", "ts_order"):
            if len(wrong := np.flatnonzero(getattr(self, name) < 1)):
                raise ValueError(
                    f"{name}[{wrong[0]}] is {getattr(self, name)[wrong[0]]}: the order of a "
                    "point group is at least 1"
                )

    def __len__(self) -> int:
        return len(self.energy)

    def __repr__(self) -> str:
        states = len(self.ts_energy)
        text = f"{len(self)} minima, {states} transition state{'s' * (states != 1)}"
        return f"<KineticNetwork{' ' + repr(self.name) if self.name else ''}: {text}>"

    def rows(self, ids) -> np.ndarray:
        """Rows of the minima with these ids: one id, or any number of them.

        **Raises:** `ValueError` for an id that does not exist.
        """
        wanted = np.atleast_1d(np.asarray(ids))
        if wanted.size and not np.issubdtype(wanted.dtype, np.integer):
            raise ValueError(f"ids of minima are integers, not {wanted.dtype}: {wanted[:5]}")
        order = np.argsort(self.ids, kind="stable")
        place = np.searchsorted(self.ids, wanted, sorter=order)
        rows = order[np.minimum(place, len(order) - 1)] if len(order) else np.zeros(0, np.int64)
        bad = np.ones(len(wanted), bool) if not len(order) else self.ids[rows] != wanted
        if bad.any():
            raise ValueError(f"there is no minimum {wanted[bad][0]} among {len(self)} minima")
        return rows

    @classmethod
    def from_landscape(cls, landscape: Landscape) -> KineticNetwork:
        """The numbers of a landscape; ids stay, and are the rows, too."""
        minima, states = landscape.minima, landscape.transition_states
        counts: dict[str, Any] = dict(modes=None, ts_modes=None)
        if landscape.symmetry is not None and landscape.dim:
            counts = dict(modes=_modes(landscape, minima), ts_modes=_modes(landscape, states))
        return cls(
            energy=minima.energy,
            plus=states.plus,
            minus=states.minus,
            ts_energy=states.energy,
            log_product=_known(minima.log_product),
            ts_log_product=_known(states.log_product),
            ts_eigenvalue=_known(states.lowest_eigenvalue),
            order=minima.order,
            ts_order=states.order,
            units=landscape.units,
            name=landscape.name,
            **counts,
        )


def as_network(landscape: Landscape | KineticNetwork) -> KineticNetwork:
    """The network of a landscape, or the network itself."""
    if isinstance(landscape, KineticNetwork):
        return landscape
    return landscape.cached("kinetic", lambda: KineticNetwork.from_landscape(landscape))


_OF_MINIMA = {"energy": float, "log_product": float, "order": int, "modes": int, "ids": int}
_OF_STATES = {
    "plus": int,
    "minus": int,
    "ts_energy": float,
    "ts_log_product": float,
    "ts_order": int,
    "ts_modes": int,
    "ts_ids": int,
    "ts_eigenvalue": float,
}


def _column(name: str, value, kind: type, size: int) -> np.ndarray:
    array = np.array(value)
    if array.shape != (size,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({size},)")
    if kind is int and array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} holds {array.dtype}, expected integers")
    array = array.astype(np.int64 if kind is int else np.float64)
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(f"{name}[{row}] is {array[row]}: every number has to be finite")
    array.flags.writeable = False
    return array


def _known(column: np.ndarray) -> np.ndarray | None:
    """None where points were taken on trust, without their eigenvalues."""
    return column if np.isfinite(column).all() else None


def _modes(landscape: Landscape, view) -> np.ndarray:
    assert landscape.symmetry is not None
    zero = np.array([_zero_modes(landscape.symmetry, x) for x in view.x], np.int64)
    return landscape.dim - view.active - zero - view.index


def _zero_modes(symmetry, x: np.ndarray) -> int:
    rows = np.asarray(symmetry.generators(x))
    if not len(rows):
        return 0
    size = np.linalg.svd(rows, compute_uv=False)
    return int(np.sum(size > 1e-6 * size[0]))
