"""Handlers of recurrent networks that take one element of a sequence at a time.

A recurrent layer is split at its states: what it holds after an element is an output of
the graph, and an input at the next element
(:attr:`~tfsnn.network.graph.Graph.states`). So the graph of one element is one like any
other, without a loop, and every method converts it. Two kinds of signals are told apart
(:attr:`~tfsnn.sources.handlers.builder.Signal.time`):

* a sequence, whose node has the `shape` of one element: layers must act on each alone;
* a value: what is behind the last output of a recurrent layer, as far as the sequence
  has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import layers

from tfsnn.layers import ModelRNN
from tfsnn.network.nodes import Source
from tfsnn.sources.handlers.builder import Builder, Shape, Signal, Unsupported
from tfsnn.sources.handlers.masks import usable
from tfsnn.sources.handlers.model_rnn import ModelStep
from tfsnn.sources.handlers.recurrent import (
    Step,
    cell_for,
    flat,
    refuse_others,
)
from tfsnn.sources.handlers.recurrent_cells import Cell
from tfsnn.sources.handlers.recurrent_convolutions import ConvolutionalCell
from tfsnn.sources.handlers.registry import registered, translate, translate_as
from tfsnn.sources.handlers.structure import no_operation

VALUE, SEQUENCE = "", "sequence"

IN_ONE = "or convert without over_time, where a whole sequence is one sample"
MIXES = (
    f"it reads a sequence as a whole, so that it may mix its elements, which come one "
    f"after the other: put it into TimeDistributed if it acts on each alone, {IN_ONE}"
)
FUTURE = (
    "it reads the sequence from its end as well, and the elements to come are not "
    f"known: train a network with the forward layer alone, {IN_ONE}"
)
BACKWARDS = (
    "it begins at the end of the sequence (go_backwards=True), and the elements to "
    f"come are not known: train it forwards, {IN_ONE}"
)
INITIAL = (
    "its initial state is an input: with one element at a time its state begins at 0, "
    f"and lasts (stream.state sets another one); leave initial_state out, {IN_ONE}"
)
JOINS = (
    "it joins a sequence, of which there is one element, and a value that stands for "
    f"all elements so far: join two sequences, or two values, {IN_ONE}"
)


@dataclass
class Elements:
    """The translation of a recurrent model for one element of its sequences.

    Attributes:
        states: the inputs that hold the states before the element, each with the node
            of the state after it.
    """

    states: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, layer: Any, inputs: Sequence[str], builder: Builder
    ) -> list[str]:
        """Call the handler of a layer; return the nodes of its outputs.

        Raises:
            Unsupported: if there is no handler, it cannot honour the arguments, or the
                layer does not act on each element.
        """
        masks = {id(mask) for mask in _masks(builder)}
        times = {getattr(x, "time", VALUE) for x in inputs if id(x) not in masks}
        if SEQUENCE not in times:
            return translate(layer, inputs, builder)
        if len(times) > 1:
            raise Unsupported(JOINS)
        kind = type(layer)
        if isinstance(layer, layers.Bidirectional):
            raise Unsupported(FUTURE)
        if isinstance(layer, layers.RNN):
            return self._recurrent(layer, inputs[0], builder)
        if isinstance(layer, ModelRNN):
            return self._model_step(layer, inputs, builder)
        if kind is layers.TimeDistributed:
            assert builder.inner is not None
            mask = usable(builder.argument(2, "mask"), builder)
            return _sequences(builder.inner(layer.layer, [inputs[0]], mask))
        if kind.__name__ == "GetItem" and _takes_last(builder):
            return [Signal(inputs[0])]
        if kind in LAST_AXIS:
            rank = len(builder.shape(inputs[0])) + 1
            if _axis(layer) not in (-1, rank):
                raise Unsupported(MIXES)
            return [_sequence(translate_as(kind, layer, inputs, builder, axis=-1))]
        if kind in ON_EACH or _is_operation(layer, builder):
            return _sequences(translate(layer, inputs, builder))
        raise Unsupported(MIXES)

    def _recurrent(self, layer: Any, x: str, builder: Builder) -> list[str]:
        """Add one step of a layer, from its states and to them."""
        refuse_others(layer)
        if layer.go_backwards:
            raise Unsupported(BACKWARDS)
        if any(flat(builder.argument(1, "initial_state"))):
            raise Unsupported(INITIAL)
        mask = usable(builder.argument(2, "mask"), builder)
        cell = cell_for(layer)
        x = _projected(cell, x, builder)
        shapes = cell.shapes((1, *builder.shape(x)))
        before = _states(shapes, builder)
        reads = [x]
        if mask is not None:
            reads.append(builder.reshape(mask, (1,) * len(shapes[0])))
        step = Step(cell, mask is not None, bool(layer.zero_output_for_mask), False)
        y, after = step(reads, before, builder)
        self.states.update(zip(map(str, before), after, strict=True))
        sent: list[str] = [_sequence(y) if layer.return_sequences else Signal(y)]
        return [*sent, *map(Signal, after)] if layer.return_state else sent

    def _model_step(
        self, layer: ModelRNN, inputs: Sequence[str], builder: Builder
    ) -> list[str]:
        """Add one step of a loop, as the files of SavedModels have it."""
        if any(flat(builder.argument(1, "initial_state"))):
            raise Unsupported(INITIAL)
        count = len(layer.states)
        shapes = [layer.step.outputs[i].shape[1:] for i in layer.states]
        before = _states(shapes, builder)
        y, after = ModelStep(layer)(inputs, before, builder)
        self.states.update(zip(map(str, before), after[:count], strict=True))
        first = _sequence(y) if layer.return_sequences else Signal(y)
        return [first, *map(Signal, after[count:])]


def _states(shapes: Sequence[Shape], builder: Builder) -> list[Signal]:
    """Add the inputs that hold states before an element."""
    return [builder.add(Source, (), shape, suffix="_state") for shape in shapes]


def _projected(cell: Cell, x: str, builder: Builder) -> str:
    """Add the input kernel of a cell on one element."""
    if not isinstance(cell, ConvolutionalCell):
        return cell.project(x, builder)
    row = cell.project(builder.reshape(x, (1, *builder.shape(x))), builder)
    return builder.reshape(row, builder.shape(row)[1:])


def _masks(builder: Builder) -> list[Any]:
    """Return the masks among the arguments of a call."""
    return [x for name, x in builder.kwargs.items() if name.endswith("mask")]


def _sequence(x: str) -> Signal:
    signal = Signal(x)
    signal.time = SEQUENCE
    return signal


def _sequences(found: Sequence[str]) -> list[str]:
    return [_sequence(x) for x in found]


def _axis(layer: Any) -> Any:
    """Return the axis of a layer, if it has one alone."""
    axis = layer.axis
    return axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis


def _takes_last(builder: Builder) -> bool:
    """Return whether an item of a sequence is taken, ``x[:, -1]``: the present one."""
    key = builder.argument(1, "key")
    parts = list(key) if isinstance(key, list | tuple) else [key]
    whole = slice(None)
    return parts[:2] == [whole, -1] and all(part == whole for part in parts[2:])


def _is_operation(layer: Any, builder: Builder) -> bool:
    """Return whether it is an operation on each element, of sequences and numbers."""
    kind = type(layer)
    if not kind.__module__.startswith("keras."):
        return False
    if kind.__name__ in OVER_LAST:
        return bool(_axis(layer) == -1)
    if kind.__name__ not in OPERATIONS:
        return False
    return all(isinstance(x, Signal) or np.ndim(x) == 0 for x in builder.args)


ON_EACH = (
    layers.Activation,
    layers.Add,
    layers.Average,
    layers.Dense,
    layers.ELU,
    layers.Embedding,
    layers.LeakyReLU,
    layers.Masking,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.ReLU,
    layers.Rescaling,
    layers.Subtract,
    *(kind for kind, known in registered().items() if known.handler is no_operation),
)
LAST_AXIS = (
    layers.BatchNormalization,
    layers.Concatenate,
    layers.LayerNormalization,
    layers.RMSNormalization,
    layers.Softmax,
    layers.UnitNormalization,
)
OPERATIONS = (
    "Abs",
    "Add",
    "Cast",
    "Divide",
    "Elu",
    "Equal",
    "Exp",
    "Gelu",
    "Greater",
    "GreaterEqual",
    "HardSigmoid",
    "LeakyRelu",
    "Less",
    "LessEqual",
    "LogicalAnd",
    "LogicalNot",
    "LogicalOr",
    "Maximum",
    "Minimum",
    "Multiply",
    "Negative",
    "NotEqual",
    "Relu",
    "Relu6",
    "Sigmoid",
    "Silu",
    "Softplus",
    "Square",
    "Subtract",
    "Tanh",
    "TrueDivide",
    "Where",
)
OVER_LAST = ("All", "Any", "Max", "Mean", "Min", "Sum")
