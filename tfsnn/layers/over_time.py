"""Layers of any kind on sequences ``(B, T, *shape)``, and means over their steps."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import OptionError


@keras.saving.register_keras_serializable(package="tfsnn")
class OverTime(keras.layers.Wrapper):
    """A layer applied to all steps of a sequence at once, as one batch of B * T.

    ``OverTime(Conv2D(...))`` turns ``(B, T, H, W, C)`` into currents of each step.
    ``OverTime(BatchNormalization())`` normalises currents by statistics over batch,
    places and all time steps (Ledinauskas et al., arXiv 2006.04436; with
    :func:`threshold_dependent`, tdBN). ``keras.layers.TimeDistributed`` treats each
    step as a batch of its own.
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        """Wrap a layer of one input and one output, which stays its own owner.

        Args:
            layer: any Keras layer or model of ``(B, *shape)``.
        """
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Build the layer for samples without time.

        Raises:
            OptionError: for inputs without a time axis.
        """
        shape = tuple(input_shape)
        if len(shape) < 2 or not all(isinstance(n, int | None) for n in shape):
            raise OptionError(
                f"{self.name}: inputs {input_shape} are no sequence (B, T, ...): put "
                "an encoder such as tfsnn.layers.ConstantCurrent(T) before it"
            )
        super().build((None, *shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Apply the layer to ``(B, T, *shape)``; a mask is passed on, not read."""
        steps = _dimensions(inputs)[:2]
        y = self.layer(tf.reshape(inputs, (-1, *_dimensions(inputs)[2:])))
        return tf.reshape(y, (*steps, *_dimensions(y)[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the layer's output shape, with time behind the batch."""
        batch, time, *shape = input_shape
        return (batch, time, *self.layer.compute_output_shape((None, *shape))[1:])


@keras.saving.register_keras_serializable(package="tfsnn")
class MeanOverTime(keras.layers.Layer):
    """The mean over the steps of a sequence: ``(B, T, *shape)`` to ``(B, *shape)``.

    Behind a last linear layer it is the mean current, the output of a network. Steps
    that a mask ``(B, T)`` leaves out do not count.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Average ``(B, T, *shape)`` over T, in float32."""
        x = tf.cast(inputs, tf.float32)
        if mask is None:
            return tf.cast(tf.reduce_mean(x, 1), self.compute_dtype)
        flags = tf.cast(mask, tf.float32)
        flags = tf.reshape(flags, (*_dimensions(flags), *(1,) * (len(x.shape) - 2)))
        count = tf.maximum(tf.reduce_sum(flags, 1), 1.0)
        return tf.cast(tf.reduce_sum(x * flags, 1) / count, self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return None: no steps are left."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape without time."""
        return (input_shape[0], *input_shape[2:])


def threshold_dependent(
    threshold: float = 1.0, alpha: float = 1.0
) -> keras.initializers.Initializer:
    """Return the initial gamma of threshold-dependent batch norm: alpha * threshold.

    ``OverTime(BatchNormalization(gamma_initializer=threshold_dependent(0.5)))`` scales
    currents to the threshold of the neurons behind it (tdBN: Zheng et al., AAAI 2021).

    Args:
        threshold: that of the neurons.
        alpha: 1, or the square root of 1/2 in each of two branches that are added.
    """
    return keras.initializers.Constant(alpha * threshold)


def _dimensions(x: Any) -> list[Any]:
    """Return the shape of a tensor, numbers where they are known."""
    known, found = x.shape.as_list(), tf.shape(x)
    return [found[i] if size is None else size for i, size in enumerate(known)]
