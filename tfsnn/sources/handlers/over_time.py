"""Handlers of networks of spiking layers, whose sequences run over time.

Such a model is a spiking network already: :mod:`tfsnn.layers` acts on sequences ``(B,
T, *shape)``. In the graph a sequence is what one node sends, step by step, so its node
has the `shape` of one step. Three kinds of signals are told apart
(:attr:`~tfsnn.sources.handlers.builder.Signal.time`):

* a value: an input of the model, and what is computed of it before an encoder;
* a sequence, behind an encoder: synapses act on each step, neurons go through all;
* a mean over time, behind a readout: of a value that changes with the steps so far.

The handlers of :mod:`tfsnn.sources.handlers` translate values and means, and what is
linear in each step of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.layers import (
    BernoulliRate,
    ConstantCurrent,
    DeterministicRate,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
    PoissonTrains,
    SpikingDense,
    SpikingMaxPooling2D,
    SpikingRecurrent,
)
from tfsnn.network.nodes import Max, StepMax
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.neurons import (
    RECURRENT,
    neurons,
    rate_coder,
    spiking_dense,
)
from tfsnn.sources.handlers.registry import registered, translate, translate_as
from tfsnn.sources.handlers.structure import no_operation

VALUE, SEQUENCE, MEAN = "", "sequence", "mean over time"

NO_ENCODER = (
    "it reads values without time steps: put tfsnn.layers.ConstantCurrent(T) before "
    "it, so that the input is a constant current (data that is a sequence itself, "
    "such as frames, is not taken)"
)
NOT_LINEAR = (
    "it computes {kind} in each step, which is not linear: between spiking layers "
    "only synapses, sums, batch norms and pooling can be, and neurons, such as "
    "tfsnn.layers.IntegrateFire, in place of an activation"
)
MIXES_STEPS = (
    "it reads a sequence (B, T, ...) as a whole, so that it may mix time steps: put it "
    "into tfsnn.layers.OverTime, which has it act on each step"
)

Handler = Callable[[Any, str, Builder], str]


class Translation:
    """The translation of a model of spiking layers, layer by layer.

    Attributes:
        timesteps: T of each encoder, by its layer's name.
    """

    def __init__(self) -> None:
        """Start without an encoder."""
        self.timesteps: dict[str, int] = {}
        self._in_a_step = False

    def __call__(
        self, layer: Any, inputs: Sequence[str], builder: Builder
    ) -> list[str]:
        """Call the handler of a layer; return the nodes of its outputs.

        Raises:
            Unsupported: if there is no handler, or it cannot honour the arguments.
        """
        times = {getattr(x, "time", VALUE) for x in inputs}
        if len(times) > 1:
            raise Unsupported(
                f"it joins {' and '.join(map(_called, sorted(times)))}: join two "
                "sequences, or two means"
            )
        time = times.pop() if times else VALUE
        kind = type(layer)
        if kind in ENCODERS:
            return [self._encoded(layer, inputs[0], time, builder)]
        if kind in SPIKING_LAYERS:
            if time != SEQUENCE:
                raise Unsupported(NO_ENCODER)
            sent = SPIKING_LAYERS[kind](layer, inputs[0], builder)
            return [_as(SEQUENCE, sent)]
        if time == SEQUENCE:
            return [self._of_sequence(layer, inputs, builder)]
        if kind in RANDOM:
            raise Unsupported(
                "its spikes are drawn at random: take DeterministicRate, or "
                "ConstantCurrent"
            )
        known = set(builder.nodes)
        found = translate(layer, inputs, builder)
        if not self._in_a_step and any(n.spikes for n in _added(builder, known)):
            where = "before the encoder" if time == VALUE else "behind the readout"
            raise Unsupported(
                f"it is an activation {where}, where no neurons are: make it neurons "
                "between them, such as tfsnn.layers.IntegrateFire"
            )
        return [_as(time, y) for y in found]

    def _encoded(self, layer: Any, x: str, time: str, builder: Builder) -> Signal:
        if time != VALUE:
            raise Unsupported(
                f"it encodes {_called(time)}: there is one encoder on each way through "
                "a network, behind an input"
            )
        self.timesteps[builder.layer] = layer.timesteps
        return _as(SEQUENCE, ENCODERS[type(layer)](layer, x, builder))

    def _of_sequence(
        self, layer: Any, inputs: Sequence[str], builder: Builder
    ) -> Signal:
        """Translate a layer of Keras, or an operation, that reads sequences."""
        kind, x, rank = type(layer), inputs[0], len(builder.shape(inputs[0]))
        if kind is MeanOverTime or (kind in MEANS and rank == 1):
            builder.tell("readout: the mean over time")
            return _as(MEAN, x)
        if kind in WRAPPERS:
            return self._inside(layer.layer, inputs, builder)
        if kind is layers.Reshape:
            return _as(SEQUENCE, _reshaped(layer, x, self.steps, builder))
        if kind is layers.BatchNormalization:
            if layer.axis not in (-1, rank + 1):
                raise Unsupported(
                    f"it normalises axis {layer.axis}; only the last axis (channels) "
                    "is supported: move the channels last"
                )
            last = {"axis": -1}
            return _linear(
                builder, lambda: translate_as(kind, layer, inputs, builder, **last)
            )
        if kind in (SpikingRecurrent, layers.RNN):
            raise Unsupported(RECURRENT)
        if not _acts_on_each_step(layer, builder):
            raise Unsupported(MIXES_STEPS)
        return _linear(builder, lambda: translate(layer, inputs, builder)[0])

    def _inside(self, layer: Any, inputs: Sequence[str], builder: Builder) -> Signal:
        """Translate the layer that a wrapper has act on each step."""
        if type(layer) in MAX_POOLING:
            return _as(SEQUENCE, _pool(StepMax)(layer, inputs[0], builder))
        inner = builder.inner
        assert inner is not None
        self._in_a_step = True
        try:
            return _linear(builder, lambda: inner(layer, list(map(str, inputs)))[0])
        finally:
            self._in_a_step = False

    @property
    def steps(self) -> int:
        """T, of the first encoder."""
        return next(iter(self.timesteps.values()))


def _as(time: str, x: str) -> Signal:
    """Return the signal of a node with what it is over time."""
    signal = Signal(x)
    signal.time = time
    return signal


def _called(time: str) -> str:
    return {VALUE: "a value", SEQUENCE: "a sequence over time"}.get(time, f"a {time}")


def _added(builder: Builder, known: set[str]) -> list[Any]:
    return [node for name, node in builder.nodes.items() if name not in known]


def _linear(builder: Builder, make: Callable[[], str]) -> Signal:
    """Translate what is linear in each step, and refuse what is not."""
    known = set(builder.nodes)
    made = make()
    for node in _added(builder, known):
        if not (node.linear or isinstance(node, StepMax)):
            what = "an activation" if node.spikes else node.label
            raise Unsupported(NOT_LINEAR.format(kind=what))
    return _as(SEQUENCE, made)


def _acts_on_each_step(layer: Any, builder: Builder) -> bool:
    """Return whether a layer or an operation treats all steps of a sequence alike."""
    kind = type(layer)
    if kind in ELEMENTWISE or kind in DROPPED:
        return True
    if kind is layers.Concatenate:
        rank = len(builder.shape(builder.args[0][0]))
        return layer.axis in (-1, rank + 1)
    module, name = kind.__module__, kind.__name__
    if not module.startswith("keras.") or name not in OPERATIONS:
        return False
    return all(isinstance(x, Signal) or np.ndim(x) == 0 for x in builder.args)


def _pool(kind: type[Max]) -> Handler:
    def pool(layer: Any, x: str, builder: Builder) -> str:
        shape = layer.compute_output_shape((None, *builder.shape(x)))[1:]
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise Unsupported(
                "it pools with channels first: move the channels last (data_format)"
            )
        strides = tuple(layer.strides or layer.pool_size)
        window = tuple(layer.pool_size), strides, layer.padding
        return builder.add(kind, (x,), shape, *window)

    return pool


def _reshaped(layer: Any, x: str, steps: int, builder: Builder) -> str:
    """Translate a Reshape of ``(B, T, *shape)`` that leaves T where it is."""
    before = (None, steps, *builder.shape(x))
    length, *shape = layer.compute_output_shape(before)[1:]
    if length != steps:
        raise Unsupported(MIXES_STEPS)
    return builder.reshape(x, shape, "")


ENCODERS: Mapping[type, Handler] = {
    ConstantCurrent: lambda layer, x, builder: builder.drop((x,), "a constant current"),
    DeterministicRate: rate_coder,
}
SPIKING_LAYERS: Mapping[type, Handler] = {
    IntegrateFire: neurons,
    LeakyIntegrateFire: neurons,
    SpikingDense: spiking_dense,
    SpikingMaxPooling2D: lambda layer, x, builder: _pool(Max)(
        layer.pooling, x, builder
    ),
}
RANDOM = (BernoulliRate, PoissonTrains)
WRAPPERS = (OverTime, layers.TimeDistributed)
MEANS = (layers.GlobalAveragePooling1D,)
MAX_POOLING = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
ELEMENTWISE = (
    layers.Activation,
    layers.Add,
    layers.Average,
    layers.Dense,
    layers.Rescaling,
    layers.Subtract,
)
DROPPED = tuple(
    kind for kind, known in registered().items() if known.handler is no_operation
)
OPERATIONS = ("Add", "Subtract", "Multiply", "TrueDivide", "Divide", "Negative")
