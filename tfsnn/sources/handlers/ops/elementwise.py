"""Handlers of functions of each value alone, activations among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfsnn.sources.handlers.activation import (
    OVER_AXES,
    clipped,
    leaky,
    named,
    shrunk,
    two_sided,
)
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.arithmetic import FAR
from tfsnn.sources.handlers.registry import Handler, handles_operation

# Operations with arguments: the attributes that hold them, by class name.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "Celu": ("alpha",),
    "Elu": ("alpha",),
    "Gelu": ("approximate",),
    "HardShrink": ("threshold",),
    "NanToNum": ("nan", "posinf", "neginf"),
    "Round": ("decimals",),
    "Squareplus": ("b",),
}
NAMES = (
    *("Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctanh"),
    *("Cbrt", "Ceil", "Cos", "Cosh", "Erf", "Erfc", "Erfinv", "Exp", "Exp2", "Expm1"),
    *("Floor", "HardSigmoid", "HardSilu", "HardTanh", "I0", "Isfinite", "Isinf"),
    *("Isnan", "Isneginf", "Isposinf", "Log", "Log10", "Log1p", "Log2", "LogSigmoid"),
    *("LogicalNot", "Reciprocal", "Relu", "Relu6", "Rsqrt", "Selu", "Sigmoid", "Sign"),
    *("Signbit", "Silu", "Sin", "Sinc", "Sinh", "Softplus", "Softsign", "SparsePlus"),
    *("SparseSigmoid", "Sqrt", "Square", "Tan", "Tanh", "TanhShrink", "Trunc"),
    *ARGUMENTS,
)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _handler(name: str) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        options = {key: getattr(operation, key) for key in ARGUMENTS.get(name, ())}
        return named(_snake(name), inputs[0], builder, **options)

    return handler


for _name in NAMES:
    handles_operation(_name)(_handler(_name))


@handles_operation("Absolute", "Fabs")
def absolute(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate abs: neurons for x and for -x, whose spikes add up."""
    return two_sided(inputs[0], builder, slope=-1.0)


@handles_operation("SoftShrink")
def soft_shrink(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate soft_shrink: neurons for what exceeds a threshold on either side."""
    return shrunk(inputs[0], builder, float(operation.threshold))


@handles_operation("Threshold")
def threshold(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate threshold: neurons where it does not jump, max(x, threshold)."""
    least, default = float(operation.threshold), float(operation.default_value)
    if least == default and abs(least) <= FAR:
        return clipped(inputs[0], builder, least, None)
    return builder.function("threshold", inputs, threshold=least, default_value=default)


@handles_operation("Deg2rad", "Rad2deg")
def angle(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate deg2rad and rad2deg: a gain."""
    gain = np.pi / 180
    degrees = type(operation).__name__ == "Rad2deg"
    return builder.affine(inputs[0], 1 / gain if degrees else gain)


@handles_operation("LeakyRelu")
def leaky_relu(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate leaky_relu: ReLU with a slope below 0."""
    return leaky(inputs[0], builder, float(operation.negative_slope))


@handles_operation("Softmax", "LogSoftmax", "Sparsemax")
def over_axes(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate softmax and its relatives over one axis or several."""
    name = _snake(type(operation).__name__)
    assert name in OVER_AXES
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    return builder.function(name, inputs, axes=axes)


@handles_operation("Glu")
def glu(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate glu: one half of the values gated by the other."""
    shape = list(builder.shape(inputs[0]))
    axis = builder.axis(operation.axis, len(shape))
    shape[axis] //= 2
    return builder.function("glu", inputs, tuple(shape), axis=axis)


@handles_operation("StopGradient", "Copy", "Conjugate", "Real")
def same(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate operations that change no value."""
    return builder.drop(inputs, "identity at inference")


@handles_operation("Array", "Cast", "ConvertToTensor", "SaturateCast")
def cast(operation: Any, inputs: Sequence[Signal], builder: Builder) -> str:
    """Translate cast: floats are truncated to integers; what is not 0 is true."""
    (x,) = inputs
    to = keras.backend.standardize_dtype(operation.dtype or x.dtype)
    if to == "bool" and x.dtype != "bool":
        zero = builder.constant(np.zeros([1] * len(builder.shape(x))))
        return builder.function("not_equal", (x, zero))
    if "int" in to and "float" in x.dtype:
        if type(operation).__name__ == "SaturateCast":
            raise Unsupported(
                f"it casts to {to}; only a cast to floats is supported: use "
                "keras.ops.clip and cast"
            )
        return builder.function("trunc", inputs)
    return builder.drop(inputs, "all signals are float32")
