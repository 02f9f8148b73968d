"""Do the numbers in a file belong to its points? They are computed once more."""

from __future__ import annotations

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from jaxscape.landscape import Landscape
from jaxscape.search.certify import DENSE_LIMIT, certify
from jaxscape.surface import Surface, lane_value_and_grad

_KINDS = ("minimum", "transition state")
_NAMES = ("energy", "log_product", "gradient", "index")
_CHUNK = 256  # points whose gradients are computed at once


@dataclasses.dataclass(frozen=True)
class Differences:
    """What a surface says of the points of one kind, as differences from what was read.

    `energy` `[N]` and `log_product` `[N]`: computed minus read; `rms_gradient` `[N]` and `index`
    `[N]`: computed (NaN and -1 above 768 coordinates, where Hessians are not dense). `wrong` `[N]`
    are the points with a difference above its tolerance; where a number was unknown, nothing
    differs.
    """

    energy: Float[np.ndarray, " points"]
    log_product: Float[np.ndarray, " points"]
    rms_gradient: Float[np.ndarray, " points"]
    index: Int[np.ndarray, " points"]
    wrong: Bool[np.ndarray, " points"]
    reasons: list[str]


@dataclasses.dataclass(frozen=True)
class Verification:
    """What `verify` found: `minima` and `transition_states`, each `Differences`.

    `ok` is True where nothing differs; as a text it names the first points that do.
    """

    minima: Differences
    transition_states: Differences

    @property
    def ok(self) -> bool:
        """Whether every point agrees with its surface."""
        return not (self.minima.wrong.any() or self.transition_states.wrong.any())

    def __str__(self) -> str:
        parts = self.minima, self.transition_states
        if self.ok:
            return f"{sum(len(part.wrong) for part in parts)} points agree with the surface"
        reasons = [reason for part in parts for reason in part.reasons]
        shown = reasons[:5]
        if len(reasons) > 5:
            shown.append(f"and {len(reasons) - 5} more")
        total = sum(len(part.wrong) for part in parts)
        return f"{len(reasons)} of {total} points differ from the surface:\n" + "\n".join(shown)


def verify(
    landscape: Landscape,
    *,
    energy: float | None = None,
    log_product: float | None = None,
    gradient: float | None = None,
) -> Verification:
    """Compute energies, gradients, log products and indices of all points once more.

    **Arguments:**

    - `landscape`: with its surface, such as `js.io.read(path, surface=surface)`.
    - `energy`: largest difference, relative to `max(1, |E|)`; 1e-8 in float64, 1e-5 in float32.
    - `log_product`: largest difference; 1e-6 in float64, 1e-2 in float32.
    - `gradient`: largest root mean square, in energy per length; 1e-5 in float64, 1e-2 in
      float32.

    The numbers are those of the points as they stand: nothing is polished. Whether double
    precision is used is for `jax_enable_x64` to say.

    **Raises:** `ValueError` if the landscape has no surface.

    >>> points = {"x": [[0.0], [1.0]], "energy": [0.0, 2.0]}
    >>> surface = Surface(lambda x: jnp.sum(x**2), dim=1)
    >>> print(verify(Landscape.from_points(points, surface=surface)))
    1 of 2 points differ from the surface:
    minimum 1: energy 2.0 was read, 1.0 computed; root mean square gradient 2
    """
    if not isinstance(landscape, Landscape) or landscape.surface is None:
        raise ValueError("only a landscape with its surface can be verified: read it with surface=")
    double = jnp.zeros(0, float).dtype == jnp.float64
    limits = {
        "energy": (1e-8 if double else 1e-5) if energy is None else energy,
        "log_product": (1e-6 if double else 1e-2) if log_product is None else log_product,
        "gradient": (1e-5 if double else 1e-2) if gradient is None else gradient,
    }
    views = landscape.minima, landscape.transition_states
    return Verification(*(_differences(landscape, i, view, limits) for i, view in enumerate(views)))


def verified(landscape: Landscape) -> Landscape:
    """A landscape with what was unknown filled in, after a warning where known numbers differ.

    What was read stays as it is, and no point becomes certified.

    **Raises:** `ValueError` if the landscape has no surface or no coordinates.
    """
    report = verify(landscape)
    if not report.ok:
        warnings.warn(f"{landscape.name}: {report}", UserWarning, stacklevel=3)
    tables = []
    for view, part in (
        (landscape.minima, report.minima),
        (landscape.transition_states, report.transition_states),
    ):
        known = view.log_product
        filled = np.where(np.isnan(known), part.log_product, known)
        tables.append(view.columns() | {"rms_gradient": part.rms_gradient, "log_product": filled})
    filled = Landscape.from_points(*tables, surface=landscape.surface)
    filled.attempts.extend(landscape.attempts.rows())
    return filled


def _differences(landscape: Landscape, kind: int, view, limits) -> Differences:
    assert landscape.surface is not None
    values = _computed(landscape.surface, view.x)
    found_energy, found_log, found_gradient, index = values
    unknown = np.isnan(view.log_product)
    # Where nothing was read, the number itself stands in the place of the difference.
    log_product = np.where(unknown, found_log, found_log - np.where(unknown, 0.0, view.log_product))
    energy = found_energy - view.energy
    # Written so that NaN fails, too.
    fails = {
        "energy": ~(np.abs(energy) <= limits["energy"] * np.maximum(1.0, np.abs(view.energy))),
        "log_product": ~unknown
        & (np.abs(log_product) > limits["log_product"])
        & ~np.isnan(found_log),
        "gradient": ~(found_gradient <= limits["gradient"]),
        "index": (index >= 0) & (index != kind),
    }
    wrong = np.any(list(fails.values()), axis=0)
    reasons = []
    for row in np.flatnonzero(wrong).tolist():
        read = view.energy[row], view.log_product[row]
        texts = {
            "energy": f"energy {read[0]} was read, {found_energy[row]} computed",
            "log_product": f"log product {read[1]} was read, {found_log[row]} computed",
            "gradient": f"root mean square gradient {found_gradient[row]:.3g}",
            "index": f"{index[row]} negative eigenvalues",
        }
        told = "; ".join(texts[name] for name in _NAMES if fails[name][row])
        reasons.append(f"{_KINDS[kind]} {row}: {told}")
    return Differences(energy, log_product, found_gradient, index, wrong, reasons)


def _computed(surface: Surface, x: np.ndarray):
    """Energies, log products, RMS gradients and indices at points as they are."""
    if not len(x):
        return np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    x = np.asarray(jnp.asarray(x, float))
    if x.shape[1] <= DENSE_LIMIT:
        # One Newton iteration only evaluates: no step is taken.
        found = certify(surface, x, tolerance=1e-8, newton=1)
        parts = found.energy, found.log_product, found.rms_gradient, found.index
        return tuple(np.asarray(part) for part in parts)
    evaluate = jax.jit(lambda points: lane_value_and_grad(surface, points))
    energies, gradients = [], []
    for start in range(0, len(x), _CHUNK):
        energy, gradient = evaluate(jnp.asarray(x[start : start + _CHUNK].T))
        energies.append(np.asarray(energy))
        gradients.append(np.sqrt(np.mean(np.asarray(gradient) ** 2, axis=0)))
    unknown = np.full(len(x), np.nan)
    return np.concatenate(energies), unknown, np.concatenate(gradients), np.full(len(x), -1)
