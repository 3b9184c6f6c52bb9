"""Translators of elementwise operations: layers for activations, ``keras.ops`` else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused
from tfsnn.sources.saved_model.translators.broadcasting import aligned

ACTIVATIONS = {
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Elu": "elu",
    "Selu": "selu",
    "Exp": "exponential",
    "LogSoftmax": "log_softmax",
}


def _add(a: Any, b: Any) -> Any:
    """Add two tensors; Keras itself would add a constant ``(n, 1)`` as a bias of n."""
    for x, constant in ((a, b), (b, a)):
        shape = np.shape(constant) if isinstance(constant, np.ndarray) else ()
        if shape[-1:] == (1,) and constant.dtype.kind == "f":
            return ops.subtract(x, -constant)
    return ops.add(a, b)


UNARY: dict[str, Callable[[Any], Any]] = {
    "Square": ops.square,
    "Sqrt": ops.sqrt,
    "Rsqrt": ops.rsqrt,
    "Log": ops.log,
    "Log1p": ops.log1p,
    "Expm1": ops.expm1,
    "Abs": ops.abs,
    "Neg": ops.negative,
    "Sign": ops.sign,
    "Floor": ops.floor,
    "Ceil": ops.ceil,
    "Round": ops.round,
    "Sin": ops.sin,
    "Cos": ops.cos,
    "Tan": ops.tan,
    "Asin": ops.arcsin,
    "Acos": ops.arccos,
    "Atan": ops.arctan,
    "Sinh": ops.sinh,
    "Cosh": ops.cosh,
    "Asinh": ops.arcsinh,
    "Acosh": ops.arccosh,
    "Atanh": ops.arctanh,
    "Rint": ops.round,
    "Erf": ops.erf,
    "Erfc": ops.erfc,
    "Erfinv": ops.erfinv,
    "Reciprocal": ops.reciprocal,
    "Inv": ops.reciprocal,
    "IsFinite": ops.isfinite,
    "IsInf": ops.isinf,
    "IsNan": ops.isnan,
    "LogicalNot": ops.logical_not,
}


def _unless_zero(
    function: Callable[[Any, Any], Any], zero: int
) -> Callable[[Any, Any], Any]:
    """Make the function that is 0 where its first or second argument is."""

    def safe(*pair: Any) -> Any:
        return ops.where(ops.equal(pair[zero], 0), 0.0, function(*pair))

    return safe


# Where both operands depend on the input and have the same rank, Keras has a layer.
MERGES: dict[str, type] = {
    "Add": layers.Add,
    "AddV2": layers.Add,
    "Sub": layers.Subtract,
    "Mul": layers.Multiply,
    "Maximum": layers.Maximum,
    "Minimum": layers.Minimum,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": _add,
    "AddV2": _add,
    "Sub": ops.subtract,
    "Mul": ops.multiply,
    "RealDiv": ops.divide,
    "Div": ops.divide,
    "DivNoNan": ops.divide_no_nan,
    "MulNoNan": _unless_zero(ops.multiply, 1),
    "Xdivy": _unless_zero(ops.divide, 0),
    "Xlogy": _unless_zero(lambda a, b: ops.multiply(a, ops.log(b)), 0),
    "Xlog1py": _unless_zero(lambda a, b: ops.multiply(a, ops.log1p(b)), 0),
    "Atan2": ops.arctan2,
    "Mod": ops.fmod,
    "TruncateMod": ops.fmod,
    "TruncateDiv": lambda a, b: ops.trunc(ops.divide(a, b)),
    "FloorDiv": ops.floor_divide,
    "FloorMod": ops.mod,
    "Maximum": ops.maximum,
    "Minimum": ops.minimum,
    "Pow": ops.power,
    "SquaredDifference": lambda a, b: ops.square(ops.subtract(a, b)),
    "Greater": ops.greater,
    "GreaterEqual": ops.greater_equal,
    "Less": ops.less,
    "LessEqual": ops.less_equal,
    "Equal": ops.equal,
    "NotEqual": ops.not_equal,
    "LogicalAnd": ops.logical_and,
    "LogicalOr": ops.logical_or,
}


@translates(*ACTIVATIONS)
def activation(operation: Any, rebuild: Rebuild) -> Any:
    """Translate an activation that Keras has by name."""
    x, name = rebuild[operation.inputs[0]], ACTIVATIONS[operation.type]
    if operation.type == "LogSoftmax":
        return rebuild.layer(layers.Activation, x, activation=name)
    return rebuild.pointwise(
        x, lambda y: rebuild.layer(layers.Activation, y, activation=name)
    )


@translates("Softmax")
def softmax(operation: Any, rebuild: Rebuild) -> Any:
    """Translate softmax over the last axis."""
    return rebuild.layer(layers.Softmax, rebuild[operation.inputs[0]])


@translates("Relu", "Relu6", "LeakyRelu")
def relu(operation: Any, rebuild: Rebuild) -> Any:
    """Translate ReLU, be it bounded at 6 or leaky."""
    kind: type = layers.ReLU
    arguments: dict[str, Any] = {}
    if operation.type == "Relu6":
        arguments = {"max_value": 6.0}
    elif operation.type == "LeakyRelu":
        kind, arguments = (
            layers.LeakyReLU,
            {"negative_slope": operation.get_attr("alpha")},
        )
    return rebuild.pointwise(
        rebuild[operation.inputs[0]], lambda y: rebuild.layer(kind, y, **arguments)
    )


@translates(*UNARY)
def unary(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a function of each element that Keras has no layer for."""
    function = UNARY[operation.type]
    return rebuild.pointwise(
        rebuild[operation.inputs[0]], lambda y: rebuild.raw(function, y)
    )


