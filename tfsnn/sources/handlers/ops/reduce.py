"""Handlers of sums, means, maxima and other reductions over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.arithmetic import sample, spread
from tfsnn.sources.handlers.ops.calls import number
from tfsnn.sources.handlers.registry import Handler, handles_operation

FORMS = {
    "All": "every",
    "Amax": "amax",
    "Amin": "amin",
    "Any": "some",
    "Logsumexp": "logsumexp",
    "Max": "amax",
    "Mean": "mean",
    "Min": "amin",
    "Prod": "prod",
    "Std": "std",
    "Sum": "sum",
    "Var": "variance",
}
# What an initial value is joined to a maximum or minimum by.
INITIAL = {"amax": "maximum", "amin": "minimum"}


def _reduction(form: str) -> Handler:
    def handler(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
        """Translate a reduction over axes of each sample."""
        axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
        y = builder.reduce(inputs[0], form, axes, bool(operation.keepdims))
        initial = getattr(operation, "initial", None)
        if initial is None:
            return y
        least = spread(np.asarray(initial, np.float32), builder, builder.shape(y))
        return builder.function(INITIAL[form], (y, least))

    return handler


for _name, _form in FORMS.items():
    handles_operation(_name)(_reduction(_form))


@handles_operation("CountNonzero")
def count_nonzero(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate count_nonzero over axes of each sample."""
    shape = builder.shape(inputs[0])
    axes = builder.axes(operation.axis, len(shape))
    zero = builder.constant(np.zeros([1] * len(shape)))
    y = builder.function("not_equal", (inputs[0], zero))
    return builder.reduce(y, "sum", axes, keepdims=False)


@handles_operation("Ptp")
def ptp(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ptp: the maximum less the minimum over axes."""
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    keepdims = bool(operation.keepdims)
    high = builder.reduce(inputs[0], "amax", axes, keepdims)
    low = builder.reduce(inputs[0], "amin", axes, keepdims)
    return builder.total([high, builder.affine(low, -1.0, suffix="_negated")])


@handles_operation("Average")
def average(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate average: a mean, or a sum with constant weights."""
    x = inputs[0]
    axes = builder.axes(operation.axis, len(builder.shape(x)))
    given = builder.argument(1, "weights")
    if given is None:
        return builder.reduce(x, "mean", axes, keepdims=False)
    shape = builder.shape(x)
    weights = number(given, "weights").astype(np.float64)
    if weights.ndim == 1 and len(shape) > 0:
        weights = weights.reshape(
            [-1 if i == axes[0] else 1 for i in range(len(shape))]
        )
    else:
        weights = sample(weights, len(shape)).astype(np.float64)
    weights = np.broadcast_to(weights, shape)
    y = builder.affine(
        x, weights / weights.sum(axes, keepdims=True), suffix="_weighted"
    )
    return builder.reduce(y, "sum", axes, keepdims=False)


@handles_operation("Median", "Quantile", "Percentile")
def quantile(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate median, quantile and percentile, of one number q, over axes."""
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    name = type(operation).__name__
    q = 0.5 if name == "Median" else number(builder.argument(1, "q"), "q")
    if np.ndim(q):
        raise Unsupported(
            "several q put their axis before the batch: give one number at a time"
        )
    if getattr(operation, "method", "linear") != "linear":
        raise Unsupported(
            f"method={operation.method!r}, which Keras leaves aside in a model: use "
            "method='linear'"
        )
    options = {"q": float(q) / (100 if name == "Percentile" else 1)}
    keepdims = bool(operation.keepdims)
    return _over(inputs[0], "quantile", axes, keepdims, builder, options)


def _over(
    x: str,
    op: str,
    axes: Sequence[int],
    keepdims: bool,
    builder: Builder,
    options: dict[str, Any],
) -> Signal:
    """Add a function with options over axes, kept with length 1 or dropped."""
    before = builder.shape(x)
    kept = tuple(1 if i in axes else n for i, n in enumerate(before))
    y = builder.function(op, (x,), kept, axes=tuple(axes), **options)
    shape = [n for i, n in enumerate(before) if i not in axes]
    return y if keepdims else builder.reshape(y, shape)


def norm_over(
    x: str, order: Any, axes: Sequence[int], keepdims: bool, builder: Builder
) -> Signal:
    """Add a norm over one axis or two, as ``keras.ops.norm`` numbers them."""
    if order in ("nuc",) or (len(axes) == 2 and order not in (None, "fro")):
        raise Unsupported(
            f"ord={order!r} over {len(axes)} axes is a norm of matrices, not of "
            "values: use ord=None, or one axis"
        )
    told = str(order) if order in (np.inf, -np.inf) else order
    return _over(x, "norm", axes, keepdims, builder, {"order": told})


@handles_operation("Norm")
def norm(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate norm over one axis or two of each sample."""
    axes = builder.axes(operation.axis, len(builder.shape(inputs[0])))
    keepdims = bool(operation.keepdims)
    return norm_over(inputs[0], operation.ord, axes, keepdims, builder)


@handles_operation("Moments")
def moments(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate moments: mean and variance over axes."""
    axes = builder.axes(operation.axes, len(builder.shape(inputs[0])))
    keepdims = bool(operation.keepdims)
    return [
        builder.reduce(inputs[0], form, axes, keepdims) for form in ("mean", "variance")
    ]
