"""The imports of the packages, read from their source with ``ast``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from repository import ROOT

FOLDERS = {
    "tfsnn": ROOT / "tfsnn",
    "tfsnn_cli": ROOT / "cli",
    "tfsnn_numpy": ROOT / "tfsnn_numpy",
    "tfsnn_stablehlo": ROOT / "tfsnn_stablehlo",
}


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module of the packages, by dotted name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join([package, *parts]).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def packages() -> frozenset[str]:
    """The dotted names of the folders."""
    return frozenset(
        ".".join([package, *path.parent.relative_to(folder).parts])
        for package, folder in FOLDERS.items()
        for path in folder.rglob("__init__.py")
    )


def imported(module: str) -> Iterator[str]:
    """Yield what a module imports, wherever in it, as ``module`` or ``module.name``."""
    here = module.split(".") if module in packages() else module.split(".")[:-1]
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def edges() -> Mapping[str, frozenset[str]]:
    """For each module the modules of these packages that it imports."""
    found = {}
    for module in modules():
        targets = set()
        for name in imported(module):
            parent = name.rpartition(".")[0]
            targets |= {name} if name in modules() else {parent} & modules().keys()
        found[module] = frozenset(targets - {module})
    return found
