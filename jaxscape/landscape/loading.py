"""Reading a landscape from its file."""

from collections.abc import Callable

from jaxscape.landscape.network import Landscape
from jaxscape.landscape.store import read_store
from jaxscape.surface import Surface


def load(path, surface: Surface | Callable | None = None) -> Landscape:
    """Read a landscape from a file; it is not attached to it.

    **Arguments:**

    - `path`: a file written by `Landscape.save` or as the store of an exploration.
    - `surface`: its surface, needed to add points; analysis and pictures do without.

    **Raises:** `StoreError` (a `ValueError`) if the file is no landscape, is damaged, or
    belongs to another surface.
    """
    landscape = Landscape(surface)
    header = None if surface is None else landscape._contents.header
    landscape._take_over(read_store(path, header))
    landscape._check_energy(path)
    return landscape
