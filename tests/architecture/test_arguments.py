"""Functions take at most six arguments: what goes together is given as one object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from package_imports import modules

MOST = 6
# Those that take more, and why.
MORE = {
    "tfsnn.analysis.evaluate.evaluate": "optional keywords of one measurement",
    "tfsnn.analysis.early_exit.calibrate_exit": "optional keywords, as of evaluate",
    "tfsnn.analysis.page.report_page": "optional keywords, those of evaluate and more",
    "tfsnn.data.opening.open_data": "makes the object that groups them",
    "tfsnn.data.opening.open_for": "those of open_data",
    "tfsnn.export.nir.writing.export_nir": "choices of one file, all optional",
    "tfsnn.export.saved_model.writing.export_saved_model": "choices, all optional",
    "tfsnn.layers.integrate_fire.IntegrateFire.__init__": "a Keras config",
    "tfsnn.layers.leaky_integrate_fire.LeakyIntegrateFire.__init__": "a Keras config",
    "tfsnn.layers.locally_connected._LocallyConnected.__init__": "those of Keras 2",
    "tfsnn.layers.spiking.SpikingCell.__init__": "those of Keras' recurrent cells",
    "tfsnn.layers.spiking.SpikingRecurrent.__init__": "those of Keras' layers",
    "tfsnn.serve.bulk.predict.predict_files": "optional keywords of one job",
    "tfsnn.simulation.simulate.simulate": "what one run of a graph may be asked for",
    "tfsnn.simulation.model.SpikingModel.__init__": "a Keras config, field by field",
    "tfsnn_stablehlo.evaluation.evaluate": "optional keywords, those of evaluate",
}


def functions(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.arguments]]:
    """Yield all functions in a module or class, with their dotted names."""
    for node in ast.iter_child_nodes(tree):
        inner = name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield inner, node.args
        yield from functions(node, inner)


def count(arguments: ast.arguments) -> int:
    """The arguments that a caller sees: without self, *args and **kwargs."""
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(each.arg not in ("self", "cls") for each in named)


def test_functions_take_at_most_six_arguments():
    found = {
        name
        for module, tree in modules().items()
        for name, arguments in functions(tree, module)
        if count(arguments) > MOST
    }
    assert found == set(MORE)


def test_arguments_are_counted():
    (((name, arguments)),) = functions(
        ast.parse("class A:\n  def f(self, a, /, b, *c, d=1, **e): pass"), "m"
    )
    assert (name, count(arguments)) == ("m.A.f", 3)
