"""Imports only go down, and optional packages are imported where they are used."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jaxscape"

# Lowest first; modules of one row know nothing of each other.
ROWS = (
    ("_compilation", "_linear_algebra", "_machine", "units"),
    ("potentials", "models", "symmetry", "losses"),
    ("surface",),
    ("_probes",),
    ("check",),
    ("systems", "adapters"),
    ("search",),
    ("landscape",),
    ("io",),
    ("analysis",),
    ("explore",),
    ("data_set_landscape",),
    ("data_roughness",),
    ("plot",),
    ("cli",),
    ("__main__",),
    ("__init__",),
)
HEIGHT = {name: height for height, row in enumerate(ROWS) for name in row}
# These use the package as anybody would, through `import jaxscape`.
PUBLIC_USERS = {"cli", "__main__", "__init__"}
OPTIONAL = {
    *("flax", "rdkit", "ase", "tblite", "openmm", "pyscf", "jax_md", "torch", "sklearn", "IPython"),
    "matfree",
}


def part_of(path: Path) -> str:
    """The part of the package that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(tree: ast.AST, path: Path):
    """All (module, names, line) that a file imports, relative imports resolved."""
    package = ("jaxscape", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, (), node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, tuple(alias.name for alias in node.names), node.lineno


def at_import_time(tree: ast.AST):
    """The tree without what runs later: bodies of functions, and `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not later and not typing:
            yield node
            yield from at_import_time(node)


def violations(path: Path, source: str) -> list[str]:
    """What a file at `path` may not import, in words."""
    part, tree, found = part_of(path), ast.parse(source), []
    if part not in HEIGHT:
        return [f"{path.name}: {part!r} is not in the list of layers"]
    for module, names, line in imported(tree, path):
        if module.split(".")[0] != "jaxscape":
            continue
        if module == "jaxscape":
            parts = [name if name in HEIGHT else "__init__" for name in names] or ["__init__"]
        else:
            parts = [module.split(".")[1]]
        for other in parts:
            if other == part or (other == "__init__" and part in PUBLIC_USERS):
                continue
            if HEIGHT.get(other, len(ROWS)) >= HEIGHT[part]:
                found.append(f"{path.name}:{line}: {part} imports {other}")
    for node in at_import_time(tree):
        for module, _, line in imported(node, path) if _is_import(node) else ():
            if module.split(".")[0] in OPTIONAL:
                found.append(f"{path.name}:{line}: optional {module} at the top")
    return found


def _is_import(node) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def test_imports_only_go_down():
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 20
    found = [line for path in files for line in violations(path, path.read_text("utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("surface.py", "from jaxscape.search.status import Status"),
        ("potentials/pair.py", "import jaxscape.surface"),
        ("potentials/pair.py", "from jaxscape.symmetry import Cluster"),
        ("models/mlp.py", "from jaxscape import potentials"),
        ("search/lanes.py", "from jaxscape import minimise"),
        ("search/lanes.py", "from ..landscape import Landscape"),
        ("search/lanes.py", "def late():\n    from jaxscape.explore import explore"),
        ("plot/network.py", "from jaxscape import cli"),
        ("models/mlp.py", "import flax.linen as nn"),
        ("adapters/ase.py", "try:\n    from ase import Atoms\nexcept ImportError:\n    pass"),
        ("novelty.py", "import numpy"),
    ],
)
def test_a_violation_is_caught(file, source):
    assert violations(PACKAGE / file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("search/lanes.py", "from jaxscape.surface import Surface\nfrom .status import Status"),
        ("search/lanes.py", "import tqdm"),
        ("systems.py", "from jaxscape import potentials"),
        ("cli.py", "import jaxscape\nfrom jaxscape import explore, plot, systems"),
        ("adapters/ase.py", "def surface(atoms):\n    from ase import Atoms"),
        ("models/mlp.py", "if TYPE_CHECKING:\n    import flax"),
    ],
)
def test_what_goes_down_is_let_through(file, source):
    assert not violations(PACKAGE / file, source)
