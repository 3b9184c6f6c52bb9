"""Operations of a TensorFlow graph in models of Keras 2.0 to 2.3 (TensorFlowOpLayer).

Each is a call of one of the functions that later versions wrote; the operation is data,
a NodeDef as a dict, and its constant inputs are numbers beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tfsnn.sources.keras_model.keras2.expressions import Unmigrated

LAYER = "TensorFlowOpLayer"


class Equal(NamedTuple):
    """The function that computes what an operation does.

    Attributes:
        function: what TensorFlow calls it, without ``tf.``.
        inputs: its arguments that are the operation's inputs, in order; "" is ignored.
        attributes: its arguments, by the operation's attributes.
    """

    function: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str] = {}


def _reduced(name: str) -> Equal:
    return Equal(name, ("input_tensor", "axis"), {"keep_dims": "keepdims"})


X, XY, F = ("x",), ("x", "y"), ("features",)
TRANSPOSED = {"transpose_a": "transpose_a", "transpose_b": "transpose_b"}
ADJOINT = {"adj_x": "transpose_a", "adj_y": "transpose_b"}  # of real numbers
POOLED = {"ksize": "ksize", "strides": "strides", "padding": "padding"}
HALF_PIXEL = "half_pixel_centers"

OPERATIONS: Mapping[str, Equal] = {
    "Abs": Equal("math.abs", X),
    "Add": Equal("math.add", XY),
    "AddV2": Equal("math.add", XY),
    "ArgMax": Equal("math.argmax", ("input", "axis")),
    "AvgPool": Equal("nn.avg_pool2d", ("input",), POOLED),
    "BatchMatMul": Equal("linalg.matmul", ("a", "b"), ADJOINT),
    "BatchMatMulV2": Equal("linalg.matmul", ("a", "b"), ADJOINT),
    "BiasAdd": Equal("nn.bias_add", ("value", "bias")),
    "Ceil": Equal("math.ceil", X),
    "ClipByValue": Equal("clip_by_value", ("t", "clip_value_min", "clip_value_max")),
    "Cos": Equal("math.cos", X),
    "DepthToSpace": Equal(
        "nn.depth_to_space", ("input",), {"block_size": "block_size"}
    ),
    "Div": Equal("math.truediv", XY),
    "Elu": Equal("nn.elu", F),
    "Equal": Equal("math.equal", XY),
    "Erf": Equal("math.erf", X),
    "Exp": Equal("math.exp", X),
    "ExpandDims": Equal("expand_dims", ("input", "axis")),
    "Floor": Equal("math.floor", X),
    "FloorDiv": Equal("math.floordiv", XY),
    "FloorMod": Equal("math.floormod", XY),
    "GatherV2": Equal("gather", ("params", "indices", "axis")),
    "Greater": Equal("math.greater", XY),
    "GreaterEqual": Equal("math.greater_equal", XY),
    "Identity": Equal("identity", ("input",)),
    "LeakyRelu": Equal("nn.leaky_relu", F, {"alpha": "alpha"}),
    "Less": Equal("math.less", XY),
    "LessEqual": Equal("math.less_equal", XY),
    "Log": Equal("math.log", X),
    "Log1p": Equal("math.log1p", X),
    "LogSoftmax": Equal("nn.log_softmax", ("logits",)),
    "LogicalAnd": Equal("math.logical_and", XY),
    "LogicalNot": Equal("math.logical_not", X),
    "LogicalOr": Equal("math.logical_or", XY),
    "MatMul": Equal("linalg.matmul", ("a", "b"), TRANSPOSED),
    "Max": _reduced("math.reduce_max"),
    "MaxPool": Equal("nn.max_pool2d", ("input",), POOLED),
    "Maximum": Equal("math.maximum", XY),
    "Mean": _reduced("math.reduce_mean"),
    "Min": _reduced("math.reduce_min"),
    "Minimum": Equal("math.minimum", XY),
    "MirrorPad": Equal("pad", ("tensor", "paddings"), {"mode": "mode"}),
    "Mul": Equal("math.multiply", XY),
    "Neg": Equal("math.negative", X),
    "NotEqual": Equal("math.not_equal", XY),
    "Pad": Equal("pad", ("tensor", "paddings")),
    "PadV2": Equal("pad", ("tensor", "paddings", "constant_values")),
    "Pow": Equal("math.pow", XY),
    "Prod": _reduced("math.reduce_prod"),
    "RealDiv": Equal("math.truediv", XY),
    "Reciprocal": Equal("math.reciprocal", X),
    "Relu": Equal("nn.relu", F),
    "Relu6": Equal("nn.relu6", F),
    "Reshape": Equal("reshape", ("tensor", "shape")),
    "Round": Equal("math.round", X),
    "Rsqrt": Equal("math.rsqrt", X),
    "SelectV2": Equal("where", ("condition", "x", "y")),
    "Selu": Equal("nn.selu", F),
    "Sigmoid": Equal("math.sigmoid", X),
    "Sign": Equal("math.sign", X),
    "Sin": Equal("math.sin", X),
    "Softmax": Equal("nn.softmax", ("logits",)),
    "Softplus": Equal("math.softplus", F),
    "Softsign": Equal("nn.softsign", F),
    "SpaceToDepth": Equal(
        "nn.space_to_depth", ("input",), {"block_size": "block_size"}
    ),
    "Split": Equal("split", ("axis", "value"), {"num_split": "num_or_size_splits"}),
    "SplitV": Equal("split", ("value", "num_or_size_splits", "axis")),
    "Sqrt": Equal("math.sqrt", X),
    "Square": Equal("math.square", X),
    "SquaredDifference": Equal("math.squared_difference", XY),
    "Squeeze": Equal("squeeze", ("input",), {"squeeze_dims": "axis"}),
    "StopGradient": Equal("stop_gradient", ("input",)),
    "Sub": Equal("math.subtract", XY),
    "Sum": _reduced("math.reduce_sum"),
    "Tanh": Equal("math.tanh", X),
    "Tile": Equal("tile", ("input", "multiples")),
    "Transpose": Equal("transpose", ("a", "perm")),
    "Unpack": Equal("unstack", ("value",), {"num": "num", "axis": "axis"}),
}


def call_of(
    config: Mapping[str, Any], tensors: list[Any]
) -> tuple[str, dict[str, Any]]:
    """Return the function that an operation of a graph is, and its arguments by name.

    Args:
        config: of the layer that Keras 2 made for the operation.
        tensors: the inputs that are no constants.

    Raises:
        Unmigrated: if no function is known for it.
    """
    stored = config["node_def"]
    if not isinstance(stored, Mapping):
        raise Unmigrated("is an operation in bytes: save it again with Keras 2.4")
    inputs = list(tensors)
    for index in sorted(config.get("constants") or {}, key=int):
        inputs.insert(int(index), _constant(config["constants"][index]))
    kind = stored["op"]
    attributes = {key: _value(each) for key, each in stored.get("attr", {}).items()}
    if kind in SPECIAL:
        return SPECIAL[kind](inputs, attributes)
    if kind not in OPERATIONS:
        raise Unmigrated(
            f"is the operation {kind} of a graph, for which tfsnn knows no operation "
            "of keras.ops: write a SavedModel with Keras 2 (model.export)"
        )
    row = OPERATIONS[kind]
    named = dict(zip(row.inputs, inputs, strict=True))
    for key, name in row.attributes.items():
        if key in attributes:
            named[name] = attributes[key]
    return row.function, named


def _constant(value: Any) -> Any:
    """Return a constant input, which some versions wrote as a dict."""
    return value["config"]["value"] if isinstance(value, Mapping) else value


def _value(attribute: Mapping[str, Any]) -> Any:
    """Return the value of an attribute, as protobuf writes it in JSON."""
    if "list" in attribute:
        found = attribute["list"]
        return [_value({kind: item}) for kind in found for item in found[kind]]
    kind, value = next(iter(attribute.items()), ("", ""))
    if kind == "i":
        return int(value)
    if kind == "s":
        return base64.b64decode(value).decode()
    if kind == "type":
        return value.removeprefix("DT_").lower()
    return value


TYPES = {"float": "float32", "double": "float64", "half": "float16"}


def _cast(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
    dtype = attributes["DstT"]
    return "cast", {"x": inputs[0], "dtype": TYPES.get(dtype, dtype)}


def _concatenated(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
    return "concat", {"values": inputs[:-1], "axis": inputs[-1]}


def _packed(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
    return "stack", {"values": inputs, "axis": attributes.get("axis", 0)}


def _added(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
    return "math.add_n", {"inputs": inputs}


def _resized(method: str) -> Callable[..., Any]:
    def resized(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
        if not attributes.get(HALF_PIXEL):
            raise Unmigrated(f"resizes without {HALF_PIXEL}, which keras.ops does not")
        return "image.resize", {
            "images": inputs[0],
            "size": inputs[1],
            "method": method,
        }

    return resized


def _sliced(inputs: list[Any], attributes: Mapping[str, Any]) -> Any:
    """Return a slice from its bounds, of which bits of masks leave some out."""
    x, begins, ends, steps = inputs
    if not all(isinstance(each, list) for each in (begins, ends, steps)):
        raise Unmigrated("slices by numbers that the network computes")

    def masked(name: str, axis: int) -> bool:
        return bool(attributes.get(f"{name}_mask", 0) >> axis & 1)

    key: list[Any] = []
    for axis, bounds in enumerate(zip(begins, ends, steps, strict=True)):
        start, stop, step = bounds
        if masked("ellipsis", axis):
            key.append({"class_name": "__ellipsis__"})
        elif masked("new_axis", axis):
            key.append(None)
        elif masked("shrink_axis", axis):
            key.append(start)
        else:
            key.append(
                {
                    "start": None if masked("begin", axis) else start,
                    "stop": None if masked("end", axis) else stop,
                    "step": step,
                }
            )
    return "__operators__.getitem", {"tensor": x, "slice_spec": key}


SPECIAL: Mapping[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "AddN": _added,
    "Cast": _cast,
    "ConcatV2": _concatenated,
    "Pack": _packed,
    "ResizeBilinear": _resized("bilinear"),
    "ResizeNearestNeighbor": _resized("nearest"),
    "StridedSlice": _sliced,
}
