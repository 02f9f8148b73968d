"""What all pictures share: axes, labels and colours, without touching matplotlib's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart with any colour vision (https://jfly.uni-koeln.de/color/).
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
INK = "#222222"
# Rises evenly in lightness, for any colour vision and in grey.
SEQUENTIAL = "viridis"

SYMBOLS = {
    "epsilon": "ε",
    "sigma": "σ",
    "r0": "$r_0$",
    "q^2/R": "$q^2/R$",
}


def axes_for(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """`ax` itself, or the axes of a new figure of `size` (inches)."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def quantity(name: str, unit: str) -> str:
    """The label of an axis: `Energy / ε`, or the name alone where there is no unit."""
    return f"{name} / {SYMBOLS.get(unit, unit)}" if unit else name


def energy_label(unit: str, name: str = "Energy") -> str:
    """`Energy / ε`; the loss of a model is called by its name.

    >>> energy_label("epsilon"), energy_label(""), energy_label("loss")
    ('Energy / ε', 'Energy', 'Loss')
    """
    if unit == "loss":
        return "Loss" if name == "Energy" else name
    return quantity(name, unit)


def bare(ax: Axes) -> None:
    """Keep the energy axis only: the other direction of the picture measures nothing."""
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_xticks([])
