"""Methods stand below the simulator: what they import, and what that imports."""

import ast
import importlib.util
from pathlib import Path

import pytest

from tfsnn.conversion import methods
from tfsnn.conversion.convert import convert
from tfsnn.conversion.correct import correct
from tfsnn.conversion.methods.alphabet import alphabet_of
from tfsnn.conversion.plan import Plan
from tfsnn.conversion.trial import Probe
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.simulate import simulate
from tfsnn.simulation.steps import Run

ABOVE = {
    thing.__module__ for thing in (simulate, Run, Probe, correct, SpikingModel, convert)
}
OURS = [
    f"{methods.__name__}.{path.stem}"
    for path in Path(methods.__file__).parent.glob("*.py")
    if path.stem != "__init__"
]
OURS += [methods.__name__, Plan.__module__, alphabet_of.__module__]


def imported(module):
    """The modules of the package that one imports, at its top or within functions."""
    path = importlib.util.find_spec(module).origin
    for node in ast.walk(ast.parse(Path(path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by dots"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else node.module


def is_module(name):
    if name.split(".")[0] != "tfsnn":
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the name of a thing in a module
        return False


def reached(module):
    """All modules of the package that are imported because one is."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        for other in imported(name):
            if other.split(".")[0] == "tfsnn" and other not in found | {"tfsnn"}:
                found.add(other)
                todo.append(other)
    return found


@pytest.mark.parametrize("module", OURS)
def test_methods_reach_no_simulator(module):
    found = reached(module)
    assert not found & ABOVE
    assert module != f"{methods.__name__}.adafire" or Plan.__module__ in found


@pytest.mark.parametrize("module", OURS)
def test_methods_import_no_keras(module):
    direct = {name.split(".")[0] for name in imported(module)}
    assert "keras" not in direct
    # The error function is the one thing of TensorFlow that they compute with.
    assert "tensorflow" not in direct or module.endswith(".thresholds")


def test_what_is_looked_for_is_found():
    assert simulate.__module__ in reached(Probe.__module__)
    assert ABOVE & reached(convert.__module__) >= ABOVE - {convert.__module__}
