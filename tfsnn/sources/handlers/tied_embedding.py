"""Handler of embeddings that also work backwards, from vectors to their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.handlers.builder import Builder
from tfsnn.sources.handlers.kernels import refuse_quantised
from tfsnn.sources.handlers.linear import contract, embedding
from tfsnn.sources.handlers.registry import handles


@handles(layers.ReversibleEmbedding, only={"mask_zero": (False,)})
def reversible_embedding(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate ReversibleEmbedding: rows of a table, or the product with the table."""
    if not builder.argument(1, "reverse", False):
        return embedding(layer, inputs, builder)
    refuse_quantised(layer)
    kernel = np.asarray(layer.embeddings).T
    if not layer.tie_weights:
        kernel = np.asarray(layer.reverse_embeddings)
    y = contract("...c,cd->...d", inputs[0], kernel, None, builder)
    cap = layer.logit_soft_cap
    if cap is None:
        return y
    y = builder.affine(y, 1 / cap, suffix="_share")
    y = builder.function("tanh", (y,), suffix="_tanh")
    return builder.affine(y, cap, suffix="_cap")
