"""The pattern of Embedding, which Keras 3 writes with wrap-around of negative ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.patterns.matching import (
    ADD,
    Const,
    Op,
    X,
    match,
    match_any,
    number,
)
from tfsnn.sources.saved_model.registry import Composition, recognises

WRAPPED = Op("SelectV2", Op("Less", X, number(0)), Op(ADD, X, Const("size")), X)
WRAPPED_LOOKUP = Op("GatherV2", Const("table"), WRAPPED, number(0))
LOOKUPS = (
    Op("GatherV2", Const("table"), X, number(0)),
    Op("Gather", Const("table"), X),
)


@recognises("GatherV2", "Gather")
def embedding(operation: Any, network: Network) -> Composition | None:
    """Recognise Embedding: rows of a constant table."""
    output = operation.outputs[0]
    found = match(WRAPPED_LOOKUP, output, network)
    if found is None or int(found["size"]) != len(found["table"]):
        found = match_any(LOOKUPS, output, network)
    if found is None:
        return None
    if operation.type == "GatherV2" and operation.get_attr("batch_dims"):
        return None
    table = found["table"]
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.floating):
        return None
    return Composition(
        [found["x"]],
        lambda rebuild, x: rebuild.weighted(
            layers.Embedding,
            x,
            [table],
            input_dim=table.shape[0],
            output_dim=table.shape[1],
            embeddings_initializer="zeros",
        ),
    )
