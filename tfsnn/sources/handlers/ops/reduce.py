"""Handlers of sums, means, maxima and other reductions over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfsnn.network.nodes import Average, Max, Pool
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import (
    CHANNELS_FIRST_REFUSED,
    Handler,
    handles_operation,
)

FORMS = {
    "Sum": "sum",
    "Mean": "mean",
    "Max": "amax",
    "Amax": "amax",
    "Min": "amin",
    "Amin": "amin",
    "Any": "some",
    "Var": "variance",
    "Std": "std",
    "Prod": "prod",
    "Logsumexp": "logsumexp",
}


def _reduction(form: str) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        if getattr(operation, "initial", None) is not None:
            raise Unsupported(
                f"initial={operation.initial} is not supported: apply "
                "keras.ops.maximum or minimum to the result"
            )
        axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
        keepdims = bool(operation.keepdims)
        return builder.reduce(inputs[0], form, axes, keepdims)

    return handler


for _name, _form in FORMS.items():
    handles_operation(_name)(_reduction(_form))


@handles_operation("Moments")
def moments(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate moments: mean and variance over axes."""
    axes = builder.axes(operation.axes, len(builder.shape(inputs[0])))
    keepdims = bool(operation.keepdims)
    return [
        builder.reduce(inputs[0], form, axes, keepdims) for form in ("mean", "variance")
    ]


@handles_operation("Normalize")
def normalize(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate normalize: the L2 norm over axes becomes 1."""
    if operation.order != 2:
        raise Unsupported(
            f"order={operation.order}; only 2 is supported: use it, or divide by the "
            "norm"
        )
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    epsilon = 1e-7 if operation.epsilon is None else float(operation.epsilon)
    return builder.function("unit_norm", inputs, axes=axes, epsilon=epsilon)


def _pooling(kind: type[Pool]) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        if operation.data_format == "channels_first":
            raise Unsupported(CHANNELS_FIRST_REFUSED)
        before = builder.shape(inputs[0])
        rank = len(before) - 1
        size = _each(operation.pool_size, rank)
        strides = _each(operation.strides or size, rank)
        if operation.padding == "same":
            window = [-(-n // s) for n, s in zip(before, strides, strict=False)]
        else:
            window = [
                (n - k) // s + 1 for n, k, s in zip(before, size, strides, strict=False)
            ]
        shape = (*window, before[-1])
        return builder.add(kind, inputs, shape, size, strides, operation.padding)

    return handler


def _each(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


handles_operation("AveragePool")(_pooling(Average))
handles_operation("MaxPool")(_pooling(Max))
