"""Fake quantisation as TensorFlow has it: Jacob et al., CVPR 2018, arXiv 1712.05877.

"Quantization and training of neural networks for efficient integer-arithmetic-only
inference". With n bits and a range [a, b] that is nudged so that 0 is a level::

    s = (b - a) / (2^n - 1)       z = round(-a / s)
    y = s * (clip(round(x / s), -z, 2^n - 1 - z))

in float32, by TensorFlow's own operations, whose gradients are straight-through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import OptionError

MOST_BITS = 16  # of TensorFlow's operations


@keras.saving.register_keras_serializable(package="tfsnn")
class FakeQuant(keras.layers.Layer):
    """A rounding to 2^n levels between two bounds, which are trained or given.

    Behind a ReLU, or with 0 as lower bound, it is a quantised ReLU. A network with it
    behind each activation is converted without loss.
    """

    def __init__(
        self,
        minimum: float | Sequence[float] = 0.0,
        maximum: float | Sequence[float] = 6.0,
        num_bits: int = 8,
        narrow_range: bool = False,
        constants: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make a quantiser.

        Args:
            minimum, maximum: the range at the start of training, which has 0 in it; one
                number each, or one for each channel, the last axis.
            num_bits: n, from 2 to 16.
            narrow_range: whether to leave out the lowest level, so that the range can
                be symmetric.
            constants: whether to round as TensorFlow does for bounds that are
                arguments, which differs in the last digit of x / s.

        Raises:
            OptionError: for bounds or bits that cannot be.
        """
        super().__init__(**kwargs)
        low, high = np.asarray(minimum, np.float32), np.asarray(maximum, np.float32)
        if not (2 <= num_bits <= MOST_BITS and isinstance(num_bits, int)):
            raise OptionError(
                f"FakeQuant: num_bits={num_bits!r} must be an integer from 2 to "
                f"{MOST_BITS}"
            )
        if low.shape != high.shape or low.ndim > 1:
            raise OptionError(
                f"FakeQuant: minimum and maximum have the shapes {low.shape} and "
                f"{high.shape}; give two numbers, or two lists of one for each channel"
            )
        if not (
            (low <= 0).all() and (high >= 0).all() and np.isfinite(high - low).all()
        ):
            raise OptionError(
                f"FakeQuant: the range from {low.min():g} to {high.max():g} must have "
                "0 in it: give minimum <= 0 <= maximum"
            )
        if constants and low.ndim:
            raise OptionError(
                "FakeQuant: constants=True takes one number for each bound"
            )
        self.minimum, self.maximum = low.tolist(), high.tolist()
        self.num_bits, self.narrow_range = num_bits, narrow_range
        self.constants = constants

    def build(self, input_shape: Any) -> None:
        """Create the weights `low` and `high`, the bounds.

        Raises:
            OptionError: for bounds per channel of another number than the channels.
        """
        shape = np.shape(self.minimum)
        if shape and tuple(input_shape[-1:]) != shape:
            raise OptionError(
                f"{self.name}: inputs {tuple(input_shape)} have {input_shape[-1]} "
                f"channels, and there are bounds for {shape[0]}"
            )
        self.low, self.high = (
            self.add_weight(
                shape,
                keras.initializers.Constant(bound),
                name=name,
                autocast=False,
                trainable=not self.constants,
            )
            for name, bound in (("low", self.minimum), ("high", self.maximum))
        )

    def call(self, inputs: Any) -> Any:
        """Clip and round ``(B, *shape)``; the shape stays the same."""
        x = tf.cast(inputs, tf.float32)
        options = {"num_bits": self.num_bits, "narrow_range": self.narrow_range}
        if self.constants:
            y = tf.quantization.fake_quant_with_min_max_args(
                x, self.minimum, self.maximum, **options
            )
        else:
            low, high = (tf.convert_to_tensor(bound) for bound in (self.low, self.high))
            if np.ndim(self.minimum):
                rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel
                y = _in_few_axes(rounded, x, low, high, options)
            else:
                rounded = tf.quantization.fake_quant_with_min_max_vars
                y = rounded(x, low, high, **options)
        return tf.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("minimum", "maximum", "num_bits", "narrow_range", "constants")
        return super().get_config() | {name: getattr(self, name) for name in names}


def _in_few_axes(rounded: Any, x: Any, low: Any, high: Any, options: Any) -> Any:
    """Apply TensorFlow's operation per channel, which takes 1, 2 or 4 axes."""
    if x.shape.rank in (1, 2, 4):
        return rounded(x, low, high, **options)
    flat = rounded(tf.reshape(x, (-1, x.shape[-1])), low, high, **options)
    return tf.reshape(flat, tf.shape(x))
