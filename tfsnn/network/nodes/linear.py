"""Weights between two signals: dense layers and convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.network.node import Node, Shape, array
from tfsnn.network.units import ONE, Rescaled
from tfsnn.network.windows import Windows

# Formats by the number of axes. They are TensorFlow's defaults, but the gradient of an
# eager convolution over three axes does not know it (TensorFlow 2.21).
CHANNELS_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}

DESCRIPTIONS = {
    "dense": "dense",
    "conv": "convolution",
    "depthwise": "depthwise convolution",
    "transposed": "transposed convolution",
}


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """A dense layer, or a convolution in any of its forms: y = W x + b.

    Attributes:
        form: "dense" (kernel ``(in, out)``, on the last axis), "conv" (kernel
            ``(*window, in / groups, out)``), "transposed" (kernel ``(*window, out,
            in)``) or "depthwise" (kernel ``(*window, in, multiplier)``); windows of
            one to three axes, depthwise of one or two.
        kernel: the weights W.
        bias: the offsets b, ``(out,)``, or None.
        strides, dilation: one number per axis of the window.
        padding: "valid" or "same", as in Keras.
        groups: the number of groups of a convolution.
        precision: the type of products, "float32" or "bfloat16"; inputs and outputs
            are float32. Integers up to 256 are exact in bfloat16. Or the format of the
            weights, which are integers (:mod:`tfsnn.hardware.integers`): products are
            float32, which is exact for them.
    """

    linear: ClassVar[bool] = True
    event_driven: ClassVar[bool] = True

    form: str
    kernel: Any = array(trained=True)
    bias: Any = array(None, trained=True)
    strides: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    padding: str = "valid"
    groups: int = 1
    precision: str = field(default="float32", kw_only=True)

    @property
    def dtype(self) -> tf.DType:
        """The type that products are computed in."""
        return tf.bfloat16 if self.precision == "bfloat16" else tf.float32

    @property
    def channels_in(self) -> int:
        """The number of input channels."""
        axis = -1 if self.form == "transposed" else -2
        return int(self.kernel.shape[axis]) * self.groups

    @property
    def window(self) -> tuple[int, ...]:
        """The sizes of the window; none of a dense layer."""
        axes = self.kernel.shape[: len(self.strides)] if self.form != "dense" else ()
        return tuple(map(int, axes))

    @property
    def channels_reached(self) -> int:
        """The number of output channels that read an input channel."""
        if self.form == "depthwise":
            return int(self.kernel.shape[-1])
        return self.shape[-1] // self.groups

    @property
    def hides_borders(self) -> bool:
        """Whether outputs near a border read fewer inputs than others do."""
        return self.form == "transposed" or (
            self.form != "dense" and self.padding != "valid"
        )

    def apply(self, x: Any) -> Any:
        """Compute y, ``(N, *shape)``, of x, ``(N, *shape of the input)``."""
        dtype = self.dtype
        y = self.multiply(tf.cast(x, dtype), _cast(self.kernel, dtype))
        if self.bias is not None:
            y = tf.nn.bias_add(y, _cast(self.bias, dtype))
        return tf.cast(y, tf.float32)

    def prepared(self) -> Linear:
        """Return the node with its arrays in its precision."""
        dtype = self.dtype
        return self.replace(
            **{name: _cast(values, dtype) for name, values in self.arrays().items()}
        )

    def multiply(self, x: Any, kernel: Any) -> Any:
        """Compute W x for another kernel of the same shape, without the bias."""
        if self.form == "dense":
            return _dense(x, kernel)
        if self.form == "depthwise":
            return self._depthwise(x, kernel)
        if self.form == "transposed":
            return tf.nn.conv_transpose(
                x,
                kernel,
                (tf.shape(x)[0], *self.shape),
                self.strides,
                self.padding.upper(),
                dilations=self.dilation,
            )
        # Grouped convolutions run on a CPU only under XLA: hence one by one.
        parts = [
            tf.nn.convolution(
                part,
                weights,
                self.strides,
                self.padding.upper(),
                data_format=CHANNELS_LAST[len(self.strides)],
                dilations=self.dilation,
            )
            for part, weights in zip(
                tf.split(x, self.groups, -1) if self.groups > 1 else [x],
                tf.split(kernel, self.groups, -1) if self.groups > 1 else [kernel],
                strict=True,
            )
        ]
        return parts[0] if self.groups == 1 else tf.concat(parts, -1)

    def _depthwise(self, x: Any, kernel: Any) -> Any:
        strides, dilation = self.strides, self.dilation
        flat = len(strides) == 1
        if flat:  # TensorFlow has two-dimensional windows only: rows of height 1
            x, kernel = tf.expand_dims(x, 1), tf.expand_dims(kernel, 0)
            strides, dilation = strides * 2, (1, *dilation)
        y = tf.nn.depthwise_conv2d(
            x, kernel, (1, *strides, 1), self.padding.upper(), dilations=dilation
        )
        return tf.squeeze(y, 1) if flat else y

    def scaled(self, gain_in: np.ndarray, gain_out: np.ndarray) -> Linear:
        """Return the node with W' = gain_out * W * gain_in and b' = gain_out * b.

        Both gains are per channel.
        """
        kernel, bias = np.asarray(self.kernel), self.bias
        if self.form == "depthwise":
            multiplier = kernel.shape[-1]
            kernel = kernel * gain_in[:, None] * gain_out.reshape(-1, multiplier)
        elif self.form == "transposed":
            kernel = kernel * gain_out[:, None] * gain_in
        else:
            # Channel o of the output reads the inputs of its own group.
            per_group = gain_in.reshape(self.groups, -1)
            columns = np.repeat(per_group, kernel.shape[-1] // self.groups, axis=0)
            kernel = kernel * columns.T * gain_out
        if bias is not None:
            bias = (np.asarray(bias) * gain_out).astype(np.float32)
        return self.replace(kernel=kernel.astype(np.float32), bias=bias)

    def describe(self) -> str:
        """Name the form."""
        return DESCRIPTIONS[self.form]

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Write the units of its input and of its readers into W and b."""
        unit = units[0] if units[0].ndim == 1 else ONE  # weights are not per place
        gain_in = np.broadcast_to(unit, self.channels_in)
        gain_out = 1 / np.broadcast_to(wish, self.shape[-1:])
        return Rescaled(self.scaled(gain_in, gain_out), wish, [unit])

    def shifted(self, shift: np.ndarray) -> Linear:
        """Add ``(C,)`` to the bias."""
        bias = 0.0 if self.bias is None else np.asarray(self.bias)
        bias = np.broadcast_to(bias + shift, self.shape[-1:])
        return self.replace(bias=bias.astype(np.float32))

    def accumulates(self, shapes: Sequence[Shape]) -> Sequence[np.ndarray]:
        """Count the weights that a value of each place meets; padding meets none."""
        ((*places, _),) = shapes
        outputs = int(self.kernel.shape[-1])
        if self.form == "dense":
            return [np.full(1, outputs)]
        size = tuple(map(int, self.kernel.shape[:-2]))
        window = size, self.strides, self.dilation, self.padding
        if self.form == "transposed":  # the windows lie in the output
            windows = Windows(self.shape[:-1], places, *window)
            return [windows.sizes() * self.shape[-1]]
        met = Windows(places, self.shape[:-1], *window).sum_over(np.ones(1))
        return [met * (outputs // self.groups)]


def _cast(values: Any, dtype: Any) -> Any:
    """Return values as another type; NumPy arrays stay such."""
    if isinstance(values, np.ndarray):
        return values.astype(dtype.as_numpy_dtype, copy=False)
    return tf.cast(values, dtype)


def _dense(x: Any, kernel: Any) -> Any:
    if len(x.shape) == 2:
        return tf.matmul(x, kernel)
    flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), kernel)
    return tf.reshape(flat, (-1, *x.shape[1:-1], kernel.shape[-1]))


@dataclass(frozen=True, eq=False)
class Lookup(Node):
    """Rows of a table ``(rows, *row)`` by number: a one-hot vector times a matrix.

    The numbers, ``(N, ...)`` as float32, are an input of the network.
    """

    linear: ClassVar[bool] = True

    table: Any = array()

    def apply(self, x: Any) -> Any:
        """Look up numbers ``(N, *places)``: ``(N, *places, *row)``."""
        return tf.gather(self.table, tf.cast(x, tf.int32))

    def describe(self) -> str:
        """Name the operation."""
        return "rows of a table"

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Write the unit that is wished into the table."""
        table = np.asarray(self.table / wish, np.float32)
        return Rescaled(self.replace(table=table), wish, units)
