"""Examples of operations on each value alone, of one signal or several."""

import numpy as np
from keras import layers, ops
from operation_calls import (
    BLOCK,
    PAIR,
    ROW,
    SPREAD,
    away,
    class_name,
    inside,
    numbers,
    of_two,
    plain,
)

from examples import of

COUNTS = np.array([-1, 2, 4], np.int32)
BOUNDS = np.array([-0.5, 0.0, 1.0], np.float32)

UNARY = (
    *(
        "absolute",
        "arcsinh",
        "arctan",
        "cbrt",
        "ceil",
        "conjugate",
        "convert_to_tensor",
    ),
    *("copy", "cos", "cosh", "deg2rad", "elu", "erf", "erfc", "exp", "exp2", "expm1"),
    *("fabs", "floor", "hard_sigmoid", "hard_silu", "hard_tanh", "i0", "isfinite"),
    *("isinf", "isnan", "isneginf", "isposinf", "leaky_relu", "log_sigmoid"),
    *("negative", "rad2deg", "real", "relu", "relu6", "selu", "sigmoid", "sign"),
    *("signbit", "silu", "sin", "sinc", "sinh", "softplus", "softsign", "sparse_plus"),
    *("sparse_sigmoid", "square", "stop_gradient", "tanh", "tanh_shrink", "trunc"),
)
COMPARISONS = (
    *("equal", "not_equal", "greater", "less", "greater_equal", "less_equal"),
)

EACH_VALUE = {
    **{class_name(name): plain(name) for name in UNARY},
    **{class_name(name): of_two(name) for name in COMPARISONS},
    "Celu": plain("celu", alpha=0.7),
    "Elu": plain("elu", alpha=0.7),
    "Gelu": [*plain("gelu"), *plain("gelu", approximate=False)],
    "HardShrink": plain("hard_shrink", threshold=0.3),
    "LeakyRelu": [*plain("leaky_relu"), *plain("leaky_relu", negative_slope=0.0)],
    "NanToNum": [
        *plain("nan_to_num"),
        *plain("nan_to_num", nan=1.0, posinf=2.0, neginf=-2.0),
    ],
    "Round": [*plain("round"), *plain("round", decimals=1)],
    "SoftShrink": [*plain("soft_shrink", threshold=0.3), *plain("soft_shrink")],
    "Squareplus": plain("squareplus", b=2),
    "Threshold": [
        *plain("threshold", threshold=0.2, default_value=-0.5),
        *plain("threshold", threshold=0.2, default_value=0.2),
        *plain("threshold", threshold=-0.2, default_value=-0.2),
    ],
    "Arccos": inside("arccos"),
    "Arccosh": inside("arccosh", 0.5, 2.0),
    "Arcsin": inside("arcsin"),
    "Arctanh": inside("arctanh"),
    "Erfinv": inside("erfinv"),
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
    "Fmod": of_two("fmod", away),
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
    "Ldexp": [
        of(lambda x: ops.ldexp(x, 3)),
        of(lambda x, n: ops.ldexp(x, n), *PAIR, dtypes=("float32", "int32")),
        numbers(lambda n: ops.ldexp(1.5, n), (3, 4)),
    ],
    "Maximum": [
        *of_two("maximum"),
        of(lambda x: ops.maximum(x, 0.0)),
        of(lambda x: ops.maximum(x, -1e12)),
    ],
    "Fmax": [*of_two("fmax")],
    "Minimum": [
        *of_two("minimum"),
        of(lambda x: ops.minimum(0.0, x)),
        of(lambda x: ops.minimum(x, 1e12)),
    ],
    "Fmin": [*of_two("fmin")],
    "Clip": [
        of(lambda x: ops.clip(x, -0.5, 0.71)),
        of(lambda x: ops.clip(x, 0, 1), (4,)),
        of(lambda x: ops.clip(x, -1e12, 0.5)),
        of(lambda x: ops.clip(x, -0.5, 1e12)),
        of(lambda x: ops.clip(ops.mean(x, 1), 0.1, 1.0), (4,)),
        of(lambda x: ops.clip(x, [-1.0, -2.0, -0.5, -1.0], [0.5, 0.2, 1.0, 0.3])),
    ],
    "Arctan2": of_two("arctan2", away),
    "Hypot": of_two("hypot"),
    "Heaviside": of_two("heaviside"),
    "Isclose": [
        of(lambda x, y: ops.isclose(x, y, rtol=0.5), *PAIR),
        of(lambda x: ops.isclose(x, ROW, atol=0.5)),
        of(lambda x: ops.isclose(0.0, x, 0.1, 0.7)),
    ],
    "Logaddexp": of_two("logaddexp"),
    "Logaddexp2": of_two("logaddexp2"),
    "LogicalAnd": [of(lambda x, y: ops.logical_and(x > 0, y < 0.5), *SPREAD)],
    "LogicalOr": [of(lambda x, y: ops.logical_or(x > 0, y < 0.5), *SPREAD)],
    "LogicalXor": [of(lambda x, y: ops.logical_xor(x > 0, y < 0.5), *SPREAD)],
    "LogicalNot": [of(lambda x: ops.logical_not(x > 0))],
    "Where": [
        of(lambda c, x: ops.where(c, x, -x), *PAIR, dtypes=("bool",)),
        of(lambda c, x: ops.where(c, x, 2.0), *PAIR, dtypes=("bool",)),
        of(lambda c, x: ops.where(c, ROW, x), *PAIR, dtypes=("bool",)),
        of(lambda x: ops.where(BLOCK > 0, x, 0.0)),
        of(lambda c, x: ops.where(c, x2=x, x1=0.0), *PAIR, dtypes=("bool",)),
    ],
    "Select": [
        of(lambda x, y: ops.select([x > 0, y > 0], [x, y], -1.0), *PAIR),
        of(lambda x: ops.select([x > 0.5, x < 0], [x, 0 * x])),
    ],
    "Array": [of(lambda x: ops.array(x))],
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
    "ZerosLike": [of(lambda x: ops.concatenate([x, ops.zeros_like(x)], 1))],
    "OnesLike": [of(lambda x: x - ops.ones_like(x))],
    "FullLike": [
        of(lambda x: x + ops.full_like(x, 2.5)),
        of(lambda x: ops.full_like(x, ROW)),
    ],
    "OneHot": [
        numbers(lambda n: ops.one_hot(n, 5), (4,)),
        numbers(lambda n: ops.one_hot(n, 5, axis=1), (4,)),
        numbers(lambda n: ops.one_hot(n, 3), (2, 3)),
    ],
    "MultiHot": [
        numbers(lambda n: ops.multi_hot(n, 5), (4,)),
        numbers(lambda n: ops.multi_hot(n, 6), (2, 3)),
    ],
    "Digitize": [
        of(lambda x: ops.digitize(x, BOUNDS)),
        numbers(lambda n: ops.digitize(n, np.array([1, 3])), (4,)),
    ],
    "SearchSorted": [
        numbers(lambda n: ops.searchsorted(COUNTS, n), ()),
        numbers(
            lambda n: ops.searchsorted(np.array([-1, 2, 4], np.int32), n, side="right"),
            (),
        ),
    ],
    "IsIn": [
        numbers(lambda n: ops.isin(n, [1, 3]), (4,)),
        numbers(lambda n: ops.isin(n, np.array([1, 3]), invert=True), (4,)),
    ],
}