@translates(*BINARY)
def binary(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a function of two tensors, or of a tensor and a constant."""
    a, b = aligned(rebuild, operation, operation.inputs)
    live = [x for x in (a, b) if not isinstance(x, np.ndarray)]
    units = rebuild.layout(operation.outputs[0]).units
    if len(live) == 1:
        function = BINARY[operation.type]
        return rebuild.reshape(rebuild.raw(function, _plain(a), _plain(b)), units)
    turn = all(rebuild.is_channels_first(x) for x in live)
    if turn:
        a, b = (rebuild.channels_last(x) for x in live)
    if BINARY[operation.type] is _add and all(n == 1 for n in b.shape[1:]):
        # Keras adds (B, 1, 1) as a bias where another axis has length B, if it is last.
        a, b = b, a
    if operation.type in MERGES and len(a.shape) == len(b.shape):
        y = rebuild.layer(MERGES[operation.type], [a, b])
    else:
        y = rebuild.raw(BINARY[operation.type], a, b)
    return rebuild.channels_first(y) if turn else rebuild.reshape(y, units)


def _plain(value: Any) -> Any:
    """Turn an array of one element into a number."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biuf":
        return value.item()
    return value


@translates("AddN")
def add_all(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the sum of several tensors."""
    values = aligned(rebuild, operation, operation.inputs)
    live = [x for x in values if not isinstance(x, np.ndarray)]
    y = rebuild.layer(layers.Add, live) if len(live) > 1 else live[0]
    for constant in (x for x in values if isinstance(x, np.ndarray)):
        y = rebuild.raw(_add, y, constant)
    return y


@translates("ClipByValue")
def clip(operation: Any, rebuild: Rebuild) -> Any:
    """Translate clipping between two bounds, numbers or arrays."""
    low, high = (rebuild.network.argument(operation, i) for i in (1, 2))
    x = rebuild[operation.inputs[0]]
    if low.size != 1 or high.size != 1:
        return rebuild.raw(lambda y: ops.minimum(ops.maximum(y, low), high), x)
    return rebuild.raw(lambda y: ops.clip(y, low.item(), high.item()), x)


@translates("ApproximateEqual")
def approximately_equal(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the comparison of two tensors with a tolerance."""
    a, b = aligned(rebuild, operation, operation.inputs)
    most = float(operation.get_attr("tolerance"))
    y = rebuild.raw(lambda x, z: ops.less(ops.abs(x - z), most), a, b)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


@translates("Select", "SelectV2")
def select(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the choice between two tensors, element by element."""
    condition, a, b = operation.inputs
    if operation.type == "Select" and condition.shape != a.shape:
        raise Refused(
            "its condition has another shape than what it chooses from: use tf.where "
            "with equal shapes"
        )
    values = aligned(rebuild, operation, (condition, a, b))
    y = rebuild.raw(ops.where, values[0], _typed(values[1], a), _typed(values[2], b))
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


def _typed(value: Any, tensor: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.astype(tensor.dtype.as_numpy_dtype)
    return value


@translates("Cast")
def cast(operation: Any, rebuild: Rebuild) -> Any:
    """Translate the cast to another type."""
    dtype = operation.outputs[0].dtype.name
    x = rebuild[operation.inputs[0]]
    if x.dtype == dtype:  # the input itself is of this type then
        return x
    return rebuild.pointwise(x, lambda y: rebuild.raw(lambda z: ops.cast(z, dtype), y))
