"""Examples of every operation of keras.ops that can be converted."""

import functools

import numpy as np
from keras import layers, ops

from examples import of

ROW = np.array([[0.5, -1.0, 2.0, 1.5]], np.float32)  # (1, 4)
BLOCK = np.linspace(-1.4, 1.5, 12, dtype=np.float32).reshape(1, 3, 4)
ONE = np.float32(0.7)
PAIR = ((3, 4), (3, 4))
SPREAD = ((3, 4), (3, 1))


def plain(name, **arguments):
    """The operation of one signal, as the function of this name."""
    return [of(functools.partial(getattr(ops, name), **arguments))]


def inside(name, gain=0.3, offset=0.0):
    """The operation of values in (offset - gain, offset + gain)."""

    def function(x):
        return getattr(ops, name)(ops.tanh(x) * gain + offset)

    return [of(function)]


def over(name, keyword="axis", **arguments):
    """The operation over one axis and several, kept and not."""
    operation = getattr(ops, name)
    axes = [{keyword: axis} for axis in (1, -1, (1, 2), (-1, 1))]
    examples = [of(lambda x, a=a: operation(x, **a, **arguments)) for a in axes]
    kept = {keyword: (1, 3), "keepdims": True, **arguments}
    examples.append(of(lambda x: operation(x, **kept), (3, 4, 2)))
    # To one value for each sample.
    examples.append(of(lambda x: operation(x, **{keyword: 1}, **arguments), (4,)))
    return examples


def of_two(name, safe=lambda y: y):
    """Two signals, of equal shapes and not; a signal and numbers on either side."""
    operation = getattr(ops, name)
    return [
        of(lambda x, y: operation(x, safe(y)), *PAIR),
        of(lambda x, y: operation(x, safe(y)), *SPREAD),
        of(lambda x: operation(x, ROW), (4,)),
        of(lambda x: operation(ONE, safe(x))),
        of(lambda x: operation(BLOCK, safe(x)), (3, 1)),
    ]


def away(y):
    """Far from 0."""
    return ops.absolute(y) + 0.5


