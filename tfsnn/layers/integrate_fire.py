"""Integrate-and-fire neurons as a Keras layer over sequences."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.neurons import Neuron
from tfsnn.network.neurons.scan import scan
from tfsnn_numpy.defaults import RESETS


@keras.saving.register_keras_serializable(package="tfsnn")
class IntegrateFire(keras.layers.Layer):
    """Integrate-and-fire neurons: currents ``(B, T, *units)`` to spike coefficients.

    Coefficients have the shape of the currents. Each neuron is a
    :class:`tfsnn.network.neurons.Neuron` that starts every sequence at
    `initial_potential`; no state is kept between calls. Potentials are float32 whatever
    the dtype policy. The gradient is straight-through: that of the clipped, but not
    rounded, potential.
    """

    def __init__(
        self,
        threshold: float = 1.0,
        negative_threshold: float | None = None,
        max_coefficient: float | None = 1.0,
        initial_potential: float = 0.0,
        reset: str = "subtract",
        leak: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Make neurons that all have the same parameters.

        Args:
            threshold: potential that a neuron spikes at, > 0, in units of the current,
                as are the other potentials.
            negative_threshold: size of the potential below zero that gives a negative
                spike, >= 0; None for no negative spikes.
            max_coefficient: largest coefficient of a spike, an integer >= 1: 1 for
                all-or-nothing spikes, None for no bound.
            initial_potential: potential before the first step, V(0).
            reset: "subtract" the threshold times the coefficient at a spike, or reset
                the potential to "zero".
            leak: part of the potential that is lost in each step, in [0, 1).

        Raises:
            OptionError: for a value outside of these ranges.
        """
        super().__init__(**kwargs)
        _require(threshold > 0, f"threshold={threshold} must be positive")
        _require(
            negative_threshold is None or negative_threshold >= 0,
            f"negative_threshold={negative_threshold} is a size: give it without sign",
        )
        _require(
            max_coefficient is None
            or (max_coefficient >= 1 and float(max_coefficient).is_integer()),
            f"max_coefficient={max_coefficient} must be a positive integer or None",
        )
        _require(reset in RESETS, f"reset={reset!r}: expected one of {RESETS}")
        _require(0 <= leak < 1, f"leak={leak} must be in [0, 1)")
        self.neuron = Neuron(
            threshold,
            initial_potential,
            negative_threshold,
            max_coefficient,
            reset=reset,
            leak=leak,
        )

    def call(self, inputs: Any) -> Any:
        """Turn currents ``(B, T, *units)`` into spike coefficients of that shape."""
        currents = tf.cast(inputs, tf.float32)
        over_time = _swap(currents)
        state = self.neuron.initial_state(tf.shape(over_time)[1:])
        spikes, _ = scan(self.neuron.step, state, over_time)
        spikes = _swap(spikes)
        spikes.set_shape(currents.shape)
        return tf.cast(spikes, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        neuron = self.neuron
        return {
            **super().get_config(),
            "threshold": neuron.threshold,
            "negative_threshold": neuron.negative_threshold,
            "max_coefficient": neuron.max_coefficient,
            "initial_potential": neuron.initial_potential,
            "reset": neuron.reset,
            "leak": neuron.leak,
        }


def _swap(x: Any) -> Any:
    """Exchange the first two axes."""
    return tf.transpose(x, (1, 0, *range(2, len(x.shape))))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise OptionError(f"IntegrateFire: {message}")
