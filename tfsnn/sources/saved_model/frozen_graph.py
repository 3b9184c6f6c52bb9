"""The frozen graph as translators see it, with shapes, constants and readers."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.sources.saved_model.folding import evaluate, live_operations
from tfsnn.sources.saved_model.frozen import Frozen, Rolled
from tfsnn.sources.saved_model.kinds import SHAPE_READERS, TRANSPARENT
from tfsnn.sources.saved_model.shapes import (
    BATCHES,
    Layout,
    Refused,
    fixed_batch,
    layout,
    sized,
)
from tfsnn.sources.saved_model.sizes import check_sizes, imported


class Network:
    """A frozen graph, imported at two batch sizes.

    Attributes:
        fixed: batch size that the signature states, None if it is free.
        graph: the graph at the smaller batch size (or the fixed one).
        inputs: tensors that are fed, by name.
        outputs: tensors that are fetched, by name.
        live: names of the operations that depend on the values of the inputs.
        operations: operations that lead to the outputs, in topological order.
        layers: what became of a loop, by its label.
    """

    def __init__(self, frozen: Frozen) -> None:
        """Import the graph at both batch sizes.

        Raises:
            ModelError: if shapes are not fixed, tensors would be too large, or
                TensorFlow refuses the graph.
        """
        self.fixed = fixed_batch(frozen.specs)
        sizes = BATCHES if self.fixed is None else (self.fixed,)
        check_sizes(frozen, sizes[-1])
        graphs = [import_graph(frozen, size) for size in sizes]
        self.graph, self.inputs = graphs[0]
        self._larger = graphs[-1][0]
        self._fed = {text: self.inputs[name] for name, text in frozen.inputs.items()}
        self.outputs = {
            name: self.tensor(text) for name, text in frozen.outputs.items()
        }
        self.live = frozen.live | {tensor.op.name for tensor in self.inputs.values()}
        fed = {name.rpartition(":")[0] for name in frozen.inputs.values()}
        self.operations = [
            self.graph.get_operation_by_name(node.name)
            for node in frozen.graph_def.node
            if node.name not in fed
        ]
        self._loops = frozen.loops
        self.layers: dict[str, Any] = {}
        self._initial = [
            self.tensor(text)
            for loop in frozen.loops
            for text, *_ in loop.states.values()
        ]
        self._constants: dict[str, np.ndarray] = {}
        self._repeated: dict[str, np.ndarray] = {}

    def fold(self) -> None:
        """Compute every constant that an operation on live tensors reads."""
        needed = {
            tensor.name
            for operation in self.operations
            if operation.name in self.live
            for tensor in operation.inputs
            if not self.is_live(tensor) and _is_numeric(tensor)
        }
        ends = [*self.outputs.values(), *self._initial]
        needed |= {t.name for t in ends if not self.is_live(t)}
        values = evaluate(self.graph, sorted(needed))
        others = values
        if self.fixed is None:
            # Where no shape is read, both batch sizes give the same: one is enough.
            reading = live_operations(self.graph, _shape_reads(self.operations))
            twice = [n for n in needed if n.rsplit(":", 1)[0] in reading]
            others = values | evaluate(self._larger, twice)
        for name, value in values.items():
            other = others[name]
            if value.shape == other.shape and np.array_equal(value, other):
                self._constants[name] = value
            elif (block := _block(value, other)) is not None:
                self._repeated[name] = block

    @cached_property
    def loops(self) -> dict[str, tuple[Rolled, str]]:
        """The loops that the graph has written out, by each tensor that they leave.

        With each, the name that the tensor has in the loop.
        """
        return {
            self.source(self.tensor(text)).name: (loop, text)
            for loop in self._loops
            for text in loop.results
        }

    def tensor(self, text: str) -> Any:
        """Return the tensor that has a name in the frozen graph."""
        known = self._fed.get(text)
        return self.graph.get_tensor_by_name(text) if known is None else known

    def is_live(self, tensor: Any) -> bool:
        """Whether a tensor depends on the values of the inputs."""
        return tensor.op.name in self.live

    def constant(self, tensor: Any) -> np.ndarray | None:
        """Return a tensor's value, None where it depends on the input or its batch."""
        return self._constants.get(tensor.name)

    def argument(self, operation: Any, index: int) -> np.ndarray:
        """Return the constant value of an operation's argument.

        Raises:
            Refused: if the argument is not constant.
        """
        value = self.constant(operation.inputs[index])
        if value is None:
            raise Refused(
                f"its argument {index} is computed from the input; only a constant is "
                "supported: export the model with a fixed value"
            )
        return value

    def repeated(self, tensor: Any) -> np.ndarray | None:
        """Return one sample's value of a constant that is the same for every sample."""
        return self._repeated.get(tensor.name)

    def batch_values(self, tensor: Any) -> np.ndarray | None:
        """Return the value at the smaller batch size of what depends on that alone."""
        if self.is_live(tensor):
            return None
        return evaluate(self.graph, [tensor.name])[tensor.name]

    def layout(self, tensor: Any) -> Layout:
        """Return shape and batch of a tensor.

        Raises:
            Refused: if the tensor does not hold one batch.
        """
        larger = self._larger.get_operation_by_name(tensor.op.name)
        return layout(tensor, larger.outputs[tensor.value_index], self.fixed)

    def source(self, tensor: Any) -> Any:
        """Follow operations that change nothing back to the tensor they start from."""
        while self.is_live(tensor):
            operation = tensor.op
            if operation.type in TRANSPARENT:
                tensor = operation.inputs[tensor.value_index]
            elif operation.inputs and self._changes_nothing(operation):
                tensor = operation.inputs[0]
            else:
                break
        return tensor

    def _changes_nothing(self, operation: Any) -> bool:
        before, after = operation.inputs[0], operation.outputs[0]
        if operation.type == "Cast":
            return before.dtype == after.dtype
        if operation.type == "Transpose":
            order = self.constant(operation.inputs[1])
            return order is not None and list(order) == list(range(len(order)))
        if operation.type in ("Reshape", "Squeeze", "ExpandDims"):
            try:
                return self.layout(before) == self.layout(after)
            except Refused:
                return False
        return False

    def cast_to(self, tensor: Any) -> tf.DType | None:
        """Return the type of integers to which all that read a tensor cast it first."""
        found = {
            operation.outputs[0].dtype if operation.type == "Cast" else None
            for operation in self.operations
            if operation.name in self.live and operation.type not in TRANSPARENT
            for read in operation.inputs
            if self.source(read) is tensor
        }
        found |= {None for y in self.outputs.values() if self.source(y) is tensor}
        kind = found.pop() if len(found) == 1 else None
        return kind if kind is not None and kind.is_integer else None

    @cached_property
    def _readers(self) -> Counter[str]:
        counts = Counter(self.source(t).name for t in self.outputs.values())
        for operation in self.operations:
            if operation.name in self.live and operation.type not in TRANSPARENT:
                counts.update({self.source(t).name for t in operation.inputs})
        return counts

    def only_reader(self, tensor: Any) -> bool:
        """Whether no more than one operation reads this tensor."""
        return self._readers[self.source(tensor).name] <= 1


