"""What spiking layers with weights have in common: kernels, and one step of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfsnn.layers.connections import Connections, as_connections
from tfsnn.layers.leaky import as_leaky, leaky_config
from tfsnn.network.neurons import Leaky
from tfsnn_numpy.checks import check_count

State = tuple[Any, Any]  # the last spikes (B, units), and the state of the neurons


class Synapses(keras.layers.Layer):
    """A layer of leaky neurons that trains reach through a kernel.

    Potentials are float32 whatever the dtype policy; products have its compute dtype.

    Attributes:
        units: number of neurons.
        neuron: the neurons, :class:`~tfsnn.network.neurons.leaky.Leaky`.
    """

    def __init__(
        self,
        units: int,
        neuron: Leaky | Mapping[str, Any] | None,
        use_bias: bool,
        kernel_initializer: Any,
        kernel_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = check_count(f"{type(self).__name__}: units", units)
        self.neuron, self.use_bias = as_leaky(neuron), use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: Any) -> None:
        """Create the weights ``(inputs, units)`` and the biases."""
        self.kernel = self.add_weight(
            (input_shape[-1], self.units),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
        )
        self.bias = (
            self.add_weight((self.units,), "zeros", name="bias")
            if self.use_bias
            else None
        )

    def recurrence(self) -> Any:
        """Return the weights ``(units, units)`` between the neurons; None without."""
        return None

    def currents(self, inputs: Any) -> Any:
        """Return the products ``(..., units)`` of trains ``(..., inputs)``, float32."""
        x = tf.cast(inputs, self.compute_dtype)
        kernel = tf.cast(self.kernel, self.compute_dtype)
        flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), kernel)
        if self.bias is not None:
            flat += tf.cast(self.bias, flat.dtype)
        shape = tf.concat([tf.shape(x)[:-1], [self.units]], 0)
        found = tf.reshape(tf.cast(flat, tf.float32), shape)
        found.set_shape((*x.shape[:-1], self.units))
        return found

    def start(self, batch: Any) -> State:
        """Return the state before the first step: no spikes, the initial potential."""
        shape = (batch, self.units)
        return tf.zeros(shape), self.neuron.initial_state(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "neuron": leaky_config(self.neuron),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


class Recurrent(Synapses):
    """A layer of leaky neurons whose spikes reach each other one step later."""

    def __init__(
        self,
        connections: Connections | Mapping[str, Any] | None,
        recurrent_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connections = as_connections(connections)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def build(self, input_shape: Any) -> None:
        """Create the weights, those between the neurons among them.

        Raises:
            OptionError: for connections that do not fit the number of units.
        """
        super().build(input_shape)
        shape = (self.units, self.units)
        initial = self.recurrent_initializer(shape, self.variable_dtype)
        self.mask = None
        if self.connections is not None:
            self.mask = self.connections.mask(self.units)
            initial = initial * self.mask
        self.recurrent_kernel = self.add_weight(
            shape, lambda shape, dtype: initial, name="recurrent_kernel"
        )

    def recurrence(self) -> Any:
        """Return the weights ``(units, units)`` between neurons, 0 where none is."""
        weights = tf.cast(self.recurrent_kernel, tf.float32)
        return weights if self.mask is None else weights * self.mask

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        found, written = self.connections, keras.initializers.serialize
        return {
            **super().get_config(),
            "connections": None if found is None else found.get_config(),
            "recurrent_initializer": written(self.recurrent_initializer),
        }


def stepping(neuron: Leaky, weights: Any) -> Callable[[Any, State], tuple[Any, State]]:
    """Return one step of a layer: currents and state to spikes and the next state.

    Args:
        neuron: the neurons.
        weights: those between the neurons ``(units, units)``; None for none.
    """

    def step(current: Any, state: State) -> tuple[Any, State]:
        spikes, membrane = state
        if weights is not None:
            current = current + tf.matmul(spikes, weights)
        sent, membrane = neuron.step(current, membrane)
        return sent, (sent, membrane)

    return step
