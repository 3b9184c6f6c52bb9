"""Handlers of recurrent layers: short sequences unrolled, long ones as one node.

The places of a sequence are not time steps of the simulation. A short sequence is
written out, so that ReLUs in it spike as anywhere else, and smooth activations do where
the method has neurons for them (few_spikes). The nodes of a long one would be too many:
it becomes one :class:`~tfsnn.network.nodes.Recurrence`, a running sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers

from tfsnn.network.graph import LayerRecord
from tfsnn.network.nodes import Recurrence, Source
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.masks import given_mask
from tfsnn.sources.handlers.recurrent_cells import Cell, Stepped, cell_of
from tfsnn.sources.handlers.recurrent_convolutions import ConvolutionalCell
from tfsnn.sources.handlers.registry import handles

# What is written out: places of a sequence, where neurons are in a step and where none
# are, and the weights of all places.
WITH_NEURONS, WITHOUT_NEURONS, WEIGHTS = 64, 16, 2**22

CONVOLUTIONAL = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)
RECURRENT = (
    layers.RNN,
    layers.SimpleRNN,
    layers.GRU,
    layers.LSTM,
    *CONVOLUTIONAL,
)


# Adds one step, of places and states: returns its output and the states behind it.
Steps = Callable[[Sequence[str], Sequence[str], Builder], Stepped]


@handles(*RECURRENT)
def recurrent(layer: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate recurrent layers; long sequences become one running sum."""
    x, initial = inputs[0], list(flat(builder.argument(1, "initial_state")))
    return _translated(layer, x, given_mask(builder, 2), initial, builder)


