"""Handler of dot_product_attention: products and a softmax, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.attention import attention_weights
from tfsnn.sources.handlers.builder import Builder, Signal
from tfsnn.sources.handlers.ops.arithmetic import sample, spread
from tfsnn.sources.handlers.registry import handles_operation


@handles_operation("DotProductAttention")
def dot_product_attention(
    operation: Any, inputs: Sequence[str], builder: Builder
) -> str:
    """Translate dot_product_attention of heads ``(T, N, H)``, masked, causal or not."""
    query, key, value, bias, mask, scale = (
        builder.argument(place, name)
        for place, name in enumerate(("query", "key", "value", "bias", "mask", "scale"))
    )
    (t, n, h), (s, heads, _) = builder.shape(query), builder.shape(key)
    if heads < n:  # several queries share a key and a value
        shared = np.repeat(np.arange(heads), n // heads)
        key = builder.take(key, 1, shared, "_keys")
        value = builder.take(value, 1, shared, "_values")
    gain = 1 / np.sqrt(h) if scale is None else float(scale)
    query = builder.affine(query, gain, suffix="_scaled")
    scores = builder.function(
        "einsum", (key, query), (n, t, s), "_scores", equation="asnh,atnh->ants"
    )
    if bias is not None:
        scores = builder.total([scores, _spread(bias, builder)], suffix="_biased")
    if mask is not None:
        mask = _spread(mask, builder)
    weights = attention_weights(scores, mask, operation.is_causal, builder)
    shape = (t, n, builder.shape(value)[-1])
    return builder.function(
        "einsum", (weights, value), shape, "_attended", equation="ants,asnh->atnh"
    )


def _spread(x: Any, builder: Builder) -> Signal:
    """Return what broadcasts to the scores ``(N, T, S)`` as a signal of three axes."""
    if isinstance(x, Signal):
        return x
    return spread(sample(x, 3), builder, (1, 1, 1))
