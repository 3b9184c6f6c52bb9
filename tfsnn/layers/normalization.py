"""Normalisations of "Norm matters": Hoffer, Banner, Golan, Soudry, NeurIPS 2018.

arXiv 1803.01814. Per channel, over its n elements in a batch, of which μ is the mean::

    y = gamma (x - μ) / (deviation + epsilon) + beta

    L1           deviation = √(π/2) mean|x - μ|
    Top(k), L∞   deviation = C(n) mean of the k largest |x - μ|, k = 1 for L∞
                 C(n) = (1 + √(π ln 4)) / (2 √(2 ln n))

The factors bring the deviation near the standard deviation of Gaussian values: L1
converges to it, Top(k) is within about half of it. Bounded weight normalisation is,
per output channel, ``kernel = rho v / ||v||_2`` with a fixed rho.

Departs from the authors' code in what inference uses. Their code averages
1 / (deviation + epsilon), in which one batch with a nearly constant channel leaves up
to 1 / epsilon behind, calls the average a variance, and gives the new batch the weight
0.9 for momentum=0.1.
Here ``moving_deviation`` averages the deviation, and `momentum` is that of Keras:
``moving = momentum * moving + (1 - momentum) * batch``. Noise and ghost batches are
left out.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfsnn.errors import ModelError, OptionError

L1_FACTOR = math.sqrt(math.pi / 2)
LARGEST_FACTOR = (1 + math.sqrt(math.pi * math.log(4))) / 2


class _DeviationNormalization(layers.Layer):
    """The base of the batch normalisations, complete but for the deviation."""

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        **kwargs: Any,
    ) -> None:
        """Take arguments with their meaning in ``keras.layers.BatchNormalization``.

        Args:
            axis: axis of the channels.
            momentum: momentum of the moving statistics, in [0, 1).
            epsilon: number added to the deviation, > 0.
            center: whether there is an offset, ``beta``.
            scale: whether there is a gain, ``gamma``.

        Raises:
            OptionError: for a value outside of these ranges.
        """
        super().__init__(**kwargs)
        kind = type(self).__name__
        _require(type(axis) is int, f"{kind}: axis={axis!r} must be an integer")
        _require(0 <= momentum < 1, f"{kind}: momentum={momentum} must be in [0, 1)")
        _require(0 < epsilon < math.inf, f"{kind}: epsilon={epsilon} must be positive")
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale

    def build(self, input_shape: Any) -> None:
        """Create the weights, one of each kind per channel."""
        rank, what = len(input_shape), f"{self.name}: inputs {tuple(input_shape)}"
        if rank < 2 or not -rank <= self.axis < rank or self.axis in (0, -rank):
            raise OptionError(
                f"{what} have no channels, behind the batch, at axis={self.axis}: give "
                "the axis of the channels"
            )
        channels = input_shape[self.axis]
        if channels is None:
            raise OptionError(
                f"{what} have no fixed number of channels at axis={self.axis}: give "
                "the model an Input with one"
            )

        def weight(name: str, start: str, trainable: bool) -> keras.Variable:
            return self.add_weight(
                (channels,), start, name=name, trainable=trainable, autocast=False
            )

        self.gamma = weight("gamma", "ones", True) if self.scale else None
        self.beta = weight("beta", "zeros", True) if self.center else None
        self.moving_mean = weight("moving_mean", "zeros", False)
        self.moving_deviation = weight("moving_deviation", "ones", False)
        self.input_spec = keras.InputSpec(ndim=rank, axes={self.axis: channels})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Normalise ``(B, *shape)``: by the batch in training, else by moving values.

        As in Keras, a layer that is not trainable does not use the batch.
        """
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        if training and self.trainable:
            mean, deviation = self._statistics(x)
            self._move(self.moving_mean, mean)
            self._move(self.moving_deviation, deviation)
        else:
            mean = ops.cast(self.moving_mean, x.dtype)
            deviation = ops.cast(self.moving_deviation, x.dtype)
        gain = 1.0 / (deviation + self.epsilon)
        if self.gamma is not None:
            gain = gain * ops.cast(self.gamma, x.dtype)
        y = (x - self._along_axis(mean, x)) * self._along_axis(gain, x)
        if self.beta is not None:
            y = y + self._along_axis(ops.cast(self.beta, x.dtype), x)
        return ops.cast(y, self.compute_dtype)

    def deviation(self, distances: Any) -> Any:
        """Compute the deviation ``(channels,)`` of |x - μ| ``(n, channels)``."""
        raise NotImplementedError

    def gain_and_offset(self) -> tuple[np.ndarray, np.ndarray]:
        """Return inference's gain and offset per channel, ``(channels,)`` float64.

        Raises:
            ModelError: if the layer is not built.
        """
        if not self.built:
            raise ModelError(
                f"{self.name} has no statistics yet: train it, or call it on data"
            )
        gain = 1.0 / (np.asarray(self.moving_deviation, np.float64) + self.epsilon)
        if self.gamma is not None:
            gain = gain * np.asarray(self.gamma, np.float64)
        offset = -np.asarray(self.moving_mean, np.float64) * gain
        if self.beta is not None:
            offset = offset + np.asarray(self.beta, np.float64)
        return gain, offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, which stays the same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("axis", "momentum", "epsilon", "center", "scale")
        return super().get_config() | {name: getattr(self, name) for name in names}

    def _statistics(self, x: Any) -> tuple[Any, Any]:
        """Compute mean and deviation of each channel."""
        rows = ops.moveaxis(x, self.axis, -1)
        rows = ops.reshape(rows, (-1, rows.shape[-1]))  # (n, channels)
        mean = ops.mean(rows, 0)
        return mean, self.deviation(ops.abs(rows - mean))

    def _move(self, moving: keras.Variable, batch: Any) -> None:
        new = ops.cast(batch, moving.dtype)
        moving.assign(moving * self.momentum + new * (1.0 - self.momentum))

    def _along_axis(self, per_channel: Any, x: Any) -> Any:
        shape = [1] * len(x.shape)
        shape[self.axis] = -1
        return ops.reshape(per_channel, shape)


