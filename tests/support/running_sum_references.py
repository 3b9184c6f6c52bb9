"""Every function of a running-sum node once more, in NumPy, and inputs to try it on."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

erf = np.vectorize(math.erf)
exp, log1p, tanh, where, clip = np.exp, np.log1p, np.tanh, np.where, np.clip


@dataclass
class Reference:
    """`call` reads samples ``(N, *shape)``, one array for each of the shapes."""

    call: Callable
    shapes: tuple = ((3, 4),)
    options: dict[str, Any] = field(default_factory=dict)


def of_one(call, **options):
    return Reference(call, options=options)


def of_two(call):
    return Reference(call, ((3, 4), (3, 1)))


def over(call, axes=(0, 1), **options):
    """Over axes of a sample; the reference is given those of the batch."""
    behind = tuple(axis + 1 for axis in axes)
    return Reference(
        lambda x: call(x, behind, **options),
        ((3, 4, 2),),
        {"axes": list(axes), **options},
    )


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softmax(x, axes):
    y = exp(x)
    return y / y.sum(axes, keepdims=True)


def masked_softmax(x, mask, axes):
    y = exp(x) * (mask > 0.5)
    total = y.sum(axes, keepdims=True)
    return where(total > 0, y / where(total > 0, total, 1), 0)


def filled_softmax(x, mask, axes):
    """Of a mask that keeps nothing, as of one that keeps equal values."""
    kept = where(
        (mask > 0.5).any(axes, keepdims=True), masked_softmax(x, mask, axes), 0
    )
    nothing = ~(mask > 0.5).any(axes, keepdims=True)
    return kept + nothing / x.shape[axes]


def sparsemax(x, axes):
    """As Keras has it, which adds up the cumulative sums: the paper takes the last."""
    (axis,) = axes
    ordered = -np.sort(-x, axis)
    sums = ordered.cumsum(axis)
    ranks = np.ones(x.shape).cumsum(axis)
    support = ordered > (sums - 1) / ranks
    tau = ((sums * support).sum(axis, keepdims=True) - 1) / support.sum(
        axis, keepdims=True
    )
    return np.maximum(x - tau, 0)


def layer_norm(x, axes, epsilon):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + epsilon)


def group_norm(x, groups, epsilon):
    parts = np.split(x, groups, -1)
    every = tuple(range(1, x.ndim))
    return np.concatenate([layer_norm(part, every, epsilon) for part in parts], -1)


def rms_norm(x, axes, epsilon):
    return x / np.sqrt((x**2).mean(axes, keepdims=True) + epsilon)


def unit_norm(x, axes, epsilon):
    return x / np.maximum(np.sqrt((x**2).sum(axes, keepdims=True)), epsilon)


def unit_variance(x, axes, epsilon):
    return x / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def norm(x, axes, order):
    return (np.abs(x) ** order).sum(axes, keepdims=True) ** (1 / order)


def erfinv(x):
    """By bisection; infinite at 1 and -1, no number beyond."""
    low, high = np.full_like(x, -7.0), np.full_like(x, 7.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = erf(middle) < x
        low, high = where(below, middle, low), where(below, high, middle)
    inside = where(np.abs(x) < 1, low, np.nan)
    return where(np.abs(x) == 1, np.sign(x) * np.inf, inside)


def rgb_to_hsv(x):
    red, green, blue = np.moveaxis(x, -1, 0)
    value, spread = x.max(-1), np.ptp(x, -1)
    part = 1 / (6 * where(spread > 0, spread, 1))
    hue = where(
        red == value,
        part * (green - blue),
        where(
            green == value, part * (blue - red) + 1 / 3, part * (red - green) + 2 / 3
        ),
    )
    hue = where(spread > 0, hue, 0)
    saturation = where(value > 0, spread / where(value > 0, value, 1), 0)
    return np.stack([where(hue < 0, hue + 1, hue), saturation, value], -1)


def hsv_to_rgb(x):
    hue, saturation, value = np.moveaxis(x, -1, 0)
    turns = 6 * hue[..., None]
    ramps = np.concatenate(
        [
            np.abs(turns - 3) - 1,
            2 - np.abs(turns - 2),
            2 - np.abs(turns - 4),
        ],
        -1,
    )
    share = 1 - saturation[..., None] * (1 - clip(ramps, 0, 1))
    return share * value[..., None]


def glu(x, axis):
    first, second = np.split(x, 2, axis + 1)
    return first * sigmoid(second)


def stepped_relu(x, slope, threshold, max_value):
    return np.minimum(where(x >= threshold, x, slope * (x - threshold)), max_value)


def with_options(call, **options):
    return Reference(lambda *xs: call(*xs, **options), options=options)


def elu(x, alpha=1.0):
    return where(x > 0, x, alpha * np.expm1(x))


def celu(x, alpha):
    return where(x > 0, x, alpha * np.expm1(x / alpha))


def sparse_plus(x):
    return where(np.abs(x) < 1, (x + 1) ** 2 / 4, np.maximum(x, 0))


def over_threshold(x, threshold, default_value):
    return where(x > threshold, x, default_value)


def keepdims(call, **options):
    return over(lambda x, axes: call(x, axis=axes, keepdims=True, **options))


REFERENCES = {
    **{
        name: of_one(getattr(np, name))
        for name in (
            *("arccos", "arccosh", "arcsin", "arcsinh", "arctan"),
            *("arctanh", "ceil", "cos", "cosh", "exp", "expm1", "floor", "log"),
            *("log10", "log1p", "log2", "reciprocal", "round", "sign", "sin", "sinh"),
            *("sqrt", "square", "tan", "tanh", "trunc", "cbrt", "exp2", "i0", "sinc"),
            *("isfinite", "isinf", "isnan", "isneginf", "isposinf", "signbit"),
            "nan_to_num",
        )
    },
    **{
        name: of_two(getattr(np, name))
        for name in (
            *("arctan2", "divide", "equal", "floor_divide", "greater", "greater_equal"),
            *("less", "less_equal", "logaddexp", "maximum", "minimum", "mod"),
            *(
                "multiply",
                "not_equal",
                "power",
                "fmod",
                "heaviside",
                "hypot",
                "isclose",
            ),
            *("logaddexp2", "logical_xor"),
        )
    },
    **{name: keepdims(getattr(np, name)) for name in ("amax", "amin", "prod", "std")},
    "cumprod": Reference(lambda x: x.cumprod(1), ((3, 4),), {"axis": 0}),
    "celu": with_options(celu, alpha=0.7),
    "digitize": with_options(np.digitize, bins=[-0.5, 0.0, 1.0], right=False),
    "divide_no_nan": of_two(lambda x, y: where(y == 0, 0, x / where(y == 0, 1, y))),
    "einsum": Reference(
        lambda x, y: np.stack([a.T @ b for a, b in zip(x, y, strict=True)]),
        ((3, 4), (3, 2)),
        {"equation": "abc,abd->acd"},
    ),
    "elu": with_options(elu, alpha=0.7),
    "erf": of_one(erf),
    "erfc": of_one(lambda x: 1 - erf(x)),
    "erfinv": of_one(erfinv),
    "every": over(lambda x, axes: (x != 0).all(axes, keepdims=True)),
    "filled_softmax": Reference(
        lambda x, mask: filled_softmax(x, mask, 2), ((3, 4), (1, 4)), {"axes": [1]}
    ),
    "gelu_tail": of_one(lambda x: abs(x) * (1 - erf(abs(x) / math.sqrt(2))) / 2),
    "gelu": of_one(lambda x: x * (1 + erf(x / math.sqrt(2))) / 2),
    "glu": Reference(lambda x: glu(x, 0), ((4, 3),), {"axis": 0}),
    "group_norm": Reference(
        lambda x: group_norm(x, 2, 0.1), ((3, 4),), {"groups": 2, "epsilon": 0.1}
    ),
    "hard_shrink": of_one(lambda x: where(np.abs(x) > 0.5, x, 0)),
    "hard_silu": of_one(lambda x: x * clip(x / 6 + 0.5, 0, 1)),
    "hsv_to_rgb": Reference(hsv_to_rgb, ((2, 2, 3),)),
    "isin": with_options(
        lambda x, values, invert: np.isin(x, values, invert=invert),
        values=[0.5, 1.0],
        invert=True,
    ),
    "layer_norm": over(layer_norm, epsilon=0.1),
    "log_sigmoid": of_one(lambda x: -log1p(exp(-x))),
    "log_softmax": over(lambda x, axes: np.log(softmax(x, axes)), (1,)),
    "logical_and": Reference(lambda x, y: (x != 0) & (y != 0), ((3, 4), (3, 4))),
    "kept": of_one(lambda mask: mask > 0.5),
    "logical_not": of_one(lambda x: x == 0),
    "logical_or": Reference(lambda x, y: (x != 0) | (y != 0), ((3, 4), (3, 4))),
    "logsumexp": over(lambda x, axes: np.log(exp(x).sum(axes, keepdims=True))),
    "silu_tail": of_one(lambda x: abs(x) * sigmoid(-abs(x))),
    "negative_elu": of_one(lambda x: np.minimum(exp(x) - 1, 0)),
    "masked_softmax": Reference(
        lambda x, mask: masked_softmax(x, mask, 2), ((3, 4), (1, 4)), {"axes": [1]}
    ),
    "matmul": Reference(
        lambda x, y: np.stack([a @ b for a, b in zip(x, y, strict=True)]),
        ((3, 4), (4, 2)),
    ),
    "mish": of_one(lambda x: x * tanh(log1p(exp(x)))),
    "norm": over(norm, (1,), order=3),
    "one_hot": Reference(
        lambda x: np.trunc(x)[..., None] == np.arange(3),
        ((4,),),
        {"classes": 3, "axis": 1},
    ),
    "quantile": over(lambda x, axes, q: np.quantile(x, q, axes, keepdims=True), q=0.3),
    "rgb_to_hsv": Reference(rgb_to_hsv, ((2, 2, 3),)),
    "rms_norm": over(rms_norm, (1,), epsilon=0.1),
    "rsqrt": of_one(lambda x: 1 / np.sqrt(x)),
    "selu": of_one(lambda x: 1.05070098 * elu(x, 1.67326324)),
    "sigmoid": of_one(sigmoid),
    "silu": of_one(lambda x: x * sigmoid(x)),
    "softmax": over(softmax),
    "softplus": of_one(lambda x: log1p(exp(x))),
    "some": over(lambda x, axes: (x != 0).any(axes, keepdims=True)),
    "softsign": of_one(lambda x: x / (1 + np.abs(x))),
    "sparse_plus": of_one(sparse_plus),
    "sparsemax": over(sparsemax, (1,)),
    "squareplus": with_options(lambda x, b: (x + np.sqrt(x * x + b)) / 2, b=2),
    "stepped_relu": with_options(stepped_relu, slope=0.1, threshold=0.3, max_value=1.0),
    "tanh_shrink": of_one(lambda x: x - tanh(x)),
    "threshold": with_options(over_threshold, threshold=0.2, default_value=-0.5),
    "sort": Reference(lambda x: np.sort(x, 1), ((3, 4),), {"axis": 0}),
    "unit_variance": over(unit_variance, epsilon=0.1),
    "unit_norm": over(unit_norm, epsilon=0.1),
    "variance": keepdims(np.var),
    "where": Reference(lambda c, x, y: where(c != 0, x, y), ((3, 4),) * 3),
}
