"""The functions of TensorFlow that a Functional model may call, as ``keras.ops``.

By the names under which Keras 2 stores them, such as ``nn.relu`` for ``tf.nn.relu``.
"""

from __future__ import annotations

from tfsnn.sources.keras_model.keras2 import rows
from tfsnn.sources.keras_model.keras2.expressions import (
    Argument,
    Row,
    Step,
    on,
)

ONE = {  # functions of one tensor: by the class of the operation
    "Abs": "math.abs",
    "Arccos": "math.acos",
    "Arccosh": "math.acosh",
    "Arcsin": "math.asin",
    "Arcsinh": "math.asinh",
    "Arctan": "math.atan",
    "Arctanh": "math.atanh",
    "Ceil": "math.ceil",
    "Cos": "math.cos",
    "Cosh": "math.cosh",
    "Erf": "math.erf",
    "Exp": "math.exp",
    "Expm1": "math.expm1",
    "Floor": "math.floor",
    "Isfinite": "math.is_finite",
    "Isinf": "math.is_inf",
    "Isnan": "math.is_nan",
    "Log": "math.log",
    "Log1p": "math.log1p",
    "LogSigmoid": "math.log_sigmoid",
    "LogicalNot": "math.logical_not",
    "Negative": "math.negative",
    "Reciprocal": "math.reciprocal",
    "Round": "math.round",
    "Rsqrt": "math.rsqrt",
    "Sigmoid": "math.sigmoid",
    "Sign": "math.sign",
    "Sin": "math.sin",
    "Sinh": "math.sinh",
    "Sqrt": "math.sqrt",
    "Square": "math.square",
    "Tan": "math.tan",
    "Tanh": "math.tanh",
}
OF_FEATURES = {
    "Elu": "nn.elu",
    "Relu": "nn.relu",
    "Relu6": "nn.relu6",
    "Selu": "nn.selu",
    "Silu": "nn.silu",
    "Softplus": "math.softplus",
    "Softsign": "nn.softsign",
}
TWO = {
    "Add": ("math.add", "__operators__.add"),
    "Divide": ("math.divide", "math.truediv"),
    "DivideNoNan": ("math.divide_no_nan",),
    "Equal": ("math.equal",),
    "FloorDivide": ("math.floordiv", "floor_div"),
    "Greater": ("math.greater",),
    "GreaterEqual": ("math.greater_equal",),
    "Less": ("math.less",),
    "LessEqual": ("math.less_equal",),
    "LogicalAnd": ("math.logical_and",),
    "LogicalOr": ("math.logical_or",),
    "LogicalXor": ("math.logical_xor",),
    "Maximum": ("math.maximum",),
    "Minimum": ("math.minimum",),
    "Mod": ("math.floormod", "math.mod"),
    "Multiply": ("math.multiply",),
    "NotEqual": ("math.not_equal",),
    "Power": ("math.pow",),
    "Subtract": ("math.subtract",),
}
REDUCED = {
    "All": "all",
    "Any": "any",
    "Logsumexp": "logsumexp",
    "Max": "max",
    "Mean": "mean",
    "Min": "min",
    "Prod": "prod",
    "Std": "std",
    "Sum": "sum",
    "Var": "variance",
}

