"""Loops over time live in the simulation and its neurons; methods simulate nothing.

The one other loop goes through the places of a sequence, in a recurrent layer.
"""

from __future__ import annotations

import ast

import pytest
from package_imports import edges, modules

LOOPS = ("while_loop", "scan", "foldl", "foldr")
ALLOWED = (
    "tfsnn.simulation.",
    "tfsnn.network.neurons.scan",
    "tfsnn.network.nodes.recurrence",
)
# What plans may not know: the simulator, and the Keras model made of one.
SIMULATORS = ("tfsnn.simulation", "tfsnn.conversion.trial", "tfsnn.conversion.correct")


def loops(module: str) -> set[str]:
    """The loops of TensorFlow's that a module writes, as in ``tf.while_loop``."""
    return {
        node.attr
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.Attribute)
        and node.attr in LOOPS
        and isinstance(node.value, ast.Name)
        and node.value.id == "tf"
    }


def test_the_loop_over_time_is_found():
    assert loops("tfsnn.simulation.steps") == {"while_loop"}
    assert loops("tfsnn.network.neurons.scan")


@pytest.mark.parametrize("module", modules())
def test_loops_are_in_the_simulation_alone(module):
    if not module.startswith(ALLOWED):
        assert not loops(module), f"{module} loops by {loops(module)}"


def reached(module: str) -> set[str]:
    """All that a module imports, and what that imports."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for target in edges()[waiting.pop()] - found:
            found.add(target)
            waiting.append(target)
    return found


METHODS = [m for m in modules() if m.startswith("tfsnn.conversion.methods")]


@pytest.mark.parametrize("module", [*METHODS, "tfsnn.conversion.plan"])
def test_methods_import_no_simulator(module):
    simulators = {m for m in reached(module) if m.startswith(SIMULATORS)}
    assert not simulators, f"{module} reaches {sorted(simulators)}"
