"""Spiking layers with weights: one step as a cell, or sequences at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.layers.connections import Connections
from tfsnn.layers.synapses import Recurrent, State, Synapses, stepping
from tfsnn.network.neurons import Leaky
from tfsnn.network.neurons.scan import scan


class _OverTime(Synapses):
    """A layer that goes through whole trains; all input products are one product."""

    def call(self, inputs: Any) -> Any:
        """Turn trains ``(B, T, inputs)`` into spikes ``(B, T, units)``."""
        return self.run(inputs)[0]

    def run(self, inputs: Any, state: State | None = None) -> tuple[Any, State]:
        """Turn trains into spikes, from a state on, and return the last state too.

        Args:
            inputs: trains ``(B, T, inputs)``.
            state: the state that an earlier run of the same batch returned; None for
                the start of a sequence.
        """
        inputs = tf.convert_to_tensor(inputs)
        currents = self.currents(inputs)
        if state is None:
            state = self.start(tf.shape(inputs)[0])
        step = stepping(self.neuron, self.recurrence())
        spikes, state = scan(step, state, currents, 1)
        spikes.set_shape((*inputs.shape[:2], self.units))
        return tf.cast(spikes, self.compute_dtype), state

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return ``(B, T, units)``."""
        return (*input_shape[:2], self.units)


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingDense(_OverTime):
    """A dense layer of leaky neurons: trains ``(B, T, inputs)`` to ``(B, T, units)``.

    Its gradient is by time, through the neurons' surrogate, unless the layer is part of
    a :class:`tfsnn.training.SpikeTrainModel`.
    """

    def __init__(
        self,
        units: int,
        neuron: Leaky | Mapping[str, Any] | None = None,
        lateral: float = 0.0,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        """Make a layer.

        Args:
            units: number of neurons.
            neuron: the neurons, or a mapping of their fields; None for decay 0.9, reset
                to zero and a triangle as surrogate.
            lateral: strength of fixed inhibition, >= 0: each spike reaches all other
                neurons of the layer one step later, with the weight -lateral.
            use_bias: whether to train a current for each neuron.
            kernel_initializer: initialiser of the weights, as in ``Dense``.
            kernel_regularizer: regulariser of the weights.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        if not lateral >= 0:
            raise OptionError(
                f"SpikingDense: lateral={lateral!r} is a strength: give it without sign"
            )
        super().__init__(
            units, neuron, use_bias, kernel_initializer, kernel_regularizer, **kwargs
        )
        self.lateral = lateral

    def recurrence(self) -> Any:
        """Return the weights of the lateral inhibition; None without."""
        if not self.lateral:
            return None
        return self.lateral * (tf.eye(self.units) - 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "lateral": self.lateral}


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingRecurrent(_OverTime, Recurrent):
    """A recurrent layer of leaky neurons, of trains ``(B, T, inputs)``.

    It gives spikes ``(B, T, units)``, which reach the layer's own neurons one step
    later. It computes what ``keras.layers.RNN`` of a :class:`SpikingCell` does, but all
    input products at once; masks and stateful work are the cell's.
    """

    def __init__(
        self,
        units: int,
        neuron: Leaky | Mapping[str, Any] | None = None,
        connections: Connections | Mapping[str, Any] | None = None,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        """Make a layer.

        Args:
            units: number of neurons.
            neuron: the neurons, or a mapping of their fields; None for decay 0.9, reset
                to zero and a triangle as surrogate.
            connections: the recurrent connections that exist; None for all.
            use_bias: whether to train a current for each neuron.
            kernel_initializer: initialiser of the input weights.
            recurrent_initializer: initialiser of the weights between the neurons.
            kernel_regularizer: regulariser of the input weights.

        Raises:
            OptionError: for a value that cannot be.
        """
        super().__init__(
            units=units,
            neuron=neuron,
            connections=connections,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            kernel_regularizer=kernel_regularizer,
            **kwargs,
        )


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingCell(Recurrent):
    """One step of a recurrent layer of leaky neurons, for ``keras.layers.RNN``.

    Its states are the spikes of the last step, the potential, and the synaptic current
    and the refractory steps to come where the neurons have them.
    """

    def __init__(
        self,
        units: int,
        neuron: Leaky | Mapping[str, Any] | None = None,
        connections: Connections | Mapping[str, Any] | None = None,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        """Make a cell; the arguments are those of :class:`SpikingRecurrent`.

        Raises:
            OptionError: for a value that cannot be.
        """
        super().__init__(
            units=units,
            neuron=neuron,
            connections=connections,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            kernel_regularizer=kernel_regularizer,
            **kwargs,
        )
        self.state_size = [units] * len(tf.nest.flatten(self.start(1)))
        self.output_size = units

    def call(self, inputs: Any, states: Any, training: Any = None) -> tuple[Any, Any]:
        """Turn the inputs ``(B, inputs)`` of a step into spikes ``(B, units)``."""
        inputs = tf.convert_to_tensor(inputs)
        state = tf.nest.pack_sequence_as(self.start(tf.shape(inputs)[0]), list(states))
        step = stepping(self.neuron, self.recurrence())
        spikes, state = step(self.currents(inputs), state)
        return tf.cast(spikes, self.compute_dtype), tf.nest.flatten(state)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the states before the first step."""
        return tf.nest.flatten(self.start(batch_size))