@handles(layers.Bidirectional)
def bidirectional(layer: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate Bidirectional: two recurrent layers, and their outputs merged."""
    x, initial = inputs[0], list(flat(builder.argument(1, "initial_state")))
    mask, half = given_mask(builder, 2), len(initial) // 2
    there, back = (
        _translated(each, x, mask, states, builder)
        for each, states in (
            (layer.forward_layer, initial[:half]),
            (layer.backward_layer, initial[half:]),
        )
    )
    y, reverse, states = there[0], back[0], [*there[1:], *back[1:]]
    if layer.return_sequences:
        reverse = _reversed(reverse, builder)
    mode = layer.merge_mode
    if mode is None:
        return [y, reverse, *states]
    if mode == "concat":
        merged = builder.concatenate((y, reverse), len(builder.shape(y)) - 1, "")
    elif mode == "mul":
        merged = builder.function("multiply", (y, reverse))
    else:
        merged = builder.total([y, reverse])
        if mode == "ave":
            merged = builder.affine(merged, 0.5, suffix="_mean")
    return [merged, *states]


@dataclass(frozen=True)
class Step:
    """One step of a layer, with what a mask makes of it.

    Attributes:
        cell: the cell.
        masked: whether there is a mask; a place that it leaves out changes no state.
        zero: whether the output is 0 there, and not that of the place before.
        repeats: whether the output before is carried beside the states, as the last.
    """

    cell: Cell
    masked: bool
    zero: bool
    repeats: bool

    def __call__(
        self, reads: Sequence[str], carried: Sequence[str], builder: Builder
    ) -> tuple[str, list[str]]:
        states = carried[: self.cell.count]
        y, after = self.cell.step(reads[0], states, builder)
        if not self.masked:
            return y, after

        def kept(new: str, old: str) -> str:
            return builder.function("where", (reads[1], new, old), suffix="_masked")

        after = [kept(new, old) for new, old in zip(after, states, strict=True)]
        if self.zero:
            zeros = builder.constant(np.zeros(builder.shape(y)))
            return kept(y, zeros), after
        if self.repeats:
            y = kept(y, carried[-1])
            return y, [*after, y]
        return after[self.cell.output], after


def _translated(
    layer: Any, x: str, mask: str | None, initial: list[str], builder: Builder
) -> list[str]:
    """Return the output and, if the layer returns them, the states behind the last."""
    if layer.stateful:
        raise Unsupported(
            "it keeps its state from one batch to the next (stateful=True), and here "
            "each sample stands for itself: convert for streams (over_time=True), "
            "which keep its state; or build the layer with stateful=False and give the "
            "state as initial_state, an input of the model"
        )
    refuse_others(layer)
    cell = cell_for(layer)
    if layer.go_backwards:
        x, mask = _reversed(x, builder), mask and _reversed(mask, builder)
    xs = cell.project(x, builder)
    shapes = cell.shapes(builder.shape(xs))
    given = bool(initial)
    carried = initial or [builder.constant(np.zeros(shape)) for shape in shapes]
    zero = bool(layer.zero_output_for_mask)
    step = Step(cell, mask is not None, zero, bool(mask and given and not zero))
    if step.repeats:
        carried = [*carried, builder.constant(np.zeros(shapes[cell.output]))]
    sequences = [xs]
    if mask is not None:
        length = builder.shape(xs)[0]
        sequences.append(builder.reshape(mask, (length, *[1] * len(shapes[0]))))
    body, y, after = body_of(step, sequences, carried, builder)
    if is_short(builder.shape(xs)[0], body, cell.weights):
        y, states = unrolled(layer, step, sequences, carried, builder)
    else:
        sent = [y, *after] if layer.return_state else [y]
        reads = (sequences, carried)
        y, states = at_once(layer, body, sent, after, reads, builder)
    return [y, *states[: cell.count]] if layer.return_state else [y]


def refuse_others(layer: Any) -> None:
    """Refuse a layer that is none of Keras' recurrent layers.

    Raises:
        Unsupported: if it is another one, perhaps of a subclass.
    """
    if type(layer) not in RECURRENT:
        raise Unsupported(
            f"it holds a {type(layer).__name__}: only recurrent layers of Keras are "
            "supported in it"
        )


def cell_for(layer: Any) -> Cell | ConvolutionalCell:
    """Return the translation of the cell of a recurrent layer."""
    convolutional = isinstance(layer, CONVOLUTIONAL)
    return ConvolutionalCell(layer.cell) if convolutional else cell_of(layer.cell)


def is_short(length: int, body: Builder, weights: int) -> bool:
    """Whether a sequence is written out, whose step has these nodes and weights."""
    neurons = any(node.spikes for node in body.nodes.values())
    most = WITH_NEURONS if neurons else WITHOUT_NEURONS
    return length <= most and length * weights <= WEIGHTS


def body_of(
    step: Steps, sequences: Sequence[str], carried: Sequence[str], builder: Builder
) -> tuple[Builder, str, list[str]]:
    """Return the nodes of one step, its output and its states.

    Raises:
        Unsupported: if layers in it cannot be converted.
    """
    body = Builder(layer="step")
    body.records["step"] = LayerRecord("step", "", 0)  # of what is dropped
    assert builder.within is not None
    refused = builder.within(body)
    reads = [body.add(Source, (), builder.shape(x)[1:]) for x in sequences]
    states = [body.add(Source, (), builder.shape(x)) for x in carried]
    y, after = step(reads, states, body)
    for name, (kind, reason) in refused.items():
        raise Unsupported(f"in its step, {name} ({kind}): {reason}")
    return body, y, after


def unrolled(
    layer: Any,
    step: Steps,
    sequences: Sequence[str],
    carried: list[str],
    builder: Builder,
) -> tuple[str, list[str]]:
    """Add the nodes of every step."""
    ys: list[str] = []
    for i in range(builder.shape(sequences[0])[0]):
        reads = [_place(sequence, i, builder) for sequence in sequences]
        y, carried = step(reads, carried, builder)
        ys.append(y)
    if not layer.return_sequences:
        return ys[-1], carried
    rows = [builder.reshape(y, (1, *builder.shape(y))) for y in ys]
    return rows[0] if len(rows) == 1 else builder.concatenate(rows, 0, ""), carried


def at_once(
    layer: Any,
    body: Builder,
    sent: Sequence[str],
    after: Sequence[str],
    reads: tuple[Sequence[str], Sequence[str]],
    builder: Builder,
) -> tuple[str, list[str]]:
    """Add one node for all steps, and nodes for the parts of what it sends."""
    axis = len(body.shape(sent[0])) - 1
    output = sent[0]
    if len(sent) > 1:
        output = body.concatenate(sent, axis, "_output")
    shape = body.shape(output)
    if layer.return_sequences:
        shape = (builder.shape(reads[0][0])[0], *shape)
    found = builder.add(
        Recurrence,
        (*reads[0], *reads[1]),
        shape,
        tuple(body.nodes.values()),
        tuple(str(name) for name in after),
        str(output),
        not layer.return_sequences,
    )
    if len(sent) == 1:
        return found, []
    last = _place(found, shape[0] - 1, builder) if layer.return_sequences else found
    split: list[str] = []
    start = 0
    for name, whole in zip(sent, [found, *[last] * (len(sent) - 1)], strict=True):
        stop = start + body.shape(name)[-1]
        axis = len(builder.shape(whole)) - 1
        split.append(builder.slice(whole, axis, start, stop, "_part"))
        start = stop
    return split[0], split[1:]


def _place(x: str, i: int, builder: Builder) -> Signal:
    """Add one place of a sequence."""
    row = builder.slice(x, 0, i, i + 1, "_place")
    return builder.reshape(row, builder.shape(row)[1:])


def _reversed(x: str, builder: Builder) -> Signal:
    """Add a sequence from its end to its start."""
    length = builder.shape(x)[0]
    return builder.take(x, 0, range(length)[::-1], "_reversed")


def flat(argument: Any) -> Iterator[str]:
    """Yield the signals in an argument, in order."""
    if isinstance(argument, str):
        yield argument
    for item in argument if isinstance(argument, list | tuple) else ():
        yield from flat(item)
