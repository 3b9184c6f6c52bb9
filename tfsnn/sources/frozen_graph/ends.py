"""Where the network in a plain graph begins and ends, if nobody says so."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.parts import Part
from tfsnn.sources.saved_model.ends import Ends, cut, key_of, spec_of, with_shapes
from tfsnn.sources.saved_model.program import Program, Source, inputs
from tfsnn.sources.saved_model.trace import is_live, trace

NAME = "the graph"
PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
DEFAULT = "PlaceholderWithDefault"
TEXT = tf.string.as_datatype_enum
# They give no tensor, or one for people who watch.
NO_ENDS = {"NoOp", "Assert", "PrintV2", "Print", *PLACEHOLDERS}
MOST_OUTPUTS = 64
SHOWN = 5  # of the names in a message
SETTING = (
    "put constants in the place of such placeholders: tf.import_graph_def(graph_def, "
    "{{'{name}:0': tf.constant(VALUE)}}, name='') in a new tf.Graph, and write its "
    "as_graph_def() as a file"
)


def ends_of_graph(program: Program, part: Part) -> Ends:
    """Return the ends of the part of a graph that is the network.

    The inputs are the placeholders that lead to outputs, and those with a default that
    is computed, but from no input; without any, those whose default is constant. The
    outputs are all tensors that depend on an input and that nothing reads.

    Raises:
        ModelError: if there are none, or no such tensor.
        OptionError: if an input that is wanted leads to no output, or a shape does not
            fit.
    """
    fed = _placeholders(program, part)
    fetched = {} if part.outputs else _unread(program, fed, part)
    specs = {name: _spec(program, name, source) for name, source in fed.items()}
    ends = Ends(NAME, specs, fed, fetched)
    ends = cut(program, ends, part) if part.cuts else _needed(program, ends)
    return _checked(with_shapes(ends, part))


def _placeholders(program: Program, part: Part) -> dict[str, Source]:
    """Return the placeholders that can be inputs, by name."""
    graph = program.graph
    given = {
        key_of(node.name): Source(graph, node)
        for node in graph.body.nodes.values()
        if node.op in PLACEHOLDERS and node.attr["dtype"].type != TEXT
    }
    if part.inputs:
        return given
    last = _last(program)
    found = trace(program, NAME, given, last)
    alone = not any(is_live(found, source) for source in last.values())
    computed: dict[str, Source] = {}
    constant: dict[str, Source] = {}
    for step in found.steps.values():
        node = step.source.node
        if node.op == DEFAULT and not step.live and _has_axes(node):
            fixed = all(source.node.op == "Const" for source in step.reads)
            (constant if fixed else computed)[key_of(node.name)] = step.source
    return given | (computed or (constant if alone else {}))


def _last(program: Program) -> dict[str, Source]:
    """Return the tensors that nothing reads, by name."""
    graph = program.graph
    nodes = graph.body.nodes.values()
    read = {text.partition(":")[0] for node in nodes for text in inputs(node)}
    last = [
        Source(graph, node, i)
        for node in nodes
        if node.name not in read and node.op not in NO_ENDS
        for i in range(_outputs(program, node))
    ]
    return {_key(source): source for source in last}


def _needed(program: Program, ends: Ends) -> Ends:
    """Return the ends without the inputs that no output needs."""
    found = ends.traced(program)
    read = {(s.key, s.index) for step in found.steps.values() for s in step.reads}
    fed = {n: s for n, s in ends.fed.items() if (s.key, s.index) in read}
    return Ends(ends.name, {n: ends.specs[n] for n in fed}, fed, ends.fetched)


def _unread(program: Program, fed: dict[str, Source], part: Part) -> dict[str, Source]:
    """Return the tensors that depend on an input and that nothing reads.

    Raises:
        ModelError: if there are none, or very many.
    """
    graph = program.graph
    begins = fed | {
        name: Source(graph, graph.body.nodes[name.removesuffix(":0")])
        for name in part.inputs
        if name.removesuffix(":0") in graph.body.nodes
    }
    last = _last(program)
    found = trace(program, NAME, begins, last)
    live = {
        name: source
        for name, source in last.items()
        if name not in begins and (found.circular or is_live(found, source))
    }
    if not live:
        names = ", ".join(list(last)[:SHOWN])
        raise ModelError(
            "no tensor depends on a placeholder, so it has no input: name one with "
            "inputs=... of load_model (--from NAME) and, if need be, the outputs "
            f"(--to NAME); it ends with {names or 'nothing'}"
        )
    if len(live) > MOST_OUTPUTS:
        raise ModelError(
            f"{len(live):,} tensors are read by nothing, such as "
            f"{', '.join(list(live)[:SHOWN])}: name those that are the outputs with "
            "outputs=... of load_model (--to NAME)"
        )
    return live


def _checked(ends: Ends) -> Ends:
    """Refuse inputs that are settings, of which the samples are none.

    Raises:
        ModelError: naming the placeholder and how it gets its value.
    """
    for name, spec in ends.specs.items():
        node = ends.fed[name].node
        if spec.dtype == tf.bool and node.op in PLACEHOLDERS:
            raise ModelError(
                f"the placeholder {node.name!r} asks yes or no, such as whether the "
                "network is trained, and is no input of samples: "
                + SETTING.format(name=node.name)
            )
        if spec.shape.rank is None and len(ends.specs) > 1:
            raise ModelError(
                f"the placeholder {node.name!r} is of unknown rank. If it is one of "
                f"the inputs {', '.join(ends.specs)}, give its shape, input_shape="
                f"{{'{name}': ...}} of load_model (--input-shape {name}=N,N,...). If "
                "it is a setting, such as how much is dropped, "
                + SETTING.format(name=node.name)
            )
    return ends


def _spec(program: Program, name: str, source: Source) -> tf.TensorSpec:
    """Return shape and type of a placeholder; old ones without axes are of any rank."""
    spec = spec_of(program, name, source)
    if spec.shape.rank == 0:
        return tf.TensorSpec(None, spec.dtype, name)
    return spec


def _has_axes(node: Any) -> bool:
    return len(node.attr["shape"].shape.dim) > 1


def _outputs(program: Program, node: Any) -> int:
    """Return the number of outputs of an operation; of a normalisation, one."""
    definition = program.definitions.get(node.op)
    if definition is None or node.op.startswith("FusedBatchNorm"):
        return 1
    count = 0
    for each in definition.output_arg:
        if each.type_list_attr:
            count += len(node.attr[each.type_list_attr].list.type)
        else:
            count += node.attr[each.number_attr].i if each.number_attr else 1
    return min(max(count, 0), MOST_OUTPUTS + 1)


def _key(source: Source) -> str:
    name = source.node.name
    return key_of(f"{name}:{source.index}" if source.index else name)
