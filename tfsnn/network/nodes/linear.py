"""Weights between two signals: dense layers and convolutions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.graph import Node, array

# By the number of axes. It is the default; but of an eager convolution over three axes
# the gradient is not told so (TensorFlow 2.21).
CHANNELS_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """y = W x + b.

    Attributes:
        form: "dense" (kernel ``(in, out)``, on the last axis), "conv" (kernel
            ``(*window, in / groups, out)``), "transposed" (kernel ``(*window, out,
            in)``) or "depthwise" (kernel ``(*window, in, multiplier)``); windows of
            one to three axes, depthwise of one or two.
        kernel: W.
        bias: b, ``(out,)``, or None.
        strides, dilation: one number per axis of the window.
        padding: "valid" or "same", as in Keras.
        groups: of a convolution.
        precision: in which products are computed, "float32" or "bfloat16"; inputs and
            outputs are float32. Integers up to 256 are exact in bfloat16.
    """

    form: str
    kernel: Any = array()
    bias: Any = array(None)
    strides: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    padding: str = "valid"
    groups: int = 1
    precision: str = field(default="float32", kw_only=True)

    @property
    def channels_in(self) -> int:
        """The number of input channels."""
        axis = -1 if self.form == "transposed" else -2
        return int(self.kernel.shape[axis]) * self.groups

    @property
    def hides_borders(self) -> bool:
        """Whether outputs near a border read fewer inputs than others do."""
        return self.form == "transposed" or (
            self.form != "dense" and self.padding != "valid"
        )

    def apply(self, x: Any) -> Any:
        """``(N, *shape of the input)`` to ``(N, *shape)``."""
        dtype = tf.as_dtype(self.precision)
        y = self.multiply(tf.cast(x, dtype), _cast(self.kernel, dtype))
        if self.bias is not None:
            y = tf.nn.bias_add(y, _cast(self.bias, dtype))
        return tf.cast(y, tf.float32)

    def prepared(self) -> Linear:
        """With its arrays in its precision."""
        dtype = tf.as_dtype(self.precision)
        return self.replace(
            **{name: _cast(values, dtype) for name, values in self.arrays().items()}
        )

    def multiply(self, x: Any, kernel: Any) -> Any:
        """W x for another kernel of the same shape, without the bias."""
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
        """W' = gain_out * W * gain_in and b' = gain_out * b, both gains per channel."""
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


def _cast(values: Any, dtype: Any) -> Any:
    """NumPy arrays stay such."""
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

    table: Any = array()

    def apply(self, x: Any) -> Any:
        """``(N, *places)`` to ``(N, *places, *row)``."""
        return tf.gather(self.table, tf.cast(x, tf.int32))
