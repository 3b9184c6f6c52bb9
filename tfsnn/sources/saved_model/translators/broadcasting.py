"""Broadcasting: operands brought to shapes that Keras broadcasts as the graph does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.shapes import Refused


def aligned(rebuild: Rebuild, operation: Any, tensors: Sequence[Any]) -> list[Any]:
    """Return the Keras tensors and constants of an operation's arguments.

    NumPy broadcasts from the last axis on. That fails only where the tensors have the
    batch at different places in the graph; then they get axes of size 1.

    Raises:
        Refused: if the batches cannot be brought to one axis.
    """
    live = [t for t in tensors if not isinstance(rebuild.operand(t), np.ndarray)]
    places = [rebuild.layout(t) for t in live]
    rank = operation.outputs[0].shape.rank
    alike = len({(p.axis, p.rank, p.rows > 1) for p in places}) == 1
    values = [rebuild.operand(t) for t in tensors]
    constants = [value for value in values if isinstance(value, np.ndarray)]
    # A constant with as many axes as the graph's tensor would meet the batch.
    long = any(np.ndim(c) >= rank and np.shape(c)[0] != 1 for c in constants)
    if alike and places[0].axis == 0 and places[0].rank == rank and not long:
        return values
    if alike and places[0].axis != 0 and all(np.size(c) == 1 for c in constants):
        return values
    if rebuild.network.fixed != 1:
        if any(p.axis != 0 or p.rank != rank for p in places) or long:
            raise Refused(
                "its arguments hold the batch on different axes: transpose one of them "
                "before export"
            )
        return [_with_rows(rebuild, t) for t in tensors]
    return [_whole(rebuild, t, rank) for t in tensors]


def _with_rows(rebuild: Rebuild, tensor: Any) -> Any:
    """Give a tensor an axis for the rows of a sample, even where there is one row."""
    value = rebuild.operand(tensor)
    if isinstance(value, np.ndarray) or rebuild.layout(tensor).rows > 1:
        return value
    return rebuild.raw(lambda x: ops.expand_dims(x, 1), value)


def _whole(rebuild: Rebuild, tensor: Any, rank: int) -> Any:
    """Put the graph's shape behind a batch axis; its own batch is one sample."""
    value = rebuild.operand(tensor)
    if isinstance(value, np.ndarray):
        return value
    shape = tensor.shape.as_list()
    units = (*[1] * (rank - len(shape)), *shape)
    return rebuild.raw(lambda x: ops.reshape(x, (-1, *units)), value)