FUNCTIONS: dict[str, Row] = {
    **{name: on(kind, "x") for kind, name in ONE.items()},
    **{name: on(kind, "features") for kind, name in OF_FEATURES.items()},
    **{name: on(kind, "x", "y") for kind, names in TWO.items() for name in names},
    **{
        f"math.reduce_{name}": on(
            kind, "input_tensor", axis="axis", keepdims="keepdims"
        )
        for kind, name in REDUCED.items()
    },
    "__operators__.getitem": Step(
        "GetItem", (Argument("tensor"), Argument("slice_spec", lambda key: key))
    ),
    "cast": on("Cast", "x", dtype="dtype"),
    "clip_by_value": rows.clip,
    "concat": on("Concatenate", "values", axis="axis"),
    "convert_to_tensor": on("Identity", "value"),
    "expand_dims": on("ExpandDims", "input", axis="axis"),
    "gather": Step(
        "Take",
        (Argument("params"), Argument("indices")),
        {"axis": Argument("axis", lambda axis: axis or 0)},
    ),
    "identity": on("Identity", "input"),
    "image.resize": Step(
        "Resize",
        (Argument("images"),),
        {
            "size": Argument("size"),
            "interpolation": Argument("method", rows.pick(rows.METHODS)),
            "antialias": Argument("antialias"),
            "data_format": "channels_last",
        },
    ),
    "linalg.matmul": rows.matmul,
    "math.atan2": on("Arctan2", "y", "x"),
    "math.add_n": rows.add_n,
    "math.argmax": Step(
        "Argmax", (Argument("input"),), {"axis": Argument("axis", int)}
    ),
    "math.argmin": Step(
        "Argmin", (Argument("input"),), {"axis": Argument("axis", int)}
    ),
    "math.cumprod": on("Cumprod", "x", axis="axis"),
    "math.cumsum": on("Cumsum", "x", axis="axis"),
    "math.l2_normalize": rows.l2_normalize(),
    "math.multiply_no_nan": on("Multiply", "x", "y"),
    "math.squared_difference": Step("Square", (on("Subtract", "x", "y"),)),
    "math.top_k": on("TopK", "input", k="k", sorted="sorted"),
    "nn.avg_pool": rows.pool("AveragePool"),
    "nn.avg_pool1d": rows.pool("AveragePool", 1),
    "nn.avg_pool2d": rows.pool("AveragePool", 2),
    "nn.avg_pool3d": rows.pool("AveragePool", 3),
    "nn.bias_add": on("Add", "value", "bias"),
    "nn.conv1d": rows.convolution,
    "nn.conv2d": rows.convolution,
    "nn.depth_to_space": on("DepthToSpace", "input", block_size="block_size"),
    "nn.gelu": on("Gelu", "features", approximate="approximate"),
    "nn.leaky_relu": on("LeakyRelu", "features", negative_slope="alpha"),
    "nn.log_softmax": Step(
        "LogSoftmax", (Argument("logits"),), {"axis": Argument("axis", rows.last)}
    ),
    "nn.max_pool": rows.pool("MaxPool"),
    "nn.max_pool1d": rows.pool("MaxPool", 1),
    "nn.max_pool2d": rows.pool("MaxPool", 2),
    "nn.max_pool3d": rows.pool("MaxPool", 3),
    "nn.softmax": Step(
        "Softmax", (Argument("logits"),), {"axis": Argument("axis", rows.last)}
    ),
    "nn.space_to_depth": on("SpaceToDepth", "input", block_size="block_size"),
    "norm": rows.norm,
    "one_hot": on("OneHot", "indices", num_classes="depth"),
    "ones_like": on("OnesLike", "input"),
    "pad": rows.pad,
    "repeat": on("Repeat", "input", repeats="repeats", axis="axis"),
    "reshape": rows.reshape,
    "reverse": on("Flip", "tensor", axis="axis"),
    "roll": on("Roll", "input", shift="shift", axis="axis"),
    "split": rows.split,
    "squeeze": on("Squeeze", "input", axis="axis"),
    "stack": on("Stack", "values", axis="axis"),
    "stop_gradient": on("StopGradient", "input"),
    "tile": on("Tile", "input", repeats="multiples"),
    "transpose": on("Transpose", "a", axes="perm"),
    "unstack": on("Unstack", "value", num="num", axis="axis"),
    "where": on("Where", "condition", "x", "y"),
    "zeros_like": on("ZerosLike", "input"),
}
FUNCTIONS["linalg.norm"] = FUNCTIONS["norm"]
