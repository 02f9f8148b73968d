"""Pictures in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jaxscape as js


def labels(landscape: js.Landscape) -> str | int:
    """As many ids as a picture has room for."""
    return "ids" if len(landscape.minima) <= 40 else 10


def use_files_only() -> None:
    """Let matplotlib open no window."""
    import matplotlib

    matplotlib.use("agg")


def save(ax: Any, *files: Path) -> None:
    """Write a picture to files, whose names say the format."""
    import matplotlib.pyplot as plt

    try:
        for file in files:
            # Without the date, the same landscape gives the same file.
            kept = {"metadata": {"Date": None}} if file.suffix == ".svg" else {}
            ax.figure.savefig(file, dpi=150, **kept)
    finally:
        plt.close(ax.figure)
