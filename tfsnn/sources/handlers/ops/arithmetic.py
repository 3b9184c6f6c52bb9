"""Handlers of sums, products and comparisons of signals and constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.activation import clipped, mixed
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.registry import Handler, handles_operation

# A bound that x has to pass before anything is active, if that ever happens.
FAR = 256.0


def operands(builder: Builder) -> list[Any]:
    """Return a call's arguments: signals, and arrays that broadcast to one sample."""
    given = [*builder.args, *builder.kwargs.values()]
    if any(x is None for x in given):
        raise Unsupported(
            "without values to choose from, its shape is not fixed: give x1 and x2"
        )
    ranks = [len(builder.shape(x)) for x in given if isinstance(x, Signal)]
    return [x if isinstance(x, Signal) else sample(x, max(ranks)) for x in given]


def sample(value: Any, rank: int) -> np.ndarray:
    """Return a constant for one sample of `rank` axes, without its batch axis.

    Raises:
        Unsupported: if the constant has values for several samples.
    """
    value = np.asarray(value, np.float32)
    if value.ndim > rank:
        if value.shape[0] != 1 or value.ndim > rank + 1:
            raise Unsupported(
                f"an array of shape {value.shape} has values for several samples: give "
                "one that is the same for all, with 1 as first axis"
            )
        value = value[0]
    return value


def spread(x: Any, builder: Builder, shape: tuple[int, ...]) -> Signal:
    """Return x as a signal: a constant becomes a node with as many axes as `shape`."""
    if isinstance(x, Signal):
        return x
    return builder.constant(x.reshape((1,) * (len(shape) - x.ndim) + x.shape))


def _fits(signal: str, value: np.ndarray, builder: Builder) -> bool:
    """Whether a signal and a constant give the shape of the signal."""
    shape = builder.shape(signal)
    return np.broadcast_shapes(shape, value.shape) == shape


def combined(
    inputs: Sequence[Any],
    builder: Builder,
    with_constant: Callable[[str, np.ndarray], str],
    of_signals: Callable[[Sequence[str]], str],
) -> str:
    """Translate an operation on a signal and a constant, in any order, or signals."""
    signals = [x for x in inputs if isinstance(x, Signal)]
    constants = [x for x in inputs if not isinstance(x, Signal)]
    if len(signals) == 1 and len(constants) == 1:
        ((signal,), (value,)) = signals, constants
        if _fits(signal, value, builder):
            return with_constant(signal, value)
    shape = builder.shape(signals[0])
    return of_signals([spread(x, builder, shape) for x in inputs])


