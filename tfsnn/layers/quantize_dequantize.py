"""Rounding to integers and back, as tf.quantization.quantize_and_dequantize_v2 has it.

With n bits, signed or not, and integers from p to q::

    s = max(low / p, high / q)          y = s * clip(round(x / s), p, q)

The gradient is straight-through within the range.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfsnn.errors import OptionError


@keras.saving.register_keras_serializable(package="tfsnn")
class QuantizeDequantize(keras.layers.Layer):
    """A rounding to the levels of n-bit integers over a fixed range."""

    def __init__(
        self,
        minimum: float,
        maximum: float,
        num_bits: int = 8,
        signed: bool = True,
        narrow_range: bool = False,
        half_up: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make a quantiser.

        Args:
            minimum, maximum: the range; for unsigned integers only `maximum` counts.
            num_bits: n, from 2 to 16.
            signed: whether integers may be negative.
            narrow_range: whether to leave out the lowest negative integer.
            half_up: whether halves are rounded up; otherwise to even integers.

        Raises:
            OptionError: for a range without numbers above 0, or bits that cannot be.
        """
        super().__init__(**kwargs)
        if not (minimum <= 0 < maximum):
            raise OptionError(
                f"QuantizeDequantize: the range from {minimum:g} to {maximum:g} must "
                "have 0 in it, and end above it"
            )
        if not (isinstance(num_bits, int) and 2 <= num_bits <= 16):
            raise OptionError(
                f"QuantizeDequantize: num_bits={num_bits!r} must be an integer from 2 "
                "to 16"
            )
        self.minimum, self.maximum = float(minimum), float(maximum)
        self.num_bits, self.signed = num_bits, signed
        self.narrow_range, self.half_up = narrow_range, half_up

    def call(self, inputs: Any) -> Any:
        """Clip and round ``(B, *shape)``; the shape stays the same."""
        y = tf.quantization.quantize_and_dequantize_v2(
            tf.cast(inputs, tf.float32),
            self.minimum,
            self.maximum,
            signed_input=self.signed,
            num_bits=self.num_bits,
            range_given=True,
            round_mode="HALF_UP" if self.half_up else "HALF_TO_EVEN",
            narrow_range=self.narrow_range,
        )
        return tf.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("minimum", "maximum", "num_bits", "signed", "narrow_range", "half_up")
        return super().get_config() | {name: getattr(self, name) for name in names}