@keras.saving.register_keras_serializable(package="tfsnn")
class L1BatchNormalization(_DeviationNormalization):
    """Batch normalisation by the mean distance from the mean, the L1 deviation."""

    def deviation(self, distances: Any) -> Any:
        """Compute √(π/2) mean|x - μ|."""
        return L1_FACTOR * ops.mean(distances, 0)


@keras.saving.register_keras_serializable(package="tfsnn")
class TopKBatchNormalization(_DeviationNormalization):
    """Batch normalisation by the mean of the k largest distances from the mean.

    A batch of fewer than k elements per channel, as the last of an epoch may be, uses
    all of them. A batch of one element, whose deviation is 0, gives beta.
    """

    def __init__(self, k: int = 10, **kwargs: Any) -> None:
        """Make a normalisation by the k largest distances.

        Args:
            k: number of distances that are averaged, >= 1.
            kwargs: arguments of :class:`L1BatchNormalization`.
        """
        super().__init__(**kwargs)
        kind = type(self).__name__
        _require(type(k) is int and k >= 1, f"{kind}: k={k!r} must be an integer >= 1")
        self.k = k

    def deviation(self, distances: Any) -> Any:
        """Compute C(n) times the mean of the k largest |x - μ|."""
        n = ops.shape(distances)[0]
        largest, _ = ops.top_k(ops.transpose(distances), ops.minimum(self.k, n))
        # ln 1 = 0 cannot divide; for n = 1 every distance is 0, whatever the factor.
        logarithm = ops.log(ops.cast(ops.maximum(n, 2), distances.dtype))
        return LARGEST_FACTOR / ops.sqrt(2.0 * logarithm) * ops.mean(largest, -1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "k": self.k}


@keras.saving.register_keras_serializable(package="tfsnn")
class LInfBatchNormalization(TopKBatchNormalization):
    """Batch normalisation by the largest distance from the mean: Top(1)."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the arguments of :class:`L1BatchNormalization`."""
        super().__init__(k=1, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["k"]
        return config


DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
WEIGHTED = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D, *DEPTHWISE)


@keras.saving.register_keras_serializable(package="tfsnn")
class BoundedWeightNormalization(layers.Wrapper):
    """A wrapper that gives a layer's kernel one fixed norm in every output channel.

    ``kernel = rho * v / ||v||_2`` per output channel, where v is the kernel of the
    wrapped layer, which trains, and `rho` one number per layer, which does not. `rho`
    is ``||v||_F / sqrt(output channels)`` of the kernel that the layer is built with,
    so that the norm of the whole kernel does not change at first, and then stays. A
    channel whose v is 0 stays 0. Regularizers and constraints of the wrapped kernel
    apply to v.
    """

    def __init__(self, layer: keras.Layer, **kwargs: Any) -> None:
        """Wrap a Dense, a convolution or a depthwise convolution.

        Raises:
            OptionError: if the layer is of another class, or regularizes its activity.
        """
        kinds = ", ".join(kind.__name__ for kind in WEIGHTED)
        what = f"BoundedWeightNormalization: {getattr(layer, 'name', layer)!r}"
        _require(
            isinstance(layer, WEIGHTED),
            f"{what} is a {type(layer).__name__}; wrap one of {kinds}",
        )
        _require(
            layer.activity_regularizer is None,
            f"{what} has an activity_regularizer; give it to the wrapper instead",
        )
        super().__init__(layer, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Build the wrapped layer and keep the norm of its kernel."""
        super().build(input_shape)
        _require(
            isinstance(self.layer.kernel, keras.Variable),
            f"{self.name}: the kernel of {self.layer.name} is not plain (LoRA?); wrap "
            "a layer whose kernel is a variable",
        )
        self.input_spec = self.layer.input_spec
        self.rho = self.add_weight(
            (), self._norm_per_channel, name="rho", trainable=False, autocast=False
        )

    def call(self, inputs: Any) -> Any:
        """Call the wrapped layer with the kernel of fixed norm in place of its own."""
        with keras.StatelessScope([(self.layer.kernel, self.kernel())]):
            return self.layer(inputs)

    def kernel(self) -> Any:
        """Compute the kernel of fixed norm, of the wrapped kernel's shape."""
        v = ops.cast(self.layer.kernel, self.rho.dtype)
        squares = ops.sum(ops.square(v), self._fan_in(), keepdims=True)
        return self.rho * v * ops.rsqrt(ops.maximum(squares, 1e-30))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape of the wrapped layer."""
        return self.layer.compute_output_shape(input_shape)

    def _norm_per_channel(self, shape: Any, dtype: Any) -> Any:
        kernel = self.layer.kernel
        channels = math.prod(kernel.shape[len(self._fan_in()) :])
        squares = ops.sum(ops.square(ops.cast(kernel, dtype)))
        return ops.sqrt(squares / channels)

    def _fan_in(self) -> tuple[int, ...]:
        """Return the axes of the kernel over which one output channel sums."""
        kept = 2 if isinstance(self.layer, DEPTHWISE) else 1
        return tuple(range(len(self.layer.kernel.shape) - kept))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise OptionError(message)