@handles_operation("Add")
def add(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x + y."""
    return combined(
        operands(builder),
        builder,
        lambda x, value: builder.affine(x, 1.0, value),
        builder.total,
    )


@handles_operation("Subtract")
def subtract(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x - y."""
    first, second = operands(builder)
    sign = 1.0 if isinstance(first, Signal) else -1.0
    return combined(
        (first, second),
        builder,
        lambda x, value: builder.affine(x, sign, -sign * value),
        lambda xs: builder.total(
            [xs[0], builder.affine(xs[1], -1.0, suffix="_negated")]
        ),
    )


@handles_operation("Multiply")
def multiply(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x * y."""
    return combined(
        operands(builder),
        builder,
        lambda x, value: builder.affine(x, value),
        lambda xs: builder.function("multiply", xs),
    )


@handles_operation("Divide", "TrueDivide")
def divide(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x / y."""
    first, second = operands(builder)
    if not isinstance(first, Signal):
        inverse = builder.function("reciprocal", (second,), suffix="_reciprocal")
        return combined(
            (first, inverse),
            builder,
            lambda x, value: builder.affine(x, value),
            lambda xs: builder.function("multiply", xs),
        )
    return combined(
        (first, second),
        builder,
        lambda x, value: builder.affine(x, 1 / value.astype(np.float64)),
        lambda xs: builder.function("divide", xs),
    )


@handles_operation("Negative")
def negative(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate -x."""
    return builder.affine(inputs[0], -1.0)


def _bounded(low: bool) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate maximum or minimum: with a number by a ReLU, else a running sum."""

        def with_number(x: str, value: np.ndarray) -> str:
            beyond = value if low else -value
            finite = np.isfinite(value).all()
            if value.ndim > 1 or beyond.max() > FAR or not finite:
                return of_signals([Signal(x), spread(value, builder, builder.shape(x))])
            if beyond.min() < 0 <= beyond.max():
                return mixed(x, builder, value, 1.0 if low else -1.0)
            number = float(value) if value.ndim == 0 else value
            return clipped(x, builder, *((number, None) if low else (None, number)))

        def of_signals(xs: Sequence[str]) -> str:
            return builder.function("maximum" if low else "minimum", xs)

        return combined(operands(builder), builder, with_number, of_signals)

    return handler


handles_operation("Maximum", "Fmax")(_bounded(low=True))
handles_operation("Minimum", "Fmin")(_bounded(low=False))


@handles_operation("Clip")
def clip(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate clip: min(max(x, low), high) for numbers `low` and `high`."""
    low, high = operation.x_min, operation.x_max
    if low is None or high is None:
        raise Unsupported(
            "one of its bounds is None: give two numbers, or use keras.ops.maximum or "
            "minimum"
        )
    if np.ndim(low) or np.ndim(high):
        return _limited(inputs[0], builder, low, high)
    low, high = float(low), float(high)
    if not low < high:
        raise Unsupported(
            f"its bounds, {low} and {high}, leave nothing: the first must be smaller"
        )
    if np.isinf(low) and np.isinf(high):
        return builder.drop(inputs, "no bounds")
    if max(low, -high) > FAR:
        return _limited(inputs[0], builder, low, high)
    given = (None if np.isinf(bound) else bound for bound in (low, high))
    return clipped(inputs[0], builder, *given)


def _limited(x: str, builder: Builder, low: Any, high: Any) -> Signal:
    """Add min(max(x, low), high) by running sums, for any bounds."""
    y, shape = Signal(x), builder.shape(x)
    for op, bound in (("maximum", low), ("minimum", high)):
        limit = spread(sample(bound, len(shape)), builder, shape)
        y = builder.function(op, (y, limit))
    return y


def _of_two(op: str) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate a function of several signals or constants: a running sum."""
        given = operands(builder)
        shape = builder.shape(next(x for x in given if isinstance(x, Signal)))
        return builder.function(op, [spread(x, builder, shape) for x in given])

    return handler


for _class, _op in {
    "Arctan2": "arctan2",
    "DivideNoNan": "divide_no_nan",
    "Equal": "equal",
    "FloorDivide": "floor_divide",
    "Fmod": "fmod",
    "Greater": "greater",
    "GreaterEqual": "greater_equal",
    "Heaviside": "heaviside",
    "Hypot": "hypot",
    "Less": "less",
    "LessEqual": "less_equal",
    "Logaddexp": "logaddexp",
    "Logaddexp2": "logaddexp2",
    "LogicalAnd": "logical_and",
    "LogicalOr": "logical_or",
    "LogicalXor": "logical_xor",
    "Mod": "mod",
    "NotEqual": "not_equal",
    "Where": "where",
}.items():
    handles_operation(_class)(_of_two(_op))


@handles_operation("Isclose")
def isclose(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate isclose: whether two signals differ by no more than a tolerance."""
    options: dict[str, Any] = {
        name: float(builder.argument(place, name, default))
        for place, name, default in ((2, "rtol", 1e-5), (3, "atol", 1e-8))
    }
    pair = [builder.argument(0, "x1"), builder.argument(1, "x2")]
    shape = builder.shape(inputs[0])
    signals = [_spread(x, builder, shape) for x in pair]
    options["equal_nan"] = bool(operation.equal_nan)
    return builder.function("isclose", signals, **options)


@handles_operation("Power")
def power(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x ** y."""
    exponent = operands(builder)[1]
    if not isinstance(exponent, Signal) and exponent.shape == () and exponent == 2:
        return builder.function("square", inputs)
    return _of_two("power")(operation, inputs, builder)  # type: ignore[return-value]


@handles_operation("Ldexp")
def ldexp(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ldexp, x * 2 ** y: a gain where y is constant."""
    first, second = operands(builder)
    if isinstance(second, Signal):
        second = builder.function("exp2", (second,), suffix="_power")
    else:
        second = np.exp2(second)
    return combined(
        (first, second),
        builder,
        lambda x, value: builder.affine(x, value),
        lambda xs: builder.function("multiply", xs),
    )


@handles_operation("Select")
def select(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate select: the first choice whose condition holds, or the default."""
    conditions, choices = list(builder.args[0]), list(builder.args[1])
    y = builder.argument(2, "default", 0)
    signals = [x for x in (*conditions, *choices) if isinstance(x, Signal)]
    shape = max((builder.shape(x) for x in signals), key=len)
    y = _spread(y, builder, shape)
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        given = (_spread(condition, builder, shape), _spread(choice, builder, shape), y)
        y = builder.function("where", given)
    return y


def _spread(x: Any, builder: Builder, shape: tuple[int, ...]) -> Signal:
    whole = x if isinstance(x, Signal) else sample(x, len(shape))
    return spread(whole, builder, shape)