UNARY = (
    *("absolute", "arcsinh", "arctan", "cos", "cosh", "elu", "erf", "erfc"),
    *("exp", "expm1", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu"),
    *("log_sigmoid", "log_softmax", "negative", "relu", "relu6", "selu"),
    *("sigmoid", "silu", "sin", "sinh", "softmax", "softplus", "softsign"),
    *("sparse_plus", "sparse_sigmoid", "sparsemax", "square", "tanh", "tanh_shrink"),
    *("celu", "gelu", "soft_shrink", "squareplus", "stop_gradient", "copy"),
    *("fabs", "convert_to_tensor"),
)
# Where an output jumps, an error of the input, however small, is one of the output.
JUMPING = (
    *("Ceil", "Equal", "Floor", "FloorDivide", "Greater", "GreaterEqual", "HardShrink"),
    *("Less", "LessEqual", "LogicalAnd", "LogicalNot", "LogicalOr", "Mod", "NotEqual"),
    *("Round", "Sign", "Threshold", "Trunc", "Cast"),
)


def class_name(function):
    special = {"convert_to_tensor": "ConvertToTensor"}
    return special.get(function, "".join(map(str.title, function.split("_"))))


def comparison(name):
    return of_two(name)


OPERATIONS = {
    **{class_name(name): plain(name) for name in UNARY},
    **{class_name(name): plain(name) for name in ("ceil", "floor", "sign", "trunc")},
    "Celu": plain("celu", alpha=0.7),
    "Elu": plain("elu", alpha=0.7),
    "Gelu": [*plain("gelu"), *plain("gelu", approximate=False)],
    "HardShrink": plain("hard_shrink", threshold=0.3),
    "LeakyRelu": [*plain("leaky_relu"), *plain("leaky_relu", negative_slope=0.0)],
    "LogSoftmax": [*plain("log_softmax"), *plain("log_softmax", axis=1)],
    "Round": [*plain("round"), *plain("round", decimals=1)],
    "SoftShrink": plain("soft_shrink", threshold=0.3),
    "Softmax": [*plain("softmax"), *plain("softmax", axis=1)],
    "Sparsemax": [*plain("sparsemax"), of(lambda x: ops.sparsemax(x, axis=1))],
    "Squareplus": plain("squareplus", b=2),
    "Threshold": plain("threshold", threshold=0.2, default_value=-0.5),
    "Glu": [of(ops.glu), of(ops.glu, (4,)), of(lambda x: ops.glu(x, axis=1), (4, 3))],
    "Arccos": inside("arccos"),
    "Arccosh": inside("arccosh", 0.5, 2.0),
    "Arcsin": inside("arcsin"),
    "Arctanh": inside("arctanh"),
    "Log": inside("log", 0.5, 1.0),
    "Log10": inside("log10", 0.5, 1.0),
    "Log1p": inside("log1p"),
    "Log2": inside("log2", 0.5, 1.0),
    "Reciprocal": inside("reciprocal", 0.5, -1.0),
    "Rsqrt": inside("rsqrt", 0.5, 1.0),
    "Sqrt": inside("sqrt", 0.5, 1.0),
    "Tan": inside("tan", 1.0),
    "Add": [
        *of_two("add"),
        of(lambda x: x + 1),
        of(lambda x: 1.5 + x),
        of(lambda x, y: x + y, *PAIR),
        of(lambda x: x + x),
    ],
    "Subtract": [
        *of_two("subtract"),
        of(lambda x: 1 - x),
        of(lambda x: x - 1),
        of(lambda x, y: x - y, *PAIR),
        of(lambda x: x - x),
    ],
    "Multiply": [
        *of_two("multiply"),
        of(lambda x: 2 * x),
        of(lambda x: x * ROW, (4,)),
        of(lambda x: x * x),
        # Squeeze and excite.
        of(lambda x: x * layers.Dense(4, "sigmoid")(ops.mean(x, 1, keepdims=True))),
    ],
    "Divide": of_two("divide", away),
    "TrueDivide": [
        *of_two("true_divide", away),
        of(lambda x: x / 3),
        of(lambda x: 2 / away(x)),
        of(lambda x, y: x / away(y), *PAIR),
    ],
    "DivideNoNan": of_two("divide_no_nan", away),
    "FloorDivide": [*of_two("floor_divide", away), of(lambda x: x // 0.3)],
    "Mod": [*of_two("mod", away), of(lambda x: x % 0.3)],
    "Power": [
        of(lambda x: x**2),
        of(lambda x: x**3),
        of(lambda x: away(x) ** 0.5),
        of(lambda x: away(x) ** -ROW),
        of(lambda x: 2**x),
        of(lambda x, y: ops.power(away(x), y), *PAIR),
        of(lambda x: ops.power(x, 2), (4,)),
    ],
    "Maximum": [
        *of_two("maximum"),
        of(lambda x: ops.maximum(x, 0.0)),
        of(lambda x: ops.maximum(x, -1e12)),
    ],
    "Minimum": [
        *of_two("minimum"),
        of(lambda x: ops.minimum(0.0, x)),
        of(lambda x: ops.minimum(x, 1e12)),
    ],
    "Clip": [
        of(lambda x: ops.clip(x, -0.5, 0.71)),  # no value half-way between spikes
        of(lambda x: ops.clip(x, 0, 1), (4,)),
        of(lambda x: ops.clip(x, -1e12, 0.5)),
        of(lambda x: ops.clip(x, -0.5, 1e12)),
        of(lambda x: ops.clip(ops.mean(x, 1), 0.1, 1.0), (4,)),
    ],
    "Arctan2": of_two("arctan2", away),
    "Logaddexp": of_two("logaddexp"),
    **{class_name(n): comparison(n) for n in ("equal", "not_equal", "greater", "less")},
    **{class_name(n): comparison(n) for n in ("greater_equal", "less_equal")},
    "LogicalAnd": [of(lambda x, y: ops.logical_and(x > 0, y < 0.5), *SPREAD)],
    "LogicalOr": [of(lambda x, y: ops.logical_or(x > 0, y < 0.5), *SPREAD)],
    "LogicalNot": [of(lambda x: ops.logical_not(x > 0))],
    "Where": [
        of(lambda c, x: ops.where(c, x, -x), *PAIR, dtypes=("bool",)),
        of(lambda c, x: ops.where(c, x, 2.0), *PAIR, dtypes=("bool",)),
        of(lambda c, x: ops.where(c, ROW, x), *PAIR, dtypes=("bool",)),
        of(lambda x: ops.where(BLOCK > 0, x, 0.0)),
        of(lambda c, x: ops.where(c, x2=x, x1=0.0), *PAIR, dtypes=("bool",)),
    ],
    "Cast": [
        of(lambda x: ops.cast(x, "float32")),
        of(lambda x: ops.cast(x, "int32")),
        of(lambda x: ops.cast(x, "bool")),
        of(lambda x, m: x * ops.cast(m, "float32"), *PAIR, dtypes=("float32", "bool")),
        of(
            lambda x: layers.Embedding(9, 3)(ops.cast(x, "int32")),
            (6,),
            dtypes=("int64",),
        ),
        of(lambda x: ops.sum(ops.cast(x > 0, "int32"), 1)),
    ],
    "SaturateCast": [of(lambda x: ops.saturate_cast(x, "float32"))],
    "Sum": over("sum"),
    "Mean": over("mean"),
    "Max": over("max"),
    "Amax": over("amax"),
    "Min": over("min"),
    "Amin": over("amin"),
    "Any": over("any"),
    "Var": over("var"),
    "Std": over("std"),
    "Prod": over("prod"),
    "Logsumexp": over("logsumexp"),
    "Moments": over("moments", "axes"),
    "Normalize": [
        of(ops.normalize),
        of(lambda x: ops.normalize(x, axis=(1, 2), epsilon=0.1)),
    ],
    "AveragePool": [
        of(lambda x: ops.average_pool(x, 2), (7, 4)),
        of(lambda x: ops.average_pool(x, (3, 2), (1, 2), "same"), (6, 5, 2)),
        of(lambda x: ops.average_pool(x, 2, 1), (4, 3, 5, 2)),
    ],
    "MaxPool": [
        of(lambda x: ops.max_pool(x, 2), (7, 4)),
        of(lambda x: ops.max_pool(x, (3, 2), (1, 2), "same"), (6, 5, 2)),
        of(lambda x: ops.max_pool(x, 2, 1), (4, 3, 5, 2)),
    ],
    "Matmul": [
        of(lambda x: ops.matmul(x, BLOCK[0].T)),
        of(lambda x: x @ BLOCK[0].T, (4,)),
        of(ops.matmul, (3, 4), (4, 2)),
        of(lambda x, y: x @ y, (2, 3, 4), (2, 4, 3)),
        of(ops.matmul, (2, 3, 4), (1, 4, 3)),
    ],
    "Einsum": [
        of(lambda x, y: ops.einsum("bij,bjk->bik", x, y), (3, 4), (4, 2)),
        of(lambda x, y: ops.einsum("bi,bj->bij", x, y), (3,), (4,)),
        of(lambda x: ops.einsum("bij,jk->bik", x, BLOCK[0].T)),
        of(lambda x: ops.einsum("bij,ij->bj", x, BLOCK[0])),
        of(lambda x: ops.einsum("...j,jk->...k", x, BLOCK[0].T)),
    ],
    "Reshape": [
        of(lambda x: ops.reshape(x, (-1, 12))),
        of(lambda x: ops.reshape(x, (-1, 2, 6))),
        of(lambda x: ops.reshape(x, (-1,)), (1,)),
    ],
    "ExpandDims": [
        of(lambda x: ops.expand_dims(x, 1)),
        of(lambda x: ops.expand_dims(x, -1)),
        of(lambda x: ops.expand_dims(x, (1, -1))),
    ],
    "Squeeze": [
        of(lambda x: ops.squeeze(x, 1), (1, 4)),
        of(lambda x: ops.squeeze(x, (-1, 1)), (1, 4, 1)),
        of(lambda x: ops.squeeze(x, -1), (3, 4, 1)),
    ],
    "Transpose": [
        of(lambda x: ops.transpose(x, (0, 2, 1))),
        of(lambda x: ops.transpose(x, (0, -1, 1, 2)), (2, 3, 4)),
    ],
    "Swapaxes": [
        of(lambda x: ops.swapaxes(x, 1, 2)),
        of(lambda x: ops.swapaxes(x, -1, -3), (2, 3, 4)),
    ],
    "Moveaxis": [
        of(lambda x: ops.moveaxis(x, 1, -1), (2, 3, 4)),
        of(lambda x: ops.moveaxis(x, (1, 2), (3, 1)), (2, 3, 4)),
    ],
    "GetItem": [
        of(lambda x: x[:, 0]),
        of(lambda x: x[:, -1]),
        of(lambda x: x[:, 1:3, ::2]),
        of(lambda x: x[:, ::-1, 1::2]),
        of(lambda x: x[:, 2:0:-1]),
        of(lambda x: x[..., 0]),
        of(lambda x: x[..., None]),
        of(lambda x: x[:, None, ..., -2:]),
        of(lambda x: x[:, -2:, :-1] + x[:, :2, 1:]),
        of(lambda x: x[:, 1], (4,)),
        of(lambda x: x[:, :] * 2),
        of(lambda x: x[:, 0, ::-2, :, None], (2, 5, 3)),
        of(lambda x: x[:, ::-1], (1, 4)),
    ],
    "Concatenate": [
        of(lambda x, y: ops.concatenate([x, y], -1), (3, 4), (3, 2)),
        of(lambda x, y: ops.concatenate([x, y, x], axis=1), (3, 4), (2, 4)),
    ],
    "Stack": [
        of(lambda x, y: ops.stack([x, y], 1), *PAIR),
        of(lambda x, y: ops.stack([x, y], axis=-1), *PAIR),
    ],
    "Split": [
        of(lambda x: ops.split(x, 2, axis=-1)),
        of(lambda x: ops.split(x, (1, 3), axis=2)),
        of(lambda x: ops.add(*ops.split(x, 2, axis=1)), (4, 3)),
    ],
    "Unstack": [
        of(lambda x: ops.unstack(x, axis=1)),
        of(lambda x: ops.unstack(x, axis=-1)[1]),
    ],
    "Repeat": [
        of(lambda x: ops.repeat(x, 2, axis=1)),
        of(lambda x: ops.repeat(x, 3, axis=-1)),
    ],
    "Tile": [of(lambda x: ops.tile(x, (1, 2, 3))), of(lambda x: ops.tile(x, 2))],
    "Flip": [of(lambda x: ops.flip(x, 1)), of(lambda x: ops.flip(x, (1, -1)))],
    "Roll": [of(lambda x: ops.roll(x, 1, 1)), of(lambda x: ops.roll(x, -3, axis=-1))],
    "Take": [
        of(lambda x: ops.take(x, [2, 0, -1], axis=-1)),
        of(lambda x: ops.take(x, 1, axis=1)),
        of(lambda x: ops.take(x, np.array([[0, 1], [2, 2]]), axis=1)),
    ],
    "Pad": [
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)))),
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), "reflect")),
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), mode="symmetric")),
    ],
    "Resize": [
        of(lambda x: ops.image.resize(x, (4, 8)), (6, 5, 2)),
        of(lambda x: ops.image.resize(x, (3, 2), "bicubic", antialias=True), (6, 5, 2)),
        of(lambda x: ops.image.resize(x, (9, 9), "nearest"), (6, 5, 2)),
    ],
}
