"""The bound on the sizes of a graph's tensors, told before anything is computed.

TensorFlow infers the shape of each tensor as an operation is added to a graph, and
computes small constants for that. So operations are added in stages: what reads a
computed constant waits until its size is known, and is not too large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.frozen import Frozen
from tfsnn.sources.saved_model.kinds import SHAPE_READERS
from tfsnn.sources.saved_model.shapes import sized

# Values of one tensor that depends on the input, at the batch size of the import.
MOST_VALUES = 2**28
# Values of all computed constants together, beside as many as the file holds itself.
MOST_CONSTANTS = 2**26
MOST_STAGES = 4096
# Products of constants: values of the result times values of the larger factor.
MOST_WORK = 2**42
PRODUCTS = (
    "MatMul",
    "BatchMatMul",
    "BatchMatMulV2",
    "BatchMatMulV3",
    "Einsum",
    "Conv2D",
    "Conv3D",
    "DepthwiseConv2dNative",
    "Conv2DBackpropInput",
    "Conv3DBackpropInputV2",
)


def check_sizes(frozen: Frozen, batch: int) -> None:
    """Refuse a graph that would compute very large tensors.

    Args:
        frozen: the graph.
        batch: number of samples of every input.

    Raises:
        ModelError: if it would, or TensorFlow refuses the graph.
    """
    sizes = _Sizes(frozen)
    with tf.Graph().as_default():
        added: dict[str, Any] = {}
        for name, spec in frozen.specs.items():
            placeholder = tf.compat.v1.placeholder(spec.dtype, sized(spec, batch))
            added[frozen.inputs[name].rpartition(":")[0]] = placeholder.op
        for number, stage in enumerate(_stages(frozen)):
            names = [node.name for node in stage.node]
            read = {text for node in stage.node for text in node.input}
            known = {text: _output(added, text) for text in read if _has(added, text)}
            operations = imported(stage, known, f"stage_{number}", names)
            for name, operation in zip(names, operations, strict=True):
                sizes.check(name, operation)
            added |= dict(zip(names, operations, strict=True))


def imported(
    graph_def: Any, inputs: Mapping[str, Any], scope: str, names: Sequence[str]
) -> list[Any]:
    """Import a graph into the one that is open; return these operations of it.

    Raises:
        ModelError: if TensorFlow refuses it.
    """
    try:
        return tf.import_graph_def(graph_def, inputs, list(names), name=scope)
    except (ValueError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"TensorFlow refuses its graph ({reason[0][:300]}): the file is "
            "damaged, or of another version; export it again"
        ) from error


def _has(added: Mapping[str, Any], text: str) -> bool:
    return text.rpartition(":")[0] in added


def _output(added: Mapping[str, Any], text: str) -> tf.Tensor:
    name, _, index = text.rpartition(":")
    outputs = added[name].outputs
    if int(index) >= len(outputs):
        raise ModelError(
            f"the tensor {text!r} does not exist: the file is damaged, export it again"
        )
    return outputs[int(index)]


def _stages(frozen: Frozen) -> Iterator[Any]:
    """Divide a graph into parts that can be imported one behind the other."""
    fed = {name.rpartition(":")[0] for name in frozen.inputs.values()}
    number: dict[str, int] = dict.fromkeys(fed, 0)
    computed: set[str] = set()
    stages: dict[int, list[Any]] = {}
    for node in frozen.graph_def.node:
        if node.name in fed:
            continue
        read = {text.rpartition(":")[0] for text in node.input}
        number[node.name] = max(
            (number[name] + (name in computed) for name in read), default=0
        )
        if node.op not in ("Const", *SHAPE_READERS) and node.name not in frozen.live:
            computed.add(node.name)
        stages.setdefault(number[node.name], []).append(node)
    if len(stages) > MOST_STAGES:
        raise ModelError(
            f"its constants are computed from one another over {len(stages):,} stages; "
            f"at most {MOST_STAGES:,} are supported: export the model with constants "
            "in their place"
        )
    for _, nodes in sorted(stages.items()):
        yield tf.compat.v1.GraphDef(node=nodes, versions=frozen.graph_def.versions)


class _Sizes:
    """The bound on the tensors of a graph, told from their shapes alone."""

    def __init__(self, frozen: Frozen) -> None:
        self._live = frozen.live
        self._values = MOST_CONSTANTS
        self._work = MOST_WORK
        for node in frozen.graph_def.node:
            if node.op == "Const":
                tensor = node.attr["value"].tensor
                sizes = [max(dim.size, 0) for dim in tensor.tensor_shape.dim]
                # What the file holds, a computation may hold some times more; one
                # value in the file can stand for any number of equal ones.
                stored = tensor.ByteSize()
                self._take(node.name, "Const", sizes, math.prod(sizes) - stored)
                self._values += 8 * stored

    def check(self, name: str, operation: tf.Operation) -> None:
        """Refuse an operation with outputs that are too large.

        Raises:
            ModelError: naming the operation and its shape.
        """
        for output in operation.outputs:
            size, shape = output.shape.num_elements(), output.shape
            if name in self._live:
                if size is not None and size > MOST_VALUES:
                    raise _too_large(name, operation.type, shape)
            elif size is None:
                raise ModelError(
                    f"{name} ({operation.type}) computes a constant whose "
                    f"shape, {shape}, depends on values, so it is not computed: "
                    "export the model with the constant in its place"
                )
            elif operation.type != "Const":
                self._take(name, operation.type, shape, size)
                if operation.type in PRODUCTS:
                    read = max(each.shape.num_elements() for each in operation.inputs)
                    self._work -= size * read
                    if self._work < 0:
                        raise _too_large(name, operation.type, shape)

    def _take(self, name: str, kind: str, shape: Any, values: int) -> None:
        self._values -= max(values, 0)
        if self._values < 0:
            raise _too_large(name, kind, shape)


def _too_large(name: str, kind: str, shape: Any) -> ModelError:
    return ModelError(
        f"{name} ({kind}) would compute {tuple(shape)} values, which is more than a "
        "file of this size may: export the model with smaller tensors, or "
        "with constants in place of what computes them"
    )
