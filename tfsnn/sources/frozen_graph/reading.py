"""From a plain graph to a frozen one, as data: prepared, cut and checked."""

from __future__ import annotations

from typing import Any, NoReturn

from tfsnn.errors import ModelError
from tfsnn.sources.frozen_graph.dropout import without_dropout
from tfsnn.sources.frozen_graph.ends import ends_of_graph
from tfsnn.sources.frozen_graph.half import in_float32
from tfsnn.sources.frozen_graph.switches import without_switches
from tfsnn.sources.parts import WHOLE, Part
from tfsnn.sources.saved_model.ends import Ends, ends_of
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.kinds import VARIABLES
from tfsnn.sources.saved_model.loops import frozen_with_loops, without_loops
from tfsnn.sources.saved_model.program import Program, Source
from tfsnn.sources.saved_model.refusals import Operations
from tfsnn.sources.saved_model.signature import Signature
from tfsnn.sources.saved_model.trace import Trace

SHOWN = 3  # of the names in a message


def frozen_of(
    graph_def: Any, part: Part = WHOLE, signature: Signature | None = None
) -> Frozen:
    """Return what a graph computes; nothing of it is run.

    Args:
        graph_def: the graph, a ``GraphDef``, which is changed.
        part: what of it is the network, and input shapes.
        signature: its inputs and outputs, if they are known.

    Raises:
        ModelError: if it is damaged, is not frozen, or has no such operation.
        UnsupportedError: if it reaches operations that are not known to compute and do
            no more; it names them all.
    """
    in_float32(graph_def)
    decided = without_switches(graph_def, _named(part))
    found = without_loops(
        without_dropout(decided),
        lambda program: _ends(program, part, signature),
        _NoVariables,
    )
    _refuse_variables(found.trace)
    Operations(found.program, found.trace).check()
    return frozen_with_loops(found, _NoVariables(), graph_def.versions)


def _ends(program: Program, part: Part, signature: Signature | None) -> Ends:
    if signature is None:
        return ends_of_graph(program, part)
    return ends_of(program, signature, part)


def _named(part: Part) -> list[str]:
    return [name.partition(":")[0] for name in part.inputs]


def _refuse_variables(found: Trace) -> None:
    names = [
        step.source.node.name
        for step in found.steps.values()
        if step.source.node.op in VARIABLES
    ]
    if names:
        shown = ", ".join(names[:SHOWN])
        raise ModelError(
            f"its graph is not frozen: {len(names)} variables, such as {shown}, have "
            "no values in it. Freeze it with its checkpoint (tf.compat.v1.graph_util."
            "convert_variables_to_constants), or give the SavedModel it was written as"
        )


class _NoVariables:
    """The variables of a graph that has none, which was looked at before."""

    def value(self, variable: Source) -> NoReturn:
        raise AssertionError(variable.node.name)
