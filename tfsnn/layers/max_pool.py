"""Max pooling of spike trains as a Keras layer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfsnn")
class SpikingMaxPooling2D(keras.layers.Layer):
    """Max pooling over ``(B, T, height, width, channels)``, exact over time.

    In each step the layer sends the change of the maximum of its inputs' running sums,
    so the sum that it has sent by step t is the maximum, in each window, of the sums
    that its inputs have sent by then. Binary spikes give binary spikes. Sums are
    float32 whatever the dtype policy.
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = 2,
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        **kwargs: Any,
    ) -> None:
        """Take the arguments of ``keras.layers.MaxPooling2D``."""
        super().__init__(**kwargs)
        self.pooling = keras.layers.MaxPooling2D(
            pool_size, strides, padding, data_format="channels_last", dtype="float32"
        )

    def call(self, inputs: Any) -> Any:
        """Pool spikes ``(B, T, h, w, C)`` to ``(B, T, h', w', C)``."""
        sums = tf.cumsum(tf.cast(inputs, tf.float32), 1)
        folded = tf.reshape(sums, (-1, *inputs.shape[2:]))
        maxima = self.pooling(folded)
        shape = (-1, tf.shape(inputs)[1], *maxima.shape[1:])
        maxima = tf.reshape(maxima, shape)
        before = tf.pad(maxima[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0), (0, 0)))
        changes = maxima - before
        changes.set_shape((*inputs.shape[:2], *maxima.shape[2:]))
        return tf.cast(changes, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape after pooling; batch and time stay as they are."""
        one_step = (input_shape[0], *input_shape[2:])
        pooled = self.pooling.compute_output_shape(one_step)
        return (*input_shape[:2], *pooled[1:])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "pool_size": self.pooling.pool_size,
            "strides": self.pooling.strides,
            "padding": self.pooling.padding,
        }
