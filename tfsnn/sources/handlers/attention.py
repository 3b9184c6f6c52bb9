"""Handlers of attention: dense projections, running sums for products and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.linear import contract, projected
from tfsnn.sources.handlers.masks import usable
from tfsnn.sources.handlers.registry import handles

# Arguments of MultiHeadAttention that are honoured here or change no value.
ARGUMENTS = {
    *("name", "trainable", "dtype", "dropout", "seed", "flash_attention"),
    *("num_heads", "key_dim", "value_dim", "use_bias", "output_shape"),
    "attention_axes",
    *("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    *("bias_initializer", "bias_regularizer", "bias_constraint"),
    "activity_regularizer",
}


@handles(layers.MultiHeadAttention)
def multi_head_attention(
    layer: Any, inputs: Sequence[str], builder: Builder
) -> str | list[str]:
    """Translate MultiHeadAttention on sequences ``(T, C)``, masked, causal or not."""
    query, value = builder.argument(0, "query"), builder.argument(1, "value")
    key = builder.argument(2, "key") or value
    _refuse_unknown_arguments(layer)
    if {len(builder.shape(x)) for x in (query, value, key)} != {2}:
        raise Unsupported(
            "its inputs are not sequences of vectors, (B, T, C): reshape them first"
        )
    heads = [
        projected(dense, x, builder)
        for dense, x in (
            (layer.query_dense, query),
            (layer.key_dense, key),
            (layer.value_dense, value),
        )
    ]
    q, k, v = heads  # (T, N, H), (S, N, H), (S, N, H)
    (t, n, h), s = builder.shape(q), builder.shape(k)[0]
    q = builder.affine(q, 1 / np.sqrt(h), suffix="_scaled")
    scores = builder.function(
        "einsum", (k, q), (n, t, s), "_scores", equation="asnh,atnh->ants"
    )
    scored = bool(builder.kwargs.get("return_attention_scores"))
    masks = _masks(query, (t, s), builder)
    # Keras gives a query of which all keys are masked no weights, or equal ones.
    form = "masked_softmax" if layer.dropout > 0 or scored else "filled_softmax"
    weights = _softmax(scores, masks, form, builder)
    shape = (t, n, builder.shape(v)[-1])
    y = builder.function(
        "einsum", (weights, v), shape, "_values", equation="ants,asnh->atnh"
    )
    result = projected(layer.output_dense, y, builder)
    return [result, weights] if scored else result


def _masks(query: Any, scores: tuple[int, int], builder: Builder) -> list[str]:
    """Return all masks of MultiHeadAttention, which broadcast to its scores.

    Keras takes the query's own mask, whatever the argument `query_mask` says.
    """
    t, s = scores
    found: list[str] = []
    given = usable(builder.kwargs.get("attention_mask"), builder)
    if given is not None:
        own = builder.shape(given)
        found.append(builder.reshape(given, (1,) * (3 - len(own)) + own))
    for each, shape in (
        (query.mask, (1, t, 1)),
        (builder.kwargs.get("value_mask"), (1, 1, s)),
        (builder.kwargs.get("key_mask"), (1, 1, s)),
    ):
        if (mask := usable(each, builder)) is not None:
            found.append(builder.reshape(mask, shape))
    if builder.kwargs.get("use_causal_mask"):
        found.append(builder.constant(_causal(t, s)[None]))
    return found


def _causal(t: int, s: int) -> np.ndarray:
    """Return the mask of keys that do not lie behind the query."""
    return np.tril(np.ones((t, s)))


def _refuse_unknown_arguments(layer: Any) -> None:
    """Refuse arguments that a later Keras may have added, unless switched off."""
    for name, value in layer.get_config().items():
        if value not in (None, False) and name not in ARGUMENTS:
            raise Unsupported(
                f"{name}={value!r} is not supported: build the layer without it"
            )


def _softmax(scores: str, masks: Sequence[str], form: str, builder: Builder) -> str:
    """Add softmax over the last axis of the scores that all masks leave."""
    shape = builder.shape(scores)
    axes = (len(shape) - 1,)
    if not masks:
        return builder.function("softmax", (scores,), suffix="_softmax", axes=axes)
    kept, *others = masks
    for mask in others:
        kept = builder.function("multiply", (kept, mask), suffix="_mask")
    return builder.function(form, (scores, kept), shape, "_softmax", axes=axes)


def attention_weights(scores: str, mask: Any, causal: bool, builder: Builder) -> str:
    """Add softmax over the last axis of the scores that the mask ``(T, S)`` leaves.

    A query of which all keys are masked has equal weights, as in ``keras.ops``.
    """
    shape = builder.shape(scores)
    masks = []
    if mask is not None:
        own = builder.shape(mask)
        masks.append(builder.reshape(mask, (1,) * (len(shape) - len(own)) + own))
    if causal:
        lead = (1,) * (len(shape) - 2)
        masks.append(builder.constant(_causal(*shape[-2:]).reshape(lead + shape[-2:])))
    return _softmax(scores, masks, "filled_softmax", builder)


@handles(layers.Attention)
def attention(layer: Any, inputs: Sequence[str], builder: Builder) -> str | list[str]:
    """Translate Attention by products of query, value and, if it differs, key."""
    given = builder.argument(0, "inputs")
    query, value, *rest = given
    key = rest[0] if rest else value
    if {len(builder.shape(x)) for x in given} != {2}:
        raise Unsupported(
            "its inputs are not sequences of vectors, (B, T, C): reshape them first"
        )
    return weighted(_scores(layer, query, key, builder), value, builder)


def weighted(scores: str, value: str, builder: Builder) -> str | list[str]:
    """Add the softmax of scores that masks leave, and the values that it weighs.

    The masks are those of the query and the value, and a causal one, as Attention and
    AdditiveAttention take them.
    """
    t, s = builder.shape(scores)
    own, kept, *_ = builder.argument(1, "mask") or (None, None)
    own, kept = usable(own, builder), usable(kept, builder)
    masks = [] if kept is None else [builder.reshape(kept, (1, s))]
    if builder.kwargs.get("use_causal_mask"):
        masks.append(builder.constant(_causal(t, s)))
    weights = _softmax(scores, masks, "filled_softmax", builder)
    shape = (t, builder.shape(value)[-1])
    y = builder.function(
        "einsum", (weights, value), shape, "_values", equation="ats,asc->atc"
    )
    if own is not None:
        zeros = builder.constant(np.zeros((1, 1)))
        y = builder.function("where", (builder.reshape(own, (t, 1)), y, zeros))
    return [y, weights] if builder.kwargs.get("return_attention_scores") else y


def _scores(layer: Any, query: str, key: str, builder: Builder) -> str:
    """Add the scores ``(T, S)``: products, or sums, of query and key."""
    if layer.score_mode == "concat":
        gain = float(np.asarray(layer.concat_score_weight))
        return added_scores(query, key, layer.scale, gain, builder)
    shape = (builder.shape(query)[0], builder.shape(key)[0])
    scores = builder.function(
        "einsum", (query, key), shape, "_scores", equation="atc,asc->ats"
    )
    if layer.scale is None:
        return scores
    return builder.affine(scores, float(np.asarray(layer.scale)), suffix="_scale")


def added_scores(
    query: str, key: str, scale: Any, gain: Any, builder: Builder
) -> Signal:
    """Add sum(gain * tanh(scale * (query + key))) over channels: ``(T, S)``."""
    (t, c), (s, _) = builder.shape(query), builder.shape(key)
    q = builder.reshape(query, (t, 1, c), "_query")
    k = builder.reshape(key, (1, s, c), "_key")
    y = builder.total([q, k], suffix="_pairs")
    if scale is not None:
        y = builder.affine(y, float(np.asarray(scale)), suffix="_scale")
    y = builder.function("tanh", (y,), suffix="_tanh")
    gains = np.broadcast_to(np.asarray(gain, np.float32), (c,))
    scores = contract("atsc,c->ats", y, gains, None, builder)
    return Signal(scores)
