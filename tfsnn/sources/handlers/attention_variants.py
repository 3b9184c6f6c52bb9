"""Handlers of attention with shared heads, or with scores that are sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.handlers.attention import added_scores, attention_weights, weighted
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.kernels import refuse_quantised
from tfsnn.sources.handlers.linear import contract
from tfsnn.sources.handlers.registry import handles


def refuse_masks(builder: Builder, *names: str) -> None:
    """Refuse masks that are arguments of a call.

    Raises:
        Unsupported: if one is given.
    """
    for name in names:
        if builder.kwargs.get(name) is not None:
            raise Unsupported(
                f"{name} is given, which is not supported: use MultiHeadAttention with "
                "an attention_mask"
            )


@handles(layers.AdditiveAttention)
def additive_attention(
    layer: Any, inputs: Sequence[str], builder: Builder
) -> str | list[str]:
    """Translate AdditiveAttention: a tanh of each pair of query and key, and a sum."""
    query, value, *rest = builder.argument(0, "inputs")
    key = rest[0] if rest else value
    if {len(builder.shape(x)) for x in (query, value, key)} != {2}:
        raise Unsupported(
            "its inputs are not sequences of vectors, (B, T, C): reshape them first"
        )
    gain = 1.0 if layer.scale is None else layer.scale
    scores = added_scores(query, key, None, gain, builder)
    return weighted(scores, value, builder)


@handles(layers.GroupQueryAttention)
def grouped_query_attention(
    layer: Any, inputs: Sequence[str], builder: Builder
) -> str | list[str]:
    """Translate GroupQueryAttention: several queries share a key and a value."""
    refuse_quantised(layer)
    refuse_masks(builder, "query_mask", "value_mask", "key_mask")
    query, value = builder.argument(0, "query"), builder.argument(1, "value")
    key = builder.argument(2, "key") or value
    weights = {"/".join(w.path.split("/")[-2:]): np.asarray(w) for w in layer.weights}

    def project(name: str, equation: str, x: str) -> str:
        kernel, bias = weights[f"{name}/kernel"], weights.get(f"{name}/bias")
        return contract(equation, x, kernel, bias, builder)

    q = project("query", "bqm,muh->bquh", query)
    k = project("key", "bkm,mvh->bkvh", key)
    v = project("value", "bkm,mvh->bkvh", value)
    (t, n, h), s = builder.shape(q), builder.shape(k)[0]
    shared = np.repeat(np.arange(layer.num_key_value_heads), layer.num_repeats)
    if layer.num_repeats > 1:
        k, v = (builder.take(x, 1, shared, "_shared") for x in (k, v))
    q = builder.affine(q, 1 / np.sqrt(h), suffix="_scaled")
    scores = builder.function(
        "einsum", (k, q), (n, t, s), "_scores", equation="asnh,atnh->ants"
    )
    mask = _mask(layer, (t, s), builder)
    causal = bool(builder.kwargs.get("use_causal_mask"))
    shares = attention_weights(scores, mask, causal, builder)
    y: str = builder.function(
        "einsum", (shares, v), (t, n, h), "_values", equation="ants,asnh->atnh"
    )
    if layer.use_gate:
        gate = project("gate", "bqm,muh->bquh", query)
        gate = builder.function("sigmoid", (gate,), suffix="_gate")
        y = builder.function("multiply", (y, gate), suffix="_gated")
    y = project("attention_output", "bquh,uhm->bqm", y)
    return [y, shares] if builder.kwargs.get("return_attention_scores") else y


def _mask(layer: Any, shape: tuple[int, int], builder: Builder) -> Any:
    """Return the attention mask that is given, within the sliding window if any."""
    mask = builder.kwargs.get("attention_mask")
    if layer.sliding_window is None:
        return mask
    t, s = shape
    near = np.abs(np.arange(t)[:, None] - np.arange(s)) < layer.sliding_window
    window = builder.constant(near)
    if mask is None:
        return window
    both = (builder.reshape(mask, shape), window)
    return builder.function("multiply", both, suffix="_window")
