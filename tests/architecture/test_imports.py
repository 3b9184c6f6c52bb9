"""No import runs up: the rooms in order, and no circle between or inside them."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest
from package_imports import edges, imported, modules, packages

# From the bottom up: a room imports only rooms before it.
ROOMS = (
    "tfsnn_numpy",
    "tfsnn_stablehlo",
    "tfsnn.errors",
    "tfsnn.extras",
    "tfsnn.files",
    "tfsnn.surrogates",
    "tfsnn.data",
    "tfsnn.network",
    "tfsnn.layers",
    "tfsnn.hardware",
    "tfsnn.sources",
    "tfsnn.simulation",
    "tfsnn.conversion",
    "tfsnn.training",
    "tfsnn.export",
    "tfsnn.serve",
    "tfsnn.analysis",
    "tfsnn.callbacks",
    "tfsnn",
    "tfsnn_cli",
)


def room(module: str) -> str:
    """The room that a module is in, the most exact of them."""
    return max((r for r in ROOMS if f"{module}.".startswith(f"{r}.")), key=len)


@pytest.mark.parametrize("module", modules())
def test_no_import_runs_up(module):
    mine = ROOMS.index(room(module))
    up = [t for t in edges()[module] if ROOMS.index(room(t)) > mine]
    assert not up, f"{module} ({room(module)}) imports {up}"


def test_every_folder_is_a_room():
    folders = {n for n in packages() if n.startswith("tfsnn.") and n.count(".") == 1}
    assert folders <= set(ROOMS)


def test_no_circle():
    graph = {module: set(targets) for module, targets in edges().items()}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_circle_between_the_folders_of_a_room():
    """A folder in a room stands above or below its neighbours, never both."""
    for parent in packages():
        level = parent.count(".") + 1

        def unit(module: str, level: int = level) -> str:
            return ".".join(module.split(".")[: level + 1])

        graph: dict[str, set[str]] = {}
        inside = {m for m in modules() if m.startswith(f"{parent}.")}
        for module in inside:
            graph.setdefault(unit(module), set()).update(
                unit(t) for t in edges()[module] if t in inside
            )
        for name, targets in graph.items():
            targets.discard(name)
        try:
            list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            pytest.fail(f"{parent}: " + " -> ".join(error.args[1]))


def test_the_runner_imports_neither_tfsnn_nor_tensorflow():
    for module in modules():
        if module.startswith(("tfsnn_stablehlo", "tfsnn_numpy")):
            heavy = {
                name
                for name in imported(module)
                if name.split(".")[0] in ("tfsnn", "tensorflow", "keras")
            }
            assert not heavy, f"{module} imports {heavy}"


def test_numpy_room_imports_nothing_above_it():
    for module in modules():
        if module.startswith("tfsnn_numpy"):
            assert not [t for t in edges()[module] if not t.startswith("tfsnn_numpy")]
