"""One interactive page: the disconnectivity graph, paths and structures."""

from __future__ import annotations

import html as markup
import json
from importlib import resources
from pathlib import Path
from typing import Any

from jaxscape.analysis import DisconnectivityTree
from jaxscape.landscape import KineticNetwork, Landscape
from jaxscape.plot._page_data import page_data
from jaxscape.plot._source import as_source
from jaxscape.plot._style import plain_unit, quantity
from jaxscape.surface import Units

# In the order in which they need each other.
SCRIPTS = ("network.js", "graph.js", "profile.js", "structure.js", "main.js")


def html(
    landscape: Landscape | KineticNetwork | DisconnectivityTree,
    path: str | Path,
    *,
    title: str | None = None,
    structures: int | None = None,
    units: Units | str | None = None,
    energy_name: str = "Energy",
) -> Path:
    """Write one page with the disconnectivity graph to hover, zoom and click.

    It shows the lowest path between two chosen minima, and the structure of the chosen point:
    atoms to turn, or coordinates as bars. The page is one file that works in any browser, offline.

    **Arguments:**

    - `landscape`: a `Landscape`, a `KineticNetwork` (a network without points), or a
      `DisconnectivityTree`, whose paths go from branch to branch.
    - `path`: of the file; one that exists is replaced.
    - `title`: default: the name of the landscape.
    - `structures`: how many minima come with their coordinates, the lowest first, with all
      transition states; 0 for none. Default: as many points as fit in half a megabyte.
    - `units`: `"kJ/mol"` or another unit converts energies, above the lowest minimum; `Units` name
      those of a tree, or replace the landscape's own.
    - `energy_name`: what the axis measures.

    **Returns:** the path.

    **Raises:** `ValueError` if there are no minima, or `structures` is below zero; `OSError` if
    the file cannot be written.

    ```python
    landscape = jaxscape.load("lj8.sqlite")
    jaxscape.plot.html(landscape, "lj8.html")
    ```
    """
    if structures is not None and (isinstance(structures, bool) or structures < 0):
        raise ValueError(f"structures is {structures!r}; give their number, or None for what fits")
    source = as_source(landscape, units=units)
    network = None if isinstance(landscape, DisconnectivityTree) else landscape
    unit = plain_unit(source.units.energy)
    name = "Loss" if unit == "loss" and energy_name == "Energy" else energy_name
    data = page_data(source, network, structures) | {
        "energyLabel": name if unit == "loss" else quantity(name, unit),
        "energyUnit": "" if unit == "loss" else unit,
    }
    if title is None:
        title = (network.name if network is not None else "") or "Energy landscape"
    path = Path(path)
    path.write_text(_page(title, _summary(source.tree, data), data), "utf-8")
    return path


def _summary(tree: DisconnectivityTree, data: dict[str, Any]) -> str:
    minima, links, parts = len(tree), len(data["links"]["ids"]), len(tree.roots)
    text = f"{minima} {'minima' if minima != 1 else 'minimum'}, {links} "
    text += f"{'pairs' if links != 1 else 'pair'} joined by transition states"
    return f"{text}, {'connected' if parts == 1 else f'{parts} unconnected parts'}"


def _page(title: str, summary: str, data: dict[str, Any]) -> str:
    parts = {
        "title": markup.escape(title),
        "summary": markup.escape(summary),
        "style": read("page.css"),
        # The braces keep the page's names from the rest of the world.
        "script": "{\n" + "\n".join(map(read, SCRIPTS)) + "}",
        # A name may hold anything, "</script>" included.
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    return fill(read("page.html"), parts)


def fill(template: str, parts: dict[str, str]) -> str:
    """A page with its `{{names}}` filled in."""
    # Not one after the other: what was put in is not searched for further names.
    first, *rest = template.split("{{")
    return first + "".join(parts[key] + text for key, text in (r.split("}}", 1) for r in rest))


def read(name: str) -> str:
    """A file of the pages, as text."""
    return resources.files("jaxscape.plot").joinpath("page", name).read_text("utf-8")
