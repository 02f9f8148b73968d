"""A landscape in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxscape.landscape.network import Landscape


def summarise(landscape: Landscape) -> str:
    """Several readable lines; the first counts points and components."""
    lines = [_counts(landscape), *_surface(landscape)]
    minima, states = landscape.minima, landscape.transition_states
    unit = f" {landscape.units.energy}" if landscape.units.energy else ""
    if len(minima):
        lowest = minima.lowest()
        lines.append(
            f"lowest              {minima.energy[lowest] + 0.0:.8g}{unit} (minimum {lowest})"
        )
        lines.append(f"minima              {_range(minima.energy)}{unit}")
    if len(states):
        lines.append(f"transition states   {_range(states.energy)}{unit}")
        degenerate = int(np.sum(landscape.degenerate))
        lines.append(f"degenerate          {degenerate} (both sides the same minimum)")
    gradients = np.concatenate([minima.rms_gradient, states.rms_gradient])
    if np.isfinite(gradients).any():
        per = f"{unit}/{landscape.units.length}" if landscape.units.length else ""
        lines.append(f"largest rms grad.   {np.nanmax(gradients):.2g}{per}")
    trusted = int(np.sum(~minima.certified) + np.sum(~states.certified))
    if trusted:
        lines.append(f"not certified       {_plural(trusted, 'point')} taken on trust")
    lines.append(
        f"work                {_plural(len(landscape.attempts), 'search', 'searches')}, "
        f"{_plural(landscape.evaluations, 'evaluation')}"
    )
    return "\n".join(lines)


def _counts(landscape: Landscape) -> str:
    bound = int(np.sum(landscape.minima.active > 0))
    inside = len(landscape.minima) - bound
    parts = [_plural(inside, "minimum", "minima")]
    if bound:
        parts[0] += f" (and {bound} on bounds)"
    parts.append(_plural(len(landscape.transition_states), "transition state"))
    components = len(landscape.components())
    if components:
        parts.append("connected" if components == 1 else f"{components} components")
    return ", ".join(parts)


def _surface(landscape: Landscape) -> list[str]:
    if landscape.dim is None:
        return [f"surface             {landscape.name}"] if landscape.name else []
    name = landscape.name or "unnamed"
    return [f"surface             {name}, {_plural(landscape.dim, 'coordinate')}"]


def _range(energies: np.ndarray) -> str:
    # What is nothing beside the largest is rounding: zero, not 3.2e-35.
    ends = np.array([energies.min(), energies.max()])
    ends[np.abs(ends) <= 1e-12 * np.abs(ends).max()] = 0.0  # and no -0
    return f"{ends[0]:.8g} to {ends[1]:.8g}"


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {many or one + 's'}"
