"""The kinds of nodes: a small closed set; Keras layers are translated into them.

| kind | what it computes |
| --- | --- |
| `Source` | the input |
| `Linear` | a dense, convolution or depthwise convolution, with its bias |
| `Affine` | a gain and an offset for each channel |
| `Merge` | the sum or the concatenation of its inputs |
| `Reshape`, `Pad` | the same values in another shape |
| `Average` | average pooling: linear, without weights |
| `Max` | max pooling |
| `Rate` | ReLU, with or without an upper bound: what becomes a spiking neuron |
| `Readout` | an output: the head (softmax, ...) of what reaches it |

All are channels-last; ``N`` below is any number of samples, or of samples times steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.graph import Node, array
from tfsnn.neurons import Neuron


@dataclass(frozen=True, eq=False)
class Source(Node):
    """The input of the network."""


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """y = W x + b.

    Attributes:
        form: "dense" (kernel ``(in, out)``, on the last axis), "conv" (kernel
            ``(*window, in / groups, out)``) or "depthwise" (kernel
            ``(*window, in, multiplier)``).
        kernel: W.
        bias: b, ``(out,)``, or None.
        strides, dilation: one number per axis of the window.
        padding: "valid" or "same", as in Keras.
        groups: of a convolution.
    """

    form: str
    kernel: Any = array()
    bias: Any = array(None)
    strides: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    padding: str = "valid"
    groups: int = 1

    def apply(self, x: Any) -> Any:
        """``(N, *shape of the input)`` to ``(N, *shape)``."""
        y = self.multiply(x, self.kernel)
        return y if self.bias is None else tf.nn.bias_add(y, self.bias)

    def multiply(self, x: Any, kernel: Any) -> Any:
        """W x for another kernel of the same shape, without the bias."""
        if self.form == "dense":
            return tf.matmul(x, kernel)
        if self.form == "depthwise":
            return tf.nn.depthwise_conv2d(
                x,
                kernel,
                (1, *self.strides, 1),
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
                dilations=self.dilation,
            )
            for part, weights in zip(
                tf.split(x, self.groups, -1) if self.groups > 1 else [x],
                tf.split(kernel, self.groups, -1) if self.groups > 1 else [kernel],
                strict=True,
            )
        ]
        return parts[0] if self.groups == 1 else tf.concat(parts, -1)

    def scaled(self, gain_in: np.ndarray, gain_out: np.ndarray) -> Linear:
        """W' = gain_out * W * gain_in and b' = gain_out * b, both gains per channel."""
        kernel, bias = np.asarray(self.kernel), self.bias
        if self.form == "depthwise":
            multiplier = kernel.shape[-1]
            kernel = kernel * gain_in[:, None] * gain_out.reshape(-1, multiplier)
        else:
            # Channel o of the output reads the inputs of its own group.
            per_group = gain_in.reshape(self.groups, -1)
            columns = np.repeat(per_group, kernel.shape[-1] // self.groups, axis=0)
            kernel = kernel * columns.T * gain_out
        if bias is not None:
            bias = (np.asarray(bias) * gain_out).astype(np.float32)
        return self.replace(kernel=kernel.astype(np.float32), bias=bias)


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """y = gain * x + offset; both broadcast to the shape, `offset` may be None."""

    gain: Any = array()
    offset: Any = array(None)

    def apply(self, x: Any) -> Any:
        """``(N, *shape)`` to the same."""
        y = x * self.gain
        return y if self.offset is None else y + self.offset


@dataclass(frozen=True, eq=False)
class Merge(Node):
    """The sum ("add") of inputs of equal shape, or their concatenation ("concat").

    `axis` counts the axes of one sample, from 0.
    """

    form: str
    axis: int = -1

    def apply(self, *xs: Any) -> Any:
        """Several ``(N, ...)`` to ``(N, *shape)``."""
        if self.form == "concat":
            return tf.concat(xs, self.axis + 1)
        return xs[0] + xs[1] if len(xs) == 2 else tf.add_n(xs)


@dataclass(frozen=True, eq=False)
class Reshape(Node):
    """The same values in row-major order in another shape (also Flatten)."""

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.reshape(x, (-1, *self.shape))


@dataclass(frozen=True, eq=False)
class Pad(Node):
    """Zeros around the values: `amounts` before and after, per axis of one sample."""

    amounts: tuple[tuple[int, int], ...]

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        return tf.pad(x, ((0, 0), *self.amounts))


@dataclass(frozen=True, eq=False)
class Pool(Node):
    """Windows of `size` and `strides` over the axes before the channels.

    With padding "same" a window at the border holds fewer values: the padding is
    neither averaged nor a candidate for the maximum.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str = "valid"

    @property
    def is_global(self) -> bool:
        """Whether there is one window, which holds everything."""
        return self.padding == "valid" and len(self.shape) == 1


@dataclass(frozen=True, eq=False)
class Average(Pool):
    """Average pooling; global where the output has channels only."""

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        if self.is_global:
            return tf.reduce_mean(x, axis=list(range(1, len(x.shape) - 1)))
        return tf.nn.avg_pool(x, self.size, self.strides, self.padding.upper())


@dataclass(frozen=True, eq=False)
class Max(Pool):
    """Max pooling; global where the output has channels only.

    Over time it sends the change of the maximum of its inputs' running sums, so that
    what it has sent by step t is t * max(mean of the inputs so far).
    """

    def apply(self, x: Any) -> Any:
        """``(N, ...)`` to ``(N, *shape)``."""
        if self.is_global:
            return tf.reduce_max(x, axis=list(range(1, len(x.shape) - 1)))
        return tf.nn.max_pool(x, self.size, self.strides, self.padding.upper())


@dataclass(frozen=True, eq=False)
class Rate(Node):
    """min(max(x, 0), max_value): what a spiking neuron's rate stands for.

    The fields after `max_value` are the neuron (:class:`tfsnn.neurons.Neuron`), set by
    :func:`tfsnn.normalize.normalize`.

    Attributes:
        max_value: None for a plain ReLU; 6 for ReLU6.
        scale: activation, in the ANN's units, that one spike per step stands for.
    """

    max_value: Any = array(None)
    scale: Any = array(None)
    threshold: Any = array(1.0)
    initial_potential: Any = array(0.0)
    negative_threshold: Any = array(None)
    max_coefficient: Any = array(None)

    def apply(self, x: Any) -> Any:
        """``(N, *shape)`` to the same."""
        if self.max_value is None:
            return tf.nn.relu(x)
        return tf.clip_by_value(x, 0.0, self.max_value)

    @property
    def neuron(self) -> Neuron:
        """The spiking neuron in this node's place."""
        return Neuron(
            threshold=self.threshold,
            initial_potential=self.initial_potential,
            negative_threshold=self.negative_threshold,
            max_coefficient=self.max_coefficient,
        )


@dataclass(frozen=True, eq=False)
class Readout(Node):
    """An output of the model: the `head`, a Keras activation, of what reaches it.

    Over time it reads the mean of its input so far, in the ANN's own units, and
    applies the head to that once.
    """

    head: str = "linear"

    def apply(self, x: Any) -> Any:
        """``(N, *shape)`` to the same."""
        return keras.activations.get(self.head)(x)