def import_graph(frozen: Frozen, batch: int) -> tuple[tf.Graph, dict[str, tf.Tensor]]:
    """Import the graph with inputs of one batch size; return it and the inputs."""
    graph = tf.Graph()
    with graph.as_default():
        fed = {}
        for number, (name, spec) in enumerate(frozen.specs.items()):
            label = f"tfsnn_input_{number}"
            fed[name] = tf.compat.v1.placeholder(spec.dtype, sized(spec, batch), label)
        replaced = {frozen.inputs[name]: tensor for name, tensor in fed.items()}
        imported(frozen.graph_def, replaced, "", [])
    return graph, fed


def _shape_reads(operations: list[Any]) -> list[Any]:
    return [
        output
        for operation in operations
        if operation.type in SHAPE_READERS
        for output in operation.outputs
    ]


def _is_numeric(tensor: Any) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool


def _block(value: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Return the rows of one sample, if all samples have equal rows."""
    small, large = BATCHES
    if not value.ndim or value.shape[1:] != other.shape[1:]:
        return None
    rows, rest = divmod(len(value), small)
    if rest or len(other) != rows * large:
        return None
    block = value[:rows]
    same = all(
        np.array_equal(array, np.concatenate([block] * count))
        for array, count in ((value, small), (other, large))
    )
    return block if same else None
